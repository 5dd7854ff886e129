/** The recorder as a reverse proxy, between real clients and a real upstream. */
import { once } from 'node:events'
import * as http from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { startRecorder, type RecorderEvent, type RecorderOptions } from '../../src/node/record-proxy.ts'
import { formatRecording, parseRecording, type Recording } from '../../src/recording/format.ts'
import { concat, hasSecret } from '../support/secrets.ts'

const closing: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void | Promise<void>

async function upstreamOf(handler: Handler): Promise<string> {
  const server = http.createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function recorderOf(upstream: string, options: Partial<RecorderOptions> = {}) {
  const recordings: Recording[] = []
  const events: RecorderEvent[] = []
  const recorder = await startRecorder({
    upstream,
    sink: (recording) => void recordings.push(recording),
    onEvent: (event) => void events.push(event),
    ...options,
  })
  let isClosed = false
  const close = async (): Promise<void> => {
    if (!isClosed) await recorder.close()
    isClosed = true
  }
  closing.push(close)
  return { ...recorder, recordings, events, close }
}

interface Got {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly chunks: Buffer[]
  readonly trailers: NodeJS.Dict<string>
  readonly isWhole: boolean
}

/** Asks with Node's own client, which shows the chunks as they come. */
function ask(url: string, options: http.RequestOptions = {}, body?: string | Uint8Array): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      const { statusCode = 0, headers, rawHeaders } = response
      const done = (): void =>
        resolve({
          status: statusCode,
          headers,
          rawHeaders,
          chunks,
          trailers: response.trailers,
          isWhole: response.complete,
        })
      response.on('error', done).on('close', done)
    })
    request.on('error', reject)
    // With a text Node would write the headers in UTF-8, too.
    request.end(body === undefined ? body : Buffer.from(body))
  })
}

const bytesOf = (recording: Recording | undefined): Uint8Array =>
  concat((recording?.chunks ?? []).map(({ bytes }) => bytes))
const sse = Buffer.from(`event: a\ndata: {"t":"北京 😀"}\n\n`.repeat(3))

describe('what goes by', () => {
  test('a stream keeps its bytes and its chunks, cut inside characters, on both sides (quirk 1.01)', async () => {
    const pieces = [sse.subarray(0, 23), sse.subarray(23, 24), sse.subarray(24, 61), sse.subarray(61)]
    let sent = 0
    const upstream = await upstreamOf(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_1', 'x-other': 'y' })
      for (const piece of pieces) {
        sent += 1
        response.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      response.end()
    })
    const { url, recordings, close } = await recorderOf(upstream)
    const got = await ask(`${url}/v1/messages`, { method: 'POST' }, '{"model":"m","stream":true}')
    expect(got.chunks).toEqual(pieces)
    expect(got.headers['x-other']).toBe('y')
    await close()
    expect(sent).toBe(4)
    const [recording] = recordings
    expect(recording?.chunks.map(({ bytes }) => Buffer.from(bytes))).toEqual(pieces)
    expect(recording).toMatchObject({
      ending: 'eof',
      header: {
        dialect: 'anthropic-messages',
        order: 1,
        request: { method: 'POST', path: '/v1/messages', body: { model: 'm', stream: true } },
        response: { status: 200, contentType: 'text/event-stream', headers: { 'request-id': 'req_1' } },
        provenance: { kind: 'captured', from: new URL(upstream).host },
      },
    })
    expect(parseRecording(formatRecording(recording!))).toEqual(recording)
  })

  test('a chunk is not kept back until the next one comes', async () => {
    let finish: () => void = () => undefined
    const upstream = await upstreamOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      // No end of a line: the file waits, the client does not.
      response.write('data: half')
      finish = () => response.end('\n\n')
    })
    const { url, recordings, close } = await recorderOf(upstream)
    const response = await fetch(`${url}/v1/messages`, { method: 'POST', body: '{}' })
    const reader = response.body!.getReader()
    expect(Buffer.from((await reader.read()).value ?? '').toString()).toBe('data: half')
    finish()
    expect(Buffer.from((await reader.read()).value ?? '').toString()).toBe('\n\n')
    await reader.read()
    await close()
    expect(Buffer.from(bytesOf(recordings[0])).toString()).toBe('data: half\n\n')
  })

  test('the request arrives as it was sent: method, path, headers, body; but for what is of the connection', async () => {
    let seen: { method?: string; url?: string; headers: http.IncomingHttpHeaders; body: string } | undefined
    const upstream = await upstreamOf(async (request, response) => {
      const pieces: Buffer[] = []
      for await (const chunk of request) pieces.push(chunk as Buffer)
      const body = Buffer.concat(pieces).toString()
      seen = { method: request.method!, url: request.url!, headers: request.headers, body }
      response.end('ok')
    })
    const { url } = await recorderOf(upstream)
    const big = JSON.stringify({ model: 'm', text: 'é'.repeat(600_000) })
    await ask(
      `${url}/v1//a%2Fb?x=1&y=%20`,
      {
        method: 'PUT',
        headers: {
          'X-Case': 'Words',
          'Accept-Encoding': 'gzip',
          Connection: 'x-hop',
          'x-hop': '1',
          Expect: '100-continue',
        },
      },
      big,
    )
    expect(seen?.method).toBe('PUT')
    expect(seen?.url).toBe('/v1//a%2Fb?x=1&y=%20')
    expect(seen?.body).toBe(big)
    expect(seen?.headers).toMatchObject({
      host: new URL(upstream).host,
      'accept-encoding': 'identity',
      'x-case': 'Words',
    })
    expect(seen?.headers).not.toHaveProperty('x-hop')
  })

  test.each([200, 201, 204, 304, 400, 401, 404, 429, 500, 529])(
    'the status %i is relayed and recorded',
    async (status) => {
      const body = status === 204 || status === 304 ? '' : '{"error":{"type":"e"}}'
      const upstream = await upstreamOf((_request, response) => {
        response.writeHead(status, 'Odd Words', { 'content-type': 'application/json', 'retry-after': '7' })
        response.end(body)
      })
      const { url, recordings, close } = await recorderOf(upstream)
      const got = await ask(`${url}/v1/messages`, { method: 'POST' }, '{}')
      expect([got.status, Buffer.concat(got.chunks).toString(), got.headers['retry-after']]).toEqual([
        status,
        body,
        '7',
      ])
      await close()
      expect(recordings[0]?.header.response?.status).toBe(status)
      expect(Buffer.from(bytesOf(recordings[0])).toString()).toBe(body)
      expect(recordings[0]?.ending).toBe('eof')
    },
  )

  test('HEAD, trailers, repeated headers and a body without a length', async () => {
    const upstream = await upstreamOf((request, response) => {
      response.writeHead(
        200,
        [
          ['Content-Type', 'text/plain'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ...(request.method === 'HEAD' ? [] : [['Trailer', 'x-sum']]),
        ].flat(),
      )
      if (request.method !== 'HEAD') response.write('text')
      if (request.method !== 'HEAD') response.addTrailers({ 'x-sum': '9' })
      response.end()
    })
    const { url, recordings, close } = await recorderOf(upstream)
    expect((await ask(url, { method: 'HEAD' })).chunks).toEqual([])
    const got = await ask(url)
    expect(got.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(got.trailers).toEqual({ 'x-sum': '9' })
    await close()
    expect(recordings.map(({ header, ending }) => [header.request?.method, ending])).toEqual([
      ['HEAD', 'eof'],
      ['GET', 'eof'],
    ])
    expect(JSON.stringify(recordings)).not.toMatch(/set-cookie/i)
  })

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const)(
    'what an upstream sends as %s all the same is relayed as it is and recorded in plain',
    async (encoding, compress) => {
      const upstream = await upstreamOf((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding })
        response.end(compress(sse))
      })
      const { url, recordings, close } = await recorderOf(upstream)
      const got = await ask(`${url}/v1/messages`, { method: 'POST' }, '{}')
      expect(Buffer.concat(got.chunks)).toEqual(compress(sse))
      await close()
      expect(Buffer.from(bytesOf(recordings[0]))).toEqual(sse)
      expect(recordings[0]?.header.provenance.note).toContain(encoding)
    },
  )

  test('what decodes to far too much is relayed, and recorded up to a limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const upstream = await upstreamOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(bomb)
    })
    let size = 0
    const endings: string[] = []
    const sink = {
      open: () => ({
        chunk: ({ bytes }: { readonly bytes: Uint8Array }) => void (size += bytes.length),
        end: (ending: string) => void endings.push(ending),
      }),
    }
    const { url, close } = await recorderOf(upstream, { sink })
    expect(Buffer.concat((await ask(url)).chunks)).toEqual(bomb)
    await close()
    expect([size <= 32 * 1024 * 1024, size > 1024 * 1024, endings]).toEqual([true, true, ['reset']])
  })

  test('what cannot be decoded is relayed and not recorded, since it cannot be searched', async () => {
    const upstream = await upstreamOf((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'compress' })
      response.end('xyz')
    })
    const { url, recordings, events, close } = await recorderOf(upstream)
    expect(Buffer.concat((await ask(url)).chunks).toString()).toBe('xyz')
    await close()
    expect(recordings).toEqual([])
    expect(events).toContainEqual(expect.objectContaining({ kind: 'not_recorded', reason: 'unreadable' }))
  })
})

describe('what breaks', () => {
  test('a reset of the upstream breaks the connection of the client, behind the last byte (quirk 7.01)', async () => {
    const upstream = await upstreamOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n', () => setTimeout(() => response.socket?.resetAndDestroy(), 30))
    })
    const { url, recordings, close } = await recorderOf(upstream)
    const got = await ask(`${url}/v1/messages`, { method: 'POST' }, '{}')
    expect(got.isWhole).toBe(false)
    expect(Buffer.concat(got.chunks).toString()).toBe('data: 1\n\n')
    await close()
    expect(recordings[0]?.ending).toBe('reset')
    expect(Buffer.from(bytesOf(recordings[0])).toString()).toBe('data: 1\n\n')
  })

  test('a client that leaves ends the request at the upstream, and the recording with abort', async () => {
    let left: () => void = () => undefined
    const hasLeft = new Promise<void>((resolve) => (left = resolve))
    const upstream = await upstreamOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      response.once('close', left)
    })
    const { url, recordings, events, close } = await recorderOf(upstream)
    const leaving = new AbortController()
    const response = await fetch(`${url}/v1/messages`, { method: 'POST', body: '{}', signal: leaving.signal })
    await response.body!.getReader().read()
    leaving.abort()
    await hasLeft
    await close()
    expect(recordings[0]?.ending).toBe('abort')
    expect(events.at(-1)).toMatchObject({ kind: 'ended', ending: 'abort' })
  })

  test('a client that leaves before the answer, and one that leaves while it sends', async () => {
    const ended: string[] = []
    const upstream = await upstreamOf((request) => {
      request.resume()
      request.once('close', () => ended.push('closed'))
    })
    const { url, recordings, events } = await recorderOf(upstream)
    const leaving = new AbortController()
    const asked = fetch(url, { method: 'POST', body: '{}', signal: leaving.signal }).catch(() => 'left')
    await expect.poll(() => ended.length === 0).toBe(true)
    setTimeout(() => leaving.abort(), 30)
    expect(await asked).toBe('left')
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf')
    setTimeout(() => socket.destroy(), 30)
    await expect.poll(() => ended.length).toBe(2)
    await expect
      .poll(() => events.filter((event) => event.kind === 'not_recorded').map(({ reason }) => reason))
      .toEqual(['client_left', 'client_left'])
    expect(recordings).toEqual([])
  })

  test('an upstream that is down is a 502 that SDKs understand, and is counted', async () => {
    const server = http.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const { url, recordings, events } = await recorderOf(`http://127.0.0.1:${port}`)
    const response = await fetch(`${url}/v1/messages?key=very-secret-value`, {
      method: 'POST',
      body: 'x'.repeat(300_000),
    })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining('cannot be reached') },
    })
    expect(recordings).toEqual([])
    expect(events).toEqual([expect.objectContaining({ kind: 'not_recorded', reason: 'unreachable' })])
    expect(JSON.stringify(events)).not.toContain('very-secret')
  })

  test('an answer before the end of the request is relayed', async () => {
    const upstream = await upstreamOf((request, response) => {
      response.writeHead(413)
      request.resume()
      response.end('too large')
    })
    const { url, recordings, close } = await recorderOf(upstream)
    const got = await ask(`${url}/v1/messages`, { method: 'POST' }, 'x'.repeat(200_000))
    expect([got.status, Buffer.concat(got.chunks).toString()]).toEqual([413, 'too large'])
    await close()
    expect(recordings[0]?.header.response?.status).toBe(413)
  })

  test.each([
    [
      'a sink that cannot open',
      {
        open: () => {
          throw new Error('full')
        },
      },
    ],
    [
      'a writer that throws',
      {
        open: () => ({
          chunk: () => {
            throw new Error('full')
          },
          end: () => undefined,
        }),
      },
    ],
    [
      'an end that throws',
      {
        open: () => ({
          chunk: () => undefined,
          end: () => {
            throw new Error('full')
          },
        }),
      },
    ],
  ])('%s disturbs nobody and is told once', async (_name, sink) => {
    const upstream = await upstreamOf((_request, response) => void response.end(sse))
    const errors: unknown[] = []
    const { url, close } = await recorderOf(upstream, { sink, onError: (error) => void errors.push(error) })
    expect(Buffer.concat((await ask(url)).chunks)).toEqual(sse)
    await close()
    expect(errors).toEqual([new Error('full')])
  })
})

/** Answers what no server library would, and keeps what came. */
async function rawUpstreamOf(answer: string): Promise<{ readonly url: string; readonly got: () => string }> {
  let got = ''
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', (data) => (got += data.toString('latin1')))
    socket.once('data', () => setTimeout(() => socket.end(answer), 20))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got: () => got }
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'

describe('odd upstreams and odd requests', () => {
  test.each([600, 999])('the status %i is relayed, and told as not recorded', async (status) => {
    const upstream = await rawUpstreamOf(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nhi`)
    const { url, recordings, events, close } = await recorderOf(upstream.url)
    const got = await ask(`${url}/v1/messages`, { method: 'POST' }, '{}')
    expect([got.status, Buffer.concat(got.chunks).toString()]).toEqual([status, 'hi'])
    await close()
    expect(recordings).toEqual([])
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'not_recorded',
        reason: 'odd_status',
        why: expect.stringContaining('100 to 599'),
      }),
    )
  })

  test.each([
    ['a protocol that nobody asked for', 'HTTP/1.1 101 S\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nhi'],
    ['no HTTP', 'hello\r\n\r\n'],
    ['nothing', ''],
  ])('%s is a 502, and the recorder can be closed', async (_name, answer) => {
    const upstream = await rawUpstreamOf(answer)
    const { url, recordings, events, close } = await recorderOf(upstream.url)
    expect((await ask(`${url}/v1/messages`, { method: 'POST' }, '{}')).status).toBe(502)
    await close()
    expect(recordings).toEqual([])
    expect(events).toEqual([expect.objectContaining({ kind: 'not_recorded', reason: 'unreachable' })])
  })

  test('what is replayed is recorded as derived, and what a server of this machine says with a note', async () => {
    const upstream = await upstreamOf((request, response) => {
      if (request.url === '/replayed') response.setHeader('x-onefold-recording', 'one-tool')
      response.end('x')
    })
    const { url, recordings, close } = await recorderOf(upstream)
    await ask(`${url}/replayed`)
    await ask(url)
    await close()
    const { host } = new URL(upstream)
    expect(recordings.map(({ header }) => header.provenance)).toEqual([
      { kind: 'derived', from: 'one-tool', note: `replayed by onefold at ${host}` },
      { kind: 'captured', from: host, note: 'from a server on the machine that recorded it' },
    ])
  })

  test('headers of 20 KB pass both ways', async () => {
    const long = 'a'.repeat(20_000)
    const upstream = await rawUpstreamOf(OK.replace('200 OK', `200 OK\r\nX-Long: ${long}`))
    const { url } = await recorderOf(upstream.url)
    const got = await ask(url, { headers: { 'x-long': long }, maxHeaderSize: 100_000 })
    expect([got.status, got.headers['x-long'] === long, upstream.got().includes(long)]).toEqual([200, true, true])
  })

  test('what is no HTTP is not told as out of reach', async () => {
    const upstream = await rawUpstreamOf(`HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(300_000)}\r\n\r\n`)
    const { url, events } = await recorderOf(upstream.url)
    expect((await ask(url)).status).toBe(502)
    expect(events).toEqual([
      expect.objectContaining({ reason: 'unreachable', why: expect.stringMatching(/answered what .*HEADER_OVERFLOW/) }),
    ])
  })

  test('CONNECT is answered and told', async () => {
    const { url, events } = await recorderOf('http://127.0.0.1:1')
    expect(await raw(url, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
    expect(events).toEqual([expect.objectContaining({ kind: 'not_recorded', reason: 'refused' })])
  })

  test('early hints are relayed', async () => {
    const upstream = await rawUpstreamOf(`HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n${OK}`)
    const { url } = await recorderOf(upstream.url)
    const got = await raw(url, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', '{}')
    expect(got).toMatch(/^HTTP\/1.1 103 Early Hints\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1.1 200 OK/i)
  })

  test.each([
    ['GET', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['DELETE', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['OPTIONS', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['DELETE', 'Connection: content-length\r\nContent-Length: 5\r\n', 'hello'],
    ['POST', 'Connection: close, content-length\r\nContent-Length: 5\r\n', 'hello'],
    ['DELETE', 'Content-Length: 5\r\n', 'hello'],
  ])('the body of a %s with %j has a frame', async (method, header, body) => {
    const upstream = await rawUpstreamOf(OK)
    const { url, recordings, close } = await recorderOf(upstream.url)
    const asked = `${method} /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\n${header}\r\n${body}`
    expect(await raw(url, asked, '{}')).toMatch(/^HTTP\/1.1 200/)
    await close()
    const [head = '', sent = ''] = upstream.got().split(/\r\n\r\n(.*)/s)
    expect([/^content-length: 5$/im.test(head), /^transfer-encoding: chunked$/im.test(head), sent]).toEqual(
      header.startsWith('Content') ? [true, false, 'hello'] : [false, true, '5\r\nhello\r\n0\r\n\r\n'],
    )
    expect(recordings[0]?.header.request?.body).toBe('hello')
  })
})

/** Sends what no client library would; leaves at the end of the answer, or behind the text that is named. */
async function raw(url: string, text: string, last?: string): Promise<string> {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1')
  let got = ''
  socket.on('error', () => undefined)
  socket.on('data', (data: Buffer) => {
    got += data.toString('latin1')
    if (last !== undefined && got.includes(last)) socket.end()
  })
  socket.write(text)
  await once(socket, 'close')
  return got
}

describe('what is refused', () => {
  test('another Host, a target that is another server, a WebSocket', async () => {
    let asked = 0
    const upstream = await upstreamOf((_request, response) => {
      asked += 1
      response.end()
    })
    const { url } = await recorderOf(upstream)
    const end = 'Connection: close\r\n\r\n'
    expect(await raw(url, `GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n${end}`)).toMatch(/^HTTP\/1.1 403/)
    expect(await raw(url, `GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n${end}`)).toMatch(/^HTTP\/1.1 400/)
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n'
    expect(await raw(url, `GET /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}`)).toMatch(/^HTTP\/1.1 426/)
    expect(asked).toBe(0)
    expect(await raw(url, `GET //evil.example/x HTTP/1.1\r\nHost: localhost\r\n${end}`)).toMatch(/^HTTP\/1.1 200/)
    expect(asked).toBe(1)
  })

  test.each(['', 'api.anthropic.com', 'ftp://x', 'https://user:secret-pass@x', 'https://x?key=secret-key'])(
    'the upstream %j',
    async (upstream) => {
      const starting = startRecorder({ upstream, sink: () => undefined })
      await expect(starting).rejects.toMatchObject({
        code: 'bad_option',
        message: expect.not.stringContaining('secret'),
      })
    },
  )

  test.each([
    [{ sink: undefined }, 'bad_argument', 'the target of the recordings is undefined'],
    [{ sink: 5 }, 'bad_argument', 'the target of the recordings is 5'],
    [{ out: 'x' }, 'bad_option', 'there is no option out; there are upstream, sink'],
    [{ redact: 'planted' }, 'bad_option', 'redact: it is no list'],
    [{ port: 'abc' }, 'bad_option', 'port: abc is no port'],
    [{ port: 70_000 }, 'bad_option', 'port: 70000 is no port'],
    [{ port: -1 }, 'bad_option', 'port: -1 is no port'],
  ])('the options %j', async (options, code, reason) => {
    const given = { upstream: 'http://127.0.0.1:1', sink: () => undefined, ...options }
    const message = expect.stringContaining(reason)
    await expect(startRecorder(given as RecorderOptions)).rejects.toMatchObject({ code, message })
  })

  test('a port that is taken', async () => {
    const { port } = await recorderOf('http://127.0.0.1:1')
    await expect(startRecorder({ upstream: 'http://127.0.0.1:1', sink: () => undefined, port })).rejects.toMatchObject({
      code: 'port_in_use',
    })
  })
})

test.each([
  ['/api', '/v1/messages', '/api/v1/messages', '/v1'],
  ['', '/v1/chat/completions', '/v1/chat/completions', '/v1'],
  ['/', '/v1/chat/completions', '/v1/chat/completions', '/v1'],
  ['/v1', '/v1/chat/completions?a=1', '/v1/chat/completions?a=1', '/v1'],
  ['/v1/', '/chat/completions', '/v1/chat/completions', '/v1'],
  ['/v1', '/v1beta/models', '/v1/v1beta/models', '/v1'],
  ['/api/paas/v4', '/v4/chat/completions', '/api/paas/v4/chat/completions', '/v4'],
  ['/v1beta/openai', '/chat/completions', '/v1beta/openai/chat/completions', ''],
])('behind the upstream %j the path %s is %s', async (prefix, path, expected, openai) => {
  const upstream = await upstreamOf((request, response) => void response.end(request.url))
  const { url, env } = await recorderOf(upstream + prefix)
  expect(Buffer.concat((await ask(url + path)).chunks).toString()).toBe(expected)
  expect(env).toMatchObject({ ANTHROPIC_BASE_URL: url, OPENAI_BASE_URL: url + openai })
})

test('no secret of a request or a response is in any byte of its recording, decoded or not', async () => {
  const secrets = [
    'header-planted-1/é',
    'query-planted-2+&',
    'basic-planted-3',
    'cookie-planted-4',
    'patt-planted-5',
    'sk-ant-planted-6-abcdefgh',
    'setcookie-planted-7',
    'unknown-planted-8',
  ]
  const [header = '', query = '', basic = '', cookie = '', pattern = '', key = '', setCookie = '', unknown = ''] =
    secrets
  const headerBytes = Buffer.from(header).toString('latin1')
  const echo = secrets
    .map(
      (secret) =>
        `event: x\ndata: ${JSON.stringify({ text: secret, b: secret === key ? '' : Buffer.from(`q${secret}z`).toString('base64'), p: encodeURIComponent(secret), j: JSON.stringify({ secret }) })}\n\n`,
    )
    .join('')
  const streamed = Array.from(header, (char) => `data: ${JSON.stringify({ delta: { text: char } })}\n\n`).join('')
  const body = Buffer.concat([Buffer.from(echo + streamed), Buffer.from([0xff]), Buffer.from(`${key}\n`)])
  const upstream = await upstreamOf(async (request, response) => {
    request.resume()
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'set-cookie': `s=${setCookie}; Path=/`,
      'request-id': `req-${key}`,
    })
    for (let at = 0; at < body.length; at += 37) response.write(body.subarray(at, at + 37))
    response.end()
  })
  const { url, recordings, events, close } = await recorderOf(upstream, { redact: [pattern] })
  const got = await ask(
    `${url}/v1/messages?api_key=${encodeURIComponent(query)}&beta=true`,
    {
      method: 'POST',
      headers: {
        'x-api-key': headerBytes,
        authorization: `Basic ${Buffer.from(`me:${basic}`).toString('base64')}`,
        cookie: `a=${cookie}; b=2`,
        'x-unheard-of': unknown,
        'user-agent': `agent ${pattern}`,
      },
    },
    JSON.stringify({
      model: 'm',
      messages: [{ role: 'user', content: secrets.join(' and ') }],
      key: { deep: [header] },
    }),
  )
  expect(Buffer.concat(got.chunks)).toEqual(body)
  await close()
  expect(recordings).toHaveLength(1)
  const file = formatRecording(recordings[0]!)
  const whole = [file, Buffer.from(bytesOf(recordings[0])).toString('latin1'), JSON.stringify(events)]
  for (const text of whole)
    for (const secret of secrets) expect([secret, hasSecret(text, secret)]).toEqual([secret, false])
  const said = Array.from(file.matchAll(/\\"delta\\":\{\\"text\\":\\"(.*?)\\"/g), ([, text]) => text).join('')
  expect(said).not.toMatch(/planted/)
  expect(file).toContain('&beta=true')
  expect(bytesOf(recordings[0])).toHaveLength(body.length)
})

test('a hundred clients at once: nothing mixed up, nothing lost', async () => {
  const upstream = await upstreamOf(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { n } = JSON.parse(body) as { n: number }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let index = 0; index < 20; index += 1) {
      response.write(`data: {"n":${n},"i":${index}}\n\n`)
      if (index % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  })
  const { url, recordings, close } = await recorderOf(upstream)
  const expected = (n: number): string =>
    Array.from({ length: 20 }, (_, index) => `data: {"n":${n},"i":${index}}\n\n`).join('')
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      ask(
        `${url}/v1/messages`,
        { method: 'POST', headers: { 'x-api-key': `key-of-client-${n}` } },
        JSON.stringify({ n, model: 'm' }),
      ),
    ),
  )
  answers.forEach(({ chunks }, n) => expect(Buffer.concat(chunks).toString()).toBe(expected(n)))
  await close()
  const found = recordings.map((recording) => ({
    n: (recording.header.request!.body as { n: number }).n,
    text: Buffer.from(bytesOf(recording)).toString(),
    order: Number(recording.header.order),
  }))
  expect(found.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(found.map(({ order }) => order).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, n) => n + 1),
  )
  for (const { n, text } of found) expect(text).toBe(expected(n))
})
