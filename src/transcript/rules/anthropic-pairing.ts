/** What Anthropic demands of tool calls and their results. */
import { type JsonObject, nonEmpty } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import {
  allBlocks,
  breach,
  isOf,
  isServerResult,
  isServerSide,
  isServerUse,
  pathOf,
  type Placed,
  resultsOf,
  turnsOf,
  usesOf,
} from './anthropic-turns.ts'

/** A call at the end of the history is open as well: the API takes no request that leaves one. */
export const A1: Rule = {
  id: 'A1',
  title: 'Every tool_use is answered by a tool_result in the next message.',
  says: 'messages.…: `tool_use` ids were found without `tool_result` blocks immediately after: …. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  source: 'https://github.com/anthropics/claude-code/issues/8210',
  profile: 'lax',
  check: (messages) => {
    const turns = turnsOf(messages)
    return turns.flatMap((turn, at) => {
      const answered = new Set(resultsOf(turns[at + 1]).map(({ id }) => id))
      return usesOf(turn)
        .filter(({ id }) => !answered.has(id))
        .map(({ id, block }) =>
          breach(block.at, `the call ${id} has no result in the next message`, {
            call: id,
            provider: `messages.${block.at.message}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${id}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
          }),
        )
    })
  },
}

/** Accepted requests have text and images after the results of the same message, never before or between. */
export const A2: Rule = {
  id: 'A2',
  title: 'The results come first in the message that follows the calls.',
  says: 'messages.…: `tool_use` ids were found without `tool_result` blocks immediately after: …. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  source: 'https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls',
  profile: 'lax',
  check: (messages) => {
    const turns = turnsOf(messages)
    return turns.flatMap((turn, at) => {
      const called = new Set(usesOf(turns[at - 1]).map(({ id }) => id))
      if (called.size === 0) return []
      const first = turn.blocks.findIndex((block) => !isOf(block, 'tool_result'))
      if (first === -1) return []
      return resultsOf({ role: turn.role, blocks: turn.blocks.slice(first) })
        .filter(({ id }) => called.has(id))
        .map(({ id, block }) =>
          breach(block.at, `the result of the call ${id} stands behind something that is no result`, { call: id }),
        )
    })
  },
}

export const A3: Rule = {
  id: 'A3',
  title: 'Every tool_result belongs to a tool_use of the message before.',
  says: 'messages.…: unexpected `tool_use_id` found in `tool_result` blocks: …. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  source: 'https://github.com/anthropics/claude-code/issues/18947',
  profile: 'lax',
  check: (messages) => {
    const turns = turnsOf(messages)
    return turns.flatMap((turn, at) => {
      const called = new Set(usesOf(turns[at - 1]).map(({ id }) => id))
      return resultsOf(turn)
        .filter(({ id }) => !called.has(id))
        .map(({ id, block }) =>
          breach(block.at, `the message before has no call ${id}`, {
            call: id,
            provider: `${pathOf(block.at)}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
          }),
        )
    })
  },
}

export const A4: Rule = {
  id: 'A4',
  title: 'The id of a tool_use is unique in the history, and has one result.',
  says: 'messages.…: `tool_use` ids must be unique',
  source: 'https://github.com/anthropics/claude-code/issues/20573',
  profile: 'lax',
  check: (messages) => {
    const calls = new Set<string>()
    const results = new Set<string>()
    const found: Breach[] = []
    for (const turn of turnsOf(messages)) {
      for (const { id, block } of usesOf(turn)) {
        if (calls.has(id)) {
          const provider = `${pathOf(block.at)}: \`tool_use\` ids must be unique`
          found.push(breach(block.at, `another call before has the id ${id}`, { call: id, provider }))
        }
        calls.add(id)
      }
      for (const { id, block } of resultsOf(turn)) {
        if (results.has(id)) {
          const provider = `${pathOf(block.at)}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`
          found.push(breach(block.at, `the call ${id} has a result already`, { call: id, provider }))
        }
        results.add(id)
      }
    }
    return found
  },
}

/**
 * The text and the thinking of a turn stand before its calls. What the provider ran itself may stand between the calls: it gives such
 * answers, and no refusal of one is known.
 */
export const A5: Rule = {
  id: 'A5',
  title: 'After the first tool_use of a message there is nothing but tool_use.',
  says: 'messages.…: `tool_use` ids were found without `tool_result` blocks immediately after: …. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  source:
    'https://github.com/anomalyco/opencode/blob/678c4058/packages/llm/test/fixtures/recordings/anthropic-messages/rejects-malformed-assistant-tool-order-without-patch.json',
  profile: 'lax',
  check: (messages) =>
    turnsOf(messages).flatMap((turn) => {
      const first = turn.role === 'assistant' ? turn.blocks.findIndex((block) => isOf(block, 'tool_use')) : -1
      if (first === -1) return []
      return turn.blocks
        .slice(first + 1)
        .filter((block) => !isOf(block, 'tool_use') && !isServerSide(block))
        .map(({ at, value }) => breach(at, `a block of type ${wordOfType(value)} stands behind a tool_use`))
    }),
}

/**
 * Two things may leave a call of the provider's own open: the history ends with it (`pause_turn`: it is sent again as it is), and it waits
 * for client tools that it called itself (its result then comes in the next message of the model, after a message of nothing but results).
 */
export const A12: Rule = {
  id: 'A12',
  title:
    'A result of a server tool has its server_tool_use before it in the same message, and each server_tool_use its result.',
  says: 'messages.…: unexpected `tool_use_id` found in `…_tool_result` blocks: …. Each `…_tool_result` block must have a corresponding `server_tool_use` block before it.',
  source: 'https://github.com/anthropics/claude-code/issues/64383',
  profile: 'lax',
  check: (messages) => {
    const broken = new Set<Placed>()
    const open = new Map<string, Placed>()
    const blocks: Placed[] = []
    for (const turn of turnsOf(messages)) {
      if (turn.role !== 'assistant') {
        if (turn.role === 'user' && turn.blocks.every((block) => isOf(block, 'tool_result'))) continue
        for (const block of open.values()) broken.add(block)
        open.clear()
        continue
      }
      for (const block of turn.blocks) {
        const id = nonEmpty(block.value[isServerUse(block) ? 'id' : 'tool_use_id'])
        if (id === undefined || !isServerSide(block)) continue
        blocks.push(block)
        if (isServerUse(block)) open.set(id, block)
        else if (!open.delete(id)) broken.add(block)
      }
    }
    return blocks.filter((block) => broken.has(block)).map(serverBreach)
  },
}

function serverBreach(block: Placed): Breach {
  const { at, value } = block
  const call = nonEmpty(value[isServerUse(block) ? 'id' : 'tool_use_id']) ?? ''
  if (isServerResult(block)) {
    const type = wordOfType(value)
    return breach(at, `no call of a server tool before has the id ${call}`, {
      call,
      provider: `${pathOf(at)}: unexpected \`tool_use_id\` found in \`${type}\` blocks: ${call}. Each \`${type}\` block must have a corresponding \`server_tool_use\` block before it.`,
    })
  }
  const name = nonEmpty(value['name']) ?? '…'
  return breach(at, `the call ${call} of a server tool has no result in its message`, {
    call,
    provider: `messages.${at.message}: \`${name}\` tool use with id \`${call}\` was found without a corresponding \`${name}_tool_result\` block`,
  })
}

export const A14: Rule = {
  id: 'A14',
  title: 'A request whose history has tool blocks declares tools.',
  says: 'Requests which include `tool_use` or `tool_result` blocks must define tools',
  source: 'https://portkey.ai/error-library/tool-definition-error-10488',
  profile: 'lax',
  check: (messages, { tools }) => {
    if (tools !== false) return []
    const first = allBlocks(messages).find((block) => isOf(block, 'tool_use', 'tool_result'))
    return first === undefined ? [] : [breach(first.at, 'the history has tool blocks, the request declares no tools')]
  },
}

/** What a result of a failed call may hold. */
export const A18: Rule = {
  id: 'A18',
  title: 'The result of a call that failed has content, and nothing but text.',
  says: 'messages.…: tool_result: all content must be type `text` if `is_error` is true',
  source: 'https://github.com/bytedance/trae-agent/pull/231',
  profile: 'lax',
  check: (messages) =>
    allBlocks(messages).flatMap((block) => {
      const { at, value } = block
      if (!isOf(block, 'tool_result') || value['is_error'] !== true) return []
      const { content } = value
      const call = nonEmpty(value['tool_use_id'])
      const ofCall = call === undefined ? {} : { call }
      if (content === undefined || content === '' || (Array.isArray(content) && content.length === 0)) {
        const provider = `${pathOf(at)}.tool_result: content cannot be empty if is_error is true`
        return [breach(at, 'the result of a failed call is empty', { ...ofCall, provider })]
      }
      if (!Array.isArray(content) || content.every(isText)) return []
      const provider = `${pathOf(at)}.tool_result: all content must be type \`text\` if \`is_error\` is true`
      return [breach(at, 'the result of a failed call has something else than text', { ...ofCall, provider })]
    }),
}

function isText(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'type' in part && part.type === 'text'
}

function wordOfType({ type }: JsonObject): string {
  return typeof type === 'string' ? type : '…'
}
