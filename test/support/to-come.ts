/** The dialects that have a name and are not read yet: what holds for every dialect is tried on the others. An entry that is read fails a test. */
import type { Dialect } from '../../src/message.ts'

const TO_COME: ReadonlySet<Dialect> = new Set<Dialect>([])

export function isRead(dialect: Dialect): boolean {
  return !TO_COME.has(dialect)
}
