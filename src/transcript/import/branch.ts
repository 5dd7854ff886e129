/** The branch of a tree of records that the session stands on: the way from its first record to the one that was written last. */
import { nonEmpty } from '../../json.ts'
import type { ImportDraft } from './draft.ts'
import type { SessionRecord } from './records.ts'

/**
 * A parent that is not in the file was damaged: the branch goes on with the record before it in the file, since nothing that is readable
 * may be lost with what is not.
 */
export function lastBranch(records: readonly SessionRecord[], id: string, parent: string): readonly SessionRecord[] {
  const places = new Map<string, number>()
  for (const [place, { value }] of records.entries()) {
    const name = nonEmpty(value[id])
    if (name !== undefined && !places.has(name)) places.set(name, place)
  }
  const branch: SessionRecord[] = []
  for (let place = records.length - 1; place >= 0;) {
    const record = records[place]
    if (record === undefined) break
    branch.push(record)
    const { value } = record
    const above = nonEmpty(value[parent])
    if (above === undefined && value[parent] === null) break
    const known = above === undefined ? undefined : places.get(above)
    // A parent stands above its children: no circle is walked.
    place = known !== undefined && known < place ? known : place - 1
  }
  return branch.toReversed()
}

/** The records without those whose id is there already, which are reported. */
export function distinctRecords(
  draft: ImportDraft,
  records: readonly SessionRecord[],
  id: string,
): readonly SessionRecord[] {
  const known = new Set<string>()
  return records.filter(({ line, value }) => {
    const name = nonEmpty(value[id])
    if (name === undefined) return true
    if (known.has(name)) {
      draft.report('duplicate_record', line, `the record ${name} is there already`)
      return false
    }
    known.add(name)
    return true
  })
}
