/**
 * Ten thousand turns at once in one process, in every dialect, read live: some whole, some with calls, some cut, reset or aborted. None
 * gets its first bytes before all of them wait for theirs, and the pieces of all of them come in turn. What each message must be is known
 * from what its own stream said; text or a call of another turn in it, or one that came twice, is a difference.
 */
import { setMaxListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  assemble,
  type AssembleOptions,
  type AssistantMessage,
  type CompleteToolCall,
  type Outcome,
  type TurnEvent,
} from '../../src/index.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { PLAIN, scriptWith, type BlockSpec } from '../support/script.ts'
import { cutBytes, encode, isLast, payloads, saysStop, type Sent, type Wire, type Writing } from '../support/wire.ts'
import { WIRES } from '../support/wires.ts'

const COUNT = 10_000
/** About so many of each stream, one a round; they end anywhere, also within a character. */
const PIECES = 6
const WRITING: Writing = { lineEnd: '\n', isNamed: true, hasSpace: true, hasComments: false }

/** What becomes of a turn; `ending` is how its stream ends or who ends it. */
interface Kind {
  readonly says: readonly ('text' | 'call' | 'calls')[]
  /** `terminal_twice`: and what comes before it as well. */
  readonly ending: 'whole' | 'terminal_twice' | 'eof' | 'reset' | 'abort' | 'signal' | 'left'
}

const KINDS: readonly Kind[] = [
  { says: ['text'], ending: 'whole' },
  { says: ['text', 'call'], ending: 'whole' },
  { says: ['text'], ending: 'eof' },
  { says: ['calls'], ending: 'whole' },
  { says: ['text', 'call'], ending: 'terminal_twice' },
  { says: ['text', 'call'], ending: 'reset' },
  { says: ['text'], ending: 'abort' },
  { says: ['text', 'call'], ending: 'signal' },
  { says: ['call'], ending: 'eof' },
  { says: ['text'], ending: 'left' },
]

interface Case {
  readonly number: number
  readonly wire: Wire
  readonly kind: Kind
  readonly name: string
}

/** All pairs of a dialect and a kind come about equally often. */
function caseOf(number: number): Case {
  const wire = WIRES[number % WIRES.length] ?? expect.fail('there is no dialect')
  const kind = KINDS[number % KINDS.length] ?? expect.fail('there is no kind')
  return { number, wire, kind, name: `${number}, ${wire.dialect}, ${kind.says.join(' and ')}, ${kind.ending}` }
}

function idOf({ number }: Case): string {
  return `msg_${number}`
}

/** Of several bytes a character, so that a piece of one turn can end within one. */
function textOf({ number }: Case): string {
  return `turn ${number} says: é語🌍 to ${number}`
}

function callsOf({ number, kind: { says } }: Case): readonly { readonly id: string; readonly input: { n: number } }[] {
  const count = says.includes('calls') ? 2 : says.includes('call') ? 1 : 0
  return Array.from({ length: count }, (_, at) => ({ id: `call_${number}_${at}`, input: { n: number * 10 + at } }))
}

function blocksOf(one: Case): BlockSpec[] {
  const text: BlockSpec = { kind: 'text', text: textOf(one) }
  const calls = callsOf(one).map(({ id, input }): BlockSpec => ({
    kind: 'call',
    by: 'client',
    id,
    name: 'note',
    input,
    sent: 'deltas',
  }))
  return [...(one.kind.says.includes('text') ? [text] : []), ...calls]
}

function sentOf(one: Case): Sent[] {
  const { wire, kind } = one
  const stop = callsOf(one).length > 0 ? wire.callsStop : wordOf(wire, 'end_turn')
  const script = { ...scriptWith(blocksOf(one), stop), id: idOf(one) }
  const sent = wire.write(script, { ...PLAIN, cuts: [14] })
  switch (kind.ending) {
    case 'eof':
    case 'reset':
      // Without its last delta, and all that comes after it.
      return sent.slice(
        0,
        sent.findLastIndex(({ does }) => does === 'delta'),
      )
    case 'terminal_twice': {
      const tail = sent.filter((event) => saysStop(event) || isLast(event))
      return [...sent, ...tail]
    }
    case 'whole':
    case 'abort':
    case 'signal':
    case 'left':
      return sent
    default: {
      const never: never = kind.ending
      return never
    }
  }
}

function wordOf({ stops }: Wire, reason: string): string {
  return [...stops].find(([, meaning]) => meaning === reason)?.[0] ?? expect.fail(`there is no word for ${reason}`)
}

/** Gives each stream that waits one piece, then all of them the next, in an order that changes with every round. */
class Network {
  #waiting: (() => void)[] = []
  #asked = 0
  readonly cancelled = new Set<number>()

  open(one: Case): ReadableStream<Uint8Array> {
    const body = encode(payloads(sentOf(one)), WRITING)
    const most = Math.ceil(body.length / PIECES)
    const pieces = cutBytes(body, [most - (one.number % 7), most + (one.number % 5)])
    let at = 0
    const give = (to: ReadableStreamDefaultController<Uint8Array>): void => {
      const piece = pieces[at++]
      if (piece !== undefined) to.enqueue(piece)
      else if (one.kind.ending === 'reset') to.error(new Error('the connection was reset'))
      else to.close()
    }
    return new ReadableStream(
      {
        pull: (to) => {
          if (at === 0) this.#asked += 1
          return new Promise<void>((resolve) => {
            this.#waiting.push(() => {
              if (!this.cancelled.has(one.number)) give(to)
              resolve()
            })
          })
        },
        cancel: () => void this.cancelled.add(one.number),
      },
      { highWaterMark: 0 },
    )
  }

  /** Gives what there is once `count` streams wait, until nobody waits any more; `between` is called after each round. */
  async serve(count: number, between: (round: number) => void): Promise<number> {
    while (this.#asked < count) await setImmediate()
    let round = 0
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      for (let at = 0; at < waiting.length; at += 1) waiting[(at * STRIDE + round) % waiting.length]?.()
      await setImmediate()
      await setImmediate()
      between((round += 1))
    }
    return round
  }
}

/** A prime beyond the number of streams: multiples of it meet each of them once. */
const STRIDE = 10_007

/** So many are looked at event by event: about ten of each kind in each dialect. */
const LOOKED_AT = 10 * WIRES.length * KINDS.length

interface Ended {
  readonly one: Case
  readonly messages: readonly AssistantMessage[]
  /** What came live: the messages, the calls that were handed out, and how many events were of another turn. */
  readonly finals: AssistantMessage[]
  readonly calls: CompleteToolCall[]
  strangers: number
  /** All events, of those that are looked at closely. */
  readonly events: TurnEvent[]
}

async function run(one: Case, network: Network, signal: AbortSignal): Promise<Ended> {
  const { wire, kind, number } = one
  // One in four is left to find out its dialect.
  const options: AssembleOptions = {
    turn: `turn_${number}`,
    ...(number % 4 === 0 ? {} : { dialect: wire.dialect }),
    ...(kind.ending === 'signal' ? { signal } : {}),
  }
  const turn = assemble(network.open(one), options)
  const seen = { finals: [], calls: [], strangers: 0, events: [] } satisfies Omit<Ended, 'one' | 'messages'>
  const ended: Omit<Ended, 'messages'> = { one, ...seen }
  for await (const event of turn) {
    if (event.message !== `turn_${number}/0`) ended.strangers += 1
    if (number < LOOKED_AT) ended.events.push(event)
    if (event.type === 'message') ended.finals.push(event.final)
    if (event.type === 'tool_call') ended.calls.push(event.call)
    if (event.type !== 'text') continue
    if (kind.ending === 'abort') turn.abort(`enough of ${number}`)
    if (kind.ending === 'left') break
  }
  return { ...ended, messages: await turn.messages() }
}

function outcomeOf({ number, kind: { ending } }: Case): Partial<Outcome> {
  switch (ending) {
    case 'whole':
    case 'terminal_twice':
      return { kind: 'complete' }
    case 'eof':
      return { kind: 'truncated', by: 'eof' }
    case 'reset':
      return { kind: 'truncated', by: 'reset' }
    case 'abort':
      return { kind: 'aborted', by: 'caller', reason: `enough of ${number}` }
    case 'signal':
      return { kind: 'aborted', by: 'signal' }
    case 'left':
      return { kind: 'aborted', by: 'reader' }
    default: {
      const never: never = ending
      return never
    }
  }
}

/** What is wrong with a turn; undefined if nothing is. Thousands of matchers would take longer than all the turns. */
function faultOf(ended: Ended): string | undefined {
  const { one, messages, finals, strangers } = ended
  const [message] = messages
  if (message === undefined || messages.length !== 1) return `there are ${messages.length} messages`
  if (finals.length !== (one.kind.ending === 'left' ? 0 : 1)) return `${finals.length} message events`
  if (finals.some((final) => final !== message)) return 'the message event has another message'
  if (strangers > 0) return `${strangers} events of another turn`
  if (message.id !== idOf(one) || message.turn !== `turn_${one.number}`) return `it is ${message.turn}, ${message.id}`
  if (message.dialect !== one.wire.dialect) return `its dialect is ${message.dialect}`
  for (const [name, value] of Object.entries(outcomeOf(one))) {
    const found: unknown = Object.entries(message.outcome).find(([key]) => key === name)?.[1]
    if (found !== value) return `its outcome is ${JSON.stringify(message.outcome)}`
  }
  return contentFaultOf(one, message) ?? callsFaultOf(ended, message)
}

function contentFaultOf(one: Case, { content }: AssistantMessage): string | undefined {
  const found = content.map((block) =>
    block.type === 'tool_call' ? block.arguments : 'text' in block ? block.text : '',
  )
  const said = blocksOf(one).map((spec) => (spec.kind === 'call' ? JSON.stringify(spec.input) : textOf(one)))
  const isWhole = outcomeOf(one).kind === 'complete'
  const isPrefix = found.every(
    (text, at) => said[at]?.startsWith(text) && (text === said[at] || at === found.length - 1),
  )
  if (found.length === 0) return 'there is nothing in it'
  if (isWhole ? found.join('|') === said.join('|') : isPrefix) return undefined
  return `it says ${JSON.stringify(found)}, not ${JSON.stringify(said)}`
}

function callsFaultOf({ one, calls }: Ended, message: AssistantMessage): string | undefined {
  const expected = outcomeOf(one).kind === 'complete' ? callsOf(one) : []
  const given = calls.map(({ id, input }) => ({ id, input }))
  if (JSON.stringify(given) !== JSON.stringify(expected)) return `these calls were handed out: ${JSON.stringify(given)}`
  const complete = message.content.filter((block) => block.type === 'tool_call' && block.state === 'complete')
  return complete.length > expected.length && one.kind.ending !== 'reset'
    ? 'a call is complete that was cut'
    : undefined
}

describe(`${COUNT} turns at once`, () => {
  const network = new Network()
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  let ended: readonly Ended[] = []
  let rounds = 0

  beforeAll(async () => {
    const running = Array.from({ length: COUNT }, (_, number) => run(caseOf(number), network, controller.signal))
    rounds = await network.serve(COUNT, (round) => {
      if (round === 4) controller.abort(new Error('the server goes down'))
    })
    ended = await Promise.all(running)
  })

  it('I2: each gives its own message and its own calls, once', () => {
    const faults = ended.flatMap((one) => {
      const fault = faultOf(one)
      return fault === undefined ? [] : [`turn ${one.one.name}: ${fault}`]
    })
    expect(faults.slice(0, 20)).toEqual([])
    expect(ended.length).toBe(COUNT)
    expect(rounds).toBeGreaterThan(4)
  })

  it('I2: what each reader saw live is its message', () => {
    for (const { one, events, messages } of ended.slice(0, LOOKED_AT)) {
      const [message] = messages
      if (message !== undefined && one.kind.ending !== 'left') expectLiveEqualsFinal(events, message)
    }
  })

  it('every body that was not at its end is cancelled, and no other turn with it', () => {
    const wrong = ended.filter(({ one }) => {
      const endsByItself = one.kind.ending === 'eof' || one.kind.ending === 'reset'
      return network.cancelled.has(one.number) === endsByItself
    })
    expect(wrong.map(({ one }) => one.name).slice(0, 20)).toEqual([])
  })
})
