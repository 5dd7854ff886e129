/** `onefold/vitest`: matchers for turns, recordings as fixtures, a test for each recording and for each fault. */
// oxlint-disable-next-line import/no-unassigned-import -- in the declarations too, where what is added to vitest needs it
import 'vitest'
import { expect } from 'vitest'
import { toBeComplete, toEqualTurn, toFoldTo, type TurnMatchers } from './vitest/matchers.ts'

declare module 'vitest' {
  interface Assertion<T> extends TurnMatchers<T> {}
}

expect.extend({ toFoldTo, toBeComplete, toEqualTurn })

export type { ReadAnswer } from './vitest/answer.ts'
export { eachFault, eachRecording, type EachFaultOptions, type Fault, type RecordedCase } from './vitest/each.ts'
export type { Ignored } from './vitest/left-out.ts'
export type { EqualTurnOptions, TurnMatchers } from './vitest/matchers.ts'
export type { Foldable } from './vitest/reading.ts'
export { recorded, type FixtureOptions } from './vitest/recorded.ts'
export type { Recorded } from './node/recorded.ts'
