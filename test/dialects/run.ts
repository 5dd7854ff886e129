/** Folds the few events of a row of a table, as bytes and as decoded events, and gives the parts of the result that rows speak of. */
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import { bothWays, callsIn, EOF, type Folded } from '../support/folded.ts'
import type { ProviderEvent, Wire } from '../support/wire.ts'

const TRANSPORT = {
  writing: { lineEnd: '\n', isNamed: true, hasSpace: true, hasComments: false },
  sizes: [61, 7],
} as const

export function run(wire: Wire, events: readonly ProviderEvent[], options: FoldOptions = {}): Folded {
  const sent = events.map((event) => ({ event, does: 'filler' }) as const)
  return bothWays(wire, sent, TRANSPORT, EOF, options)
}

/** A call in a row: its name, and its input or why it has none. */
export interface CallRow {
  readonly id?: string
  readonly name: string
  readonly input: JsonObject | 'partial' | 'invalid'
}

export function callRows({ content }: AssistantMessage): CallRow[] {
  return content.flatMap((block) => {
    if (block.type !== 'tool_call') return []
    return [{ id: block.id, name: block.name, input: block.state === 'complete' ? block.input : block.state }]
  })
}

export function handedOut({ events }: Folded): CallRow[] {
  return callsIn(events).map(({ id, name, input }) => ({ id, name, input }))
}

export function kindsOf({ anomalies }: AssistantMessage): AnomalyKind[] {
  return anomalies.map(({ kind }) => kind)
}

export function textOf({ content }: AssistantMessage): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
