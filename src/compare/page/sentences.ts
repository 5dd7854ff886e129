/** Each difference in a sentence, with a link to where it is. */
import type { Anomaly } from '../../anomaly.ts'
import type { JsonValue } from '../../json.ts'
import type { Comparison, Difference, JsonChange, Row, SideMessage, WordChange } from '../comparison.ts'
import { callOf } from '../cells.ts'
import { commonStart, headOf, tailOf } from '../ends.ts'
import { TIME_LABELS, tokenLabel } from '../figures.ts'
import { pathText } from '../json-changes.ts'
import { movedIn } from '../order.ts'
import { KIND_NAMES, NOT_TOLD, outcomeTold, stopTold } from '../told.ts'
import { counted, duration, grouped, signed } from '../units.ts'
import { jsonLine } from './json-tree.ts'
import { foreign, markup, joined, NONE, type Level, type Markup } from './markup.ts'
import { cutLabel } from './room.ts'
import { toldMarkup } from './told.ts'
import { commonText } from './words.ts'

/** More differences than this are counted. */
const MOST = 200
/** Of each: so many places are named. */
const MOST_PLACES = 3
const LONGEST_VALUE = 48
/** So much of what is equal stands before what is not. */
const BEFORE = 16

/** The list of all differences, side by side. */
export function differenceList(comparison: Comparison, prefix: string, level: Level): Markup {
  const { differences, sides, reference } = comparison
  const areTwo = sides.length === 2
  const shown = differences.slice(0, MOST)
  const lists = sides.map((side, at) => {
    const own = shown.filter((difference) => difference.side === at)
    if (at === reference || own.length === 0) return NONE
    const items = own.map((one) => itemOf(one, comparison, prefix))
    return markup`${areTwo ? NONE : markup`<h${level} class="sub">${foreign(cutLabel(side.label))}</h${level}>`}<ol class="differences">${items}</ol>`
  })
  const more = differences.length - MOST
  return markup`${lists}${more > 0 && markup`<p class="cut">… ${counted(more, 'more difference')}; --json has all</p>`}`
}

function itemOf(difference: Difference, comparison: Comparison, prefix: string): Markup {
  const { place, what, where } = sentenceOf(difference, comparison)
  return markup`<li><a href="#${prefix}${place}"><span class="aspect">${difference.aspect}</span><span class="what">${what}</span><span class="where">${where}</span></a></li>`
}

interface Sentence {
  /** The id of where it is shown. */
  readonly place: string
  readonly what: Markup
  readonly where: string
}

function sentenceOf(difference: Difference, { rows, sides, reference }: Comparison): Sentence {
  const one = sides[reference]?.label ?? ''
  const other = sides[difference.side]?.label ?? ''
  const message = (at: number): string => (sides.some(({ messages }) => messages.length > 1) ? `message ${at + 1}` : '')
  switch (difference.kind) {
    case 'words':
      return { ...rowPlace(rows, difference.row), what: wordsText(difference.words) }
    case 'absent': {
      const name = nameOf(rows[difference.row])
      const owner = difference.only === 'reference' ? one : other
      return { ...rowPlace(rows, difference.row), what: markup`${name} only in ${foreign(cutLabel(owner))}` }
    }
    case 'input':
    case 'call':
    case 'block':
      return {
        ...rowPlace(rows, difference.row),
        what: markup`${callName(rows[difference.row])}${changesText(difference.changes)}`,
      }
    case 'order': {
      const moved = movedIn(difference, rows)
      const all = [...moved]
        .slice(0, MOST_PLACES)
        .map(
          ([row, at]) =>
            markup`${nameOf(rows[row])}${rows[row]?.kind === 'tool_call' ? '' : ' '}(${at.what} ${at.reference} → ${at.what} ${at.side})`,
        )
      return {
        place: `r${[...moved.keys()][0] ?? 0}`,
        what: markup`another order: ${listed(all, moved.size)}`,
        where: message(difference.message),
      }
    }
    case 'messages':
      return {
        place: 'n-messages',
        what: markup`${counted(difference.count, 'message')}, the reference has ${difference.reference}`,
        where: '',
      }
    case 'stop':
    case 'outcome': {
      const { kind, message: at } = difference
      const ends = [sides[reference], sides[difference.side]].map((side) => endOf(kind, side?.messages[at]))
      return { place: `n-${kind}`, what: joined(ends, markup` → `), where: message(at) }
    }
    case 'usage': {
      const { changes } = difference
      const all = changes
        .slice(0, MOST_PLACES)
        .map(
          ({ path, reference: from, side: to }) =>
            markup`${tokenLabel(path) ?? headOf(pathText(path), LONGEST_VALUE)} ${countText(from)} → ${countText(to)}`,
        )
      const name = String(changes[0]?.path[0] ?? 'inputTokens')
      return { place: `n-${name}`, what: listed(all, changes.length), where: '' }
    }
    case 'times': {
      const [first] = difference.changes
      const all = difference.changes
        .slice(0, MOST_PLACES)
        .map(
          ({ time, referenceMs, sideMs }) =>
            markup`${TIME_LABELS[time]} ${duration(referenceMs)} → ${duration(sideMs)} (${signed(sideMs - referenceMs, duration)})`,
        )
      return { place: `n-${first?.time ?? 'endMs'}`, what: listed(all, difference.changes.length), where: '' }
    }
    case 'anomalies':
      return { place: `a${difference.side}`, what: anomaliesText(difference.added, difference.removed), where: '' }
    case 'ids': {
      const [first] = difference.changes
      const what = markup`other ids: ${counted(difference.changes.length, 'id')}`
      return { place: first?.row === undefined ? 'n-ids' : `r${first.row}`, what, where: '' }
    }
    default: {
      const never: never = difference
      return never
    }
  }
}

function rowPlace(rows: readonly Row[], row: number): { place: string; where: string } {
  const kind = rows[row]?.kind
  return { place: `r${row}`, where: `row ${row + 1}${kind === undefined ? '' : `, ${KIND_NAMES[kind]}`}` }
}

function nameOf(row: Row | undefined): Markup {
  if (row === undefined) return NONE
  return row.kind === 'tool_call' ? markup`the call ${callName(row)}` : markup`a ${KIND_NAMES[row.kind]}`
}

function callName(row: Row | undefined): Markup {
  const call = callOf(row)
  return call === undefined ? NONE : markup`<code>${foreign(headOf(call.name, LONGEST_VALUE))}</code> `
}

function wordsText(words: readonly WordChange[]): Markup {
  const count = (kind: WordChange['kind']): number =>
    words.reduce((sum, word) => (word.kind === kind ? sum + (word.text.match(/\S+/g)?.length ?? 0) : sum), 0)
  const [removed, added] = [count('removed'), count('added')]
  if (removed + added === 0) return markup`only white space differs`
  const places = words.filter(({ kind }, at) => kind !== 'same' && (at === 0 || words[at - 1]?.kind === 'same')).length
  return markup`${counted(places, 'place')}: <span class="minus">−${grouped(removed)}</span> <span class="plus">+${grouped(added)}</span> words, ${commonText(words)}`
}

function endOf(kind: 'stop' | 'outcome', message: SideMessage | undefined): Markup {
  if (message === undefined) return NONE
  const { parts } = kind === 'stop' ? stopTold(message.stop) : outcomeTold(message.outcome)
  return toldMarkup({ parts })
}

function countText(count: JsonValue | undefined): Markup {
  if (typeof count === 'number') return markup`${grouped(count)}`
  return count === undefined ? markup`<i>${NOT_TOLD}</i>` : jsonLine(count, LONGEST_VALUE)
}

function changesText(changes: readonly JsonChange[]): Markup {
  const all = changes.slice(0, MOST_PLACES).map(({ path, reference, side }) => {
    const name = path.length === 0 ? NONE : markup`<code>${foreign(headOf(pathText(path), 2 * LONGEST_VALUE))}</code> `
    const [one, other] = differingEnds(reference, side)
    return markup`${name}${valueText(one)} → ${valueText(other)}`
  })
  return listed(all, changes.length)
}

/** Of two long texts, what is left from shortly before they differ: their equal beginnings say nothing. */
function differingEnds(
  one: JsonValue | undefined,
  other: JsonValue | undefined,
): readonly [JsonValue | undefined, JsonValue | undefined] {
  if (typeof one !== 'string' || typeof other !== 'string') return [one, other]
  const same = commonStart(one, other)
  if (same < LONGEST_VALUE) return [one, other]
  return [`…${tailOf(one, one.length - same + BEFORE)}`, `…${tailOf(other, other.length - same + BEFORE)}`]
}

function valueText(value: JsonValue | undefined): Markup {
  return value === undefined ? markup`<i>nothing</i>` : jsonLine(value, LONGEST_VALUE)
}

function anomaliesText(added: readonly Anomaly[], removed: readonly Anomaly[]): Markup {
  const all = [
    ...added.map(({ kind }) => markup`<span class="plus">+</span><code>${kind}</code>`),
    ...removed.map(({ kind }) => markup`<span class="minus">−</span><code>${kind}</code>`),
  ]
  return listed(all.slice(0, MOST_PLACES), all.length)
}

function listed(shown: readonly Markup[], count: number): Markup {
  return markup`${joined(shown, markup`; `)}${count > shown.length && markup`; and ${count - shown.length} more`}`
}
