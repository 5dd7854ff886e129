/** Pages of what is too much: texts, names, depth, sides, and times that no clock has. */
import { describe, expect, it } from 'vitest'
import { compare, comparePage } from '../../src/compare.ts'
import { ticks } from '../../src/compare/units.ts'
import type { ObservedTurn } from '../../src/compare/observed.ts'
import { MisuseError } from '../../src/errors.ts'
import type { Anomaly } from '../../src/anomaly.ts'
import type { JsonValue } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'
import { call, messageOf, ordinaryTurns, pageOf, text, turnOf } from './pages.ts'

const MILLION = 'm'.repeat(1_000_000)
/** The page without a word in it. */
const BARE = 60_000

describe('marks that are heaped on one letter', () => {
  const heap = '\u20dd\u0336'.repeat(900)
  const joined = '\u0336\u200d'.repeat(900)
  it.each<[string, AssistantMessage]>([
    ['a text', messageOf([text(`c${heap}`)])],
    ['a text with joiners', messageOf([text(`c${joined}`)])],
    ['a key', messageOf([call('f', { [`c${heap}`]: 1 })])],
    ['a model', messageOf([], { model: `c${heap}` })],
    ['the name of a tool', messageOf([call(`c${heap}`, {})])],
  ])('are escapes on the page beyond a few: %s', async (_, message) => {
    const page = await pageOf(message, messageOf([]))
    expect(page).not.toMatch(/[\p{M}\u200d]{9}/u)
    expect(page).toMatch(/\\u20dd\\u0336|\\u0336\\u200d/)
  })
})

describe('short texts that are long', () => {
  it.each<[string, Partial<AssistantMessage>]>([
    ['the model', { model: MILLION }],
    ['the id', { id: MILLION }],
    ['the stop', { stop: { reason: 'unknown', raw: MILLION, sequence: null } }],
    ['the sequence', { stop: { reason: 'stop_sequence', raw: null, sequence: MILLION } }],
    ['the error', { outcome: { kind: 'failed', error: { class: 'network', retryable: true, message: MILLION } } }],
    ['the name of a tool', { content: [call(MILLION, {})] }],
    ['the id of a call', { content: [call('f', {}, MILLION)] }],
    ['a key', { content: [call('f', { [MILLION]: 1 })] }],
  ])('are cut, which is said: %s', async (_, fields) => {
    const page = await pageOf(messageOf([], fields), messageOf([], fields))
    expect(page.length).toBeLessThan(BARE)
    expect(page).toMatch(/m… ?<|<span class="cut">… 999,\d\d\d characters …|\(1,000,000 characters\)/)
  })

  it('are cut as labels, titles, prompts and names of cases, however many rows there are', async () => {
    const words = Array.from({ length: 50 }, (_, at) => [text(`${at}`), call('f', { at })]).flat()
    const comparison = compare([messageOf(words), messageOf(words.slice(1))], { labels: [MILLION, `${MILLION}2`] })
    const entry = { name: MILLION, comparison }
    const one = await comparePage([entry], { title: MILLION, prompt: MILLION })
    expect(one.length).toBeLessThan(3 * BARE)
    expect(one).toContain('980,000 more characters')
    const missing = [{ name: MILLION, sides: [0, 1] }]
    const unreadable = [{ name: MILLION, reason: MILLION }]
    const cases = { labels: [MILLION, MILLION], missing, unreadable }
    expect((await comparePage([entry, entry], { cases })).length).toBeLessThan(5 * BARE)
  })

  it('leave no page that grows with what is escaped in them', async () => {
    const blocks = Array.from({ length: 40 }, () => call('f', { a: '"\u0000'.repeat(100_000) }))
    expect((await pageOf(messageOf(blocks), messageOf([]))).length).toBeLessThan(7_000_000)
  })
})

describe('times that no clock has', () => {
  const observed = (ms: number): ObservedTurn => turnOf(messageOf([text('a'), text('b')]), [ms, ms])

  it.each([5e-324, 1e-320, 0, -5, 0.5, 1e15, 1e308])('make a chart all the same: %d', async (ms) => {
    expect(ticks(ms, 6).length).toBeLessThanOrEqual(7)
    const page = await pageOf(observed(ms), turnOf(messageOf([text('a')]), [1, 20]))
    const [chart = ''] = /<svg class="chart"[^]*<\/figure>/.exec(page) ?? []
    expect(chart).toContain('<path')
    expect(chart).not.toMatch(/NaN|Infinity/)
    const alone = await pageOf(observed(ms), observed(ms))
    expect(alone).toContain('<path')
    expect(alone.slice(alone.indexOf('id="timeline"'), alone.indexOf('id="numbers"'))).not.toMatch(/NaN|Infinity/)
  })

  it.each([NaN, Infinity, -Infinity])('are none, in a comparison that somebody made by hand: %d', async (ms) => {
    expect(() => compare([observed(ms), observed(ms)])).toThrow(/must be a number/)
    const comparison = compare([observed(1), observed(2)])
    const sides = comparison.sides.map((side) => ({
      ...side,
      times: { firstByteMs: ms, endMs: ms },
      arrivals: side.arrivals.map((arrival) => ({ ...arrival, ms })),
    }))
    const page = await comparePage([{ name: 'odd', comparison: { ...comparison, sides } }])
    expect(page).toContain('there is nothing to draw')
    expect(page.slice(page.indexOf('id="timeline"'), page.indexOf('id="numbers"'))).not.toMatch(/NaN|Infinity/)
  })
})

describe('headings', () => {
  const one = { name: 'a', comparison: compare(ordinaryTurns()) }
  const observed = messageOf([text('a')], { anomalies: [{ kind: 'missing_stop' }] })
  const three = {
    name: 'b',
    comparison: compare([[observed, messageOf([text('c')])], messageOf([text('b')]), messageOf([])]),
  }
  it.each([
    ['of one comparison', [one]],
    ['of one of three sides and two messages', [three]],
    ['of cases', [three, one, { ...one, name: 'c' }]],
    ['of cases without a difference', [{ name: 'd', comparison: compare([observed, observed]) }, one]],
  ])('go down one level at a time: %s', async (_, entries) => {
    const page = await comparePage(entries, entries.length === 1 ? {} : { cases: { labels: ['A', 'B'] } })
    const levels = [...page.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level))
    expect(levels[0]).toBe(1)
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    expect(levels.slice(1).filter((level, at) => level > (levels[at] ?? 0) + 1)).toEqual([])
    expect(levels).toContain(2)
  })
})

describe('values that are nested deep', () => {
  const nested = (depth: number): JsonValue => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)

  it.each([600, 10_000])('are shown as far as they are drawn, and it is said: %d levels', async (depth) => {
    const deep = nested(depth)
    const block: ContentBlock = { type: 'other', wire: { type: 'odd', deep } }
    const kept: Anomaly = { kind: 'late_append', content: [block] }
    for (const message of [
      messageOf([block]),
      messageOf([], { anomalies: [kept] }),
      messageOf([], { anomalies: [{ kind: 'unknown_delta', value: deep }] }),
    ]) {
      const page = await pageOf(message, messageOf([]))
      expect(page).toContain('too deep to draw')
      expect(page.length).toBeLessThan(BARE)
    }
  })
})

describe('comparisons that compare did not give', () => {
  const sound = compare([messageOf([text('a')]), messageOf([text('b')])])
  const [side, other] = sound.sides
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no comparison', {}],
    ['no list of sides', { ...sound, sides: 5 }],
    ['one side', { ...sound, sides: [side] }],
    ['a side that is none', { ...sound, sides: [side, null] }],
    ['a model that is a number', { ...sound, sides: [{ ...side, model: 5 }, other] }],
    ['a label that is an object', { ...sound, sides: [{ ...side, label: {} }, other] }],
    ['no times', { ...sound, sides: [{ ...side, times: undefined }, other] }],
    ['no arrivals', { ...sound, sides: [{ ...side, arrivals: undefined }, other] }],
    ['an anomaly of unknown kind', { ...sound, sides: [{ ...side, anomalies: [{ kind: 5 }] }, other] }],
    ['a message that is none', { ...sound, sides: [{ ...side, messages: [{}] }, other] }],
    [
      'an outcome of unknown kind',
      { ...sound, sides: [{ ...side, messages: [{ ...side?.messages[0], outcome: { kind: 'odd' } }] }, other] },
    ],
    ['a row without cells', { ...sound, rows: [{ kind: 'text', message: 0 }] }],
    ['a cell that is none', { ...sound, rows: [{ kind: 'text', message: 0, cells: [{}, null] }] }],
    ['a difference of unknown kind', { ...sound, differences: [{ kind: 'odd', aspect: 'odd', side: 1 }] }],
    ['a difference of words without words', { ...sound, differences: [{ kind: 'words', aspect: 'text', side: 1 }] }],
    ['a reference that is no side', { ...sound, reference: 7 }],
  ])('are refused where they have %s', async (_, comparison) => {
    const made: unknown = await Reflect.apply(comparePage, undefined, [[{ name: 'a', comparison }]]).catch(
      (reason: unknown) => reason,
    )
    expect(made).toBeInstanceOf(MisuseError)
    expect(made).toMatchObject({ code: 'bad_argument', message: expect.stringContaining('entry 1') })
  })

  it.each<[string, unknown]>([
    ['no list', 5],
    ['an entry without a name', [{ comparison: sound }]],
    ['an entry that is none', [null]],
  ])('are refused as %s', async (_, entries) => {
    const made: unknown = await Reflect.apply(comparePage, undefined, [entries]).catch((reason: unknown) => reason)
    expect(made).toBeInstanceOf(MisuseError)
  })
})
