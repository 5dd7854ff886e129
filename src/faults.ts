/** `onefold/faults`: streams broken on purpose, and the measure by which a reader of them is judged. */
export { breakRecording, placesOf, plansFor, type BreakOptions } from './recording/faults/break.ts'
export { foldAtOnce, type Folding } from './recording/faults/folding.ts'
export { judge, type Judged, type JudgedMessage, type Verdict } from './recording/faults/judge.ts'
export {
  expectationOf,
  type Alteration,
  type Effect,
  type Expectation,
  type FaultPlan,
} from './recording/faults/plan.ts'
export { FAULT_PLANS, faultPlan } from './recording/faults/plans.ts'
