/**
 * What a message must be after any operations, by the rules of the design and as simply as they can be said: no tables, no cursors, no
 * events. A text that is sent again is kept whole beside the one that is there; where they disagree, the message is what the operations
 * since it began again make of it, and nothing else. For a message that begins with its begin event and opens its blocks before it speaks
 * of them. At most 80 lines of code, so that a reader can say that it is right.
 */
import { parseToolInput } from '../../src/assembler/tool-input.ts'
import { STOP_REASONS, type BlockKind, type Outcome, type StopReason } from '../../src/message.ts'
import type { Operation } from '../../src/operation.ts'

type How = { readonly ending: Outcome['kind']; readonly isEarly: boolean }
/** `at`: the operation that opened it last; `again`: what was sent since, if for the second time; `closed`: by the wire (true), or else. */
type Texts = {
  text: string
  at: number
  again?: string | undefined
  rank: number
  closed?: boolean
  isTainted?: boolean
}
type Block = Texts & { key: string; kind: BlockKind; name: unknown }

const worse = (a: StopReason, b: StopReason): boolean => STOP_REASONS.indexOf(a) < STOP_REASONS.indexOf(b)

/** `id` and `tokens` are what is known from before the same message was generated anew. */
export function modelOf(all: readonly Operation[], how: How, attempt = 1, id?: string, tokens?: number): object {
  let reason: StopReason | undefined
  let end: Outcome['kind'] | undefined
  let [hasStopped, begun, since] = [false, 0, 0]
  const [content, calls]: [Block[], Block[]] = [[], []]

  const stateOf = (block: Block): string => {
    const { state } = parseToolInput(block.text, 200)
    const isCut = reason !== undefined && worse(reason, 'pause')
    // What the message, sent again, says nothing of any more was not whole because the message is.
    const isOpen = !block.closed && (end !== 'complete' || block.at < since)
    const isUnsaid = isCut && block.text.trim() === '' && block === content.at(-1) && !calls.includes(block)
    if (block.isTainted || state === 'invalid' || (state === 'incomplete' && !isCut && !isOpen)) return 'invalid'
    return state === 'incomplete' || isOpen || isUnsaid ? 'partial' : 'complete'
  }
  /** Ends what is sent again, closes the block if it is open, and hands its call out if it may be. */
  const close = (block: Block, isByWire: boolean): void => {
    Object.assign(block, { again: undefined, closed: block.closed ?? isByWire })
    const isWhole = end === undefined ? how.isEarly && block.text.trim() !== '' : end === 'complete'
    const isDue = block.kind === 'tool_call' && !calls.includes(block) && (reason ? !worse(reason, 'pause') : isWhole)
    if (isDue && stateOf(block) === 'complete') calls.push(block)
  }
  /** Where the message begins, if this operation shows that it is another one. */
  const step = (operation: Operation, at: number): number | undefined => {
    const block = 'key' in operation ? content.findLast(({ key }) => key === operation.key) : undefined
    const closed = content.filter((one) => one.closed !== undefined && one.again === undefined)
    if (operation.op === 'begin' && id && operation.id && id !== operation.id) return at
    if (operation.op === 'begin') [id, begun] = [id ?? operation.id, at]
    if (operation.op === 'usage') tokens = operation.counts.outputTokens || (tokens ?? 0)
    if (operation.op === 'stop' && (!reason || worse(operation.reason, reason))) reason = operation.reason
    if (operation.op === 'stop') for (const one of closed) close(one, false)
    if (operation.op === 'terminal') [hasStopped, end] = [true, operation.strength === 'hard' ? 'complete' : undefined]
    if (operation.op === 'fail') end = 'failed'
    if (operation.op === 'anomaly') for (const one of content) one.isTainted ||= one.closed === undefined
    if (operation.op === 'close' && block?.again !== undefined && block.again !== block.text) return since
    if (operation.op === 'close' && block && block.closed === undefined) close(block, true)
    if (operation.op === 'close' && block) block.again = undefined
    if (operation.op === 'snapshot' && block && operation.rank >= block.rank && !calls.includes(block))
      Object.assign(block, { rank: operation.rank, text: operation.text || block.text })
    if (operation.op === 'append' && block) {
      const now = (block.again ?? block.text) + operation.text
      if (block.again === undefined) block.text = calls.includes(block) ? block.text : now
      else if (block.text.startsWith(now)) block.again = now
      else if (block.closed !== undefined || !now.startsWith(block.text)) return since
      else Object.assign(block, { text: now, again: undefined })
    }
    if (operation.op !== 'open') return undefined
    const isSame = block?.kind === operation.kind && block.name === operation.fields?.name
    const isBlank = isSame && block.closed === undefined && block.again === undefined && block.text === ''
    const isAgain = block !== undefined && block.at < begun && !isBlank
    const isSentAgain = isAgain || block?.again !== undefined
    if (isAgain && block.at >= since) since = begun
    if (isSentAgain && !isSame) return since
    const isKnown = isSentAgain || (isSame && block.closed === undefined)
    if (block && isKnown) Object.assign(block, { at }, isAgain ? { again: '' } : {})
    if (block && !isKnown) block.closed ??= false
    if (!isKnown) content.push({ ...operation, name: operation.fields?.name, text: '', at, rank: 0 })
    return undefined
  }
  for (const [at, operation] of all.entries()) {
    const from = end === undefined ? step(operation, at) : undefined
    if (from !== undefined && calls.length > 0) end = 'failed'
    if (from === undefined || end !== undefined) continue
    // Why the old one stopped is void.
    const rest = all.filter(({ op }, i) => i >= at || (i >= from && op !== 'stop' && op !== 'terminal'))
    return from === at ? modelOf(rest, how, attempt + 1) : modelOf(rest, how, attempt + 1, id, tokens)
  }
  end ??= how.ending !== 'complete' && how.ending !== 'truncated' ? how.ending : hasStopped ? 'complete' : 'truncated'
  for (const block of content) close(block, false)
  const told = content.map((one) => [one.kind, one.text, one.kind === 'tool_call' ? stateOf(one) : undefined])
  const isNeutral = reason === undefined ? end === 'complete' : worse('tool_calls', reason)
  const stop = isNeutral && told.some(([, , state]) => state === 'complete') ? 'tool_calls' : (reason ?? 'unknown')
  return { id, tokens, end, stop, told, calls: calls.map((one) => told[content.indexOf(one)]), attempt }
}
