/**
 * The first place where a message differs from the expected one. Expected values may hold the asymmetric matchers of vitest
 * (`expect.any(String)`, `expect.objectContaining({…})`); they are known by their shape, so that no peer is named here.
 */
import { isObject, type JsonValue } from '../json.ts'

export interface Difference {
  readonly path: readonly (string | number)[]
  readonly expected: unknown
  readonly actual: JsonValue | undefined
}

interface AsymmetricMatcher {
  asymmetricMatch(actual: unknown): boolean
  /** `ObjectContaining`, `Any`, … */
  toString(): string
}

/** What a person looks at first comes first; every other field comes behind them. */
const MESSAGE_FIELDS = ['content', 'stop', 'outcome', 'usage', 'model', 'dialect']
const BLOCK_FIELDS = ['type', 'name', 'state', 'input', 'arguments', 'text', 'content']
const LAST_FIELDS = ['rawUsage', 'anomalies', 'response', 'wire']

/** The first difference of a message, or of a list of them; undefined if there is none. */
export function firstDifference(
  expected: unknown,
  actual: JsonValue | undefined,
  path: Difference['path'] = [],
): Difference | undefined {
  if (isAsymmetric(expected)) return ofMatcher(expected, actual, path)
  if (expected === actual) return undefined
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const length = Math.max(expected.length, actual.length)
    for (let index = 0; index < length; index += 1) {
      const difference = firstDifference(expected[index], actual[index], [...path, index])
      if (difference !== undefined) return difference
    }
    return undefined
  }
  if (isObject(expected) && isObject(actual)) {
    for (const key of inOrder([...Object.keys(expected), ...Object.keys(actual)])) {
      const difference = firstDifference(ownOf(expected, key), ownOf(actual, key), [...path, key])
      if (difference !== undefined) return difference
    }
    return undefined
  }
  return { path, expected, actual }
}

/** The fields in which two messages differ, by name. */
export function differingFields(expected: unknown, actual: JsonValue | undefined): readonly string[] {
  const sample = sampleOf(expected) ?? expected
  if (!isObject(sample) || !isObject(actual)) return []
  const keys = sample === expected ? [...Object.keys(sample), ...Object.keys(actual)] : Object.keys(sample)
  return inOrder(keys).filter((key) => firstDifference(ownOf(sample, key), ownOf(actual, key)) !== undefined)
}

function ofMatcher(
  expected: AsymmetricMatcher,
  actual: JsonValue | undefined,
  path: Difference['path'],
): Difference | undefined {
  if (expected.asymmetricMatch(actual)) return undefined
  const sample = sampleOf(expected)
  if (sample !== undefined && isObject(actual)) {
    for (const key of inOrder(Object.keys(sample))) {
      const difference = firstDifference(ownOf(sample, key), ownOf(actual, key), [...path, key])
      if (difference !== undefined) return difference
    }
  }
  return { path, expected, actual }
}

/** What `expect.objectContaining` was given. */
function sampleOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isAsymmetric(value) || value.toString() !== 'ObjectContaining' || !('sample' in value)) return undefined
  return isObject(value.sample) ? value.sample : undefined
}

export function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return (
    typeof value === 'object' &&
    value !== null &&
    'asymmetricMatch' in value &&
    typeof value.asymmetricMatch === 'function'
  )
}

function inOrder(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)].toSorted((a, b) => rankOf(a) - rankOf(b))
}

const FIRST_FIELDS = [...BLOCK_FIELDS, ...MESSAGE_FIELDS]

function rankOf(key: string): number {
  const first = FIRST_FIELDS.indexOf(key)
  return first === -1 ? LAST_FIELDS.indexOf(key) + 1 : first - FIRST_FIELDS.length
}

function ownOf<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
