/** The first place where two JSON values differ, for a person who looks for the reason. */
import { equalJson, isObject, type JsonValue } from '../json.ts'

export interface Difference {
  /** A path such as `content[1].text`; empty for the values themselves. */
  readonly path: string
  readonly left: JsonValue | undefined
  readonly right: JsonValue | undefined
}

export function firstDifference(
  left: JsonValue | undefined,
  right: JsonValue | undefined,
  path = '',
): Difference | undefined {
  if (left !== undefined && right !== undefined && equalJson(left, right)) return undefined
  if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length)
    for (let i = 0; i < length; i += 1) {
      const difference = firstDifference(left[i], right[i], `${path}[${i}]`)
      if (difference !== undefined) return difference
    }
  }
  if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const [a, b] = [own(left, key), own(right, key)]
      const difference =
        a === undefined && b === undefined ? undefined : firstDifference(a, b, path === '' ? key : `${path}.${key}`)
      if (difference !== undefined) return difference
    }
  }
  return { path, left, right }
}

function own(object: { readonly [key: string]: JsonValue }, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
