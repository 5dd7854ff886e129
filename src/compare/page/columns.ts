/** The answers in columns: one for each side, row by row, with what differs marked. */
import type { ToolCallBlock } from '../../message.ts'
import type { BlockCell, CallCell, Cell, Comparison, Row, TextCell } from '../comparison.ts'
import { wordChanges } from '../words.ts'
import { contentOf } from '../cells.ts'
import { headOf, tailOf } from '../ends.ts'
import { KIND_NAMES } from '../told.ts'
import { counted } from '../units.ts'
import { jsonLine, jsonTree, LONGEST_COMPARED } from './json-tree.ts'
import { foreign, foreignText, markup, NONE, type Level, type Markup } from './markup.ts'
import type { CellMarks, Marks } from './marks.ts'
import { beside, columnsClass } from './side-by-side.ts'
import { brief, cutLabel, LONGEST_SHORT, type Room } from './room.ts'
import { areUnlike, commonText, markedText, plainText } from './words.ts'

/** More rows than this are not drawn, nor more cells. */
const MOST_ROWS = 2000
const MOST_CELLS = 20_000
/** So many characters of a long label are always seen. */
const LABEL_END = 12
/** Citations with more differences than this are folded. */
const OPEN_CHANGES = 12

/** The rows of a comparison. `prefix` stands before each id. */
export function columns(comparison: Comparison, marks: Marks, page: Room, prefix: string, level: Level): Markup {
  const { rows, sides, reference } = comparison
  if (rows.length === 0) return markup`<p class="none">No side has any content.</p>`
  const heads = sides.map(
    ({ label }, side) =>
      markup`<div class="head">${headLabel(label)}${side === reference && markup`<span class="tag">reference</span>`}</div>`,
  )
  const hasMessages = rows.some(({ message }) => message > 0)
  const most = Math.min(MOST_ROWS, Math.max(1, Math.floor(MOST_CELLS / sides.length)))
  const drawn = rows.slice(0, most).map((row, at) => {
    const message = hasMessages && rows[at - 1]?.message !== row.message ? row.message : undefined
    return markup`${message === undefined ? NONE : markup`<h${level} class="sub message">Message ${message + 1}</h${level}>`}${rowMarkup(
      row,
      at,
      comparison,
      marks,
      page,
      prefix,
    )}`
  })
  const more = rows.length - most
  const rest = more > 0 ? markup`<p class="cut">… ${counted(more, 'more row')} not drawn; --json has all</p>` : NONE
  return markup`<div class="scroll"${beside(sides.length, 'Answers')}><div class="answers ${columnsClass(sides.length)}"><div class="heads" aria-hidden="true">${heads}</div>${drawn}</div></div>${rest}`
}

/** Of a long label the end is always seen: what tells sides apart stands there as often as at the beginning. */
function headLabel(label: string): Markup {
  if (label.length <= 2 * LABEL_END) return foreign(label)
  const end = tailOf(label, LABEL_END)
  const start = headOf(label.slice(0, label.length - end.length), LONGEST_SHORT)
  return markup`<bdi class="parts"><span class="start">${foreignText(start)}</span><span class="end">${foreignText(end)}</span></bdi>`
}

function rowMarkup(
  row: Row,
  at: number,
  { sides, reference }: Comparison,
  marks: Marks,
  page: Room,
  prefix: string,
): Markup {
  const change = changeText(marks.change(at))
  const name = KIND_NAMES[row.kind]
  const cells = row.cells.map((cell, side) => {
    const label = markup`<div class="side">${foreign(cutLabel(sides[side]?.label ?? ''))}${side === reference && markup`<span class="tag">reference</span>`}</div>`
    return cellMarkup(cell, label, marks.cell(at, side), page.cell())
  })
  const state = change === '' ? NONE : markup`<span class="differs">${change}</span>`
  return markup`<div class="row k-${row.kind}" id="${prefix}r${at}" role="group" aria-label="${at + 1}, ${name}${change === '' ? '' : `, ${change.replaceAll(/[≠↕] /g, '')}`}"><div class="rowhead"><span class="nr">${at + 1}</span> <span class="kind">${name}</span>${state}</div><div class="cells">${cells}</div></div>`
}

function changeText({ isContent, isMoved, hasOtherId }: ReturnType<Marks['change']>): string {
  if (isContent) return '≠ differs'
  return [...(isMoved ? ['↕ moved'] : []), ...(hasOtherId ? ['≠ other id'] : [])].join(', ')
}

function cellMarkup(cell: Cell | null, label: Markup, marks: CellMarks | undefined, room: Room): Markup {
  if (cell === null) {
    const isMarked = marks?.absent !== undefined
    return markup`<div class="cell absent${isMarked ? ' d' : ''}">${label}<p>${isMarked ? '∅ nothing here' : '∅'}</p></div>`
  }
  const alone = marks?.absent === undefined ? NONE : aloneMark(marks.view)
  const shade = marks?.absent === undefined ? '' : marks.view === 'reference' ? ' lone del' : ' lone ins'
  return markup`<div class="cell${shade}">${label}${alone}${bodyOf(cell, marks, room)}</div>`
}

function aloneMark(view: CellMarks['view']): Markup {
  return view === 'reference'
    ? markup`<p class="note del"><b class="sign">−</b>only in the reference</p>`
    : markup`<p class="note ins"><b class="sign">+</b>not in the reference</p>`
}

function bodyOf(cell: Cell, marks: CellMarks | undefined, room: Room): Markup {
  switch (cell.kind) {
    case 'text':
    case 'refusal':
      return markup`${cell.kind === 'refusal' && markup`<p class="note">refused</p>`}${proseOf(cell, marks, room)}${citationsOf(cell, marks, room)}`
    case 'thinking':
      return thinkingOf(cell, marks, room)
    case 'tool_call':
      return callOf(cell, marks, room)
    case 'tool_result':
    case 'media':
    case 'other':
      return blockOf(cell, marks, room)
    default: {
      const never: never = cell
      return never
    }
  }
}

function proseOf({ text }: TextCell, marks: CellMarks | undefined, room: Room): Markup {
  if (marks?.words === undefined) {
    return markup`<div class="prose" dir="auto">${text === '' ? markup`<i>empty</i>` : plainText(text, room)}</div>`
  }
  // What only the reference has would fill the column of a side that says something else altogether.
  const isUnlike = areUnlike(marks.words)
  const body = markedText(marks.words, isUnlike && marks.view === 'both' ? 'side' : marks.view, room)
  const note =
    isUnlike && marks.view !== 'reference'
      ? markup`<p class="note chg d"><b class="sign">≠</b>another text: ${commonText(marks.words)}</p>`
      : NONE
  return markup`${note}<div class="prose${isUnlike ? ' unlike' : ''}" dir="auto">${text === '' ? markup`<i>empty</i>` : body}</div>`
}

function citationsOf({ citations = [] }: TextCell, marks: CellMarks | undefined, room: Room): Markup {
  const changes = (marks?.block ?? []).flatMap(({ path, ...change }) =>
    path[0] === 'citations' ? [{ ...change, path: path.slice(1) }] : [],
  )
  if (citations.length === 0) {
    return changes.length === 0 ? NONE : markup`<p class="note d ghost">no citations here</p>`
  }
  const isMarked = changes.length > 0
  const view = marks?.view ?? 'side'
  return markup`<details class="fold${isMarked ? ' chg d' : ''}"${isMarked && changes.length <= OPEN_CHANGES && markup` open`}><summary>${counted(citations.length, 'citation')}</summary>${jsonTree([...citations], changes, { view, room })}</details>`
}

function thinkingOf(cell: TextCell, marks: CellMarks | undefined, room: Room): Markup {
  const isMarked = marks?.words !== undefined || (marks?.block.length ?? 0) > 0
  const length = cell.redacted ? 'withheld by the provider' : counted(cell.text.length, 'character')
  const differs = isMarked ? markup`<span class="differs">≠</span>` : NONE
  return markup`<details class="fold thinking${isMarked ? ' d' : ''}"><summary>thinking <span class="size">${length}</span>${differs}</summary>${proseOf(cell, marks, room)}</details>`
}

function callOf({ call }: CallCell, marks: CellMarks | undefined, room: Room): Markup {
  const moved =
    marks?.moved === undefined
      ? NONE
      : markup`<p class="note chg d"><b class="sign">↕</b>${movedText(marks.moved, marks.view)}</p>`
  const changed = new Set((marks?.call ?? []).map(({ path }) => path[0]))
  const state = call.state === 'complete' && !changed.has('state') ? NONE : stateOf(call, changed.has('state'))
  const runner = call.origin === 'client' && !changed.has('origin') ? NONE : originOf(call, changed.has('origin'))
  return markup`${moved}<div class="call"><span class="tool">${brief(call.name)}</span>${state}${runner}${idOf(call, marks)}</div>${inputOf(call, marks, room)}`
}

function movedText({ what, reference, side }: NonNullable<CellMarks['moved']>, view: CellMarks['view']): string {
  return view === 'reference'
    ? `moved: ${what} ${reference} here, ${what} ${side} on the other side`
    : `moved: ${what} ${side} here, ${what} ${reference} in the reference`
}

const STATE_TEXTS = {
  complete: 'complete',
  partial: 'partial: it was cut',
  invalid: 'invalid: its arguments are not one JSON object',
}

function stateOf({ state }: ToolCallBlock, isMarked: boolean): Markup {
  return markup`<span class="badge ${state === 'complete' ? 'good' : 'bad'}${isMarked ? ' d' : ''}">${isMarked ? '≠ ' : ''}${STATE_TEXTS[state]}</span>`
}

function originOf({ origin }: ToolCallBlock, isMarked: boolean): Markup {
  return markup`<span class="badge${isMarked ? ' chg d' : ''}">${isMarked ? '≠ ' : ''}run by the ${origin}</span>`
}

function idOf({ id, idSource }: ToolCallBlock, marks: CellMarks | undefined): Markup {
  if (idSource === 'minted') return markup`<span class="id">no id</span>`
  const isMarked = marks?.id !== undefined
  return markup`<span class="id${isMarked ? ' chg d' : ''}">${isMarked ? '≠ ' : ''}${jsonLine(id, 80)}</span>`
}

function inputOf(call: ToolCallBlock, marks: CellMarks | undefined, room: Room): Markup {
  const view = marks?.view ?? 'side'
  if (call.state === 'complete') return jsonTree(call.input, marks?.input ?? [], { view, room })
  const change = marks?.call.find(({ path }) => path[0] === 'arguments')
  const [one, other] = [change?.reference, change?.side]
  const areShort = typeof one === 'string' && typeof other === 'string' && one.length + other.length < LONGEST_COMPARED
  const text = areShort ? markedText(wordChanges(one, other), view, room) : plainText(call.arguments, room)
  return markup`<div class="raw" dir="auto">${call.arguments === '' ? markup`<i>no arguments</i>` : text}</div>`
}

function blockOf(cell: BlockCell, marks: CellMarks | undefined, room: Room): Markup {
  const view = marks?.view ?? 'side'
  return jsonTree(contentOf(cell, true), marks?.block ?? [], { view, room })
}
