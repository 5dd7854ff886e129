/**
 * The rules of the machine that no other test would miss: each was switched off alone, and nothing else failed. They are in the order of the
 * machine: how a message begins, its blocks, its calls, their final forms, why it stops, how it ends.
 */
import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/assembler/state.ts'
import { STOP_REASONS, type AssistantMessage, type OutcomeError, type StopReason } from '../../src/message.ts'
import type { Operation, SnapshotOperation, StopOperation } from '../../src/operation.ts'
import {
  append,
  begin,
  call,
  close,
  drive,
  fail,
  hard,
  malformed,
  meta,
  open,
  optionsOf,
  singly,
  snapshot,
  soft,
  stop,
} from '../support/operations.ts'
import { kindsOf, run, types, type Run, type RunOptions } from '../support/run.ts'

const M = begin('m')
const END = [stop('end_turn'), hard]
const text = (key: string, said: string): Operation[] => [open(key, 'text'), append(key, 'text', said), close(key)]
const callOf = (key: string, id: string, name = 'f'): Operation => open(key, 'tool_call', { id, name })
const write = (key: string, said: string): Operation => append(key, 'tool_call', said)

/** The blocks in short: what they say, and of a call its name, its state and its id. */
function told({ content }: Pick<AssistantMessage, 'content'>): string[] {
  return content.map((block) => {
    if (block.type === 'tool_call') return `${block.name}(${block.arguments}) ${block.state} ${block.id}`
    return `${block.type} ${'text' in block ? block.text : ''}`
  })
}

/** The arguments of the calls that were handed out before the end, and at the end. */
function handedOut({ steps }: Run): { readonly before: string[]; readonly atEnd: string[] } {
  const callsIn = (events: Run['events']): string[] =>
    events.flatMap((event) => (event.type === 'tool_call' ? [event.call.arguments] : []))
  return { before: callsIn(steps.slice(0, -1).flat()), atEnd: callsIn(steps.at(-1) ?? []) }
}

const resets = ({ events }: Run): number => types(events).filter((type) => type === 'reset').length

function endedBy(ending: Ending, operations: readonly Operation[], options: RunOptions = {}): AssistantMessage {
  const { messages } = drive(optionsOf(options), singly(operations), ending)
  return messages[0] ?? expect.fail('there is no message')
}

describe('how a message begins and begins again', () => {
  it('I3: a begin event without an id is of the message that there is, also if that has one', () => {
    const made = run([M, ...text('0', 'ab'), begin(), ...text('0', 'ab'), ...END])
    expect(told(made.message)).toEqual(['text ab'])
    expect(resets(made)).toBe(0)
  })

  it('I2: after the end of a message without an id, any begin event is of another one', () => {
    const one = run([...text('0', 'a'), hard, begin('n')])
    expect(one.assembler.anomalies).toEqual([{ kind: 'second_message', detail: 'n' }])
    const unnamed = run([...text('0', 'a'), hard, begin()])
    expect(unnamed.assembler.anomalies).toEqual([{ kind: 'second_message', detail: '' }])
    const both = run([begin(), ...text('0', 'a'), hard, begin(), ...text('0', 'b'), hard], { many: true })
    expect(both.messages.map(told)).toEqual([['text a'], ['text b']])
  })

  it('I2: a second message after the end is told as one, not just counted', () => {
    expect(run([M, hard, begin('n')]).assembler.anomalies).toEqual([{ kind: 'second_message', detail: 'n' }])
  })

  it('I2: content that came before any begin event is of the id that it named, not of another', () => {
    const made = run([meta({ id: 'm' }), ...text('0', 'old'), begin('n'), ...text('0', 'new'), ...END])
    expect(made.message).toMatchObject({ id: 'n', attempt: 2 })
    expect(told(made.message)).toEqual(['text new'])
  })

  it('I4: a stop reason that comes first of all makes the content after it late', () => {
    expect(kindsOf(run([stop('end_turn'), ...text('0', 'a'), hard]))).toContain('content_after_stop')
  })

  it('I5: nothing comes in after the last event of a message that never began', () => {
    const made = run([hard, ...text('0', 'a')])
    expect(made.message).toMatchObject({ outcome: { kind: 'failed' }, content: [] })
  })

  it('I5: nothing comes in after an error, also if the stop reason was known', () => {
    const made = run([M, stop('end_turn'), fail, ...text('0', 'a')])
    expect(made.message).toMatchObject({ outcome: { kind: 'failed' }, content: [] })
  })
})

describe('a block that is opened again', () => {
  it('I3: is no opening twice if it is a call that was held, of which nothing had come', () => {
    const made = run([
      M,
      open('0', 'tool_call', { id: 'x' }),
      M,
      ...call('0', 'x', 'f', '{}'),
      stop('tool_calls'),
      hard,
    ])
    expect(told(made.message)).toEqual(['f({}) complete x'])
    expect(kindsOf(made)).toEqual(['repeated_begin'])
  })

  it('is noted as opened twice if nothing of it had come, since there is nothing to compare', () => {
    const made = run([M, open('0', 'text'), M, open('0', 'text'), append('0', 'text', 'a'), close('0'), ...END])
    expect(told(made.message)).toEqual(['text a'])
    expect(kindsOf(made)).toEqual(['repeated_begin', 'repeated_open'])
  })

  it('I3: as another kind after its close makes the message a new one', () => {
    const other = [open('0', 'thinking'), append('0', 'thinking', 'ab'), close('0')]
    const made = run([M, ...text('0', 'ab'), M, ...other, ...END])
    expect(told(made.message)).toEqual(['thinking ab'])
    expect(resets(made)).toBe(1)
  })

  it('I3: as another kind in the middle of its replay makes the message a new one', () => {
    const other = [open('0', 'text'), open('0', 'thinking'), append('0', 'thinking', 'b'), close('0')]
    const made = run([M, ...text('0', 'ab'), M, ...other, ...END])
    expect(told(made.message)).toEqual(['thinking b'])
    expect(resets(made)).toBe(1)
  })
})

describe('a call that is held, since it may be an earlier one again', () => {
  const held = [M, ...call('0', 'x', 'f', '{"a":1}'), callOf('1', 'x'), write('1', '{"a":')]
  const other = [callOf('1', 'y', 'g'), write('1', '{}'), close('1')]
  const end = [stop('tool_calls'), hard]

  it('I4: is a call of its own if its key is used for another one in the middle', () => {
    const made = run([...held, ...other, ...end])
    expect(told(made.message)).toEqual(['f({"a":1}) complete x', 'f({"a":) invalid t/0#1', 'g({}) complete y'])
    expect(resets(made)).toBe(0)
  })

  it('I3: and is sent again as another one makes the message a new one', () => {
    const made = run([...held, M, ...other, ...end])
    expect(told(made.message)).toEqual(['g({}) complete y'])
    expect(resets(made)).toBe(1)
  })

  it('I3: is compared by what is sent of it again, if the message begins again in its middle', () => {
    const made = run([...held, M, callOf('1', 'x'), write('1', '{"a":1}'), close('1'), ...end])
    expect(told(made.message)).toEqual(['f({"a":1}) complete x'])
    expect(kindsOf(made)).toContain('duplicate_call')
  })
})

describe('a final form', () => {
  it('I7: that comes after the close of its block counts as much as before', () => {
    expect(told(run([M, ...text('0', 'ab'), snapshot('0', 'text', 'abc'), ...END]).message)).toEqual(['text abc'])
    expect(told(run([M, ...text('0', 'ab'), snapshot('0', 'text', 'x'), ...END]).message)).toEqual(['text x'])
  })

  it('I7: of the same rank as the one before takes its place', () => {
    const made = run([M, open('0', 'text'), snapshot('0', 'text', 'x'), snapshot('0', 'text', 'y'), close('0'), ...END])
    expect(told(made.message)).toEqual(['text y'])
  })

  const nothing: SnapshotOperation = { op: 'snapshot', choice: 0, key: '0', kind: 'text', rank: 1 }
  const again = [M, open('0', 'text')]

  it.each<[string, Operation]>([
    ['an empty text', { ...nothing, text: '' }],
    ['no text', nothing],
  ])('I3: of %s contradicts nothing in a replay', (_, form) => {
    const made = run([M, ...text('0', 'ab'), ...again, append('0', 'text', 'ab'), form, close('0'), ...END])
    expect(told(made.message)).toEqual(['text ab'])
    expect(resets(made)).toBe(0)
  })

  it('I3: that is what had streamed contradicts nothing in a replay, though a higher one had replaced that', () => {
    const once = [append('0', 'text', 'ab'), snapshot('0', 'text', 'ab'), snapshot('0', 'text', 'x', 3), close('0')]
    const made = run([M, open('0', 'text'), ...once, ...again, ...once, ...END])
    expect(told(made.message)).toEqual(['text x'])
    expect(resets(made)).toBe(0)
  })

  it('I3: that says nothing of a text contradicts nothing in a replay, also if one had replaced that', () => {
    const sent = [open('0', 'text'), append('0', 'text', 'ab')]
    const form: Operation = { op: 'snapshot', choice: 0, key: '0', kind: 'text', rank: 3, fields: {} }
    const made = run([M, ...sent, snapshot('0', 'text', 'x', 1), close('0'), M, ...sent, form, close('0'), ...END])
    expect(told(made.message)).toEqual(['text x'])
    expect(resets(made)).toBe(0)
  })

  it('I3: that is shorter than what there is shows in a replay that the message is a new one', () => {
    const made = run([M, ...text('0', 'ab'), ...again, snapshot('0', 'text', 'a'), close('0'), ...END])
    expect(told(made.message)).toEqual(['text a'])
    expect(resets(made)).toBe(1)
  })
})

describe('text that says the same twice', () => {
  it('I3: is kept in a text that reads like JSON: only the arguments of a call are known to be resent', () => {
    const made = run([M, open('0', 'text'), append('0', 'text', '{}'), append('0', 'text', '{}'), ...END])
    expect(told(made.message)).toEqual(['text {}{}'])
  })

  it('I3: is not said of arguments that came with their opening alone', () => {
    const made = run([M, open('0', 'tool_call', { id: 'x', name: 'f' }, '[1]'), stop('tool_calls'), hard])
    expect(told(made.message)).toEqual(['f([1]) invalid x'])
    expect(kindsOf(made)).toEqual(['invalid_input'])
    expect(types(made.events)).not.toContain('replace')
  })
})

const CUTTING: readonly StopReason[] = ['error', 'content_filter', 'refusal', 'max_tokens', 'context_window']

describe.each(STOP_REASONS)('the stop reason %s', (reason) => {
  const isCutting = CUTTING.includes(reason)

  it(`I6: ${isCutting ? 'lets no call be' : 'lets calls be'} handed out`, () => {
    const made = run([M, ...call('0', 'x', 'f', '{"a":1}'), stop(reason), hard])
    expect(handedOut(made)).toEqual({ before: isCutting ? [] : ['{"a":1}'], atEnd: [] })
    expect(told(made.message)).toEqual(['f({"a":1}) complete x'])
  })

  it(`I6: ${isCutting ? 'cuts' : 'does not cut'} arguments that are not whole`, () => {
    const made = run([M, ...call('0', 'x', 'f', '{"a":'), stop(reason), hard])
    expect(told(made.message)).toEqual([`f({"a":) ${isCutting ? 'partial' : 'invalid'} x`])
  })

  it('says tool calls if it is neutral and there is one for the client that is whole', () => {
    const reasonOf = (...calls: Operation[]): StopReason => run([M, ...calls, stop(reason), hard]).message.stop.reason
    const isNeutral = reason === 'end_turn' || reason === 'stop_sequence' || reason === 'unknown'
    expect(reasonOf(...call('0', 'x', 'f', '{}'))).toBe(isNeutral ? 'tool_calls' : reason)
    expect(reasonOf(...call('0', 'x', 'f', '[1]'))).toBe(reason)
    expect(reasonOf(...text('0', 'a'))).toBe(reason)
  })

  it('stands against those that are better, and gives way to those that are worse', () => {
    const order: readonly StopReason[] = [...CUTTING, 'pause', 'tool_calls', 'stop_sequence', 'end_turn', 'unknown']
    for (const other of order) {
      const worse = order.indexOf(other) < order.indexOf(reason) ? other : reason
      expect(run([M, stop(reason), stop(other), hard]).message.stop, `then ${other}`).toMatchObject({
        reason: worse,
        raw: worse,
      })
    }
  })
})

describe('a stop reason that comes after another', () => {
  it.each<[string, StopReason, StopReason, object]>([
    ['worse', 'end_turn', 'max_tokens', { kind: 'stop_changed', detail: 'end_turn → max_tokens' }],
    ['better', 'max_tokens', 'end_turn', { kind: 'stop_changed', detail: 'max_tokens, then end_turn' }],
    ['the same', 'end_turn', 'end_turn', { kind: 'repeated_stop', detail: 'end_turn' }],
  ])('I4: is noted if it is %s', (_, first, second, noted) => {
    expect(run([M, stop(first), stop(second), hard]).message.anomalies).toEqual([noted])
  })
})

describe('the stop sequence', () => {
  const hit = (sequence?: string): StopOperation => ({
    ...stop('stop_sequence'),
    ...(sequence === undefined ? {} : { sequence }),
  })
  const sequenceOf = (...stops: Operation[]): string | null => run([M, ...stops, hard]).message.stop.sequence

  it('I7: is what the wire says, the first time or a later one, and the first stands', () => {
    expect(sequenceOf(hit())).toBeNull()
    expect(sequenceOf(hit('END'))).toBe('END')
    expect(sequenceOf(hit(), hit('END'))).toBe('END')
    expect(sequenceOf(hit('END'), hit('STOP'))).toBe('END')
  })
})

describe('a call', () => {
  it('I6: is handed out at the end if only that shows that it was to be run', () => {
    expect(handedOut(run([M, ...call('0', 'x', 'f', '{}'), soft]))).toEqual({ before: [], atEnd: ['{}'] })
  })

  it('I6: that came whole with its opening is not handed out early, since deltas may replace its arguments', () => {
    const seeded = [M, open('0', 'tool_call', { id: 'x', name: 'f' }, '{"a":1}'), close('0')]
    expect(handedOut(run([...seeded, soft], { toolCalls: 'early' }))).toEqual({ before: [], atEnd: ['{"a":1}'] })
    const streamed = run([M, ...call('0', 'x', 'f', '{"a":1}'), soft], { toolCalls: 'early' })
    expect(handedOut(streamed)).toEqual({ before: ['{"a":1}'], atEnd: [] })
  })

  it.each(['', ' ', 'null', ' null ', ' '.repeat(20)])(
    'I6: with the arguments "%s" is handed out, but not early',
    (none) => {
      const operations = [M, ...call('0', 'x', 'f', none)]
      expect(handedOut(run([...operations, soft], { toolCalls: 'early' }))).toEqual({ before: [], atEnd: [none] })
      expect(handedOut(run([...operations, stop('tool_calls'), soft]))).toEqual({ before: [none], atEnd: [] })
    },
  )

  it.each(['', ' ', 'null', ' null ', ' '.repeat(20)])(
    'I6: with the arguments "%s" is partial if it is the last that was cut',
    (none) => {
      const cut = [M, ...call('0', 'x', 'f', none), ...call('1', 'y', 'f', none), stop('max_tokens'), hard]
      expect(told(run(cut).message)).toEqual([`f(${none}) complete x`, `f(${none}) partial y`])
    },
  )

  it('I6: is not handed out while it is sent again, since it may turn out to be another one', () => {
    const again = [M, callOf('0', 'x'), stop('tool_calls'), write('0', '{"b":2}'), close('0'), stop('tool_calls'), hard]
    const made = run([M, ...call('0', 'x', 'f', '{"a":1}'), ...again])
    expect(told(made.message)).toEqual(['f({"b":2}) complete x'])
    expect(handedOut(made)).toEqual({ before: ['{"b":2}'], atEnd: [] })
  })

  it('I3: that is whole only since its stop reason waits for the end, also if the reason is said again', () => {
    const cut = [M, callOf('0', 'x'), write('0', '{"a":'), close('0'), stop('tool_calls'), write('0', '1}')]
    expect(handedOut(run([...cut, hard]))).toEqual({ before: [], atEnd: ['{"a":1}'] })
    expect(handedOut(run([...cut, stop('tool_calls'), hard]))).toEqual({ before: [], atEnd: ['{"a":1}'] })
  })

  it('I6: that was closed is not tainted by what is lost after it', () => {
    const made = run([M, ...call('0', 'x', 'f', '{"a":1}'), malformed, stop('tool_calls'), hard])
    expect(told(made.message)).toEqual(['f({"a":1}) complete x'])
    expect(handedOut(made).before).toEqual(['{"a":1}'])
    const between = run([M, malformed, ...call('0', 'x', 'f', '{}'), malformed, stop('tool_calls'), hard])
    expect(handedOut(between).before).toEqual(['{}'])
  })

  it('I4: that is tainted has an anomaly for what was lost, and none for its arguments, which may be whole', () => {
    const made = run([M, callOf('0', 'x'), malformed, write('0', '{}'), close('0'), stop('tool_calls'), hard])
    expect(told(made.message)).toEqual(['f({}) invalid x'])
    expect(kindsOf(made)).toEqual(['malformed_event'])
  })

  it('I6: that came late is judged by the stop reason that came after it, where content is held until then', () => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const late = [open('0', 'tool_call', { id: 'x', name: 'f' }), write('0', '{"a":1}'), close('0')]
    expect(handedOut(run([M, stop('end_turn'), ...late, stop('max_tokens'), hard], options)).before).toEqual([])
    expect(handedOut(run([M, stop('end_turn'), ...late, stop('end_turn'), hard], options)).before).toEqual(['{"a":1}'])
  })
})

describe('what a complete message lacks', () => {
  it.each<[string, Operation[], string[]]>([
    ['a stop reason', [hard], ['missing_stop']],
    ['the last event of its protocol', [stop('end_turn'), soft], ['missing_terminal']],
    ['both', [soft], ['missing_terminal', 'missing_stop']],
    ['nothing', END, []],
  ])('I5: is noted: %s', (_, ending, noted) => {
    expect(kindsOf(run([M, ...text('0', 'a'), ...ending]))).toEqual(noted)
  })

  it('I5: is not noted of one that is not complete', () => {
    expect(kindsOf(run([M, ...text('0', 'a')]))).toEqual([])
  })
})

describe('how a message ends', () => {
  const error: OutcomeError = { class: 'unknown', retryable: false, message: 'the tap broke' }
  const begun = [M, ...text('0', 'a')]
  const stopped = [...begun, stop('end_turn'), soft]

  it.each<[string, Ending, object]>([
    ['an abort', { kind: 'aborted', by: 'caller' }, { kind: 'aborted', by: 'caller' }],
    ['a deadline', { kind: 'timed_out', budget: 'idle', silenceMs: 1 }, { kind: 'timed_out', budget: 'idle' }],
    ['a failure', { kind: 'failed', error }, { kind: 'failed', error }],
    ['a reset', { kind: 'truncated' }, { kind: 'complete' }],
    ['the end of the input', { kind: 'complete' }, { kind: 'complete' }],
  ])('I5: by %s after its stop reason', (_, ending, outcome) => {
    expect(endedBy(ending, stopped).outcome).toMatchObject(outcome)
  })

  it('I5: by a clean end of the input is complete without a terminal only where that was asked for', () => {
    expect(endedBy({ kind: 'complete' }, begun).outcome.kind).toBe('truncated')
    expect(endedBy({ kind: 'complete' }, begun, { acceptEof: true }).outcome.kind).toBe('complete')
    expect(endedBy({ kind: 'truncated' }, begun, { acceptEof: true }).outcome.kind).toBe('truncated')
  })

  it('I5: by a reset says what the network said, before the first event too', () => {
    const reset: Ending = { kind: 'truncated', message: 'ECONNRESET' }
    const lost = { class: 'network', retryable: true, message: 'ECONNRESET' }
    expect(endedBy(reset, begun).outcome).toMatchObject({ kind: 'truncated', by: 'reset', error: lost })
    expect(endedBy(reset, []).outcome).toMatchObject({ kind: 'failed', error: lost })
  })

  it.each<[string, Ending, readonly Operation[], RegExp]>([
    ['a reset, of which the network said nothing', { kind: 'truncated' }, begun, /connection was lost before .* ended/],
    ['a reset before the first event', { kind: 'truncated' }, [], /connection was lost before the first event/],
    ['the end of the input, without a terminal', { kind: 'complete' }, begun, /ended before the last event/],
    ['the end of the input, without an event', { kind: 'complete' }, [], /without a single event/],
    ['the end of the input, of which nothing could be read', { kind: 'complete' }, [malformed], /could be read/],
  ])('I5: by %s says so', (_, ending, operations, message) => {
    expect(endedBy(ending, operations).outcome).toMatchObject({ error: { message: expect.stringMatching(message) } })
  })

  it('I5: without a single event is failed and may be tried again, unless what came could not be read', () => {
    expect(endedBy({ kind: 'complete' }, []).outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'malformed', retryable: true },
    })
    expect(endedBy({ kind: 'complete' }, [malformed]).outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'malformed', retryable: false, body: '{"cut' },
    })
    const untold: Operation = { op: 'anomaly', choice: 0, kind: 'malformed_event' }
    expect(endedBy({ kind: 'complete' }, [untold]).outcome).toMatchObject({ error: { retryable: false, body: '' } })
  })

  it('I5: of many is failed too if it was never begun', () => {
    expect(run([hard, M, ...END], { many: true }).messages.map(({ outcome }) => outcome)).toMatchObject([
      { kind: 'failed', error: { class: 'malformed', retryable: true } },
      { kind: 'complete' },
    ])
  })
})
