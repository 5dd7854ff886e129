/** Histories by chance, with everything wrong that was seen in the field: as plain steps, written in each format by the simplest means. */
import { array, boolean, constantFrom, integer, nat, option, record, type Arbitrary } from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { FORMAT_OF, type Format, type Target } from '../../src/transcript/target.ts'

export interface WrongCall {
  readonly id: string
  /** How many steps later its result comes; null: never. */
  readonly delay: number | null
  readonly again: 'no' | 'same' | 'other'
  readonly badInput: boolean
}

export interface WrongStep {
  readonly kind: 'user' | 'answer' | 'orphan'
  readonly blank: boolean
  readonly thinking: 'none' | 'first' | 'unsigned' | 'last' | 'between' | 'alone'
  readonly texts: number
  readonly lateText: boolean
  readonly calls: readonly WrongCall[]
  /** The answer is offered again: whole, or its blocks one by one. */
  readonly copy: 'no' | 'whole' | 'fragments'
  readonly asFragments: boolean
}

const IDS = ['toolu_1', 'toolu_2', 'Bash_0', 'functions.read:0', 'terminal:0', `call_${'x'.repeat(70)}`, '']

const call: Arbitrary<WrongCall> = record({
  id: constantFrom(...IDS),
  delay: option(constantFrom(0, 0, 0, 1, 2, 4), { freq: 5 }),
  again: constantFrom('no' as const, 'no' as const, 'no' as const, 'same' as const, 'other' as const),
  badInput: integer({ min: 0, max: 9 }).map((n) => n === 0),
})

export const wrongSteps: Arbitrary<readonly WrongStep[]> = array(
  record({
    kind: constantFrom(
      'user' as const,
      'user' as const,
      'answer' as const,
      'answer' as const,
      'answer' as const,
      'orphan' as const,
    ),
    blank: integer({ min: 0, max: 7 }).map((n) => n === 0),
    thinking: constantFrom(
      'none' as const,
      'none' as const,
      'first' as const,
      'first' as const,
      'unsigned' as const,
      'last' as const,
      'between' as const,
      'alone' as const,
    ),
    texts: nat({ max: 2 }),
    lateText: integer({ min: 0, max: 4 }).map((n) => n === 0),
    calls: array(call, { maxLength: 3 }),
    copy: constantFrom('no' as const, 'no' as const, 'no' as const, 'whole' as const, 'fragments' as const),
    asFragments: boolean(),
  }),
  { maxLength: 9 },
)

/** What must still be there after any repair. */
export interface Expected {
  /** In this order. */
  readonly userTexts: readonly string[]
  /** Results that come after a call of their id. */
  readonly results: readonly string[]
}

export interface WrongHistory {
  readonly messages: readonly JsonObject[]
  readonly expected: Expected
}

type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string; readonly signature: string | undefined }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: JsonValue }

interface Due {
  readonly at: number
  readonly id: string
  readonly name: string
  readonly text: string
}

/** The steps as a provider's messages. */
export function historyOf(steps: readonly WrongStep[], target: Target): WrongHistory {
  const write = WRITERS[FORMAT_OF[target]]
  const messages: JsonObject[] = []
  const userTexts: string[] = []
  const results: string[] = []
  const called = new Set<string>()
  let due: Due[] = []
  let count = 0
  const fresh = (prefix: string): string => `${prefix}${++count}.`
  const tell = (result: Omit<Due, 'at'>): void => {
    messages.push(...write.result(result.id, result.text, result.name))
    if (called.has(result.id)) results.push(result.text)
  }
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'user') {
      const text = step.blank ? '' : fresh('user ')
      if (text !== '') userTexts.push(text)
      messages.push(...write.user(text))
    } else if (step.kind === 'orphan') tell({ id: 'nobody', name: 'nothing', text: fresh('orphan ') })
    else {
      const blocks = blocksOf(step, fresh)
      const own = blocks.flatMap((block) => (block.kind === 'call' ? [block.id] : []))
      const told = step.asFragments ? blocks.flatMap((block) => write.answer([block])) : write.answer(blocks)
      messages.push(...told)
      for (const id of own) called.add(id)
      for (const [place, { delay, again }] of step.calls.entries()) {
        const id = own[place]
        if (delay === null || id === undefined) continue
        const name = `tool_${place}`
        const text = fresh('result ')
        due.push({ at: index + delay, id, name, text })
        if (again !== 'no') {
          due.push({ at: index + delay, id, name, text: again === 'same' ? text : fresh('result ') })
        }
      }
      const copied = step.copy === 'fragments' ? blocks.flatMap((block) => write.answer([block])) : told
      if (step.copy !== 'no') messages.push(...structuredClone(copied))
    }
    for (const result of due.filter(({ at }) => at <= index)) tell(result)
    due = due.filter(({ at }) => at > index)
  }
  for (const result of due) tell(result)
  return { messages, expected: { userTexts, results } }
}

function blocksOf(step: WrongStep, fresh: (prefix: string) => string): readonly Block[] {
  const texts = Array.from({ length: step.texts }, (_, index): Block => {
    return { kind: 'text', text: step.blank && index === 0 ? ' ' : fresh('said ') }
  })
  const calls = step.calls.map(({ id, badInput }, index): Block => {
    const input = badInput ? '{"cut' : { n: fresh('call ') }
    return { kind: 'call', id, name: `tool_${index}`, input }
  })
  const thought: Block = {
    kind: 'thinking',
    text: fresh('thought '),
    signature: step.thinking === 'unsigned' ? undefined : fresh('seal'),
  }
  const late: Block[] = step.lateText ? [{ kind: 'text', text: fresh('late ') }] : []
  switch (step.thinking) {
    case 'none':
      return [...texts, ...calls, ...late]
    case 'first':
    case 'unsigned':
      return [thought, ...texts, ...calls, ...late]
    case 'last':
      return [...texts, ...calls, ...late, thought]
    case 'between':
      return [...texts, ...calls.slice(0, 1), thought, ...calls.slice(1), ...late]
    case 'alone':
      return [thought]
    default: {
      const never: never = step.thinking
      return never
    }
  }
}

interface Writer {
  user(text: string): readonly JsonObject[]
  answer(blocks: readonly Block[]): readonly JsonObject[]
  result(id: string, text: string, name: string): readonly JsonObject[]
}

const argumentsOf = (input: JsonValue): string => (typeof input === 'string' ? input : JSON.stringify(input))

const WRITERS: Readonly<Record<Format, Writer>> = {
  anthropic: {
    user: (text) => [{ role: 'user', content: text.length % 2 === 0 ? text : [{ type: 'text', text }] }],
    answer: (blocks) => [{ role: 'assistant', content: blocks.map(anthropicBlock) }],
    result: (id, text) => [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: text }] }],
  },
  chat: {
    user: (content) => [{ role: 'user', content }],
    answer: (blocks) => {
      const text = blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('')
      const thoughts = blocks.flatMap((block) => (block.kind === 'thinking' ? [block.text] : [])).join('')
      const calls = blocks.flatMap((block): JsonValue[] =>
        block.kind === 'call'
          ? [{ id: block.id, type: 'function', function: { name: block.name, arguments: argumentsOf(block.input) } }]
          : [],
      )
      return [
        {
          role: 'assistant',
          content: text === '' ? null : text,
          ...(thoughts === '' ? {} : { reasoning_content: thoughts }),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
      ]
    },
    result: (id, content) => [{ role: 'tool', tool_call_id: id, content }],
  },
  responses: {
    user: (content) => [{ role: 'user', content }],
    answer: (blocks) => blocks.map(responsesItem),
    result: (id, output) => [{ type: 'function_call_output', call_id: id, output }],
  },
  gemini: {
    user: (text) => [{ role: 'user', parts: [{ text }] }],
    answer: (blocks) => [{ role: 'model', parts: blocks.map(geminiPart) }],
    result: (id, output, name) => [{ role: 'user', parts: [{ functionResponse: { id, name, response: { output } } }] }],
  },
}

function anthropicBlock(block: Block): JsonObject {
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: block.text }
    case 'thinking':
      return {
        type: 'thinking',
        thinking: block.text,
        ...(block.signature === undefined ? {} : { signature: block.signature }),
      }
    case 'call':
      return { type: 'tool_use', id: block.id, name: block.name, input: block.input }
    default: {
      const never: never = block
      return never
    }
  }
}

function responsesItem(block: Block): JsonObject {
  switch (block.kind) {
    case 'text':
      return {
        type: 'message',
        role: 'assistant',
        id: `msg_${block.text}`,
        content: [{ type: 'output_text', text: block.text, annotations: [] }],
      }
    case 'thinking':
      return {
        type: 'reasoning',
        id: `rs_${block.signature ?? 'none'}`,
        ...(block.signature === undefined ? {} : { summary: [{ type: 'summary_text', text: block.text }] }),
      }
    case 'call':
      return { type: 'function_call', call_id: block.id, name: block.name, arguments: argumentsOf(block.input) }
    default: {
      const never: never = block
      return never
    }
  }
}

function geminiPart(block: Block): JsonObject {
  switch (block.kind) {
    case 'text':
      return { text: block.text }
    case 'thinking':
      return {
        text: block.text,
        thought: true,
        ...(block.signature === undefined ? {} : { thoughtSignature: block.signature }),
      }
    case 'call':
      return {
        functionCall: { id: block.id, name: block.name, args: typeof block.input === 'string' ? {} : block.input },
      }
    default: {
      const never: never = block
      return never
    }
  }
}
