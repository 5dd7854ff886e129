/** Messages of the model as a test writes them down: short, and complete unless it says otherwise. */
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock, Dialect, Outcome, StopReason } from '../../src/message.ts'

export const text = (value: string): ContentBlock => ({ type: 'text', text: value, wire: {} })

export const thinking = (value: string, signature?: string): ContentBlock => ({
  type: 'thinking',
  text: value,
  ...(signature === undefined ? {} : { signature }),
  wire: {},
})

/** A call by its id and input; its key is set by `answer`. */
export const call = (id: string, input: JsonObject = {}, name = 'Bash'): ContentBlock => ({
  type: 'tool_call',
  key: '',
  id,
  idSource: 'wire',
  name,
  arguments: JSON.stringify(input),
  origin: 'client',
  state: 'complete',
  input,
  wire: {},
})

export interface Said {
  readonly id?: string
  readonly turn?: string
  readonly attempt?: number
  readonly dialect?: Dialect
  readonly outcome?: Outcome
  readonly stop?: StopReason
}

export const CUT: Outcome = {
  kind: 'truncated',
  by: 'eof',
  error: { class: 'network', retryable: true, message: 'the stream ended early' },
}

let turns = 0

/** A message as `fold` gives it. Without a turn of its own it gets a new one. */
export function answer(content: readonly ContentBlock[], said: Said = {}): AssistantMessage {
  const { turn = `turn-${++turns}`, id, attempt = 1, dialect = 'anthropic-messages' } = said
  const key = `${turn}/0`
  let ordinal = 0
  const blocks = content.map((block): ContentBlock => {
    if (block.type !== 'tool_call') return block
    const own = `${key}#${ordinal++}`
    return { ...block, key: own, id: block.id || own, idSource: block.id === '' ? 'minted' : 'wire' }
  })
  return {
    key,
    id: id ?? key,
    idSource: id === undefined ? 'minted' : 'wire',
    turn,
    attempt,
    dialect,
    content: blocks,
    stop: { reason: said.stop ?? (ordinal > 0 ? 'tool_calls' : 'end_turn'), raw: null, sequence: null },
    outcome: said.outcome ?? { kind: 'complete' },
    usage: {},
    anomalies: [],
    wire: {},
  }
}
