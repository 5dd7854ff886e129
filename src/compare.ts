/** Turns side by side: `onefold/compare`. */
export { compare, type ComparedTurn } from './compare/compare.ts'
export { ASPECTS, ASPECT_MEANINGS } from './compare/comparison.ts'
export type * from './compare/comparison.ts'
export { observe, observeRecording, type ObservedTurn } from './compare/observed.ts'
export {
  comparePage,
  type FaultyCase,
  type MissingCase,
  type PageCases,
  type PageEntry,
  type PageOptions,
} from './compare/page.ts'
export {
  summarize,
  type Distribution,
  type SideSummary,
  type Summarized,
  type Summary,
  type TimeDistributions,
} from './compare/summary.ts'
