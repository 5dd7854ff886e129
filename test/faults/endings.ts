/** How a stream ends when a user, or a server that does not close, has a hand in it; and cuts beside repeats. */
import { range, placesIn } from '../../src/recording/faults/plan.ts'
import { FAULT_PLANS, faultPlan } from '../../src/recording/faults/plans.ts'
import type { FaultStream } from '../../src/recording/faults/stream.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import { assemble } from '../../src/turn.ts'
import type { Case } from './cases.ts'
import { stalling } from './common-rows.ts'
import { expects, firstOf, judged, meets, type Wrong } from './expectations.ts'
import { wholly, type Trial } from './trials.ts'

const isOver = ({ stream }: Case): boolean => stream.landmarks.over < stream.events.length

/** The body stays open behind the last event of the protocol. */
export const neverCloses: Trial = wholly(isOver, async ({ stream, clean }) => {
  const { source, isCancelled } = stalling(stream.chunks())
  const messages = await assemble(source).messages()
  return firstOf(
    judged({ messages: clean.messages }, { messages }, { effect: 'same' }),
    expects(isCancelled(), 'the body is not cancelled'),
  )
})

export const abortAfterTheEnd: Trial = wholly(isOver, async ({ stream, clean }) => {
  const turn = assemble(stalling(stream.chunks()).source)
  const before = await turn.messages()
  turn.abort('too late')
  return firstOf(
    judged({ messages: clean.messages }, { messages: before }, { effect: 'same' }),
    expects((await turn.messages())[0] === before[0], 'the message is another one'),
  )
})

export const abortBeforeAnEvent: Trial = wholly(
  () => true,
  async () => {
    const { source, stalled } = stalling([])
    const turn = assemble(source)
    const message = turn.message()
    await stalled
    turn.abort('no more')
    return isAborted(await message)
  },
)

export const abortBeforeTheConnection: Trial = wholly(
  () => true,
  async () => {
    const turn = assemble(() => new Promise<never>(() => undefined))
    const message = turn.message()
    turn.abort('no more')
    return isAborted(await message)
  },
)

export const abortBeforeItBegan: Trial = wholly(
  () => true,
  async ({ stream }) =>
    isAborted(await assemble(stalling(stream.chunks()).source, { signal: AbortSignal.abort() }).message()),
)

function isAborted({ outcome, content }: Awaited<ReturnType<ReturnType<typeof assemble>['message']>>): Wrong {
  return firstOf(
    expects(outcome.kind === 'aborted', `the outcome is ${outcome.kind}`),
    expects(content.length === 0, 'there is content'),
  )
}

const REPEATS = FAULT_PLANS.filter(({ name }) => /^repeat-(?!delta|terminal|ending|unplaced)/.test(name))

/** An event comes twice, and one or two events later the body ends. */
export const cutAfterARepeat: Trial = (one) => ({
  unit: 'event',
  places: range(1, Math.min(one.stream.landmarks.stopped, one.stream.events.length)),
  at: (place) =>
    firstOf(
      ...REPEATS.filter((plan) => placesIn(one.stream, plan).includes(place)).flatMap((plan) =>
        cutsBehind(one, plan.apply(one.stream, place, 0), place + 1),
      ),
    ),
})

/** A connection that broke is resumed with an overlap, an event comes twice, and the body ends. */
export const repeatAfterResuming: Trial = (one) => {
  const [overlap, repeat] = [faultPlan('resume-with-overlap'), faultPlan('repeat-numbered')]
  return {
    unit: 'event',
    places: placesIn(one.stream, overlap).filter((place) => place < one.stream.landmarks.stopped),
    at(place) {
      const resumed = overlap.apply(one.stream, place, 0)
      const next = placesIn(resumed, repeat).find((other) => other > place)
      if (next === undefined) return 'no event can come twice behind the place'
      return firstOf(...cutsBehind(one, repeat.apply(resumed, next, 0), next + 1))
    },
  }
}

function cutsBehind(one: Case, stream: FaultStream, place: number): readonly Wrong[] {
  const cut = faultPlan('cut-eof')
  const places = placesIn(stream, cut).filter((other) => other >= place && other < place + 3)
  return places.map((other) => meets('error', one.clean, foldStream(cut.apply(stream, other, 0)), { effect: 'lossy' }))
}
