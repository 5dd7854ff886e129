/** What Anthropic demands of messages, whatever is said in them. */
import { isObject, type JsonObject, type JsonValue, nonEmpty } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import {
  allBlocks,
  blocksOf,
  breach,
  isOf,
  isServerUse,
  pathOf,
  type Placed,
  roleOf,
  turnsOf,
} from './anthropic-turns.ts'

/** A text of one space beside a tool_use was accepted: blank text breaks this rule only where a message has nothing else, or in `strict`. */
export const A9: Rule = {
  id: 'A9',
  title: 'Text blocks are not empty, and a message is more than blank text.',
  says: 'messages: text content blocks must be non-empty',
  source: 'https://github.com/anthropics/claude-code/issues/59812',
  profile: 'lax',
  check: (messages, { profile }) =>
    messages.flatMap((message, index) => {
      const blocks = blocksOf(message, index)
      const isAllBlank = blocks.every((block) => isBlank(block))
      return blocks
        .filter((block) => block.value['text'] === '' || profile === 'strict' || isAllBlank)
        .filter((block) => isBlank(block))
        .map(({ at, value }) => {
          if (value['text'] === '') return breach(at, 'the text is empty')
          return breach(at, 'the text is blank', {
            provider: 'messages: text content blocks must contain non-whitespace text',
          })
        })
    }),
}

export const A10: Rule = {
  id: 'A10',
  title: 'Messages are not empty, except for the last one if it is of the assistant.',
  says: 'messages.…: all messages must have non-empty content except for the optional final assistant message',
  source: 'https://github.com/anthropics/claude-code/issues/4416',
  profile: 'lax',
  check: (messages) =>
    messages.flatMap((message, index) => {
      const content = isObject(message) ? message['content'] : undefined
      if (content !== '' && !(Array.isArray(content) && content.length === 0)) return []
      if (index === messages.length - 1 && roleOf(message) === 'assistant') return []
      const provider = `messages.${index}: all messages must have non-empty content except for the optional final assistant message`
      return [breach({ message: index }, 'the message is empty', { provider })]
    }),
}

/** Newer models refuse every history that ends with the assistant; which model is asked is not known here. */
export const A11: Rule = {
  id: 'A11',
  title: 'The text of an assistant message at the end does not end with whitespace.',
  says: 'messages: final assistant content cannot end with trailing whitespace',
  source: 'https://github.com/anomalyco/opencode/issues/1295',
  profile: 'lax',
  check: (messages) => {
    const last = turnsOf(messages).at(-1)
    const block = last?.role === 'assistant' ? last.blocks.at(-1) : undefined
    const text = block !== undefined && isOf(block, 'text') ? block.value['text'] : undefined
    if (block === undefined || typeof text !== 'string' || text === text.trimEnd()) return []
    return [breach(block.at, 'the last text of the assistant ends with whitespace')]
  },
}

export const A13: Rule = {
  id: 'A13',
  title: 'The user speaks first, and user and assistant alternate.',
  says: 'messages: roles must alternate between "user" and "assistant", but found multiple "…" roles in a row',
  source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html',
  profile: 'strict',
  check: (messages) => {
    const found: Breach[] = []
    let before: string | undefined
    for (const [index, message] of messages.entries()) {
      const role = roleOf(message)
      if (role !== 'user' && role !== 'assistant') continue
      if (before === undefined && role === 'assistant') {
        const provider = 'messages: first message must use the "user" role'
        found.push(breach({ message: index }, 'the first message is of the assistant', { provider }))
      }
      if (before === role) {
        const provider = `messages: roles must alternate between "user" and "assistant", but found multiple "${role}" roles in a row`
        found.push(breach({ message: index }, `the message before is of the ${role} too`, { provider }))
      }
      before = role
    }
    return found
  },
}

const ID = /^[a-zA-Z0-9_-]+$/
const SERVER_ID = /^srvtoolu_[a-zA-Z0-9_]+$/

export const A15: Rule = {
  id: 'A15',
  title: 'The ids of tool calls are of letters, digits, _ and -.',
  says: "messages.…: String should match pattern '^[a-zA-Z0-9_-]+$'",
  source: 'https://github.com/farion1231/cc-switch/issues/1181',
  profile: 'lax',
  check: (messages) =>
    allBlocks(messages).flatMap((block): readonly Breach[] => {
      const pattern = isOf(block, 'server_tool_use') ? SERVER_ID : ID
      const isCall = isOf(block, 'tool_use', 'server_tool_use', 'mcp_tool_use')
      if (!isCall && !isOf(block, 'tool_result')) return []
      const field = isCall ? 'id' : 'tool_use_id'
      const id = block.value[field]
      if (typeof id === 'string' && pattern.test(id)) return []
      const path = `${pathOf(block.at)}.${typeOf(block)}.${field}`
      if (id === undefined) return [breach(block.at, `${field} is missing`, { provider: `${path}: Field required` })]
      if (typeof id !== 'string') {
        return [breach(block.at, `${field} is no text`, { provider: `${path}: Input should be a valid string` })]
      }
      const provider = `${path}: String should match pattern '${pattern.source}'`
      return [breach(block.at, `${field} has a character that is not allowed, or none`, { call: id, provider })]
    }),
}

export const A16: Rule = {
  id: 'A16',
  title: 'The input of a tool call is an object.',
  says: 'messages.…: tool_use.input: Input should be a valid dictionary',
  source: 'https://github.com/anthropics/claude-code/issues/6696',
  profile: 'lax',
  check: (messages) =>
    allBlocks(messages).flatMap((block): readonly Breach[] => {
      if (!(isOf(block, 'tool_use') || isServerUse(block)) || isObject(block.value['input'])) return []
      const call = nonEmpty(block.value['id'])
      const path = `${pathOf(block.at)}.${typeOf(block)}.input`
      const provider = `${path}: ${block.value['input'] === undefined ? 'Field required' : 'Input should be a valid dictionary'}`
      return [breach(block.at, 'the input is no object', { ...(call === undefined ? {} : { call }), provider })]
    }),
}

/** The role `system` in the midst of the messages was accepted for new models: only `strict` refuses it. Types of blocks are not listed: there are new ones all the time. */
export const A17: Rule = {
  id: 'A17',
  title: 'A message has a role and a content, a text or a list of blocks, and nothing else.',
  says: 'messages.…: Extra inputs are not permitted',
  source: 'https://github.com/ErlichLiu/DeepClaude/issues/79',
  profile: 'lax',
  check: (messages, { profile }) =>
    messages.flatMap((message, index): readonly Breach[] => {
      const at = { message: index }
      if (!isObject(message)) {
        return [
          breach(at, 'the message is no object', { provider: `messages.${index}: Input should be a valid dictionary` }),
        ]
      }
      return [
        ...roleBreaches(message, index, profile === 'strict'),
        ...Object.keys(message)
          .filter((key) => key !== 'role' && key !== 'content')
          .map((key) =>
            breach(at, `the message has a field ${key}`, {
              provider: `messages.${index}.${key}: Extra inputs are not permitted`,
            }),
          ),
        ...contentBreaches(message, index),
      ]
    }),
}

function roleBreaches(message: JsonObject, index: number, isStrict: boolean): readonly Breach[] {
  const role = roleOf(message)
  if (role !== undefined && !(isStrict && role === 'system')) return []
  const provider =
    message['role'] === 'system'
      ? 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.'
      : `messages.${index}.role: Input should be 'user' or 'assistant'`
  return [breach({ message: index }, 'the role is neither user nor assistant', { provider })]
}

function contentBreaches(message: JsonObject, index: number): readonly Breach[] {
  const content: JsonValue | undefined = message['content']
  if (typeof content === 'string') return []
  if (!Array.isArray(content)) {
    const problem = content === undefined ? 'Field required' : 'Input should be a valid list'
    return [
      breach({ message: index }, 'the content is neither a text nor a list', {
        provider: `messages.${index}.content: ${problem}`,
      }),
    ]
  }
  const role = roleOf(message)
  return content.flatMap((value, block): readonly Breach[] => {
    const at = { message: index, block }
    if (!isObject(value)) {
      return [breach(at, 'the block is no object', { provider: `${pathOf(at)}: Input should be an object` })]
    }
    const placed = { at, value }
    const type = typeOf(placed)
    if (type === undefined) {
      return [breach(at, 'the block has no type', { provider: `${pathOf(at)}.type: Field required` })]
    }
    if (type === 'text' && typeof value['text'] !== 'string') {
      return [breach(at, 'the text block has no text', { provider: `${pathOf(at)}.text.text: Field required` })]
    }
    const owner = type === 'tool_result' ? 'user' : type === 'tool_use' ? 'assistant' : undefined
    if (owner === undefined || role === undefined || role === owner) return []
    const provider = `messages.${index}: \`${type}\` blocks can only be in \`${owner}\` messages`
    return [breach(at, `a ${type} stands in a message of the ${role}`, { provider })]
  })
}

function isBlank(block: Placed): boolean {
  const { text } = block.value
  return isOf(block, 'text') && typeof text === 'string' && text.trim() === ''
}

function typeOf({ value }: Placed): string | undefined {
  return nonEmpty(value['type'])
}
