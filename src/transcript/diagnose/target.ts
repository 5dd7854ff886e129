/** Whom a history is for, as far as its messages and its request tell. */
import { isObject, nonEmpty, type JsonObject, type JsonValue } from '../../json.ts'
import type { RequestFacts, Target } from '../target.ts'
import type { GivenHistory } from './given.ts'

export type FoundTarget =
  | {
      readonly kind: 'found'
      readonly target: Target
      /** Said where nothing decides. */
      readonly assumed?: string
    }
  /** No rule here is about the form that the messages have. */
  | { readonly kind: 'foreign'; readonly form: string }

export function targetOf(given: GivenHistory): FoundTarget {
  const { field, messages, body, url } = given
  const model = nonEmpty(body.model) ?? ''
  if (field === 'contents') return found('gemini')
  if (field === 'input') {
    return model.startsWith('gemini-') ? { kind: 'foreign', form: 'Gemini’s Interactions' } : found('openai-responses')
  }
  const counts = countForms(messages)
  if (counts.converse > counts.anthropic + counts.chat) return { kind: 'foreign', form: 'Bedrock’s Converse' }
  if (counts.ollama > 0) return { kind: 'foreign', form: 'Ollama' }
  if (field === undefined && counts.responses > 0) return found('openai-responses')
  if (field === undefined && counts.gemini > 0) return found('gemini')
  const chat = chatTarget(model, url ?? '')
  if (counts.anthropic !== counts.chat) return found(counts.anthropic > counts.chat ? 'anthropic' : chat)
  const format = formatOfUrl(url) ?? formatOfBody(body) ?? (counts.system > 0 ? 'chat' : formatOfModel(model))
  if (format !== undefined) return found(format === 'anthropic' ? 'anthropic' : chat)
  return {
    ...found('openai-chat'),
    assumed: 'nothing in it tells Anthropic from chat, so it is judged as openai-chat; --target names another',
  }
}

function found(target: Target): { readonly kind: 'found'; readonly target: Target } {
  return { kind: 'found', target }
}

function formatOfUrl(url = ''): 'anthropic' | 'chat' | undefined {
  if (url.includes('/chat/completions')) return 'chat'
  return /\/messages\b/.test(url) ? 'anthropic' : undefined
}

function chatTarget(model: string, url: string): Target {
  if (/kimi|moonshot/i.test(model) || /moonshot|kimi/i.test(url)) return 'kimi'
  return /deepseek/i.test(model) || /deepseek/i.test(url) ? 'deepseek' : 'openai-chat'
}

/** Gateways that speak chat put a name of their own before that of the model. */
function formatOfModel(model: string): 'anthropic' | 'chat' | undefined {
  if (model === '') return undefined
  return /^claude|^([a-z]+\.)?anthropic\.claude/i.test(model) ? 'anthropic' : 'chat'
}

const ANTHROPIC_FIELDS = ['anthropic_version', 'anthropic_beta', 'system', 'stop_sequences', 'top_k'] as const
const CHAT_FIELDS = [
  'max_completion_tokens',
  'stream_options',
  'response_format',
  'frequency_penalty',
  'presence_penalty',
  'reasoning_effort',
  'stop',
  'n',
  'seed',
  'logprobs',
  'parallel_tool_calls',
] as const

function formatOfBody(body: JsonObject): 'anthropic' | 'chat' | undefined {
  const tools = Array.isArray(body.tools) ? body.tools.filter(isObject) : []
  if (tools.some(({ input_schema: schema }) => schema !== undefined)) return 'anthropic'
  if (tools.some((tool) => tool.function !== undefined)) return 'chat'
  if (CHAT_FIELDS.some((name) => Object.hasOwn(body, name))) return 'chat'
  if (ANTHROPIC_FIELDS.some((name) => Object.hasOwn(body, name))) return 'anthropic'
  return isObject(body.thinking) && body.thinking.budget_tokens !== undefined ? 'anthropic' : undefined
}

interface Counts {
  anthropic: number
  chat: number
  responses: number
  gemini: number
  converse: number
  ollama: number
  /** Instructions among the messages, which are usual in chat. */
  system: number
}

function countForms(messages: readonly JsonValue[]): Counts {
  const counts: Counts = { anthropic: 0, chat: 0, responses: 0, gemini: 0, converse: 0, ollama: 0, system: 0 }
  for (const message of messages) {
    if (!isObject(message)) continue
    if (message.role === 'system') counts.system += 1
    const form = formOf(message)
    if (form !== undefined) counts[form] += 1
  }
  return counts
}

const CHAT_ROLES: ReadonlySet<unknown> = new Set(['tool', 'function', 'developer'])
const ITEM = /_call(_output)?$|^reasoning$|^item_reference$|^message$/
const RESPONSES_PART = /^(input|output)_(text|image|file)$/
const CHAT_PART = /^(image_url|input_audio|video_url|file|refusal)$/
const ANTHROPIC_BLOCK = /tool_use$|tool_result$|^redacted_thinking$/

function formOf(message: JsonObject): Exclude<keyof Counts, 'system'> | undefined {
  const { role, type, parts, content } = message
  if (typeof type === 'string' && ITEM.test(type)) return 'responses'
  if (Array.isArray(parts) && role !== 'assistant') return 'gemini'
  if (isOllama(message)) return 'ollama'
  if (CHAT_ROLES.has(role)) return 'chat'
  if (['tool_calls', 'function_call', 'reasoning_content'].some((name) => Object.hasOwn(message, name))) return 'chat'
  for (const part of Array.isArray(content) ? content : []) {
    const form = isObject(part) ? formOfPart(part) : undefined
    if (form !== undefined) return form
  }
  return undefined
}

/** Its results name the tool alone, and its calls have objects for arguments and lack an id or a type. */
function isOllama({ role, tool_name: tool, tool_call_id: id, tool_calls: calls }: JsonObject): boolean {
  if (role === 'tool') return typeof tool === 'string' && id === undefined
  const [first] = Array.isArray(calls) ? calls : []
  if (!isObject(first) || (first.type !== undefined && first.id !== undefined)) return false
  return isObject(first.function) && isObject(first.function.arguments)
}

function formOfPart(part: JsonObject): Exclude<keyof Counts, 'system'> | undefined {
  const { type } = part
  if (typeof type !== 'string') {
    return ['text', 'toolUse', 'toolResult', 'image', 'document'].some((name) => Object.hasOwn(part, name))
      ? 'converse'
      : undefined
  }
  if (RESPONSES_PART.test(type)) return 'responses'
  if (ANTHROPIC_BLOCK.test(type) || (type === 'thinking' && typeof part.thinking === 'string')) return 'anthropic'
  if ((type === 'image' || type === 'document') && isObject(part.source)) return 'anthropic'
  return CHAT_PART.test(type) ? 'chat' : undefined
}

/** What the request says of itself. A list says nothing. */
export function factsOf({ field, body, url }: GivenHistory, target: Target): RequestFacts {
  if (field === undefined) return {}
  const { thinking } = body
  const type = isObject(thinking) ? thinking.type : undefined
  switch (target) {
    case 'anthropic':
      return {
        tools: Array.isArray(body.tools) && body.tools.length > 0,
        // With `adaptive` the model may answer without thinking.
        ...(type === 'adaptive' ? {} : { thinking: type === 'enabled' }),
      }
    case 'openai-responses':
      return typeof body.previous_response_id === 'string' || (body.conversation ?? null) !== null
        ? { continues: true }
        : {}
    case 'gemini':
      // Only models of the third generation and later demand signatures.
      return /gemini-([3-9]|\d\d)/.test(`${nonEmpty(body.model) ?? ''} ${url ?? ''}`) ? { thinking: true } : {}
    case 'deepseek':
    case 'kimi':
      return typeof type === 'string' ? { thinking: type !== 'disabled' } : {}
    case 'openai-chat':
      return {}
    default: {
      const never: never = target
      return never
    }
  }
}
