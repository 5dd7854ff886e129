/** The header of a recording that is made of a request and its response, with every secret taken out, and what else is secret in them. */
import { isHarmlessHeader, isLoopbackHost } from '../headers.ts'
import { copyJson, isObject, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import { apiCallOf } from './api-call.ts'
import type { RecordingHeader } from './format.ts'
import { createRedactor, type RedactOptions, type Redactor } from './redact.ts'
import { requestHash } from './request-hash.ts'
import { withoutSecretFields, withoutSecretFieldsInText, writtenJson, type CleanBody } from './secret-fields.ts'
import {
  isKeptHeader,
  secretsOfHeaders,
  secretsOfQuery,
  secretsOfResponse,
  withoutQuerySecrets,
  type Pairs,
} from './secrets.ts'

/** A larger body of a request is left out of the recording; in bytes. */
export const LARGEST_BODY: number = 16 * 1024 * 1024

/** The body of a request, as far as it is known. `size` is in bytes. */
export type AskedBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'left_out'; readonly size: number; readonly why: 'too_large' | 'incomplete' | 'unreadable' }

export interface AskedExchange {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Pairs
  readonly body: AskedBody
  /** Whom it was sent to: the host. */
  readonly from?: string
  /** Its place among the requests of one recorder; the first is 1. */
  readonly order?: number
  readonly recordedAt: string
}

export interface AnsweredExchange {
  readonly status: number
  readonly headers: Pairs
  /** What was done to the body on its way to the recording. */
  readonly note?: string
}

/** The header of the recording, and the redactor for its stream, which knows what the request holds that is secret. */
export interface Opening {
  readonly header: RecordingHeader
  readonly redactor: Redactor
}

export interface OpeningOptions extends RedactOptions {
  /** The program and its version, for the header. Default `onefold`. */
  readonly recordedBy?: string
}

/** Throws `MisuseError('bad_option')` for a pattern that is none. */
export async function openingOf(
  asked: AskedExchange,
  answered: AnsweredExchange,
  options: OpeningOptions = {},
): Promise<Opening> {
  const { method, path, order, from, recordedAt } = asked
  const text = asked.body.kind === 'bytes' ? textOf(asked.body.bytes) : undefined
  const body = text === undefined || text === '' ? undefined : parseJson(text)
  const clean = cleanBody(text, body)
  const secrets = [
    ...secretsOfHeaders(asked.headers),
    ...secretsOfQuery(path),
    ...secretsOfResponse(answered.headers),
    ...(clean?.secrets ?? []),
  ]
  const redactor = createRedactor(secrets, options)
  const call = apiCallOf(method, path, body)
  const contentType = valueOf(answered.headers, 'content-type')
  // Whoever asks again has the secrets, so the hash is of what was asked and not of what is written.
  const hash = call === undefined ? undefined : await hashOf(method, path, body)
  const header: RecordingHeader = {
    onefold: 1,
    ...(call === undefined ? {} : { dialect: call.dialect }),
    ...(order === undefined ? {} : { order }),
    request: {
      method,
      path: redactor.text(withoutQuerySecrets(path)),
      ...(hash === undefined ? {} : { hash }),
      headers: headersOf(asked.headers, isKeptHeader, redactor),
      ...writtenBody(asked.body, clean?.body, redactor),
    },
    response: {
      status: answered.status,
      ...(contentType === undefined ? {} : { contentType: redactor.text(contentType) }),
      headers: headersOf(answered.headers, (name) => isHarmlessHeader(name) && name !== 'content-type', redactor),
    },
    recordedAt,
    recordedBy: options.recordedBy ?? 'onefold',
    provenance: provenanceOf(from, answered, redactor),
  }
  return { header, redactor }
}

/** A server of onefold says that it replays; of any other on this machine nobody knows whether a model stands behind it. */
function provenanceOf(
  from: string | undefined,
  answered: AnsweredExchange,
  redactor: Redactor,
): RecordingHeader['provenance'] {
  const replayed = valueOf(answered.headers, 'x-onefold-recording')
  const notes = [answered.note]
  if (replayed !== undefined) notes.unshift(`replayed by onefold${from === undefined ? '' : ` at ${from}`}`)
  else if (from !== undefined && isLoopbackHost(from)) notes.unshift('from a server on the machine that recorded it')
  const note = notes.filter((part) => part !== undefined).join('; ')
  const source = replayed === undefined ? from : redactor.text(replayed)
  return {
    kind: replayed === undefined ? 'captured' : 'derived',
    ...(source === undefined ? {} : { from: source }),
    ...(note === '' ? {} : { note }),
  }
}

/**
 * The header of a recording that was made by something else, without its secrets, and the redactor for its stream. The hash is of what was asked,
 * not of what is left. Throws `MisuseError('bad_option')` for a pattern that is none.
 */
export async function withoutHeaderSecrets(header: RecordingHeader, options: RedactOptions = {}): Promise<Opening> {
  const request = header.request ?? {}
  const { method, path, body } = request
  const headers = isObject(request.headers) ? request.headers : {}
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  )
  const clean =
    body === undefined
      ? undefined
      : typeof body === 'string'
        ? withoutSecretFieldsInText(body)
        : withoutSecretFields(body)
  const query = typeof path === 'string' ? secretsOfQuery(path) : []
  const redactor = createRedactor([...secretsOfHeaders(pairs), ...query, ...(clean?.secrets ?? [])], options)
  const hash =
    request.hash === undefined && body !== undefined && typeof method === 'string' && typeof path === 'string'
      ? await hashOf(method, path, body)
      : undefined
  const { request: _request, response, provenance, onefold, dialect, order, recordedAt, ...others } = header
  const kept: RecordingHeader = {
    ...redactedObject(copyJson(others), redactor),
    onefold,
    ...(dialect !== undefined && { dialect }),
    ...(order !== undefined && { order }),
    ...(recordedAt !== undefined && { recordedAt }),
    ...(header.request !== undefined && {
      request: {
        ...request,
        ...(typeof path === 'string' && { path: redactor.text(withoutQuerySecrets(path)) }),
        ...(hash !== undefined && { hash }),
        ...(isObject(request.headers) && { headers: headersOf(pairs, isKeptHeader, redactor) }),
        ...(clean !== undefined && {
          body: typeof clean.body === 'string' ? redactor.text(clean.body) : redactedJson(clean.body, redactor),
        }),
      },
    }),
    ...(response !== undefined && {
      response: {
        ...response,
        ...(response.contentType !== undefined && { contentType: redactor.text(response.contentType) }),
        ...(response.headers !== undefined && { headers: redactedObject(response.headers, redactor) }),
      },
    }),
    provenance: {
      ...provenance,
      ...(provenance.from !== undefined && { from: redactor.text(provenance.from) }),
      ...(provenance.note !== undefined && { note: redactor.text(provenance.note) }),
    },
  }
  return { header: kept, redactor }
}

function redactedObject(value: JsonValue | undefined, redactor: Redactor): JsonObject {
  const redacted = value === undefined ? undefined : redactedJson(value, redactor)
  return isObject(redacted) ? redacted : {}
}

async function hashOf(method: string, path: string, body: JsonValue | undefined): Promise<string | undefined> {
  try {
    return await requestHash({ method, path, body })
  } catch {
    // A body that is nested too deep, or a page that is not allowed to hash: the recording is worth having without it.
    return undefined
  }
}

/** A body without its secret fields, and those; undefined for one that is empty, or no text. */
function cleanBody(text: string | undefined, body: JsonValue | undefined): CleanBody<JsonValue> | undefined {
  if (text === undefined || text === '') return undefined
  // What is nested deeper than JSON can be written is kept as the text that it came as.
  const isText = body === undefined || writtenJson(body) === undefined
  return isText ? withoutSecretFieldsInText(text) : withoutSecretFields(body)
}

function writtenBody(asked: AskedBody, clean: JsonValue | undefined, redactor: Redactor): JsonObject {
  if (asked.kind === 'left_out') return { bodyLeftOut: asked.why, bodySize: asked.size }
  if (clean === undefined)
    return asked.bytes.length === 0 ? {} : { bodyLeftOut: 'not_text', bodySize: asked.bytes.length }
  if (typeof clean === 'string') return { body: redactor.text(clean) }
  return { body: redactedJson(clean, redactor) }
}

/** Written anew, no escape hides a secret from the redactor. */
function redactedJson(value: JsonValue, redactor: Redactor): JsonValue {
  const redacted = redactor.text(writtenJson(value) ?? '')
  const parsed = parseJson(redacted)
  return parsed === undefined ? redacted : parsed
}

/** The text of the bytes; undefined if they are none. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function valueOf(headers: Pairs, name: string): string | undefined {
  for (const [own, value] of headers) if (own.toLowerCase() === name) return value
  return undefined
}

function headersOf(headers: Pairs, isKept: (name: string) => boolean, redactor: Redactor): JsonObject {
  const kept: JsonObject = {}
  for (const [own, value] of headers) {
    const name = own.toLowerCase()
    if (!isKept(name)) continue
    const before = kept[name]
    const redacted = redactor.text(value)
    kept[name] = typeof before === 'string' ? `${before}, ${redacted}` : redacted
  }
  return kept
}
