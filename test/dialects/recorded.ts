/** The recordings of a dialect as the events in them, for tests that break them. */
import { readdirSync, readFileSync } from 'node:fs'
import { Fold } from '../../src/fold.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { Dialect } from '../../src/message.ts'
import { parseRecording } from '../../src/recording/format.ts'
import { finishedFold, type Broken } from './finished-fold.ts'

export interface Recorded {
  readonly name: string
  readonly dialect: Dialect
  readonly events: readonly JsonValue[]
  /** The names of the events, where the wire has them. */
  readonly names: readonly (string | undefined)[]
}

/** Those that end as they should. */
export function recordedOf(dialect: Dialect): readonly Recorded[] {
  const folder = `recordings/${dialect}`
  const files = readdirSync(folder).filter((file) => file.endsWith('.recording'))
  return files.flatMap((file) => {
    const { chunks, ending } = parseRecording(readFileSync(`${folder}/${file}`, 'utf8'), { name: file })
    const text = new TextDecoder().decode(Uint8Array.from(chunks.flatMap(({ bytes }) => [...bytes])))
    const name = file.replace('.recording', '')
    return ending === 'eof' ? [{ name, dialect, ...eventsIn(text) }] : []
  })
}

function eventsIn(text: string): Pick<Recorded, 'events' | 'names'> {
  if (/^(event|data):/.test(text)) {
    const found = [...text.matchAll(/^(?:event: (.*)\n)?data: ?(.*)$/gm)]
    return {
      events: found.map(([, , data = '']) => (data === '[DONE]' ? data : JSON.parse(data))),
      names: found.map(([, name]) => name),
    }
  }
  const isLines = text
    .trim()
    .split('\n')
    .every((line) => line.startsWith('{') && line.endsWith('}'))
  const events: JsonValue[] = isLines
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [JSON.parse(text)]
  return { events, names: events.map(() => undefined) }
}

/** Folds events as bytes of an event stream. */
export function foldEvents({ dialect, names }: Recorded, events: readonly JsonValue[], at?: readonly number[]): Broken {
  const folding = new Fold({ dialect })
  const seen = events.flatMap((event, place) => {
    const name = names[at?.[place] ?? place]
    const data = typeof event === 'string' ? event : JSON.stringify(event)
    return folding.push(`${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`)
  })
  return finishedFold(folding, seen)
}

const VALUES: readonly JsonValue[] = [null, true, -1, 'x', [], [[null]], { a: { b: [1] } }]

/** The event with each of its values, at any depth, left out or of another type. */
export function* wrongVersionsOf(value: JsonValue, depth = 0): Generator<JsonValue> {
  if (depth > 0) yield* VALUES
  if (typeof value !== 'object' || value === null || depth > 7) return
  if (Array.isArray(value)) {
    for (const [at, item] of value.slice(0, 3).entries()) {
      for (const wrong of wrongVersionsOf(item, depth + 1)) yield value.with(at, wrong)
    }
    yield [...value, ...value]
    return
  }
  const proto: JsonObject = JSON.parse('{"__proto__":{"polluted":true}}')
  yield { ...value, ...proto, constructor: 'x' }
  for (const [key, item] of Object.entries(value)) {
    const { [key]: _left, ...others } = value
    yield others
    for (const wrong of wrongVersionsOf(item, depth + 1)) yield { ...value, [key]: wrong }
  }
}
