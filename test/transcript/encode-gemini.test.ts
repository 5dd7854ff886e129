/** Messages of every dialect as the Gemini API takes them. */
import type { Content, Part as GeminiPart } from '@google/genai'
import { beforeAll, describe, expect, it } from 'vitest'
import { isObject, type JsonObject } from '../../src/json.ts'
import type { ContentBlock, Dialect } from '../../src/message.ts'
import { geminiEncoder } from '../../src/transcript/encode/gemini.ts'
import { importedMessage } from '../../src/transcript/import/message.ts'
import type { Part } from '../../src/transcript/items.ts'
import { encoded, encodingFor } from './encoding.ts'
import { recordedMessages, type RecordedMessage } from './recorded-messages.ts'

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

const text = (said: string) => ({ type: 'text', text: said, wire: {} }) as const
const call = (ordinal: number, id?: string) =>
  ({
    type: 'tool_call',
    key: `m0#${ordinal}`,
    ...(id === undefined
      ? ({ id: `m0#${ordinal}`, idSource: 'minted' } as const)
      : ({ id, idSource: 'wire' } as const)),
    name: 'look',
    arguments: '{"at":1}',
    state: 'complete',
    input: { at: 1 },
    origin: 'client',
    wire: {},
  }) as const

const ask = (dialect: Dialect, content: readonly ContentBlock[]) =>
  encoded(geminiEncoder, 'gemini', importedMessage({ key: 'm0', dialect, content }))

describe('geminiEncoder, of recorded messages', () => {
  let recorded: readonly RecordedMessage[] = []
  beforeAll(async () => {
    recorded = await recordedMessages()
  })

  it('12.07: writes or names every block of every message, of each dialect', () => {
    for (const { name, message } of recorded) {
      const { messages, left } = encoded(geminiEncoder, 'gemini', message)
      const parts = messages.flatMap((content) => objects(content['parts']))
      const dropped = left.filter(({ what }) => what !== 'arguments').map(({ block }) => block)
      const said = message.content.filter(
        (block, at) => block.type === 'media' && block.text !== undefined && dropped.includes(at),
      )
      expect(parts.length + dropped.length - said.length, name).toBe(message.content.length)
      expect(new Set(dropped).size, name).toBe(dropped.length)
    }
    expect(new Set(recorded.map(({ message: { dialect } }) => dialect)).size).toBeGreaterThan(14)
  })

  it('12.07: sends no thought and no signature of another provider', () => {
    for (const { name, message } of recorded) {
      if (message.dialect === 'gemini') continue
      const parts = encoded(geminiEncoder, 'gemini', message).messages.flatMap((content) => objects(content['parts']))
      expect(
        parts.filter(({ thought }) => thought === true),
        name,
      ).toEqual([])
      const signatures = parts.flatMap(({ thoughtSignature }) => thoughtSignature ?? [])
      const isCalling = parts.some(({ functionCall }) => functionCall !== undefined)
      expect(signatures, name).toEqual(isCalling ? ['skip_thought_signature_validator'] : [])
    }
  })

  it('12.07: sends every signature of its own, on the part that it came on', () => {
    const signed = recorded
      .filter(({ message }) => message.dialect === 'gemini')
      .flatMap(({ message }) => {
        const [content] = encoded(geminiEncoder, 'gemini', message).messages
        return objects(content?.['parts']).flatMap((part, at) =>
          part['thoughtSignature'] === undefined ? [] : [[part['thoughtSignature'], message.content[at]] as const],
        )
      })
    const ofBlocks = signed.map(([, block]) =>
      block?.type === 'thinking' ? block.signature : block?.wire.thoughtSignature,
    )
    expect(signed.map(([signature]) => signature)).toEqual(ofBlocks)
    expect(signed.length).toBeGreaterThan(2)
  })

  it.each<[string, readonly string[]]>([
    ['gemini/code-execution/0', ['text', 'executableCode', 'codeExecutionResult', 'text']],
    ['gemini/parallel-tools/0', ['text', 'functionCall', 'functionCall', 'functionCall']],
  ])('12.07: %s goes back as %j', (name, held) => {
    const { message } = recorded.find((row) => row.name === name) ?? expect.fail(`there is no ${name}`)
    const parts = encoded(geminiEncoder, 'gemini', message).messages.flatMap((content) => objects(content['parts']))
    expect(
      parts.map((part) => Object.keys(part).find((key) => key !== 'thought' && key !== 'thoughtSignature')),
    ).toEqual(held)
  })
})

describe('geminiEncoder', () => {
  it('12.07: keeps the signature, the id and the thought of its own', () => {
    const written = {
      role: 'model',
      parts: [
        { text: 'Hm.', thought: true },
        { functionCall: { id: 'w6', name: 'look', args: { at: 1 } }, thoughtSignature: 'c2ln' },
      ],
    } satisfies Content
    const { messages, left } = ask('gemini', [
      { type: 'thinking', text: 'Hm.', wire: {} },
      { ...call(1, 'w6'), wire: { thoughtSignature: 'c2ln' } },
    ])
    expect(messages).toEqual([written])
    expect(left).toEqual([])
  })

  it('12.07: gives its own unsigned call no signature, and an id to neither side where the wire had none', () => {
    expect(ask('gemini', [call(0)]).messages).toEqual([
      { role: 'model', parts: [{ functionCall: { name: 'look', args: { at: 1 } } }] },
    ])
    const { context } = encodingFor('gemini')
    expect(geminiEncoder.result({ content: 'ok' }, { id: 'm0#0', name: 'look' }, context)).toEqual({
      functionResponse: { name: 'look', response: { output: 'ok' } },
    })
  })

  it('12.07: marks the first call of another model as unsigned, not those beside it', () => {
    expect(ask('openai-chat', [text('Look:'), call(1, 'call_1'), call(2, 'call_2')]).messages).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'Look:' },
          {
            functionCall: { id: 'call_1', name: 'look', args: { at: 1 } },
            thoughtSignature: 'skip_thought_signature_validator',
          },
          { functionCall: { id: 'call_2', name: 'look', args: { at: 1 } } },
        ],
      } satisfies Content,
    ])
  })

  it.each<Dialect>(['gemini', 'anthropic-messages'])(
    '12.07: gives a cut call of %s no input, and says so',
    (dialect) => {
      const { input: _input, ...cut } = call(0, 'a')
      const { messages, left } = ask(dialect, [{ ...cut, arguments: '{"at"', state: 'partial' }])
      const [part] = objects(messages[0]?.['parts'])
      expect(part?.['functionCall']).toEqual({ id: 'a', name: 'look', args: {} })
      expect(left).toEqual([{ what: 'arguments', why: 'they were cut', block: 0, call: 'm0#0' }])
    },
  )

  it('12.07: gives a signature that came alone an empty text to stand on', () => {
    const alone = { type: 'other', wire: { thoughtSignature: 'c2ln' } } as const
    expect(ask('gemini', [text('Done.'), alone]).messages).toEqual([
      { role: 'model', parts: [{ text: 'Done.' }, { text: '', thoughtSignature: 'c2ln' }] },
    ])
  })

  it('12.07: leaves out what stands in answers only, and pictures without data', () => {
    const { messages, left } = ask('gemini', [
      text('Done.'),
      { type: 'other', wire: { audioTranscription: { text: 'x' } } },
      { type: 'media', wire: { inlineData: { mimeType: 'image/png' } } },
    ])
    expect(messages).toEqual([{ role: 'model', parts: [{ text: 'Done.' }] }])
    expect(left.map(({ what, block }) => [what, block])).toEqual([
      ['block', 1],
      ['media', 2],
    ])
  })

  it('12.07: leaves out foreign thinking and what another provider ran', () => {
    const { messages, left } = ask('anthropic-messages', [
      { type: 'thinking', text: 'Hm.', signature: 'c2ln', wire: {} },
      { ...call(1, 'srv'), origin: 'provider' },
      { type: 'tool_result', callId: 'srv', wire: {} },
      text('So.'),
    ])
    expect(messages).toEqual([{ role: 'model', parts: [{ text: 'So.' }] }])
    expect(left.map(({ what, block }) => [what, block])).toEqual([
      ['thinking', 0],
      ['block', 1],
      ['block', 2],
    ])
  })

  it('12.07: writes what a user says, in words and in pictures', () => {
    const content: readonly Part[] = [
      { type: 'text', text: 'What is this?' },
      { type: 'media', mediaType: 'image/png', data: 'AAAA' },
      { type: 'media', mediaType: 'video/mp4', url: 'https://example.com/v' },
      { type: 'native', format: 'gemini', value: { text: 'x', videoMetadata: { fps: 1 } } },
      { type: 'native', format: 'anthropic', value: { type: 'search_result' } },
      { type: 'media', mediaType: 'image/png' },
    ]
    const written = {
      role: 'user',
      parts: [
        { text: 'What is this?' },
        { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
        { fileData: { mimeType: 'video/mp4', fileUri: 'https://example.com/v' } },
        { text: 'x', videoMetadata: { fps: 1 } },
      ],
    } satisfies Content
    const { context, left } = encodingFor('gemini')
    expect(geminiEncoder.user({ role: 'user', content }, context)).toEqual([written])
    expect(left.map(({ what }) => what)).toEqual(['native', 'media'])
    expect(geminiEncoder.user({ role: 'user', content: '' }, context)).toEqual([
      { role: 'user', parts: [{ text: '' }] },
    ])
  })

  it.each<[string, string | readonly Part[], boolean | undefined, GeminiPart['functionResponse']]>([
    ['a text', 'ok', undefined, { response: { output: 'ok' } }],
    ['an object', '{"a":1}', undefined, { response: { a: 1 } }],
    ['a list', '[1]', false, { response: { output: '[1]' } }],
    ['an error', 'bad', true, { response: { error: 'bad' } }],
    ['an error as an object', '{"code":5}', true, { response: { error: { code: 5 } } }],
    [
      'a picture',
      [
        { type: 'text', text: 'see' },
        { type: 'media', mediaType: 'image/png', data: 'AAAA' },
      ],
      undefined,
      { response: { output: 'see' }, parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
    ],
  ])('12.07: the response to a call is %s', (_name, content, isError, fields) => {
    const { context } = encodingFor('gemini')
    const output = { content, ...(isError === undefined ? {} : { isError }) }
    expect(geminiEncoder.result(output, { id: 'w6', name: 'look' }, context)).toEqual({
      functionResponse: { id: 'w6', name: 'look', ...fields },
    })
  })
})
