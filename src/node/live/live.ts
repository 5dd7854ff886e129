/**
 * One question to several endpoints at the same time, each answer recorded and folded as it comes. The rule: what goes wrong with one endpoint
 * is its own answer, and keeps no other from its end.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { observeRecording } from '../../compare/observed.ts'
import { timesOf } from '../../compare/times.ts'
import { MisuseError } from '../../errors.ts'
import type { AssistantMessage, BlockKind, Outcome } from '../../message.ts'
import { preview } from '../../printable.ts'
import type { Fetch } from '../../recording/fetch.ts'
import { foldRecording } from '../../recording/fold-recording.ts'
import type { Recording, RecordingHeader } from '../../recording/format.ts'
import { recordingFetch } from '../../recording/recording-fetch.ts'
import { createRedactor } from '../../recording/redact.ts'
import { copyOf } from '../../recording/response-copy.ts'
import { isKeptHeader } from '../../recording/secrets.ts'
import { sinkOf, type RecordingSink, type RecordingWriter } from '../../recording/sink.ts'
import type { TurnEvent } from '../../turn-event.ts'
import { assemble } from '../../turn.ts'
import { secretsAmong, type Endpoint } from './endpoints.ts'
import { checkedKeys, starring } from './keys.ts'
import { requestOf, type LiveRequest, type Question } from './request.ts'

/** What happens to one endpoint; `endpoint` is its place in the list, `ms` milliseconds since its request was sent. */
export type LiveEvent =
  | { readonly kind: 'answered'; readonly endpoint: number; readonly ms: number; readonly status: number }
  /** A piece of content; of a call that begins, and has no text yet, with 0 characters. */
  | {
      readonly kind: 'delta'
      readonly endpoint: number
      readonly ms: number
      readonly of: BlockKind
      /** UTF-16 units. */
      readonly characters: number
    }
  | {
      readonly kind: 'over'
      readonly endpoint: number
      readonly ms: number
      readonly outcome: Outcome
      /** As the recording has them, whose clock is another. Absent where there is none. */
      readonly figures?: LiveFigures
    }

export interface LiveFigures {
  /** Absent where no content came. */
  readonly firstTokenMs?: number
  /** Absent where nothing was timed. */
  readonly endMs?: number
  readonly deltas: number
  /** UTF-16 units. */
  readonly characters: number
}

export interface LiveOptions {
  /** Where the keys are. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where each recording goes while it is made, besides into the answer. The `order` of its header is the place of its endpoint, from 1. */
  readonly sink?: RecordingSink
  readonly onEvent?: (event: LiveEvent) => void
  /** Told of a recording that could not be written. */
  readonly onError?: (error: unknown) => void
  /** Ends all streams; what has come is kept. */
  readonly signal?: AbortSignal
  /** Milliseconds that each endpoint has for its whole answer. Default 300,000. */
  readonly timeoutMs?: number
  /** The program and its version, for the recordings. */
  readonly recordedBy?: string
}

/** What one endpoint gave. Keys are in none of it, even where a server sends them back. */
export type LiveAnswer = Recorded | Unanswered

interface Recorded {
  readonly endpoint: Endpoint
  readonly recording: Recording
  /** How it ended here: a recording tells neither who gave up nor why. */
  readonly outcome: Outcome
}
/** There was no response, or a redirect: only a message says why. */
interface Unanswered {
  readonly endpoint: Endpoint
  readonly message: AssistantMessage
  readonly outcome: Outcome
}

/** How long an answer may take, in milliseconds. */
export const LIVE_TIMEOUT_MS = 300_000

/** After the end of a message so long is waited for the end of its stream: some servers leave it open. */
const LINGER_MS = 1000

/**
 * Asks all endpoints at once, and gives what came of each, in their order, when the last one is over. Nothing is sent again, and no redirect is
 * followed. Rejects only for a misuse, before anything is sent: `MisuseError` (`bad_argument` for an empty prompt, a key that is not set, or one in the prompt).
 */
export async function askAll(
  endpoints: readonly Endpoint[],
  question: Question,
  options: LiveOptions = {},
): Promise<readonly LiveAnswer[]> {
  if (question.prompt.trim() === '') throw new MisuseError('bad_argument', 'the prompt is empty; write a question')
  const keys = checkedKeys(endpoints, question, options.env ?? process.env)
  const secrets = secretsAmong(keys)
  const asked = endpoints.map((endpoint, index): Asking => {
    const request = requestOf(endpoint, question, keys[index])
    return { endpoint, index, request, secrets, options }
  })
  return Promise.all(asked.map(ask))
}

interface Asking {
  readonly endpoint: Endpoint
  readonly index: number
  readonly request: LiveRequest
  /** The keys of all endpoints that can be looked for. */
  readonly secrets: readonly string[]
  readonly options: LiveOptions
}

async function ask(asking: Asking): Promise<LiveAnswer> {
  const { endpoint, index, request, secrets, options } = asking
  const { onEvent = () => undefined, timeoutMs = LIVE_TIMEOUT_MS, recordedBy, signal } = options
  const startedAt = performance.now()
  const since = (): number => performance.now() - startedAt
  const kept = new Kept(asking)
  const { url, headers, body } = request
  // The recorder would look for every header that it does not know, whatever word it is.
  const known = Object.fromEntries(Object.entries(headers).filter(([name]) => isKeptHeader(name)))
  const recording = recordingFetch(sending(headers, secrets), kept, {
    secrets,
    onError: (error) => kept.lose(error),
    ...(recordedBy === undefined ? {} : { recordedBy }),
  })
  const gone = new AbortController()
  let stream: { readonly over: Promise<void> } | undefined
  const turn = assemble(
    async () => {
      const init = {
        method: 'POST',
        headers: known,
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: gone.signal,
      } as const
      const response = await recording(url, init)
      stream = { over: Promise.resolve() }
      onEvent({ kind: 'answered', endpoint: index, ms: since(), status: response.status })
      if (response.body === null) return response
      // A turn leaves its stream where the message ends. What comes behind that, and the end itself, is recorded too.
      const [read, rest] = response.body.tee()
      stream = { over: drained(rest) }
      return copyOf(response, read)
    },
    { total: timeoutMs, ...(signal === undefined ? {} : { signal }) },
  )
  for await (const event of turn)
    tellOf(event, (of, characters) => onEvent({ kind: 'delta', endpoint: index, ms: since(), of, characters }))
  const message = await turn.message()
  if (stream !== undefined && !isGivenUp(message.outcome)) await withinLinger(stream.over)
  gone.abort()
  const star = starring(secrets)
  const answer =
    stream === undefined
      ? { endpoint, message: star(message), outcome: star(message.outcome) }
      : await answerOf(endpoint, message.outcome, await kept.recording, star)
  const { outcome } = answer
  onEvent({
    kind: 'over',
    endpoint: index,
    ms: since(),
    outcome,
    ...('recording' in answer ? { figures: figuresOf(answer.recording) } : {}),
  })
  return answer
}

function figuresOf(recording: Recording): LiveFigures {
  const turn = observeRecording(recording)
  const { firstTokenMs, endMs } = timesOf(turn, {})
  const { arrivals = [], deltas = 0 } = turn
  const characters = arrivals.reduce((sum, arrival) => sum + arrival.characters, 0)
  return {
    ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
    ...(endMs === undefined ? {} : { endMs }),
    deltas,
    characters,
  }
}

/** What the server sent may hold the key, which is in no recording; so nothing else of it is given. */
async function answerOf(
  endpoint: Endpoint,
  outcome: Outcome,
  recording: Recording | undefined,
  star: <T>(value: T) => T,
): Promise<LiveAnswer> {
  if (recording !== undefined) {
    const own = isGivenUp(outcome) ? outcome : (await foldRecording(recording)).outcome
    return { endpoint, recording, outcome: star(own) }
  }
  const message = await assemble(() => Promise.reject(new Error('the answer could not be recorded'))).message()
  return { endpoint, message, outcome: message.outcome }
}

function isGivenUp({ kind }: Outcome): boolean {
  return kind === 'aborted' || kind === 'timed_out'
}

function tellOf(event: TurnEvent, tell: (of: BlockKind, characters: number) => void): void {
  if (event.type === 'text' || event.type === 'thinking') tell(event.type, event.text.length)
  else if (event.type === 'tool_input') tell('tool_call', event.delta.length)
  else if (event.type === 'block_start' && event.kind === 'tool_call') tell('tool_call', 0)
}

async function drained(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader()
  try {
    while (!(await reader.read()).done);
  } catch {
    // That it broke is in the recording.
  }
}

async function withinLinger(over: Promise<void>): Promise<void> {
  const early = new AbortController()
  const late = wait(LINGER_MS, undefined, { signal: early.signal }).catch(() => undefined)
  await Promise.race([over, late])
  early.abort()
}

/** The recording of one response: in memory, and in the sink of the caller, which may fail. */
class Kept implements RecordingSink {
  readonly recording: Promise<Recording | undefined>
  readonly #order: number
  readonly #api: string
  readonly #others: RecordingSink | undefined
  readonly #tell: (error: unknown) => void
  #settle: (recording: Recording | undefined) => void = () => undefined

  constructor({ endpoint, index, options }: Asking) {
    this.#order = index + 1
    this.#api = endpoint.api
    this.#others = options.sink
    this.#tell = options.onError ?? (() => undefined)
    this.recording = new Promise((resolve) => (this.#settle = resolve))
  }

  /** What `recordingFetch` tells: there is none. */
  lose(error: unknown): void {
    this.#settle(undefined)
    this.#tell(error)
  }

  open(given: RecordingHeader): RecordingWriter {
    // The path of a gateway may not tell the dialect.
    const header = { ...given, dialect: given.dialect ?? this.#api, order: this.#order }
    const own = sinkOf((recording) => this.#settle(recording)).open(header)
    let other: RecordingWriter | undefined
    const write = (step: () => void): void => {
      try {
        step()
      } catch (error) {
        other = undefined
        this.#tell(error)
      }
    }
    write(() => (other = this.#others?.open(header)))
    return {
      chunk(chunk) {
        own.chunk(chunk)
        write(() => other?.chunk(chunk))
      },
      end(ending, endMs) {
        write(() => other?.end(ending, endMs))
        own.end(ending, endMs)
      },
    }
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Thrown in place of a response that leads elsewhere; it has the form in which SDKs throw what a server reports. */
class RedirectError extends Error {
  override readonly name = 'RedirectError'
  readonly status: number
  readonly error: { readonly message: string }

  constructor(status: number, to: string) {
    const message = `the server redirects to ${to}, which is not followed, since the key would go there too; if that is right, make it the baseUrl`
    super(message)
    this.status = status
    this.error = { message }
  }
}

/** Thrown where no response came: what the network said, which `fetch` hides in a cause, or in several. */
class UnreachedError extends Error {
  override readonly name = 'UnreachedError'
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

function unreachedBy(error: unknown): unknown {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  // A host of several addresses was tried at each of them.
  const tried: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause]
  const messages = tried.flatMap((one) => (one instanceof Error && one.message !== '' ? [one.message] : []))
  if (messages.length === 0) return error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'fetch'
  return new UnreachedError([...new Set(messages)].join(', '), code)
}

/** A fetch that sends these headers too, of which its caller need not know, and follows no redirect. */
function sending(headers: LiveRequest['headers'], secrets: readonly string[]): Fetch {
  // A host is in lower case.
  const redactor = createRedactor([...secrets, ...secrets.map((secret) => secret.toLowerCase())])
  return async (input, init) => {
    const response = await fetch(input, { ...init, headers }).catch((error: unknown) => {
      throw unreachedBy(error)
    })
    if (!REDIRECTS.has(response.status)) return response
    const location = (response.headers.get('location') ?? '').split(/[?#]/, 1)[0] ?? ''
    await response.body?.cancel()
    const plain = decodedUrl(location)
    const told = redactor.text(plain) === plain ? redactor.text(location) : redactor.text(plain)
    throw new RedirectError(response.status, preview(told, 200) || 'nowhere')
  }
}

/** Some encode what is encoded. A key has no characters beyond ASCII. */
function decodedUrl(url: string): string {
  let plain = url
  for (let round = 0; round < 4; round += 1)
    plain = plain.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return plain
}
