/** `summarize`: many comparisons as counts and distributions. */
import { describe, expect, it, test } from 'vitest'
import { compare, summarize, type Comparison, type ObservedTurn } from '../../src/compare.ts'
import { MisuseError } from '../../src/errors.ts'
import type { AssistantMessage } from '../../src/message.ts'

function turn(text: string, change: Partial<AssistantMessage> = {}, firstByteMs?: number): ObservedTurn {
  const message: AssistantMessage = {
    key: 'turn/1',
    id: 'turn/1',
    idSource: 'minted',
    turn: 'turn',
    attempt: 1,
    dialect: 'gemini',
    model: 'm',
    content: [{ type: 'text', text, wire: {} }],
    stop: { reason: 'end_turn', raw: null, sequence: null },
    outcome: { kind: 'complete' },
    usage: { inputTokens: 10, outputTokens: 5 },
    anomalies: [],
    wire: {},
    ...change,
  }
  return { messages: [message], anomalies: [], ...(firstByteMs === undefined ? {} : { firstByteMs }) }
}

const PRICES = { m: { input: 100_000, output: 200_000 } }
const CASES: readonly Comparison[] = [
  compare([turn('a', {}, 100), turn('a', {}, 900)], { prices: PRICES }),
  compare([turn('b', {}, 300), turn('c', { anomalies: [{ kind: 'missing_stop', count: 2 }] }, 400)], {
    prices: PRICES,
  }),
  compare(
    [
      turn('d'),
      turn('d', {
        outcome: { kind: 'aborted', by: 'caller' },
        usage: {},
        stop: { reason: 'max_tokens', raw: null, sequence: null },
      }),
    ],
    {
      prices: PRICES,
    },
  ),
]

describe('a summary', () => {
  const { sides, ...whole } = summarize(CASES)
  const [reference, side] = sides

  test('counts in how many cases each side agrees, and in what the others differ', () => {
    expect(whole).toEqual({ reference: 0, cases: 3, same: 0 })
    expect(reference).toMatchObject({ label: 'A', same: 3, agrees: { text: 3, calls: 3, stop: 3 }, differs: {} })
    expect(side).toMatchObject({
      label: 'B',
      same: 0,
      agrees: { text: 2, calls: 3, stop: 2 },
      differs: { times: 1, text: 1, anomalies: 1, stop: 1, outcome: 1, usage: 1 },
    })
  })

  test('counts outcomes and anomalies, and adds up tokens and cost of the cases that tell them', () => {
    expect(side).toMatchObject({ outcomes: { complete: 2, aborted: 1 }, anomalies: { missing_stop: 2 } })
    expect(reference).toMatchObject({ usage: { inputTokens: 30, outputTokens: 15 }, cost: 6 })
    expect(side).toMatchObject({ usage: { inputTokens: 20, outputTokens: 10 }, cost: 4 })
  })

  test('has the distribution of what was measured, and nothing of what was not', () => {
    expect(side?.times).toEqual({ firstByteMs: { of: 2, smallest: 400, p50: 400, p95: 900, largest: 900 } })
    expect(summarize([compare([turn('a'), turn('a')])]).sides.map(({ times }) => times)).toEqual([{}, {}])
  })

  test('is the same without what a summary does not need, and changes nothing', () => {
    const before = JSON.stringify(CASES)
    const slim = CASES.map(({ reference: place, sides: all, differences }) => ({
      reference: place,
      sides: all,
      differences,
    }))
    expect(summarize(slim)).toEqual(summarize(CASES))
    expect(JSON.stringify(CASES)).toBe(before)
  })
})

describe('misuse is refused', () => {
  it.each([
    ['no comparison', [], 'one or more comparisons'],
    ['another number of sides', [CASES[0], compare([turn('a'), turn('a'), turn('a')])], 'that at 1 has others'],
    ['another reference', [CASES[0], compare([turn('a'), turn('a')], { reference: 1 })], 'that at 1 has others'],
  ])('%s', (_, comparisons, message) => {
    expect(() => summarize(comparisons as Comparison[])).toThrow(MisuseError)
    expect(() => summarize(comparisons as Comparison[])).toThrow(message)
  })
})
