/** One message for a person to read: its blocks, its calls, why it stopped, how it ended, what was odd. */
import { ANOMALY_KINDS, type Anomaly } from '../anomaly.ts'
import { counted } from '../compare/units.ts'
import { wordOf } from '../json.ts'
import type { AssistantMessage, ContentBlock, Outcome, OutcomeError, Usage } from '../message.ts'
import { preview, printable, type Paint } from './terminal.ts'

const LABEL_WIDTH = 12

/** The lines of a message, without a line end. */
export function renderMessage(message: AssistantMessage, paint: Paint): string {
  const head = [message.dialect, message.model, message.id].filter((part) => part !== undefined)
  const lines = [
    paint('dim', printable(head.join(' · '))),
    ...message.content.map((block) => renderBlock(block, paint)),
    row('stop', renderStop(message), paint),
    row('outcome', renderOutcome(message.outcome, paint), paint),
    row('usage', renderUsage(message.usage), paint),
    row('anomalies', renderAnomalies(message.anomalies, paint), paint),
  ]
  return lines.join('\n')
}

function row(label: string, text: string, paint: Paint): string {
  const indented = text.replaceAll('\n', `\n${' '.repeat(LABEL_WIDTH + 2)}`)
  return `  ${paint('bold', label.padEnd(LABEL_WIDTH))}${indented}`
}

function renderBlock(block: ContentBlock, paint: Paint): string {
  switch (block.type) {
    case 'text':
    case 'refusal': {
      const citations = block.type === 'text' ? (block.citations?.length ?? 0) : 0
      const note = citations === 0 ? '' : paint('dim', ` [${counted(citations, 'citation')}]`)
      return row(block.type, printable(block.text) + note, paint)
    }
    case 'thinking': {
      if (block.redacted) return row('thinking', paint('dim', '(withheld by the provider)'), paint)
      const note = block.signature === undefined ? '' : paint('dim', ` [signed]`)
      return row('thinking', paint('italic', printable(block.text)) + note, paint)
    }
    case 'tool_call': {
      const state = block.state === 'complete' ? paint('green', 'complete') : paint('red', block.state)
      const by = block.origin === 'provider' ? ', run by the provider' : ''
      const title = `${paint('cyan', printable(block.name))} ${paint('dim', printable(block.id))} ${state}${by}`
      const input = block.state === 'complete' ? JSON.stringify(block.input) : block.arguments
      return row('tool call', `${title}\n${printable(input)}`, paint)
    }
    case 'tool_result': {
      const text = typeof block.content === 'string' ? block.content : JSON.stringify(block.content ?? null)
      const title = `${paint('dim', printable(block.callId ?? ''))}${block.isError === true ? paint('red', ' error') : ''}`
      return row('tool result', `${title}\n${preview(text, 160)}`, paint)
    }
    case 'media':
    case 'other':
      return row(printable(wordOf(block.wire.type ?? block.type)), preview(JSON.stringify(block.wire), 160), paint)
    default: {
      const never: never = block
      return never
    }
  }
}

function renderStop({ stop }: AssistantMessage): string {
  const raw = stop.raw === null ? 'the wire gave no reason' : `"${printable(stop.raw)}" on the wire`
  const sequence = stop.sequence === null ? '' : `, at ${JSON.stringify(printable(stop.sequence))}`
  return `${stop.reason} (${raw}${sequence})`
}

export function renderOutcome(outcome: Outcome, paint: Paint): string {
  switch (outcome.kind) {
    case 'complete':
      return paint('green', 'complete')
    case 'truncated':
      return `${paint('red', `truncated by ${outcome.by}`)}: ${renderError(outcome.error)}`
    case 'failed':
      return `${paint('red', 'failed')}: ${renderError(outcome.error)}`
    case 'aborted':
      return `${paint('yellow', 'aborted')} by ${outcome.by}${outcome.reason === undefined ? '' : `: ${printable(outcome.reason)}`}`
    case 'timed_out':
      return `${paint('red', 'timed out')} (${outcome.budget}) after ${outcome.silenceMs} ms of silence`
    default: {
      const never: never = outcome
      return never
    }
  }
}

function renderError(error: OutcomeError): string {
  const facts = [
    error.class,
    error.status === undefined ? undefined : `HTTP ${error.status}`,
    error.retryable ? 'may be retried' : undefined,
  ]
  const said = typeof error.body === 'string' ? `\n${preview(error.body, 160)}` : ''
  return `${printable(error.message)} (${facts.filter((fact) => fact !== undefined).join(', ')})${said}`
}

function renderUsage(usage: Usage): string {
  const parts = [
    usage.inputTokens === undefined ? undefined : `${usage.inputTokens} in`,
    usage.cacheReadTokens ? `${usage.cacheReadTokens} of it read from the cache` : undefined,
    usage.cacheWriteTokens ? `${usage.cacheWriteTokens} written to it` : undefined,
    usage.outputTokens === undefined ? undefined : `${usage.outputTokens} out`,
    usage.reasoningTokens ? `${usage.reasoningTokens} of it reasoning` : undefined,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? 'not told' : parts.join(', ')
}

/** What was odd in a stream after its message had ended. */
export function renderLate(anomalies: readonly Anomaly[], paint: Paint): string {
  return row('late', renderAnomalies(anomalies, paint), paint)
}

function renderAnomalies(anomalies: readonly Anomaly[], paint: Paint): string {
  if (anomalies.length === 0) return 'none'
  return anomalies.map((anomaly) => `${paint('yellow', anomaly.kind)}: ${describeAnomaly(anomaly)}`).join('\n')
}

/** What an anomaly means, and what exactly was seen. */
export function describeAnomaly({ kind, block, detail, count: times }: Anomaly): string {
  const where = block === undefined ? '' : ` [block ${block}]`
  const what = detail === undefined ? '' : ` (${preview(detail, 80)})`
  return `${ANOMALY_KINDS[kind]}${times === undefined ? '' : ` ×${times}`}${where}${what}`
}
