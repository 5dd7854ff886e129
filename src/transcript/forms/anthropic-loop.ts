/** What Anthropic demands of a history with thinking on: an answer that has reasoning starts with it, and so does the tool loop at the end. */
import { isObject, type JsonObject, type JsonValue, wordOf } from '../../json.ts'
import type { Exchange, Other, Step } from '../element.ts'
import type { RepairContext } from '../form.ts'
import { blocksOf, isCall, isThinking } from './anthropic-blocks.ts'

/** What stood before the reasoning of an answer goes behind it: the reasoning itself stays as it is. */
export function thinkingFirst(steps: readonly Step[], context: RepairContext): readonly Step[] {
  if (context.facts.thinking !== true) return steps
  const ordered: Step[] = []
  let run: Exchange[] = []
  const endRun = (): void => {
    ordered.push(...withThinkingFirst(run, context))
    run = []
  }
  for (const step of steps) {
    // Answers without a result between them are one to the provider.
    if (step.kind === 'exchange') run.push(step)
    if (step.kind === 'other' || hasCalls(step)) endRun()
    if (step.kind === 'other') ordered.push(step)
  }
  endRun()
  return ordered
}

function withThinkingFirst(run: readonly Exchange[], { report }: RepairContext): readonly Exchange[] {
  const last = run.at(-1)
  const blocks = run.flatMap(({ said }) => said.values.flatMap(blocksOf))
  const start = blocks.findIndex(isThinking)
  if (last === undefined || start <= 0) return run
  const rest = blocks.slice(start).findIndex((block) => !isThinking(block))
  const end = rest === -1 ? blocks.length : start + rest
  const at = run[0]?.said.at ?? 0
  report({ kind: 'block_moved', message: at, text: 'with thinking on, an answer that has reasoning starts with it' })
  const content = [...blocks.slice(start, end), ...blocks.slice(0, start), ...blocks.slice(end)]
  return [{ ...last, said: { ...last.said, at, values: [{ role: 'assistant', content }] } }]
}

/**
 * Where no answer of the loop has reasoning, nobody can make any up: it is a loop that another model began, or one of before thinking was
 * turned on. Its calls and results are told as text then, which ends the loop and loses nothing.
 */
export function withoutBareLoop(steps: readonly Step[], context: RepairContext): readonly Step[] {
  if (context.facts.tools === false)
    return steps.flatMap((step) => (hasCalls(step) ? told(step, NO_TOOLS, context) : [step]))
  if (context.facts.thinking !== true) return steps
  const start = loopStart(steps)
  const loop = steps.slice(start)
  const isBare = loop.some(hasCalls) && !loop.some(startsWithThinking)
  if (!isBare) return steps
  return [
    ...steps.slice(0, start),
    ...loop.flatMap((step) => (hasCalls(step) ? told(step, NO_THINKING, context) : [step])),
  ]
}

/** What a user says beside results, or right behind them, belongs to the loop. */
function loopStart(steps: readonly Step[]): number {
  let start = 0
  let isBesideResults = false
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'exchange') isBesideResults = hasCalls(step)
    else if (step.value.role === 'user' && !isBesideResults) start = index + 1
  }
  return start
}

const hasCalls = (step: Step): step is Exchange => step.kind === 'exchange' && step.said.calls.length > 0

function startsWithThinking(step: Step): boolean {
  if (step.kind === 'other') return false
  const [first] = step.said.values.flatMap(blocksOf)
  return first !== undefined && isThinking(first)
}

const NO_TOOLS = 'a request without tools has no calls'
const NO_THINKING = 'with thinking on, a tool loop starts with reasoning, and this one has none'

function told({ said, results }: Exchange, why: string, { report }: RepairContext): readonly Step[] {
  report({
    kind: 'exchange_told',
    message: said.at,
    text: `${why}: the calls and results are told as text`,
  })
  const values = said.values.map((message): JsonObject => ({ ...message, content: blocksOf(message).map(callAsText) }))
  const answers: Other[] = [
    {
      kind: 'other',
      at: said.at,
      value: {
        role: 'user',
        content: results.flatMap(({ call, value }) => [
          { type: 'text', text: `[Result of ${call.name}]` },
          ...contentOf(value),
        ]),
      },
    },
  ]
  return [{ kind: 'exchange', said: { ...said, values, calls: [] }, results: [] }, ...answers]
}

function callAsText(block: JsonObject): JsonObject {
  if (!isCall(block)) return block
  return { type: 'text', text: `[Called ${wordOf(block.name)} with ${JSON.stringify(block.input ?? {})}]` }
}

function contentOf({ content }: JsonObject): JsonValue[] {
  if (Array.isArray(content)) return content.filter(isObject)
  return typeof content === 'string' && content.trim() !== '' ? [{ type: 'text', text: content }] : []
}
