/** Each quirk that corrupts a message in silence has a test that bears its number, or a reason why it needs none. */
import { expect, it } from 'vitest'
import { describeShared, readQuirks } from './support/corpus.ts'
import { QUIRKS } from './support/quirks.ts'
import { TESTED_QUIRKS } from './support/tested-quirks.ts'

/** Of these groups: the transport, the wire formats, how tokens are counted, arguments, thinking. */
const GROUPS = new Set(['1', '2', '3', '4', '5', '6', '9', '10', '11'])

/** Quirks that need no test, and why. One that has a test all the same fails. */
const DOES_NOT_APPLY: Readonly<Record<string, string>> = {}

interface Entry {
  readonly number: string
  readonly isRated: boolean
  readonly urls: readonly string[]
}

/** Each entry begins with its number in bold; how bad it is stands after a middle dot. */
function entriesOf(page: string): readonly Entry[] {
  const parts = page.split(/^(?:\*\*(?=\d+\.\d+)|## )/mu).slice(1)
  return parts.flatMap((part) => {
    const number = /^\d+\.\d+/u.exec(part)?.[0]
    if (number === undefined) return []
    const [head = ''] = part.split('\n')
    // The group about the counting of tokens rates none of its rows.
    const isRated = number.startsWith('9.') || /· (?:S\d[→/])?S1/u.test(head)
    return [{ number, isRated, urls: part.match(/https?:[^\s·)]+/gu) ?? [] }]
  })
}

function groupOf({ number }: { readonly number: string }): string {
  return number.slice(0, number.indexOf('.'))
}

describeShared('corpus', 'the quirks of wires', () => {
  const entries = entriesOf(readQuirks()).filter((entry) => GROUPS.has(groupOf(entry)))
  const needed = entries.filter(({ isRated }) => isRated).map(({ number }) => number)

  it('are 183, of which 120 corrupt a message in silence', () => {
    expect(entries).toHaveLength(183)
    expect(needed).toHaveLength(120)
  })

  it.each(needed)('quirks: %s has a test, or a reason why it has none', (number) => {
    const excuse = DOES_NOT_APPLY[number]
    if (excuse === undefined) expect(TESTED_QUIRKS, `no test name says "quirk ${number}"`).toContain(number)
    else expect(TESTED_QUIRKS, `${number} has a test, so this is not so: ${excuse}`).not.toContain(number)
  })

  it('stand in our own table, each with where it was seen', () => {
    expect(QUIRKS.map(({ number }) => number)).toEqual(entries.map(({ number }) => number))
    for (const { number, seen, like = [] } of QUIRKS) {
      expect(seen.length + like.length, number).toBeGreaterThan(0)
      const known = entries.find((entry) => entry.number === number)?.urls ?? []
      for (const url of seen) expect(known.join(' '), number).toContain(url)
      for (const other of like)
        expect(
          QUIRKS.map((quirk) => quirk.number),
          number,
        ).toContain(other)
    }
  })
})

it('quirks that tests name stand in our own table', () => {
  const known = new Set(QUIRKS.map(({ number }) => number))
  const named = [...TESTED_QUIRKS].filter((number) => GROUPS.has(groupOf({ number })))
  expect(named.filter((number) => !known.has(number))).toEqual([])
})
