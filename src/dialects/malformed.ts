/** What stands in a stream and is not what its protocol says: it is told, and kept as it was. */
import { jsonText } from '../json.ts'
import type { Operation } from '../operation.ts'

/** Where the choice is not known it may be about any of them. */
export function malformed(payload: unknown, choice: number | 'all' = 'all'): Operation {
  return { op: 'anomaly', choice, kind: 'malformed_event', detail: jsonText(payload) ?? 'undefined' }
}
