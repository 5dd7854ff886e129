/** The wire formats that the fault plans know how to break. */
import type { Dialect } from '../../message.ts'

export type FaultDialect = Extract<Dialect, 'anthropic-messages' | 'openai-chat' | 'openai-responses'>

export const FAULT_DIALECTS: readonly FaultDialect[] = ['anthropic-messages', 'openai-chat', 'openai-responses']

export function isFaultDialect(name: string): name is FaultDialect {
  return FAULT_DIALECTS.some((dialect) => dialect === name)
}
