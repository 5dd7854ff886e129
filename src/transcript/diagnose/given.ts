/** A conversation as somebody keeps it or sends it: an array of messages, the body of a request, such a body in an envelope. */
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../json.ts'

/** The names under which the APIs take a history. */
const FIELDS = ['messages', 'contents', 'input'] as const
type Field = (typeof FIELDS)[number]

export interface GivenHistory {
  readonly messages: readonly JsonValue[]
  /** The names that lead to the messages from the top of the file; none where the file is the list itself. */
  readonly path: readonly string[]
  /** The name of the field in the body; undefined for a list. */
  readonly field?: Field
  /** The request; empty for a list. */
  readonly body: JsonObject
  /** Where the request went, if the envelope says so. */
  readonly url?: string
}

/** The names under which envelopes have the body, such as the files of batches and of recorded requests. */
const ENVELOPES = ['body', 'request', 'params', 'json', 'data', 'postData', 'text'] as const

/** How many envelopes may be around a body. */
const MAX_ENVELOPES = 4

/** Undefined: it is neither a list of messages nor a request. */
export function givenIn(value: JsonValue): GivenHistory | undefined {
  if (Array.isArray(value)) return areMessages(value) ? { messages: value, path: [], body: {} } : undefined
  return requestIn(value, [], undefined, MAX_ENVELOPES)
}

function requestIn(
  value: JsonValue | undefined,
  path: readonly string[],
  url: string | undefined,
  left: number,
): GivenHistory | undefined {
  if (!isObject(value)) return undefined
  const ownUrl = typeof value.url === 'string' ? value.url : url
  for (const field of FIELDS) {
    const messages = Object.hasOwn(value, field) ? messagesOf(value[field], field) : undefined
    if (messages === undefined) continue
    const found = { messages, path: [...path, field], field, body: value }
    return ownUrl === undefined ? found : { ...found, url: ownUrl }
  }
  if (left === 0) return undefined
  for (const name of ENVELOPES) {
    const held = Object.hasOwn(value, name) ? value[name] : undefined
    const inner = typeof held === 'string' ? parseJson(held) : held
    const found = requestIn(inner, [...path, name], ownUrl, left - 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** `input` and `contents` may be a text or one content alone, which the API takes for one message. */
function messagesOf(value: JsonValue | undefined, field: Field): readonly JsonValue[] | undefined {
  if (Array.isArray(value)) return areMessages(value) ? value : undefined
  if (field === 'input' && typeof value === 'string') return [{ role: 'user', content: value }]
  if (field !== 'contents') return undefined
  if (typeof value === 'string') return [{ role: 'user', parts: [{ text: value }] }]
  return isObject(value) && Array.isArray(value.parts) ? [value] : undefined
}

/** One message is enough: a damaged one beside it is what the rules are for. */
function areMessages(list: readonly JsonValue[]): boolean {
  return list.length === 0 || list.some(isMessage)
}

/** True for what a request may have in its list: something with a role, an item with a type, a content with parts. */
export function isMessage(value: JsonValue): boolean {
  if (!isObject(value)) return false
  const { role, type, parts, content } = value
  if (typeof role === 'string') return true
  if (Array.isArray(parts)) return true
  return (
    typeof type === 'string' && (content !== undefined || /_call(_output)?$|^reasoning$|^item_reference$/.test(type))
  )
}
