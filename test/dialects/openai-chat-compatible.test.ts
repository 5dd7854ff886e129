/**
 * What servers that speak chat completions do beyond OpenAI: groups 5 and 11 of the quirks, one row each, told by what stands on the wire.
 */
import { describe, expect, it } from 'vitest'
import { assemble, createAssembler, toNative, type AssistantMessage } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import type { StopReason, Usage } from '../../src/message.ts'
import type { ProviderEvent } from '../support/wire.ts'
import { chatWire } from '../support/wires.ts'
import { call, calls, chunk, DONE, envelope, finish, text } from './openai-chat-chunks.ts'
import { callRows, handedOut, kindsOf, run, textOf, type CallRow } from './run.ts'

function thinkingOf({ content }: AssistantMessage): string {
  return content.map((block) => (block.type === 'thinking' ? block.text : '')).join('')
}

function messageIn(native: unknown): JsonObject {
  return Object(native).choices[0].message
}

function details(...entries: readonly JsonObject[]): JsonObject {
  return chunk({ reasoning_details: [...entries] })
}

describe('usage', () => {
  const counts = { prompt_tokens: 9, completion_tokens: 4 }
  const rows: readonly { name: string; events: readonly ProviderEvent[]; usage: Usage }[] = [
    {
      name: 'quirk 5.01: of Kimi stands in the choice',
      events: [text('Hi'), chunk({}, { finish_reason: 'stop', usage: counts })],
      usage: { inputTokens: 9, outputTokens: 4 },
    },
    {
      name: 'quirk 5.11: of Groq stands under x_groq',
      events: [text('Hi'), finish('stop', { x_groq: { id: 'req_1', usage: counts } })],
      usage: { inputTokens: 9, outputTokens: 4 },
    },
    {
      name: 'quirk 5.10: of MiniMax is a placeholder of zeros until the end, and never erases',
      events: [
        { ...text('H'), usage: { total_tokens: 0, total_characters: 0 } },
        { ...text('i'), usage: counts },
        finish('stop', { usage: { prompt_tokens: 0, completion_tokens: 0 } }),
      ],
      usage: { inputTokens: 9, outputTokens: 4 },
    },
    {
      name: 'quirk 5.18: on every chunk is what it is so far, and not summed',
      events: [
        { ...text('H'), usage: { prompt_tokens: 9, completion_tokens: 1 } },
        { ...text('i'), usage: { prompt_tokens: 9, completion_tokens: 4 } },
        finish('stop'),
      ],
      usage: { inputTokens: 9, outputTokens: 4 },
    },
    {
      name: 'quirk 5.28: comes in a chunk that has no choices at all',
      events: [text('Hi'), finish('stop'), { id: 'chatcmpl_1', object: 'chat.completion.chunk', usage: counts }],
      usage: { inputTokens: 9, outputTokens: 4 },
    },
    {
      name: 'quirk 5.30: of xAI comes in a chunk of no choices',
      events: [text('Hi'), finish('stop'), envelope({ choices: [], usage: counts })],
      usage: { inputTokens: 9, outputTokens: 4 },
    },
    { name: 'quirk 5.32: that never came is unknown, and not 0', events: [text('Hi'), finish('stop')], usage: {} },
    {
      name: 'quirk 9: of DeepSeek names the cache its own way',
      events: [
        text('Hi'),
        finish('stop', { usage: { ...counts, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 3 } }),
      ],
      usage: { inputTokens: 9, outputTokens: 4, cacheReadTokens: 6 },
    },
  ]
  it.each(rows)('$name', ({ events, usage }) => {
    const { message } = run(chatWire, [...events, DONE])
    expect(message.usage).toEqual(usage)
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(textOf(message)).toBe('Hi')
  })

  it('quirk 5.18: on every chunk of several choices is told each of them once, at the end', () => {
    const both = (n: number, reason: string | null = null): JsonObject =>
      envelope({
        choices: [0, 1].map((index) => ({ index, delta: { content: `${n}` }, finish_reason: reason })),
        usage: { prompt_tokens: 3, completion_tokens: n },
      })
    const { messages, events } = run(chatWire, [both(1), both(2), both(0), both(4, 'stop'), DONE])
    for (const { usage, key } of messages) {
      expect(usage).toEqual({ inputTokens: 3, outputTokens: 4 })
      expect(events.filter(({ type, message }) => type === 'usage' && message === key)).toHaveLength(1)
    }
    const cut = run(chatWire, [both(1), both(2), both(0)])
    expect(cut.messages.map(({ usage }) => usage)).toEqual([1, 2].map(() => ({ inputTokens: 3, outputTokens: 2 })))
  })
})

describe('reasoning', () => {
  const rows: readonly {
    name: string
    events: readonly ProviderEvent[]
    thinking: string
    native: JsonObject
    text?: string
  }[] = [
    {
      name: 'quirk 5.02: of Kimi goes back under reasoning_content, also beside a call',
      events: [chunk({ reasoning_content: 'Let' }), calls(call(0, 'list:0', 'list', '{}')), finish('tool_calls')],
      thinking: 'Let',
      native: { reasoning_content: 'Let' },
    },
    {
      name: 'quirk 5.04: of DeepSeek goes back under reasoning_content in a plain answer',
      events: [chunk({ content: null, reasoning_content: 'Let' }), chunk({ content: 'Hi', reasoning_content: null })],
      thinking: 'Let',
      native: { reasoning_content: 'Let', content: 'Hi' },
      text: 'Hi',
    },
    {
      name: 'quirk 5.17: of vLLM comes and goes back as reasoning',
      events: [chunk({ reasoning: 'Let' }), chunk({ reasoning: ' me' })],
      thinking: 'Let me',
      native: { reasoning: 'Let me' },
    },
    {
      name: 'quirk 5.17, quirk 11.04: under two names at once counts once, under the first',
      events: [chunk({ reasoning: 'Let', reasoning_content: 'Let' })],
      thinking: 'Let',
      native: { reasoning_content: 'Let' },
    },
    {
      name: 'quirk 11.05: in a chunk of nothing else is no empty chunk',
      events: [chunk({ content: '', reasoning_content: 'a' }), chunk({ content: 'Hi' })],
      thinking: 'a',
      native: { reasoning_content: 'a', content: 'Hi' },
      text: 'Hi',
    },
    {
      name: 'quirk 11.11: in many deltas is one block',
      events: ['User', ' wants', ' it'].map((piece) => chunk({ reasoning_content: piece })),
      thinking: 'User wants it',
      native: { reasoning_content: 'User wants it' },
    },
    {
      name: 'quirk 5.14: in details is joined by index and type, the signature of the last, which has no text',
      events: [
        details({ type: 'reasoning.text', text: 'Let', index: 0, format: 'anthropic-claude-v1' }),
        details({ type: 'reasoning.text', text: ' me', index: 0 }),
        details({ type: 'reasoning.text', signature: 'Et8', index: 0 }),
      ],
      thinking: 'Let me',
      native: {
        reasoning_details: [
          { type: 'reasoning.text', text: 'Let me', index: 0, format: 'anthropic-claude-v1', signature: 'Et8' },
        ],
      },
    },
    {
      name: 'quirk 5.14: in details of other indexes or types is kept apart',
      events: [
        details(
          { type: 'reasoning.summary', summary: 'a', index: 0 },
          { type: 'reasoning.encrypted', data: 'x', index: 1, id: 'rs_1' },
        ),
        details(
          { type: 'reasoning.summary', summary: 'b', index: 0 },
          { type: 'reasoning.encrypted', data: 'y', index: 0 },
        ),
      ],
      thinking: 'ab',
      native: {
        reasoning_details: [
          { type: 'reasoning.summary', summary: 'ab', index: 0 },
          { type: 'reasoning.encrypted', data: 'x', index: 1, id: 'rs_1' },
          { type: 'reasoning.encrypted', data: 'y', index: 0 },
        ],
      },
    },
    {
      name: 'quirk 5.14: in details without an index is never joined',
      events: [
        details({ type: 'reasoning.text', text: 'a' }),
        details({ type: 'reasoning.text', text: 'b', signature: 's' }),
      ],
      thinking: 'ab',
      native: {
        reasoning_details: [
          { type: 'reasoning.text', text: 'a' },
          { type: 'reasoning.text', text: 'b', signature: 's' },
        ],
      },
    },
    {
      name: 'quirk 5.14: in details beside reasoning is not doubled, and both go back',
      events: [chunk({ reasoning: 'a', reasoning_details: [{ type: 'reasoning.text', text: 'a', index: 0 }] })],
      thinking: 'a',
      native: { reasoning: 'a', reasoning_details: [{ type: 'reasoning.text', text: 'a', index: 0 }] },
    },
    {
      name: 'quirk 5.13: of Mistral stands in a list of parts, between which text goes on',
      events: [
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }] }] }),
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'b' }], signature: 's' }] }),
        chunk({ content: [{ type: 'text', text: 'Hi' }] }),
        chunk({ content: ' you' }),
        chunk({ content: [{ type: 'reference', reference_ids: [1] }] }),
        chunk({ content: '.' }),
      ],
      thinking: 'ab',
      text: 'Hi you.',
      native: {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'ab' }], signature: 's' },
          { type: 'text', text: 'Hi you' },
          { type: 'reference', reference_ids: [1] },
          { type: 'text', text: '.' },
        ],
      },
    },
  ]
  it.each(rows)('$name', ({ events, thinking, native, text: expected = '' }) => {
    const { message } = run(chatWire, [...events, DONE])
    expect(thinkingOf(message)).toBe(thinking)
    expect(textOf(message)).toBe(expected)
    const own = messageIn(toNative(message))
    for (const field of ['reasoning', 'reasoning_content', 'reasoning_details']) {
      expect(own[field], field).toEqual(native[field])
    }
    if ('content' in native) expect(own.content).toEqual(native.content)
    expect(toNative(JSON.parse(JSON.stringify(message)))).toEqual(toNative(message))
  })

  it('quirk 5.14, quirk 11.06: signature and encrypted data of details are the block’s, in several pieces too', () => {
    const { message } = run(chatWire, [
      details({ type: 'reasoning.text', text: 'a', index: 0 }),
      details({ type: 'reasoning.text', signature: 'one', index: 0 }),
      details({ type: 'reasoning.text', signature: '', index: 0 }),
      details({ type: 'reasoning.encrypted', data: 'AB', index: 1 }),
      details({ type: 'reasoning.encrypted', data: 'CD', index: 1 }),
      text('Hi'),
      finish('stop'),
      DONE,
    ])
    expect(message.content).toMatchObject([
      { type: 'thinking', text: 'a', signature: 'one', encrypted: 'ABCD' },
      { type: 'text', text: 'Hi' },
    ])
  })

  it('quirk 5.14: details that a proxy sends once more after the finish are there once', () => {
    const sent = [details({ type: 'reasoning.text', text: 'a', index: 0 }), text('Hi'), finish('stop')]
    const clean = run(chatWire, [...sent, DONE]).message
    const again = run(chatWire, [...sent, ...sent.slice(1), DONE]).message
    expect(toNative(again)).toEqual(toNative(clean))
  })

  it('quirk 5.13: a reference is a citation of the text', () => {
    const { message } = run(chatWire, [
      chunk({
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'reference', reference_ids: [3] },
        ],
      }),
      finish('stop'),
      DONE,
    ])
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Hi', citations: [{ type: 'reference', reference_ids: [3] }] },
    ])
    expect(messageIn(toNative(message)).annotations).toBeUndefined()
  })

  it('I4: a whole answer has its details and its list of parts', async () => {
    const reasoningDetails = [{ type: 'reasoning.text', text: 'a', signature: 's', index: 0 }]
    const message = { role: 'assistant', content: 'Hi', reasoning: 'a', reasoning_details: reasoningDetails }
    const whole = envelope({ object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] })
    const folded = await assemble(JSON.stringify(whole)).message()
    expect(folded.content).toMatchObject([{ type: 'thinking', text: 'a', signature: 's' }, { text: 'Hi' }])
    expect(toNative(folded)).toEqual(whole)
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'a' }] },
      { type: 'text', text: 'Hi' },
    ]
    const listed = envelope({
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    })
    expect(toNative(await assemble(JSON.stringify(listed)).message())).toEqual(listed)
  })
})

describe('calls', () => {
  const rows: readonly { name: string; events: readonly ProviderEvent[]; calls: readonly CallRow[] }[] = [
    {
      name: 'quirk 5.03: of Kimi are told apart within the message alone',
      events: [calls(call(0, 'list:0', 'list', '{"a":1}')), calls(call(1, 'list:1', 'list', '{"a":2}'))],
      calls: [
        { id: 'list:0', name: 'list', input: { a: 1 } },
        { id: 'list:1', name: 'list', input: { a: 2 } },
      ],
    },
    {
      name: 'quirk 5.05: of Qwen have an empty id after their first delta',
      events: [calls(call(0, 'c1', 'f', '{"a"')), calls(call(0, '', null, ':1}'))],
      calls: [{ id: 'c1', name: 'f', input: { a: 1 } }],
    },
    {
      name: 'quirk 5.07: of GLM come whole in one chunk after a silence',
      events: [chunk({ role: 'assistant' }), calls(call(0, 'c1', 'f', '{"a":1}'))],
      calls: [{ id: 'c1', name: 'f', input: { a: 1 } }],
    },
    {
      name: 'quirk 5.09: of MiniMax have an object as arguments',
      events: [calls(call(0, 'c1', 'f', { a: 1 }))],
      calls: [{ id: 'c1', name: 'f', input: { a: 1 } }],
    },
    {
      name: 'quirk 5.30: of Grok all have the index 0',
      events: [calls(call(0, 'a', 'f', '{"a":1}')), calls(call(0, 'b', 'f', '{"a":2}'))],
      calls: [
        { id: 'a', name: 'f', input: { a: 1 } },
        { id: 'b', name: 'f', input: { a: 2 } },
      ],
    },
    {
      name: 'I6: of Mistral come all in one chunk, without an index',
      events: [calls(call(undefined, 'a', 'f', '{"a":1}'), call(undefined, 'b', 'g', '{"a":2}'))],
      calls: [
        { id: 'a', name: 'f', input: { a: 1 } },
        { id: 'b', name: 'g', input: { a: 2 } },
      ],
    },
    {
      name: 'I6: of Mistral say "null" for an id that there is not',
      events: [calls(call(0, 'a', 'f', '{"a":')), calls(call(0, 'null', '', '1}'))],
      calls: [{ id: 'a', name: 'f', input: { a: 1 } }],
    },
    {
      name: 'quirk 5.20: whose arguments end early are invalid, and not {}',
      events: [calls(call(0, 'c1', 'f', '{"a":"b'))],
      calls: [{ id: 'c1', name: 'f', input: 'invalid' }],
    },
    {
      name: 'quirk 10.01: are never repaired',
      events: [calls(call(0, 'c1', 'f', '{"path":"/etc/hosts","dry_run":tr'))],
      calls: [{ id: 'c1', name: 'f', input: 'invalid' }],
    },
    {
      name: 'quirk 10.03: whose arguments are no object are invalid, and not {}',
      events: [calls(call(0, 'c1', 'f', '["a"]'))],
      calls: [{ id: 'c1', name: 'f', input: 'invalid' }],
    },
    {
      name: 'quirk 10.09: are not begun with {} before their arguments come',
      events: [calls(call(0, 'c1', 'f', '')), calls(call(0, undefined, undefined, '{"a":1}'))],
      calls: [{ id: 'c1', name: 'f', input: { a: 1 } }],
    },
  ]
  it.each(rows)('$name', ({ events, calls: expected }) => {
    const folded = run(chatWire, [...events, finish('tool_calls'), DONE])
    expect(callRows(folded.message)).toEqual(expected)
    expect(handedOut(folded)).toEqual(expected.filter(({ input }) => typeof input === 'object'))
  })

  it('quirk 5.08: of GLM end with what repeats id and name, and has the finish reason too', () => {
    const last = chunk({ tool_calls: [call(0, 'c1', 'f', '}')] }, { finish_reason: 'tool_calls' })
    const folded = run(chatWire, [calls(call(0, 'c1', 'f', '{"a":1')), last, DONE])
    expect(handedOut(folded)).toEqual([{ id: 'c1', name: 'f', input: { a: 1 } }])
    expect(kindsOf(folded.message)).toEqual([])
  })

  it('quirk 5.31, quirk 11.10: of Gemini’s endpoint keep their signature', () => {
    const signed = { ...call(undefined, 'c1', 'f', '{}'), extra_content: { google: { thought_signature: 'sig' } } }
    const { message } = run(chatWire, [calls(signed), finish('tool_calls'), DONE])
    expect(messageIn(toNative(message)).tool_calls).toEqual([{ ...signed, function: { name: 'f', arguments: '{}' } }])
  })

  it('quirk 10.10, quirk 10.11: a whole one in an answer cut by length is whole, and not handed out', () => {
    const folded = run(chatWire, [
      calls(call(0, 'a', 'f', '{"a":1}')),
      calls(call(1, 'b', 'g', '{"a":')),
      finish('length'),
      DONE,
    ])
    expect(callRows(folded.message).map(({ input }) => input)).toEqual([{ a: 1 }, 'partial'])
    expect(handedOut(folded)).toEqual([])
  })

  it('quirk 10.12: arguments that come after the finish reason are part of the call', () => {
    const late = calls(call(0, undefined, undefined, '"b"}'))
    const folded = run(chatWire, [calls(call(0, 'c1', 'f', '{"a":')), finish('tool_calls'), late, DONE])
    expect(handedOut(folded)).toEqual([{ id: 'c1', name: 'f', input: { a: 'b' } }])
  })
})

describe('the end', () => {
  const rows: readonly { reason: string; stop: StopReason; outcome?: string; source: string }[] = [
    { reason: 'model_length', stop: 'context_window', source: 'Mistral' },
    { reason: 'error', stop: 'error', outcome: 'failed', source: 'Mistral, OpenRouter' },
    { reason: 'insufficient_system_resource', stop: 'error', outcome: 'failed', source: 'DeepSeek' },
    { reason: 'sensitive', stop: 'content_filter', source: 'Z.AI' },
    { reason: 'network_error', stop: 'error', outcome: 'failed', source: 'Z.AI' },
    { reason: 'model_context_window_exceeded', stop: 'context_window', source: 'Z.AI' },
    { reason: 'eos_token', stop: 'end_turn', source: 'Text Generation Inference' },
    { reason: 'stop_sequence', stop: 'stop_sequence', source: 'Text Generation Inference' },
    { reason: 'eos', stop: 'end_turn', source: 'Together' },
    { reason: 'abort', stop: 'error', outcome: 'failed', source: 'vLLM, SGLang' },
    { reason: 'STOP', stop: 'end_turn', source: 'Gemini’s endpoint' },
    { reason: 'who knows', stop: 'unknown', source: 'nobody' },
  ]
  it.each(rows)('I4: $reason of $source is $stop', ({ reason, stop, outcome = 'complete' }) => {
    const { message } = run(chatWire, [text('Hi'), finish(reason), DONE])
    expect(message.stop).toEqual({ reason: stop, raw: reason, sequence: null })
    expect(message.outcome.kind).toBe(outcome)
  })

  it.each(['network_error', 'error'])(
    'quirk 5.16: a stop that OpenRouter’s upstream calls %s is a failure',
    (native) => {
      const { message } = run(chatWire, [
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: '' }, { finish_reason: 'stop', native_finish_reason: native }),
        DONE,
      ])
      expect(message.outcome.kind).toBe('failed')
      expect(message.stop).toMatchObject({ reason: 'error', raw: 'stop' })
      expect(Object(toNative(message)).choices[0]).toMatchObject({
        finish_reason: 'stop',
        native_finish_reason: native,
      })
    },
  )

  it('quirk 5.16: another word of the upstream changes nothing, and is no finish by itself', () => {
    const native = { native_finish_reason: 'STOP' }
    const done = run(chatWire, [text('Hi'), chunk({}, { finish_reason: 'stop', ...native }), DONE]).message
    expect([done.outcome.kind, done.stop.reason]).toEqual(['complete', 'end_turn'])
    const cut = run(chatWire, [text('Hi'), chunk({}, { native_finish_reason: 'error' })]).message
    expect([cut.outcome.kind, cut.stop.raw]).toEqual(['truncated', null])
  })

  it('quirk 5.15: an error beside a finish of OpenRouter ends the answer as failed and keeps it', () => {
    const { message } = run(chatWire, [
      text('Hel'),
      {
        ...chunk({ content: '' }, { finish_reason: 'error' }),
        error: { code: 'server_error', message: 'Provider disconnected' },
      },
    ])
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { message: 'Provider disconnected', retryable: true },
    })
    expect(textOf(message)).toBe('Hel')
  })

  it('quirk 5.12: what Groq could not parse as a call is kept as evidence', () => {
    const error = { message: 'Failed to call a function', type: 'invalid_request_error', code: 'tool_use_failed' }
    const failedGeneration = '<function=f>{"a":</function>'
    const { message } = run(chatWire, [{ error: { ...error, failed_generation: failedGeneration } }])
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'invalid_request', retryable: false, body: { error: { failed_generation: failedGeneration } } },
    })
  })

  it('quirk 5.21: a choice that SGLang gives no finish reason of its own is complete by [DONE]', () => {
    const choice = (index: number, reason: string | null): JsonObject => ({
      index,
      delta: { content: `${index}` },
      finish_reason: reason,
    })
    const { messages } = run(chatWire, [
      envelope({ choices: [choice(0, null)] }),
      envelope({ choices: [choice(1, 'stop')] }),
      DONE,
    ])
    expect(messages.map(({ outcome, stop }) => [outcome.kind, stop.raw])).toEqual([
      ['complete', null],
      ['complete', 'stop'],
    ])
  })

  it('quirk 5.25: LM Studio’s repeated finish is one', () => {
    const { message } = run(chatWire, [text('Hi'), finish('stop'), finish('stop'), DONE])
    expect(textOf(message)).toBe('Hi')
    expect(kindsOf(message)).toEqual(['repeated_stop'])
  })

  it('quirk 5.26: Azure’s prelude names neither the id nor the model', () => {
    const prelude = { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [{ index: 0 }] }
    const { message } = run(chatWire, [prelude, text('Hi'), finish('stop'), DONE])
    expect(message).toMatchObject({ id: 'chatcmpl_1', idSource: 'wire', model: 'model-1' })
    expect(Object(toNative(message)).prompt_filter_results).toEqual([{ index: 0 }])
  })

  it('quirk 5.27: Azure’s late verdicts have no delta, and clear no finish', () => {
    const verdict = {
      id: '',
      object: '',
      created: 0,
      model: '',
      choices: [
        {
          index: 0,
          finish_reason: null,
          logprobs: null,
          content_filter_offsets: { check_offset: 44, end_offset: 198 },
        },
      ],
    }
    const { message } = run(chatWire, [text('Hi'), finish('stop'), verdict, DONE])
    expect(message.stop.raw).toBe('stop')
    expect(kindsOf(message)).toEqual([])
    expect(Object(toNative(message)).choices[0].content_filter_offsets).toEqual({ check_offset: 44, end_offset: 198 })
  })

  it('quirk 5.28: Together’s text beside a delta is not added', () => {
    const both = envelope({ choices: [{ index: 0, text: '"', delta: { token_id: 1264, content: '"' } }] })
    const { message } = run(chatWire, [both, finish('length'), DONE])
    expect(textOf(message)).toBe('"')
  })

  it('quirk 5.29: what Perplexity repeats with every chunk is there once, by its last value', () => {
    const more = (n: number): JsonObject => ({
      citations: ['a', 'b'].slice(0, n),
      usage: { completion_tokens: n, search_context_size: 'low' },
    })
    const { message } = run(chatWire, [
      { ...text('H'), ...more(1) },
      { ...text('i'), ...more(2) },
      finish('stop', more(2)),
      DONE,
    ])
    expect(message.wire.citations).toEqual(['a', 'b'])
    expect(message.rawUsage).toEqual({ completion_tokens: 2, search_context_size: 'low' })
  })

  it('quirk 5.22: llama.cpp’s first delta has null as content', () => {
    const { message } = run(chatWire, [chunk({ role: 'assistant', content: null }), text('Hi'), finish('stop'), DONE])
    expect(textOf(message)).toBe('Hi')
    expect(kindsOf(message)).toEqual([])
  })
})

describe('answers that come together', () => {
  const answer = (id: string, content: string): JsonObject[] => [
    { ...chunk({ role: 'assistant', content: '' }), id },
    { ...text(content), id },
    { ...finish('stop'), id },
  ]
  const both = [...answer('a', 'one'), ...answer('b', 'two')]

  const together: readonly (readonly [string, readonly ProviderEvent[]])[] = [
    ['after [DONE]', [...answer('a', 'one'), DONE, ...answer('b', 'two'), DONE]],
    ['after a finish', both],
  ]
  it.each(together)('I2: %s another id begins the next message of a source of many', (_name, events) => {
    const { messages } = run(chatWire, events, { many: true })
    expect(messages.map((message) => [message.key, message.id, textOf(message), message.outcome.kind])).toEqual([
      ['turn/0', 'a', 'one', 'complete'],
      ['turn/1', 'b', 'two', 'complete'],
    ])
  })

  it('I2: without that option the second is noted, once, and ignored', () => {
    const { messages, anomalies } = run(chatWire, both)
    expect(messages.map(textOf)).toEqual(['one'])
    expect(anomalies).toEqual([
      { kind: 'second_message', detail: 'b' },
      { kind: 'late_event', count: 3 },
    ])
  })

  it.each([
    ['ids that change with every chunk', both.map((event, at) => ({ ...event, id: `${at}` }))],
    ['a repeated finish under another id', [...answer('a', 'one'), { ...finish('stop'), id: 'b' }]],
    [
      'a last chunk under another id, which says the role and the finish',
      [text('one'), { ...chunk({ role: 'assistant', content: '' }, { finish_reason: 'stop' }), id: 'b' }],
    ],
  ])('quirk 3.25: %s is no second message', (_name, events) => {
    const { messages, anomalies } = run(chatWire, [...events, DONE], { many: true })
    expect(messages).toHaveLength(1)
    expect(anomalies).toEqual([])
  })

  it('I5: two whole messages with a finish each, in chunks that do not say what they are, are two choices', () => {
    const whole = (index: number, content: string): JsonObject => ({
      id: 'a',
      choices: [{ index, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    })
    const { messages } = run(chatWire, [whole(0, 'one'), whole(1, 'two')])
    expect(messages.map((message) => [textOf(message), message.outcome.kind])).toEqual([
      ['one', 'complete'],
      ['two', 'complete'],
    ])
    expect(messages.flatMap(kindsOf)).toEqual([])
  })

  it('quirk 3.26: an index that counts the pieces of one answer, beside chunks without one, is no choice', () => {
    const piece = (index: number | undefined, delta: JsonObject, reason: string | null = null): JsonObject =>
      envelope({ choices: [{ ...(index === undefined ? {} : { index }), delta, finish_reason: reason }] })
    const { messages } = run(chatWire, [
      piece(undefined, { role: 'assistant', content: '' }),
      piece(0, { content: 'Hel' }),
      piece(1, { content: 'lo' }, 'stop'),
      DONE,
    ])
    expect(messages.map(textOf)).toEqual(['Hello'])
    expect(messages.flatMap(kindsOf)).toEqual(['choice_ignored'])
  })

  it('I4: an index of 0 that is left out does not make one choice of two', () => {
    const { messages } = run(chatWire, [
      envelope({ choices: [{ delta: { content: 'a' }, finish_reason: 'stop' }] }),
      envelope({ choices: [{ index: 1, delta: { content: 'b' }, finish_reason: 'stop' }] }),
      DONE,
    ])
    expect(messages.map(textOf)).toEqual(['a', 'b'])
  })
})

it('quirk 10.02: a preview of cut arguments never becomes a call', () => {
  const assembler = createAssembler({ dialect: 'openai-chat' })
  const sent = calls(call(0, 'c1', 'rm', '{"path":"/","dry_run":tr'))
  const events = [...assembler.receive(sent), ...assembler.receive(finish('tool_calls')), ...assembler.receive(DONE)]
  events.push(...assembler.end({ kind: 'complete' }))
  expect(events.filter(({ type }) => type === 'tool_call')).toEqual([])
  expect(assembler.message().content).toMatchObject([{ state: 'invalid', arguments: '{"path":"/","dry_run":tr' }])
  expect(assembler.message().content[0]).not.toHaveProperty('input')
})

it('I4: one choice without the list around it is told to be chat', async () => {
  const lines = [{ delta: { content: 'Hi' } }, { delta: {}, finish_reason: 'stop' }]
  const body = lines.map((choices) => `data: ${JSON.stringify({ id: 'a', choices })}\n\n`).join('')
  const message = await assemble(`${body}data: [DONE]\n\n`).message()
  expect([message.dialect, textOf(message), message.outcome.kind]).toEqual(['openai-chat', 'Hi', 'complete'])
})
