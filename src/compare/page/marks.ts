/** The differences of a comparison, by the place where the page shows them. */
import type { AbsentDifference, Comparison, Difference, IdChange, JsonChange, WordChange } from '../comparison.ts'
import type { Figure } from '../figures.ts'
import { movedIn, type Moved } from '../order.ts'

/** What is different in one cell, and from which end it is seen. */
export interface CellMarks {
  /** `both`: of three or more sides the reference is plain, and each other one shows what it lacks too. */
  readonly view: 'reference' | 'side' | 'both'
  readonly words?: readonly WordChange[]
  readonly input: readonly JsonChange[]
  readonly call: readonly JsonChange[]
  readonly block: readonly JsonChange[]
  readonly absent?: AbsentDifference['only']
  readonly moved?: Moved
  readonly id?: IdChange
}

interface Gathered {
  words?: readonly WordChange[]
  input: JsonChange[]
  call: JsonChange[]
  block: JsonChange[]
  absent?: AbsentDifference['only']
  moved?: Moved
  id?: IdChange
}

export class Marks {
  readonly #comparison: Comparison
  readonly #cells = new Map<string, Gathered>()

  constructor(comparison: Comparison) {
    this.#comparison = comparison
    for (const difference of comparison.differences) this.#note(difference)
  }

  /** What is marked in the cell of a side; undefined if nothing is. */
  cell(row: number, side: number): CellMarks | undefined {
    const { reference, sides } = this.#comparison
    const areTwo = sides.length === 2
    if (side === reference && !areTwo) return undefined
    const gathered = this.#cells.get(`${row} ${side === reference ? 1 - side : side}`)
    if (gathered === undefined) return undefined
    return { ...gathered, view: areTwo ? (side === reference ? 'reference' : 'side') : 'both' }
  }

  /** How the row differs, on any side. Without `isContent` the call is the same: it moved, or has another id. */
  change(row: number): { readonly isContent: boolean; readonly isMoved: boolean; readonly hasOtherId: boolean } {
    const found = this.#comparison.sides.flatMap((_, side) => this.#cells.get(`${row} ${side}`) ?? [])
    return {
      isContent: found.some(
        ({ words, input, call, block, absent }) =>
          input.length + call.length + block.length > 0 || words !== undefined || absent !== undefined,
      ),
      isMoved: found.some(({ moved }) => moved !== undefined),
      hasOtherId: found.some(({ id }) => id !== undefined),
    }
  }

  /** Whether a number of the side differs from the reference, as far as that counts. */
  hasNumber(side: number, { isIn }: Figure): boolean {
    return this.#comparison.differences.some((difference) => difference.side === side && isIn(difference))
  }

  #note(difference: Difference): void {
    const { side } = difference
    switch (difference.kind) {
      case 'words':
        this.#at(difference.row, side).words = difference.words
        break
      case 'absent':
        this.#at(difference.row, side).absent = difference.only
        break
      case 'input':
      case 'call':
      case 'block':
        this.#at(difference.row, side)[difference.kind].push(...difference.changes)
        break
      case 'order':
        for (const [row, moved] of movedIn(difference, this.#comparison.rows)) this.#at(row, side).moved = moved
        break
      case 'ids':
        for (const change of difference.changes) {
          if (change.row !== undefined) this.#at(change.row, side).id = change
        }
        break
      case 'messages':
      case 'stop':
      case 'outcome':
      case 'usage':
      case 'times':
      case 'anomalies':
        break
      default: {
        const never: never = difference
        return never
      }
    }
  }

  #at(row: number, side: number): Gathered {
    const key = `${row} ${side}`
    const known = this.#cells.get(key) ?? { input: [], call: [], block: [] }
    this.#cells.set(key, known)
    return known
  }
}
