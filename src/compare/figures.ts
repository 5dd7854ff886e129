/** What is told of each side in a table, for a terminal and a page alike: the names, the order, the texts, and what differs. */
import type { Usage } from '../message.ts'
import type { Difference, Side, TimeName } from './comparison.ts'
import { foreignPart, LONGEST_NAME, outcomeTold, stopTold, type Told } from './told.ts'
import { TIMES } from './times.ts'
import { bytesText, costText, duration, grouped, rateText } from './units.ts'
import { TOKENS } from './usage.ts'

export type FigureGroup = 'answer' | 'tokens' | 'times' | 'stream' | 'anomalies'

/** One line of the table. */
export interface Figure {
  readonly name: string
  /** Short: columns of a terminal are narrow. */
  readonly label: string
  readonly group: FigureGroup
  /** One, or one for each message; none if the wire did not say. */
  readonly of: (side: Side) => readonly Told[]
  /** The number itself, if it can be more or less, and its text. */
  readonly size?: (side: Side) => number | undefined
  readonly text?: (size: number) => string
  /** Whether a difference is one of this figure. */
  readonly isIn: (difference: Difference) => boolean
  /** Two times that are not the same are none to speak of, unless they count as a difference. */
  readonly isTime?: true
  /** A small table does without it. */
  readonly isMinor?: true
}

export const TOKEN_LABELS: Readonly<Record<keyof Usage, string>> = {
  inputTokens: 'tokens in',
  outputTokens: 'tokens out',
  cacheReadTokens: 'cache read',
  cacheWriteTokens: 'cache written',
  reasoningTokens: 'reasoning',
}

export const TIME_LABELS: Readonly<Record<TimeName | 'tokensPerSecond', string>> = {
  firstByteMs: 'first byte',
  firstTokenMs: 'first token',
  firstThinkingMs: 'first thinking',
  firstTextMs: 'first text',
  firstToolCallMs: 'first call',
  lastTokenMs: 'last token',
  endMs: 'end',
  tokensPerSecond: 'tokens/s',
  gapP50Ms: 'gap p50',
  gapP95Ms: 'gap p95',
  longestGapMs: 'longest gap',
}

/** In what a side agrees with the reference or does not, whatever is ignored. */
export const AGREEMENTS: readonly (keyof Side['agrees'])[] = ['text', 'calls', 'stop']

/** In the order of the table; those of a group stand together. */
export const FIGURES: readonly Figure[] = [
  fact('answer', 'model', ({ model, askedModel }) => {
    if (model !== undefined) return [{ parts: [foreignPart(model, LONGEST_NAME)] }]
    return askedModel === undefined ? [] : [{ parts: [foreignPart(askedModel, LONGEST_NAME), ' (asked)'] }]
  }),
  fact('answer', 'dialect', ({ dialect }) => (dialect === 'unknown' ? [] : [{ parts: [foreignPart(dialect)] }])),
  { ...fact('answer', 'messages', ({ messages }) => told(grouped(messages.length))), isMinor: true },
  fact('answer', 'outcome', ({ messages }) => messages.map(({ outcome }) => outcomeTold(outcome))),
  fact('answer', 'stop', ({ messages }) => messages.map(({ stop }) => stopTold(stop))),
  {
    ...fact('answer', 'id', ({ messages }) =>
      messages.flatMap(({ id, idSource }) => (idSource === 'wire' ? [{ parts: [foreignPart(id, LONGEST_NAME)] }] : [])),
    ),
    name: 'ids',
    isIn: (difference) => difference.kind === 'ids' && difference.changes.some(({ row }) => row === undefined),
    isMinor: true,
  },
  ...TOKENS.map((name) => ({
    ...size('tokens', name, TOKEN_LABELS[name], ({ usage }) => usage[name], grouped),
    isIn: (difference: Difference) =>
      difference.kind === 'usage' && difference.changes.some(({ path }) => path[0] === name),
  })),
  size('tokens', 'cost', 'cost', ({ cost }) => cost, costText),
  time('times', 'firstByteMs'),
  time('times', 'firstTokenMs'),
  time('times', 'firstThinkingMs'),
  time('times', 'firstTextMs'),
  time('times', 'firstToolCallMs'),
  time('times', 'lastTokenMs'),
  time('times', 'endMs'),
  {
    ...size(
      'stream',
      'tokensPerSecond',
      TIME_LABELS.tokensPerSecond,
      ({ times }) => times.tokensPerSecond,
      (rate) => rateText(rate),
    ),
    isTime: true,
  },
  time('stream', 'gapP50Ms'),
  time('stream', 'gapP95Ms'),
  time('stream', 'longestGapMs'),
  {
    ...fact('stream', 'longest gap at', ({ times: { gaps } }) =>
      gaps === undefined ? [] : told(duration(gaps.longestAtMs)),
    ),
    name: 'longestAtMs',
    isTime: true,
    isMinor: true,
  },
  size('stream', 'deltas', 'deltas', ({ times }) => times.deltas, grouped),
  size('stream', 'bytes', 'bytes', ({ times }) => times.bytes, bytesText),
  fact('anomalies', 'anomalies', ({ anomalies }) => anomalies.flatMap(({ kind }) => told(kind))),
]

/** What a count of tokens in a difference of usage is called; undefined for one that there is not. */
export function tokenLabel(path: readonly (string | number)[]): string | undefined {
  const name = TOKENS.find((token) => token === path[0])
  return name === undefined ? undefined : TOKEN_LABELS[name]
}

/** A difference of a fact has its name. */
function fact(group: FigureGroup, name: string, of: (side: Side) => readonly Told[]): Figure {
  return { name, label: name, group, of, isIn: ({ kind }) => kind === name }
}

function size(
  group: FigureGroup,
  name: string,
  label: string,
  of: (side: Side) => number | undefined,
  text: (size: number) => string,
): Figure {
  const texts = (side: Side): readonly Told[] => {
    const found = of(side)
    return found === undefined ? [] : told(text(found))
  }
  return { ...fact(group, name, texts), label, size: of, text }
}

function time(group: FigureGroup, name: TimeName): Figure {
  return {
    ...size(group, name, TIME_LABELS[name], ({ times }) => TIMES[name](times), duration),
    isIn: (difference) => difference.kind === 'times' && difference.changes.some((change) => change.time === name),
    isTime: true,
  }
}

function told(text: string): readonly Told[] {
  return [{ parts: [text] }]
}
