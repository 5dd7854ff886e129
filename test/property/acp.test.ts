/**
 * I2, I3, I5 over sessions of the Agent Client Protocol by chance: results and counts that come late and in any order, events that come
 * again, history that is sent again, other sessions between, and cuts give each message once, each text once, each call once.
 */
import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  nat,
  property,
  record,
  shuffledSubarray,
  type Arbitrary,
} from 'fast-check'
import { expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import {
  answer,
  call,
  done,
  inShort,
  load,
  plan,
  prompt,
  result,
  run,
  text,
  thought,
  update,
} from '../dialects/acp-wire.ts'
import { runs } from '../support/operations.ts'

/** A message as an agent means it: what it thinks, what it says, what it runs. */
interface Said {
  readonly thought: boolean
  readonly pieces: readonly string[]
  readonly calls: number
  readonly isPlanned: boolean
}
interface Script {
  readonly hasIds: boolean
  readonly turns: readonly (readonly Said[])[]
}

const said: Arbitrary<Said> = record({
  thought: boolean(),
  pieces: array(constantFrom('a', 'ha', 'ha', 'é', '{"a":', '\n'), { minLength: 1, maxLength: 4 }),
  calls: integer({ min: 1, max: 3 }),
  isPlanned: boolean(),
})
const script: Arbitrary<Script> = record({
  hasIds: boolean(),
  turns: array(array(said, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
})

interface Sent {
  readonly event: JsonObject
  /** It may come at any time after what it is about: results, counts. */
  readonly mayBeLate?: true
  /** It says nothing new if it comes again. */
  readonly mayRepeat?: true
}

function eventsOf({ hasIds }: Script, turn: readonly Said[], at: number, session = 's'): Sent[] {
  const events = turn.flatMap((message, index): Sent[] => {
    const name = `${at}.${index}`
    const id = hasIds ? `m${name}` : undefined
    const calls = Array.from({ length: message.calls }, (_, number) => `c${name}.${number}`)
    return [
      ...(message.thought ? [{ event: thought('hm', id, session) }] : []),
      ...message.pieces.map((piece) => ({ event: text(piece, id, session) })),
      ...calls.map((one) => ({ event: call(one, { rawInput: { of: one } }, session), mayRepeat: true as const })),
      ...(message.isPlanned && session === 's' ? [{ event: plan('x'), mayRepeat: true as const }] : []),
      ...calls.map((one) => ({ event: done(one, one, session), mayBeLate: true as const, mayRepeat: true as const })),
    ]
  })
  const usage = (tokens: number): JsonObject =>
    update({ sessionUpdate: 'usage_update', used: 1, size: 2, inputTokens: tokens, outputTokens: 1 }, session)
  return [
    ...events,
    { event: usage(at + 5), mayBeLate: true },
    { event: usage(at + 3), mayBeLate: true, mayRepeat: true },
  ]
}

const requestOf = (at: number): number => at + 10
const framed = (events: readonly JsonObject[], at: number): JsonObject[] => [
  prompt(requestOf(at)),
  ...events,
  answer(requestOf(at)),
]
const plain = (own: Script): JsonObject[] =>
  own.turns.flatMap((turn, at) =>
    framed(
      eventsOf(own, turn, at).map(({ event }) => event),
      at,
    ),
  )

/** What each message must hold, said without any machine: its blocks, results in any order, and how it ended. */
function meaning({ hasIds, turns }: Script): unknown[] {
  return turns.flatMap((turn, at) =>
    turn.map((message, index) => {
      const name = `${at}.${index}`
      const calls = Array.from({ length: message.calls }, (_, number) => `c${name}.${number}`)
      const results = calls.map((one) => `${one} => [{"type":"content","content":{"type":"text","text":"${one}"}}]`)
      const isLast = index === turn.length - 1
      return {
        id: hasIds ? `m${name}` : undefined,
        blocks: [
          ...(message.thought ? ['(hm)'] : []),
          message.pieces.join(''),
          ...calls.map((one) => `${one} Read file {"of":"${one}"} complete`),
          ...results.toSorted(),
        ],
        outcome: 'complete',
        stop: isLast ? 'end_turn' : null,
        input: isLast ? at + 5 : undefined,
      }
    }),
  )
}

function shownOf(messages: readonly AssistantMessage[]): unknown[] {
  return messages.map(({ id, idSource, content, outcome, stop, usage }) => ({
    id: idSource === 'wire' ? id : undefined,
    blocks: [
      ...content.filter(({ type }) => type !== 'tool_result').map(inShort),
      ...content
        .filter(({ type }) => type === 'tool_result')
        .map(inShort)
        .toSorted(),
    ],
    outcome: outcome.kind,
    stop: stop.raw,
    input: stop.raw === null ? undefined : usage.inputTokens,
  }))
}

const RUNS = 60

it('I2: a session is its messages, each once', () => {
  assert(
    property(script, (own) => {
      const { messages } = run(plain(own))
      expect(shownOf(messages)).toEqual(meaning(own))
      for (const message of messages) expect(message.anomalies).toEqual([])
    }),
    runs(RUNS),
  )
})

it('I3: B20: results and counts that come late, in any order, also after the answer, give the same messages', () => {
  assert(
    property(script, nat(), array(nat(1000), { minLength: 1, maxLength: 8 }), (own, seed, places) => {
      const sent = own.turns.flatMap((turn, at) => {
        const events = eventsOf(own, turn, at)
        const late = events.filter((one, index) => one.mayBeLate && (index + seed) % 3 !== 0).map(({ event }) => event)
        const rest = events
          .filter((one, index) => !(one.mayBeLate && (index + seed) % 3 !== 0))
          .map(({ event }) => event)
        const out = framed(rest, at)
        // Each somewhere after what it is about, which is at the end at the latest.
        for (const [index, event] of late.entries()) {
          const place = places[index % places.length] ?? 0
          const least = rest.length + 1
          out.splice(Math.min(out.length, least + (place % 3)), 0, event)
        }
        return out
      })
      expect(shownOf(run(sent).messages)).toEqual(meaning(own))
    }),
    runs(RUNS),
  )
})

it('I3: what says nothing new may come again at once, and so may requests and answers', () => {
  assert(
    property(script, array(nat(2), { minLength: 1, maxLength: 6 }), (own, times) => {
      const sent = own.turns.flatMap((turn, at) => {
        const events = eventsOf(own, turn, at).flatMap(({ event, mayRepeat }, index) =>
          Array.from({ length: mayRepeat ? 1 + (times[index % times.length] ?? 0) : 1 }, () => event),
        )
        const [first, last] = [prompt(requestOf(at)), answer(requestOf(at))]
        return [first, first, ...events, last, last, first]
      })
      expect(shownOf(run(sent).messages)).toEqual(meaning(own))
    }),
    runs(RUNS),
  )
})

it('I3: quirk 6.21: history that is sent again is no message, with ids or without', () => {
  assert(
    property(script, nat(3), boolean(), (own, from, isWhole) => {
      const at = from % own.turns.length
      const history = own.turns
        .slice(0, isWhole ? at + 1 : at)
        .flatMap((turn, index) => eventsOf(own, turn, index + 50))
      const replayed = [load(1), ...history.map(({ event }) => event), result(1, null)]
      expect(shownOf(run([...replayed, ...plain(own)]).messages)).toEqual(meaning(own))
      // In mid-connection, after turns that the reader has already.
      const live = own.turns.map((turn, index) =>
        framed(
          eventsOf(own, turn, index).map(({ event }) => event),
          index,
        ),
      )
      const before = own.turns
        .slice(0, at)
        .flatMap((turn, index) => eventsOf(own, turn, index).map(({ event }) => event))
      const sent = [...live.slice(0, at).flat(), load(2), ...before, result(2, {}), ...live.slice(at).flat()]
      expect(shownOf(run(sent).messages)).toEqual(meaning(own))
    }),
    runs(RUNS),
  )
})

it('sessions that come in turn do not mix', () => {
  assert(
    property(script, script, array(boolean(), { minLength: 1, maxLength: 9 }), (one, other, turns) => {
      const of = (own: Script, session: string, first: number): JsonObject[] =>
        own.turns.flatMap((turn, at) => [
          prompt(first + at, session),
          ...eventsOf(own, turn, at, session).map(({ event }) => event),
          answer(first + at),
        ])
      const [left, right] = [of(one, 's', 10), of(other, 'z', 30)]
      const sent: JsonObject[] = []
      for (let i = 0; left.length + right.length > 0; i += 1) {
        const from = (turns[i % turns.length] && left.length > 0) || right.length === 0 ? left : right
        const event = from.shift()
        if (event !== undefined) sent.push(event)
      }
      const { messages } = run(sent)
      const ofSession = (session: string): unknown[] =>
        shownOf(messages.filter(({ wire }) => wire['sessionId'] === session))
      expect(ofSession('s')).toEqual(meaning(one))
      expect(ofSession('z')).toEqual(meaning(other))
    }),
    runs(RUNS),
  )
})

it('I5: cut anywhere, the last message is never complete without the answer, and nothing that came is lost', () => {
  assert(
    property(script, nat(), (own, where) => {
      const all = plain(own)
      const length = 1 + (where % all.length)
      const sent = all.slice(0, length)
      const { messages } = run(sent)
      const came = sent.flatMap((event) => textsIn(event))
      const kept = messages.flatMap(({ content }) =>
        content.map((block) => (block.type === 'text' || block.type === 'thinking' ? block.text : '')),
      )
      expect(kept.join('')).toBe(came.join(''))
      const calls = messages.flatMap(({ content }) =>
        content.flatMap((block) => (block.type === 'tool_call' ? [block.id] : [])),
      )
      expect(new Set(calls).size).toBe(calls.length)
      const prompts = sent.filter((event) => event['method'] === 'session/prompt').length
      const answers = sent.filter((event) => 'result' in event).length
      const isOpen = prompts > answers && sent.at(-1)?.['method'] !== 'session/prompt'
      if (isOpen && came.length > 0) expect(messages.at(-1)?.outcome.kind).toBe('truncated')
      if (!isOpen && came.length > 0)
        expect(new Set(messages.map(({ outcome }) => outcome.kind))).toEqual(new Set(['complete']))
    }),
    runs(RUNS),
  )
})

function textsIn({ params }: JsonObject): string[] {
  const fields = isObject(params) ? params['update'] : undefined
  const piece = isObject(fields) ? fields['content'] : undefined
  return isObject(piece) && typeof piece['text'] === 'string' ? [piece['text']] : []
}

it('I4: any order of all events is survived, and each message is told once', () => {
  assert(
    property(
      script.chain((own) => shuffledSubarray(plain(own), { minLength: 1 })),
      (sent) => {
        const { messages } = run(sent, { dialect: 'acp' })
        const calls = messages.flatMap(({ content }) =>
          content.flatMap((block) => (block.type === 'tool_call' ? [block.id] : [])),
        )
        expect(new Set(calls).size).toBe(calls.length)
      },
    ),
    runs(RUNS),
  )
})

it('I10: a long session takes time by its length', () => {
  const fold = new Fold({ dialect: 'acp' }, { isLive: false })
  fold.receive(prompt(1))
  for (let i = 0; i < 20_000; i += 1) fold.receive(text('x'))
  fold.receive(call('c'))
  for (let i = 1; i < 2_000; i += 1) fold.receive(call('c', { rawInput: { at: i } }))
  fold.receive(answer(1))
  fold.end({ kind: 'complete' })
  expect(fold.messages[0]?.content).toMatchObject([{ text: 'x'.repeat(20_000) }, { input: { at: 1_999 } }])
})
