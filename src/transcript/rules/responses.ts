/** What the Responses API asks of the items of an input, in OpenAI's words. What an earlier response holds it cannot see. */
import { isObject, nonEmpty, wordOf, type JsonObject } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import type { RequestFacts } from '../target.ts'
import { missing, wrongType } from './openai-words.ts'

const ROLES: ReadonlySet<unknown> = new Set(['user', 'assistant', 'system', 'developer'])

const LONGEST_CALL_ID = 64

/** The items that a client has to answer, and the item that answers each. */
const OUTPUT_OF: ReadonlyMap<unknown, string> = new Map([
  ['function_call', 'function_call_output'],
  ['custom_tool_call', 'custom_tool_call_output'],
  ['local_shell_call', 'local_shell_call_output'],
  ['computer_call', 'computer_call_output'],
  ['shell_call', 'shell_call_output'],
  ['apply_patch_call', 'apply_patch_call_output'],
  ['tool_search_call', 'tool_search_output'],
])

const CALL_OF: ReadonlyMap<unknown, string> = new Map([...OUTPUT_OF].map(([call, output]) => [output, String(call)]))

export const RESPONSES_RULES: readonly Rule[] = [
  {
    id: 'P1',
    title: 'A reasoning item with an id is followed by what the model made of it.',
    says: "Item 'rs_…' of type 'reasoning' was provided without its required following item.",
    source: 'https://github.com/vercel/ai/issues/7099',
    profile: 'lax',
    check: reasoningAlone,
  },
  {
    id: 'P2',
    title: 'Nothing stands between a function call with an id and its reasoning item.',
    says: "Item 'fc_…' of type 'function_call' was provided without its required 'reasoning' item: 'rs_…'.",
    source: 'https://github.com/mastra-ai/mastra/issues/10713',
    profile: 'lax',
    check: callsWithoutReasoning,
  },
  {
    id: 'P3',
    title: 'Each call has exactly one output, behind it.',
    says: 'No tool output found for function call ….',
    source: 'https://github.com/livekit/agents/issues/5092',
    profile: 'lax',
    check: unpairedCalls,
  },
  {
    id: 'P4',
    title: 'The ids of items are unique.',
    says: 'Duplicate item found with id …. Remove duplicate items from your input and try again.',
    source: 'https://github.com/vercel/ai/issues/7883',
    profile: 'lax',
    check: repeatedIds,
  },
  {
    id: 'P5',
    title: `A call_id has at most ${LONGEST_CALL_ID} characters.`,
    says: "Invalid 'input[…].call_id': string too long. Expected a string with maximum length 64, but got a string with length … instead.",
    source: 'https://github.com/AnswerDotAI/fastllm/issues/45',
    profile: 'lax',
    check: longCallIds,
  },
  {
    id: 'P6',
    title: 'An item has a type or a known role, and the fields that its type is nothing without.',
    says: "Missing required parameter: 'input[…]'.",
    source: 'https://github.com/anomalyco/opencode/issues/25065',
    profile: 'lax',
    check: misshapen,
  },
  {
    id: 'P7',
    title: 'A reasoning item has a summary, which may be empty.',
    says: "Missing required parameter: 'input[…].summary'.",
    source: 'https://github.com/lidge-jun/opencodex/pull/4673',
    profile: 'lax',
    check: missingSummaries,
  },
  {
    id: 'P8',
    title: 'The arguments of a function call and the input of a custom tool call are texts.',
    says: "Invalid type for 'input[…].arguments': expected a string, but got an object instead.",
    source: 'https://platform.openai.com/docs/api-reference/responses/create',
    profile: 'lax',
    check: argumentsThatAreNoText,
  },
  {
    id: 'P9',
    title: 'The parts of a message fit its role: output of the assistant, input of everybody else.',
    says: "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    source: 'https://github.com/jeremychone/rust-genai/pull/119',
    profile: 'lax',
    check: partsOfAnotherRole,
  },
]

/**
 * Reasoning without an id is judged by nobody: the API has accepted encrypted reasoning without one before a user's message. Several
 * reasoning items may follow each other, and any item of the model may follow them: accepted requests have calls, messages and programs.
 */
function reasoningAlone(items: readonly JsonObject[]): readonly Breach[] {
  const breaches: Breach[] = []
  let run: { readonly at: number; readonly id: string }[] = []
  const judge = (next: unknown): void => {
    if (next === undefined || isOfOthers(next)) {
      for (const { at, id } of run) {
        const provider = `Item '${id}' of type 'reasoning' was provided without its required following item.`
        const text = next === undefined ? 'is the last item' : `is followed by ${nameOf(next)}`
        breaches.push({ message: at, text: `the reasoning item ${id} ${text}`, provider })
      }
    }
    run = []
  }
  for (const [at, item] of items.entries()) {
    if (typeOf(item) !== 'reasoning') {
      judge(item ?? {})
      continue
    }
    const id = nonEmpty(item.id)
    if (id !== undefined) run.push({ at, id })
  }
  judge(undefined)
  return breaches
}

/**
 * Only what can be seen here is judged: an item of somebody else slid between the reasoning and its call. Where the reasoning was dropped,
 * nothing in the input tells that there was any.
 */
function callsWithoutReasoning(items: readonly JsonObject[]): readonly Breach[] {
  const breaches: Breach[] = []
  let state: { readonly reasoning: string; readonly isSplit: boolean } | undefined
  for (const [at, item] of items.entries()) {
    if (typeOf(item) === 'reasoning') {
      const id = nonEmpty(item.id)
      state = id === undefined ? undefined : { reasoning: id, isSplit: false }
      continue
    }
    if (state === undefined) continue
    if (isOfOthers(item)) {
      state = { ...state, isSplit: true }
      continue
    }
    const id = isObject(item) && item.type === 'function_call' ? nonEmpty(item.id) : undefined
    if (state.isSplit && id !== undefined) {
      const call = nonEmpty(item.call_id)
      breaches.push({
        message: at,
        ...(call === undefined ? {} : { call }),
        text: `other items stand between the call and the reasoning item ${state.reasoning}`,
        provider: `Item '${id}' of type 'function_call' was provided without its required 'reasoning' item: '${state.reasoning}'.`,
      })
    }
    state = undefined
  }
  return breaches
}

interface AskedCall {
  readonly at: number
  readonly type: string
  readonly id: string
  isAnswered: boolean
}

/** The output may stand anywhere behind its call. A history that ends with an open call is refused as well. */
function unpairedCalls(items: readonly JsonObject[], { continues }: RequestFacts): readonly Breach[] {
  const breaches: Breach[] = []
  const calls = new Map<string, AskedCall>()
  for (const [at, item] of items.entries()) {
    const type = typeOf(item)
    const callType = CALL_OF.get(type)
    if (typeof type !== 'string') continue
    if (OUTPUT_OF.has(type) && isForClient(item)) {
      const id = nonEmpty(item.call_id)
      if (id === undefined) continue
      if (calls.has(`${type} ${id}`)) {
        const text = `an earlier ${type} has the call_id ${id} too`
        breaches.push({ message: at, call: id, text, provider: `Duplicate 'call_id': '${id}'` })
        continue
      }
      const call: AskedCall = { at, type, id, isAnswered: false }
      calls.set(`${type} ${id}`, call)
      const other = type === 'local_shell_call' ? nonEmpty(item.id) : undefined
      if (other !== undefined && !calls.has(`${type} ${other}`)) calls.set(`${type} ${other}`, call)
    } else if (callType !== undefined && isForClient(item)) {
      const id = answeredBy(item)
      if (id === undefined) continue
      const call = calls.get(`${callType} ${id}`)
      if (call === undefined && continues === true) continue
      if (call === undefined) {
        breaches.push({
          message: at,
          call: id,
          text: `no ${callType} with the call_id ${id} stands before its output`,
          provider: `No tool call found for ${spoken(type)} with call_id ${id}.`,
        })
      } else if (call.isAnswered) {
        breaches.push({
          message: at,
          call: id,
          text: `the call ${id} has an output already`,
          provider: `Duplicate ${type} for call_id '${id}'. Each ${callType} must have exactly one matching ${type}`,
        })
      } else call.isAnswered = true
    }
  }
  for (const { at, type, id, isAnswered } of new Set(calls.values())) {
    if (isAnswered) continue
    breaches.push({
      message: at,
      call: id,
      text: `the call ${id} has no output behind it`,
      provider: `No tool output found for ${spoken(type)} ${id}.`,
    })
  }
  return breaches.toSorted((a, b) => a.message - b.message)
}

/** A reference is the item that it refers to. The id of a local shell's output is that of its call. */
function repeatedIds(items: readonly JsonObject[]): readonly Breach[] {
  const known = new Set<string>()
  return items.flatMap((item, at) => {
    const id = isObject(item) && item.type !== 'local_shell_call_output' ? nonEmpty(item.id) : undefined
    if (id === undefined) return []
    if (!known.has(id)) {
      known.add(id)
      return []
    }
    const provider = `Duplicate item found with id ${id}. Remove duplicate items from your input and try again.`
    return [{ message: at, text: `an earlier item has the id ${id} too`, provider }]
  })
}

function longCallIds(items: readonly JsonObject[]): readonly Breach[] {
  return items.flatMap((item, at) => {
    const id = isObject(item) ? nonEmpty(item.call_id) : undefined
    if (id === undefined || id.length <= LONGEST_CALL_ID) return []
    const provider = `Invalid 'input[${at}].call_id': string too long. Expected a string with maximum length ${LONGEST_CALL_ID}, but got a string with length ${id.length} instead.`
    return [{ message: at, call: id, text: `the call_id has ${id.length} characters`, provider }]
  })
}

/** Unknown types pass: there are new ones every few months. */
function misshapen(items: readonly JsonObject[]): readonly Breach[] {
  return items.flatMap((item: unknown, at) => {
    const path = `input[${at}]`
    if (!isObject(item)) {
      const provider = wrongType(path, 'an object', item)
      return [{ message: at, text: `the item is ${wordOf(item)}`, provider }]
    }
    const breaches: Breach[] = []
    if (item.id === '') {
      const provider = `Invalid '${path}.id': ''. Expected an ID that contains letters, numbers, underscores, or dashes, but this value contained additional characters.`
      breaches.push({ message: at, text: 'the id of the item is empty', provider })
    }
    const type = typeOf(item)
    if (type === 'message') return [...breaches, ...shapeOfMessage(item, at, path)]
    if (typeof type !== 'string' || type === '') {
      const provider = type === undefined ? missing(`${path}.type`) : wrongType(`${path}.type`, 'a string', type)
      return [...breaches, { message: at, text: 'the item has neither type nor role', provider }]
    }
    const call = nonEmpty(item.call_id)
    for (const field of lackingFields(item, type)) {
      breaches.push({
        message: at,
        ...(call === undefined ? {} : { call }),
        text: `the ${type} has no ${field}`,
        provider: missing(`${path}.${field}`),
      })
    }
    return breaches
  })
}

/** What a call or an output of a client lacks. The search for tools may have a call_id of null, and a local shell's output names its call in `id`. */
function lackingFields(item: JsonObject, type: string): readonly string[] {
  const isNamed = type === 'function_call' || type === 'custom_tool_call'
  const isPaired = (OUTPUT_OF.has(type) || CALL_OF.has(type)) && !type.startsWith('tool_search')
  return [
    ...(isPaired && (type === 'local_shell_call_output' ? answeredBy(item) : nonEmpty(item.call_id)) === undefined
      ? ['call_id']
      : []),
    ...(isNamed && nonEmpty(item.name) === undefined ? ['name'] : []),
    ...((type === 'function_call_output' || type === 'custom_tool_call_output') &&
    typeof item.output !== 'string' &&
    !Array.isArray(item.output)
      ? ['output']
      : []),
  ]
}

function shapeOfMessage(item: JsonObject, at: number, path: string): readonly Breach[] {
  const { role, content } = item
  if (role === undefined) return [{ message: at, text: 'the message has no role', provider: missing(`${path}.role`) }]
  if (!ROLES.has(role)) {
    const provider = `Invalid value: '${wordOf(role)}'. Supported values are: 'assistant', 'system', 'developer', and 'user'.`
    return [{ message: at, text: `nobody has the role ${wordOf(role)}`, provider }]
  }
  if (typeof content === 'string') return []
  if (content === undefined) {
    return [{ message: at, text: 'the message has no content', provider: missing(`${path}.content`) }]
  }
  if (!Array.isArray(content)) {
    const provider = wrongType(`${path}.content`, 'one of an array of objects or string', content)
    return [{ message: at, text: `the content is ${wordOf(content)}, neither text nor parts`, provider }]
  }
  return content.flatMap((part, block) => {
    const where = `${path}.content[${block}]`
    if (!isObject(part)) {
      const provider = wrongType(where, 'an object', part)
      return [{ message: at, block, text: `the part is ${wordOf(part)}`, provider }]
    }
    if (nonEmpty(part.type) !== undefined) return []
    return [{ message: at, block, text: 'the part has no type', provider: missing(`${where}.type`) }]
  })
}

function missingSummaries(items: readonly JsonObject[]): readonly Breach[] {
  return items.flatMap((item, at) => {
    if (typeOf(item) !== 'reasoning' || Array.isArray(item.summary)) return []
    const path = `input[${at}].summary`
    const provider = item.summary === undefined ? missing(path) : wrongType(path, 'an array of objects', item.summary)
    return [{ message: at, text: 'the reasoning item has no summary', provider }]
  })
}

function argumentsThatAreNoText(items: readonly JsonObject[]): readonly Breach[] {
  return items.flatMap((item, at) => {
    const type = typeOf(item)
    const field = type === 'function_call' ? 'arguments' : type === 'custom_tool_call' ? 'input' : undefined
    if (field === undefined || typeof item[field] === 'string') return []
    const call = nonEmpty(item.call_id)
    const path = `input[${at}].${field}`
    const value = item[field]
    return [
      {
        message: at,
        ...(call === undefined ? {} : { call }),
        text: `${field} is ${value === undefined ? 'missing' : `${wordOf(value)}, no text`}`,
        provider: value === undefined ? missing(path) : wrongType(path, 'a string', value),
      },
    ]
  })
}

const INPUT_PARTS: ReadonlySet<unknown> = new Set(['input_text', 'input_image', 'input_file', 'input_audio'])
const OUTPUT_PARTS: ReadonlySet<unknown> = new Set(['output_text', 'refusal'])

/** `text` is a part of chat, and is known to neither. Other types pass. */
function partsOfAnotherRole(items: readonly JsonObject[]): readonly Breach[] {
  return items.flatMap((item, at) => {
    if (typeOf(item) !== 'message' || !Array.isArray(item.content)) return []
    const isAssistant = item.role === 'assistant'
    const wrong = isAssistant ? INPUT_PARTS : OUTPUT_PARTS
    return item.content.flatMap((part, block) => {
      if (!isObject(part) || (part.type !== 'text' && !wrong.has(part.type))) return []
      const type = wordOf(part.type)
      const known = isAssistant ? "'output_text' and 'refusal'" : "'input_text', 'input_image', and 'input_file'"
      const provider = `Invalid value: '${type}'. Supported values are: ${known}.`
      return [
        { message: at, block, text: `a part of type ${type} in a message of role ${wordOf(item.role)}`, provider },
      ]
    })
  })
}

/** A message may lack its type. */
function typeOf(item: unknown): unknown {
  if (!isObject(item)) return undefined
  return item.type === undefined && item.role !== undefined ? 'message' : item.type
}

/** True for what the model has not made: what others say, and what their tools gave back. */
function isOfOthers(item: unknown): boolean {
  const type = typeOf(item)
  return type === 'message' ? isObject(item) && item.role !== 'assistant' : CALL_OF.has(type)
}

function nameOf(item: unknown): string {
  const type = typeOf(item)
  return type === 'message' && isObject(item) ? `a message of role ${wordOf(item.role)}` : wordOf(type)
}

/** The server answers its own searches for tools. */
function isForClient(item: JsonObject): boolean {
  return item.execution !== 'server'
}

function answeredBy(output: JsonObject): string | undefined {
  return nonEmpty(output.call_id) ?? (output.type === 'local_shell_call_output' ? nonEmpty(output.id) : undefined)
}

function spoken(type: string): string {
  return type.replaceAll('_', ' ')
}
