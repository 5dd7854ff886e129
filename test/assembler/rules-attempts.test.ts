/** The rules of a message that several streams of one turn bring, which no other test would miss: each was switched off alone. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { Ending } from '../../src/assembler/state.ts'
import { Fold } from '../../src/fold.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { Operation, Translation } from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { append, begin, close, fail, hard, open, optionsOf, patch, soft, stop, vague } from '../support/operations.ts'
import { types, type RunOptions } from '../support/run.ts'

const M = begin('m')
const END = [stop('end_turn'), hard]
const text = (key: string, said: string): Operation[] => [open(key, 'text'), append(key, 'text', said), close(key)]
const texts = ({ content }: AssistantMessage): (string | undefined)[] =>
  content.map((block) => ('text' in block ? block.text : block.type))

/** What happens to an assembler: operations, another stream, or all of it void. */
type Step = Operation | Translation | { readonly stream: number } | 'restart'

function through(steps: readonly Step[], options: RunOptions = {}, ending: Ending = { kind: 'complete' }) {
  const assembler = new Assembler(optionsOf(options))
  const events: TurnEvent[] = []
  for (const step of steps) {
    if (step === 'restart') assembler.restart()
    else if ('stream' in step) assembler.reopen(step.stream)
    else if ('operations' in step) assembler.apply(step)
    else assembler.apply({ operations: [step] })
    events.push(...assembler.take())
  }
  events.push(...assembler.end(ending))
  const [message = expect.fail('there is no message')] = assembler.messages
  return { message, events, messages: assembler.messages }
}

describe('another stream of the turn', () => {
  it('I5: goes on with a message that an error had ended', () => {
    const { message } = through([
      M,
      open('0', 'text'),
      append('0', 'text', 'a'),
      fail,
      { stream: 2 },
      append('0', 'text', 'b'),
    ])
    expect(texts(message)).toEqual(['ab'])
    expect(message.outcome.kind).toBe('truncated')
  })

  it('I5: takes back with an error what else had ended the message before it', () => {
    for (const end of [
      [stop('end_turn'), soft, fail],
      [vague, hard],
    ]) {
      const { message } = through([M, ...text('0', 'a'), ...end, { stream: 2 }])
      expect(texts(message)).toEqual(['a'])
      expect(message.outcome.kind).toBe('truncated')
    }
  })

  it('I5: does not take back that a message has ended without an error, nor does a soft terminal in it', () => {
    const abort: Ending = { kind: 'aborted', by: 'caller' }
    const whole = [M, ...text('0', 'a'), stop('end_turn'), hard, { stream: 2 }] as const
    expect(through(whole, {}, abort).message.outcome.kind).toBe('complete')
    expect(through([...whole, soft], {}, abort).message.outcome.kind).toBe('complete')
  })

  it('I2: may bring choices that the one before did not', () => {
    const { messages } = through([M, fail, { stream: 2 }, 'restart', begin('a', 0), begin('b', 1), hard])
    expect(messages.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  it('I3: has numbers of its own, which are trusted again if it begins anew', () => {
    const numbered = (value: number, operation: Operation, type: string = operation.op): Translation => ({
      operations: [operation],
      number: { value, type },
    })
    const lied = [numbered(0, M), numbered(1, open('0', 'text')), numbered(1, append('0', 'text', 'a'), 'other')]
    const again = [numbered(0, M), numbered(1, open('0', 'text')), numbered(2, append('0', 'text', 'b'))]
    const { message } = through([...lied, { stream: 2 }, 'restart', ...again, numbered(2, append('0', 'text', 'b'))])
    expect(texts(message)).toEqual(['b'])
  })
})

describe('a stream that begins anew, in its middle', () => {
  it('I3: has each number once, wherever the one before began to count', () => {
    const numbered = (value: number, operation: Operation): Translation => ({
      operations: [operation],
      number: { value, type: operation.op },
    })
    const say = append('0', 'text', 'a')
    const before = [numbered(100, M), numbered(101, open('0', 'text')), { stream: 2 }, 'restart'] as const
    const { message } = through([...before, numbered(0, open('0', 'text')), numbered(1, say), numbered(1, say)])
    expect(texts(message)).toEqual(['a'])
  })
})

describe('what tells one stream of the turn from the next', () => {
  const NOTHING = { id: undefined, lastNumber: undefined, announced: false, failed: false, handedOut: false }
  const called = [open('0', 'tool_call', { name: 'f' }), append('0', 'tool_call', '{}'), close('0'), stop('tool_calls')]

  it.each<[string, readonly Operation[], object]>([
    ['nothing', [], {}],
    ['a begin event', [M], { id: 'm', announced: true }],
    ['content alone', text('0', 'a'), {}],
    ['an error', [M, fail], { id: 'm', announced: true, failed: true }],
    ['a call that was handed out', [M, ...called], { id: 'm', announced: true, handedOut: true }],
    [
      'such a call in another choice',
      [M, begin('m', 1), ...called.map((own) => ({ ...own, choice: 1 }))],
      { id: 'm', announced: true, handedOut: true },
    ],
    ['two choices without one', [M, begin('m', 1)], { id: 'm', announced: true }],
  ])('I2: is what came of it: %s', (_, operations, told) => {
    const assembler = new Assembler(optionsOf())
    for (const operation of operations) assembler.receive({ operations: [operation] })
    expect(assembler.progress).toEqual({ ...NOTHING, ...told })
  })

  it('I2: is not forgotten of a message that is final', () => {
    const assembler = new Assembler(optionsOf({ many: true }))
    for (const operation of [M, fail]) assembler.receive({ operations: [operation] })
    assembler.reopen(2)
    expect(assembler.progress).toEqual({ ...NOTHING, id: 'm', announced: true, failed: true })
  })

  it('I5: is how it would end now', () => {
    const assembler = new Assembler(optionsOf())
    const outlook = (...operations: Operation[]): string => {
      for (const operation of operations) assembler.receive({ operations: [operation] })
      const outcome = assembler.outlook({ kind: 'truncated' })
      return 'error' in outcome ? `${outcome.kind}: ${outcome.error.class}` : outcome.kind
    }
    expect([outlook(), outlook(M), outlook(soft), outlook(fail)]).toEqual([
      'failed: network',
      'truncated: network',
      'complete',
      'failed: overloaded',
    ])
  })
})

describe('a message that another stream begins anew', () => {
  it('I2: starts once more, with one reset, under the number of the stream', () => {
    const { message, events } = through([
      M,
      ...text('0', 'old'),
      { stream: 3 },
      'restart',
      'restart',
      M,
      ...text('0', 'new'),
      ...END,
    ])
    expect(texts(message)).toEqual(['new'])
    expect(message.attempt).toBe(3)
    expect(types(events).filter((type) => type === 'start' || type === 'reset')).toEqual(['start', 'reset', 'start'])
    expect(message.anomalies.map(({ kind }) => kind)).toEqual(['restarted'])
  })

  it('I4: has an anomaly for each of those that it replaced, with what that had', () => {
    const again = ['one', 'two', 'three'].flatMap((said, at): Step[] =>
      at === 0 ? [M, ...text('0', said)] : [{ stream: at + 1 }, 'restart', M, ...text('0', said)],
    )
    const { message } = through([...again, ...END])
    expect(texts(message)).toEqual(['three'])
    expect(message.anomalies).toMatchObject([
      { kind: 'restarted', detail: 'm', content: [{ text: 'one' }] },
      { kind: 'restarted', detail: 'm', content: [{ text: 'two' }] },
    ])
    const unnamed = through([...text('0', 'one'), { stream: 2 }, 'restart', ...text('0', 'two')]).message.anomalies
    expect(unnamed.filter(({ kind }) => kind === 'restarted')).toMatchObject([
      { detail: '', content: [{ text: 'one' }] },
    ])
  })

  it('I2: is no further attempt if nothing had come of the one before', () => {
    const others = [begin('n'), begin('o'), begin('p')]
    const { message } = through([M, ...others, { stream: 2 }, 'restart', { stream: 3 }, 'restart', M, ...END])
    expect(message.attempt).toBe(5)
  })

  it('I2: does not touch one that is final', () => {
    const { messages, events } = through([M, ...text('0', 'a'), hard, { stream: 2 }, 'restart', begin('n'), hard], {
      many: true,
    })
    expect(messages.map(({ id, attempt }) => [id, attempt])).toEqual([
      ['m', 1],
      ['n', 2],
    ])
    expect(types(events)).not.toContain('reset')
  })

  it('I3: remembers nothing that was held of the one before', () => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const say = (said: string): Operation => append('t', 'text', said)
    const held = [M, say('a'), stop('end_turn'), say('held'), { stream: 2 }, 'restart'] as const
    expect(texts(through([...held, M, say('b'), stop('end_turn'), soft], options).message)).toEqual(['b'])
    const untold = [M, patch('0', 'tool_call', { name: 'f' }), { stream: 2 }, 'restart'] as const
    expect(texts(through([...untold, M, say('b'), stop('end_turn'), soft], options).message)).toEqual(['b'])
  })
})

describe('what the next stream means', () => {
  const start = { type: 'message_start', message: { id: 'msg', role: 'assistant', content: [] } }
  const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  const say = (said: string): JsonObject => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: said },
  })
  const busy = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
  const end = [{ type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' }]
  const chunk = (content: string, finish_reason: string | null = null): JsonObject => ({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content }, finish_reason }],
  })

  function folded(first: readonly JsonObject[], second: readonly JsonObject[], asked = false): [string, number] {
    const fold = new Fold()
    const events = first.flatMap((event) => fold.receive(event))
    events.push(...fold.outlook({ kind: 'truncated' }).events)
    fold.nextStream(2, asked)
    events.push(...second.flatMap((event) => fold.receive(event)), ...fold.end({ kind: 'complete' }))
    const [message = expect.fail('there is no message')] = fold.messages
    return [texts(message).join('|'), types(events).filter((type) => type === 'reset').length]
  }

  it('I3: is the same message once more if it begins under its id, and that can be compared', () => {
    expect(folded([start, block, say('a')], [start, block, say('ab'), ...end])).toEqual(['ab', 0])
    expect(folded([chunk('a')], [chunk('ab', 'stop')])).toEqual(['ab', 1])
    const created = { type: 'response.created', response: { id: 'r' } }
    const item = {
      type: 'response.output_item.added',
      output_index: 0,
      item: { type: 'message', id: 'i', content: [] },
    }
    const at = { item_id: 'i', output_index: 0, content_index: 0 }
    const part = { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '' } }
    const delta = (said: string): JsonObject => ({ type: 'response.output_text.delta', ...at, delta: said })
    expect(folded([created, item, part, delta('a')], [created, item, part, delta('ab')])).toEqual(['ab', 0])
  })

  it('I3: is another message after an error, whatever its id', () => {
    expect(folded([start, block, say('a'), busy], [start, block, say('ab'), ...end])).toEqual(['ab', 1])
  })

  it('I5: brings the message to no end if nothing comes of it after an error, though the reason had been known', () => {
    const fold = new Fold()
    for (const event of [start, block, say('a'), ...end.slice(0, 1), busy]) fold.receive(event)
    expect(fold.outlook({ kind: 'complete' }).outcome.kind).toBe('failed')
    fold.nextStream(2, false)
    fold.end({ kind: 'truncated', message: 'ECONNREFUSED' })
    expect(fold.messages).toMatchObject([{ outcome: { kind: 'truncated' }, content: [{ text: 'a' }] }])
  })

  it('I3: is the rest of the message if it begins none, and had begun with its event, or was asked for', () => {
    expect(folded([start, block, say('a')], [say('b'), ...end])).toEqual(['ab', 0])
    expect(folded([block, say('a')], [say('b'), ...end])).toEqual(['b', 1])
    expect(folded([block, say('a')], [say('b'), ...end], true)).toEqual(['ab', 0])
  })
})
