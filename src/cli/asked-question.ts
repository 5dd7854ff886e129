/** What a recorded request asked. */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'

/** The text of the last message of the user, in any of the known forms; undefined where there is none, or it is not only text. */
export function questionIn(request: JsonObject | undefined): string | undefined {
  const { messages, input, contents, prompt, inputs } = request ?? {}
  const asked = messages ?? input ?? contents ?? prompt ?? inputs
  if (typeof asked === 'string') return asked
  const last = Array.isArray(asked) ? asked.findLast((one) => isObject(one) && one.role === 'user') : undefined
  if (!isObject(last)) return undefined
  return textIn(last.content ?? last.parts)
}

function textIn(content: JsonValue | undefined): string | undefined {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : undefined
  const texts = content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : undefined))
  return texts.includes(undefined) || texts.length === 0 ? undefined : texts.join('')
}
