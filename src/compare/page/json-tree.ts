/** A JSON value as a tree that folds, with the places that differ marked and open. */
import { copyJson, sizeOfJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { JsonChange } from '../comparison.ts'
import { wordChanges } from '../words.ts'
import { headOf } from '../ends.ts'
import { counted, grouped } from '../units.ts'
import { foreign, markup, NONE, type Markup } from './markup.ts'
import type { CellMarks } from './marks.ts'
import { brief, LONGEST_SHORT, type Room } from './room.ts'
import { markedText, plainText } from './words.ts'

/** Deeper values are not drawn: a browser does not nest elements without end. */
const DEEPEST = 24
/** So many members of one value, and those that differ. */
const MOST_MEMBERS = 200
/** A value with more members, or deeper than this, is folded. */
const OPEN_MEMBERS = 12
const OPEN_DEPTH = 3
const OPEN_SIZE = 2000
/** A longer text is folded. */
const LONG_TEXT = 160
/** Of longer texts the words are not compared. */
export const LONGEST_COMPARED = 200_000
/** What an element costs in characters: a page of many small values stays small too. */
const ELEMENT = 24

/** The changes below one value, by key or index. */
interface Place {
  readonly change?: JsonChange
  readonly below: ReadonlyMap<string, Place>
}

interface Drawing {
  readonly view: CellMarks['view']
  readonly room: Room
}

/** The value as a list of one member, or of its members if it is an object or an array. `changes` have paths from the value on. */
export function jsonTree(value: JsonValue, changes: readonly JsonChange[], { view, room }: Drawing): Markup {
  const place = placeOf(changes, 0)
  if (typeof value === 'object' && value !== null && place.change === undefined) {
    if (membersOf(value).length > 0 || place.below.size > 0) {
      return markup`<ul class="json">${members(value, place, 0, { view, room })}</ul>`
    }
  }
  return markup`<ul class="json">${member(NONE, value, place, 0, { view, room })}</ul>`
}

function placeOf(changes: readonly JsonChange[], depth: number): Place {
  const change = changes.find(({ path }) => path.length === depth)
  const groups = new Map<string, JsonChange[]>()
  for (const one of changes) {
    const step = one.path[depth]
    if (step === undefined) continue
    const group = groups.get(String(step))
    if (group === undefined) groups.set(String(step), [one])
    else group.push(one)
  }
  const below = new Map([...groups].map(([step, group]) => [step, placeOf(group, depth + 1)]))
  return { ...(change === undefined ? {} : { change }), below }
}

type Container = JsonValue[] | JsonObject
type Member = readonly [key: string | number, value: JsonValue]

function membersOf(value: Container): readonly Member[] {
  return Array.isArray(value) ? value.map((item, index): Member => [index, item]) : Object.entries(value)
}

function members(value: Container, place: Place, depth: number, drawing: Drawing): readonly Markup[] {
  const [entries, isList] = [membersOf(value), Array.isArray(value)]
  const own = new Set(entries.map(([key]) => String(key)))
  const shown: Markup[] = []
  let [left, skipped] = [MOST_MEMBERS, 0]
  const flush = (): void => {
    if (skipped > 0) shown.push(markup`<li class="cut">… ${counted(skipped, 'member')} not shown; --json has all</li>`)
    skipped = 0
  }
  entries.forEach(([key, item], index) => {
    const there = place.below.get(String(key))
    if (drawing.room.isFull || (index >= MOST_MEMBERS && (there === undefined || left <= 0))) {
      skipped += 1
      return
    }
    flush()
    if (index >= MOST_MEMBERS) left -= 1
    shown.push(member(keyed(key, drawing.room), item, there, depth, drawing))
  })
  flush()
  for (const [key, { change }] of [...place.below].slice(0, MOST_MEMBERS)) {
    if (own.has(key) || change === undefined) continue
    const step = isList ? Number(key) : key
    shown.push(markup`<li class="ghost d">${keyed(step, drawing.room)}<i>not here</i></li>`)
  }
  return shown
}

function keyed(key: string | number, room: Room): Markup {
  room.take(ELEMENT)
  const name = typeof key === 'number' ? markup`<span class="at">${key}</span>` : foreignKey(key, room)
  return markup`${name}<span class="p">: </span>`
}

function foreignKey(key: string, room: Room): Markup {
  room.take(Math.min(key.length, LONGEST_SHORT))
  return markup`<span class="k">${brief(key)}</span>`
}

function member(key: Markup, value: JsonValue, place: Place | undefined, depth: number, drawing: Drawing): Markup {
  const change = place?.change
  const sign = change === undefined ? NONE : signOf(change, drawing.view)
  const mark = change === undefined ? NONE : markup` class="${markOf(change, drawing.view)} d"`
  if (typeof value === 'object' && value !== null) {
    return markup`<li${mark}>${container(markup`${sign}${key}`, value, place, depth, drawing)}</li>`
  }
  if (typeof value === 'string') return markup`<li${mark}>${text(markup`${sign}${key}`, value, change, drawing)}</li>`
  drawing.room.take(ELEMENT)
  const kind = value === null ? 'null' : typeof value
  return markup`<li${mark}>${sign}${key}<span class="v ${kind}">${String(value)}</span></li>`
}

/** How a place is marked: what only one of both has, and what is another value. */
function markOf({ reference, side }: JsonChange, view: CellMarks['view']): string {
  if (reference !== undefined && side !== undefined) return 'chg'
  return view === 'reference' ? 'del' : 'ins'
}

function signOf({ reference, side }: JsonChange, view: CellMarks['view']): Markup {
  if (reference !== undefined && side !== undefined) return markup`<b class="sign" title="another value">≠</b>`
  return view === 'reference'
    ? markup`<b class="sign" title="only in the reference">−</b>`
    : markup`<b class="sign" title="not in the reference">+</b>`
}

function container(key: Markup, value: Container, place: Place | undefined, depth: number, drawing: Drawing): Markup {
  const entries = membersOf(value)
  drawing.room.take(ELEMENT)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (entries.length === 0 && !place?.below.size) return markup`${key}<span class="p">${open}${close}</span>`
  const size = Array.isArray(value) ? counted(entries.length, 'item') : counted(entries.length, 'key')
  const about = markup`<span class="p">${open} </span><span class="size">${size}</span><span class="p"> ${close}</span>`
  if (depth + 1 >= DEEPEST) return markup`${key}${about} <span class="cut">too deep to draw; --json has all</span>`
  const isSmall = entries.length <= OPEN_MEMBERS && depth < OPEN_DEPTH && sizeOfJson(drawable(value)) <= OPEN_SIZE
  const isOpen = (place?.below.size ?? 0) > 0 || isSmall
  const list = markup`<ul>${members(value, place ?? { below: new Map() }, depth + 1, drawing)}</ul>`
  return markup`<details${isOpen ? markup` open` : NONE}><summary>${key}${about}</summary>${list}</details>`
}

/** As much of a value as a tree draws, and one level more, as JSON. */
export function drawable(value: unknown, levels: number = DEEPEST + 2): JsonValue {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return copyJson(value) ?? null
  if (levels === 0) return null
  if (Array.isArray(value)) return value.map((item: unknown) => drawable(item, levels - 1))
  const own = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(own.map(([key, item]) => [key, drawable(item, levels - 1)]))
}

function text(key: Markup, value: string, change: JsonChange | undefined, { view, room }: Drawing): Markup {
  room.take(ELEMENT)
  const body = textBody(value, change, { view, room })
  if (value.length <= LONG_TEXT && !value.includes('\n')) {
    return markup`${key}<span class="v string">&quot;<bdi>${body}</bdi>&quot;</span>`
  }
  const about = markup`${key}<span class="size">text of ${counted(value.length, 'character')}</span>`
  const isOpen = change !== undefined || (value.length <= 4 * LONG_TEXT && /\s/.test(value))
  return markup`<details${isOpen ? markup` open` : NONE}><summary>${about}</summary><div class="long" dir="auto">${body}</div></details>`
}

function textBody(value: string, change: JsonChange | undefined, { view, room }: Drawing): Markup {
  const [one, other] = [change?.reference, change?.side]
  if (typeof one !== 'string' || typeof other !== 'string') return plainText(value, room)
  if (one.length + other.length > LONGEST_COMPARED) return plainText(value, room)
  return markedText(wordChanges(one, other), view, room)
}

/** A value in one line, cut at `length` characters. */
export function jsonLine(value: JsonValue, length: number): Markup {
  if (typeof value === 'object' && value !== null) {
    const size = Array.isArray(value) ? counted(value.length, 'item') : counted(Object.keys(value).length, 'key')
    return Array.isArray(value) ? markup`[ ${size} ]` : markup`{ ${size} }`
  }
  const shown = typeof value === 'string' ? headOf(value, length) : String(value)
  const more =
    typeof value === 'string' && value.length > length ? markup`… (${grouped(value.length)} characters)` : NONE
  return typeof value === 'string' ? markup`“${foreign(shown)}${more}”` : markup`${shown}`
}
