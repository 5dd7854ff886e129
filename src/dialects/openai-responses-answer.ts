/**
 * A message of any provider as one of the dialect `openai-responses`. A tool that the provider ran is told as one of an MCP server, the only
 * item here that takes any name and any result.
 */
import { isObject, type JsonObject } from '../json.ts'
import type {
  AssistantMessage,
  ContentBlock,
  OutcomeError,
  RefusalBlock,
  StopReason,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
  Usage,
} from '../message.ts'
import { hasBegun } from './begun.ts'
import { argumentsOf, foreignIdOf, foreignOutcomeOf, resultText, stopReasonOf } from './foreign.ts'
import { openaiCodeOf } from './openai-error.ts'

/** Why a response is incomplete; what is not here is complete. */
const INCOMPLETE: Readonly<Partial<Record<StopReason, string | null>>> = {
  max_tokens: 'max_output_tokens',
  context_window: 'max_output_tokens',
  pause: 'max_output_tokens',
  refusal: 'content_filter',
  content_filter: 'content_filter',
  error: null,
}

/** One message in the terms of this dialect; the same key, outcome and anomalies. */
export function asResponse(message: AssistantMessage): AssistantMessage {
  const outcome = foreignOutcomeOf(message)
  if (!hasBegun(message)) return { ...message, dialect: 'openai-responses', outcome }
  const id = foreignIdOf(message, 'resp_')
  const { fields, stop } = endingOf(message)
  const rawUsage = usageOf(message.usage)
  const { rawUsage: _rawUsage, ...rest } = message
  const output = new Output(id, message)
  for (const block of message.content) output.add(block)
  if (message.outcome.kind !== 'complete') output.leaveOpen()
  return {
    ...rest,
    dialect: 'openai-responses',
    outcome,
    id,
    idSource: 'wire',
    content: output.content,
    stop,
    ...(rawUsage === undefined ? {} : { rawUsage }),
    wire: {
      object: 'response',
      created_at: 0,
      error: null,
      incomplete_details: null,
      instructions: null,
      metadata: {},
      parallel_tool_calls: true,
      temperature: null,
      tool_choice: 'auto',
      tools: [],
      top_p: null,
      ...fields,
      items: output.items,
    },
  }
}

function endingOf(message: AssistantMessage): { fields: JsonObject; stop: AssistantMessage['stop'] } {
  const { outcome } = message
  const reason = stopReasonOf(message)
  const stop = (raw: string | null): AssistantMessage['stop'] => ({ reason, raw, sequence: null })
  if (outcome.kind === 'failed')
    return { fields: { status: 'failed', error: errorOf(outcome.error) }, stop: stop(null) }
  if (outcome.kind !== 'complete') return { fields: { status: 'in_progress' }, stop: stop(null) }
  const why = INCOMPLETE[reason]
  if (why === undefined) return { fields: { status: 'completed' }, stop: stop('completed') }
  if (why === null) return { fields: { status: 'incomplete' }, stop: stop('incomplete') }
  return { fields: { status: 'incomplete', incomplete_details: { reason: why } }, stop: stop(why) }
}

function errorOf(error: OutcomeError): JsonObject {
  return { code: openaiCodeOf(error), message: error.message }
}

/** The items under construction. Texts that follow each other are parts of one message. */
class Output {
  readonly items: JsonObject = {}
  readonly content: ContentBlock[] = []
  readonly #id: string
  readonly #message: AssistantMessage
  readonly #results = new Map<string, { readonly text: string; readonly isError: boolean }>()
  #count = 0
  #parts = 0
  #isMessage = false

  constructor(id: string, message: AssistantMessage) {
    this.#id = id
    this.#message = message
    for (const block of message.content) {
      if (block.type !== 'tool_result' || block.callId === undefined) continue
      this.#results.set(block.callId, { text: resultText(block.content), isError: block.isError ?? false })
    }
  }

  add(block: ContentBlock): void {
    switch (block.type) {
      case 'text':
      case 'refusal':
        if (block.text !== '') this.#part(block)
        return
      case 'thinking':
        if (block.text !== '') this.#thinking(block)
        return
      case 'tool_call':
        if (block.origin === 'client') this.#call(block)
        else this.#ranCall(block)
        return
      // Results stand in the items of their calls.
      case 'tool_result':
      case 'media':
      case 'other':
        return
      default: {
        const never: never = block
        return never
      }
    }
  }

  #item(prefix: string, fields: JsonObject): string {
    const key = String(this.#count)
    this.#count += 1
    this.items[key] = { id: `${prefix}_${this.#id}_${key}`, ...fields }
    this.#isMessage = fields.type === 'message'
    this.#parts = 0
    return key
  }

  #part(block: TextBlock | RefusalBlock): void {
    const key = this.#isMessage
      ? String(this.#count - 1)
      : this.#item('msg', { type: 'message', status: 'completed', role: 'assistant' })
    const wire = { item: key, part: this.#parts }
    this.#parts += 1
    if (block.type === 'refusal') this.content.push({ type: 'refusal', text: block.text, wire })
    else this.content.push({ type: 'text', text: block.text, wire: { ...wire, annotations: [], logprobs: [] } })
  }

  #thinking({ text, parts = [] }: ThinkingBlock): void {
    const item = this.#item('rs', { type: 'reasoning', summary: [] })
    const pieces = parts.length > 0 ? parts : [{ kind: 'full', text } as const]
    this.content.push({ type: 'thinking', text, parts: pieces, wire: { item } })
  }

  #call(call: ToolCallBlock): void {
    const status = this.#statusOf(call)
    const id = foreignIdOf(call, 'call_')
    const item = this.#item('fc', { type: 'function_call', status, call_id: id, name: call.name })
    this.content.push({ ...call, id, idSource: 'wire', arguments: argumentsOf(call), wire: { item } })
  }

  #ranCall(call: ToolCallBlock): void {
    const id = foreignIdOf(call, 'mcp_')
    const result = this.#results.get(call.id)
    const item = this.#item('mcp', {
      id,
      type: 'mcp_call',
      status: this.#statusOf(call),
      approval_request_id: null,
      error: result?.isError === true ? result.text : null,
      name: call.name,
      output: result === undefined || result.isError ? null : result.text,
      server_label: this.#message.dialect,
    })
    this.content.push({ ...call, id, idSource: 'wire', arguments: argumentsOf(call), wire: { item } })
  }

  /** Where the stream broke off, what was being said is not done. */
  leaveOpen(): void {
    const last = this.items[String(this.#count - 1)]
    if (isObject(last) && last.type === 'message') last.status = 'in_progress'
  }

  #statusOf({ state }: ToolCallBlock): string {
    if (state !== 'partial') return 'completed'
    return this.#message.outcome.kind === 'complete' ? 'incomplete' : 'in_progress'
  }
}

function usageOf(usage: Usage): JsonObject | undefined {
  const { inputTokens: input, outputTokens: output, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage
  if (Object.values(usage).every((count) => count === undefined)) return undefined
  return {
    ...(input === undefined ? {} : { input_tokens: input }),
    input_tokens_details: {
      ...(cacheReadTokens === undefined ? {} : { cached_tokens: cacheReadTokens }),
      ...(cacheWriteTokens === undefined ? {} : { cache_write_tokens: cacheWriteTokens }),
    },
    ...(output === undefined ? {} : { output_tokens: output }),
    output_tokens_details: reasoningTokens === undefined ? {} : { reasoning_tokens: reasoningTokens },
    ...(input === undefined || output === undefined ? {} : { total_tokens: input + output }),
  }
}
