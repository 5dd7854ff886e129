/** What is sent to OpenAI Responses of messages of any dialect. */
import { describe, expect, it } from 'vitest'
import { isObject, parseJson, wordOf, type JsonObject } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock, Dialect } from '../../src/message.ts'
import { responsesEncoder } from '../../src/transcript/encode/responses.ts'
import { importedMessage } from '../../src/transcript/import/message.ts'
import type { ToolOutput, UserMessage } from '../../src/transcript/items.ts'
import { callsOf, encodingFor, recordedMessage, recordedMessages } from './encoding-openai.ts'

function encode(message: AssistantMessage) {
  const { context, leftOut } = encodingFor('openai-responses')
  return { items: responsesEncoder.assistant(message, context), leftOut }
}

function said(content: readonly ContentBlock[], dialect: Dialect = 'anthropic-messages'): AssistantMessage {
  return importedMessage({ key: 'm0', dialect, content })
}

/** A message of Responses that has these items and blocks. */
function given(items: readonly JsonObject[], content: readonly ContentBlock[]): AssistantMessage {
  const byPlace = Object.fromEntries(items.map((item, at) => [String(at), item]))
  return importedMessage({ key: 'm0', dialect: 'openai-responses', content, wire: { items: byPlace } })
}

const ROWS: readonly { readonly title: string; readonly recording: string; readonly wanted: readonly JsonObject[] }[] =
  [
    {
      title: 'quirk 12.05: a reasoning item has its summary and what is encrypted, and its call follows it',
      recording: 'openai-responses/reasoning-with-encrypted-content',
      wanted: [
        {
          id: 'rs_Reason0',
          type: 'reasoning',
          summary: [
            { type: 'summary_text', text: '**Reading** the question.' },
            { type: 'summary_text', text: '**Choosing** the tool.' },
          ],
          encrypted_content: 'gAAAAABlast0',
        },
        {
          id: 'fc_Reason1',
          type: 'function_call',
          call_id: 'call_Reason1',
          name: 'get_weather',
          status: 'completed',
          arguments: '{"city":"Oslo"}',
        },
      ],
    },
    {
      title: 'P3: a custom call has a text as input',
      recording: 'openai-responses/custom-tool',
      wanted: [
        {
          id: 'ctc_Custom0',
          type: 'custom_tool_call',
          call_id: 'call_Custom0',
          name: 'run_sql',
          status: 'completed',
          input: 'SELECT count(*) FROM users;',
        },
      ],
    },
    {
      title: 'P4: a search that the provider ran goes back as it came, with the annotations of the text after it',
      recording: 'openai-responses/web-search-with-annotations',
      wanted: [
        {
          id: 'ws_Search0',
          type: 'web_search_call',
          status: 'completed',
          action: {
            type: 'search',
            query: 'island causeway tide times',
            sources: [{ type: 'url', url: 'https://tides.example/island' }],
          },
        },
        {
          id: 'msg_Search1',
          type: 'message',
          status: 'completed',
          role: 'assistant',
          content: [
            {
              type: 'output_text',
              logprobs: [],
              annotations: [
                {
                  type: 'url_citation',
                  start_index: 0,
                  end_index: 40,
                  title: 'Tide times',
                  url: 'https://tides.example/island',
                },
                {
                  type: 'url_citation',
                  start_index: 21,
                  end_index: 40,
                  title: 'Causeway',
                  url: 'https://island.example/causeway',
                },
              ],
              text: 'The causeway is free from 9:40 to 14:10.',
            },
          ],
        },
      ],
    },
    {
      title: 'B11: a call that was cut has empty arguments, and no longer the id of the item that was cut',
      recording: 'openai-responses/tool-input-cut-by-max-tokens',
      wanted: [
        {
          type: 'function_call',
          call_id: 'call_CutInput0',
          name: 'delete_files',
          arguments: '{}',
        },
      ],
    },
    {
      title: 'P1: thinking of others has no place here',
      recording: 'anthropic-messages/thinking-and-text',
      wanted: [{ type: 'message', role: 'assistant', content: 'There are 10,080 minutes in a week.' }],
    },
    {
      title: 'P3: a custom call of chat is one of Responses',
      recording: 'openai-chat/custom-tool',
      wanted: [
        {
          type: 'custom_tool_call',
          call_id: 'call_Custom1',
          name: 'run_sql',
          input: 'SELECT count(*) FROM users;',
        },
      ],
    },
    {
      title: 'O3: a refusal of chat is one of Responses',
      recording: 'openai-chat/refusal',
      wanted: [
        {
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'refusal', refusal: "I'm sorry, I cannot help with that." }],
        },
      ],
    },
  ]

describe('answers of the model', () => {
  it.each(ROWS)('$title', async ({ recording, wanted }) => {
    expect(encode(await recordedMessage(recording)).items).toEqual(wanted)
  })

  it('P3, P4: of each recording, every call of the client goes out once, and what stays behind is told', async () => {
    const recorded = await recordedMessages(() => true)
    let calls = 0
    for (const { name, message } of recorded) {
      const { items, leftOut } = encode(message)
      const own = callsOf(message).filter(({ block }) => block.origin === 'client')
      calls += own.length
      const ids = own.map(({ id }) => id)
      const sent = items.filter(({ call_id: id, type }) => ids.includes(wordOf(id)) && wordOf(type).endsWith('_call'))
      expect(
        sent.map(({ call_id: id }) => id),
        name,
      ).toEqual(ids)
      for (const { type, arguments: text } of items) {
        if (type === 'function_call') expect(isObject(parseJson(wordOf(text))), name).toBe(true)
      }
      if (message.dialect === 'openai-responses') continue
      const lost = message.content.flatMap((block, ordinal) => {
        if (block.type === 'text' || block.type === 'refusal') return []
        return block.type === 'tool_call' && block.origin === 'client' ? [] : [ordinal]
      })
      expect(
        leftOut.flatMap(({ what, block }) => (what === 'arguments' ? [] : [block])),
        name,
      ).toEqual(lost)
    }
    expect(recorded.length).toBeGreaterThan(250)
    expect(calls).toBeGreaterThan(100)
  })

  it('quirk 12.05: plain text beside encrypted_content is left off, and kept where there is nothing else', () => {
    const thought = {
      type: 'thinking',
      text: 'Hm.',
      parts: [{ kind: 'full', text: 'Hm.' }],
      wire: { item: '0' },
    } as const
    const item = { id: 'rs', type: 'reasoning', content: [] }
    expect(encode(given([item], [{ ...thought, encrypted: 'e' }])).items).toEqual([
      { id: 'rs', type: 'reasoning', summary: [], encrypted_content: 'e' },
    ])
    expect(encode(given([item], [thought])).items).toEqual([
      { id: 'rs', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
    ])
  })

  it('quirk 12.05: what only answers have does not go back: null fields, what a library parsed, empty messages', () => {
    const call: ContentBlock = {
      type: 'tool_call',
      key: 'm0#0',
      id: 'c',
      idSource: 'wire',
      name: 'f',
      arguments: '',
      origin: 'client',
      wire: { item: '2' },
      state: 'complete',
      input: {},
    }
    const text: ContentBlock = { type: 'text', text: 'Hi', wire: { item: '1', part: 0, parsed: { a: 1 } } }
    const items = [
      { type: 'message', id: 'msg_0', role: 'assistant', content: [] },
      { type: 'message', id: 'msg_1', role: 'assistant', phase: null, content: [] },
      { type: 'function_call', id: 'fc', call_id: 'c', name: 'f', parsed_arguments: {}, caller: null },
    ]
    expect(encode(given(items, [text, call])).items).toEqual([
      { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
      { type: 'function_call', id: 'fc', call_id: 'c', name: 'f', arguments: '{}' },
    ])
  })

  it('P3: text, calls and what was left out between them keep their order', () => {
    const call = (ordinal: number, origin: 'client' | 'provider'): ContentBlock => ({
      type: 'tool_call',
      key: `m0#${ordinal}`,
      id: `toolu_${ordinal}`,
      idSource: 'wire',
      name: 'f',
      arguments: '{"a":1}',
      origin,
      wire: {},
      state: 'complete',
      input: { a: 1 },
    })
    const text = (words: string): ContentBlock => ({ type: 'text', text: words, wire: {} })
    const blocks = [text('I '), text('look.'), call(0, 'provider'), text('It rains.'), call(1, 'client')]
    expect(encode(said(blocks))).toEqual({
      items: [
        { type: 'message', role: 'assistant', content: 'I look.' },
        { type: 'message', role: 'assistant', content: 'It rains.' },
        { type: 'function_call', call_id: 'toolu_1', name: 'f', arguments: '{"a":1}' },
      ],
      leftOut: [{ what: 'block', why: 'another provider ran this call itself', block: 2, call: 'm0#0' }],
    })
  })

  it('P4: an item stands under the id that the projection gives its call', async () => {
    const { context } = encodingFor('openai-responses')
    const message = await recordedMessage('openai-responses/parallel-tools')
    const items = responsesEncoder.assistant(message, { ...context, idOf: ({ key }) => `of ${key}` })
    const ids = items.flatMap(({ type, call_id: id }) => (type === 'function_call' ? [id] : []))
    expect(ids).toEqual(callsOf(message).map(({ block }) => `of ${block.key}`))
    expect(ids.length).toBeGreaterThan(1)
  })
})

describe('what the user says', () => {
  const PARTS: readonly {
    readonly title: string
    readonly content: UserMessage['content']
    readonly wanted: readonly JsonObject[]
    readonly lost?: readonly number[]
  }[] = [
    { title: 'text', content: 'Hi', wanted: [{ role: 'user', content: 'Hi' }] },
    {
      title: 'an image, a document and a sound',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'media', mediaType: 'image/png', data: 'AAAA' },
        { type: 'media', mediaType: 'application/pdf', data: 'BBBB', name: 'a.pdf' },
        { type: 'media', mediaType: 'application/pdf', url: 'https://a.example/b.pdf' },
        { type: 'media', mediaType: 'audio/wav', data: 'CCCC' },
        { type: 'media', mediaType: 'audio/ogg', data: 'CCCC' },
      ],
      wanted: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look' },
            { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,AAAA' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' },
            { type: 'input_file', file_url: 'https://a.example/b.pdf' },
            { type: 'input_audio', input_audio: { data: 'CCCC', format: 'wav' } },
          ],
        },
      ],
      lost: [5],
    },
    {
      title: 'parts of its own and of another format, and a whole item',
      content: [
        { type: 'native', format: 'responses', value: { type: 'input_image', file_id: 'f' } },
        { type: 'native', format: 'chat', value: { type: 'text', text: 'x' } },
        { type: 'native', format: 'responses', value: { type: 'item_reference', id: 'msg' } },
        { type: 'text', text: 'And?' },
      ],
      wanted: [
        { role: 'user', content: [{ type: 'input_image', file_id: 'f' }] },
        { type: 'item_reference', id: 'msg' },
        { role: 'user', content: [{ type: 'input_text', text: 'And?' }] },
      ],
      lost: [1],
    },
  ]
  it.each(PARTS)('P1: $title', ({ content, wanted, lost = [] }) => {
    const { context, leftOut } = encodingFor('openai-responses')
    expect(responsesEncoder.user({ role: 'user', content }, context)).toEqual(wanted)
    expect(leftOut.map(({ block }) => block)).toEqual(lost)
  })

  it('P1: instructions are the system, or what they were at OpenAI', () => {
    const message = { role: 'system', content: 'Be brief.' } as const
    const value = { role: 'developer', content: 'Be brief.' }
    expect(responsesEncoder.system(message)).toEqual({ role: 'system', content: 'Be brief.' })
    expect(responsesEncoder.system({ ...message, native: { format: 'responses', value } })).toEqual(value)
    expect(responsesEncoder.system({ ...message, native: { format: 'chat', value } })).toEqual(message)
  })
})

describe('results', () => {
  const image = { type: 'media', mediaType: 'image/png', data: 'AAAA' } as const
  const RESULTS: readonly {
    readonly title: string
    /** The recording and the ordinal of the call in it; without one, nothing is known of the call. */
    readonly of?: readonly [string, number]
    readonly output: ToolOutput
    readonly wanted: JsonObject
  }[] = [
    {
      title: 'a text',
      output: { content: 'no such file', isError: true },
      wanted: { type: 'function_call_output', call_id: 'c', output: 'no such file' },
    },
    {
      title: 'parts, of which sounds are a note',
      output: { content: [{ type: 'text', text: 'a' }, image, { type: 'media', mediaType: 'audio/wav', data: 'A' }] },
      wanted: {
        type: 'function_call_output',
        call_id: 'c',
        output: [
          { type: 'input_text', text: 'a' },
          { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,AAAA' },
          { type: 'input_text', text: '[audio/wav left out]' },
        ],
      },
    },
    {
      title: 'of a custom call',
      of: ['custom-tool', 0],
      output: { content: '12' },
      wanted: { type: 'custom_tool_call_output', call_id: 'c', output: '12' },
    },
    {
      title: 'of a custom call that came in chat',
      of: ['../openai-chat/custom-tool', 0],
      output: { content: '12' },
      wanted: { type: 'custom_tool_call_output', call_id: 'c', output: '12' },
    },
    {
      title: 'of a shell that failed',
      of: ['shell-and-apply-patch', 0],
      output: { content: 'not started', isError: true },
      wanted: {
        type: 'shell_call_output',
        call_id: 'c',
        output: [{ stdout: '', stderr: 'not started', outcome: { type: 'exit', exit_code: 1 } }],
      },
    },
    {
      title: 'of a patch',
      of: ['shell-and-apply-patch', 1],
      output: { content: 'Done.' },
      wanted: { type: 'apply_patch_call_output', call_id: 'c', status: 'completed', output: 'Done.' },
    },
    {
      title: 'of a computer: its screen',
      of: ['computer-call', 0],
      output: { content: [{ type: 'text', text: 'Clicked.' }, image] },
      wanted: {
        type: 'computer_call_output',
        call_id: 'c',
        output: { type: 'computer_screenshot', image_url: 'data:image/png;base64,AAAA' },
      },
    },
    {
      title: 'its own form has the id of the projection',
      output: {
        content: 'ok',
        native: {
          format: 'responses',
          value: { type: 'function_call_output', call_id: 'old', output: 'ok', caller: { type: 'program' } },
        },
      },
      wanted: { type: 'function_call_output', call_id: 'c', output: 'ok', caller: { type: 'program' } },
    },
  ]
  it.each(RESULTS)('P3: $title', async ({ of, output, wanted }) => {
    const { context } = encodingFor('openai-responses')
    const calls = of === undefined ? [] : callsOf(await recordedMessage(`openai-responses/${of[0]}`))
    const call = { ...calls[of?.[1] ?? 0], id: 'c', name: 'f' }
    expect(calls.length > 0).toBe(of !== undefined)
    expect(responsesEncoder.result(output, call, context)).toEqual(wanted)
  })

  it('P3: what a computer cannot be told is told to the caller', async () => {
    const { context, leftOut } = encodingFor('openai-responses')
    const [call = { id: '', name: '' }] = callsOf(await recordedMessage('openai-responses/computer-call'))
    const output = { content: 'not started', isError: true }
    expect(responsesEncoder.result(output, call, context)).toEqual({
      type: 'computer_call_output',
      call_id: 'call_Screen0',
      output: { type: 'computer_screenshot' },
    })
    expect(leftOut).toEqual([{ what: 'block', why: 'the result of a computer is its screen and nothing else' }])
  })
})
