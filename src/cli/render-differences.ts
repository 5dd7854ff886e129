/** Every difference in words, side by side: what it is about, and both values. */
import type { Anomaly } from '../anomaly.ts'
import type { Aspect, Difference, JsonChange, Row } from '../compare/comparison.ts'
import { TIME_LABELS, tokenLabel } from '../compare/figures.ts'
import { pathText } from '../compare/json-changes.ts'
import { movedIn } from '../compare/order.ts'
import { KIND_NAMES, NOT_TOLD, outcomeTold, stopTold } from '../compare/told.ts'
import { counted, duration, grouped, signed } from '../compare/units.ts'
import { wordChanges } from '../compare/words.ts'
import type { JsonValue } from '../json.ts'
import { hanging, pad } from './columns.ts'
import { callName, nameOf, toldText, type View } from './comparison-view.ts'
import { excerptFrom, textOf } from './excerpt.ts'
import { describeAnomaly } from './render.ts'
import { changedPlaces } from './render-words.ts'
import { preview, printable } from './terminal.ts'

/** What can be shown by itself. */
export type Part = 'text' | 'calls' | 'timing'

/** The differences that are seen in it. */
const PARTS: Readonly<Record<Part, ReadonlySet<Aspect>>> = {
  text: new Set(['text', 'thinking']),
  calls: new Set(['calls']),
  timing: new Set(['times']),
}

const MOST_DIFFERENCES = 60
const MOST_CHANGES = 12
const VALUE = 90
const ASPECT_WIDTH = 'anomalies'.length

/** Under the name of each side that differs, if there are several. */
export function renderDifferences(
  view: View,
  shown: readonly Difference[] = view.comparison.differences,
): readonly string[] {
  const { comparison, paint } = view
  if (shown.length === 0) return []
  const isPair = comparison.sides.length === 2
  const bySide = comparison.sides.flatMap((_, side): readonly string[] => {
    const own = shown.filter((difference) => difference.side === side)
    if (own.length === 0) return []
    const left = own.length - MOST_DIFFERENCES
    return [
      ...(isPair ? [] : [paint('bold', nameOf(view, side))]),
      ...own.slice(0, MOST_DIFFERENCES).flatMap((difference) => differenceLines(difference, view)),
      ...(left > 0 ? [paint('dim', `… and ${left} more; --json has all`)] : []),
    ]
  })
  return [paint('bold', 'differences'), ...bySide]
}

function differenceLines(difference: Difference, view: View): readonly string[] {
  const { paint, width } = view
  const indent = ASPECT_WIDTH + 4
  const name = paint('yellow', pad(difference.aspect, ASPECT_WIDTH))
  const blank = ' '.repeat(ASPECT_WIDTH)
  return sentences(difference, view).map(
    (sentence, index) => `  ${index === 0 ? name : blank}  ${hanging(sentence, width, indent)}`,
  )
}

/** What differs, each in a sentence of its own. */
function sentences(difference: Difference, view: View): readonly string[] {
  const { sides, rows, reference } = view.comparison
  const { side } = difference
  const [one, other] = [sides[reference], sides[side]]
  switch (difference.kind) {
    case 'words':
      return [placed(difference.row, rows, changedPlaces(difference.words, view.paint))]
    case 'absent': {
      const who = nameOf(view, difference.only === 'side' ? side : reference)
      const cell = rows[difference.row]?.cells[difference.only === 'side' ? side : reference]
      const says = cell === undefined || cell === null ? '' : excerptFrom(textOf(cell), 0, VALUE)
      const kind = rows[difference.row]?.kind
      const what = kind === undefined ? '' : KIND_NAMES[kind]
      return [placed(difference.row, rows, `${what} only in ${who}: ${says}`)]
    }
    case 'input':
    case 'call':
      return jsonSentences(
        difference.changes,
        view,
        side,
        callName(rows[difference.row]),
        difference.kind === 'input',
      ).map((sentence) => placed(difference.row, rows, sentence))
    case 'block':
      return jsonSentences(difference.changes, view, side, '', false).map((sentence) =>
        placed(difference.row, rows, sentence),
      )
    case 'order': {
      const moved = [...movedIn(difference, rows)]
      const told = moved.slice(0, MOST_CHANGES).map(([row, at]) => {
        const kind = rows[row]?.kind ?? 'other'
        const name = kind === 'tool_call' ? callName(rows[row]) : KIND_NAMES[kind]
        return `#${row + 1} ${name} (${at.what} ${at.reference} → ${at.what} ${at.side})`
      })
      return [`another order: ${told.join('; ')}${moved.length > MOST_CHANGES ? '; …' : ''}`]
    }
    case 'messages':
      return [`messages: ${difference.reference} → ${difference.count}`]
    case 'stop': {
      const [a, b] = [one?.messages[difference.message], other?.messages[difference.message]]
      if (a === undefined || b === undefined) return []
      return [ofMessage(difference.message, view, `${toldText(stopTold(a.stop))} → ${toldText(stopTold(b.stop))}`)]
    }
    case 'outcome': {
      const [a, b] = [one?.messages[difference.message], other?.messages[difference.message]]
      if (a === undefined || b === undefined) return []
      const [from, to] = [outcomeTold(a.outcome), outcomeTold(b.outcome)]
      return [ofMessage(difference.message, view, `${toldText(from)} → ${toldText(to)}`)]
    }
    case 'anomalies':
      return [
        ...anomalySentences(difference.removed, nameOf(view, reference)),
        ...anomalySentences(difference.added, nameOf(view, side)),
      ]
    case 'usage':
      return difference.changes.map(({ path, reference: from, side: to }) => {
        return `${tokenLabel(path) ?? printable(pathText(path))}: ${countText(from)} → ${countText(to)}`
      })
    case 'times':
      return difference.changes.map(({ time, referenceMs, sideMs }) => {
        const apart = signed(sideMs - referenceMs, duration)
        return `${TIME_LABELS[time]}: ${duration(referenceMs)} → ${duration(sideMs)} (${apart})`
      })
    case 'ids':
      return difference.changes.map(({ of, row, message, reference: from, side: to }) => {
        const what =
          of === 'call'
            ? `call${row === undefined ? '' : ` ${callName(rows[row])}`}`
            : `message${message === 0 ? '' : ` ${message + 1}`}`
        return `${what}: ${idText(from)} → ${idText(to)}`
      })
    default: {
      const never: never = difference
      return never
    }
  }
}

/** Those that say the same once, with how often they came. */
function anomalySentences(anomalies: readonly Anomaly[], who: string): readonly string[] {
  const alike = new Map<string, Anomaly>()
  for (const anomaly of anomalies) {
    const { count: _count, ...one } = anomaly
    const key = `${anomaly.kind}: ${describeAnomaly(one)}`
    const known = alike.get(key)
    alike.set(key, known === undefined ? anomaly : { ...one, count: (known.count ?? 1) + (anomaly.count ?? 1) })
  }
  const shown = [...alike.values()].slice(0, MOST_CHANGES)
  const left = alike.size - shown.length
  return [
    ...shown.map((anomaly) => `only in ${who}: ${anomaly.kind}: ${describeAnomaly(anomaly)}`),
    ...(left > 0 ? [`… and ${left} more; --json has all`] : []),
  ]
}

function placed(row: number, rows: readonly Row[], sentence: string): string {
  return rows.length > 1 ? `#${row + 1} ${sentence}` : sentence
}

function ofMessage(message: number, { comparison }: View, sentence: string): string {
  const isOnly = comparison.sides.every(({ messages }) => messages.length <= 1)
  return isOnly ? sentence : `message ${message + 1}: ${sentence}`
}

function jsonSentences(
  changes: readonly JsonChange[],
  view: View,
  side: number,
  name: string,
  isInput: boolean,
): readonly string[] {
  const shown = changes.slice(0, MOST_CHANGES).map((change) => {
    const path = preview(pathText(isInput ? ['arguments', ...change.path] : change.path), 120)
    return `${name === '' ? '' : `${name} `}${path}: ${changeText(change, view, side)}`
  })
  const left = changes.length - shown.length
  return left === 0 ? shown : [...shown, `… and ${left} more places; --calls and --json have all`]
}

/** Both values; of long texts where they differ. */
export function changeText({ reference: from, side: to }: JsonChange, view: View, side: number): string {
  if (from === undefined) return `only in ${nameOf(view, side)}, ${valueText(to)}`
  if (to === undefined) return `only in ${nameOf(view, view.comparison.reference)}, ${valueText(from)}`
  const areLong = typeof from === 'string' && typeof to === 'string' && from.length + to.length > VALUE
  if (areLong) return changedPlaces(wordChanges(from, to), view.paint)
  return `${valueText(from)} → ${valueText(to)}`
}

function valueText(value: JsonValue | undefined): string {
  return preview(JSON.stringify(value ?? null), VALUE)
}

function countText(value: JsonValue | undefined): string {
  if (typeof value === 'number') return grouped(value)
  return value === undefined ? NOT_TOLD : preview(JSON.stringify(value), 20)
}

function idText(id: string | undefined): string {
  return id === undefined ? 'none' : preview(id, 60)
}

/** The last line: whether they differ, in what, what was not shown (if only parts were), and what was not looked at. */
export function renderVerdict(
  { comparison, ignored, paint }: Pick<View, 'comparison' | 'ignored' | 'paint'>,
  parts: readonly Part[],
): string {
  const { differences } = comparison
  const aspects = [...new Set(differences.map(({ aspect }) => aspect))].join(', ')
  const number = counted(differences.length, 'difference')
  const isHidden = parts.length > 0 && differences.some(({ aspect }) => !parts.some((part) => PARTS[part].has(aspect)))
  const shown = isHidden ? `; shown: ${parts.join(', ')}` : ''
  const verdict =
    differences.length === 0 ? paint('green', 'no difference') : `${paint('red', number)}: ${aspects}${shown}`
  return ignored.length === 0 ? verdict : `${verdict} (ignored: ${ignored.join(', ')})`
}
