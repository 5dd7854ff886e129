/** The provider's own fields: of the message, under a path of it, and of a block; how they are merged, filled in and grown. */
import { describe, expect, it } from 'vitest'
import { growFields, mergeFields, sizeOfJson, type JsonObject } from '../../src/json.ts'
import type { MetaOperation, Operation, SnapshotRank } from '../../src/operation.ts'
import { append, begin, close, hard, open, stop } from '../support/operations.ts'
import { run } from '../support/run.ts'

const at = (path: [string, ...string[]], wire: JsonObject, more: Partial<MetaOperation> = {}): MetaOperation => ({
  op: 'meta',
  choice: 0,
  path,
  wire,
  ...more,
})
const wireOf = (...operations: Operation[]): JsonObject => run([begin('m'), ...operations]).message.wire

describe('the fields of a message', () => {
  it('are kept under their path, beside those of the message itself', () => {
    const wire = wireOf(
      { op: 'meta', choice: 0, wire: { tier: 'x' } },
      at(['items', '0'], { a: 1 }),
      at(['items', '1'], { b: 2 }),
    )
    expect(wire).toEqual({ tier: 'x', items: { '0': { a: 1 }, '1': { b: 2 } } })
  })

  it('take what comes later, but nothing empty in the place of something', () => {
    const later = { a: null, b: '', c: [], d: 0, e: false, f: 'new', g: null }
    expect(wireOf(at(['item'], { a: 1, b: 2, c: [3], d: 4, e: 5, f: 6 }), at(['item'], later))).toEqual({
      item: { a: 1, b: 2, c: [3], d: 0, e: false, f: 'new', g: null },
    })
  })

  it.each<[string, [SnapshotRank, JsonObject][], JsonObject]>([
    [
      'a higher rank wins',
      [
        [1, { a: 1 }],
        [3, { a: 3 }],
      ],
      { a: 3 },
    ],
    [
      'a higher rank stands',
      [
        [3, { a: 3 }],
        [1, { a: 1 }],
      ],
      { a: 3 },
    ],
    [
      'a lower rank fills in',
      [
        [3, { a: 3 }],
        [1, { a: 1, b: 1 }],
      ],
      { a: 3, b: 1 },
    ],
    [
      'the same rank later wins',
      [
        [2, { a: 1 }],
        [2, { a: 2 }],
      ],
      { a: 2 },
    ],
    [
      'an empty value of a higher rank erases nothing',
      [
        [1, { a: 1 }],
        [3, { a: null }],
      ],
      { a: 1 },
    ],
  ])('%s', (_, told, expected) => {
    expect(wireOf(...told.map(([rank, wire]) => at(['item'], wire, { rank })))).toEqual({ item: expected })
  })

  it('have a rank for each path', () => {
    expect(
      wireOf(
        at(['items', '0'], { a: 3 }, { rank: 3 }),
        at(['items', '1'], { a: 1 }, { rank: 1 }),
        at(['items', '1'], { a: 2 }),
      ),
    ).toEqual({
      items: { '0': { a: 3 }, '1': { a: 1 } },
    })
  })

  it('begin anew where they are of another type', () => {
    expect(wireOf(at(['item'], { type: 'a', x: 1 }, { rank: 3 }), at(['item'], { type: 'b', y: 1 }))).toEqual({
      item: { type: 'b', y: 1 },
    })
  })

  it('do not begin anew where only one of the two says its type', () => {
    const [typed, plain] = [at(['item'], { type: 'a', x: 1 }), at(['item'], { y: 1 })]
    const both = { item: { type: 'a', x: 1, y: 1 } }
    expect(wireOf(typed, plain)).toEqual(both)
    expect(wireOf(plain, typed)).toEqual(both)
  })

  it('lose what the whole no longer has', () => {
    expect(wireOf(at(['item'], { a: 1, b: 1 }), at(['item'], { a: 1 }, { rank: 2, drop: ['b'] }))).toEqual({
      item: { a: 1 },
    })
    const lower = at(['item'], {}, { rank: 1, drop: ['a'] })
    expect(wireOf(at(['item'], { a: 1 }, { rank: 2 }), lower)).toEqual({ item: { a: 1 } })
  })

  it('grow: texts and lists, also within objects', () => {
    const grow = (more: JsonObject): Operation => ({ op: 'meta', choice: 0, append: more })
    expect(
      wireOf(grow({ log: ['a'], deep: { text: 'x' } }), grow({ log: ['b'], deep: { text: 'y', more: [1] } })),
    ).toEqual({
      log: ['a', 'b'],
      deep: { text: 'xy', more: [1] },
    })
  })

  it('may have the names that every object has, as names or as a path', () => {
    const wire = wireOf(at(['__proto__'], { polluted: true }), at(['items', 'constructor'], { a: 1 }))
    expect(JSON.stringify(wire)).toBe('{"__proto__":{"polluted":true},"items":{"constructor":{"a":1}}}')
    expect('polluted' in {}).toBe(false)
  })

  it('I3: of an item that is not sent again are gone when the message is generated anew', () => {
    const block = (text: string): Operation[] => [open('0', 'text', {}, text), close('0')]
    const { message } = run([
      begin('m'),
      at(['items', '0'], { id: 'a' }),
      ...block('sunny'),
      at(['items', '1'], { id: 'b' }),
      begin('m'),
      at(['items', '0'], { id: 'c' }),
      ...block('rainy'),
      stop('end_turn'),
      hard,
    ])
    expect(message.wire).toEqual({ items: { '0': { id: 'c' } } })
  })

  it.each<[string, ...string[]][]>([[['item']], [['items', '0', 'part']]])(
    'I3: that are not sent again are gone as a whole when the message is generated anew: %j',
    (path) => {
      const block = (text: string): Operation[] => [open('0', 'text', {}, text), close('0')]
      const top: Operation = { op: 'meta', choice: 0, wire: { items: { '0': { id: 'a' } } } }
      const sent = [begin('m'), top, at(path, { note: 1 }), ...block('sunny')]
      const { message } = run([...sent, begin('m'), ...block('rainy'), stop('end_turn'), hard])
      expect(message.wire).toEqual({ items: { '0': { id: 'a' } } })
    },
  )

  it('I3: of another message are its own alone', () => {
    const { message } = run([
      begin('m'),
      at(['items', '0'], { id: 'a' }, { rank: 3 }),
      begin('n'),
      at(['items', '0'], { id: 'b' }),
    ])
    expect(message.wire).toEqual({ items: { '0': { id: 'b' } } })
  })
})

describe('the fields of a block', () => {
  const patched = (own: { wire?: JsonObject; append?: JsonObject }): Operation => ({
    op: 'patch',
    choice: 0,
    key: '0',
    kind: 'text',
    ...own,
  })

  it('are merged and grown', () => {
    const { content } = run([
      begin('m'),
      open('0', 'text'),
      patched({ wire: { a: 1 }, append: { log: ['x'], text: 'p' } }),
      patched({ wire: { a: null, b: 2 }, append: { log: ['y'], text: 'q' } }),
    ]).message
    expect(content).toEqual([{ type: 'text', text: '', wire: { a: 1, b: 2, log: ['x', 'y'], text: 'pq' } }])
  })

  it('I3: do not grow by what is sent again', () => {
    const grown = [open('0', 'text'), append('0', 'text', 'a'), patched({ append: { log: ['x'] } }), close('0')]
    const { content } = run([begin('m'), ...grown, begin('m'), ...grown, stop('end_turn'), hard]).message
    expect(content).toEqual([{ type: 'text', text: 'a', wire: { log: ['x'] } }])
  })
})

describe('mergeFields', () => {
  it('says by how much it has grown, also where a value gets smaller', () => {
    const base: JsonObject = {}
    const steps: JsonObject[] = [{ a: 'long value' }, { a: 'x' }, { b: [1, 2] }, { b: [] }, { c: null }]
    for (const step of steps) {
      const before = sizeOfJson(base)
      expect(mergeFields(base, step)).toBe(sizeOfJson(base) - before)
    }
  })
})

describe('growFields', () => {
  it('joins texts and lists, grows objects, and replaces anything else but by null', () => {
    const base: JsonObject = { text: 'a', list: [1], object: { text: 'x' }, number: 1, kept: 1 }
    growFields(base, { text: 'b', list: [2], object: { text: 'y', more: true }, number: 2, kept: null, empty: null })
    expect(base).toEqual({
      text: 'ab',
      list: [1, 2],
      object: { text: 'xy', more: true },
      number: 2,
      kept: 1,
      empty: null,
    })
  })

  it('keeps nothing of what it is given', () => {
    const base: JsonObject = {}
    const given = { list: [{ a: 1 }], object: { deep: { b: 1 } } }
    growFields(base, given)
    given.list.push({ a: 2 })
    given.object.deep.b = 2
    expect(base).toEqual({ list: [{ a: 1 }], object: { deep: { b: 1 } } })
  })

  it('treats names that every object has as plain names', () => {
    const base: JsonObject = {}
    growFields(base, JSON.parse('{"__proto__":["a"],"toString":"x"}'))
    growFields(base, JSON.parse('{"__proto__":["b"],"toString":"y"}'))
    expect(JSON.stringify(base)).toBe('{"__proto__":["a","b"],"toString":"xy"}')
  })
})
