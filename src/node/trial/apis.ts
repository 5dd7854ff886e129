/** The three APIs that a trial speaks: what a request to each looks like, and what was said in it. */
import { isObject, type JsonObject, type JsonValue } from '../../json.ts'
import type { FaultDialect } from '../../recording/faults/fault-dialect.ts'
import type { Target } from '../../transcript/target.ts'

/** What `--api` takes. */
export type TrialApi = 'anthropic' | 'chat' | 'responses'

/** The dialect that each stands for. */
export const TRIAL_APIS: Readonly<Record<TrialApi, FaultDialect>> = {
  anthropic: 'anthropic-messages',
  chat: 'openai-chat',
  responses: 'openai-responses',
}

/** Whose rules the history of a request must keep to. */
export const TARGET_OF: Readonly<Record<FaultDialect, Target>> = {
  'anthropic-messages': 'anthropic',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
}

/** The messages or items of a request; undefined if it has none. */
export function historyIn(body: JsonObject, dialect: FaultDialect): readonly JsonValue[] | undefined {
  const history = dialect === 'openai-responses' ? body.input : body.messages
  if (dialect === 'openai-responses' && typeof history === 'string') return [{ role: 'user', content: history }]
  return Array.isArray(history) ? history : undefined
}

/** How many results of tools are in a history. */
export function resultsIn(history: readonly JsonValue[]): number {
  const results = history.filter(isObject).map(({ role, type, content }) => {
    if (role === 'tool' || (typeof type === 'string' && type.endsWith('_call_output'))) return 1
    return Array.isArray(content)
      ? content.filter((block) => isObject(block) && block.type === 'tool_result').length
      : 0
  })
  return results.reduce((sum, count) => sum + count, 0)
}

/** All text of the model in a history. */
export function saidIn(history: readonly JsonValue[]): string {
  const said = history.filter(isObject).flatMap(({ role, content }) => {
    if (role !== 'assistant') return []
    if (typeof content === 'string') return [content]
    const blocks = Array.isArray(content) ? content.filter(isObject) : []
    return blocks.flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
  })
  return said.join('\n')
}

/** A request that is too small for an answer: a probe whether the key is good. */
export function isProbe(body: JsonObject): boolean {
  const most = body.max_tokens ?? body.max_completion_tokens ?? body.max_output_tokens
  return typeof most === 'number' && most <= 16
}
