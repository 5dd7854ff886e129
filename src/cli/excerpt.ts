/** Pieces of foreign text for a line of a report. */
import { equalJson } from '../json.ts'
import type { Cell } from '../compare/comparison.ts'
import { cut } from './columns.ts'
import { preview } from './terminal.ts'

/** The text on one line from a place on, in at most so many columns; what is left out in front is marked. */
export function excerptFrom(text: string, from: number, columns: number): string {
  const start = from <= 0 ? 0 : wholeFrom(text, from)
  const dots = start === 0 ? '' : '…'
  return cut(`${dots}${preview(text.slice(start, start + columns * 16), columns * 4)}`, columns)
}

/** The first place from there on, or a few behind it, where a word begins; never the second half of a character. */
function wholeFrom(text: string, from: number): number {
  const space = text.slice(from, from + 12).search(/\s\S/)
  if (space >= 0) return from + space + 1
  const unit = text.charCodeAt(from)
  return unit >= 0xdc00 && unit <= 0xdfff ? from + 1 : from
}

/** What a cell says, as one text; not fit to be printed. */
export function textOf(cell: Cell): string {
  switch (cell.kind) {
    case 'text':
    case 'refusal':
    case 'thinking':
      return cell.redacted === true && cell.text === '' ? '(withheld by the provider)' : cell.text
    case 'tool_call': {
      const { call } = cell
      if (call.state === 'complete') return `${call.name} ${JSON.stringify(call.input)}`
      return `${call.name} ${call.arguments} (${call.state})`
    }
    case 'tool_result':
    case 'media':
    case 'other':
      return 'content' in cell.block && cell.block.content !== undefined
        ? asText(cell.block.content)
        : JSON.stringify(cell.block.wire)
    default: {
      const never: never = cell
      return never
    }
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Whether two cells say the same; what stands beside a text, such as citations, is not looked at. */
export function saysTheSame(one: Cell | null, other: Cell | null): boolean {
  if (one === null || other === null) return one === other
  if (one.kind !== other.kind) return false
  if (one.kind === 'tool_call' && other.kind === 'tool_call') {
    const [a, b] = [one.call, other.call]
    return a.name === b.name && a.state === 'complete' && b.state === 'complete'
      ? equalJson(a.input, b.input)
      : textOf(one) === textOf(other)
  }
  return textOf(one) === textOf(other)
}
