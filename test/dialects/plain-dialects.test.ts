/** What holds for Cohere, Ollama, the formats of plain text and assistants, whatever is done to their recordings. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { isObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { finishedFold } from './finished-fold.ts'
import { foldEvents, recordedOf, wrongVersionsOf, type Recorded } from './recorded.ts'

const ALL = (['cohere', 'ollama', 'text-generation', 'openai-assistants'] as const).flatMap((dialect) =>
  recordedOf(dialect),
)
const titled = (all: readonly Recorded[]): (readonly [string, Recorded])[] =>
  all.map((one) => [`${one.dialect}/${one.name}`, one])

/** Whether an event is the last of its protocol, by its documentation. */
function isTerminal(event: JsonValue): boolean {
  if (!isObject(event)) return false
  const delta = isObject(event['delta']) ? event['delta'] : {}
  if (event['type'] === 'message-end') return delta['finish_reason'] !== 'ERROR'
  if (event['object'] === 'thread.run') {
    return ['completed', 'requires_action', 'incomplete'].some((status) => status === event['status'])
  }
  if (event['object'] !== undefined) return false
  return (
    event['event_type'] === 'stream-end' ||
    event['done'] === true ||
    event['is_finished'] === true ||
    event['stop'] === true ||
    typeof event['generated_text'] === 'string' ||
    typeof event['completionReason'] === 'string' ||
    typeof event['stop_reason'] === 'string' ||
    Array.isArray(event['results']) ||
    (typeof event['finish_reason'] === 'string' && isObject(event['message']))
  )
}

const bare = ({ anomalies: _anomalies, ...message }: AssistantMessage): unknown => message

it('there are 38 recordings, of which 34 were not cut off', () => {
  expect(ALL).toHaveLength(34)
})

describe.each(titled(ALL))('%s', (_title, one) => {
  const { events } = one
  const clean = foldEvents(one, events)

  it('I5, I6: is complete with its terminal alone, and hands out no call before', () => {
    const terminal = events.findIndex(isTerminal)
    for (let length = 0; length <= events.length; length += 1) {
      const { message, calls } = foldEvents(one, events.slice(0, length))
      expect(message.outcome.kind === 'complete', `after ${length} events`).toBe(terminal >= 0 && length > terminal)
      if (length <= terminal || terminal < 0) expect(calls, `after ${length} events`).toEqual([])
    }
  })

  it('I2, I3: gives one message if any event is repeated, and the same one if it is the last, or all of them', () => {
    for (let at = 0; at < events.length; at += 1) {
      const { message, messages } = foldEvents(one, events.toSpliced(at, 0, ...events.slice(at, at + 1)))
      expect(messages).toHaveLength(1)
      expect(message.outcome.kind).toBe(clean.message.outcome.kind)
    }
    const last = Math.max(events.findIndex(isTerminal), 0)
    if (!isTerminal(events[last] ?? null)) return
    const places = [...events.keys()]
    for (const again of [places.slice(last), places]) {
      const order = [...places, ...again]
      const { message, calls } = foldEvents(
        one,
        order.map((at) => events[at] ?? null),
        order,
      )
      expect(bare(message)).toEqual(bare(clean.message))
      expect(calls).toEqual(clean.calls)
    }
  })

  it('I4: survives any value of any type at any place', () => {
    let count = 0
    for (const [at, event] of events.entries()) {
      // Of many equal deltas a few will do.
      if (at > 6 && at < events.length - 3) continue
      for (const wrong of wrongVersionsOf(event)) {
        foldEvents(one, events.with(at, wrong))
        count += 1
      }
    }
    expect(count).toBeGreaterThan(20)
  })

  it('I4: what is no event at all takes nothing away', () => {
    for (const junk of [null, 7, 'text', [], [[]], {}, { type: {} }, { error: null }]) {
      const folding = new Fold({ dialect: one.dialect })
      const seen = [...events, junk].flatMap((event) => folding.receive(event))
      const { message } = finishedFold(folding, seen)
      expect(message.content).toEqual(foldDecoded(one).content)
      const first = new Fold({ dialect: one.dialect })
      const late = [junk, ...events].flatMap((event) => first.receive(event))
      expect(finishedFold(first, late).message.content.length).toBe(message.content.length)
    }
  })
})

function foldDecoded({ dialect, events }: Recorded): AssistantMessage {
  const folding = new Fold({ dialect })
  const seen = events.flatMap((event) => folding.receive(event))
  return finishedFold(folding, seen).message
}

describe('a deep or endless value', () => {
  it.each(['cohere', 'ollama', 'text-generation', 'openai-assistants'] as const)('is data in %s', (dialect) => {
    const [one] = recordedOf(dialect)
    if (one === undefined) expect.fail('there is no recording')
    let deep: JsonValue = 'x'
    for (let depth = 0; depth < 3000; depth += 1) deep = depth % 2 === 0 ? [deep] : { a: deep }
    for (const key of ['message', 'delta', 'response', 'outputText', 'data', 'extra']) {
      const folding = new Fold({ dialect })
      const broken = one.events.map((event, at) => (at === 1 && isObject(event) ? { ...event, [key]: deep } : event))
      const seen = broken.flatMap((event) => folding.receive(event))
      expect(finishedFold(folding, seen).messages.length).toBeGreaterThan(0)
    }
  })
})
