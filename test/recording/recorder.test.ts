/** `tap` and `recordingFetch`: what a program records of itself. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, describe, expect, test } from 'vitest'
import {
  parseRecording,
  formatRecording,
  recordingFetch,
  replay,
  tap,
  type Recording,
  type RecordOptions,
} from '../../src/index.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

const PIECES = ['data: é', '\n\ndata: ', '{"a":1}\n\n'].map((text) => new TextEncoder().encode(text))
const textOf = (recording: Recording | undefined): string =>
  Buffer.concat((recording?.chunks ?? []).map(({ bytes }) => bytes)).toString()

async function* pieces(error?: Error): AsyncGenerator<Uint8Array> {
  yield* PIECES
  if (error !== undefined) throw error
}

describe('tap', () => {
  test('gives the very same chunks, and the recording gives them again', async () => {
    const recordings: Recording[] = []
    for (const source of [pieces(), ReadableStream.from(pieces())]) {
      const got: Uint8Array[] = []
      for await (const chunk of tap(
        source as AsyncIterable<Uint8Array>,
        (recording) => void recordings.push(recording),
      ))
        got.push(chunk)
      expect(got.every((chunk, index) => chunk === PIECES[index])).toBe(true)
      expect(got).toHaveLength(3)
    }
    for (const recording of recordings) {
      expect(recording).toMatchObject({
        ending: 'eof',
        header: { provenance: { kind: 'captured' }, recordedBy: 'onefold' },
      })
      const again: Uint8Array[] = []
      for await (const chunk of replay(parseRecording(formatRecording(recording)))) again.push(chunk)
      expect(again).toEqual(PIECES)
    }
    expect(recordings).toHaveLength(2)
  })

  test.each([
    [new Error('broken'), 'reset'],
    [new DOMException('left', 'AbortError'), 'abort'],
  ] as const)('%s is thrown on, and recorded as %s', async (error, ending) => {
    for (const source of [pieces(error), ReadableStream.from(pieces(error))]) {
      const recordings: Recording[] = []
      const read = async (): Promise<void> => {
        for await (const _ of tap(source as AsyncIterable<Uint8Array>, (recording) => void recordings.push(recording)));
      }
      await expect(read()).rejects.toBe(error)
      expect(recordings.map((recording) => [recording.ending, textOf(recording)])).toEqual([
        [ending, Buffer.concat(PIECES).toString()],
      ])
    }
  })

  test('a reader that leaves ends it with abort, and the source is told', async () => {
    let isLeft = false
    const endless = async function* (): AsyncGenerator<string> {
      try {
        for (;;) yield 'text\n'
      } finally {
        isLeft = true
      }
    }
    for (const source of [endless(), ReadableStream.from(endless())]) {
      isLeft = false
      const recordings: Recording[] = []
      for await (const _ of tap(source as AsyncIterable<string>, (recording) => void recordings.push(recording))) break
      expect([isLeft, recordings[0]?.ending, textOf(recordings[0])]).toEqual([true, 'abort', 'text\n'])
    }
  })

  test('a target that throws disturbs nobody and is told once', async () => {
    const errors: unknown[] = []
    const full = (): never => {
      throw new Error('full')
    }
    let count = 0
    for await (const _ of tap(
      pieces(),
      { open: () => ({ chunk: full, end: full }) },
      {
        onError: (error) => {
          errors.push(error)
          throw error
        },
      },
    ))
      count += 1
    expect([count, errors]).toEqual([3, [new Error('full')]])
  })

  test('times are of the clock that is handed in, and secrets are taken out', async () => {
    let now = 5
    const recordings: Recording[] = []
    const clock = { now: () => (now += 10) }
    for await (const _ of tap(pieces(), (recording) => void recordings.push(recording), {
      clock,
      date: () => '2026-11-22T00:00:00Z',
      secrets: ['{"a":1}'],
      header: { dialect: 'x' },
    }));
    expect(recordings[0]?.chunks.map(({ ms }) => ms)).toEqual([10, 20, 30])
    expect(recordings[0]).toMatchObject({ endMs: 40, header: { dialect: 'x', recordedAt: '2026-11-22T00:00:00Z' } })
    expect(textOf(recordings[0])).toBe('data: é\n\ndata: *******\n\n')
    expect(() => tap(pieces(), () => undefined, { redact: [''] })).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    )
  })
})

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    const body: Buffer[] = []
    request.on('data', (piece: Buffer) => body.push(piece))
    request.on('end', () => handler(request, response, Buffer.concat(body).toString()))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('recordingFetch', () => {
  const form = new FormData()
  form.set('model', 'm')
  const stream = (): ReadableStream<Uint8Array> =>
    ReadableStream.from([new TextEncoder().encode('{"model":'), new TextEncoder().encode('"m"}')])
  test.each([
    ['a text', (url: string): Parameters<typeof fetch> => [url, { method: 'POST', body: '{"model":"m"}' }]],
    [
      'bytes',
      (url: string): Parameters<typeof fetch> => [
        new URL(url),
        { method: 'POST', body: new TextEncoder().encode('{"model":"m"}') },
      ],
    ],
    ['a stream', (url: string): Parameters<typeof fetch> => [url, { method: 'POST', body: stream(), duplex: 'half' }]],
    [
      'a Request',
      (url: string): Parameters<typeof fetch> => [new Request(url, { method: 'POST', body: '{"model":"m"}' })],
    ],
    ['a blob', (url: string): Parameters<typeof fetch> => [url, { method: 'POST', body: new Blob(['{"model":"m"}']) }]],
  ])('%s is sent as it is, and recorded', async (_name, asked) => {
    const url = await serve((request, response, body) => {
      response.writeHead(request.headers['x-fail'] === undefined ? 200 : 500, { 'content-type': 'application/json' })
      response.end(body)
    })
    const recordings: Recording[] = []
    const recorded = recordingFetch(fetch, (recording) => void recordings.push(recording))
    const response = await recorded(...asked(`${url}/v1/messages`))
    expect(response.url).toBe(`${url}/v1/messages`)
    expect(await response.text()).toBe('{"model":"m"}')
    await expect.poll(() => recordings.length).toBe(1)
    expect(recordings[0]).toMatchObject({
      ending: 'eof',
      header: {
        dialect: 'anthropic-messages',
        order: 1,
        request: { method: 'POST', path: '/v1/messages', body: { model: 'm' } },
      },
    })
    expect(textOf(recordings[0])).toBe('{"model":"m"}')
  })

  test('a form, an empty answer, an error status', async () => {
    const url = await serve((request, response) => {
      response.writeHead(request.method === 'DELETE' ? 204 : 429, { 'retry-after': '1' })
      response.end(request.method === 'DELETE' ? undefined : 'slow down')
    })
    const recordings: Recording[] = []
    const recorded = recordingFetch(fetch, (recording) => void recordings.push(recording))
    expect((await recorded(url, { method: 'DELETE' })).status).toBe(204)
    expect(await (await recorded(url, { method: 'POST', body: form })).text()).toBe('slow down')
    await expect.poll(() => recordings.length).toBe(2)
    expect(recordings.map(({ header }) => header.response?.status)).toEqual([204, 429])
    expect(recordings[1]?.header.response?.headers).toMatchObject({ 'retry-after': '1' })
  })

  test('an official SDK does not notice; what it aborts is recorded as abort, and its key is nowhere', async () => {
    const start = {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    }
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(
        `event: message_start\ndata: ${JSON.stringify(start)}\n\n: ${String(request.headers.authorization)}\n\n`,
      )
    })
    const recordings: Recording[] = []
    const anthropic = new Anthropic({
      apiKey: 'planted-key-1',
      baseURL: url,
      fetch: recordingFetch(fetch, (recording) => void recordings.push(recording)),
    })
    const events = await anthropic.messages.create({
      model: 'm',
      max_tokens: 1,
      stream: true,
      messages: [{ role: 'user', content: 'x' }],
    })
    for await (const event of events) {
      expect(event.type).toBe('message_start')
      break
    }
    await expect.poll(() => recordings.length).toBe(1)
    expect(recordings[0]?.ending).toBe('abort')
    expect(formatRecording(recordings[0]!)).not.toContain('planted')
    expect(textOf(recordings[0])).toMatch(/: (Bearer )?\*{13,}\n/)
  })

  test('what fetch throws is thrown on, and a pattern that is none is told at once', async () => {
    const failing = recordingFetch(
      () => Promise.reject(new TypeError('fetch failed')),
      () => expect.unreachable(),
    )
    await expect(failing('http://127.0.0.1:1/')).rejects.toThrow('fetch failed')
    expect(() => recordingFetch(fetch, () => undefined, { redact: [''] })).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    )
  })
})

describe('what is no use of it is told at once', () => {
  const wrong = (value: unknown): never => value as never
  const ignored = (): void => undefined

  test.each([undefined, null, 5, 'abc', {}, [1]])('tap of %j', (stream) => {
    expect(() => tap(wrong(stream), ignored)).toThrow(expect.objectContaining({ code: 'bad_source' }))
  })

  test.each([undefined, null, 5, 'folder', {}])('the target %j', (target) => {
    const refusal = expect.objectContaining({
      code: 'bad_argument',
      message: expect.stringContaining('recordingFolder(dir)'),
    })
    expect(() => tap(pieces(), wrong(target))).toThrow(refusal)
    expect(() => recordingFetch(fetch, wrong(target))).toThrow(refusal)
  })

  test('no fetch', () => {
    expect(() => recordingFetch(wrong(undefined), ignored)).toThrow(expect.objectContaining({ code: 'bad_argument' }))
  })

  test.each([
    [null, 'they must be an object'],
    [{ out: 'x' }, 'there is no option out; there are'],
    [{ redact: 'planted' }, 'redact: it is no list'],
    [{ secrets: 'planted' }, 'secrets: it is no list'],
    [{ redact: [5] }, 'neither a text nor'],
  ])('the options %j', (options, reason) => {
    const refusal = expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(reason) })
    for (const use of [
      () => tap(pieces(), ignored, wrong(options)),
      () => recordingFetch(fetch, ignored, wrong(options)),
    ]) {
      expect(use).toThrow(refusal)
      expect(use).not.toThrow(/planted/)
    }
  })

  test('a header that no reader would accept', () => {
    expect(() => tap(pieces(), ignored, { header: { provenance: wrong({}) } })).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining('"provenance.kind"') }),
    )
  })
})

test.each([undefined, { pipe: () => undefined }])(
  'a response whose body is no web stream (%j) is given as it is, and told as not recorded',
  async (body) => {
    const given = { ok: true, status: 200, headers: new Map(), body }
    const errors: unknown[] = []
    const options: RecordOptions = {
      onError(error) {
        errors.push(error)
        throw error
      },
    }
    const recorded = recordingFetch(
      () => Promise.resolve(given as never),
      () => expect.unreachable(),
      options,
    )
    expect(await recorded('https://api.example/v1/messages?key=planted')).toBe(given)
    expect(errors.map(String)).toEqual([
      'TypeError: GET api.example: not recorded, since the body of the response is no web stream',
    ])
  },
)
