/** Figures of how a stream arrived. */
import type { Usage } from '../message.ts'
import { isContent, silencesIn } from './arrivals.ts'
import type { Arrival, Gaps, StreamTimes, TimeName } from './comparison.ts'
import { shellTimes, type ObservedTurn } from './observed.ts'

/** Each time that is compared, of a stream. */
export const TIMES: Readonly<Record<TimeName, (times: StreamTimes) => number | undefined>> = {
  firstByteMs: ({ firstByteMs }) => firstByteMs,
  firstTokenMs: ({ firstTokenMs }) => firstTokenMs,
  firstThinkingMs: ({ firstThinkingMs }) => firstThinkingMs,
  firstTextMs: ({ firstTextMs }) => firstTextMs,
  firstToolCallMs: ({ firstToolCallMs }) => firstToolCallMs,
  lastTokenMs: ({ lastTokenMs }) => lastTokenMs,
  endMs: ({ endMs }) => endMs,
  gapP50Ms: ({ gaps }) => gaps?.p50Ms,
  gapP95Ms: ({ gaps }) => gaps?.p95Ms,
  longestGapMs: ({ gaps }) => gaps?.longestMs,
}

/** The figures of one turn; what nobody measured is absent. */
export function timesOf(turn: ObservedTurn, usage: Usage): StreamTimes {
  const { arrivals, deltas, bytes } = turn
  const own = shellTimes(turn.messages)
  const firstByteMs = turn.firstByteMs ?? own.firstByteMs
  const endMs = turn.endMs ?? own.endMs
  const known = {
    ...(firstByteMs === undefined ? {} : { firstByteMs }),
    ...(endMs === undefined ? {} : { endMs }),
    ...(deltas === undefined ? {} : { deltas }),
    ...(bytes === undefined ? {} : { bytes }),
  }
  if (arrivals === undefined) {
    const [firstTokenMs] = turn.messages.flatMap(({ timing }) => timing?.firstContentMs ?? [])
    return { ...known, ...(firstTokenMs === undefined ? {} : { firstTokenMs }) }
  }
  return { ...known, ...contentTimes(arrivals, usage) }
}

function contentTimes(arrivals: readonly Arrival[], usage: Usage): StreamTimes {
  const tokens = arrivals.filter(isContent)
  const first = tokens.at(0)?.ms
  const last = tokens.reduce<number | undefined>((latest, { ms }) => Math.max(latest ?? ms, ms), undefined)
  if (first === undefined || last === undefined) return {}
  const firstOf = (kind: Arrival['kind']): number | undefined => tokens.find((arrival) => arrival.kind === kind)?.ms
  const [thinking, text, call] = [firstOf('thinking'), firstOf('text') ?? firstOf('refusal'), firstOf('tool_call')]
  const gaps = gapsOf(tokens)
  const rate = rateOf(usage, last - first, thinking !== undefined)
  return {
    firstTokenMs: first,
    ...(thinking === undefined ? {} : { firstThinkingMs: thinking }),
    ...(text === undefined ? {} : { firstTextMs: text }),
    ...(call === undefined ? {} : { firstToolCallMs: call }),
    lastTokenMs: last,
    ...(rate === undefined ? {} : { tokensPerSecond: rate }),
    ...(gaps === undefined ? {} : { gaps }),
  }
}

function rateOf({ outputTokens, reasoningTokens = 0 }: Usage, ms: number, hasThinking: boolean): number | undefined {
  if (outputTokens === undefined || ms <= 0) return undefined
  const streamed = hasThinking ? outputTokens : outputTokens - reasoningTokens
  return streamed > 0 ? streamed / (ms / 1000) : undefined
}

function gapsOf(arrivals: readonly Arrival[]): Gaps | undefined {
  const silences = silencesIn(arrivals)
  const [longest] = silences.toSorted((a, b) => b.ms - a.ms)
  if (longest === undefined) return undefined
  const sorted = silences.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return {
    p50Ms: percentile(sorted, 0.5),
    p95Ms: percentile(sorted, 0.95),
    longestMs: longest.ms,
    longestAtMs: longest.atMs,
  }
}

/** Nearest rank, of numbers in ascending order; 0 of none. */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}
