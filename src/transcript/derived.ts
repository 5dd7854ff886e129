/** What several rules read of one history, made once. */
import type { JsonObject } from '../json.ts'

export type Derivation<T> = (messages: readonly JsonObject[]) => T

const unshared = new WeakSet<readonly JsonObject[]>()

/** The same messages in an array that nobody changes while the rules look at it. */
export function unsharedHistory(messages: readonly JsonObject[]): readonly JsonObject[] {
  const own = [...messages]
  unshared.add(own)
  return own
}

/** The same function, which remembers what it made of an `unsharedHistory`. Any other array may be another one by the next time. */
export function onceForEach<T extends object>(derive: Derivation<T>): Derivation<T> {
  const known = new WeakMap<readonly JsonObject[], T>()
  return (messages) => {
    const before = known.get(messages)
    if (before !== undefined) return before
    const derived = derive(messages)
    if (unshared.has(messages)) known.set(messages, derived)
    return derived
  }
}
