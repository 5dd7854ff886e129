/** The content of a message as cells: what is compared with what stands at the same place of another. */
import { copyFields, isObject, type JsonObject } from '../json.ts'
import type { AssistantMessage, ContentBlock, TextBlock, ToolCallBlock } from '../message.ts'
import type { BlockCell, Cell, Row, TextCell } from './comparison.ts'

/** A text without a character says nothing; neighbouring texts are one, since where a provider cuts them says nothing either. */
export function cellsOf({ content }: AssistantMessage): readonly Cell[] {
  const cells: Cell[] = []
  let run: NumberedText[] = []
  const endRun = (): void => {
    if (run.length > 0) cells.push(textCell(run))
    run = []
  }
  content.forEach((block, ordinal) => {
    if (block.type === 'text') {
      if (block.text !== '' || block.citations !== undefined) run.push({ block, ordinal })
      return
    }
    endRun()
    cells.push(cellOf(block, ordinal))
  })
  endRun()
  return cells
}

interface NumberedText {
  readonly block: TextBlock
  readonly ordinal: number
}

function textCell(run: readonly NumberedText[]): TextCell {
  const citations = run.flatMap(({ block }) => block.citations ?? [])
  return {
    kind: 'text',
    blocks: run.map(({ ordinal }) => ordinal),
    text: run.map(({ block }) => block.text).join(''),
    ...(citations.length === 0 ? {} : { citations }),
  }
}

function cellOf(block: Exclude<ContentBlock, TextBlock>, ordinal: number): Cell {
  const blocks = [ordinal]
  switch (block.type) {
    case 'refusal':
      return { kind: 'refusal', blocks, text: block.text }
    case 'thinking':
      return { kind: 'thinking', blocks, text: block.text, ...(block.redacted ? { redacted: true } : {}) }
    case 'tool_call':
      return { kind: 'tool_call', blocks, call: block }
    case 'tool_result':
    case 'media':
    case 'other':
      return { kind: block.type, blocks, block }
    default: {
      const never: never = block
      return never
    }
  }
}

/** What is another one each time, or numbers the block. */
const OWN_EACH_TIME: ReadonlySet<string> = new Set(['id', 'item', 'step', 'expires_at', 'thoughtSignature'])

/**
 * What a block says in neutral terms; of one that is not known, all, and of media, with `isOneDialect`, also what the wire says of it. Ids
 * of calls are no content.
 */
export function contentOf({ kind, block }: BlockCell, isOneDialect: boolean): JsonObject {
  const all: unknown = block
  const { wire, callId: _callId, ...content } = isObject(all) ? all : {}
  if (wire === undefined || kind === 'tool_result') return content
  if (kind === 'other') return { ...content, wire }
  return isOneDialect && isObject(wire) ? { ...content, wire: copyFields(wire, OWN_EACH_TIME) } : content
}

/** The call of a row, of the first side that has it. */
export function callOf(row: Row | undefined): ToolCallBlock | undefined {
  const cell = row?.cells.find((one) => one !== null)
  return cell?.kind === 'tool_call' ? cell.call : undefined
}
