/** A recording in the form that was asked for: a stream as a whole answer, a whole answer as a stream. */
import type { AssistantMessage } from '../message.ts'
import { toAnswer } from '../to-answer.ts'
import { toNative } from '../to-native.ts'
import { toSse } from '../to-sse.ts'
import { assembleRecording } from './fold-recording.ts'
import type { Recording } from './format.ts'
import { errorBody, madeRecording } from './made.ts'
import { contentTypeOf } from './response-headers.ts'
import { loadRecording, type RecordedPart, type StoredRecording } from './stored.ts'

/** A recording as it is to be played, and what was done to it. */
export interface Written {
  readonly recording: StoredRecording
  readonly how?: string
}

/**
 * The recording if it has that form already, or as that form. Errors are served as they are. What cannot be written as a stream is undefined.
 */
export async function inForm(
  recording: StoredRecording,
  asked: { readonly isStreamed: boolean; readonly path: string },
): Promise<Written | undefined> {
  if ((recording.header.response?.status ?? 200) >= 400) return { recording }
  const form = await formOf(recording)
  const asRecorded = { recording: typed(recording, form.contentType) }
  const isStatusKnown = form.isStream || recording.header.response !== undefined
  if (isStatusKnown && form.isStream === asked.isStreamed) return asRecorded
  const loaded = await loadRecording(recording)
  const messages = await assembleRecording(loaded).messages()
  const status = isStatusKnown ? undefined : errorStatusOf(messages[0])
  if (status !== undefined) return { recording: typed(recording, form.contentType, status), how: statusNote(status) }
  if (form.isStream === asked.isStreamed) return asRecorded
  // An error is given before a stream begins.
  if (asked.isStreamed && messages.some(({ outcome }) => outcome.kind !== 'complete')) return asRecorded
  return asked.isStreamed ? asStream(recording, loaded, messages, asked.path) : asWhole(recording, loaded, messages)
}

interface Form {
  readonly isStream: boolean
  /** As recorded; where nothing was, what it is by its first bytes: SDKs read nothing without one. */
  readonly contentType: string
}

/** Whether it was recorded as a stream: its content type says so, else its first bytes. */
async function formOf(recording: StoredRecording): Promise<Form> {
  const contentType = contentTypeOf(recording.header.response)
  if (contentType !== undefined && /stream|ndjson|jsonl/.test(contentType)) return { isStream: true, contentType }
  const start = await startOf(recording)
  const isArray = start.startsWith('[')
  if (contentType?.startsWith('application/json') === true) return { isStream: isArray, contentType }
  if (start.startsWith('\0')) return { isStream: true, contentType: 'application/vnd.amazon.eventstream' }
  // A line of NDJSON ends where its value ends.
  if (isLine(start)) return { isStream: true, contentType: contentType ?? 'application/x-ndjson' }
  if (isArray || start.startsWith('{')) return { isStream: false, contentType: contentType ?? 'application/json' }
  return { isStream: true, contentType: contentType ?? 'text/event-stream' }
}

/** The first text that there is: two chunks may share what shows the form. */
async function startOf(recording: StoredRecording): Promise<string> {
  let start = ''
  for await (const part of recording.parts()) {
    if (part.kind !== 'chunk') break
    start = (start + new TextDecoder().decode(part.chunk.bytes)).replace(/^\uFEFF/, '').trimStart()
    const isShown = start.startsWith('{') ? start.trimEnd().includes('\n') : start !== ''
    if (isShown || start.length > ENOUGH) break
  }
  return start
}

const ENOUGH = 64 * 1024

function isLine(text: string): boolean {
  const [first = '', next = ''] = text.split('\n', 2)
  return first.startsWith('{') && first.trimEnd().endsWith('}') && next.startsWith('{')
}

/** A stream that did not end well fails as a whole answer, too: by the error that it held, or by breaking off. */
function asWhole(recording: StoredRecording, loaded: Recording, messages: readonly AssistantMessage[]): Written {
  const [first] = messages
  const endMs = loaded.endMs ?? loaded.chunks.at(-1)?.ms ?? 0
  if (first !== undefined && messages.every(({ outcome }) => outcome.kind === 'complete')) {
    const whole = madeRecording(recording.name, 200, toAnswer(messages), endMs)
    return { recording: withHeader(whole, recording), how: 'its stream as a whole answer' }
  }
  const status = errorStatusOf(first)
  if (loaded.ending === 'eof' && first?.outcome.kind === 'failed' && status !== undefined) {
    const body = errorBody(status, first.outcome.error.message)
    return { recording: madeRecording(recording.name, status, body, endMs), how: statusNote(status) }
  }
  const parts: readonly RecordedPart[] = [{ kind: 'end', ending: 'reset', ms: endMs }]
  return { recording: played(recording, 'application/json', parts), how: 'broken off, as its stream was' }
}

/** The status with which a provider answers such an error before a stream begins; undefined for what is none of a provider. */
function errorStatusOf(message: AssistantMessage | undefined): number | undefined {
  if (message?.outcome.kind !== 'failed') return undefined
  const { error } = message.outcome
  const known = error.class in STATUSES ? (error.status ?? STATUSES[error.class]) : undefined
  return known === 529 && message.dialect !== 'anthropic-messages' ? 503 : known
}

function statusNote(status: number): string {
  return `its error, as the status ${status}`
}

/** What providers answer where it happens before the stream begins. */
const STATUSES: Readonly<Record<string, number>> = {
  rate_limit: 429,
  overloaded: 529,
  context_overflow: 400,
  auth: 401,
  invalid_request: 400,
  content_policy: 400,
  unknown: 500,
}

function asStream(
  recording: StoredRecording,
  loaded: Recording,
  messages: readonly AssistantMessage[],
  path: string,
): Written | undefined {
  const [first] = messages
  const ms = loaded.chunks.at(-1)?.ms ?? 0
  const form = first === undefined ? undefined : streamOf(first, messages, path)
  if (form === undefined) return undefined
  const encoder = new TextEncoder()
  const parts = form.pieces.map((text): RecordedPart => ({ kind: 'chunk', chunk: { ms, bytes: encoder.encode(text) } }))
  const end: RecordedPart = { kind: 'end', ending: loaded.ending }
  return { recording: played(recording, form.contentType, [...parts, end]), how: 'its whole answer as a stream' }
}

interface WrittenStream {
  readonly contentType: string
  readonly pieces: readonly string[]
}

function streamOf(
  { dialect }: AssistantMessage,
  messages: readonly AssistantMessage[],
  path: string,
): WrittenStream | undefined {
  switch (dialect) {
    case 'anthropic-messages':
    case 'openai-chat':
    case 'openai-responses':
      return { contentType: 'text/event-stream', pieces: toSse(messages) }
    case 'gemini':
      // One chunk of such a stream has the form of the whole answer.
      return /[?&]alt=sse\b/.test(path)
        ? { contentType: 'text/event-stream', pieces: [`data: ${JSON.stringify(toNative(messages))}\r\n\r\n`] }
        : { contentType: 'application/json', pieces: [`[${JSON.stringify(toNative(messages))}]`] }
    case 'ollama':
      return { contentType: 'application/x-ndjson', pieces: [`${JSON.stringify(toNative(messages))}\n`] }
    default:
      return undefined
  }
}

function withHeader(made: StoredRecording, { header }: StoredRecording): StoredRecording {
  const { response, ...others } = header
  const kept = { ...response, ...made.header.response, status: 200 }
  return { ...made, header: { ...others, response: kept } }
}

/** The same, with this content type: where none was recorded, or none that can be sent; the status is for one without a response. */
function typed(recording: StoredRecording, contentType: string, status = 200): StoredRecording {
  const { header } = recording
  if (header.response?.contentType === contentType) return recording
  const response = { status, ...header.response, contentType }
  return { ...recording, header: { ...header, response }, parts: () => recording.parts() }
}

function played(recording: StoredRecording, contentType: string, parts: readonly RecordedPart[]): StoredRecording {
  const { header, name } = recording
  return {
    name,
    header: { ...header, response: { ...header.response, status: 200, contentType } },
    async *parts() {
      yield* parts
    },
  }
}
