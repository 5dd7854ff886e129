/** Counts of tokens. */
import type { Usage } from '../message.ts'

export const TOKENS: readonly (keyof Usage)[] = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
]

/** Each count over those that tell it; absent if none does. */
export function usageSum(usages: readonly Usage[]): Usage {
  const sums = TOKENS.flatMap((name) => {
    const counts = usages.flatMap((usage) => usage[name] ?? [])
    return counts.length === 0 ? [] : [[name, counts.reduce((sum, count) => sum + count, 0)] as const]
  })
  return Object.fromEntries(sums)
}
