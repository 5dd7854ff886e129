/** What the arrays of chat and of Responses have in common when they are read as a conversation. */
import { copyFields, isObject, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { ToolCallBlock } from '../../message.ts'
import type { EncodingContext } from '../encoder.ts'
import type { MediaPart, NativePart, Part } from '../items.ts'
import type { Format } from '../target.ts'

/** What an element is encoded with to see whether its neutral form holds all of it. */
export const PLAIN: EncodingContext = {
  target: 'openai-chat',
  idOf: ({ id }) => id,
  leaveOut: () => undefined,
  native: () => undefined,
}

/** Which call a result answers: ids repeat, in a conversation and in a message. */
export class CallIds {
  /** Of each id the calls that wait, by message; and the key of the last that was answered. */
  readonly #waiting = new Map<string, { readonly message: string; readonly keys: string[]; at: number }[]>()
  readonly #answered = new Map<string, string>()

  ask(id: string, message: string, key: string): void {
    const groups = this.#waiting.get(id) ?? []
    this.#waiting.set(id, groups)
    const last = groups.at(-1)
    if (last?.message === message) last.keys.push(key)
    else groups.push({ message, keys: [key], at: 0 })
  }

  knows(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** The first unanswered call of that id in the latest message that has one; a second result is of the same call as the first. */
  answer(id: string): string {
    const groups = this.#waiting.get(id)
    const group = groups?.at(-1)
    const key = group?.keys[group.at]
    if (groups === undefined || group === undefined || key === undefined)
      return this.#answered.get(id) ?? `unknown:${id}`
    group.at += 1
    if (group.at === group.keys.length) groups.pop()
    this.#answered.set(id, key)
    return key
  }
}

/** A call of the client or the provider, as far as an array says. */
export interface ReadCall {
  readonly message: string
  readonly ordinal: number
  readonly id: string | undefined
  readonly name: string
  readonly arguments: string
  readonly origin: 'client' | 'provider'
  /** The arguments are any text, under this name. */
  readonly freeText?: string
  readonly wire: JsonObject
}

export function callBlock(call: ReadCall): ToolCallBlock {
  const { message, ordinal, id, name, origin, wire } = call
  const key = `${message}#${ordinal}`
  const fields = {
    type: 'tool_call',
    key,
    id: id ?? key,
    idSource: id === undefined ? 'minted' : 'wire',
    name,
    arguments: call.arguments,
    origin,
    wire,
  } as const
  const input = inputOf(call)
  return input === undefined ? { ...fields, state: 'invalid' } : { ...fields, state: 'complete', input }
}

/** Nothing at all and `null` are a call without input. */
function inputOf({ arguments: text, freeText }: ReadCall): JsonObject | undefined {
  if (freeText !== undefined) return { [freeText]: text }
  const value = text.trim() === '' ? null : parseJson(text)
  return value === null ? {} : isObject(value) ? value : undefined
}

/** The parts of a list; what is no part that is known stays in its own form. */
export function partsOf(
  list: readonly JsonValue[],
  format: Format,
  read: (part: JsonObject) => Part | undefined,
): Part[] {
  return list.flatMap((part): Part[] => {
    if (typeof part === 'string') return [{ type: 'text', text: part }]
    return isObject(part) ? [read(part) ?? nativePart(part, format)] : []
  })
}

export function nativePart(value: JsonObject, format: Format): NativePart {
  return { type: 'native', format, value: copyFields(value) }
}

/** The texts of a list that has nothing else; undefined if it has. */
export function onlyText(list: readonly JsonValue[]): string | undefined {
  const texts = list.flatMap((part) => {
    if (typeof part === 'string') return [part]
    return isObject(part) && typeof part.text === 'string' ? [part.text] : []
  })
  return texts.length === list.length ? texts.join('\n') : undefined
}

/** What a URL leads to, or holds. `kind` is what is known of it without looking, such as `image`. */
export function mediaAt(url: string, kind: string, name?: string): MediaPart {
  const named = name === undefined ? {} : { name }
  const comma = url.indexOf(',')
  const head = url.startsWith('data:') && comma > 0 ? url.slice('data:'.length, comma) : undefined
  if (head === undefined || !head.endsWith(';base64')) return { type: 'media', mediaType: `${kind}/*`, url, ...named }
  return { type: 'media', mediaType: head.slice(0, -';base64'.length), data: url.slice(comma + 1), ...named }
}

const MEDIA_OF_AUDIO: ReadonlyMap<unknown, string> = new Map([
  ['wav', 'audio/wav'],
  ['mp3', 'audio/mpeg'],
])

/** `input_audio`, which both have. */
export function soundOf({ input_audio: audio }: JsonObject): MediaPart | undefined {
  if (!isObject(audio) || typeof audio.data !== 'string') return undefined
  const mediaType = MEDIA_OF_AUDIO.get(audio.format)
  return mediaType === undefined ? undefined : { type: 'media', mediaType, data: audio.data }
}
