/**
 * Compares our native form with what an official SDK accumulates from the same bytes (I7), for every dialect through the same code. Where
 * the two differ, a checked-in list of exceptions says so, and what only we have must stand on the wire.
 */
import { isObject, type JsonValue } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'
import { differences } from './differences.ts'

/** What an SDK builds from a stream, as JSON without what the SDK adds of its own, or the text of what it throws. */
export type Accumulated = { readonly message: JsonValue } | { readonly throws: string }

export interface FidelityException<Class extends string, Oracle extends string> {
  readonly file: string
  readonly class: Class
  readonly oracle: Oracle | 'both'
  /** What the SDK throws. */
  readonly throws?: string
  /** As `differences` writes them: `+` only ours, `-` only the SDK's, `~` both, not equal. */
  readonly paths: readonly string[]
}

/** How one dialect is compared. */
export interface Comparison<Oracle extends string> {
  readonly oracles: readonly Oracle[]
  /** The responses in a stream, each as the body that a server would send. */
  bodiesOf(stream: CorpusStream): readonly Uint8Array[]
  /** Our native form of a body, as JSON. */
  nativeOf(body: Uint8Array): Promise<JsonValue>
  accumulate(body: Uint8Array, oracle: Oracle): Promise<Accumulated>
  /** Takes away what makes the SDK throw, so that the rest can be compared. */
  mend(body: Uint8Array): Uint8Array
  /** Everything that stands on the wire: its payloads, and what a simple reader puts together from them. */
  wireOf(stream: CorpusStream): readonly JsonValue[]
}

export interface Compared<Oracle extends string> {
  readonly file: string
  readonly oracle: Oracle
  readonly throws?: string
  readonly paths: readonly string[]
  /** What only we have, or have otherwise, and no event of the wire holds. */
  readonly unfounded: readonly string[]
}

export async function compareStream<Oracle extends string>(
  stream: CorpusStream,
  { oracles, bodiesOf, nativeOf, accumulate, mend, wireOf }: Comparison<Oracle>,
): Promise<readonly Compared<Oracle>[]> {
  const { file } = stream
  const wire = wireOf(stream)
  const compared: Compared<Oracle>[] = []
  for (const body of bodiesOf(stream)) {
    const ours = await nativeOf(body)
    for (const oracle of oracles) {
      const theirs = await accumulate(body, oracle)
      const mended = 'throws' in theirs ? await accumulate(mend(body), oracle) : theirs
      const paths = 'throws' in mended ? [] : differences(ours, mended.message)
      const unfounded = paths
        .filter((path) => !path.startsWith('-'))
        .filter((path) => !wire.some((payload) => holds(payload, at(ours, path.slice(1)))))
        .map((path) => `${file} ${path}`)
      compared.push({ file, oracle, ...('throws' in theirs ? theirs : {}), paths, unfounded })
    }
  }
  return compared
}

export function isEqual({ throws, paths }: Compared<string>): boolean {
  return throws === undefined && paths.length === 0
}

/** What differs, in the form of the list: equal differences of several messages of a stream are one line. */
export function found(compared: readonly Compared<string>[]): string[] {
  const lines = new Map<string, number>()
  for (const one of compared) {
    if (isEqual(one)) continue
    const line = lineOf(one, one.oracle)
    lines.set(line, (lines.get(line) ?? 0) + 1)
  }
  return [...lines].map(([line, count]) => `${line} ×${count}`).toSorted()
}

/** The list as far as it speaks of the given oracles. */
export function listed<Oracle extends string>(
  exceptions: readonly FidelityException<string, Oracle>[],
  oracles: readonly Oracle[],
): string[] {
  return exceptions
    .flatMap((one) =>
      oracles
        .filter((oracle) => one.oracle === 'both' || one.oracle === oracle)
        .map((oracle) => `${lineOf(one, oracle)} ×1`),
    )
    .toSorted()
}

/** The streams of the given classes of exceptions, sorted. */
export function filesOf<Class extends string>(
  exceptions: readonly FidelityException<Class, string>[],
  classes: readonly Class[],
): string[] {
  return [...new Set(exceptions.filter((one) => classes.includes(one.class)).map(({ file }) => file))].toSorted()
}

function lineOf(
  { file, throws, paths }: { file: string; throws?: string; paths: readonly string[] },
  oracle: string,
): string {
  const thrown = throws === undefined ? '' : ` throws: ${throws};`
  return `${file} ${oracle}:${thrown} ${paths.toSorted().join(' ')}`
}

function at(value: JsonValue, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)
}

/** Whether a value stands somewhere in a payload. */
function holds(payload: JsonValue, value: JsonValue | undefined): boolean {
  if (value === undefined) return false
  if (differences(payload, value).length === 0) return true
  if (typeof payload !== 'object' || payload === null) return false
  return Object.values(payload).some((inner: JsonValue) => holds(inner, value))
}
