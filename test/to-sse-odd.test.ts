import { describe, expect, it } from 'vitest'
import { fold, MisuseError, toAnswer, toSse, type AssistantMessage, type ContentBlock } from '../src/index.ts'
import type { JsonObject } from '../src/json.ts'
import type { CompleteToolCall } from '../src/message.ts'
import { foldedAnswer, foldedStream, WRITABLE } from './support/written.ts'

const COMPLETE = { kind: 'complete' } as const

function message(content: readonly ContentBlock[], more: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    key: 'turn/0',
    id: 'turn/0',
    idSource: 'minted',
    turn: 'turn',
    attempt: 1,
    dialect: 'gemini',
    content,
    stop: { reason: 'end_turn', raw: 'STOP', sequence: null },
    outcome: COMPLETE,
    usage: {},
    anomalies: [],
    wire: {},
    ...more,
  }
}

function text(value: string): ContentBlock {
  return { type: 'text', text: value, wire: {} }
}

function call(ordinal: number, input: JsonObject): CompleteToolCall {
  const key = `turn/0#${ordinal}`
  const fields = {
    type: 'tool_call',
    key,
    id: key,
    idSource: 'minted',
    name: 'read',
    origin: 'client',
    wire: {},
  } as const
  return { ...fields, arguments: JSON.stringify(input), state: 'complete', input }
}

function textOf({ content }: AssistantMessage): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}

function deltasOf(events: readonly string[]): readonly string[] {
  return events.filter((event) => /"text_delta"|output_text\.delta|"content":"[^"]/.test(event))
}

it.each<[string, unknown]>([
  ['without an outcome', { dialect: 'openai-chat', content: [] }],
  ['whose blocks are none', { dialect: 'openai-chat', content: [5], outcome: COMPLETE }],
  ['whose content is a text', { dialect: 'openai-chat', content: 'hello', outcome: COMPLETE }],
  ['without a dialect', { content: [], outcome: COMPLETE }],
])('what is no message is refused: one %s', (_, given) => {
  for (const taker of [toSse, toAnswer]) {
    expect(() => taker(given as AssistantMessage)).toThrow(expect.objectContaining({ code: 'bad_argument' }))
  }
})

describe.each(WRITABLE)('an odd message as %s', (to) => {
  it('without any content is a whole stream', async () => {
    for (const again of [await foldedStream([message([])], to), await foldedAnswer([message([])], to)]) {
      expect(again).toMatchObject([{ content: [], outcome: COMPLETE, stop: { reason: 'end_turn' }, anomalies: [] }])
    }
  })

  it.each([
    ['half a surrogate pair', `a\ud83d b \ude00c${'\ud83d'.repeat(60)}`],
    ['nothing but surrogate pairs', '😀'.repeat(500)],
    ['line feeds and what ends an event', 'data: [DONE]\n\nevent: error\r\n\r\n\u2028\0'],
    ['blanks only', ' '.repeat(100)],
  ])('keeps a text with %s', async (_what, value) => {
    const [again] = await foldedStream([message([text(value)])], to)
    expect(again === undefined ? '' : textOf(again)).toBe(value)
  })

  it('cuts a text into deltas that are whole characters, behind a blank where there is one', () => {
    const emoji = deltasOf(toSse(message([text('😀'.repeat(500))]), to))
    expect(emoji.length).toBeGreaterThan(20)
    for (const event of emoji) expect(event).not.toMatch(/\\ud8/)
    const words = deltasOf(toSse(message([text('word '.repeat(100))]), to))
    expect(words.length).toBeGreaterThan(10)
    for (const event of words) expect(event).toMatch(/(word )+"/)
  })

  it('keeps the input of calls as it is, __proto__ included, under ids of the characters that providers take', async () => {
    const input: JsonObject = JSON.parse('{"__proto__":{"a":1},"constructor":[],"é😀":"\\ud83d","n":1e300}')
    const given = message([call(0, input), call(1, {})], { stop: { reason: 'tool_calls', raw: null, sequence: null } })
    for (const [again] of [await foldedStream([given], to), await foldedAnswer([given], to)]) {
      const calls = (again?.content ?? []).filter((block) => block.type === 'tool_call')
      expect(calls.map((one) => (one.state === 'complete' ? JSON.stringify(one.input) : one.state))).toEqual([
        JSON.stringify(input),
        '{}',
      ])
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
      for (const { id, idSource } of calls) expect([idSource, id]).toEqual(['wire', expect.stringMatching(/^[\w-]+$/)])
      expect(again?.stop.reason).toBe('tool_calls')
    }
  })

  it('keeps the ids that the provider gave', async () => {
    const given = message([{ ...call(0, { a: 1 }), id: 'functions.read:0', idSource: 'wire' }], {
      id: 'x1',
      idSource: 'wire',
    })
    const [again] = await foldedStream([given], to)
    expect(again).toMatchObject({ id: 'x1', content: [{ id: 'functions.read:0', input: { a: 1 } }] })
  })

  it('leaves out what only its provider knows, and never makes up a signature', async () => {
    const given = message([
      { type: 'thinking', text: 'hm', signature: 'of another', wire: {} },
      { type: 'thinking', text: '', redacted: true, encrypted: 'secret', wire: {} },
      { type: 'media', data: 'AAAA', wire: {} },
      { type: 'other', wire: { type: 'hologram' } },
      { type: 'text', text: 'so', citations: [{ url: 'x' }], wire: {} },
    ])
    for (const [again] of [await foldedStream([given], to), await foldedAnswer([given], to)]) {
      const content = again?.content.map(({ wire: _wire, ...block }) => block)
      expect(content?.map(({ type }) => type)).toEqual(['thinking', 'text'])
      expect(JSON.stringify(content)).not.toMatch(/of another|secret|hologram|"url"/)
      expect(content?.[0]).not.toHaveProperty('signature')
    }
    expect(toSse(given, to).join('')).not.toMatch(/of another|secret/)
  })

  it('tells what a provider ran as far as the form has a place for it', async () => {
    const ran: CompleteToolCall = { ...call(0, { q: 'x' }), origin: 'provider', id: 'p1', idSource: 'wire' }
    const given = message([ran, { type: 'tool_result', callId: 'p1', content: { rows: 2 }, wire: {} }, text('two')])
    const [again] = await foldedStream([given], to)
    const calls = again?.content.filter((block) => block.type === 'tool_call') ?? []
    expect(again?.stop.reason).toBe('end_turn')
    expect(calls.map(({ origin, name }) => [origin, name])).toEqual(to === 'openai-chat' ? [] : [['provider', 'read']])
    expect(
      toSse(given, to)
        .join('')
        .includes(String.raw`{\"rows\":2}`),
    ).toBe(to !== 'openai-chat')
  })

  it.each(['partial', 'invalid'] as const)('never makes a %s call into one that can be run', async (state) => {
    const { input: _input, ...withoutInput } = call(0, {})
    const stop = { reason: state === 'partial' ? 'max_tokens' : 'tool_calls', raw: null, sequence: null } as const
    const given = message([{ ...withoutInput, arguments: '{"path": "/etc', state }], { stop })
    for (const [again] of [await foldedStream([given], to), await foldedAnswer([given], to)]) {
      expect(again?.content).toMatchObject([{ type: 'tool_call', arguments: '{"path": "/etc' }])
      expect(again?.content[0]).not.toHaveProperty('input')
    }
  })

  it('says of a stream that was cut, given up or timed out that it has no end', async () => {
    const error = { class: 'network', retryable: true, message: 'reset' } as const
    const outcomes = [
      { kind: 'truncated', by: 'reset', error },
      { kind: 'aborted', by: 'caller' },
      { kind: 'timed_out', budget: 'idle', silenceMs: 1 },
    ] as const
    for (const outcome of outcomes) {
      const stop = { reason: 'unknown', raw: null, sequence: null } as const
      const [again] = await foldedStream([message([text('half a sen')], { outcome, stop })], to)
      expect(again).toMatchObject({ outcome: { kind: 'truncated' }, content: [{ text: 'half a sen' }] })
    }
  })

  it.each(['rate_limit', 'overloaded', 'context_overflow', 'auth', 'invalid_request'] as const)(
    'says of one that failed with %s the same, after what had come and before anything came',
    async (which) => {
      const outcome = {
        kind: 'failed',
        error: {
          class: which,
          retryable: false,
          message: 'no',
          body: { type: 'error', error: { type: 'of another' } },
        },
      } as const
      const stop = { reason: 'unknown', raw: null, sequence: null } as const
      for (const content of [[text('half')], []]) {
        const [again] = await foldedStream([message(content, { outcome, stop, dialect: 'ollama' })], to)
        expect(again).toMatchObject({ outcome: { kind: 'failed', error: { class: which, message: 'no' } } })
        expect(again === undefined ? '' : textOf(again)).toBe(content.length === 0 ? '' : 'half')
      }
    },
  )

  it('writes megabytes of text and of input in at most some thousand events', async () => {
    const [long, input] = ['some words 😀 '.repeat(400_000), { long: 'some words 😀 '.repeat(40_000) }]
    const stop = { reason: 'tool_calls', raw: null, sequence: null } as const
    const events = toSse(message([text(long), call(0, input)], { stop }), to)
    expect(events.length).toBeLessThan(3000)
    const again = await fold(events, { dialect: to, turn: 'turn' })
    expect(textOf(again) === long).toBe(true)
    const [made] = again.content.flatMap((block) => (block.type === 'tool_call' ? [block.arguments] : []))
    expect(made === JSON.stringify(input)).toBe(true)
  })
})

describe('the choices of an answer', () => {
  const choice = (at: number, value: string): AssistantMessage =>
    message([text(value)], { key: `turn/${at}`, id: 'one', idSource: 'wire' })

  it('stand in one chat answer', async () => {
    const choices = [choice(0, 'first'), choice(1, 'second')] as const
    for (const again of [await foldedStream(choices, 'openai-chat'), await foldedAnswer(choices, 'openai-chat')]) {
      expect(again.map(textOf)).toEqual(['first', 'second'])
      expect(again.map(({ anomalies }) => anomalies)).toEqual([[], []])
    }
  })

  it.each([
    ['in a form with one message', () => toSse([choice(0, 'a'), choice(1, 'b')], 'anthropic-messages')],
    ['in a whole form with one message', () => toAnswer([choice(0, 'a'), choice(1, 'b')], 'openai-responses')],
    [
      'of an agent, one after the other',
      () => toSse([choice(0, 'a'), { ...choice(1, 'b'), id: 'two' }], 'openai-chat'),
    ],
    ['given twice', () => toSse([choice(0, 'a'), choice(0, 'a')], 'openai-chat')],
    ['none', () => toSse([], 'openai-chat')],
  ])('are refused: %s', (_what, write) => {
    expect(write).toThrow(MisuseError)
  })

  it('a dialect that is only read is refused by the name of what there is', () => {
    const write = (): unknown => toSse(message([]))
    expect(write).toThrow('toSse does not write gemini; name one of anthropic-messages, openai-chat, openai-responses')
  })
})
