/** What a turn cost, by a price table of the caller's. */
import type { AssistantMessage, Usage } from '../message.ts'
import type { Price, PriceTable, Side } from './comparison.ts'

const MILLION = 1_000_000

/** The price of the model that the wire names, else of the one that was asked for. */
export function priceOfSide(
  { model, askedModel }: Pick<Side, 'model' | 'askedModel'>,
  prices: PriceTable,
): Price | undefined {
  const own = model === undefined ? undefined : priceOf(model, prices)
  return own ?? (askedModel === undefined ? undefined : priceOf(askedModel, prices))
}

/** The price of a model: by its whole name, else by the longest name in the table that it goes on from. */
function priceOf(model: string, prices: PriceTable): Price | undefined {
  const names = Object.keys(prices).filter((name) => model === name || goesOnFrom(model, name))
  const [name] = names.toSorted((a, b) => b.length - a.length)
  return name === undefined ? undefined : prices[name]
}

function goesOnFrom(model: string, name: string): boolean {
  return name !== '' && model.startsWith(name) && '-@:'.includes(model.charAt(name.length))
}

/** Each message by its own model; undefined if one that says anything lacks a price or a count. One that was not counted says nothing. */
export function costOfTurn(
  messages: readonly AssistantMessage[],
  asked: Pick<Side, 'askedModel'>,
  prices: PriceTable,
): number | undefined {
  const counted = messages.filter(({ content, usage }) => content.length > 0 || Object.keys(usage).length > 0)
  const costs = counted.flatMap(({ model, usage }) => {
    const price = priceOfSide({ ...asked, ...(model === undefined ? {} : { model }) }, prices)
    return (price === undefined ? undefined : costOf(usage, price)) ?? []
  })
  if (costs.length === 0 || costs.length < counted.length) return undefined
  return costs.reduce((sum, cost) => sum + cost, 0)
}

/** Undefined unless both token counts are known. */
function costOf(usage: Usage, price: Price): number | undefined {
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage
  if (inputTokens === undefined || outputTokens === undefined) return undefined
  const { input, output, cacheRead = input, cacheWrite = input } = price
  const fresh = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens)
  const sum = fresh * input + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite + outputTokens * output
  return sum / MILLION
}
