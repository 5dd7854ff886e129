/** What is sent to OpenAI chat, DeepSeek and Kimi of messages of any dialect. */
import { describe, expect, it } from 'vitest'
import { isObject, parseJson, wordOf, type JsonObject } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock, Dialect } from '../../src/message.ts'
import { chatEncoder } from '../../src/transcript/encode/chat.ts'
import { importedMessage } from '../../src/transcript/import/message.ts'
import type { ToolOutput, UserMessage } from '../../src/transcript/items.ts'
import { callsOf, encodingFor, recordedMessage, recordedMessages } from './encoding-openai.ts'

const TARGETS = ['openai-chat', 'deepseek', 'kimi'] as const
type ChatTarget = (typeof TARGETS)[number]

function encode(message: AssistantMessage, target: ChatTarget) {
  const { context, leftOut } = encodingFor(target)
  return { messages: chatEncoder.assistant(message, context), leftOut }
}

function said(content: readonly ContentBlock[], dialect: Dialect = 'anthropic-messages'): AssistantMessage {
  return importedMessage({ key: 'm0', dialect, content })
}

const text = (words: string): ContentBlock => ({ type: 'text', text: words, wire: {} })
const thought = (words: string, more: Partial<Extract<ContentBlock, { type: 'thinking' }>> = {}): ContentBlock => ({
  type: 'thinking',
  text: words,
  wire: {},
  ...more,
})
const call = (args: string, more: Partial<Extract<ContentBlock, { state: 'complete' }>> = {}): ContentBlock => ({
  type: 'tool_call',
  key: 'm0#0',
  id: 'toolu_1',
  idSource: 'wire',
  name: 'f',
  arguments: args,
  origin: 'client',
  wire: {},
  state: 'complete',
  input: {},
  ...more,
})

interface Row {
  readonly recording: string
  readonly title: string
  readonly wanted: Readonly<Partial<Record<ChatTarget, JsonObject>>>
}

const weather = (id: string, args: string): JsonObject => ({
  id,
  type: 'function',
  function: { name: 'get_weather', arguments: args },
})

const ROWS: readonly Row[] = [
  {
    title: 'D1: reasoning goes back under the name that it came under',
    recording: 'openai-chat/thinking-and-text',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        content: 'The answer is 42.',
        reasoning_content: 'Let me think about it.\n',
      },
      deepseek: { role: 'assistant', content: 'The answer is 42.', reasoning_content: 'Let me think about it.\n' },
    },
  },
  {
    title: 'quirk 12.08: reasoning_details go back whole, and to Kimi as the text that they hold',
    recording: 'openai-chat/openrouter-reasoning-details',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        content: null,
        reasoning: 'Let me look.',
        reasoning_details: [
          {
            type: 'reasoning.text',
            format: 'anthropic-claude-v1',
            index: 0,
            text: 'Let me look.',
            signature: 'RXQ4Qmc=',
          },
        ],
        tool_calls: [weather('toolu_01', '{"city": "Paris"}')],
      },
      kimi: {
        role: 'assistant',
        content: null,
        reasoning_content: 'Let me look.',
        tool_calls: [weather('toolu_01', '{"city": "Paris"}')],
      },
    },
  },
  {
    title: 'D1: parts of content that are thinking are a field to DeepSeek, and parts to the server that sent them',
    recording: 'openai-chat/mistral-content-parts',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Two and two.' }] },
          { type: 'text', text: 'Four' },
          { type: 'reference', reference_ids: [1, 2] },
          { type: 'text', text: ', I think.' },
        ],
      },
      deepseek: { role: 'assistant', content: 'Four, I think.', reasoning_content: 'Two and two.' },
    },
  },
  {
    title: 'quirk 12.07: what stands beside a call goes back to the server that sent it, and to no other',
    recording: 'openai-chat/signature-beside-a-call',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            ...weather('fc-1', '{"city":"Oslo"}'),
            extra_content: { google: { thought_signature: 'EqQBCqEB' } },
          },
        ],
      },
      deepseek: { role: 'assistant', content: null, tool_calls: [weather('fc-1', '{"city":"Oslo"}')] },
    },
  },
  {
    title: 'O1: a custom call is text to OpenAI, and JSON to those that know functions only',
    recording: 'openai-chat/custom-tool',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_Custom1', type: 'custom', custom: { name: 'run_sql', input: 'SELECT count(*) FROM users;' } },
        ],
      },
      kimi: {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 'call_Custom1',
            type: 'function',
            function: { name: 'run_sql', arguments: '{"input":"SELECT count(*) FROM users;"}' },
          },
        ],
      },
    },
  },
  {
    title: 'O3: a refusal has a field at OpenAI, and is text elsewhere',
    recording: 'openai-chat/refusal',
    wanted: {
      'openai-chat': { role: 'assistant', content: null, refusal: "I'm sorry, I cannot help with that." },
      deepseek: { role: 'assistant', content: "I'm sorry, I cannot help with that." },
    },
  },
  {
    title: 'O3: a sound is named by its id, and is what was said in it to those that take none',
    recording: 'openai-chat/audio-with-transcript',
    wanted: {
      'openai-chat': { role: 'assistant', audio: { id: 'audio_1' } },
      kimi: { role: 'assistant', content: 'Hello there.' },
    },
  },
  {
    title: 'O1: the older function_call becomes a call with an id',
    recording: 'openai-chat/function-call',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        content: null,
        tool_calls: [weather('openai-chat/function-call/0#0', '{"city":"Oslo"}')],
      },
    },
  },
  {
    title: 'D1: thinking of the Anthropic dialect is plain text to DeepSeek and Kimi, and nothing to OpenAI',
    recording: 'anthropic-messages/thinking-and-text',
    wanted: {
      'openai-chat': { role: 'assistant', content: 'There are 10,080 minutes in a week.' },
      deepseek: {
        role: 'assistant',
        content: 'There are 10,080 minutes in a week.',
        reasoning_content: 'A day has 24 hours of 60 minutes, that is 1440. Seven days: 7 * 1440 = 10080.',
      },
      kimi: {
        role: 'assistant',
        content: 'There are 10,080 minutes in a week.',
        reasoning_content: 'A day has 24 hours of 60 minutes, that is 1440. Seven days: 7 * 1440 = 10080.',
      },
    },
  },
  {
    title: 'D1: thinking that was withheld is left out',
    recording: 'anthropic-messages/redacted-thinking',
    wanted: {
      deepseek: { role: 'assistant', content: 'The clause is one-sided: only the tenant pays for repairs.' },
    },
  },
  {
    title: 'B11: a call that was cut has empty arguments',
    recording: 'openai-responses/tool-input-cut-by-max-tokens',
    wanted: {
      'openai-chat': {
        role: 'assistant',
        tool_calls: [{ id: 'call_CutInput0', type: 'function', function: { name: 'delete_files', arguments: '{}' } }],
      },
    },
  },
]

describe('answers of the model', () => {
  const rows = ROWS.flatMap(({ title, recording, wanted }) =>
    TARGETS.flatMap((target) =>
      wanted[target] === undefined ? [] : [{ title, recording, target, wanted: wanted[target] }],
    ),
  )
  it.each(rows)('$title: $target', async ({ recording, target, wanted }) => {
    expect(encode(await recordedMessage(recording), target).messages).toEqual([wanted])
  })

  it('O1, O3: of each recording, every call of the client goes out as JSON, and what stays behind is told', async () => {
    const recorded = await recordedMessages(() => true)
    let calls = 0
    for (const { name, message } of recorded) {
      for (const target of TARGETS) {
        const { messages, leftOut } = encode(message, target)
        expect(messages.length, name).toBeLessThanOrEqual(1)
        const [sent = {}] = messages
        const own = callsOf(message).filter(({ block }) => block.origin === 'client')
        calls += own.length
        const sentCalls = Array.isArray(sent['tool_calls']) ? sent['tool_calls'].filter(isObject) : []
        expect(
          sentCalls.map(({ id }) => id),
          name,
        ).toEqual(own.map(({ id }) => id))
        for (const { function: body } of sentCalls) {
          if (isObject(body)) expect(isObject(parseJson(wordOf(body['arguments']))), name).toBe(true)
        }
        const lost = message.content.flatMap((block, ordinal) => {
          const isRunElsewhere =
            block.type === 'tool_result' || (block.type === 'tool_call' && block.origin === 'provider')
          return isRunElsewhere || block.type === 'other' ? [ordinal] : []
        })
        const told = leftOut.flatMap(({ what, block }) => (what === 'block' ? [block] : []))
        expect(told, name).toEqual(lost)
      }
    }
    expect(recorded.length).toBeGreaterThan(250)
    expect(calls).toBeGreaterThan(300)
  })

  it('O3: a message of which nothing is left is none, and says so', () => {
    const { messages, leftOut } = encode(said([thought('Hm.', { signature: 's' })]), 'openai-chat')
    expect(messages).toEqual([])
    expect(leftOut).toEqual([{ what: 'thinking', why: 'this API takes back only reasoning of its own', block: 0 }])
    expect(encode(said([thought('Hm.')]), 'deepseek')).toEqual({
      messages: [],
      leftOut: [{ what: 'thinking', why: 'the message has nothing else, and needs a content or calls' }],
    })
    expect(encode(said([]), 'kimi')).toEqual({ messages: [], leftOut: [] })
  })

  it('A6: where one thought of a message cannot be read, all of them stay behind', () => {
    const blocks = [
      thought('First.', { signature: 's' }),
      thought('', { encrypted: 'x', redacted: true }),
      text('Yes.'),
    ]
    const { messages, leftOut } = encode(said(blocks), 'deepseek')
    expect(messages).toEqual([{ role: 'assistant', content: 'Yes.' }])
    expect(leftOut).toEqual(
      [0, 1].map((block) => ({ what: 'thinking', why: 'part of it cannot be read by this provider', block })),
    )
  })

  it('K1: what is not there is not made up', () => {
    const { messages } = encode(said([call('')]), 'kimi')
    expect(messages).toEqual([
      {
        role: 'assistant',
        tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
    ])
  })

  it('O3: text that citations cut is one text, and what calls of the provider cut are paragraphs', () => {
    const search = call('{}', { origin: 'provider' })
    const { messages, leftOut } = encode(said([text('I look.'), search, text('It '), text('rains.')]), 'openai-chat')
    expect(messages).toEqual([{ role: 'assistant', content: 'I look.\n\nIt rains.' }])
    expect(leftOut).toEqual([{ what: 'block', why: 'another provider ran this call itself', block: 1, call: 'm0#0' }])
  })

  it('B11: a call that was cut is told by its key', () => {
    const { input: _input, ...cut } = call('{"a":', { key: 'm0#7' }) as Extract<ContentBlock, { state: 'complete' }>
    const { leftOut } = encode(said([{ ...cut, state: 'partial' }]), 'openai-chat')
    expect(leftOut).toEqual([{ what: 'arguments', why: 'the call is partial', call: 'm0#7' }])
  })

  it('R7: a call stands under the id that the projection gives it', async () => {
    const { context } = encodingFor('openai-chat')
    const message = await recordedMessage('openai-chat/parallel-tools')
    const [sent = {}] = chatEncoder.assistant(message, { ...context, idOf: ({ key }) => `of ${key}` })
    const ids = Array.isArray(sent['tool_calls']) ? sent['tool_calls'].filter(isObject).map(({ id }) => id) : []
    expect(ids).toEqual(callsOf(message).map(({ block }) => `of ${block.key}`))
    expect(ids.length).toBeGreaterThan(1)
  })
})

describe('what the user says', () => {
  const picture = { type: 'media', mediaType: 'image/png', data: 'AAAA' } as const
  const ROWS_OF_PARTS: readonly {
    readonly title: string
    readonly target: ChatTarget
    readonly content: UserMessage['content']
    readonly wanted: readonly JsonObject[]
    readonly lost?: readonly number[]
  }[] = [
    { title: 'text', target: 'kimi', content: 'Hi', wanted: [{ role: 'user', content: 'Hi' }] },
    {
      title: 'an image at OpenAI',
      target: 'openai-chat',
      content: [
        { type: 'text', text: 'Look' },
        picture,
        { type: 'media', mediaType: 'image/*', url: 'https://a.example/b' },
      ],
      wanted: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'image_url', image_url: { url: 'https://a.example/b' } },
          ],
        },
      ],
    },
    {
      title: 'sound and a document at OpenAI',
      target: 'openai-chat',
      content: [
        { type: 'media', mediaType: 'audio/mpeg', data: 'AAAA' },
        { type: 'media', mediaType: 'application/pdf', data: 'BBBB', name: 'a.pdf' },
        { type: 'media', mediaType: 'audio/ogg', data: 'AAAA' },
      ],
      wanted: [
        {
          role: 'user',
          content: [
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
          ],
        },
      ],
      lost: [2],
    },
    {
      title: 'an image at DeepSeek, which refuses all but text',
      target: 'deepseek',
      content: [{ type: 'text', text: 'Look' }, picture],
      wanted: [{ role: 'user', content: [{ type: 'text', text: 'Look' }] }],
      lost: [1],
    },
    { title: 'nothing but an image at DeepSeek', target: 'deepseek', content: [picture], wanted: [], lost: [0] },
    {
      title: 'an image and a video at Kimi, but no document',
      target: 'kimi',
      content: [
        picture,
        { type: 'media', mediaType: 'video/mp4', data: 'CCCC' },
        { type: 'media', mediaType: 'application/pdf', data: 'BBBB' },
      ],
      wanted: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'video_url', video_url: { url: 'data:video/mp4;base64,CCCC' } },
          ],
        },
      ],
      lost: [2],
    },
    {
      title: 'parts of its own and of another format, and a whole message',
      target: 'openai-chat',
      content: [
        { type: 'native', format: 'chat', value: { type: 'x', y: 1 } },
        { type: 'native', format: 'gemini', value: { inlineData: {} } },
        { type: 'native', format: 'chat', value: { role: 'critic', content: 'Hm.' } },
      ],
      wanted: [
        { role: 'user', content: [{ type: 'x', y: 1 }] },
        { role: 'critic', content: 'Hm.' },
      ],
      lost: [1],
    },
  ]
  it.each(ROWS_OF_PARTS)('O3: $title', ({ target, content, wanted, lost = [] }) => {
    const { context, leftOut } = encodingFor(target)
    expect(chatEncoder.user({ role: 'user', content }, context)).toEqual(wanted)
    expect(leftOut.map(({ block }) => block)).toEqual(lost)
  })

  it('O3: the own form of a message goes to OpenAI, and not where it would be refused', () => {
    const value = {
      role: 'user',
      name: 'ann',
      content: [{ type: 'image_url', image_url: { url: 'u', detail: 'low' } }],
    }
    const message: UserMessage = { role: 'user', content: [picture], native: { format: 'chat', value } }
    expect(chatEncoder.user(message, encodingFor('openai-chat').context)).toEqual([value])
    expect(chatEncoder.user(message, encodingFor('deepseek').context)).toEqual([])
  })
})

describe('results and instructions', () => {
  const RESULTS: readonly {
    readonly title: string
    readonly target: ChatTarget
    readonly output: ToolOutput
    readonly wanted: JsonObject
  }[] = [
    {
      title: 'a text that is an error stays as it is',
      target: 'openai-chat',
      output: { content: 'no such file', isError: true },
      wanted: { role: 'tool', tool_call_id: 'c', content: 'no such file' },
    },
    {
      title: 'an image is a note among the texts',
      target: 'openai-chat',
      output: {
        content: [
          { type: 'text', text: 'a' },
          { type: 'media', mediaType: 'image/png', data: 'A' },
        ],
      },
      wanted: {
        role: 'tool',
        tool_call_id: 'c',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: '[image/png left out]' },
        ],
      },
    },
    {
      title: 'parts are one text to Kimi',
      target: 'kimi',
      output: {
        content: [
          { type: 'text', text: 'a' },
          { type: 'native', format: 'anthropic', value: {} },
        ],
      },
      wanted: { role: 'tool', tool_call_id: 'c', content: 'a\n[a part left out]' },
    },
    {
      title: 'no parts are an empty text',
      target: 'openai-chat',
      output: { content: [] },
      wanted: { role: 'tool', tool_call_id: 'c', content: '' },
    },
    {
      title: 'its own form has the id of the projection',
      target: 'openai-chat',
      output: {
        content: 'a',
        native: { format: 'chat', value: { role: 'tool', tool_call_id: 'old', name: 'f', content: 'a' } },
      },
      wanted: { role: 'tool', tool_call_id: 'c', name: 'f', content: 'a' },
    },
  ]
  it.each(RESULTS)('O2: $title', ({ target, output, wanted }) => {
    expect(chatEncoder.result(output, { id: 'c', name: 'f' }, encodingFor(target).context)).toEqual(wanted)
  })

  it('O3: instructions are the system, whoever they were from', () => {
    expect(chatEncoder.system({ role: 'system', content: 'Be brief.' })).toEqual({
      role: 'system',
      content: 'Be brief.',
    })
    const value = { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] }
    const native = { format: 'chat', value } as const
    expect(chatEncoder.system({ role: 'system', content: 'Be brief.', native })).toEqual({ ...value, role: 'system' })
  })
})
