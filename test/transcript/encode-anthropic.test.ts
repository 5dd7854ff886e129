/** Messages of every dialect as the Anthropic Messages API takes them. */
import type Anthropic from '@anthropic-ai/sdk'
import { beforeAll, describe, expect, it } from 'vitest'
import { isObject, type JsonObject } from '../../src/json.ts'
import type { ContentBlock, Dialect } from '../../src/message.ts'
import { anthropicEncoder } from '../../src/transcript/encode/anthropic.ts'
import { importedMessage } from '../../src/transcript/import/message.ts'
import type { Part } from '../../src/transcript/items.ts'
import { encoded, encodingFor } from './encoding.ts'
import { recordedMessages, type RecordedMessage } from './recorded-messages.ts'

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

const message = (dialect: Dialect, content: readonly ContentBlock[]) => importedMessage({ key: 'm0', dialect, content })

const text = (said: string) => ({ type: 'text', text: said, wire: {} }) as const
const thinking = (signature?: string) =>
  ({ type: 'thinking', text: 'Hm.', ...(signature === undefined ? {} : { signature }), wire: {} }) as const
const call = {
  type: 'tool_call',
  key: 'm0#0',
  id: 'call_1',
  idSource: 'wire',
  name: 'look',
  arguments: '{"at":1}',
  state: 'complete',
  input: { at: 1 },
  origin: 'client',
  wire: {},
} as const
const cut = { ...call, state: 'partial', arguments: '{"at"' } as const

const ask = (dialect: Dialect, content: readonly ContentBlock[]) =>
  encoded(anthropicEncoder, 'anthropic', message(dialect, content))

describe('anthropicEncoder, of recorded messages', () => {
  let recorded: readonly RecordedMessage[] = []
  beforeAll(async () => {
    recorded = await recordedMessages()
  })

  it('A6: writes or names every block of every message, of each dialect', () => {
    for (const { name, message: one } of recorded) {
      const { messages, left } = encoded(anthropicEncoder, 'anthropic', one)
      const blocks = messages.flatMap(({ content }) => objects(content))
      const dropped = left.filter(({ what }) => what !== 'arguments').map(({ block }) => block)
      const said = one.content.filter(
        (block, at) => block.type === 'media' && block.text !== undefined && dropped.includes(at),
      )
      expect(blocks.length + dropped.length - said.length, name).toBe(one.content.length)
      expect(new Set(dropped).size, name).toBe(dropped.length)
    }
    expect(new Set(recorded.map(({ message: { dialect } }) => dialect)).size).toBeGreaterThan(14)
  })

  it('A16: gives every call an id, a name and an object', () => {
    const uses = recorded.flatMap(({ message: one }) => {
      const { messages } = encoded(anthropicEncoder, 'anthropic', one)
      return messages.flatMap(({ content }) => objects(content)).filter(({ type }) => type === 'tool_use')
    })
    expect(uses.length).toBeGreaterThan(20)
    for (const use of uses) {
      expect(use).toMatchObject({ id: expect.stringMatching(/./), name: expect.stringMatching(/./) })
      expect(isObject(use['input'])).toBe(true)
    }
  })

  it('A6: sends thinking of this API only, with its signature, and all of a message or none', () => {
    let sent = 0
    for (const { name, message: one } of recorded) {
      const { messages } = encoded(anthropicEncoder, 'anthropic', one)
      const types = messages.flatMap(({ content }) => objects(content)).map(({ type }) => type)
      const count = types.filter((type) => type === 'thinking' || type === 'redacted_thinking').length
      const all = one.content.filter(({ type }) => type === 'thinking').length
      const isOwn = one.dialect === 'anthropic-messages' || one.dialect === 'claude-code'
      expect(isOwn ? [0, all] : [0], name).toContain(count)
      sent += count
    }
    expect(sent).toBeGreaterThan(3)
  })

  it.each<[string, readonly unknown[]]>([
    ['anthropic-messages/redacted-thinking/0', ['redacted_thinking', 'redacted_thinking', 'text']],
    [
      'anthropic-messages/code-execution/0',
      [
        'text',
        'server_tool_use',
        'bash_code_execution_tool_result',
        'server_tool_use',
        'text_editor_code_execution_tool_result',
        'text',
      ],
    ],
    [
      'anthropic-messages/mcp-tool/0',
      ['text', 'mcp_tool_use', 'mcp_tool_result', 'mcp_tool_use', 'mcp_tool_result', 'text'],
    ],
    ['claude-code/tools-with-stream-events/0', ['thinking', 'text']],
  ])('A12: %s goes back as %j', (name, types) => {
    const one = recorded.find((row) => row.name === name)?.message ?? expect.fail(`there is no ${name}`)
    const { messages } = encoded(anthropicEncoder, 'anthropic', one)
    expect(messages.flatMap(({ content }) => objects(content)).map(({ type }) => type)).toEqual(types)
  })
})

describe('anthropicEncoder', () => {
  it('A6: keeps signed thinking of its own', () => {
    const written: Anthropic.MessageParam = {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
        { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 1 } },
      ],
    }
    expect(ask('anthropic-messages', [thinking('c2ln'), call])).toEqual({ messages: [written], left: [] })
  })

  it('A6: leaves out all thinking of a message in which one is not signed', () => {
    expect(ask('anthropic-messages', [thinking('c2ln'), thinking(), text('So.')])).toEqual({
      messages: [{ role: 'assistant', content: [{ type: 'text', text: 'So.' }] }],
      left: [0, 1].map((block) => ({ what: 'thinking', why: 'not all of the message is signed', block })),
    })
  })

  it.each<Dialect>(['openai-chat', 'openai-responses', 'gemini', 'bedrock-converse', 'cohere', 'ai-sdk', 'ai-sdk-ui'])(
    'A6: leaves out thinking of %s, signed or not',
    (dialect) => {
      const { messages, left } = ask(dialect, [thinking('c2ln'), text('So.')])
      expect(messages).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'So.' }] }])
      expect(left).toEqual([{ what: 'thinking', why: 'it is of another provider', block: 0 }])
    },
  )

  it.each<Dialect>(['anthropic-messages', 'openai-chat', 'gemini'])(
    'A16: gives a cut call of %s no input, and says so',
    (dialect) => {
      expect(ask(dialect, [text('Look:'), cut])).toEqual({
        messages: [
          {
            role: 'assistant',
            content: [
              { type: 'text', text: 'Look:' },
              { type: 'tool_use', id: 'call_1', name: 'look', input: {} },
            ],
          },
        ],
        left: [{ what: 'arguments', why: 'they were cut', block: 1, call: 'm0#0' }],
      })
    },
  )

  it('A12: leaves out what another provider ran, with its result', () => {
    const ran = { ...call, origin: 'provider', id: 'ws_1' } as const
    const { messages, left } = ask('openai-responses', [
      ran,
      { type: 'tool_result', callId: 'ws_1', wire: {} },
      text('4'),
    ])
    expect(messages).toEqual([{ role: 'assistant', content: [{ type: 'text', text: '4' }] }])
    expect(left.map(({ what, block }) => [what, block])).toEqual([
      ['block', 0],
      ['block', 1],
    ])
  })

  it('A12: leaves out a cut call of its own server tool', () => {
    const ran = { ...cut, origin: 'provider', wire: { type: 'server_tool_use' } } as const
    const { messages, left } = ask('anthropic-messages', [text('I search.'), ran])
    expect(messages).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'I search.' }] }])
    expect(left.map(({ what, block }) => [what, block])).toEqual([['block', 1]])
  })

  it('A7: sends nothing of a message of which only thinking would be left', () => {
    const ran = { ...call, origin: 'provider', wire: { type: 'tool_use' } } as const
    const { messages, left } = ask('claude-code', [thinking('c2ln'), ran])
    expect(messages).toEqual([])
    expect(left.map(({ what, block }) => [what, block])).toEqual([
      ['block', 1],
      ['thinking', 0],
    ])
  })

  it('A17: leaves out what only an answer may have: null, and the file id of a citation', () => {
    const citation = { type: 'char_location', cited_text: 'x', document_index: 0, document_title: null, file_id: null }
    const said = { ...text('x'), citations: [citation], wire: { type: 'text', parsed: null } }
    const { file_id: _id, ...sent } = citation
    expect(ask('anthropic-messages', [said]).messages).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: 'x', citations: [sent] }] },
    ])
  })

  it('A10: writes a refusal as text, and nothing for a message without blocks', () => {
    const refusal = { type: 'refusal', text: 'No.', wire: {} } as const
    expect(ask('openai-chat', [refusal]).messages).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: 'No.' }] },
    ])
    expect(ask('openai-chat', []).messages).toEqual([])
  })

  it('A14: writes what a user says, in words and in pictures', () => {
    const content: readonly Part[] = [
      { type: 'text', text: 'What is this?' },
      { type: 'media', mediaType: 'image/png', data: 'AAAA' },
      { type: 'media', mediaType: 'image/*', url: 'https://example.com/a' },
      { type: 'media', mediaType: 'application/pdf', data: 'AAAA', name: 'a.pdf' },
      { type: 'media', mediaType: 'text/markdown', data: 'w6QK' },
    ]
    const written = {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a' } },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' },
          title: 'a.pdf',
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'ä\n' } },
      ],
    } satisfies Anthropic.MessageParam
    const { context, left } = encodingFor('anthropic')
    expect(anthropicEncoder.user({ role: 'user', content }, context)).toEqual([written])
    expect(left).toEqual([])
  })

  it('A14: names what it cannot show: a sound, and what is in another form', () => {
    const { context, left } = encodingFor('anthropic')
    const content: readonly Part[] = [
      { type: 'media', mediaType: 'audio/wav', data: 'AAAA' },
      { type: 'native', format: 'gemini', value: { videoMetadata: {} } },
      { type: 'native', format: 'anthropic', value: { type: 'search_result' } },
    ]
    expect(anthropicEncoder.user({ role: 'user', content }, context)).toEqual([
      { role: 'user', content: [{ type: 'search_result' }] },
    ])
    expect(left.map(({ what }) => what)).toEqual(['media', 'native'])
  })

  it('A9: leaves empty text of a user to the repairs', () => {
    const { context } = encodingFor('anthropic')
    expect(anthropicEncoder.user({ role: 'user', content: '' }, context)).toEqual([{ role: 'user', content: '' }])
  })

  const image = { type: 'media', mediaType: 'image/png', data: 'AAAA' } as const

  it.each<[string, string | readonly Part[], boolean | undefined, Partial<Anthropic.ToolResultBlockParam>]>([
    ['a text', 'ok', undefined, { content: 'ok' }],
    ['a text that is no error', 'ok', false, { content: 'ok', is_error: false }],
    ['nothing', '', undefined, { content: '' }],
    ['no parts', [], undefined, {}],
    ['an error', 'bad', true, { content: 'bad', is_error: true }],
    ['an error that says nothing', '', true, { content: '(no output)', is_error: true }],
    ['a blank text', ' ', undefined, { content: ' ' }],
    ['an error that says a blank', ' \n', true, { content: '(no output)', is_error: true }],
    ['an error with a blank part', [{ type: 'text', text: ' ' }], true, { content: '(no output)', is_error: true }],
    ['an error with an empty part', [{ type: 'text', text: '' }], true, { content: '(no output)', is_error: true }],
    [
      'an error with a picture',
      [{ type: 'text', text: 'bad' }, image],
      true,
      { content: [{ type: 'text', text: 'bad' }], is_error: true },
    ],
    [
      'a picture',
      [image],
      undefined,
      { content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }] },
    ],
  ])('A14: the result of a call is %s', (_name, content, isError, fields) => {
    const { context } = encodingFor('anthropic')
    const output = { content, ...(isError === undefined ? {} : { isError }) }
    expect(anthropicEncoder.result(output, { id: 'call_1', name: 'look' }, context)).toEqual({
      type: 'tool_result',
      tool_use_id: 'call_1',
      ...fields,
    })
  })
})
