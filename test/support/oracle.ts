/** What a clean stream must give, told from the script that was streamed and not from its events. */
import type { JsonObject } from '../../src/json.ts'
import { argumentsText, isCall, type BlockSpec, type Script } from './script.ts'
import type { Wire } from './wire.ts'

const CUTTING: ReadonlySet<string> = new Set(['max_tokens', 'context_window', 'refusal', 'content_filter', 'error'])
const NEUTRAL: ReadonlySet<string> = new Set(['end_turn', 'stop_sequence', 'unknown'])

/** The blocks without their `wire`, and the keys of the calls that are handed out. */
export function expectedOf(wire: Wire, script: Script, key = 'turn/0') {
  const reason = wire.stops.get(script.stop) ?? 'unknown'
  const isCut = CUTTING.has(reason)
  const content = script.blocks.map((block, at) =>
    contentOf(wire, block, `${key}#${at}`, isCut && at === script.blocks.length - 1),
  )
  const calls = content.filter((block) => block['origin'] === 'client' && block['state'] === 'complete')
  return {
    content,
    handedOut: isCut ? [] : calls.map((call) => call['key']),
    stop: {
      reason: calls.length > 0 && NEUTRAL.has(reason) ? 'tool_calls' : reason,
      raw: script.stop,
      sequence: script.sequence,
    },
    usage: wire.usage(script),
  }
}

function contentOf(wire: Wire, block: BlockSpec, key: string, isCutHere: boolean): JsonObject {
  if (isCall(block)) {
    const text = argumentsText(block)
    const call = { type: 'tool_call', key, id: block.id, idSource: 'wire', name: block.name, arguments: text }
    // Of plain text nothing shows that it is whole.
    const isPartial = block.cutAt !== undefined || (isCutHere && (text === '' || typeof block.input === 'string'))
    const input = typeof block.input === 'string' ? { input: block.input } : block.input
    return { ...call, origin: block.by, ...(isPartial ? { state: 'partial' } : { state: 'complete', input }) }
  }
  switch (block.kind) {
    case 'text': {
      const citations = block.citations?.map(({ citation }) => citation)
      return { type: 'text', text: block.text, ...(citations === undefined ? {} : { citations }) }
    }
    case 'thinking':
      return wire.thinking(block)
    case 'withheld':
      return { type: 'thinking', text: '', encrypted: block.data, redacted: true }
    case 'refusal':
      return { type: 'refusal', text: block.text }
    case 'result':
      return { type: 'tool_result', callId: block.callId, content: block.content }
    case 'opaque':
      return { type: 'other' }
    default: {
      const never: never = block
      return never
    }
  }
}
