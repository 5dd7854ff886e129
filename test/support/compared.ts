/** Turns to compare: recordings made of a script, recordings edited on the wire; and what a comparison must be whatever was compared. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import {
  compare,
  type ComparedTurn,
  type Comparison,
  type Difference,
  type JsonChange,
  type WordChange,
} from '../../src/compare.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'
import { parseRecording, RECORDING_EXTENSION, type RecordedEnding, type Recording } from '../../src/recording/format.ts'
import { PLAIN, type Script } from './script.ts'
import { sse } from './streams.ts'
import type { ProviderEvent, Wire } from './wire.ts'

const HEADER = { onefold: 1, provenance: { kind: 'handwritten' } } as const

/** Each text at its time, in milliseconds. */
export function timed(
  chunks: readonly (readonly [ms: number, text: string])[],
  end: { readonly ending?: RecordedEnding; readonly endMs?: number } = {},
): Recording {
  const { ending = 'eof', endMs } = end
  return {
    header: HEADER,
    chunks: chunks.map(([ms, text]) => ({ ms, bytes: new TextEncoder().encode(text) })),
    ending,
    ...(endMs === undefined ? {} : { endMs }),
    problems: [],
  }
}

/** An event every 20 ms, the first after 100. */
export function recordingOf(events: readonly ProviderEvent[]): Recording {
  return timed(
    events.map((event, at) => [100 + 20 * at, sse(event)]),
    { endMs: 100 + 20 * events.length },
  )
}

export function scripted(wire: Wire, script: Script): Recording {
  return recordingOf(wire.write(script, PLAIN).map(({ event }) => event))
}

export function bundled(name: string): Recording {
  return parseRecording(readFileSync(`recordings/${name}${RECORDING_EXTENSION}`, 'utf8'), { name })
}

/** `<dialect>/<case>` of all bundled recordings. */
export const BUNDLED: readonly string[] = readdirSync('recordings', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(`recordings/${name}`)
      .filter((file) => file.endsWith(RECORDING_EXTENSION))
      .map((file) => `${name}/${file.slice(0, -RECORDING_EXTENSION.length)}`),
  )

/** The recording with another text wherever the first one stands in its chunks, at the same times. */
export function edited(recording: Recording, from: string, to: string): Recording {
  let found = 0
  const chunks = recording.chunks.map((chunk) => {
    const parts = new TextDecoder().decode(chunk.bytes).split(from)
    if (parts.length === 1) return chunk
    found += parts.length - 1
    return { ...chunk, bytes: new TextEncoder().encode(parts.join(to)) }
  })
  expect(found, `the recording has ${from}`).toBeGreaterThan(0)
  return { ...recording, chunks }
}

/** A message by hand, as JSON may hold it. */
export function messageWith(content: readonly ContentBlock[], more: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    key: 'turn/0',
    id: 'msg_1',
    idSource: 'wire',
    turn: 'turn',
    attempt: 1,
    dialect: 'anthropic-messages',
    model: 'model-a',
    content,
    stop: { reason: 'end_turn', raw: 'end_turn', sequence: null },
    outcome: { kind: 'complete' },
    usage: { inputTokens: 10, outputTokens: 5 },
    anomalies: [],
    wire: {},
    ...more,
  }
}

export function textBlock(text: string): ContentBlock {
  return { type: 'text', text, wire: {} }
}

export function thinkingBlock(text: string): ContentBlock {
  return { type: 'thinking', text, wire: {} }
}

export function callBlock(name: string, input: JsonObject, id = 'call_1'): ContentBlock {
  const fields = { key: `turn/0#${id}`, id, idSource: 'wire', name, origin: 'client', wire: {} } as const
  return { type: 'tool_call', ...fields, arguments: '', state: 'complete', input }
}

/** The text of the reference, and that of the side. */
export function textsOf(words: readonly WordChange[]): readonly [reference: string, side: string] {
  const without_ = (kind: WordChange['kind']): string =>
    words.flatMap((change) => (change.kind === kind ? [] : [change.text])).join('')
  return [without_('added'), without_('removed')]
}

/** What holds of every comparison, whatever was compared. */
export function expectSound(comparison: Comparison): void {
  const { reference, sides, rows, differences } = comparison
  expect(plain(comparison)).toEqual(comparison)
  for (const { cells, kind } of rows) {
    expect(cells).toHaveLength(sides.length)
    const there = cells.filter((cell) => cell !== null)
    expect(there.length).toBeGreaterThan(0)
    expect(new Set([kind, ...there.map((cell) => cell.kind)]).size).toBe(1)
  }
  for (const [side, { label, messages }] of sides.entries()) {
    for (const message of messages.keys()) {
      const own = rows.filter((row) => row.message === message).flatMap(({ cells }) => cells[side] ?? [])
      const inOrder = own.filter(({ kind }) => side === reference || kind !== 'tool_call')
      const ordinals = inOrder.flatMap(({ blocks }) => blocks)
      expect(ordinals, `${label} is in order`).toEqual(ordinals.toSorted((a, b) => a - b))
      const all = own.flatMap(({ blocks }) => blocks)
      expect(new Set(all).size, `${label} has each block once`).toBe(all.length)
    }
  }
  for (const difference of differences) {
    expect(difference.side).not.toBe(reference)
    if (difference.kind !== 'words') continue
    const cells = rows[difference.row]?.cells ?? []
    const texts = [cells[reference], cells[difference.side]].map((cell) => (cell && 'text' in cell ? cell.text : ''))
    expect(textsOf(difference.words)).toEqual(texts)
    expectTidy(difference.words)
  }
}

/** No piece is empty or of the kind of the one before it, and what goes stands before what comes. */
export function expectTidy(words: readonly WordChange[]): void {
  for (const [at, { kind, text }] of words.entries()) {
    const before = words[at - 1]?.kind
    expect(text).not.toBe('')
    expect(kind).not.toBe(before)
    if (kind === 'removed') expect(before).not.toBe('added')
  }
}

/** As JSON has it, which knows no -0. */
export function plain<T>(value: T): T {
  const copy: T = JSON.parse(JSON.stringify(value))
  return copy
}

/** Two turns in both orders give the same differences with the sides exchanged, and each turn is as itself. */
export function expectSymmetric(one: ComparedTurn, other: ComparedTurn): Comparison {
  const forth = compare([one, other])
  const back = compare([other, one])
  expectSound(forth)
  expectSound(back)
  expect(neutral(back, 1)).toEqual(neutral(forth, 0))
  expect(back.sides.map(({ agrees }) => agrees)).toEqual(forth.sides.map(({ agrees }) => agrees))
  return forth
}

/** The differences of two turns, told from the turn at `first`, rows by what stands in them, in no order. */
function neutral({ rows, differences }: Comparison, first: number): readonly string[] {
  const rowOf = (row: number): string => {
    const cells = rows[row]?.cells ?? []
    return [rows[row]?.message, cells[first]?.blocks, cells[1 - first]?.blocks].map((one) => String(one)).join(' ')
  }
  const told = differences.map((difference) => toldFrom(first === 0 ? difference : exchanged(difference), rowOf))
  return told.toSorted()
}

function toldFrom(difference: Difference, rowOf: (row: number) => string): string {
  const { row, changes, reference, order, ...rest }: JsonObject = record(difference)
  const told = Array.isArray(changes)
    ? changes.map((change) => {
        const fields = isObject(change) ? change : {}
        return JSON.stringify([fields, typeof fields['row'] === 'number' ? rowOf(fields['row']) : ''], (key, value) =>
          key === 'row' ? undefined : value,
        )
      })
    : []
  const rowsOf = (value: JsonValue | undefined): unknown =>
    Array.isArray(value) ? value.map((one) => rowOf(Number(one))) : value
  return JSON.stringify([
    Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    typeof row === 'number' ? rowOf(row) : '',
    told.toSorted(),
    rowsOf(reference),
    rowsOf(order),
  ])
}

function record(value: object): JsonObject {
  const copy: JsonObject = JSON.parse(JSON.stringify(value))
  return copy
}

/** The difference as the other turn sees it. */
function exchanged(difference: Difference): Difference {
  switch (difference.kind) {
    case 'words':
      return { ...difference, words: exchangedWords(difference.words) }
    case 'absent':
      return { ...difference, only: difference.only === 'side' ? 'reference' : 'side' }
    case 'input':
    case 'call':
    case 'block':
    case 'stop':
    case 'outcome':
    case 'usage':
      return { ...difference, changes: difference.changes.map(turned) }
    case 'ids': {
      const changes = difference.changes.map(({ reference, side, ...rest }) => ({
        ...rest,
        ...(side === undefined ? {} : { reference: side }),
        ...(reference === undefined ? {} : { side: reference }),
      }))
      return { ...difference, changes }
    }
    case 'order':
      return { ...difference, reference: difference.order, order: difference.reference }
    case 'messages':
      return { ...difference, reference: difference.count, count: difference.reference }
    case 'anomalies':
      return { ...difference, removed: difference.added, added: difference.removed }
    case 'times': {
      const changes = difference.changes.map(({ time, referenceMs, sideMs }) => ({
        time,
        referenceMs: sideMs,
        sideMs: referenceMs,
      }))
      return { ...difference, changes }
    }
    default: {
      const never: never = difference
      return never
    }
  }
}

/** Fields in the order in which a comparison writes them. */
function turned(change: JsonChange): JsonChange {
  const { reference, side, ...rest } = change
  return {
    ...rest,
    ...(side === undefined ? {} : { reference: side }),
    ...(reference === undefined ? {} : { side: reference }),
  }
}

function exchangedWords(words: readonly WordChange[]): readonly WordChange[] {
  const kinds = { same: 'same', removed: 'added', added: 'removed' } as const
  const all = words.map(({ kind, text }) => ({ kind: kinds[kind], text }))
  return all.flatMap((change, at) => {
    const after = all[at + 1]
    if (change.kind === 'added' && after?.kind === 'removed') return [after, change]
    return change.kind === 'removed' && all[at - 1]?.kind === 'added' ? [] : [change]
  })
}
