/** What chat completions ask of a history, in OpenAI's words; what only gateways and chat templates refuse is strict. */
import { isObject, nonEmpty, parseJson, wordOf, type JsonObject } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import { missing, wrongType } from './openai-words.ts'
import { callsOf, INSTRUCTION_ROLES, isFilled, pairingOf, roleOf } from './chat-messages.ts'

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function'])

const LONGEST_ID = 40

export const CHAT_RULES: readonly Rule[] = [
  {
    id: 'O1',
    title: 'Each tool call is answered by a tool message before any other message.',
    says: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: …",
    source: 'https://github.com/MoonshotAI/kimi-code/issues/269',
    profile: 'lax',
    check: unansweredCalls,
  },
  {
    id: 'O2',
    title: 'Each tool message answers a call of the assistant message before it, and is the only one that does.',
    says: "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
    source: 'https://portkey.ai/error-library/invalid-parameter-error-10034',
    profile: 'lax',
    check: strayResults,
  },
  {
    id: 'O3',
    title: 'An assistant message has content or calls.',
    says: 'Invalid assistant message: content or tool_calls must be set',
    source: 'https://github.com/BenedictKing/ccx/issues/35',
    profile: 'lax',
    check: emptyAnswers,
  },
  {
    id: 'O4',
    title: 'The arguments of a call are a text.',
    says: "Invalid type for 'messages[…].tool_calls[…].function.arguments': expected a string, but got an object instead.",
    source: 'https://github.com/aaif-goose/goose-mobile/pull/20',
    profile: 'lax',
    check: argumentsThatAreNoText,
  },
  {
    id: 'O5',
    title: `The id of a call has at most ${LONGEST_ID} characters.`,
    says: "Invalid 'messages[…].tool_calls[…].id': string too long. Expected a string with maximum length 40, but got a string with length … instead.",
    source: 'https://github.com/vercel/ai/issues/8132',
    profile: 'lax',
    check: longIds,
  },
  {
    id: 'O6',
    title: 'The ids of calls are unique in the whole history.',
    says: 'duplicate tool_call_id',
    source: 'https://github.com/openclaw/openclaw/pull/41119',
    profile: 'strict',
    check: repeatedIds,
  },
  {
    id: 'O7',
    title: 'A message has a known role, content of a known kind, and calls with id, type and name.',
    says: "Invalid value for 'content': expected a string, got null.",
    source: 'https://github.com/langchain-ai/langchainjs/issues/4153',
    profile: 'lax',
    check: misshapen,
  },
  {
    id: 'O8',
    title: 'After the instructions the user speaks first, and nobody twice in a row.',
    says: 'After the optional system message, conversation roles must alternate user/assistant/user/assistant/...',
    source: 'https://github.com/vllm-project/vllm/issues/6862',
    profile: 'strict',
    check: rolesOutOfTurn,
  },
  {
    id: 'O9',
    title: 'The arguments of a function call are the JSON text of an object.',
    says: 'Failed to parse tool call arguments as JSON',
    source: 'https://github.com/OpenHands/software-agent-sdk/issues/2887',
    profile: 'strict',
    check: argumentsThatAreNoJson,
  },
]

/** The text lists every id at once; here each call is a breach of its own. A history that ends with an open call is refused as well. */
function unansweredCalls(messages: readonly JsonObject[]): readonly Breach[] {
  return pairingOf(messages).open.flatMap(({ message, calls }) =>
    calls.map(({ block, id }) => ({
      message,
      block,
      call: id,
      text: `the call ${id} has no tool message right after it`,
      provider: `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${id}`,
    })),
  )
}

function strayResults(messages: readonly JsonObject[]): readonly Breach[] {
  return pairingOf(messages).stray.map(({ message, id }) => ({
    message,
    ...(id === undefined ? {} : { call: id }),
    text:
      id === undefined
        ? 'the tool message names no call'
        : `the tool message answers ${id}, which is no open call of the assistant message before it`,
  }))
}

/** An empty text is content: OpenAI has accepted `content: ""` without calls. A refusal, audio and a legacy `function_call` count too. */
function emptyAnswers(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message, at) => {
    if (!isObject(message) || message.role !== 'assistant') return []
    const { content } = message
    const isSaid =
      (Array.isArray(content) ? content.length > 0 : content !== undefined && content !== null) ||
      (Array.isArray(message.tool_calls) && message.tool_calls.length > 0) ||
      isObject(message.function_call) ||
      isObject(message.audio) ||
      isFilled(message.refusal)
    return isSaid ? [] : [{ message: at, text: 'the assistant message has neither content nor calls' }]
  })
}

function argumentsThatAreNoText(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message, at) =>
    callsOf(message).flatMap(({ block, entry, id }) => {
      const { holder, field } = fieldsOf(entry)
      const value = isObject(entry[holder]) ? entry[holder][field] : undefined
      if (!isObject(entry[holder]) || typeof value === 'string') return []
      const path = `messages[${at}].tool_calls[${block}].${holder}.${field}`
      return [
        {
          message: at,
          block,
          ...(id === undefined ? {} : { call: id }),
          text: `${holder}.${field} is ${value === undefined ? 'missing' : `${wordOf(value)}, no text`}`,
          provider: value === undefined ? missing(path) : wrongType(path, 'a string', value),
        },
      ]
    }),
  )
}

/**
 * Not lax: OpenAI takes any text, and Groq has accepted `null`. Servers that give the arguments to a template parse them first, and go on
 * with their entries.
 */
function argumentsThatAreNoJson(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message, at) =>
    callsOf(message).flatMap(({ block, entry, id }) => {
      const text = isObject(entry.function) ? entry.function.arguments : undefined
      if (typeof text !== 'string' || isObject(parseJson(text))) return []
      return [
        {
          message: at,
          block,
          ...(id === undefined ? {} : { call: id }),
          text: 'function.arguments is not the JSON text of an object',
        },
      ]
    }),
  )
}

/** Other vendors mint and take longer ids; OpenAI refuses them wherever they come from. */
function longIds(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message, at) =>
    callsOf(message).flatMap(({ block, id }) =>
      id === undefined || id.length <= LONGEST_ID
        ? []
        : [
            {
              message: at,
              block,
              call: id,
              text: `the id of the call has ${id.length} characters`,
              provider: `Invalid 'messages[${at}].tool_calls[${block}].id': string too long. Expected a string with maximum length ${LONGEST_ID}, but got a string with length ${id.length} instead.`,
            },
          ],
    ),
  )
}

/** Not lax: Kimi itself mints ids that are unique in one message only, and OpenAI pairs within an exchange. */
function repeatedIds(messages: readonly JsonObject[]): readonly Breach[] {
  const known = new Set<string>()
  return messages.flatMap((message, at) =>
    callsOf(message).flatMap(({ block, id }) => {
      if (id === undefined) return []
      if (known.has(id)) return [{ message: at, block, call: id, text: `an earlier call has the id ${id} too` }]
      known.add(id)
      return []
    }),
  )
}

/**
 * Not lax: every hosted API that is recorded has accepted a history that begins with the assistant. Tool messages and messages with calls
 * stand outside of the turns, as in the templates. A user right after a tool message, which Mistral alone refuses ("Unexpected role 'user'
 * after role 'tool'"), is not judged: no history could be mended without words that nobody said.
 */
function rolesOutOfTurn(messages: readonly JsonObject[]): readonly Breach[] {
  const breaches: Breach[] = []
  let before: unknown
  for (const [at, message] of messages.entries()) {
    const role = roleOf(message)
    if (INSTRUCTION_ROLES.has(role) || !ROLES.has(role)) continue
    const isTurn = role === 'user' || (role === 'assistant' && callsOf(message).length === 0)
    if (before === undefined && role !== 'user') {
      breaches.push({ message: at, text: `the conversation begins with role ${wordOf(role)}` })
    } else if (isTurn && before === role) {
      breaches.push({ message: at, text: `the message before it has the role ${wordOf(role)} too` })
    }
    before = isTurn || role !== 'assistant' ? role : 'calls'
  }
  return breaches
}

function misshapen(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message: unknown, at) => {
    const path = `messages[${at}]`
    if (!isObject(message)) {
      return [
        { message: at, text: `the message is ${wordOf(message)}`, provider: wrongType(path, 'an object', message) },
      ]
    }
    return [...roleAndContent(message, at, path), ...shapeOfCalls(message, at, path)]
  })
}

function roleAndContent(message: JsonObject, at: number, path: string): readonly Breach[] {
  const { role, content } = message
  if (role === undefined) return [{ message: at, text: 'the message has no role', provider: missing(`${path}.role`) }]
  if (!ROLES.has(role)) {
    const provider = `Invalid value: '${wordOf(role)}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`
    return [{ message: at, text: `nobody has the role ${wordOf(role)}`, provider }]
  }
  const breaches: Breach[] = []
  if (role === 'tool' && nonEmpty(message.tool_call_id) === undefined) {
    breaches.push({
      message: at,
      text: 'the tool message has no tool_call_id',
      provider: missing(`${path}.tool_call_id`),
    })
  }
  if (role === 'function' && nonEmpty(message.name) === undefined) {
    breaches.push({ message: at, text: 'the function message has no name', provider: missing(`${path}.name`) })
  }
  if (Array.isArray(content)) return [...breaches, ...shapeOfParts(content, at, path)]
  if (typeof content === 'string') return breaches
  if (content === undefined || content === null) {
    if (role === 'assistant') return breaches
    const provider = "Invalid value for 'content': expected a string, got null."
    return [...breaches, { message: at, text: `the message of role ${wordOf(role)} has no content`, provider }]
  }
  const provider = wrongType(`${path}.content`, 'one of a string or array of objects', content)
  return [...breaches, { message: at, text: `the content is ${wordOf(content)}, neither text nor parts`, provider }]
}

function shapeOfParts(parts: readonly unknown[], at: number, path: string): readonly Breach[] {
  return parts.flatMap((part, block) => {
    const where = `${path}.content[${block}]`
    if (!isObject(part)) {
      return [
        { message: at, block, text: `the part is ${wordOf(part)}`, provider: wrongType(where, 'an object', part) },
      ]
    }
    if (nonEmpty(part.type) === undefined) {
      return [{ message: at, block, text: 'the part has no type', provider: missing(`${where}.type`) }]
    }
    if (part.type !== 'text' || typeof part.text === 'string') return []
    const provider =
      part.text === undefined ? missing(`${where}.text`) : wrongType(`${where}.text`, 'a string', part.text)
    return [{ message: at, block, text: 'the text part has no text', provider }]
  })
}

function shapeOfCalls(message: JsonObject, at: number, path: string): readonly Breach[] {
  const { tool_calls: calls } = message
  if (message.role !== 'assistant' || calls === undefined || calls === null) return []
  if (!Array.isArray(calls)) {
    const provider = wrongType(`${path}.tool_calls`, 'an array of objects', calls)
    return [{ message: at, text: `tool_calls is ${wordOf(calls)}, no list`, provider }]
  }
  if (calls.length === 0) {
    const provider = `Invalid '${path}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`
    return [{ message: at, text: 'tool_calls is an empty list', provider }]
  }
  return calls.flatMap((entry, block) => {
    const where = `${path}.tool_calls[${block}]`
    if (!isObject(entry)) {
      return [
        { message: at, block, text: `the call is ${wordOf(entry)}`, provider: wrongType(where, 'an object', entry) },
      ]
    }
    const id = nonEmpty(entry.id)
    const { holder } = fieldsOf(entry)
    const named = entry[holder]
    const lacking = [
      ...(id === undefined ? ['id'] : []),
      ...(nonEmpty(entry.type) === undefined ? ['type'] : []),
      ...(isObject(named) ? (nonEmpty(named.name) === undefined ? [`${holder}.name`] : []) : [holder]),
    ]
    return lacking.map((field) => ({
      message: at,
      block,
      ...(id === undefined ? {} : { call: id }),
      text: `the call has no ${field}`,
      provider: missing(`${where}.${field}`),
    }))
  })
}

/** Where a call says what it calls and with what. */
function fieldsOf(entry: JsonObject): { readonly holder: string; readonly field: string } {
  return entry.type === 'custom' ? { holder: 'custom', field: 'input' } : { holder: 'function', field: 'arguments' }
}
