import { assert, jsonValue, property, type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonChange } from '../../src/compare.ts'
import { jsonChanges, pathText, textOfJson } from '../../src/compare/json-changes.ts'
import { equalJson, isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { plain } from '../support/compared.ts'
import { runs } from '../support/operations.ts'

/** The side, made of the reference and the changes. What a list has no more is taken away from its end on. */
function changed(reference: JsonValue, changes: readonly JsonChange[]): JsonValue {
  const root: JsonObject = { value: plain(reference) }
  const isGone = ({ side }: JsonChange): boolean => side === undefined
  for (const change of [...changes.filter((one) => !isGone(one)), ...changes.filter(isGone).toReversed()]) {
    const path = ['value', ...change.path]
    const key = path.pop() ?? expect.fail('a path has a step')
    let place: JsonValue = root
    for (const step of path) place = stepInto(place, step)
    write(place, key, change)
  }
  return root['value'] ?? null
}

function stepInto(place: JsonValue, step: string | number): JsonValue {
  const next: unknown =
    typeof place === 'object' && place !== null
      ? Object.entries(place).find(([key]) => key === String(step))?.[1]
      : undefined
  expect(typeof next).toBe('object')
  return Array.isArray(next) || isObject(next) ? next : expect.fail()
}

function write(place: JsonValue, key: string | number, { reference, side }: JsonChange): void {
  if (Array.isArray(place)) {
    const at = Number(key)
    if (side === undefined) place.splice(at, 1)
    else place.splice(at, reference === undefined ? 0 : 1, plain(side))
    return
  }
  if (!isObject(place)) expect.fail('a path leads into lists and objects')
  if (side === undefined) Reflect.deleteProperty(place, key)
  else Object.defineProperty(place, key, { value: plain(side), enumerable: true, configurable: true, writable: true })
}

const anyJson: Arbitrary<JsonValue> = jsonValue({ maxDepth: 4 }).map((own): JsonValue => {
  const copy: JsonValue = JSON.parse(JSON.stringify(own))
  return copy
})

describe('the changes between two JSON values', () => {
  it('make the side of the reference, and back, and there are none between equal values', () => {
    const parts: readonly ((one: JsonValue, other: JsonValue) => readonly [JsonValue, JsonValue])[] = [
      (one, other) => [one, other],
      (one, other) => [
        [one, 1, other],
        [one, other],
      ],
      (one, other) => [
        { a: one, b: [one, one, other] },
        { a: one, b: [one, other] },
      ],
    ]
    assert(
      property(anyJson, anyJson, (one, other) => {
        for (const pair of parts) {
          const [reference, side] = pair(one, other)
          const changes = jsonChanges(reference, side)
          expect(equalJson(changed(reference, changes), side)).toBe(true)
          expect(changes.length === 0).toBe(equalJson(reference, side))
          const back = jsonChanges(side, reference)
          const turned = back.map(({ path, ...change }) => [path, change.side, change.reference])
          const told = changes.map(({ path, ...change }) => [path, change.reference, change.side])
          expect(turned.toSorted(byText)).toEqual(told.toSorted(byText))
          expect(jsonChanges(reference, plain(reference))).toEqual([])
          expect(textOfJson(reference) === textOfJson(side)).toBe(equalJson(reference, side))
        }
      }),
      runs(300),
    )
  })

  it('are at the deepest place that differs', () => {
    const nested = (depth: number, leaf: JsonValue): JsonValue => {
      let value = leaf
      for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
      return value
    }
    expect(jsonChanges(nested(500, 1), nested(500, 2))).toMatchObject([{ reference: 1, side: 2 }])
    expect(jsonChanges(nested(500, 1), nested(500, 2))[0]?.path).toHaveLength(500)
    // Beyond all limits: no stack is deep enough for a path of so many steps.
    expect(jsonChanges(nested(50_000, 1), nested(50_000, 1))).toEqual([])
    expect(jsonChanges(nested(50_000, 1), nested(50_000, 2)).map(({ path }) => path.length)).toEqual([600])
    expect(jsonChanges({ a: nested(50_000, 1), b: 1 }, { a: nested(50_000, 2), b: 2 })).toHaveLength(2)
  })

  it('are found in a time that grows with the size, however deep they stand', () => {
    // Each level would compare 200,000 numbers again: minutes.
    const deep = (last: number): JsonValue => {
      let value: JsonValue = [...Array.from({ length: 200_000 }, (_, at) => at % 10), last]
      for (let level = 0; level < 500; level += 1) value = [value]
      return value
    }
    expect(jsonChanges(deep(1), deep(2))).toMatchObject([{ reference: 1, side: 2 }])
    expect(jsonChanges(deep(1), [deep(1)])).toHaveLength(1)
  })

  it('are one where all their paths together would fill the memory', () => {
    const deep = (value: number): JsonValue => {
      let list: JsonValue = Array.from({ length: 20_000 }, () => value)
      for (let level = 0; level < 500; level += 1) list = [list]
      return list
    }
    expect(jsonChanges(deep(1), deep(2)).map(({ path }) => path.length)).toEqual([500])
  })

  it.each([
    [['content', 1, 'text'], 'content[1].text'],
    [[0, 'a'], '[0].a'],
    [['a.b', '', 'x y'], '["a.b"][""]["x y"]'],
    [['__proto__'], '__proto__'],
    [['a', '\u202e"'], 'a["\u202e\\""]'],
    [[], ''],
  ])('have a path that a person can read: %j', (path, expected) => {
    expect(pathText(path)).toBe(expected)
  })
})

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}
