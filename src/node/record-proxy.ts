/**
 * A reverse proxy on loopback that records what it relays.
 *
 * The rules: a request goes to the upstream and nowhere else, as it came; a response goes to the client as it came, each chunk when it came;
 * what breaks on one side breaks on the other; nothing that goes wrong with a recording is noticed on either.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import type { Duplex } from 'node:stream'
import { LARGEST_BODY, openingOf, type AskedBody } from '../recording/exchange.ts'
import type { RecordedEnding } from '../recording/format.ts'
import { BodyRecorder, type RecordOptions } from '../recording/recorder.ts'
import { checkedRedactor } from '../recording/record-options.ts'
import { createRedactor } from '../recording/redact.ts'
import { withoutQuerySecrets } from '../recording/secrets.ts'
import { sinkOf, type RecordingTarget } from '../recording/sink.ts'
import { systemClock, systemDate } from '../system.ts'
import { contentCodingOf, type ContentDecoder } from './content-decoder.ts'
import { LARGEST_HEADERS, listen, refuse, type LoopbackServer } from './loopback.ts'
import { upstreamOf, type Upstream } from './upstream.ts'

/** What goes on in a recorder. `order` is the request's number, the first is 1; `bytes` are those that were relayed. */
export type RecorderEvent =
  | { readonly kind: 'answered'; readonly order: number; readonly status: number; readonly path: string }
  | { readonly kind: 'chunk'; readonly order: number; readonly bytes: number }
  | { readonly kind: 'ended'; readonly order: number; readonly ending: RecordedEnding }
  /**
   * There is nothing to write down, or it cannot be. `refused`: not what is relayed here. `client_left`: before there was an answer.
   * `unreachable`: the upstream gave none. `unreadable`: its encoding is not known, so nobody can tell what is secret in it.
   * `odd_status`: a recording holds 100 to 599 only.
   */
  | {
      readonly kind: 'not_recorded'
      readonly order: number
      readonly path: string
      readonly reason: 'refused' | 'client_left' | 'unreachable' | 'unreadable' | 'odd_status'
      readonly why: string
    }

type NotRecorded = RecorderEvent & { kind: 'not_recorded' }

export interface RecorderOptions extends RecordOptions {
  /** The base URL of the API. */
  readonly upstream: string | URL
  readonly sink: RecordingTarget
  /** Default 0: one that is free. */
  readonly port?: number
  readonly onEvent?: (event: RecorderEvent) => void
}

/** `url` is the address to give to clients instead of the upstream's. */
export interface Recorder extends LoopbackServer {
  /** The environment by which the known SDKs and command lines are told so. */
  readonly env: Readonly<Record<string, string>>
  /** Breaks off what is open (its recordings end with `abort`) and waits until everything was handed to the sink. */
  close(): Promise<void>
}

/**
 * Starts a recorder on 127.0.0.1. Throws `MisuseError`: `bad_option` for an option that there is not, and an upstream, a port or a
 * pattern that is none; `bad_argument` for a sink that is none; `port_in_use`.
 */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const upstream = upstreamOf(options.upstream)
  checkedRedactor(options, ['upstream', 'sink', 'port', 'onEvent'])
  // Whatever the caller hands in is asked once for each response, so a function is made a sink here.
  const sink = sinkOf(options.sink)
  // No connection is used twice, since one that the upstream has closed meanwhile would fail a request that it never saw. But the upstream
  // is not told so: it would close at once behind an answer that comes before the end of the request, and the answer would be lost.
  const connections = { keepAlive: true, maxFreeSockets: 0, noDelay: true }
  const agent = upstream.isSecure ? new https.Agent(connections) : new http.Agent(connections)
  const recording = new Set<Promise<void>>()
  let requests = 0
  const server = await listen((request, response) => {
    requests += 1
    const relay = new Relay({ ...options, sink }, upstream, agent, requests)
    const done = relay.run(request, response)
    recording.add(done)
    return done.finally(() => recording.delete(done))
  }, options.port)
  return {
    url: server.url,
    port: server.port,
    env: upstream.envOf(server.url),
    async close() {
      await server.close()
      await Promise.allSettled(recording)
      agent.destroy()
    },
  }
}

/** Of a connection and not of the message that it carries. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

class Relay {
  readonly #options: RecorderOptions
  readonly #upstream: Upstream
  readonly #agent: http.Agent
  readonly #order: number
  readonly #startedAt: number
  readonly #recordedAt: string

  constructor(options: RecorderOptions, upstream: Upstream, agent: http.Agent, order: number) {
    this.#options = options
    this.#upstream = upstream
    this.#agent = agent
    this.#order = order
    this.#startedAt = (options.clock ?? systemClock).now()
    this.#recordedAt = (options.date ?? systemDate)()
  }

  /** Settles when the exchange is over and handed to the sink. */
  async run(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    if (!path.startsWith('/')) {
      this.#notRecorded(path, 'refused', 'its target is not a path')
      refuse(response, 400, 'onefold record: the target of a request must be a path')
      request.resume()
      return
    }
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      this.#notRecorded(path, 'refused', 'it asks for a WebSocket, which is not recorded')
      refuse(response, 426, 'onefold record relays HTTP, not WebSockets; ask again over HTTP')
      request.resume()
      return
    }
    const body = collect(request)
    const answer = await this.#ask(request, response, path)
    if (answer === undefined) return
    await this.#relay(request, response, answer, body, path)
  }

  /** Sends the request on; gives the response, or undefined where there is none, and then the client has been told. */
  #ask(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    path: string,
  ): Promise<http.IncomingMessage | undefined> {
    const { isSecure, hostname, port, host } = this.#upstream
    const headers = relayedHeaders(request.rawHeaders, 'request')
    headers.push('Host', host, 'Accept-Encoding', 'identity')
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
    // Node frames no body of a GET or a DELETE by itself, and what stands behind such a request would be read as the next.
    if (hasBody && !hasHeader(headers, 'content-length')) headers.push('Transfer-Encoding', 'chunked')
    if (!hasBody && !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(request.method ?? ''))
      headers.push('Content-Length', '0')
    const asked = (isSecure ? https : http).request({
      agent: this.#agent,
      hostname,
      port,
      method: request.method ?? 'GET',
      path: this.#upstream.pathOf(path),
      headers,
      maxHeaderSize: LARGEST_HEADERS,
      // An array of headers is sent as it is; this keeps Node from adding its own.
      setHost: false,
    })
    return new Promise((resolve) => {
      let isOver = false
      const settle = (answer?: http.IncomingMessage): void => {
        isOver = true
        resolve(answer)
      }
      const fail = (why: string): void => {
        request.unpipe()
        request.resume()
        // Behind the response an error is the end of its body, or of a body of ours that nobody wanted.
        if (isOver) return
        if (response.destroyed) this.#notRecorded(path, 'client_left', 'the client left before there was an answer')
        else this.#notRecorded(path, 'unreachable', why)
        refuse(response, 502, `onefold record: ${why}`)
        settle()
      }
      asked.on('information', ({ statusCode, rawHeaders }) => {
        if (statusCode !== 103) return
        try {
          response.writeEarlyHints(
            Object.fromEntries(pairsOf(rawHeaders).map(([name, value]) => [name.toLowerCase(), value])),
          )
        } catch {
          // Node sends no hints that it cannot read; they are hints.
        }
      })
      asked.once('response', (answer) => {
        // What Node itself cannot send on.
        if ((answer.statusCode ?? 0) >= 100) settle(answer)
        else {
          fail(`${host} answered with ${answer.statusCode}, which is no status`)
          asked.destroy()
        }
      })
      asked.once('upgrade', (_answer, socket: Duplex) => {
        socket.destroy()
        fail(`${host} switched to another protocol, which nobody had asked for`)
      })
      asked.on('error', (error: NodeJS.ErrnoException) => {
        const code = error.code ?? error.message
        const isUnreadable = code.startsWith('HPE_')
        fail(`${host} ${isUnreadable ? 'answered what cannot be read' : 'cannot be reached'} (${code})`)
      })
      asked.once('close', () => fail(`${host} gave no answer`))
      response.once('close', () => {
        // The request of a client that left is for nobody.
        if (!response.writableFinished) asked.destroy()
      })
      if (hasBody) request.pipe(asked)
      else asked.end()
    })
  }

  async #relay(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    answer: http.IncomingMessage,
    body: CollectedBody,
    path: string,
  ): Promise<void> {
    const status = answer.statusCode ?? 502
    const headers = answerHeaders(request, answer)
    response.sendDate = false
    response.writeHead(status, answer.statusMessage ?? '', headers)
    // Node flushes a header that is not ASCII in another encoding than it came in; such a one goes with the first chunk.
    if (/^[ -~\t]*$/.test(headers.join(''))) response.flushHeaders()
    const recorder = this.#recorderOf(request, answer, body, path)
    this.#event({ kind: 'answered', order: this.#order, status, path: this.#shown(path) })
    answer.on('data', (chunk: Buffer) => {
      // First the client, then the recording.
      if (!response.write(chunk)) {
        answer.pause()
        response.once('drain', () => answer.resume())
      }
      recorder?.chunk(chunk)
      this.#event({ kind: 'chunk', order: this.#order, bytes: chunk.length })
    })
    const ending = await endOf(answer, response)
    body.stop()
    if (ending === 'eof') {
      const trailers = pairsOf(answer.rawTrailers)
      if (trailers.length > 0 && answer.headers.trailer !== undefined) response.addTrailers(trailers)
      response.end()
    } else if (ending === 'reset') breakOff(response)
    else answer.destroy()
    await recorder?.end(ending)
    this.#event({ kind: 'ended', order: this.#order, ending })
  }

  #recorderOf(
    request: http.IncomingMessage,
    answer: http.IncomingMessage,
    body: CollectedBody,
    path: string,
  ): ExchangeRecorder | undefined {
    const { statusCode: status = 502 } = answer
    if (status > 599) {
      this.#notRecorded(path, 'odd_status', `its status, ${status}, is none that a recording can hold (100 to 599)`)
      return undefined
    }
    const coding = contentCodingOf(answer.headers['content-encoding'])
    if (coding.kind === 'unknown') {
      // Nothing could be searched for secrets in it.
      this.#notRecorded(path, 'unreadable', `its encoding, ${coding.encoding}, cannot be decoded here`)
      return undefined
    }
    const note = coding.kind === 'none' ? {} : { note: `the upstream sent it as ${coding.encoding}; decoded here` }
    const opening = body.whole.then((asked) =>
      openingOf(
        {
          method: request.method ?? 'GET',
          path,
          headers: pairsOf(request.rawHeaders),
          body: asked,
          from: this.#upstream.host,
          order: this.#order,
          recordedAt: this.#recordedAt,
        },
        { status, headers: pairsOf(answer.rawHeaders), ...note },
        this.#options,
      ),
    )
    const recorder = new BodyRecorder(opening, this.#options.sink, this.#options, this.#startedAt)
    const decoder = coding.kind === 'none' ? undefined : coding.decode((bytes) => recorder.chunk(bytes))
    return exchangeRecorder(recorder, decoder)
  }

  /** What an error message or a progress line may show of a path. */
  #shown(path: string): string {
    return createRedactor([], this.#options).text(withoutQuerySecrets(path))
  }

  #notRecorded(path: string, reason: NotRecorded['reason'], why: string): void {
    this.#event({ kind: 'not_recorded', order: this.#order, path: this.#shown(path), reason, why })
  }

  #event(event: RecorderEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch {
      // Whoever watches disturbs nobody.
    }
  }
}

interface ExchangeRecorder {
  chunk(bytes: Uint8Array): void
  /** Settles when everything was handed to the sink. */
  end(ending: RecordedEnding): Promise<void>
}

function exchangeRecorder(recorder: BodyRecorder, decoder: ContentDecoder | undefined): ExchangeRecorder {
  return {
    chunk: (bytes) => (decoder === undefined ? recorder.chunk(bytes) : decoder.write(bytes)),
    async end(ending) {
      const decoded = await decoder?.end()
      recorder.end(decoded?.isWhole === false && ending === 'eof' ? 'reset' : ending)
      await recorder.done
    },
  }
}

/** How the body of a response ended: as a whole, broken off by the upstream, or left by the client. */
function endOf(answer: http.IncomingMessage, response: http.ServerResponse): Promise<RecordedEnding> {
  return new Promise((resolve) => {
    answer.once('end', () => resolve(answer.complete ? 'eof' : 'reset'))
    answer.once('error', () => resolve('reset'))
    answer.once('close', () => resolve(answer.complete ? 'eof' : 'reset'))
    response.once('close', () => resolve('abort'))
  })
}

/** Ends the connection without the end of the body, once what was written is out. */
function breakOff(response: http.ServerResponse): void {
  response.write('', () => response.socket?.destroy())
}

interface CollectedBody {
  readonly whole: Promise<AskedBody>
  /** What has not come by now never does. */
  stop(): void
}

/** The body of a request, as it passes by on its way to the upstream. */
function collect(request: http.IncomingMessage): CollectedBody {
  const pieces: Buffer[] = []
  let size = 0
  request.on('data', (piece: Buffer) => {
    size += piece.length
    if (size <= LARGEST_BODY) pieces.push(piece)
    else pieces.length = 0
  })
  const over = new AbortController()
  const stop = (): void => over.abort()
  const whole = new Promise<AskedBody>((resolve) => {
    over.signal.addEventListener('abort', () => {
      if (size > LARGEST_BODY) resolve({ kind: 'left_out', size, why: 'too_large' })
      else if (request.complete) resolve({ kind: 'bytes', bytes: Buffer.concat(pieces) })
      else resolve({ kind: 'left_out', size, why: 'incomplete' })
    })
  })
  request.once('end', stop)
  request.once('close', stop)
  return { whole, stop }
}

/** The headers that are relayed, as they came: names in their case, in order, repeated where they are. */
function relayedHeaders(raw: readonly string[], of: 'request' | 'response'): string[] {
  const pairs = pairsOf(raw)
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()))
  const dropped = new Set([...named, ...(of === 'request' ? ['host', 'accept-encoding', 'expect'] : [])])
  return pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()) && !dropped.has(name.toLowerCase())).flat()
}

/** Trailers are announced only where they can come: behind a body in pieces. */
function answerHeaders(request: http.IncomingMessage, answer: http.IncomingMessage): string[] {
  const headers = relayedHeaders(answer.rawHeaders, 'response')
  const hasBody = request.method !== 'HEAD' && answer.statusCode !== 204 && answer.statusCode !== 304
  if (hasBody && answer.headers['transfer-encoding'] !== undefined) return headers
  return pairsOf(headers)
    .filter(([name]) => name.toLowerCase() !== 'trailer')
    .flat()
}

function hasHeader(raw: readonly string[], wanted: string): boolean {
  return pairsOf(raw).some(([name]) => name.toLowerCase() === wanted)
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index] ?? '', raw[index + 1] ?? ''])
  return pairs
}
