/** Which events show that a stream is the AI SDK's, and of which of its two; and that none of another dialect does. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { aiSdk } from '../../src/dialects/ai-sdk.ts'
import { aiSdkUi } from '../../src/dialects/ai-sdk-ui.ts'
import { assemble, fold, readRecording } from '../../src/index.ts'
import { parseJson } from '../../src/json.ts'
import { Decoder } from '../../src/sse/decode.ts'
import { play } from '../support/ai-sdk-player.mjs'
import { all, PLAYS } from '../support/ai-sdk.ts'
import { sse } from '../support/ai-sdk-streams.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'

function likenesses(payload: unknown): string[] {
  return [aiSdk, aiSdkUi].map(({ looksLike }) => looksLike({ payload }))
}

describe('the streams of the AI SDK', () => {
  it.each(PLAYS)('are told from each other: $name', async (row) => {
    const parts = await all(play(row).fullStream)
    const chunks = await all(play(row).toUIMessageStream({ sendSources: true }))
    expect((await fold(chunks)).dialect).toBe('ai-sdk-ui')
    expect((await fold(sse([...chunks, '[DONE]']))).dialect).toBe('ai-sdk-ui')
    // A request that fails at once shows nothing but that, and the message says so.
    const [first] = await assemble(parts).messages()
    const isTold = parts.some((part) => 'type' in part && part.type === 'start-step')
    expect(first).toMatchObject(isTold ? { dialect: 'ai-sdk' } : { dialect: 'unknown', outcome: { kind: 'failed' } })
    for (const part of parts) expect(aiSdkUi.looksLike({ payload: part })).not.toBe('yes')
    for (const chunk of chunks) expect(aiSdk.looksLike({ payload: chunk })).not.toBe('yes')
  })

  it.each([
    [{ type: 'start' }, ['maybe', 'maybe']],
    [{ type: 'start', messageId: 'm' }, ['maybe', 'yes']],
    [{ type: 'text-start', id: '1' }, ['maybe', 'maybe']],
    [{ type: 'text-delta', id: '1', text: 'x' }, ['yes', 'no']],
    [{ type: 'text-delta', id: '1', delta: 'x' }, ['no', 'yes']],
    [{ type: 'text-delta', textDelta: 'x' }, ['yes', 'no']],
    [{ type: 'error', error: 'x' }, ['maybe', 'maybe']],
    [{ type: 'error', errorText: 'x' }, ['no', 'yes']],
    [{ type: 'error', message: 'x' }, ['maybe', 'maybe']],
    [{ type: 'start-step' }, ['no', 'yes']],
    [{ type: 'start-step', request: {}, warnings: [] }, ['yes', 'no']],
    [{ type: 'message_start', message: {} }, ['no', 'no']],
    [{ type: 'message-start', id: 'c', delta: { message: {} } }, ['no', 'no']],
    [{ type: 'content-delta', index: 0, delta: {} }, ['no', 'no']],
    [{ type: 'tool-call-start', index: 0, delta: {} }, ['no', 'no']],
    [{ type: 'tool-call-delta', index: 0, delta: { message: {} } }, ['no', 'no']],
    [{ type: 'message.output.delta', content: 'x' }, ['no', 'no']],
    [{ role: 'assistant', content: 'x' }, ['no', 'no']],
    [{ id: 'm', role: 'assistant', parts: [{ type: 'text', text: 'x' }] }, ['no', 'yes']],
    [{ role: 'model', parts: [{ text: 'x' }] }, ['no', 'no']],
    ['[DONE]', ['no', 'maybe']],
    [null, ['no', 'no']],
  ])('%j', (payload, expected) => {
    expect(likenesses(payload)).toEqual(expected)
  })
})

describe('recordings of other dialects', () => {
  const folder = new URL('../../recordings/', import.meta.url)
  const others = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('ai-sdk'))
    .map(({ name }) => name)

  it.each(others)('are not claimed: %s', (name) => {
    const files = readdirSync(new URL(`${name}/`, folder)).filter((file) => file.endsWith('.recording'))
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      const { chunks } = readRecording(readFileSync(new URL(`${name}/${file}`, folder), 'utf8'))
      expect(claimed(chunks.map(({ bytes }) => bytes)), file).toEqual([])
    }
  })
})

describeShared('corpus', 'the streams of the corpus', () => {
  it('are not claimed by the AI SDK’s dialects, none of which is among them', () => {
    const streams = corpusStreams(({ framing }) => !framing.includes('eventstream'))
    expect(streams.length).toBeGreaterThan(1500)
    for (const stream of streams) expect(claimed([stream.read()]), stream.file).toEqual([])
  })
})

/** The events that one of the two takes for its own. */
function claimed(chunks: readonly Uint8Array[]): string[] {
  const decoder = new Decoder(16 * 1024 * 1024)
  const decoded = [...chunks.flatMap((chunk) => [...decoder.push(chunk)]), ...decoder.end()]
  return decoded.flatMap((one) => {
    const payload = one.kind === 'event' ? parseJson(one.data) : one.kind === 'payload' ? one.payload : undefined
    return likenesses(payload).includes('yes') ? [JSON.stringify(payload)] : []
  })
}
