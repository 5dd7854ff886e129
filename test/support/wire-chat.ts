/** A script as OpenAI streams it in chat completions: one text, one refusal, one reasoning, and calls. */
import { constantFrom, record } from 'fast-check'
import type { JsonObject } from '../../src/json.ts'
import type { StopReason, Usage } from '../../src/message.ts'
import {
  argumentsText,
  interleave,
  isCall,
  pieces,
  scriptOf,
  textAndCitations,
  type BlockSpec,
  type CallSpec,
  type Manner,
  type Script,
  type Tokens,
} from './script.ts'
import { withFillers, type Sent, type Wire } from './wire.ts'

const STOPS: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'end_turn'],
  ['tool_calls', 'tool_calls'],
  ['length', 'max_tokens'],
  ['content_filter', 'content_filter'],
])

const ORDER: readonly BlockSpec['kind'][] = ['thinking', 'text', 'refusal', 'call']

export const chatWire: Wire = {
  dialect: 'openai-chat',
  hasBegin: false,
  hasMark: true,
  stops: STOPS,
  callsStop: 'tool_calls',
  script: scriptOf({
    kinds: { text: 2, thinking: 1, refusal: 1, call: 4, free_call: 1 },
    stops: [...STOPS.keys(), 'stop', 'tool_calls', 'novel'],
    sequences: [null],
    counts: record({
      first: record({}),
      last: record(
        { input: constantFrom(1, 7), output: constantFrom(3, 250), cacheRead: constantFrom(0, 5) },
        { requiredKeys: ['input', 'output'] },
      ),
    }),
    parts: 1,
    hasEmptyTexts: false,
    isMerged: true,
    cutting: 'length',
  }),
  write: (script, manner) => writeChoice(script, manner),
  inWholeOrder: (script) => ({
    ...script,
    blocks: script.blocks.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)),
  }),
  native: (script) => ({ ...nativeEnvelope(script), choices: [nativeChoice(script)] }),
  usage: usageOf,
  thinking: ({ parts }) => ({ type: 'thinking', text: parts.join('') }),
  error: { error: { message: 'Overloaded', type: 'overloaded_error', code: null } },
}

function envelope({ id, model }: Script): JsonObject {
  return { id, object: 'chat.completion.chunk', created: 1, model }
}

export function nativeEnvelope(script: Script): JsonObject {
  return { ...envelope(script), object: 'chat.completion', usage: countsOf(script.counts.last) }
}

/** One choice of an answer. With `isAlone` false, what is about all choices is left to the caller. */
export function writeChoice(script: Script, manner: Manner, index = 0, isAlone = true): Sent[] {
  const own = envelope(script)
  const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
    ...own,
    choices: [{ index, delta, finish_reason: finish }],
  })
  let calls = 0
  const lanes = script.blocks.map((block, at) => {
    const number = isCall(block) ? calls++ : 0
    return lane(block, number, manner.cuts).map(({ delta, does }): Sent => ({ event: chunk(delta), does, block: at }))
  })
  const sent: Sent[] = [
    { event: chunk({ role: 'assistant', content: '', refusal: null }), does: 'begin' },
    ...interleave(lanes, manner.schedule),
  ]
  if (manner.countsAt !== undefined) {
    const event = { ...own, choices: [], usage: { completion_tokens: 2 } }
    sent.splice(1 + (manner.countsAt % sent.length), 0, { event, does: 'counts' })
  }
  sent.push({ event: chunk({}, script.stop), does: 'stop' })
  if (isAlone) sent.push(...ending(script))
  return withFillers(
    sent,
    [{ ...own, choices: [] }, chunk({}), chunk({ content: '' }), chunk({ content: null })],
    manner,
  )
}

/** What is about all choices: the counts and the last event. */
export function ending(script: Script): Sent[] {
  return [
    { event: { ...envelope(script), choices: [], usage: countsOf(script.counts.last) }, does: 'counts' },
    { event: '[DONE]', does: 'terminal' },
  ]
}

function countsOf({ input = 0, output = 0, cacheRead }: Tokens): JsonObject {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    ...(cacheRead === undefined ? {} : { prompt_tokens_details: { cached_tokens: cacheRead } }),
  }
}

function usageOf({ counts: { last } }: Script): Usage {
  return {
    inputTokens: last.input ?? 0,
    outputTokens: last.output ?? 0,
    ...(last.cacheRead === undefined ? {} : { cacheReadTokens: last.cacheRead }),
  }
}

type Delta = { readonly delta: JsonObject; readonly does: 'opening' | 'delta' }

function lane(block: BlockSpec, number: number, cuts: readonly number[]): Delta[] {
  const deltas = (all: readonly JsonObject[]): Delta[] => all.map((delta) => ({ delta, does: 'delta' }))
  // A delta of nothing opens nothing.
  const texts = (text: string): string[] => {
    const all = pieces(text, cuts)
    return all.slice(all.findIndex((piece) => piece !== ''))
  }
  switch (block.kind) {
    case 'text': {
      const all = textAndCitations(block, cuts)
      const from = all.findIndex((one) => !('piece' in one) || one.piece !== '')
      return deltas(
        all.slice(from).map((one) => ('piece' in one ? { content: one.piece } : { annotations: [one.citation] })),
      )
    }
    case 'thinking':
      return deltas(texts(block.parts.join('')).map((reasoning_content) => ({ reasoning_content })))
    case 'refusal':
      return deltas(texts(block.text).map((refusal) => ({ refusal })))
    case 'call': {
      const text = argumentsText(block)
      if (block.sent === 'whole') {
        const does = text === '' ? 'opening' : 'delta'
        return [{ delta: { tool_calls: [{ index: number, ...callOf(block, text) }] }, does }]
      }
      const opening: Delta = { delta: { tool_calls: [{ index: number, ...callOf(block, '') }] }, does: 'opening' }
      const field = typeof block.input === 'string' ? 'custom' : 'function'
      const name = field === 'custom' ? 'input' : 'arguments'
      const all = pieces(text, cuts).map((piece) => ({
        tool_calls: [{ index: number, [field]: { [name]: piece } }],
      }))
      return [opening, ...deltas(all)]
    }
    case 'withheld':
    case 'result':
    case 'opaque':
      return []
    default: {
      const never: never = block
      return never
    }
  }
}

function callOf({ id, name, input }: CallSpec, text: string): JsonObject {
  return typeof input === 'string'
    ? { id, type: 'custom', custom: { name, input: text } }
    : { id, type: 'function', function: { name, arguments: text } }
}

export function nativeChoice({ blocks, stop }: Script, index = 0): JsonObject {
  const calls = blocks.filter(isCall).map((call) => callOf(call, argumentsText(call)))
  const text = blocks.find((block) => block.kind === 'text')
  const refusal = blocks.find((block) => block.kind === 'refusal')
  const thinking = blocks.find((block) => block.kind === 'thinking')
  const annotations = text?.citations?.map(({ citation }) => citation)
  return {
    index,
    message: {
      role: 'assistant',
      content: text?.text ?? null,
      refusal: refusal?.text ?? null,
      ...(thinking === undefined ? {} : { reasoning_content: thinking.parts.join('') }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
    logprobs: null,
    finish_reason: stop,
  }
}
