/** `--calls`: every call whole, with the places that differ marked in its input. */
import type { CallCell, Cell, CallOrderDifference, Row } from '../compare/comparison.ts'
import { KIND_NAMES } from '../compare/told.ts'
import { jsonChanges } from '../compare/json-changes.ts'
import { isObject, type JsonValue } from '../json.ts'
import { cut, wrapped } from './columns.ts'
import { callName, nameOf, type View } from './comparison-view.ts'
import { signOf } from './side-table.ts'
import { preview, printable } from './terminal.ts'

/** More lines of one input are counted. */
const MOST_LINES = 400
const LONGEST_LINE = 20_000

type Path = readonly (string | number)[]

/** All calls in the order of the rows, then in what order each side has them if that differs. */
export function renderCalls(view: View): readonly string[] {
  const { comparison } = view
  const calls = comparison.rows.flatMap((row, index) =>
    row.kind === 'tool_call' ? [...callLines(view, row, index), ''] : [],
  )
  if (calls.length === 0) return ['no calls']
  const orders = comparison.differences.filter((difference) => difference.kind === 'order')
  return [...calls.slice(0, -1), ...orders.map((difference) => orderLine(view, difference))]
}

function callLines(view: View, { cells }: Row, index: number): readonly string[] {
  const { comparison, paint } = view
  const { reference } = comparison
  const own = callIn(cells[reference])
  const name = (own ?? callIn(cells.find((cell) => cell !== null)))?.call.name ?? ''
  const title = `${paint('bold', `#${index + 1}`)} ${paint('cyan', cut(preview(name, 80), view.width - 20))}`
  const changes = cells.map((cell) => changesOf(own, callIn(cell)))
  if (own !== undefined && changes.every((one) => one?.length === 0)) {
    return [`${title}  the same`, ...inputLines(own, [], view, 2)]
  }
  const all = changes.flatMap((one) => one ?? [])
  return [
    title,
    ...cells.flatMap((cell, side) => {
      const call = callIn(cell)
      const isOnlyOne = side !== reference && (call === undefined) !== (own === undefined)
      const who = `${isOnlyOne ? countedSign(view) : ' '} ${paint('bold', nameOf(view, side))}`
      if (call === undefined) return [`${who}: no such call`]
      if (side !== reference && changes[side]?.length === 0) return [`${who}: as ${nameOf(view, reference)}`]
      const state = call.call.state === 'complete' ? '' : `, ${call.call.state}`
      const by = call.call.origin === 'provider' ? ', run by the provider' : ''
      return [`${who}${state}${by}`, ...inputLines(call, side === reference ? all : (changes[side] ?? []), view, 4)]
    }),
  ]
}

/** That a call differs counts, unless calls are ignored. */
function countedSign({ ignored, paint }: View): string {
  return signOf(ignored.includes('calls') ? 'other' : 'differs', paint)
}

function callIn(cell: Cell | null | undefined): CallCell | undefined {
  return cell?.kind === 'tool_call' ? cell : undefined
}

/** The paths that differ; undefined if one of both is not there. Of a call that is not whole, its arguments as text are the value. */
function changesOf(one: CallCell | undefined, other: CallCell | undefined): readonly Path[] | undefined {
  if (one === undefined || other === undefined) return undefined
  const state = one.call.state === other.call.state && one.call.origin === other.call.origin ? [] : [[]]
  return [...state, ...jsonChanges(inputOf(one), inputOf(other)).map(({ path }) => path)]
}

function inputOf({ call }: CallCell): JsonValue {
  return call.state === 'complete' ? call.input : call.arguments
}

function inputLines(cell: CallCell, changed: readonly Path[], view: View, indent: number): readonly string[] {
  const { paint, width } = view
  const input = inputOf(cell)
  const lines = typeof input === 'string' ? [{ path: [], text: input }] : jsonLines(input)
  const shown = lines.slice(0, MOST_LINES).flatMap(({ path, text }) => {
    const isChanged = changed.some((one) => one.length <= path.length && one.every((step, at) => step === path[at]))
    const short =
      text.length <= LONGEST_LINE
        ? text
        : `${text.slice(0, LONGEST_LINE)}… ${text.length - LONGEST_LINE} more characters`
    const depth = /^ */.exec(short)?.[0].length ?? 0
    const start = ' '.repeat(Math.min(depth, Math.floor(width / 3)))
    return wrapped(printable(short.trim().replaceAll('\t', ' ')), width - indent - 2 - start.length).map((line, at) => {
      const sign = isChanged && at === 0 ? `${countedSign(view)} ` : '  '
      return `${' '.repeat(indent - 2)}${sign}${start}${isChanged ? paint('red', line) : line}`
    })
  })
  const left = lines.length - MOST_LINES
  return left > 0 ? [...shown, `${' '.repeat(indent)}${paint('dim', `… and ${left} more lines`)}`] : shown
}

interface JsonLine {
  readonly path: Path
  readonly text: string
}

/** The lines of a value, each with the path of what stands on it. */
function jsonLines(value: JsonValue, path: Path = [], start = '', end = ''): readonly JsonLine[] {
  const depth = '  '.repeat(path.length)
  const items: readonly (readonly [string | number, JsonValue])[] = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : isObject(value)
      ? Object.entries(value)
      : []
  if (items.length === 0) return [{ path, text: `${depth}${start}${JSON.stringify(value)}${end}` }]
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return [
    { path, text: `${depth}${start}${open}` },
    ...items.flatMap(([step, item], index) =>
      jsonLines(
        item,
        [...path, step],
        typeof step === 'string' ? `${JSON.stringify(step)}: ` : '',
        index < items.length - 1 ? ',' : '',
      ),
    ),
    { path, text: `${depth}${close}${end}` },
  ]
}

function orderLine(view: View, { side, reference, order }: CallOrderDifference): string {
  const { comparison, paint } = view
  const named = (rows: readonly number[]): string =>
    rows
      .map((row) => {
        const kind = comparison.rows[row]?.kind ?? 'other'
        return `#${row + 1} ${kind === 'tool_call' ? callName(comparison.rows[row]) : KIND_NAMES[kind]}`
      })
      .join(', ')
  const text = `${paint('yellow', 'order')} of ${nameOf(view, side)}: ${named(reference)} → ${named(order)}`
  return wrapped(text, view.width).join('\n')
}
