/** The rules of streams, before the machine: what is read of bytes and events, and in which dialect, that no other test would miss. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'

interface Folded {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  readonly fold: Fold
}

/** Lines as they are; anything else as the data of an event. */
function sse(...events: readonly (string | JsonObject)[]): string {
  return events.map((one) => (typeof one === 'string' ? one : `data: ${JSON.stringify(one)}\n\n`)).join('')
}

function ended(fold: Fold, events: readonly TurnEvent[]): Folded {
  const all = [...events, ...fold.end({ kind: 'complete' })]
  const { messages } = fold
  return { message: messages[0] ?? expect.fail('there is no message'), messages, events: all, fold }
}

function foldText(body: string, options: FoldOptions = {}): Folded {
  const fold = new Fold(options)
  return ended(fold, fold.push(body))
}

function foldEvents(events: readonly unknown[], options: FoldOptions = {}): Folded {
  const fold = new Fold(options)
  return ended(
    fold,
    events.flatMap((event) => fold.receive(event)),
  )
}

const kindsOf = ({ anomalies }: AssistantMessage): string[] => anomalies.map(({ kind }) => kind)
const textOf = ({ content }: AssistantMessage): string =>
  content.map((block) => ('text' in block ? (block.text ?? '') : `[${block.type}]`)).join('|')

const start = (more: JsonObject = {}): JsonObject => ({
  type: 'message_start',
  message: { id: 'msg', type: 'message', role: 'assistant', model: 'm', content: [], ...more },
})
const block = (content_block: JsonObject, index = 0): JsonObject => ({
  type: 'content_block_start',
  index,
  content_block,
})
const delta = (own: JsonObject, index = 0): JsonObject => ({ type: 'content_block_delta', index, delta: own })
const say = (text: string, index = 0): JsonObject => delta({ type: 'text_delta', text }, index)
const write = (partial_json: string, index = 0): JsonObject => delta({ type: 'input_json_delta', partial_json }, index)
const stopBlock = (index = 0): JsonObject => ({ type: 'content_block_stop', index })
const stopped = (stop_reason: JsonValue): JsonObject => ({ type: 'message_delta', delta: { stop_reason } })
const OVER: JsonObject = { type: 'message_stop' }
const END = [stopped('end_turn'), OVER]
const TEXT = [block({ type: 'text', text: '' }), say('ab'), stopBlock()]
const CALL = block({ type: 'tool_use', id: 'x', name: 'f', input: {} })

describe('the dialect of a stream', () => {
  const foreign = (size = 0): JsonObject => ({ hello: 'x'.repeat(size) })
  const many = (count: number, size = 0): JsonObject[] => Array.from({ length: count }, () => foreign(size))
  const dialectOf = (...events: JsonObject[]): string =>
    foldText(sse(...events, start(), ...TEXT, ...END)).message.dialect

  it('is waited for as long as eight events', () => {
    expect(dialectOf(...many(8))).toBe('anthropic-messages')
    expect(dialectOf(...many(9))).toBe('unknown')
  })

  it('is waited for as long as 64 KB, of which the last event does not count', () => {
    expect(dialectOf(...many(2, 40_000))).toBe('anthropic-messages')
    expect(dialectOf(...many(3, 40_000))).toBe('unknown')
    expect(dialectOf(foreign(100_000))).toBe('anthropic-messages')
  })

  it('I4: changes nothing about what came before it was known', () => {
    const { message } = foldText(sse('data: {"cut\n\n', start(), ...TEXT, ...END))
    expect(message.anomalies).toMatchObject([{ kind: 'malformed_event', detail: '{"cut' }])
    expect(textOf(message)).toBe('ab')
  })

  it('I5: does not matter to an error line, which ends the stream before it is known', () => {
    const fold = new Fold()
    fold.push('error: {"message":"too busy"}\n\n')
    expect(fold.isTerminal).toBe(true)
    const { message } = ended(fold, fold.push(sse(start(), ...TEXT, ...END)))
    expect(message).toMatchObject({ outcome: { kind: 'failed', error: { message: 'too busy' } }, content: [] })
  })

  it('I4: if it was not found leaves what comes then to be counted', () => {
    const lateOf = (count: number): number => foldText(sse(...many(count))).fold.anomalies[0]?.count ?? 0
    expect(lateOf(11) - lateOf(9)).toBe(2)
  })
})

describe('an event that cannot be read', () => {
  const around = (line: string): Folded =>
    foldText(sse(start(), CALL, write('{"a":'), line, write('1}'), stopBlock(), stopped('tool_use'), OVER))

  it('I6: is noted with its text, and its call is not handed out', () => {
    const { message, events } = around('data: {"type":"content\n\n')
    expect(message.anomalies).toMatchObject([{ kind: 'malformed_event', detail: '{"type":"content' }])
    expect(message.content).toMatchObject([{ arguments: '{"a":1}', state: 'invalid' }])
    expect(events.map(({ type }) => type)).not.toContain('tool_call')
  })

  it('I6: that is a comment, or blank, is none: the call is whole', () => {
    for (const line of ['data: : keep-alive\n\n', 'data: \n\n', 'data:\n\n', ': keep-alive\n\n']) {
      const { message } = around(line)
      expect(message.content, line).toMatchObject([{ state: 'complete', input: { a: 1 } }])
    }
    expect(kindsOf(around('data: : keep-alive\n\n').message)).toEqual(['comment_as_data'])
    expect(kindsOf(around('data: \n\n').message)).toEqual([])
  })

  it('I6: since it is nested too deep is one too', () => {
    const deep = (levels: number): string => `data: {"type":"x","v":${'['.repeat(levels)}${']'.repeat(levels)}}\n\n`
    for (const levels of [1000, 100_000]) {
      const { message } = around(deep(levels))
      expect(kindsOf(message), String(levels)).toEqual(['malformed_event'])
      expect(message.content).toMatchObject([{ state: 'invalid' }])
    }
  })

  it('I6: since the stream was cut in it is cut: the call is partial, not invalid', () => {
    const { message } = foldText(sse(start(), CALL, write('{"a":'), 'data: {"type":"content'))
    expect(message.anomalies).toMatchObject([{ kind: 'cut_event', detail: '{"type":"content' }])
    expect(message.content).toMatchObject([{ state: 'partial' }])
  })

  it('I4: may go on in lines that are no field, as many as sixteen', () => {
    const lines = (count: number): string => {
      const rest = Array.from({ length: count }, (_, at) => `${at}`).join('\n,')
      return `data: {"type":"x","v":[\n${rest}\n]}\n\n`
    }
    expect(kindsOf(around(lines(15)).message)).toEqual(['unknown_event'])
    expect(kindsOf(around(lines(16)).message)).toEqual(['malformed_event'])
  })

  it('I5: since it is longer than the limit fails what there is', () => {
    const body = sse(start(), ...TEXT, `data: ${'x'.repeat(2000)}\n\n`, ...END)
    const { message } = foldText(body, { limits: { eventLength: 1000 } })
    expect(message).toMatchObject({ outcome: { kind: 'failed', error: { class: 'limit' } } })
    expect(textOf(message)).toBe('ab')
  })
})

describe('a body that is no stream', () => {
  it('I5: is failed, with its first 4 KB', () => {
    const { message } = foldText(`<html>${'x'.repeat(10_000)}\n</html>`)
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed' } })
    const body = message.outcome.kind === 'failed' ? message.outcome.error.body : ''
    expect(typeof body === 'string' ? [body.slice(0, 6), body.length] : body).toEqual(['<html>', 4096])
  })

  it('I5: is failed by an error line in the middle too, with what came before', () => {
    const { message } = foldText(sse(start(), ...TEXT, 'error: upstream is gone\n\n', ...END))
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'upstream is gone' } })
    expect(textOf(message)).toBe('ab')
  })
})

describe('the event that begins an Anthropic message', () => {
  const filled = {
    content: [{ type: 'text', text: 'all' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 3, output_tokens: 9 },
  }

  it('I7: tells nothing but what was known when it began, since an SDK may have changed it since', () => {
    const cut = foldEvents([start(filled), block({ type: 'text', text: '' }), say('a')]).message
    expect(textOf(cut)).toBe('a')
    expect(cut).toMatchObject({ stop: { raw: null }, outcome: { kind: 'truncated' }, usage: { inputTokens: 3 } })
    expect(cut.usage).not.toHaveProperty('outputTokens')
    expect(cut.wire).not.toHaveProperty('content')
    expect(cut.rawUsage).toEqual({ input_tokens: 3 })
  })

  it('I3: takes back no count that came since, if it comes again', () => {
    const first = start({ usage: { input_tokens: 3 } })
    const counted = { type: 'message_delta', delta: {}, usage: { input_tokens: 50, output_tokens: 9 } }
    const { usage, rawUsage } = foldEvents([first, ...TEXT, counted, first, ...TEXT, ...END]).message
    expect([usage, rawUsage]).toEqual([
      { inputTokens: 50, outputTokens: 9 },
      { input_tokens: 50, output_tokens: 9 },
    ])
  })

  it('I7: holds the whole answer if nothing but its end follows, as it was when it came', () => {
    const message = { id: 'msg', role: 'assistant', ...structuredClone(filled) }
    const fold = new Fold()
    const events = [...fold.receive({ type: 'message_start', message })]
    message.content = [{ type: 'text', text: 'changed since' }]
    const made = ended(fold, [...events, ...fold.receive({ type: 'ping' }), ...fold.receive(OVER)]).message
    expect([textOf(made), made.stop.reason, made.usage.outputTokens]).toEqual(['all', 'end_turn', 9])
  })

  it('I7: does not hold it if anything of a block has come', () => {
    for (const between of [[block({ type: 'text', text: '' })], [say('ab')], [stopBlock()]]) {
      expect(textOf(foldEvents([start(filled), ...between, ...END]).message)).not.toContain('all')
    }
  })
})

describe('Anthropic events', () => {
  it('I5: end with message_stop at once, and name a reason only if it says something', () => {
    const fold = new Fold()
    for (const event of [start(), ...TEXT, stopped(''), stopped(null)]) fold.receive(event)
    expect([fold.isTerminal, fold.snapshot().stop.raw]).toEqual([false, null])
    fold.receive(OVER)
    expect(fold.isTerminal).toBe(true)
  })

  it('I4: open their blocks, so that a delta without an opening is noted', () => {
    expect(kindsOf(foldEvents([start(), say('a'), stopBlock(), ...END]).message)).toEqual(['unopened_block'])
  })

  it('I3: that come again after their stop reason, without a begin, go on', () => {
    const { message } = foldEvents([start(), TEXT[0], say('ab'), stopped('end_turn'), say('ab'), OVER])
    expect(textOf(message)).toBe('abab')
  })
})

describe('chat chunks', () => {
  const chunk = (choice: JsonObject, more: JsonObject = {}): JsonObject => ({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: {}, finish_reason: null, ...choice }],
    ...more,
  })
  const said = (content: string, index = 0): JsonObject => chunk({ index, delta: { content } })

  it('I4: may name another id, which is noted', () => {
    const { message } = foldEvents([
      said('a'),
      { ...said('b'), id: 'd' },
      chunk({ finish_reason: 'stop' }, { id: 'd' }),
    ])
    expect(message).toMatchObject({ id: 'c', wire: { id: 'd' } })
    expect(kindsOf(message)).toEqual(['id_changed'])
  })

  it('I5: end one choice each: a finish of one is none of another', () => {
    const { messages } = foldEvents([said('a', 0), said('b', 1), chunk({ index: 0, finish_reason: 'stop' })])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'truncated'])
  })

  it('I5: fail one choice if only that has an error', () => {
    const error = { message: 'too busy' }
    const events = [said('a', 0), said('b', 1), chunk({ index: 1, error }), chunk({ finish_reason: 'stop' })]
    const { messages } = foldEvents([...events])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'failed'])
  })

  it('I6: of any choice may be the one that cannot be read: no call that was open then is handed out', () => {
    const called = (index: number, own: JsonObject): JsonObject =>
      chunk({ index, delta: { tool_calls: [{ index: 0, ...own }] } })
    const opened = (index: number, text: string): JsonObject =>
      called(index, { id: `c${index}`, function: { name: 'f', arguments: text } })
    const more = (index: number, text: string): JsonObject => called(index, { function: { arguments: text } })
    const ends = [0, 1].map((index) => chunk({ index, finish_reason: 'tool_calls' }))
    for (const lost of ['data: {"id":"c","choi\n\n', 'data: 12\n\n']) {
      const pieces = [opened(0, '{"a":'), opened(1, '{"a":1'), lost, more(0, '1}'), more(1, '2}')]
      const { messages, events } = foldText(sse(...pieces, ...ends, 'data: [DONE]\n\n'))
      expect(messages.map(({ content }) => content)).toMatchObject([[{ state: 'invalid' }], [{ state: 'invalid' }]])
      expect(messages.map(kindsOf)).toEqual([['malformed_event'], ['malformed_event']])
      expect(events.map(({ type }) => type)).not.toContain('tool_call')
    }
    const odd: readonly JsonObject[] = [{ delta: 'stray' }, { delta: { tool_calls: 'stray' } }]
    for (const own of odd) {
      const pieces = [
        opened(0, '{"a":'),
        opened(1, '{"a":1'),
        chunk({ index: 1, ...own }),
        more(0, '1}'),
        more(1, '2}'),
      ]
      const { messages } = foldText(sse(...pieces, ...ends, 'data: [DONE]\n\n'))
      expect(messages.map(({ content }) => content)).toMatchObject([[{ state: 'complete' }], [{ state: 'invalid' }]])
    }
  })

  it('is noted to lack its mark where that would have come, and not where an SDK keeps it', () => {
    const events = [said('a'), chunk({ finish_reason: 'stop' })]
    expect(kindsOf(foldText(sse(...events)).message)).toEqual(['missing_terminal'])
    expect(kindsOf(foldEvents(events).message)).toEqual([])
    expect(kindsOf(foldEvents([start(), ...TEXT, stopped('end_turn')]).message)).toEqual(['missing_terminal'])
  })
})

describe('Responses events', () => {
  const part = { item_id: 'i', output_index: 0, content_index: 0 }
  const item = (text: string): JsonObject => ({ type: 'message', id: 'i', content: [{ type: 'output_text', text }] })
  const begun = [
    { type: 'response.created', response: { id: 'r' } },
    { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'i', content: [] } },
    { type: 'response.content_part.added', ...part, part: { type: 'output_text', text: '' } },
    { type: 'response.output_text.delta', ...part, delta: 'a' },
  ]
  const textDone = (text: string): JsonObject => ({ type: 'response.output_text.done', ...part, text })
  const itemDone = (text: string): JsonObject => ({
    type: 'response.output_item.done',
    output_index: 0,
    item: item(text),
  })
  const over = (text: string): JsonObject => ({
    type: 'response.completed',
    response: { id: 'r', status: 'completed', output: [item(text)] },
  })
  const folded = (...events: JsonObject[]): string => textOf(foldEvents([...begun, ...events]).message)

  it('I7: count the more the more they are about, in whatever order they come', () => {
    expect(folded(itemDone('item'), textDone('text'))).toBe('item')
    expect(folded(textDone('text'), itemDone('item'))).toBe('item')
    expect(folded(itemDone('item'), over('whole'))).toBe('whole')
  })

  it('I2: of another response that replaces one are about items of its own, also where no item has an id', () => {
    const nameless = (id: string, text: string): JsonObject[] => [
      { type: 'response.created', response: { id } },
      { type: 'response.output_item.added', output_index: 0, item: { type: 'message', content: [] } },
      {
        type: 'response.content_part.added',
        output_index: 0,
        content_index: 0,
        part: { type: 'output_text', text: '' },
      },
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: text },
    ]
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'new' }] }]
    const last = { type: 'response.completed', response: { id: 's', status: 'completed', output } }
    const { message } = foldEvents([...nameless('r', 'old'), ...nameless('s', 'new'), last])
    expect(textOf(message)).toBe('new')
    expect(Object.keys(message.wire['items'] ?? {})).toEqual(['0'])
  })

  it('I3: that come again after their stop reason, without a begin, go on', () => {
    const more = { type: 'response.output_text.delta', ...part, delta: 'a' }
    expect(folded(more, more)).toBe('aaa')
  })
})

describe('the option raw', () => {
  it('I2: gives the event as it came, and shares nothing with it', () => {
    const first = start()
    const fold = new Fold({ raw: true })
    const [event] = fold.receive(first)
    Object.assign(first, { message: {} })
    expect(event).toMatchObject({ type: 'start', raw: start() })
    const plain = new Fold()
    expect(plain.receive(start())[0]).not.toHaveProperty('raw')
  })
})
