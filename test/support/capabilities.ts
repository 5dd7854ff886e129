/** What of each dialect the recordings show: a capability is claimed only if one of them has it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { DEFINITIONS } from '../../src/dialects/definitions.ts'
import { isObject } from '../../src/json.ts'
import type { AssistantMessage, Dialect } from '../../src/message.ts'
import { assembleRecording } from '../../src/recording/fold-recording.ts'
import { parseRecording, type Recording } from '../../src/recording/format.ts'
import { Decoder } from '../../src/sse/decode.ts'
import type { TurnEvent } from '../../src/turn-event.ts'

const ROOT = new URL('../../recordings/', import.meta.url)

/** A recording with all that can be seen of it: the messages beside it, and what a reader sees live. */
interface Shown {
  readonly name: string
  readonly messages: readonly Pick<AssistantMessage, 'content' | 'usage' | 'outcome' | 'anomalies'>[]
  readonly events: readonly TurnEvent[]
  readonly isNumbered: boolean
  readonly hasIds: boolean
}

interface Capability {
  readonly name: string
  isIn(shown: Shown, isOfMany: boolean): boolean
}

type Block = AssistantMessage['content'][number]

const hasBlock = ({ messages }: Shown, is: (block: Block) => boolean): boolean =>
  messages.some(({ content }) => content.some(is))

export const CAPABILITIES: readonly Capability[] = [
  { name: 'text', isIn: (shown) => hasBlock(shown, (block) => block.type === 'text' && block.text !== '') },
  { name: 'thinking', isIn: (shown) => hasBlock(shown, (block) => block.type === 'thinking' && block.text !== '') },
  { name: 'signatures', isIn: (shown) => hasBlock(shown, (block) => SIGNED.has(block.type) && isSigned(block)) },
  {
    name: 'tools',
    isIn: (shown) =>
      hasBlock(shown, ({ type, ...block }) => type === 'tool_call' && 'state' in block && block.state === 'complete'),
  },
  { name: 'partial input', isIn: hasPartialInput },
  {
    name: 'citations',
    isIn: (shown) => hasBlock(shown, (block) => block.type === 'text' && (block.citations?.length ?? 0) > 0),
  },
  { name: 'usage', isIn: ({ messages }) => messages.some(({ usage }) => usage.outputTokens !== undefined) },
  { name: 'numbering', isIn: ({ isNumbered }) => isNumbered },
  { name: 'resume', isIn: ({ isNumbered, hasIds }) => isNumbered || hasIds },
  {
    name: 'provider-run tools',
    isIn: (shown) =>
      hasBlock(
        shown,
        (block) => block.type === 'tool_result' || (block.type === 'tool_call' && block.origin === 'provider'),
      ),
  },
  { name: 'several choices', isIn: ({ messages }, isOfMany) => !isOfMany && messages.length > 1 },
]

const SIGNED: ReadonlySet<string> = new Set(['text', 'thinking', 'tool_call'])

/** A signature, or reasoning that only the provider can read, on whatever block. */
function isSigned(block: unknown): boolean {
  if (Array.isArray(block)) return block.some(isSigned)
  if (!isObject(block)) return false
  return Object.entries(block).some(
    ([key, value]) =>
      (/signature|encrypted/iu.test(key) && typeof value === 'string' && value !== '') || isSigned(value),
  )
}

/** The arguments of a call come in pieces. */
function hasPartialInput({ events }: Shown): boolean {
  const pieces = new Map<string, number>()
  for (const event of events) {
    if (event.type !== 'tool_input' || event.delta === '') continue
    const call = `${event.message} ${event.block}`
    pieces.set(call, (pieces.get(call) ?? 0) + 1)
  }
  return [...pieces.values()].some((count) => count > 1)
}

export function hasRecordings(dialect: string): boolean {
  return existsSync(new URL(`${dialect}/`, ROOT))
}

/** Of each capability the recording that shows it best: a whole and clean one that shows least beside it. */
export async function shownOf(dialect: Dialect): Promise<ReadonlyMap<string, string>> {
  const folder = new URL(`${dialect}/`, ROOT)
  const names = readdirSync(folder).flatMap((file) => (file.endsWith('.recording') ? [file.slice(0, -10)] : []))
  const isOfMany = DEFINITIONS.get(dialect)?.carriesMany === true
  const recordings = await Promise.all(names.toSorted().map(async (name) => seen(folder, dialect, name)))
  const rows = recordings.map((shown) => ({
    name: shown.name,
    oddities: shown.messages.reduce(
      (sum, one) => sum + one.anomalies.length + Number(one.outcome.kind !== 'complete'),
      0,
    ),
    has: CAPABILITIES.flatMap((capability) => (capability.isIn(shown, isOfMany) ? [capability.name] : [])),
  }))
  const best = rows.toSorted(
    (a, b) => a.oddities - b.oddities || a.has.length - b.has.length || a.name.length - b.name.length,
  )
  const pairs = CAPABILITIES.flatMap(({ name }): [string, string][] => {
    const able = best.filter(({ has }) => has.includes(name))
    const row = able.find((one) => one.name === name) ?? able[0]
    return row === undefined ? [] : [[name, row.name]]
  })
  return new Map(pairs)
}

async function seen(folder: URL, dialect: Dialect, name: string): Promise<Shown> {
  const text = readFileSync(new URL(`${name}.recording`, folder), 'utf8')
  const recording = parseRecording(text, { name })
  const messages: Shown['messages'][number] | Shown['messages'] = JSON.parse(
    readFileSync(new URL(`${name}.json`, folder), 'utf8'),
  )
  const events: TurnEvent[] = []
  for await (const event of assembleRecording(recording, { turn: name })) events.push(event)
  return { name, messages: [messages].flat(), events, ...placesOf(recording, dialect) }
}

/** Whether its events are numbered, by the protocol or by the event stream. */
function placesOf({ chunks }: Recording, dialect: Dialect): { isNumbered: boolean; hasIds: boolean } {
  const decoder = new Decoder(Number.MAX_SAFE_INTEGER)
  const translate = DEFINITIONS.get(dialect)?.createTranslate()
  let [isNumbered, hasIds] = [false, false]
  for (const decoded of [...chunks.flatMap(({ bytes }) => [...decoder.push(bytes)]), ...decoder.end()]) {
    if (decoded.kind !== 'event') continue
    const translation = translate?.({ payload: parsed(decoded.data), name: decoded.event })
    hasIds ||= Boolean(decoded.id) || translation?.eventId !== undefined
    isNumbered ||= translation?.number !== undefined
  }
  return { isNumbered, hasIds }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
