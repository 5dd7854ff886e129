/** A dialect that is named, and not read yet. */
import type { Dialect } from '../message.ts'
import type { DialectDefinition } from './dialect.ts'

export function unread<D extends Dialect>(name: D): DialectDefinition<D> {
  return {
    name,
    opensBlocks: false,
    recognisesReplay: 'at_begin',
    endsBy: 'event',
    answersCalls: false,
    createTranslate: () => () => ({ operations: [] }),
    looksLike: () => 'no',
    begins: () => 'unknown',
    toNative: () => null,
  }
}
