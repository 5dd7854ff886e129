/**
 * Keys where none belongs. The rule: what is handed on has no key in it, also where a recording could not be searched well enough, since a server
 * chose to number or to name the pieces of a text as nobody does.
 */
import { MisuseError } from '../../errors.ts'
import { createRedactor } from '../../recording/redact.ts'
import { writtenJson } from '../../recording/secret-fields.ts'
import { keysOf, secretsAmong, type Endpoint } from './endpoints.ts'
import type { Question } from './request.ts'

/**
 * The key of each endpoint, as `keysOf` gives it. Throws `MisuseError('bad_argument')` besides for a question, or an endpoint, in which one of
 * them stands: it would be sent to all, and shown.
 */
export function checkedKeys(
  endpoints: readonly Endpoint[],
  { prompt, system = '' }: Pick<Question, 'prompt' | 'system'>,
  env: Readonly<Record<string, string | undefined>>,
): readonly (string | undefined)[] {
  const keys = keysOf(endpoints, env)
  for (const [index, key] of keys.entries()) {
    if (key === undefined || secretsAmong([key]).length === 0) continue
    const variable = endpoints[index]?.key ?? ''
    for (const [place, text] of [
      ...textsOf(endpoints),
      ['the prompt', prompt] as const,
      ['the system prompt', system] as const,
    ]) {
      if (!text.includes(key) && !text.includes(JSON.stringify(key).slice(1, -1))) continue
      throw new MisuseError(
        'bad_argument',
        `${place}: it holds the key of endpoints[${index}], the value of ${variable}, and nothing was sent; take it out, and renew the key if others saw it`,
      )
    }
  }
  return keys
}

/** By their place, as one text each: what an endpoint says, without the name of its variable. */
function textsOf(endpoints: readonly Endpoint[]): (readonly [place: string, text: string])[] {
  return endpoints.flatMap(({ name, baseUrl, model, headers = {}, body = {} }, index) =>
    Object.entries({ name, baseUrl, model, headers, body }).map(
      ([field, value]) => [`endpoints[${index}].${field}`, writtenJson(value) ?? ''] as const,
    ),
  )
}

/**
 * A value as it is handed on: the same one, or, where a text or the name of a field in it holds one of the keys, a copy with `*` in place of
 * each. For values that `structuredClone` takes.
 */
export function starring(keys: readonly (string | undefined)[]): <T>(value: T) => T {
  const secrets = secretsAmong(keys)
  const redactor = createRedactor(secrets)
  const shortest = Math.min(...secrets.map((secret) => secret.length))
  const starred = (text: string): string => (text.length < shortest ? text : redactor.text(text))
  return (value) => {
    if (!objectsIn(value).some((object) => starredEntries(object, starred) !== undefined)) return value
    const copy = structuredClone(value)
    for (const object of objectsIn(copy)) {
      const entries = starredEntries(object, starred)
      if (entries === undefined) continue
      // In the order in which they were.
      if (!Array.isArray(object)) for (const name of Object.keys(object)) Reflect.deleteProperty(object, name)
      for (const [name, item] of entries)
        Object.defineProperty(object, name, { value: item, writable: true, enumerable: true, configurable: true })
    }
    return copy
  }
}

/** The value and all objects in it. */
function objectsIn(value: unknown): object[] {
  const found = new Set<object>()
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next) || found.has(next)) continue
    found.add(next)
    for (const item of Object.values(next)) left.push(item)
  }
  return [...found]
}

/** The fields without what is secret in them; undefined if there is nothing. */
function starredEntries(
  object: object,
  starred: (text: string) => string,
): readonly (readonly [name: string, item: unknown])[] | undefined {
  const entries: (readonly [name: string, item: unknown])[] = Object.entries(object)
  const clean = entries.map(([name, item]) => [starred(name), typeof item === 'string' ? starred(item) : item] as const)
  const isSame = clean.every(([name, item], index) => name === entries[index]?.[0] && item === entries[index]?.[1])
  return isSame ? undefined : clean
}
