/** Where two texts differ, by words. */
import { diffArrays } from 'diff'
import type { WordChange } from './comparison.ts'
import { commonStart } from './ends.ts'

/**
 * The words of a text: a number with its thousands and its fraction; what is written in Katakana; an emoji with all that is joined to it, a flag; letters and
 * digits; else one character with its marks, which is a word in scripts that have no spaces. Words are compared without the white space
 * that follows them.
 */
const WORD = new RegExp(
  [
    String.raw`\p{N}+(?:,\p{N}{3}(?!\p{N}))*(?:\.\p{N}+)*(?![\p{L}\p{M}\p{N}_])`,
    String.raw`[\p{Script=Katakana}ー]+`,
    String.raw`\p{RI}\p{RI}`,
    String.raw`\p{ExtPict}[\p{M}\p{EMod}\u{E0020}-\u{E007F}]*(?:\u200D\p{ExtPict}[\p{M}\p{EMod}]*)*`,
    String.raw`(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{N}_][\p{M}\u200C\u200D]*(?:['’](?=\p{L}))?)+`,
    String.raw`\S\p{M}*`,
  ].join('|'),
  'gu',
)
const LINE = /[^\n]+/g

/** Beyond so many changes words say less than lines, and lines less than the whole. The cost of a difference grows with its square. */
const MOST_CHANGES = 2000
/** Beyond so many characters in the part that differs, words are not tried. */
const LONGEST = 2_000_000
/** More is not tried of the words of one pair of lines. */
const MOST_IN_LINES = 100
/** How far from where two texts differ first a word may begin. */
const LONGEST_WORD = 200
/** What both have between two changes is no more than chance if both changes have so many times as many words. */
const ISLAND = 4
/** Longer than any word that is there by chance. */
const LONGEST_ISLAND = 60

/**
 * The pieces of both texts in order: what both have, what only the reference, what only the side has. The same pieces whichever text is
 * the reference. Of texts that differ too much, whole lines differ, or all of it.
 */
export function wordChanges(reference: string, side: string): readonly WordChange[] {
  // Of two equally good differences the algorithm takes one by the order of its arguments.
  return reference > side
    ? changesOf(side, reference).flatMap((stretch) => written(stretch, true))
    : changesOf(reference, side).flatMap((stretch) => written(stretch, false))
}

/** What both have, or what one has where the other has something else. */
type Stretch = { readonly same: string } | { readonly one: string; readonly other: string }

/** What goes stands before what comes. */
function written(stretch: Stretch, isTurned: boolean): readonly WordChange[] {
  if ('same' in stretch) return [{ kind: 'same', text: stretch.same }]
  const [removed, added] = isTurned ? [stretch.other, stretch.one] : [stretch.one, stretch.other]
  return [
    ...(removed === '' ? [] : [{ kind: 'removed' as const, text: removed }]),
    ...(added === '' ? [] : [{ kind: 'added' as const, text: added }]),
  ]
}

function changesOf(one: string, other: string): readonly Stretch[] {
  const start = startOf(one, other)
  const end = endOf(one, other, start)
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)]
  const longest = Math.max(left.length, right.length)
  const between = (longest <= LONGEST ? differing(left, right, WORD, MOST_CHANGES) : undefined) ?? byLines(left, right)
  const all = [{ same: one.slice(0, start) }, ...between, { same: one.slice(one.length - end) }]
  return joined(joined(withoutIslands(joined(all))).flatMap(evened))
}

function byLines(one: string, other: string): readonly Stretch[] {
  const lines = differing(one, other, LINE, MOST_CHANGES) ?? [{ one, other }]
  return lines.flatMap((stretch) => {
    const isReplaced = 'one' in stretch && stretch.one !== '' && stretch.other !== ''
    const isShort = isReplaced && Math.max(stretch.one.length, stretch.other.length) <= LONGEST / 100
    return (isShort ? differing(stretch.one, stretch.other, WORD, MOST_IN_LINES) : undefined) ?? [stretch]
  })
}

/** How much of the beginning both have, up to the beginning of a word. */
function startOf(one: string, other: string): number {
  const start = commonStart(one, other)
  if (start === one.length && start === other.length) return start
  for (let at = start; at > 0 && at > start - LONGEST_WORD; at -= 1) {
    if (isSpace(one, at - 1) && !isSpace(one, at) && !isSpace(other, at)) return at
  }
  return start <= LONGEST_WORD ? 0 : wholeFrom(one, start - LONGEST_WORD)
}

/** How much of the end both have, from the beginning of a word. */
function endOf(one: string, other: string, start: number): number {
  const shorter = Math.min(one.length, other.length) - start
  let end = 0
  while (end < shorter && one.charCodeAt(one.length - 1 - end) === other.charCodeAt(other.length - 1 - end)) end += 1
  for (let left = end - 1; left > 0 && left > end - LONGEST_WORD; left -= 1) {
    if (isSpace(one, one.length - left - 1) && !isSpace(one, one.length - left)) return left
  }
  return end <= LONGEST_WORD ? 0 : one.length - wholeFrom(one, one.length - end + LONGEST_WORD)
}

function isSpace(text: string, at: number): boolean {
  return /\s/.test(text.charAt(at))
}

/** The next place at which no character is cut that has several units, or marks, or is joined to another one. */
function wholeFrom(text: string, from: number): number {
  let at = from
  while (at < from + LONGEST_WORD && PART.test(text.slice(at - 1, at + 2))) at += 1
  return Math.min(at, text.length)
}

/** Behind one unit, the rest of a character. */
const PART = /^(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|\u200D|[^][\uFE00-\uFE0F\u0300-\u036F\u20D0-\u20F0\u200D])/

interface Word {
  readonly text: string
  /** The white space behind it. */
  readonly space: string
}

/** The first one is the white space before all words. */
function wordsOf(text: string, pattern: RegExp): readonly Word[] {
  const words: Word[] = []
  let [from, last] = [0, '']
  for (const match of text.matchAll(pattern)) {
    words.push({ text: last, space: text.slice(from, match.index) })
    ;[from, last] = [match.index + match[0].length, match[0]]
  }
  words.push({ text: last, space: text.slice(from) })
  return words
}

/** Undefined if there are more changes than `most`. */
function differing(one: string, other: string, pattern: RegExp, most: number): readonly Stretch[] | undefined {
  const [ones, others] = [wordsOf(one, pattern), wordsOf(other, pattern)]
  const [left, right] = [ones.map(({ text }) => text), others.map(({ text }) => text)]
  if (fewestChanges(left, right) > most) return undefined
  const changes = diffArrays(left, right, { maxEditLength: most })
  if (changes === undefined) return undefined
  let [a, b] = [0, 0]
  return changes.flatMap(({ added, removed, count }): readonly Stretch[] => {
    const [these, those] = [ones.slice(a, added ? a : a + count), others.slice(b, removed ? b : b + count)]
    ;[a, b] = [a + these.length, b + those.length]
    if (removed || added) return [{ one: textOf(these), other: textOf(those) }]
    return these.flatMap(({ text, space }, at): readonly Stretch[] => {
      const beside = those[at]?.space ?? space
      return space === beside ? [{ same: text + space }] : [{ same: text }, { one: space, other: beside }]
    })
  })
}

/** What one has more often than the other goes or comes in any case. */
function fewestChanges(ones: readonly string[], others: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const word of ones) counts.set(word, (counts.get(word) ?? 0) + 1)
  for (const word of others) counts.set(word, (counts.get(word) ?? 0) - 1)
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0)
}

function textOf(words: readonly Word[]): string {
  return words.map(({ text, space }) => text + space).join('')
}

/** Stretches without empty ones, those of a kind that follow each other as one. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const whole: Stretch[] = []
  let [same, one, other]: [string[], string[], string[]] = [[], [], []]
  const flush = (): void => {
    if (same.length > 0) whole.push({ same: same.join('') })
    if (one.length > 0 || other.length > 0) whole.push({ one: one.join(''), other: other.join('') })
    ;[same, one, other] = [[], [], []]
  }
  for (const stretch of stretches) {
    if ('same' in stretch) {
      if (stretch.same === '') continue
      if (one.length > 0 || other.length > 0) flush()
      same.push(stretch.same)
      continue
    }
    if (same.length > 0 && stretch.one + stretch.other !== '') flush()
    if (stretch.one !== '') one.push(stretch.one)
    if (stretch.other !== '') other.push(stretch.other)
  }
  flush()
  return whole
}

/** A comma or a small word that two long changes happen to share is read more easily as part of them. */
function withoutIslands(stretches: readonly Stretch[]): readonly Stretch[] {
  return stretches.map((stretch, at) => {
    const [before, after] = [stretches[at - 1], stretches[at + 1]]
    if (!('same' in stretch) || before === undefined || after === undefined) return stretch
    if (stretch.same.length > LONGEST_ISLAND || stretch.same.includes('\n')) return stretch
    const length = countOf(stretch.same) * ISLAND
    return length <= sizeOf(before) && length <= sizeOf(after) ? { one: stretch.same, other: stretch.same } : stretch
  })
}

/** In words; what only one of both has is no rewriting. */
function sizeOf(stretch: Stretch): number {
  return 'same' in stretch ? 0 : Math.min(countOf(stretch.one), countOf(stretch.other))
}

function countOf(text: string): number {
  return text.match(WORD)?.length ?? 0
}

/** White space at both ends of what stands for each other is in both. */
function evened(stretch: Stretch): readonly Stretch[] {
  if ('same' in stretch) return [stretch]
  const { one, other } = stretch
  const shorter = Math.min(one.length, other.length)
  let start = 0
  while (start < shorter && isSpace(one, start) && one.charAt(start) === other.charAt(start)) start += 1
  let end = 0
  while (end < shorter - start && isSpace(one, one.length - 1 - end) && one.at(-1 - end) === other.at(-1 - end)) {
    end += 1
  }
  return [
    { same: one.slice(0, start) },
    { one: one.slice(start, one.length - end), other: other.slice(start, other.length - end) },
    { same: one.slice(one.length - end) },
  ]
}
