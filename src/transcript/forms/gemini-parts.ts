/** The parts of a content of Gemini's. Both spellings are accepted by the API: `functionCall` and `function_call`. */
import { isObject, nonEmpty, type JsonObject } from '../../json.ts'
import type { Call } from '../element.ts'

export function partsOf({ parts }: JsonObject): readonly JsonObject[] {
  return Array.isArray(parts) ? parts.filter(isObject) : []
}

/** The call in a part. One without an id goes by its name. */
export function callOf(part: JsonObject): Call | undefined {
  const call = part.functionCall ?? part.function_call
  if (!isObject(call)) return undefined
  const name = nonEmpty(call.name) ?? ''
  const id = nonEmpty(call.id)
  return id === undefined ? { id: name, name, kind: 'named' } : { id, name }
}

export function responseOf(part: JsonObject): JsonObject | undefined {
  const response = part.functionResponse ?? part.function_response
  return isObject(response) ? response : undefined
}

export function withCallId(part: JsonObject, id: string): JsonObject {
  const field = isObject(part.functionCall) ? 'functionCall' : 'function_call'
  const call = part[field]
  return { ...part, [field]: { ...(isObject(call) ? call : {}), id } }
}

export function withResponse(part: JsonObject, fields: JsonObject): JsonObject {
  return withResponseOf(part, { ...responseOf(part), ...fields })
}

export function withResponseOf(part: JsonObject, response: JsonObject): JsonObject {
  return { ...part, [isObject(part.functionResponse) ? 'functionResponse' : 'function_response']: response }
}
