/** What two messages both have, in another order. */
import type { Dialect } from '../message.ts'
import type { CallOrderDifference, Row } from './comparison.ts'

/** Whether the wire says where calls stand beside texts: some have a field for each. */
const TELL_ORDER: Readonly<Record<Dialect | 'unknown', boolean>> = {
  'anthropic-messages': true,
  'openai-chat': false,
  'openai-responses': true,
  gemini: true,
  'gemini-interactions': true,
  'bedrock-converse': true,
  cohere: false,
  ollama: false,
  'mistral-conversations': true,
  'text-generation': false,
  'openai-assistants': false,
  acp: true,
  'claude-code': true,
  'ai-sdk': true,
  'ai-sdk-ui': true,
  unknown: false,
}

export function tellsOrder({ dialect }: { readonly dialect: Dialect | 'unknown' }): boolean {
  return TELL_ORDER[dialect]
}

/** A row that both have, and the ordinals of its block on both sides. */
interface Shared {
  readonly row: number
  readonly isCall: boolean
  readonly one: number
  readonly other: number
}

/** Per message: the calls that both have; with `hasOrder` also what else they have, if a call stands before it once and once behind it. */
export function orderDifferences(
  side: number,
  rows: readonly Row[],
  { reference, hasOrder }: { readonly reference: number; readonly hasOrder: boolean },
): readonly CallOrderDifference[] {
  const all = new Map<number, Shared[]>()
  for (const [row, { message, cells, kind }] of rows.entries()) {
    const [one, other] = [cells[reference], cells[side]]
    if (!one || !other) continue
    const shared = all.get(message) ?? []
    all.set(message, shared)
    shared.push({ row, isCall: kind === 'tool_call', one: one.blocks[0] ?? 0, other: other.blocks[0] ?? 0 })
  }
  return [...all].flatMap(([message, shared]): readonly CallOrderDifference[] => {
    const inOrder = shared.toSorted((a, b) => a.one - b.one)
    const told = hasOrder && areMixed(inOrder) ? inOrder : inOrder.filter(({ isCall }) => isCall)
    const inReference = told.map(({ row }) => row)
    const order = told.toSorted((a, b) => a.other - b.other).map(({ row }) => row)
    if (inReference.every((row, index) => row === order[index])) return []
    return [{ aspect: 'calls', kind: 'order', side, message, reference: inReference, order }]
  })
}

/** Whether a call changed places with what is none. */
function areMixed(inOrder: readonly Shared[]): boolean {
  let [lastCall, lastOther] = [-1, -1]
  return inOrder.some(({ isCall, other }) => {
    const isMixed = other < (isCall ? lastOther : lastCall)
    if (isCall) lastCall = Math.max(lastCall, other)
    else lastOther = Math.max(lastOther, other)
    return isMixed
  })
}
