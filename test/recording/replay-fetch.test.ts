/** Recordings behind the signature of `fetch`, under the official SDKs. */
import Anthropic, { APIUserAbortError, NotFoundError } from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MisuseError, replayFetch } from '../../src/index.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { foldRecording } from '../../src/recording/fold-recording.ts'
import type { Recording } from '../../src/recording/format.ts'
import type { ReplayFetchOptions } from '../../src/recording/replay-fetch.ts'

const bundled = (name: string): Promise<Recording> =>
  readRecordingFile(fileURLToPath(new URL(`../../recordings/${name}.recording`, import.meta.url)))

const anthropic = (recordings: Parameters<typeof replayFetch>[0], options: ReplayFetchOptions = {}): Anthropic =>
  new Anthropic({ apiKey: 'none', fetch: replayFetch(recordings, options), maxRetries: 0 })
const openai = (recordings: Parameters<typeof replayFetch>[0], options: ReplayFetchOptions = {}): OpenAI =>
  new OpenAI({ apiKey: 'none', fetch: replayFetch(recordings, options), maxRetries: 0 })

const question = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'x' }] } as const
const chatQuestion = { model: 'm', messages: [{ role: 'user', content: 'x' }] } as const

const textOf = (recording: Recording): Promise<string> =>
  foldRecording(recording).then(({ content }) =>
    content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
  )

describe('replayFetch under @anthropic-ai/sdk', () => {
  it('streams', async () => {
    const recording = await bundled('anthropic-messages/answer-after-tools')
    const message = await anthropic(recording)
      .messages.stream(question as never)
      .finalMessage()
    expect(message.content).toMatchObject([{ type: 'text', text: await textOf(recording) }])
  })

  it('answers whole what was recorded as a stream', async () => {
    const recording = await bundled('anthropic-messages/answer-after-tools')
    const message = await anthropic(recording).messages.create(question as never)
    expect(message).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: await textOf(recording) }],
      stop_reason: 'end_turn',
    })
  })

  it('gives the error that was recorded', async () => {
    const recording = await bundled('anthropic-messages/overloaded-529')
    await expect(anthropic(recording).messages.create({ ...question, stream: true } as never)).rejects.toMatchObject({
      status: 529,
    })
    await expect(anthropic(recording).messages.create(question as never)).rejects.toMatchObject({ status: 529 })
  })

  it('shows at once what no recording answers', async () => {
    const client = new Anthropic({
      apiKey: 'none',
      fetch: replayFetch([await bundled('openai-chat/whole-json-answer')]),
    })
    await expect(client.messages.create(question as never)).rejects.toSatisfy(
      (error) => error instanceof NotFoundError && /no recording answers POST \/v1\/messages for m/.test(error.message),
    )
  })

  it('breaks off where the recorded connection broke, streamed and whole', async () => {
    const whole = await bundled('anthropic-messages/answer-after-tools')
    const cut: Recording = { ...whole, chunks: whole.chunks.slice(0, 5), ending: 'reset' }
    await expect(
      anthropic(cut)
        .messages.stream(question as never)
        .finalMessage(),
    ).rejects.toThrow(/terminated|Connection/)
    await expect(anthropic(cut).messages.create(question as never)).rejects.toThrow(/terminated|Connection/)
  })

  it('is left by a caller that gives up, in mid-stream', async () => {
    const recording = await bundled('anthropic-messages/answer-after-tools')
    const waits: number[] = []
    const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((_, reject) => {
        waits.push(ms)
        signal.addEventListener('abort', () => reject(new Error('left')))
      })
    const late = {
      ...recording,
      chunks: recording.chunks.map((chunk, index) => ({ ...chunk, ms: index < 3 ? 0 : 9_999_999 })),
    }
    const stream = anthropic(late, { timing: 'recorded', sleep }).messages.stream(question as never)
    stream.on('streamEvent', () => stream.abort())
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError)
    expect(waits.every((ms) => ms === 9_999_999)).toBe(true)
  })
})

describe('replayFetch under openai', () => {
  it.each(['note-and-sum', 'answer-after-tools'])('streams and answers whole: chat %s', async (name) => {
    const recording = await bundled(`openai-chat/${name}`)
    const client = openai(recording, { loop: true })
    const streamed = await client.chat.completions.stream(chatQuestion as never).finalChatCompletion()
    const whole = await client.chat.completions.create(chatQuestion as never)
    expect(streamed.choices[0]?.message).toMatchObject(JSON.parse(JSON.stringify(whole.choices[0]?.message)))
    expect(whole.choices[0]?.finish_reason).toBe(streamed.choices[0]?.finish_reason)
  })

  it('streams and answers whole: Responses', async () => {
    const recording = await bundled('openai-responses/note-and-sum')
    const client = openai(recording, { loop: true })
    const streamed = await client.responses.stream({ model: 'm', input: 'x' }).finalResponse()
    const whole = await client.responses.create({ model: 'm', input: 'x' })
    expect(whole.output.map(({ type }) => type)).toEqual(streamed.output.map(({ type }) => type))
    expect(whole.status).toBe('completed')
  })

  it('streams what was recorded whole', async () => {
    const recording = await bundled('openai-chat/whole-json-answer')
    const client = openai(recording, { loop: true })
    const whole = await client.chat.completions.create(chatQuestion as never)
    const streamed = await client.chat.completions.stream(chatQuestion as never).finalChatCompletion()
    expect(streamed.choices[0]?.message.content ?? '').toBe(whole.choices[0]?.message.content)
    expect(streamed.choices[0]?.finish_reason).toBe(whole.choices[0]?.finish_reason)
  })
})

describe('replayFetch', () => {
  const url = 'https://api.anthropic.com/v1/messages'
  const init = (signal?: AbortSignal): RequestInit => ({
    method: 'POST',
    body: JSON.stringify({ ...question, stream: true }),
    ...(signal === undefined ? {} : { signal }),
  })

  it('gives the chunks as they were recorded, one read each', async () => {
    const recording = await bundled('anthropic-messages/answer-after-tools')
    const { body, headers, status } = await replayFetch(recording)(new Request(url, init()))
    const chunks: Uint8Array[] = []
    for await (const chunk of body ?? []) chunks.push(chunk)
    expect(chunks).toEqual(recording.chunks.map(({ bytes }) => bytes))
    expect([status, headers.get('content-type')]).toEqual([200, recording.header.response?.contentType])
  })

  it('gives the reason of a signal that has fired, before and while it reads', async () => {
    const recording = await bundled('anthropic-messages/answer-after-tools')
    await expect(replayFetch(recording)(url, init(AbortSignal.abort()))).rejects.toMatchObject({ name: 'AbortError' })
    const leaving = new AbortController()
    const response = await replayFetch(recording)(url, init(leaving.signal))
    const reader = response.body!.getReader()
    await reader.read()
    leaving.abort(new Error('enough'))
    await expect(reader.read()).rejects.toThrow('enough')
  })

  it('breaks as undici does', async () => {
    const recording = await bundled('anthropic-messages/answer-after-tools')
    const response = await replayFetch({ ...recording, ending: 'reset' })(url, init())
    await expect(response.text()).rejects.toSatisfy(
      (error) =>
        error instanceof TypeError &&
        error.message === 'terminated' &&
        (error.cause as { code: string }).code === 'ECONNRESET',
    )
  })

  it('throws where that is wanted, and says what there is', async () => {
    const recording = await bundled('openai-chat/whole-json-answer')
    const fetch = replayFetch(recording, { missing: 'throw' })
    await expect(fetch(url, init())).rejects.toSatisfy(
      (error) => error instanceof MisuseError && error.code === 'no_recording',
    )
    await expect(fetch(url, init())).rejects.toThrow(/hash [0-9a-f]{16}.*there are .*openai-chat/)
  })

  it('answers a hundred questions at once, each with its own recording', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`)
    const recordings = names.map((name): Recording => ({
      header: {
        onefold: 1,
        provenance: { kind: 'handwritten', from: name },
        request: {
          method: 'POST',
          path: '/v1/messages',
          body: { stream: true, messages: [{ role: 'user', content: name }] },
        },
        response: { status: 200, contentType: 'text/event-stream' },
      },
      chunks: [{ ms: 0, bytes: new TextEncoder().encode(`data: ${name}\n\n`) }],
      ending: 'eof',
      problems: [],
    }))
    const fetch = replayFetch(recordings)
    const ask = async (name: string): Promise<string> => {
      const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: name }] })
      return (await fetch(url, { method: 'POST', body })).text()
    }
    expect(await Promise.all(names.map(ask))).toEqual(names.map((name) => `data: ${name}\n\n`))
  })

  it('answers half a request with 400, and uses up no recording', async () => {
    const fetch = replayFetch(await bundled('anthropic-messages/answer-after-tools'))
    const half = await fetch(url, { method: 'POST', body: '{"model":' })
    expect([half.status, await half.text()]).toEqual([400, expect.stringContaining('is not JSON')])
    expect((await fetch(url, init())).status).toBe(200)
  })

  it.each([
    ['no recording', [7 as never], {}, 'bad_argument'],
    ['a timing without a sleep', [], { timing: 'recorded' }, 'bad_option'],
    ['a header that is empty', { header: {} } as never, {}, 'bad_argument'],
    [
      'a status that there is not',
      [{ header: { onefold: 1, response: { status: 700 }, provenance: { kind: 'derived' } }, chunks: [] }] as never,
      {},
      'bad_argument',
    ],
    [
      'a recording without chunks',
      { header: { onefold: 1, provenance: { kind: 'derived' } } } as never,
      {},
      'bad_argument',
    ],
    ['nothing', undefined as never, {}, 'bad_argument'],
    ['a way of matching that there is not', [], { match: 'luck' as never }, 'bad_option'],
    ['another way to miss', [], { missing: 'luck' as never }, 'bad_option'],
  ] as const)('refuses %s', (_, recordings, options, code) => {
    expect(() => replayFetch(recordings, options)).toThrow(expect.objectContaining({ code }))
  })
})
