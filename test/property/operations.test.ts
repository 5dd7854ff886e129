/** What holds for any sequence of operations, sensible or not: the machine is fed directly, without a provider in front of it. */
import { array, assert, constantFrom, integer, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseToolInput } from '../../src/assembler/tool-input.ts'
import type { AssistantMessage, CompleteToolCall, StopReason } from '../../src/message.ts'
import type { Operation, Translation } from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { foldNaively } from '../support/naive-reader.ts'
import {
  drive,
  endings,
  grouped,
  operations,
  options,
  runs,
  singly,
  translations,
  withoutAnomalies,
} from '../support/operations.ts'

const CUTTING: ReadonlySet<StopReason> = new Set(['max_tokens', 'context_window', 'content_filter', 'refusal', 'error'])
const RUNS = 500

function byMessage(events: readonly TurnEvent[]): Map<string, TurnEvent[]> {
  const own = new Map<string, TurnEvent[]>()
  for (const event of events) own.set(event.message, [...(own.get(event.message) ?? []), event])
  return own
}

/** How many oddities were noted, those that were only counted included. */
function countOf({ anomalies }: AssistantMessage): number {
  return anomalies.reduce((sum, { count = 1 }) => sum + count, 0)
}

function callsIn(events: readonly TurnEvent[]): CompleteToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}

function ordinalOf({ key, turn }: AssistantMessage): number {
  return Number(key.slice(turn.length + 1))
}

describe('any sequence of operations', () => {
  it('I2: gives one message event for each message, as the last of its events, and nothing when ended again', () => {
    assert(
      property(options, translations, endings, (own, sequence, ending) => {
        const { assembler, events, messages } = drive(own, sequence, ending)
        for (const [key, about] of byMessage(events)) {
          expect(
            about.filter(({ type }) => type === 'message'),
            `message events of ${key}`,
          ).toHaveLength(1)
          expect(about.at(-1)).toMatchObject({ type: 'message', final: { key } })
        }
        // They end in any order, and stand in that in which they began.
        const finals = events.flatMap((event) => (event.type === 'message' ? [event.final] : []))
        expect(finals.toSorted((a, b) => ordinalOf(a) - ordinalOf(b))).toEqual(messages)
        expect(new Set(messages.map(({ key }) => key)).size).toBe(messages.length)
        expect(messages.length).toBeGreaterThan(0)
        const before = [...messages]
        expect(assembler.end(ending)).toEqual([])
        expect(assembler.end({ kind: 'aborted', by: 'caller' })).toEqual([])
        expect(assembler.messages).toEqual(before)
      }),
      runs(RUNS),
    )
  })

  it('I2: changes nothing in a message that is final, whatever comes later', () => {
    assert(
      property(options, translations, endings, translations, (own, sequence, ending, later) => {
        const { assembler, messages } = drive({ ...own, many: false }, sequence, ending)
        const before = structuredClone(messages)
        const known = new Set(before.map(({ key }) => key))
        const about = later.flatMap((event) => assembler.receive(event)).filter(({ message }) => known.has(message))
        expect(about).toEqual([])
        expect(assembler.messages.slice(0, before.length)).toEqual(before)
      }),
      runs(RUNS),
    )
  })

  it('I2: starts and stops each block once in an attempt', () => {
    assert(
      property(options, translations, endings, (own, sequence, ending) => {
        const { events, messages } = drive(own, sequence, ending)
        for (const message of messages) {
          const about = byMessage(events).get(message.key) ?? []
          let started = new Set<number>()
          let stopped = new Set<number>()
          for (const event of about) {
            if (event.type === 'reset') {
              started = new Set()
              stopped = new Set()
            } else if (event.type === 'block_start') {
              expect(started, 'blocks started before').not.toContain(event.block)
              started.add(event.block)
            } else if (event.type === 'block_stop') {
              expect(started, 'blocks started').toContain(event.block)
              expect(stopped, 'blocks stopped before').not.toContain(event.block)
              stopped.add(event.block)
            }
          }
          expect(started).toEqual(new Set(message.content.keys()))
          expect(stopped).toEqual(started)
        }
      }),
      runs(RUNS),
    )
  })

  it('I2: hands each call out once, never before a reset, and the message holds the very call', () => {
    assert(
      property(options, translations, endings, (own, sequence, ending) => {
        const { events, messages } = drive(own, sequence, ending)
        for (const message of messages) {
          const about = byMessage(events).get(message.key) ?? []
          const calls = callsIn(about)
          expect(new Set(calls.map(({ key }) => key)).size).toBe(calls.length)
          const firstCall = about.findIndex(({ type }) => type === 'tool_call')
          if (firstCall !== -1) expect(about.slice(firstCall).map(({ type }) => type)).not.toContain('reset')
          for (const { wire: _, ...call } of calls) {
            expect(
              message.content.filter((block) => block.type === 'tool_call' && block.key === call.key),
            ).toMatchObject([call])
          }
        }
      }),
      runs(RUNS),
    )
  })

  it('I5: says complete only after a terminal of this attempt, and failed if an error ended it', () => {
    assert(
      property(options, operations, endings, (own, sequence, ending) => {
        const { steps, messages } = drive({ ...own, many: false }, singly(sequence), ending)
        for (const message of messages) {
          const choice = Number(message.key.slice('t/'.length))
          const { hasTerminal, endedBy } = seenBy(sequence, steps, choice)
          if (message.outcome.kind === 'complete') expect(hasTerminal, `${message.key} has seen a terminal`).toBe(true)
          if (endedBy === 'fail') expect(message.outcome.kind).toBe('failed')
        }
      }),
      runs(RUNS),
    )
  })

  it('I6: hands out only strict JSON objects, and nothing under a stop reason that cuts', () => {
    assert(
      property(options, operations, endings, (own, sequence, ending) => {
        const stops: (StopReason | undefined)[] = []
        const single = sequence.map((operation) => ({ operations: [operation] }))
        const { steps, messages } = drive(own, single, ending, (assembler) => {
          const { key, stop } = assembler.snapshot()
          stops.push(key === 't/0' ? stop.reason : undefined)
        })
        const final = messages.find(({ key }) => key === 't/0')
        for (const [at, events] of steps.entries()) {
          for (const call of callsIn(events)) {
            expect(parseToolInput(call.arguments, own.limits.toolDepth)).toEqual({ state: 'object', input: call.input })
            if (call.arguments.trim() !== '' && call.arguments.trim() !== 'null')
              expect(JSON.parse(call.arguments)).toEqual(call.input)
            expect(call).toMatchObject({ state: 'complete', origin: 'client' })
            const reason = at < stops.length ? stops[at] : final?.stop.reason
            if (call.key.startsWith('t/0#') && reason !== undefined) expect([...CUTTING]).not.toContain(reason)
          }
        }
        for (const block of messages.flatMap(({ content }) => content)) {
          if (block.type !== 'tool_call') continue
          expect(Object.hasOwn(block, 'input'), `${block.state} has an input`).toBe(block.state === 'complete')
        }
      }),
      runs(RUNS),
    )
  })

  it('gives live events that are, folded by a naive reader, exactly the blocks of the message', () => {
    assert(
      property(options, translations, endings, (own, sequence, ending) => {
        const { events, messages } = drive(own, withoutLateSignatures(sequence), ending)
        for (const message of messages) {
          const live = foldNaively(byMessage(events).get(message.key) ?? [])
          expect(
            live.map(({ kind, text, signature }) => ({
              kind,
              text,
              signature: kind === 'thinking' ? signature : undefined,
            })),
          ).toEqual(message.content.map(visible))
        }
      }),
      runs(RUNS),
    )
  })

  it('I4: keeps a bounded number of anomalies, and counts the others', () => {
    assert(
      property(options, translations, endings, (own, sequence, ending) => {
        const limited = { ...own, limits: { ...own.limits, anomalies: 4 } }
        const { assembler, messages } = drive(limited, sequence, ending)
        const all = drive({ ...own, limits: { ...own.limits, anomalies: 1e6 } }, sequence, ending)
        for (const [at, message] of messages.entries()) {
          expect(message.anomalies.length).toBeLessThanOrEqual(5)
          expect(countOf(message)).toBe(countOf(all.messages[at] ?? message))
        }
        expect(assembler.anomalies.length).toBeLessThanOrEqual(6)
      }),
      runs(RUNS),
    )
  })

  it('gives a message that is plain JSON, frozen to its depths', () => {
    assert(
      property(options, translations, endings, (own, sequence, ending) => {
        for (const message of drive(own, sequence, ending).messages) {
          const copy: unknown = JSON.parse(JSON.stringify(message))
          expect(copy).toStrictEqual(message)
          expectFrozen(message)
        }
      }),
      runs(RUNS / 3),
    )
  })

  it('I3: a stop, a terminal or a close repeated right after itself changes nothing but the anomalies', () => {
    assert(
      property(
        options,
        translations,
        endings,
        array(nat(3), { minLength: 1, maxLength: 8 }),
        (own, sequence, ending, times) => {
          const repeated = sequence.flatMap((event, at) => {
            const [only, ...others] = event.operations.map(({ op }) => op)
            const isRepeatable = others.length === 0 && (only === 'stop' || only === 'terminal' || only === 'close')
            return Array.from({ length: isRepeatable ? 1 + (times[at % times.length] ?? 0) : 1 }, () => event)
          })
          const once = drive(own, sequence, ending).messages.map(withoutAnomalies)
          expect(drive(own, repeated, ending).messages.map(withoutAnomalies)).toEqual(once)
        },
      ),
      runs(RUNS),
    )
  })

  it('I1: gives the same messages however the operations are grouped into events', () => {
    assert(
      property(
        options,
        operations,
        endings,
        array(integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        (own, all, ending, sizes) => {
          const apart = drive(own, singly(all), ending)
          const inGroups = drive(own, grouped(all, sizes), ending)
          expect(inGroups.messages).toEqual(apart.messages)
          expect(inGroups.events).toEqual(apart.events)
        },
      ),
      runs(RUNS),
    )
  })

  it('gives the same messages whether or not anybody watches', () => {
    assert(
      property(options, translations, endings, constantFrom(1, 2, 3), (own, sequence, ending, every) => {
        const watched = drive(own, sequence, ending, (assembler, at) => {
          if (at % every !== 0) return
          const { content } = assembler.snapshot()
          for (const ordinal of content.keys()) assembler.partialInput(ordinal)
        })
        expect(watched.messages).toEqual(drive(own, sequence, ending).messages)
        expect(drive({ ...own, isLive: false }, sequence, ending).messages).toEqual(watched.messages)
      }),
      runs(RUNS),
    )
  })

  it('shows of the input that streams what the text so far says, at any moment', () => {
    assert(
      property(options, operations, endings, (own, sequence, ending) => {
        drive({ ...own, many: false }, grouped(sequence, [1]), ending, (assembler) => {
          for (const [ordinal, block] of assembler.snapshot().content.entries()) {
            if (block.type !== 'tool_call') continue
            const { isComplete } = assembler.partialInput(ordinal) ?? expect.fail('there is no such block')
            expect(isComplete, block.arguments).toBe(isWholeJson(block.arguments, own.limits.toolDepth))
          }
        })
      }),
      runs(RUNS),
    )
  })
})

/** What the operations of a choice say about its end, up to the first that ends it; a reset forgets the terminals before it. */
function seenBy(
  sequence: readonly Operation[],
  steps: readonly (readonly TurnEvent[])[],
  choice: number,
): { hasTerminal: boolean; endedBy: 'hard' | 'fail' | undefined } {
  let hasTerminal = false
  let hasFailed = false
  const begun = new Set<number>()
  for (const [at, operation] of sequence.entries()) {
    if (steps[at]?.some(({ type, message }) => type === 'reset' && message === `t/${choice}`)) {
      hasTerminal = false
      // What failed before is not known to have failed now.
      hasFailed = false
    }
    // What is about all choices is about those that have begun; if none has, about choice 0.
    const isAboutIt =
      operation.choice === 'all' ? begun.has(choice) || (begun.size === 0 && choice === 0) : operation.choice === choice
    if (operation.choice !== 'all') begun.add(operation.choice)
    else if (begun.size === 0) begun.add(0)
    if (!isAboutIt) continue
    if (operation.op === 'terminal') hasTerminal = true
    if (operation.op === 'terminal' && operation.strength === 'hard')
      return { hasTerminal, endedBy: hasFailed ? 'fail' : 'hard' }
    if (operation.op === 'fail' && operation.strength === 'soft') hasFailed = true
    else if (operation.op === 'fail') return { hasTerminal, endedBy: 'fail' }
  }
  return { hasTerminal, endedBy: hasFailed ? 'fail' : undefined }
}

/** `block_stop` tells the signature; what changes it after that has a test of its own in `test/assembler`. */
function withoutLateSignatures(sequence: readonly Translation[]): Translation[] {
  const closed = new Set<string>()
  const withoutLate = (operation: Operation): Operation => {
    const key = 'key' in operation ? `${operation.choice} ${operation.key}` : ''
    const isLate = closed.has(key)
    if (operation.op === 'close' || (operation.op === 'snapshot' && operation.closes)) closed.add(key)
    if (
      (operation.op !== 'open' && operation.op !== 'patch' && operation.op !== 'snapshot') ||
      operation.fields === undefined
    )
      return operation
    const { signature: _, ...fields } = operation.fields
    return isLate ? { ...operation, fields } : operation
  }
  return sequence.map((event) => ({ ...event, operations: event.operations.map(withoutLate) }))
}

function visible(block: AssistantMessage['content'][number]): {
  kind: string
  text: string
  signature: string | undefined
} {
  const text = block.type === 'tool_call' ? block.arguments : 'text' in block ? block.text : ''
  return { kind: block.type, text, signature: block.type === 'thinking' ? block.signature : undefined }
}

function isWholeJson(text: string, maxDepth: number): boolean {
  try {
    const value: unknown = JSON.parse(text)
    // Of a number at the top another digit may follow.
    return (typeof value !== 'number' || /\s$/.test(text)) && depthOf(value) <= maxDepth
  } catch {
    return false
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function expectFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  expect(Object.isFrozen(value)).toBe(true)
  for (const item of Object.values(value)) expectFrozen(item)
}
