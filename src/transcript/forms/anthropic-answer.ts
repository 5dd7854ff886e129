/** One answer of the model in the form of Anthropic's Messages API: as many of its blocks as the API takes, in the order that it takes. */
import { equalJson, isObject, parseJson, type JsonObject, wordOf } from '../../json.ts'
import type { Call, Result, Said } from '../element.ts'
import type { RepairContext } from '../form.ts'
import type { RepairKind } from '../repairs.ts'
import {
  isBlank,
  isCall,
  isResult,
  isServerBlock,
  isServerResult,
  isThinking,
  signatureOf,
} from './anthropic-blocks.ts'

/** A message that is part of the answer: neighbours of one role are one to the provider. */
export interface Placed {
  readonly at: number
  readonly message: JsonObject
  readonly blocks: readonly JsonObject[]
}

interface Entry {
  readonly placed: Placed
  readonly index: number
  readonly block: JsonObject
}

/** Which blocks stood in the answers so far, by the seals of their reasoning. */
export type SealedAnswers = Map<string, ReadonlySet<string>>

/** The answer, or several where the model had begun another; none if nothing of it can be sent. */
export function mendAnswer(
  turn: readonly Placed[],
  isLast: boolean,
  sealed: SealedAnswers,
  context: RepairContext,
): readonly (Said | Result)[] {
  const all = turn.flatMap((placed) => placed.blocks.map((block, index): Entry => ({ placed, index, block })))
  const results = all.filter(({ block }) => isResult(block) && typeof block.tool_use_id === 'string')
  const isStray = new Set(results)
  const given = all.filter((entry) => !isStray.has(entry))
  if (isRepeated(given, sealed, context)) return []
  for (const { at, blocks } of turn) {
    if (blocks.length > 0 || given.length === 0) continue
    context.report({ kind: 'message_dropped', message: at, text: 'there is nothing in the answer' })
  }
  const whole = withoutLooseServerTools(withoutDoubles(withShapes(given, context), context), isLast, context)
  const said = segmentsOf(withoutBlanks(whole, context), context).flatMap((segment) => {
    const ordered = withoutBlankRuns(callsLast(withoutBrokenThinking(segment, context), context), context)
    if (ordered.length > 0) return [saidOf(ordered)]
    const at = segment[0]?.placed.at ?? turn[0]?.at ?? 0
    context.report({ kind: 'message_dropped', message: at, text: 'nothing in the answer can be sent' })
    return []
  })
  return [...said, ...results.map((entry) => resultOf(entry, context))]
}

/** The model gives no results: somebody put it into the wrong message. */
function resultOf(entry: Entry, context: RepairContext): Result {
  reportBlock(entry, 'result_moved', 'a result stands in a message of the user', context)
  return { kind: 'result', at: entry.placed.at, id: wordOf(entry.block.tool_use_id), value: entry.block }
}

function reportBlock({ placed, index, block }: Entry, kind: RepairKind, text: string, { report }: RepairContext): void {
  const call = typeof block.id === 'string' ? { call: block.id } : {}
  report({ kind, message: placed.at, block: index, ...call, text })
}

/** Sealed reasoning is made once: an answer that has it, and nothing that the earlier answer had not, is that answer again. */
function isRepeated(entries: readonly Entry[], sealed: SealedAnswers, { report }: RepairContext): boolean {
  const seals = entries.flatMap(({ block }) => signatureOf(block) ?? [])
  const [first] = seals
  if (first === undefined) return false
  const texts = new Set(entries.map(({ block }) => JSON.stringify(block)))
  const earlier = sealed.get(first)
  if (earlier !== undefined && [...texts].every((text) => earlier.has(text))) {
    const at = entries[0]?.placed.at ?? 0
    report({
      kind: 'duplicate_message_dropped',
      message: at,
      text: 'the same answer, with the same sealed reasoning, came before',
    })
    return true
  }
  for (const seal of seals) if (!sealed.has(seal)) sealed.set(seal, texts)
  return false
}

function withShapes(entries: readonly Entry[], context: RepairContext): readonly Entry[] {
  return entries.flatMap((entry): Entry[] => {
    const { block } = entry
    if (typeof block.type !== 'string' || isResult(block) || hasForeignId(block)) {
      reportBlock(
        entry,
        'block_dropped',
        'a block needs a type that the model may send, and an id that the provider made',
        context,
      )
      return []
    }
    if (!isCall(block)) return [entry]
    let mended = block
    if (!isObject(block.input)) {
      const input = typeof block.input === 'string' ? parseJson(block.input) : undefined
      mended = { ...mended, input: isObject(input) ? input : {} }
      reportBlock(entry, 'arguments_emptied', 'the input of a call is an object', context)
    }
    if (typeof block.id !== 'string') mended = { ...mended, id: '' }
    return [{ ...entry, block: mended }]
  })
}

/** The provider's own tools have ids of the provider's own. */
function hasForeignId(block: JsonObject): boolean {
  const id = isServerResult(block) ? block.tool_use_id : block.id
  return (
    isServerBlock(block) &&
    (typeof id !== 'string' || !SERVER_ID.test(id) || (block.type === 'server_tool_use' && !id.startsWith('srvtoolu_')))
  )
}

const SERVER_ID = /^[a-zA-Z0-9_-]+$/

function withoutDoubles(entries: readonly Entry[], context: RepairContext): readonly Entry[] {
  const seals = new Set<string>()
  const calls = new Map<string, JsonObject>()
  return entries.filter((entry) => {
    const seal = signatureOf(entry.block)
    const id = isCall(entry.block) ? wordOf(entry.block.id) : undefined
    const known = id === undefined ? undefined : calls.get(id)
    const isDouble = (seal !== undefined && seals.has(seal)) || (known !== undefined && equalJson(known, entry.block))
    if (isDouble) reportBlock(entry, 'duplicate_block_dropped', 'the answer has this block already', context)
    if (seal !== undefined) seals.add(seal)
    if (id !== undefined && known === undefined) calls.set(id, entry.block)
    return !isDouble
  })
}

/** A call that the provider runs stands with its result in one answer; only the last answer may still wait for one. */
function withoutLooseServerTools(entries: readonly Entry[], isLast: boolean, context: RepairContext): readonly Entry[] {
  const open = new Map<string, Entry>()
  const loose = new Set<Entry>()
  for (const entry of entries) {
    const { type, id, tool_use_id: answers } = entry.block
    if ((type === 'server_tool_use' || type === 'mcp_tool_use') && typeof id === 'string') open.set(id, entry)
    else if (isServerResult(entry.block) && !open.delete(wordOf(answers))) loose.add(entry)
  }
  if (!isLast) for (const entry of open.values()) loose.add(entry)
  for (const entry of loose) {
    const text = isServerResult(entry.block)
      ? 'the result of a tool of the provider has no call in its answer'
      : 'the call of a tool of the provider has no result in its answer'
    reportBlock(entry, 'block_dropped', text, context)
  }
  return entries.filter((entry) => !loose.has(entry))
}

function withoutBlanks(entries: readonly Entry[], context: RepairContext): readonly Entry[] {
  const isStrict = context.facts.profile === 'strict'
  const filled = new Set(entries.filter((entry) => !isBlankText(entry)).map(({ placed }) => placed))
  return entries.filter((entry) => {
    const { block, placed } = entry
    if (!isBlankText(entry)) return true
    if (block.text !== '' && typeof block.text === 'string' && !isStrict && filled.has(placed)) return true
    reportBlock(entry, 'block_dropped', 'a blank text is refused', context)
    return false
  })
}

const isBlankText = ({ block }: Entry): boolean => block.type === 'text' && isBlank(block)

/** A blank text that was not alone in its message may be so after what stood beside it was left out or moved. */
function withoutBlankRuns(entries: readonly Entry[], context: RepairContext): readonly Entry[] {
  const runs: Entry[][] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run?.[0]?.placed === entry.placed) run.push(entry)
    else runs.push([entry])
  }
  return runs.flatMap((run) => {
    if (!run.every(isBlankText)) return run
    for (const entry of run) reportBlock(entry, 'block_dropped', 'a blank text is refused', context)
    return []
  })
}

/** Reasoning after a call is the beginning of another answer. */
function segmentsOf(entries: readonly Entry[], context: RepairContext): readonly (readonly Entry[])[] {
  const segments: Entry[][] = [[]]
  let hasCall = false
  for (const entry of entries) {
    if (hasCall && isThinking(entry.block)) {
      reportBlock(entry, 'message_split', 'reasoning cannot follow a call in one answer', context)
      segments.push([])
      hasCall = false
    }
    if (isCall(entry.block)) hasCall = true
    segments.at(-1)?.push(entry)
  }
  return segments
}

/** Reasoning is kept byte for byte, or all of the answer's is left out: never edited. */
function withoutBrokenThinking(entries: readonly Entry[], context: RepairContext): readonly Entry[] {
  const thinking = entries.filter(({ block }) => isThinking(block))
  const [first] = thinking
  if (first === undefined) return entries
  const last = entries.at(-1)
  const isLastThinking = last !== undefined && isThinking(last.block)
  if (!isLastThinking && thinking.every(({ block }) => signatureOf(block) !== undefined)) return entries
  const why = isLastThinking ? 'an answer may not end with reasoning' : 'reasoning without its signature is refused'
  reportBlock(first, 'thinking_dropped', why, context)
  return entries.filter(({ block }) => !isThinking(block))
}

/** Nothing but calls may follow a call. */
function callsLast(entries: readonly Entry[], context: RepairContext): readonly Entry[] {
  const firstCall = entries.findIndex(({ block }) => isCall(block))
  if (firstCall === -1) return entries
  const late = entries.slice(firstCall).filter(({ block }) => !isCall(block))
  if (late.length === 0) return entries
  for (const entry of late) reportBlock(entry, 'block_moved', 'nothing but calls may follow a call', context)
  return [...entries.slice(0, firstCall), ...late, ...entries.slice(firstCall).filter(({ block }) => isCall(block))]
}

function saidOf(entries: readonly Entry[]): Said {
  const values: JsonObject[] = []
  let run: Entry[] = []
  const endRun = (): void => {
    const placed = run[0]?.placed
    if (placed === undefined) return
    const isAsGiven =
      run.length === placed.blocks.length && run.every(({ block }, index) => block === placed.blocks[index])
    values.push(isAsGiven ? placed.message : { ...placed.message, content: run.map(({ block }) => block) })
    run = []
  }
  for (const entry of entries) {
    if (run.length > 0 && run[0]?.placed !== entry.placed) endRun()
    run.push(entry)
  }
  endRun()
  const calls = entries.flatMap(({ block }): Call[] =>
    isCall(block) ? [{ id: wordOf(block.id), name: typeof block.name === 'string' ? block.name : '' }] : [],
  )
  return { kind: 'said', at: entries[0]?.placed.at ?? 0, values, calls }
}
