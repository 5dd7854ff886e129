/** What somebody's array holds, as far as it can be held here. */
import { copyFields, copyJson, isObject, TooDeepError, type JsonObject, type JsonValue } from '../../json.ts'

/** The objects of a list, each a copy. A field that is nested too deep for JSON is not there; what is no object is no block. */
export function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject).map(copied) : []
}

function copied(object: JsonObject): JsonObject {
  const tooDeep = Object.keys(object).filter((key) => isTooDeep(object[key]))
  return copyFields(object, new Set(tooDeep))
}

function isTooDeep(value: JsonValue | undefined): boolean {
  try {
    copyJson(value)
    return false
  } catch (error) {
    if (error instanceof TooDeepError) return true
    throw error
  }
}
