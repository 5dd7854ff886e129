/** Ollama's lines, as rows: what it sends and what the message says. */
import { describe, expect, it } from 'vitest'
import { assemble, fold, toNative } from '../../src/index.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage, StopReason } from '../../src/message.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { callRows, kindsOf, textOf } from './run.ts'

const HEAD = { model: 'qwen3', created_at: '2026-01-01T00:00:00Z' }
const line = (message: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...HEAD,
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...more,
})
const done = (message: JsonObject = {}, more: JsonObject = {}): JsonObject =>
  line(message, { done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 3, ...more })
const call = (name: string, args: JsonValue, more: JsonObject = {}): JsonObject => ({
  ...more,
  function: { name, arguments: args },
})

async function of(...events: readonly JsonValue[]): Promise<AssistantMessage<'ollama'>> {
  return fold(events, { dialect: 'ollama' })
}

async function live(...events: readonly JsonValue[]): Promise<TurnEvent[]> {
  const seen: TurnEvent[] = []
  for await (const event of assemble(events, { dialect: 'ollama' })) seen.push(event)
  return seen
}

describe('Ollama is found', () => {
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[] }[] = [
    { name: 'by a line of a chat', events: [line({ content: 'Hi' })] },
    { name: 'by a line of a completed prompt', events: [{ ...HEAD, response: 'Hi', done: false }] },
    { name: 'by its last line', events: [done()] },
    { name: 'by how far an image is', events: [{ ...HEAD, completed: 1, total: 4, done: false }] },
  ]
  it.each(rows)('$name, in lines, in an event stream and as objects', async ({ events }) => {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('')
    const sse = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
    for (const source of [lines, sse, events]) expect((await fold(source)).dialect).toBe('ollama')
  })

  it('in no answer of another dialect, and in no error', async () => {
    const others: readonly JsonObject[] = [
      { error: 'model "x" not found' },
      { status: 'pulling manifest', completed: 1, total: 4 },
      { choices: [{ delta: { content: 'Hi' } }], model: 'm' },
      { content: 'Hi', stop: false, tokens_predicted: 1 },
      { done: true },
      { message: { role: 'assistant', content: [] }, finish_reason: 'COMPLETE', id: 'x' },
    ]
    for (const event of others) expect((await fold([event])).dialect).not.toBe('ollama')
  })
})

describe('a stop of Ollama', () => {
  const rows: readonly (readonly [string, StopReason])[] = [
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['load', 'end_turn'],
    ['unload', 'end_turn'],
    ['novel', 'unknown'],
  ]
  it.each(rows)('I5: %s is %s', async (raw, reason) => {
    const message = await of(line({ content: 'Hi' }), done({}, { done_reason: raw }))
    expect(message.stop).toEqual({ raw, reason, sequence: null })
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(message.usage).toEqual({ inputTokens: 7, outputTokens: 3 })
  })

  it('I5: an older server gives no reason, and says that it is done', async () => {
    const message = await of(line({ content: 'Hi' }), { ...line({}), done: true })
    expect([message.outcome.kind, message.stop.raw, kindsOf(message)]).toEqual(['complete', null, ['missing_stop']])
  })

  it('I5: a line that is not the last completes nothing, whatever it says', async () => {
    const message = await of(line({ content: 'Hi' }, { done_reason: 'stop', eval_count: 3 }))
    expect([message.outcome.kind, message.stop.raw]).toEqual(['truncated', null])
    const odd = await of(line({ content: 'Hi' }, { done: 'true' }))
    expect([odd.outcome.kind, kindsOf(odd)]).toEqual(['truncated', ['malformed_event']])
  })

  it('I5: an error in a line of its own fails the answer, which keeps its text', async () => {
    const message = await of(line({ content: 'Half' }), { error: 'unexpected EOF' }, done())
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'unexpected EOF' } })
    expect(textOf(message)).toBe('Half')
  })

  it('I3: a last line that comes again changes nothing', async () => {
    const once = await of(line({ content: 'Hi' }), done())
    const turn = assemble([line({ content: 'Hi' }), done(), done()], { dialect: 'ollama' })
    const { timing: _again, ...twice } = await turn.message()
    const { timing: _once, ...clean } = once
    expect(twice).toEqual(clean)
  })
})

describe('what Ollama writes', () => {
  it('quirk 5.23: tool calls in the last line are read before it ends the answer', async () => {
    const events = [line({ content: 'Hm' }), done({ tool_calls: [call('get_weather', { city: 'Oslo' })] })]
    const message = await of(...events)
    expect(callRows(message)).toMatchObject([{ name: 'get_weather', input: { city: 'Oslo' } }])
    expect(message.stop).toMatchObject({ reason: 'tool_calls', raw: 'stop' })
    expect((await live(...events)).filter(({ type }) => type === 'tool_call')).toHaveLength(1)
  })

  it('quirk 5.24: tool calls in an earlier line count, although the last one says stop', async () => {
    const events = [line({ tool_calls: [call('a', {}, { id: 'call_1' })] }), line({ content: '' }), done()]
    const message = await of(...events)
    expect(callRows(message)).toEqual([{ id: 'call_1', name: 'a', input: {} }])
    expect(message.stop).toMatchObject({ reason: 'tool_calls', raw: 'stop' })
    const types = (await live(...events)).map(({ type }) => type)
    expect(types.filter((type) => type === 'tool_call')).toHaveLength(1)
    expect((await live(...events.slice(0, 2))).map(({ type }) => type)).not.toContain('tool_call')
  })

  it('quirk 3.19: arguments are an object, and a call without them is a call without input', async () => {
    const calls = [
      call('a', { x: [1, { y: null }] }),
      call('b', '{"z":1}'),
      call('c', null),
      { function: { name: 'd' } },
    ]
    const message = await of(line({ tool_calls: calls }), done())
    expect(callRows(message).map(({ input }) => input)).toEqual([{ x: [1, { y: null }] }, { z: 1 }, {}, {}])
  })

  it('I6: arguments that are no object are never handed out', async () => {
    const events = [line({ tool_calls: [call('a', [1]), call('b', '{"z"'), call('', {})] }), done()]
    expect(callRows(await of(...events)).map(({ input }) => input)).toEqual(['invalid', 'invalid', 'invalid'])
    expect((await live(...events)).filter(({ type }) => type === 'tool_call')).toEqual([])
  })

  it('I6: a call in an answer that was cut is whole, and not handed out', async () => {
    const events = [line({ tool_calls: [call('a', { x: 1 })] }), done({}, { done_reason: 'length' })]
    expect((await live(...events)).filter(({ type }) => type === 'tool_call')).toEqual([])
  })

  it('quirk 3.11: several calls whose index is always 0 are several, and so are two that are equal', async () => {
    const zero = (x: number): JsonObject => ({ function: { index: 0, name: 'a', arguments: { x } } })
    const message = await of(line({ tool_calls: [zero(1)] }), line({ tool_calls: [zero(2), zero(2)] }), done())
    expect(callRows(message).map(({ input }) => input)).toEqual([{ x: 1 }, { x: 2 }, { x: 2 }])
  })

  it('I3: a call that comes again under its id is one', async () => {
    const again = line({ tool_calls: [call('a', { x: 1 }, { id: 'call_1' })] })
    const message = await of(again, again, done())
    expect([callRows(message).length, kindsOf(message)]).toEqual([1, ['duplicate_call']])
  })

  it('quirk 11.07: thinking comes before the text of its line, whatever the order of the fields', async () => {
    const message = await of(line({ content: 'Hi', thinking: 'Hm' }), done())
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
  })

  it('I4: a text may look like the tags of thinking, and stays text', async () => {
    const message = await of(line({ content: '<think>a</think>b' }), done())
    expect(textOf(message)).toBe('<think>a</think>b')
  })

  it('I4: images are media, of either endpoint', async () => {
    const chat = await of(line({ images: ['QUE=', 'QkI='] }), done())
    expect(chat.content).toMatchObject([
      { type: 'media', data: 'QUE=' },
      { type: 'media', data: 'QkI=' },
    ])
    expect(toNative(chat)).toMatchObject({ message: { images: ['QUE=', 'QkI='] } })
    const generated = await of({ ...HEAD, completed: 1, total: 1, done: false }, { ...HEAD, image: 'QUE=', done: true })
    expect(toNative(generated)).toMatchObject({ image: 'QUE=', completed: 1, total: 1, done: true })
  })

  it('I4: fields that nobody knows are kept, and given back where they were', async () => {
    const message = await of(
      line({ content: 'Hi', mood: 'good' }, { remote_model: 'm' }),
      done({}, { load_duration: 9 }),
    )
    expect(toNative(message)).toEqual({
      ...HEAD,
      message: { role: 'assistant', content: 'Hi', mood: 'good' },
      remote_model: 'm',
      done: true,
      done_reason: 'stop',
      load_duration: 9,
      prompt_eval_count: 7,
      eval_count: 3,
    })
  })

  it('I4: log probabilities are joined', async () => {
    const one = (token: string): JsonObject => ({ logprobs: [{ token, logprob: -1 }] })
    const message = await of(line({ content: 'a' }, one('a')), line({ content: 'b' }, one('b')), done())
    expect(toNative(message)).toMatchObject({ logprobs: [{ token: 'a' }, { token: 'b' }] })
  })

  it('I4: what is no line is noted, and nothing else is lost', async () => {
    const message = await of(
      line({ content: 'H' }),
      { status: 'ok' },
      line({ content: 7, tool_calls: [7] }),
      line({ content: 'i' }),
      done(),
    )
    expect([textOf(message), kindsOf(message)]).toEqual(['Hi', ['unknown_event', 'malformed_event', 'malformed_event']])
  })

  it('I7: of what was cut the own form says that it is not done', async () => {
    const message = await of(line({ content: 'Ha' }))
    expect(toNative(message)).toEqual({ ...HEAD, message: { role: 'assistant', content: 'Ha' }, done: false })
  })
})

describe('another attempt of Ollama', () => {
  it('I2: is another answer, which takes the place of the first', async () => {
    const answers = [[line({ content: 'One ' })], [line({ content: 'Two' }), done()]]
    let opened = -1
    const open = (): readonly JsonObject[] => answers[(opened += 1)] ?? []
    const turn = assemble(open, { attempts: 2, dialect: 'ollama', random: () => 0 })
    const message = await turn.message()
    expect([message.outcome.kind, textOf(message), message.attempt]).toEqual(['complete', 'Two', 2])
  })
})
