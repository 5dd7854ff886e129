/** How alike two requests are that are not the same: side requests of an agent have no tools, or another question, or another beginning. */
import { isObject, type JsonValue } from '../json.ts'
import { stableBody } from './request-hash.ts'

/** What a request looks like. */
export interface Shape {
  readonly hasTools: boolean
  /** A cap of one token: a probe whether there is anybody, whose answer nobody reads. */
  readonly isProbe: boolean
  /** How many items its history has. */
  readonly turns: number
  /** The last of them, in its stable form. */
  readonly last: string
  readonly instructions: string
}

/** The shape of a body; undefined for what has no history. */
export function shapeOf(body: JsonValue | undefined): Shape | undefined {
  if (!isObject(body)) return undefined
  const stable = stableBody(isObject(body.request) ? body.request : body)
  if (!isObject(stable)) return undefined
  const history = stable.messages ?? stable.input ?? stable.contents ?? stable.inputs ?? stable.message ?? stable.prompt
  if (history === undefined) return undefined
  const items = Array.isArray(history) ? history : [history]
  const { tools, functions, toolConfig } = stable
  const instructions = stable.system ?? stable.instructions ?? stable.systemInstruction ?? items[0]
  return {
    hasTools: [tools, functions].some((list) => Array.isArray(list) && list.length > 0) || isObject(toolConfig),
    isProbe: body.max_tokens === 1 || body.max_output_tokens === 1,
    turns: items.length,
    last: JSON.stringify(items.at(-1) ?? null),
    instructions: JSON.stringify(instructions ?? null),
  }
}

/** Whether the answer to one request makes sense as that to another; what is not known fits. */
export function fits(recorded: Shape | undefined, asked: Shape | undefined): boolean {
  if (asked === undefined) return true
  if (recorded === undefined) return !asked.isProbe
  return recorded.hasTools === asked.hasTools && recorded.isProbe === asked.isProbe
}

/** 0 where nothing is alike. What was said last counts most, then how long the conversation is, then the instructions. */
export function likeness(recorded: Shape | undefined, asked: Shape | undefined): number {
  if (recorded === undefined || asked === undefined) return 0
  return (
    (recorded.last === asked.last ? 4 : 0) +
    (recorded.turns === asked.turns ? 2 : 0) +
    (recorded.instructions === asked.instructions ? 1 : 0)
  )
}
