/** Where two JSON values differ. */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { JsonChange } from './comparison.ts'

/** What is nested deeper differs as a whole: no path of so many steps says anything, and what a caller gives may be of any depth. */
const DEEPEST = 600
/** A list whose changes would have more steps in all their paths differs as a whole. */
const MOST_STEPS = 4_000_000

type Path = readonly (string | number)[]

/** All places, in the order of the reference; what only one of both has is one place. In lists, equal ends are left out first. */
export function jsonChanges(reference: JsonValue | undefined, side: JsonValue | undefined): readonly JsonChange[] {
  return changesAt(reference, side, [], new Numbers())
}

function changesAt(
  reference: JsonValue | undefined,
  side: JsonValue | undefined,
  path: Path,
  numbers: Numbers,
): readonly JsonChange[] {
  if (numbers.areSame(reference, side)) return []
  if (path.length >= DEEPEST) return [wholeChange(reference, side, path)]
  if (Array.isArray(reference) && Array.isArray(side)) return listChanges(reference, side, path, numbers)
  if (!isObject(reference) || !isObject(side)) return [wholeChange(reference, side, path)]
  const keys = new Set([...Object.keys(reference), ...Object.keys(side)])
  return [...keys].flatMap((key) => changesAt(own(reference, key), own(side, key), [...path, key], numbers))
}

function wholeChange(reference: JsonValue | undefined, side: JsonValue | undefined, path: Path): JsonChange {
  return { path, ...(reference === undefined ? {} : { reference }), ...(side === undefined ? {} : { side }) }
}

function listChanges(reference: JsonValue[], side: JsonValue[], path: Path, numbers: Numbers): readonly JsonChange[] {
  const shorter = Math.min(reference.length, side.length)
  let start = 0
  while (start < shorter && numbers.areSame(reference[start], side[start])) start += 1
  let end = 0
  while (end < shorter - start && numbers.areSame(reference.at(-1 - end), side.at(-1 - end))) end += 1
  const last = Math.max(reference.length, side.length) - end
  if ((last - start) * path.length > MOST_STEPS) return [wholeChange(reference, side, path)]
  return Array.from({ length: Math.max(0, last - start) }, (_, index) => start + index).flatMap((index) =>
    changesAt(
      index < reference.length - end ? reference[index] : undefined,
      index < side.length - end ? side[index] : undefined,
      [...path, index],
      numbers,
    ),
  )
}

type Held = JsonValue[] | JsonObject

/** Equality of values of any depth; the order of keys does not matter. Equal lists and objects have one number, each is looked at once. */
class Numbers {
  readonly #byText = new Map<string, number>()
  readonly #known = new Map<Held, number>()

  areSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
    if (one === other) return true
    return isHeld(one) && isHeld(other) && this.#numberOf(one) === this.#numberOf(other)
  }

  #numberOf(value: Held): number {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const rest: { readonly held: Held; readonly areInnerKnown: boolean }[] = [{ held: value, areInnerKnown: false }]
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const { held, areInnerKnown } = next
      if (this.#known.has(held)) continue
      if (areInnerKnown) this.#number(held)
      else {
        rest.push({ held, areInnerKnown: true })
        for (const inner of Object.values(held)) if (isHeld(inner)) rest.push({ held: inner, areInnerKnown: false })
      }
    }
    return this.#known.get(value) ?? -1
  }

  #number(held: Held): void {
    const text = Array.isArray(held)
      ? `[${held.map((item) => this.#textOf(item)).join(',')}`
      : Object.keys(held)
          .toSorted()
          .map((key) => `${JSON.stringify(key)}:${this.#textOf(held[key])}`)
          .join(',')
    const number = this.#byText.get(text) ?? this.#byText.size
    this.#byText.set(text, number)
    this.#known.set(held, number)
  }

  /** No JSON begins with #. */
  #textOf(value: JsonValue | undefined): string {
    return isHeld(value) ? `#${this.#known.get(value)}` : JSON.stringify(value ?? null)
  }
}

function isHeld(value: JsonValue | undefined): value is Held {
  return typeof value === 'object' && value !== null
}

/** A value of any depth as a text that only equal ones have. */
export function textOfJson(value: JsonValue): string {
  let text = ''
  const rest: ({ readonly value: JsonValue } | string)[] = [{ value }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next === 'string') text += next
    else if (Array.isArray(next.value)) {
      text += '['
      rest.push(']')
      for (const item of next.value.toReversed()) rest.push(',', { value: item })
    } else if (isObject(next.value)) {
      const object = next.value
      text += '{'
      rest.push('}')
      for (const key of Object.keys(object).toSorted()) {
        rest.push(',', { value: object[key] ?? null }, `${JSON.stringify(key)}:`)
      }
    } else text += JSON.stringify(next.value)
  }
  return text
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** A path as a person reads it: `content[1].text`; a key that is no plain word is quoted. The empty text for the value itself. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(step)) return `[${JSON.stringify(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}
