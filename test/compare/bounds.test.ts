/** Turns of a size that no provider has, and what they must not cost: every one of these is folded or compared in far less than a second. */
import { describe, expect, it } from 'vitest'
import { compare, observeRecording, type Comparison } from '../../src/compare.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { ContentBlock } from '../../src/message.ts'
import { callBlock, messageWith, textBlock, thinkingBlock, timed } from '../support/compared.ts'
import { sse } from '../support/streams.ts'

const MANY = 10_000

function blocks(blockAt: (at: number) => ContentBlock): readonly ContentBlock[] {
  return Array.from({ length: MANY }, (_, at) => blockAt(at))
}

function compared(one: readonly ContentBlock[], other: readonly ContentBlock[]): Comparison {
  return compare([messageWith(one), messageWith(other)])
}

const held = (at: number): ContentBlock => ({ type: 'other', wire: { held: at } })

describe('a comparison of many blocks', () => {
  it.each<readonly [string, readonly ContentBlock[], readonly ContentBlock[], rows: number, differences: number]>([
    ['other thinking', blocks((at) => thinkingBlock(`a ${at}`)), blocks((at) => thinkingBlock(`b ${at}`)), MANY, MANY],
    ['one more in front', blocks(held), [held(-1), ...blocks(held)], MANY + 1, 1],
    ['equal calls', blocks(() => callBlock('f', {})), blocks(() => callBlock('f', {})), MANY, 0],
    [
      'calls in the other order',
      blocks((at) => callBlock('f', { at })),
      blocks((at) => callBlock('f', { at })).toReversed(),
      MANY,
      1,
    ],
    ['calls and what is none', blocks((at) => callBlock('f', { at })), blocks(held), 2 * MANY, 2 * MANY],
    ['nothing', blocks(held), [], MANY, MANY],
    ['neighbouring texts', blocks((at) => textBlock(`${at} `)), blocks((at) => textBlock(`${at} `)), 1, 0],
  ])('ends: %s', (_, one, other, rows, differences) => {
    const comparison = compared(one, other)
    expect(comparison.rows).toHaveLength(rows)
    expect(comparison.differences).toHaveLength(differences)
  })

  it('ends among several sides that have nothing of each other', () => {
    const sides = [0, 1, 2].map((side) => messageWith(blocks((at) => callBlock(`f${side}_${at % 7}`, { at, side }))))
    expect(compare(sides).rows).toHaveLength(3 * MANY)
  })
})

describe('a comparison of deep input', () => {
  function nested(depth: number, leaf: JsonValue): JsonObject {
    let value = leaf
    for (let level = 1; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
    return { a: value }
  }

  it.each([500, 600, 700, 20_000])('finds what differs %d levels deep', (depth) => {
    for (const blockWith of [
      (leaf: number) => callBlock('f', nested(depth, leaf)),
      (leaf: number): ContentBlock => ({ type: 'other', wire: nested(depth, leaf) }),
      (leaf: number): ContentBlock => ({ type: 'tool_result', content: nested(depth, leaf), wire: {} }),
    ]) {
      const { differences } = compared([blockWith(1)], [blockWith(2)])
      expect(differences).toHaveLength(1)
      expect(compared([blockWith(1)], [blockWith(1)]).differences).toEqual([])
    }
  })
})

describe('an observed stream of many deltas', () => {
  it('has them all', () => {
    const of = (content: string): string =>
      sse({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })
    const count = 20_000
    const { arrivals, deltas } = observeRecording(
      timed(Array.from({ length: count }, (_, at) => [at % 2 === 0 ? at : at - 1, of('ab ')] as const)),
    )
    expect(deltas).toBe(count)
    expect(arrivals).toHaveLength(count / 2)
  })
})
