/** A test for each recording of a folder, and for each fault that a recording can have. */
import { test } from 'vitest'
import { MisuseError } from '../errors.ts'
import { wordOf, type JsonValue } from '../json.ts'
import type { AssistantMessage } from '../message.ts'
import { DEFAULT_TURN } from '../options.ts'
import {
  caseIn,
  findRecordingsNow,
  pathOf,
  readExpectation,
  readRecordingFile,
  readRecordingFileNow,
} from '../node/recording-files.ts'
import { breakRecording, placesOf, plansFor } from '../recording/faults/break.ts'
import { isFaultDialect } from '../recording/faults/fault-dialect.ts'
import { foldAtOnce } from '../recording/faults/folding.ts'
import { judge, type Judged, type Verdict } from '../recording/faults/judge.ts'
import { expectationOf, type Expectation, type FaultPlan } from '../recording/faults/plan.ts'
import { faultPlan } from '../recording/faults/plans.ts'
import { spread } from '../recording/faults/try.ts'
import { replayResponse } from '../recording/fold-recording.ts'
import type { Recording } from '../recording/format.ts'
import { answerOf, judgeAnswer, type ReadAnswer } from './answer.ts'
import { isRecording } from './reading.ts'

/** What stands around a recording of a folder. */
export interface RecordedCase {
  /** Its path in the folder without the extension; the name of the test. */
  readonly name: string
  readonly file: string
  /** The message in the `.json` file beside it, as `onefold verify --update` writes it; undefined if there is none. */
  readonly expected: JsonValue | undefined
}

/**
 * A test for each recording (and `.sse` or `.ndjson` body) of a folder and below. `folder` is a path seen from the folder in which vitest
 * runs, or a file URL. A recording that cannot be read fails its test. Throws `MisuseError('file_not_found')` for a folder that is not
 * there, or in which there is none: no test would be a test that passes.
 */
export function eachRecording(
  folder: string | URL,
  run: (recording: Recording, recorded: RecordedCase) => unknown,
): void {
  const path = pathOf(folder)
  const files = findRecordingsNow(path)
  if (files.length === 0) throw new MisuseError('file_not_found', `${path}: there is no recording in it`)
  for (const file of files) {
    const name = caseIn(path, file)
    test(name, async () => {
      const recording = await readRecordingFile(file)
      await run(recording, { name, file, expected: await readExpectation(file) })
    })
  }
}

export interface EachFaultOptions {
  /** The names of the plans; those that fit without it. */
  readonly plans?: readonly string[]
  /** At how many places, evenly spread, each plan strikes; 3 without it. */
  readonly places?: number | 'all'
  /** What a plan leaves open is decided by it. 0 without it. */
  readonly seed?: number
}

/** A recording that was broken, and the measure for what is read from it. */
export interface Fault {
  readonly plan: FaultPlan
  readonly place: number
  readonly seed: number
  /** The broken recording. */
  readonly recording: Recording
  readonly clean: Recording
  readonly expectation: Expectation
  /** The broken recording as a response. */
  response(): Response
  /**
   * Throws an error that says why, if what was read is not what a careful reader may make of it: an answer of a reader of your own, or a
   * message, or several, or a message with its live events. A reader that throws has read `{ text: '', calls: [], isComplete: false }`.
   */
  judge(read: ReadAnswer | AssistantMessage | readonly AssistantMessage[] | Judged): void
}

/**
 * A test for each fault plan that fits a recording (or a file of one), at some of the places where it can strike. Throws `MisuseError` while
 * the tests are collected: for a file that cannot be read, a plan that there is not or that does not fit, a recording that none fits.
 */
export function eachFault(
  recording: Recording | string | URL,
  run: (fault: Fault) => unknown,
  { plans, places = 3, seed = 0 }: EachFaultOptions = {},
): void {
  const { clean, file } = opened(recording)
  const chosen = plans === undefined ? plansFor(clean) : plans.map((name) => faultPlan(name))
  if (chosen.length === 0) {
    throw new MisuseError(
      'bad_argument',
      `${file}: no fault fits; it is no event stream of a dialect that can be broken`,
    )
  }
  const folding = foldAtOnce(clean)
  const [dialect] = folding.messages.map((message) => message.dialect)
  for (const plan of chosen) {
    const expectation = dialect !== undefined && isFaultDialect(dialect) ? expectationOf(plan, dialect) : undefined
    const all = placesOf(clean, plan)
    if (all.length === 0) throw new MisuseError('bad_argument', `${file}: ${plan.name} does not fit`)
    test(plan.name, async () => {
      for (const place of spread(all, places === 'all' ? Infinity : places)) {
        const fault = faultAt(clean, plan, place, seed, expectation ?? { effect: 'undecidable' })
        try {
          await run(fault)
        } catch (error) {
          throw placed(error, fault, file)
        }
      }
    })
  }
}

function opened(recording: Recording | string | URL): { readonly clean: Recording; readonly file: string } {
  if (isRecording(recording)) return { clean: recording, file: 'the recording' }
  if (typeof recording !== 'string' && !(recording instanceof URL)) {
    throw new MisuseError('bad_argument', `eachFault(…) takes a recording or a file, and got ${wordOf(recording)}`)
  }
  const file = pathOf(recording)
  const [found] = findRecordingsNow(file)
  if (found !== file) throw new MisuseError('file_not_found', `${file}: it is a folder; name a file in it`)
  return { clean: readRecordingFileNow(file), file }
}

function faultAt(clean: Recording, plan: FaultPlan, place: number, seed: number, expectation: Expectation): Fault {
  const recording = breakRecording(clean, plan, { place, seed })
  return {
    plan,
    place,
    seed,
    recording,
    clean,
    expectation,
    response: () => replayResponse(recording),
    judge(read) {
      const verdict = verdictOn(read, clean, expectation)
      if (verdict.kind === 'failed') throw new Error(verdict.reason)
    },
  }
}

function verdictOn(
  read: ReadAnswer | AssistantMessage | readonly AssistantMessage[] | Judged,
  clean: Recording,
  expectation: Expectation,
): Verdict {
  if ('isComplete' in read) return judgeAnswer(answerOf(foldAtOnce(clean)), read, expectation)
  const { messages, ...live }: Judged = 'messages' in read ? read : { messages: [read].flat() }
  // The clean one is folded without a response.
  const judged: Judged = { ...live, messages: messages.map(({ response: _response, ...message }) => message) }
  const turn = judged.messages[0]?.turn ?? DEFAULT_TURN
  return judge(foldAtOnce(clean, { turn }), judged, expectation)
}

/** The error with the place where the fault struck, and the line that shows it again. */
function placed(error: unknown, { plan, place, seed }: Fault, file: string): Error {
  const at = plan.at === 'stream' ? '' : ` at ${plan.at} ${place}`
  const shown = `onefold fold ${file} --fault ${plan.name}@${place}${seed === 0 ? '' : ` --seed ${seed}`}`
  const what = error instanceof Error ? error.message : wordOf(error)
  const message = `${plan.name}${at}: ${what}\n\n  ${plan.about}\n  ${shown}`
  if (!(error instanceof Error)) return new Error(message)
  // The same error: what an assertion brings along, its difference and its place in the test, stays.
  error.message = message
  return error
}
