/** What an encoder is given by the engine, in its simplest form: ids as they came, and all that was left out remembered. */
import { isObject, type JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { toNative } from '../../src/to-native.ts'
import type { Encoder, EncodingContext, LeftOut } from '../../src/transcript/encoder.ts'
import type { Item } from '../../src/transcript/items.ts'
import type { Target } from '../../src/transcript/target.ts'

export interface Encoding {
  readonly context: EncodingContext
  readonly left: readonly LeftOut[]
}

export function encodingFor(target: Target): Encoding {
  const left: LeftOut[] = []
  const context: EncodingContext = {
    target,
    idOf: ({ id }) => id,
    leaveOut: (what) => left.push(what),
    native: nativeOf,
  }
  return { context, left }
}

function nativeOf(message: AssistantMessage): JsonObject | undefined {
  if (message.dialect === 'unknown') return undefined
  const native = toNative(message)
  return isObject(native) ? native : undefined
}

/** One message as the encoder writes it, and what it left out. */
export function encoded(encoder: Encoder, target: Target, message: AssistantMessage) {
  const { context, left } = encodingFor(target)
  const messages = encoder.assistant(message, context)
  return { messages, left }
}

/** All items, each by itself: what the engine would put together. `content` is what the format calls the list of a message. */
export function encodedAll(encoder: Encoder, target: Target, items: readonly Item[]) {
  const { context, left } = encodingFor(target)
  const calls = new Map<string, { id: string; name: string }>()
  const list = target === 'gemini' ? 'parts' : 'content'
  const messages = items.flatMap((item): readonly JsonObject[] => {
    switch (item.role) {
      case 'assistant':
        for (const block of item.message.content) {
          if (block.type === 'tool_call') calls.set(block.key, { id: block.id, name: block.name })
        }
        return encoder.assistant(item.message, context)
      case 'user':
        return encoder.user(item, context)
      case 'tool': {
        const call = calls.get(item.call) ?? { id: item.call, name: item.call }
        return [{ role: 'user', [list]: [encoder.result(item, call, context)] }]
      }
      default:
        return []
    }
  })
  return { messages, left }
}
