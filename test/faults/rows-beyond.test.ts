/** The rows for every dialect, beyond the table. */
import { expect, it } from 'vitest'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import { FAULT_PLANS, faultPlan } from '../../src/recording/faults/plans.ts'
import { placesIn } from '../../src/recording/faults/plan.ts'
import { foldStream, tryEverywhere } from '../../src/recording/faults/try.ts'
import {
  manyMessages,
  otherCallId,
  otherId,
  otherIdAfterACall,
  otherKind,
  otherText,
  otherTextSeeded,
  otherTextUnnumbered,
} from './begun-again.ts'
import { cleanCases, havingStream } from './cases.ts'
import {
  abortAfterTheEnd,
  abortBeforeAnEvent,
  abortBeforeItBegan,
  abortBeforeTheConnection,
  cutAfterARepeat,
  neverCloses,
  repeatAfterResuming,
} from './endings.ts'
import { expects, firstOf, meets } from './expectations.ts'
import { callTwice, cutData, FAULTS_ON_ONE_CHOICE, onOneChoice, strangeData, strangeDataInCall } from './spoiled.ts'
import { describeRows, rowsOf } from './table.ts'
import { AS_PLANNED, byPlan, declare, wholly, type Rows, type Trial } from './trials.ts'

const SECTION = 'Every dialect: rows beyond the table'

/**
 * The live events are judged with every row. Here every plan is, also those that no row names: they are the message, and
 * nothing more is shown or taken back than may be.
 */
const everyPlan: Trial = wholly(
  () => true,
  ({ stream, clean }) => {
    const failures = FAULT_PLANS.filter(({ name }) => !name.endsWith('-flood')).flatMap((plan) =>
      tryEverywhere(stream, clean, plan, { atMost: 1 }).failures.map(
        ({ place, reason }) => `${plan.name}@${place}: ${reason}`,
      ),
    )
    return failures[0]
  },
)

/** A plan on the stream without its numbers. */
function unnumbered(name: string): Trial {
  const trial = byPlan(name)
  const plan = faultPlan('no-numbers')
  return (one, expected) =>
    placesIn(one.stream, plan).length === 0
      ? undefined
      : trial(havingStream(one, plan.apply(one.stream, 0, 0)), expected)
}

const doneWithoutFinish: Trial = (one) => {
  const plan = faultPlan('done-without-finish')
  if (placesIn(one.stream, plan).length === 0) return undefined
  return {
    unit: 'stream',
    places: [0],
    at() {
      const broken = foldStream(plan.apply(one.stream, 0, 0))
      return firstOf(
        meets('info', one.clean, broken, { effect: 'lossy' }),
        ...broken.messages.flatMap(({ outcome, stop, anomalies, content }) => {
          const hasCall = content.some((block) => block.type === 'tool_call' && block.state === 'complete')
          return [
            expects(outcome.kind === 'complete', `the outcome is ${outcome.kind}`),
            expects(stop.reason === (hasCall ? 'tool_calls' : 'unknown'), `the stop reason is ${stop.reason}`),
            expects(stop.raw === null, `the wire is said to have given the reason ${stop.raw}`),
            expects(
              anomalies.some(({ kind }) => kind === 'missing_stop'),
              'no anomaly tells of it',
            ),
          ]
        }),
      )
    },
  }
}

/** Each row in the forms in which it can come. */
const ROWS: Readonly<Record<string, Rows>> = {
  'any row above': { 'every fault': everyPlan },
  'regenerated: same id, begin again, other text (with and without numbers, the block seeded or not, the block closed or open)':
    {
      'as it was recorded': otherText,
      'without numbers': otherTextUnnumbered,
      'the block seeded': otherTextSeeded,
    },
  'another id on a begin event before the terminal': {
    'no call handed out': otherId,
    'a call handed out at the stop reason': otherIdAfterACall('stop'),
    'a call handed out early': otherIdAfterACall('early'),
  },
  'another id after the terminal': { one: byPlan('replay-after-end-new-id'), many: manyMessages },
  'a repeated begin in mid-stream, then plain continuation': { begin: byPlan('begin-again') },
  'whole and prefix replay of Responses without numbers': {
    whole: unnumbered('replay-after-end'),
    prefix: unnumbered('replay-prefix'),
  },
  'numbers constant, falling, or sparse; a stray large number; more than 16 out of order': {
    constant: byPlan('constant-numbers'),
    falling: byPlan('falling-numbers'),
    sparse: byPlan('sparse-numbers'),
    stray: byPlan('stray-number'),
    late: byPlan('late-numbered'),
  },
  'block re-opened with another kind or call id': { kind: otherKind, 'call id': otherCallId },
  '`[DONE]` without a finish': { 'no finish': doneWithoutFinish },
  'a data line that is not JSON (before, inside, after content)': {
    'outside calls': strangeData,
    'inside a call': strangeDataInCall,
    'an event cut in two': cutData,
  },
  'several choices: any fault on one of them': Object.fromEntries(
    FAULTS_ON_ONE_CHOICE.map((fault) => [fault, onOneChoice(fault)]),
  ),
  'cut after a duplicate, duplicate after a cut and resume': {
    'cut after a duplicate': cutAfterARepeat,
    'duplicate after a cut and resume': repeatAfterResuming,
  },
  'the body never closes after the terminal': { open: neverCloses },
  'the same call sent again under a new index or item id': { again: callTwice },
  'abort before the connection, before the first event, after the terminal': {
    'before it began': abortBeforeItBegan,
    'before the connection': abortBeforeTheConnection,
    'before the first event': abortBeforeAnEvent,
    'after the terminal': abortAfterTheEnd,
  },
}

const DIALECTS: readonly FaultDialect[] = ['anthropic-messages', 'openai-chat', 'openai-responses']

describeRows(SECTION, () => {
  const cases = DIALECTS.flatMap((dialect) => cleanCases(dialect))

  it('every row has its trials, and every trial its row', () => {
    expect(Object.keys(ROWS).toSorted()).toEqual(
      rowsOf(SECTION)
        .map(({ name }) => name)
        .toSorted(),
    )
  })
  for (const { name, expected } of rowsOf(SECTION)) {
    for (const [form, trial] of Object.entries(ROWS[name] ?? {})) {
      const fitting = cases.flatMap((one) => {
        const tried = trial(one, AS_PLANNED)
        return tried === undefined || tried.places.length === 0 ? [] : [{ one, tried }]
      })
      it(`row "${name}" (${form}) fits a recording`, () => {
        expect(fitting.length).toBeGreaterThan(0)
      })
      for (const { one, tried } of fitting) {
        declare(`${one.stream.dialect} row "${name}" (${form}) → ${expected}`, one, tried)
      }
    }
  }
})
