/**
 * HAR 1.2, what browsers and proxies save: the answers of known APIs in it, as recordings. A HAR has the whole body of an answer and how long
 * it took, so boundaries and times are lost; what it says about itself is checked against what is there.
 *
 * The rule: nothing of an entry gets into a recording that has not been through the redaction.
 */
import { decodeBase64 } from '../base64.ts'
import { MisuseError } from '../errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import { apiCallOf, type ApiCall } from './api-call.ts'
import { openingOf } from './exchange.ts'
import type { RecordedChunk, RecordedEnding, Recording } from './format.ts'
import { createRedactor, type RedactOptions } from './redact.ts'
import type { Pairs } from './secrets.ts'

/** What was left out of a HAR, or doubtful in it; the first entry is 1. `entry` is absent for what concerns the whole file. */
export interface HarProblem {
  readonly entry?: number
  readonly reason: string
}

export interface ImportedHar {
  /** With the number of the entry that each is from; the first is 1. */
  readonly recordings: readonly { readonly entry: number; readonly recording: Recording }[]
  readonly leftOut: readonly HarProblem[]
  /** Entries that ask no known API, such as pages and pictures: they are counted, not listed. */
  readonly others: number
}

export interface HarOptions extends RedactOptions {
  /** The name of the file, for messages and the provenance. */
  readonly name: string
}

/** A request as a HAR has it. */
interface HarRequest {
  readonly method: string
  readonly url: string
  readonly headers: Pairs
  readonly body: string | undefined
}

/**
 * The answers in a HAR. A file that is cut keeps the entries before the cut, and `leftOut` says so. Throws `MisuseError('bad_recording')` for a
 * text that is no HAR, and `MisuseError('bad_option')` for a pattern that is none.
 */
export async function recordingsOfHar(text: string, { name, ...options }: HarOptions): Promise<ImportedHar> {
  // Whoever names a pattern that is none is told, whatever the file holds.
  createRedactor([], options)
  const { entries, problems, recordedBy } = entriesOf(text, name)
  const recordings: { readonly entry: number; readonly recording: Recording }[] = []
  const leftOut: HarProblem[] = [...problems]
  let others = 0
  for (const [index, value] of entries.entries()) {
    const number = index + 1
    const read = await readEntry(value, { from: `${name}, entry ${number}`, recordedBy, options })
    if (read.kind === 'other') others += 1
    else if (read.kind === 'left out') leftOut.push({ entry: number, reason: read.reason })
    else recordings.push({ entry: number, recording: read.recording })
  }
  return { recordings, leftOut, others }
}

/** True for the text of a HAR: a JSON object whose first key is `log`, whatever comes behind it. */
export function looksLikeHar(text: string): boolean {
  return /^\uFEFF?\s*\{\s*"log"\s*:\s*\{/.test(text.slice(0, 1024))
}

interface Entries {
  readonly entries: readonly JsonValue[]
  readonly problems: readonly HarProblem[]
  /** What wrote the file, if it says so. */
  readonly recordedBy?: string
}

function entriesOf(text: string, name: string): Entries {
  const har = parseJson(text.replace(/^\uFEFF/, ''))
  const log = isObject(har) && isObject(har.log) ? har.log : undefined
  if (log !== undefined && Array.isArray(log.entries)) {
    return { entries: log.entries, problems: [], ...creatorOf(log) }
  }
  const reason =
    har === undefined ? 'it is not JSON (cut in the middle?)' : 'it is no HAR: there is no list of entries in "log"'
  if (har !== undefined || !looksLikeHar(text)) {
    throw new MisuseError('bad_recording', `${name}: ${reason}. Save it anew as HAR 1.2, "with content".`)
  }
  const entries = wholeEntries(text)
  const kept = `the file is cut: it is not JSON, and ${entries.length} whole entries stand before the cut`
  if (entries.length > 0) return { entries, problems: [{ reason: kept }] }
  throw new MisuseError('bad_recording', `${name}: ${kept}. Save it anew.`)
}

function creatorOf({ creator }: JsonObject): { readonly recordedBy?: string } {
  if (!isObject(creator)) return {}
  const words = [creator.name, creator.version].flatMap((word) => textOf(word) ?? [])
  return words.length === 0 ? {} : { recordedBy: words.join(' ').slice(0, 100) }
}

/** The whole entries of a HAR that is cut. One pass; what stands behind a piece that is no JSON is not read. */
function wholeEntries(text: string): readonly JsonValue[] {
  const list = /"entries"\s*:\s*\[/.exec(text)
  if (list === null) return []
  const entries: JsonValue[] = []
  let [depth, start] = [0, -1]
  for (let at = list.index + list[0].length; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"') {
      at = endOfString(text, at)
    } else if (char === '{' || char === '[') {
      if (depth === 0) start = at
      depth += 1
    } else if (char === '}' || char === ']') {
      depth -= 1
      if (depth < 0) break
      if (depth > 0) continue
      const entry = parseJson(text.slice(start, at + 1))
      if (entry === undefined) break
      entries.push(entry)
    }
  }
  return entries
}

/** Where the string that begins at `from` ends; the end of the text if it does not. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return text.length
}

type Read =
  | { readonly kind: 'recording'; readonly recording: Recording }
  | { readonly kind: 'left out'; readonly reason: string }
  /** No answer of a known API. */
  | { readonly kind: 'other' }

interface About {
  readonly from: string
  readonly recordedBy: string | undefined
  readonly options: RedactOptions
}

async function readEntry(entry: JsonValue, about: About): Promise<Read> {
  if (!isObject(entry) || !isObject(entry.request)) return omitted('the entry has no request')
  const request = requestOf(entry.request)
  if (request === undefined) return omitted('its request has no method or no url')
  const { response } = entry
  const call = callOf(request)
  if (!isObject(response)) return call === undefined ? { kind: 'other' } : omitted('it has no response')
  const content = isObject(response.content) ? response.content : {}
  const headers = pairsOf(response.headers, response.cookies, 'set-cookie')
  const contentType = valueOf(headers, 'content-type') ?? textOf(content.mimeType)
  if (call === undefined && !STREAM_TYPE.test(contentType ?? '')) return { kind: 'other' }
  if (call !== undefined && call.operation !== 'answer') {
    return omitted(`it asks for ${call.operation}, which is no answer`)
  }
  const failure = failureOf(entry, response)
  const { status } = response
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) {
    return omitted(`there was no answer${failure === '' ? '' : `: ${failure}`}`)
  }
  const body = bodyOf(content, STREAM_TYPE.test(contentType ?? ''))
  if (body.kind === 'missing') return omitted(body.reason)
  const { header, redactor } = await openingOf(
    {
      method: request.method,
      path: pathOf(request.url),
      headers: request.headers,
      body: { kind: 'bytes', bytes: new TextEncoder().encode(request.body ?? '') },
      recordedAt: '',
    },
    { status, headers: contentType === undefined ? headers : [['content-type', contentType], ...headers] },
    about.options,
  )
  const notes = [NOTE, ...body.notes, ...(failure === '' ? [] : [`the program that saved it reports: ${failure}`])]
  const { ms, startedAt } = timesOf(entry)
  const chunks: RecordedChunk[] = []
  const stream = redactor.stream((chunk) => void chunks.push(chunk))
  if (body.bytes.length > 0) stream.push(ms, body.bytes)
  stream.flush()
  const { recordedAt: _recordedAt, recordedBy: _recordedBy, ...asked } = header
  return {
    kind: 'recording',
    recording: {
      header: {
        ...asked,
        ...(startedAt === undefined ? {} : { recordedAt: startedAt }),
        ...(about.recordedBy === undefined ? {} : { recordedBy: redactor.text(about.recordedBy) }),
        provenance: { kind: 'derived', from: about.from, note: redactor.text(notes.join('; ')) },
      },
      chunks,
      ending: endingOf(body.isCut, failure),
      endMs: ms,
      problems: [],
    },
  }
}

function endingOf(isCut: boolean, failure: string): RecordedEnding {
  if (!isCut && failure === '') return 'eof'
  return /ABORT/i.test(failure) ? 'abort' : 'reset'
}

const NOTE = 'from a HAR, which holds the whole body: the boundaries of chunks and their times were not recorded'

const STREAM_TYPE =
  /^\s*(text\/event-stream|application\/(x-)?ndjson|application\/jsonl|application\/vnd\.amazon\.eventstream)/i

function omitted(reason: string): Read {
  return { kind: 'left out', reason }
}

function requestOf(request: JsonObject): HarRequest | undefined {
  const { method, url, headers, cookies, postData } = request
  if (typeof method !== 'string' || typeof url !== 'string') return undefined
  const body = isObject(postData) ? textOf(postData.text) : undefined
  return { method: method.toUpperCase(), url, headers: pairsOf(headers, cookies, 'cookie'), body }
}

function callOf({ method, url, body }: HarRequest): ApiCall | undefined {
  return apiCallOf(method, pathOf(url), body === undefined ? undefined : parseJson(body))
}

/** The path of a URL with its query; the name and password before the host are no part of it. */
function pathOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? ''
}

type Body =
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'body'; readonly bytes: Uint8Array; readonly isCut: boolean; readonly notes: readonly string[] }

function bodyOf(content: JsonObject, isStream: boolean): Body {
  const { text, encoding, size, comment } = content
  const said = typeof comment === 'string' && comment !== '' ? ` (${comment.slice(0, 200)})` : ''
  if (typeof text !== 'string') {
    // Of a stream, which is never empty, browsers save neither text nor size.
    if (size === 0 && !isStream) return { kind: 'body', bytes: new Uint8Array(), isCut: false, notes: [] }
    return { kind: 'missing', reason: `the body was not saved${said}; save the HAR "with content"` }
  }
  if (encoding !== undefined && encoding !== '' && encoding !== 'base64') {
    return { kind: 'missing', reason: `its body has the unknown encoding ${JSON.stringify(encoding).slice(0, 60)}` }
  }
  const bytes = encoding === 'base64' ? decodeBase64(text.replaceAll(/[\r\n]/g, '')) : new TextEncoder().encode(text)
  if (bytes === undefined) return { kind: 'missing', reason: 'its body is not valid base64' }
  const isCut = typeof size === 'number' && size > bytes.length
  const notes = isCut ? [`of ${size} bytes ${bytes.length} were saved${said}`] : []
  return { kind: 'body', bytes, isCut, notes }
}

/** What a browser says of a request that failed; empty for one that did not. A field of Chrome's: HAR itself has none for it. */
function failureOf(entry: JsonObject, response: JsonObject): string {
  const told = [response._error, entry._error].find((error) => typeof error === 'string' && error !== '')
  return typeof told === 'string' ? told.slice(0, 200) : ''
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

/** When the body was whole, in milliseconds since the request was sent: how long it was waited for and received. */
function timesOf({ timings, time, startedDateTime }: JsonObject): {
  readonly ms: number
  readonly startedAt: string | undefined
} {
  const { wait, receive } = isObject(timings) ? timings : {}
  // -1 stands for what does not apply.
  const parts = [wait, receive].map((part) => (typeof part === 'number' && part > 0 ? part : 0))
  const sum = parts.reduce((total, part) => total + part, 0)
  const ms = sum > 0 ? sum : typeof time === 'number' && time > 0 ? time : 0
  const startedAt = typeof startedDateTime === 'string' && ISO_TIME.test(startedDateTime) ? startedDateTime : undefined
  return { ms: Math.round(ms * 1000) / 1000, startedAt }
}

/** The headers, and the cookies as headers: some programs write them in one place, some in the other. */
function pairsOf(
  headers: JsonValue | undefined,
  cookies: JsonValue | undefined,
  cookieHeader: string,
): readonly (readonly [string, string])[] {
  return [...namedIn(headers), ...namedIn(cookies).map(([name, value]) => [cookieHeader, `${name}=${value}`] as const)]
}

function namedIn(list: JsonValue | undefined): readonly (readonly [string, string])[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((one) =>
    isObject(one) && typeof one.name === 'string' && typeof one.value === 'string'
      ? [[one.name.toLowerCase(), one.value] as const]
      : [],
  )
}

function valueOf(pairs: Pairs, wanted: string): string | undefined {
  for (const [name, value] of pairs) if (name === wanted && value !== '') return value
  return undefined
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
