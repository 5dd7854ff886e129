/** What Anthropic demands of the thinking that is sent back to it. */
import { nonEmpty } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import { breach, isOf, isThinking, pathOf, type Turn, turnsOf, usesOf } from './anthropic-turns.ts'

/**
 * From an array alone only the lack of a signature can be told, not that a block was edited. An accepted request sends back thinking
 * with an empty text and a signature, so the text is not judged.
 */
export const A6: Rule = {
  id: 'A6',
  title: 'The thinking of the latest assistant message is sent back as it came, with its signature.',
  says: '`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
  source: 'https://github.com/anthropics/claude-code/issues/25361',
  profile: 'lax',
  check: (messages) => {
    const latest = turnsOf(messages).findLast(({ role }) => role === 'assistant')
    return (latest?.blocks ?? []).flatMap(({ at, value }): readonly Breach[] => {
      const field = value['type'] === 'thinking' ? 'signature' : 'data'
      if (value['type'] !== 'thinking' && value['type'] !== 'redacted_thinking') return []
      if (nonEmpty(value[field]) !== undefined) return []
      const text = field === 'signature' ? 'the thinking has no signature' : 'the redacted thinking has no data'
      if (value[field] !== undefined) return [breach(at, text)]
      return [breach(at, text, { provider: `${pathOf(at)}.${value['type']}.${field}: Field required` })]
    })
  },
}

export const A7: Rule = {
  id: 'A7',
  title: 'An assistant message does not end with thinking.',
  says: 'messages.…: The final block in an assistant message cannot be `thinking`.',
  source: 'https://github.com/tailcallhq/forgecode/issues/2107',
  profile: 'lax',
  check: (messages) =>
    turnsOf(messages).flatMap(({ role, blocks }) => {
      const last = blocks.at(-1)
      if (role !== 'assistant' || last === undefined || !isThinking(last)) return []
      const provider = `messages.${last.at.message}: The final block in an assistant message cannot be \`thinking\`.`
      return [breach(last.at, 'the message ends with thinking', { provider })]
    }),
}

/**
 * Judged where `thinking` is true: the request asks for thinking with a budget (`enabled`). With `adaptive` the model may answer without,
 * and an accepted request sends such an answer back: leave the fact out. Of a tool loop, one message that starts with thinking is enough:
 * without interleaved thinking the later ones have none.
 */
export const A8: Rule = {
  id: 'A8',
  title:
    'With thinking on, a message with thinking starts with it, and so does the tool loop at the end of the history.',
  says: 'messages.…: Expected `thinking` or `redacted_thinking`, but found `…`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceding the lastmost set of `tool_use` and `tool_result` blocks).',
  source: 'https://github.com/n8n-io/n8n/issues/22550',
  profile: 'lax',
  check: (messages, { thinking }) => {
    if (thinking !== true) return []
    const turns = turnsOf(messages)
    const loop = loopAtEnd(turns)
    const last = loop.at(-1)
    const isLoopWithout = loop.some((turn) => usesOf(turn).length > 0) && !loop.some(startsWithThinking)
    return turns.flatMap((turn): readonly Breach[] => {
      const first = turn.blocks[0]
      if (turn.role !== 'assistant' || first === undefined || isThinking(first)) return []
      const type = nonEmpty(first.value['type']) ?? '…'
      if (turn.blocks.some(isThinking)) {
        const provider = `messages.${first.at.message}: If an assistant message contains any thinking blocks, the first block must be \`thinking\` or \`redacted_thinking\`. Found \`${type}\`.`
        return [breach(first.at, 'the message has thinking, but starts with something else', { provider })]
      }
      if (turn !== last || !isLoopWithout) return []
      const provider = `${pathOf(first.at)}.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceding the lastmost set of \`tool_use\` and \`tool_result\` blocks).`
      return [breach(first.at, 'no message of the tool loop starts with thinking', { provider })]
    })
  },
}

/** The model's turns since the user last said something else than results. */
function loopAtEnd(turns: readonly Turn[]): readonly Turn[] {
  const start = turns.findLastIndex(
    ({ role, blocks }) => role === 'user' && !blocks.some((block) => isOf(block, 'tool_result')),
  )
  return turns.slice(start + 1).filter(({ role }) => role === 'assistant')
}

function startsWithThinking({ blocks }: Turn): boolean {
  const first = blocks[0]
  return first !== undefined && isThinking(first)
}
