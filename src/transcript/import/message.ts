/** Messages of the model that were not folded from a stream here: read from a file, or from somebody's array. */
import type { AssistantMessage, ContentBlock, Dialect, Outcome, Stop } from '../../message.ts'

export interface ImportedMessage {
  /** Unique in the conversation. Call keys begin with it: `<key>#<ordinal of the call>`. */
  readonly key: string
  /** The provider's id, where it was kept. */
  readonly id?: string
  readonly dialect: Dialect
  readonly model?: string
  readonly content: readonly ContentBlock[]
  /** The provider's own word for why it stopped. */
  readonly stop?: string
  /** Default `complete`. */
  readonly outcome?: Outcome
  readonly wire?: AssistantMessage['wire']
}

/** A message such as `fold` gives, of what a file says. */
export function importedMessage(given: ImportedMessage): AssistantMessage {
  const hasCalls = given.content.some(
    (block) => block.type === 'tool_call' && block.origin === 'client' && block.state === 'complete',
  )
  const stop: Stop = { reason: hasCalls ? 'tool_calls' : 'unknown', raw: given.stop ?? null, sequence: null }
  return {
    key: given.key,
    id: given.id ?? given.key,
    idSource: given.id === undefined ? 'minted' : 'wire',
    turn: given.key,
    attempt: 1,
    dialect: given.dialect,
    ...(given.model === undefined ? {} : { model: given.model }),
    content: given.content,
    stop,
    outcome: given.outcome ?? { kind: 'complete' },
    usage: {},
    anomalies: [],
    wire: given.wire ?? {},
  }
}
