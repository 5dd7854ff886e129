/**
 * The arguments of a Gemini call that streams: each piece names a place by a JSON path, and a value or a part of a text there. The model
 * writes them in the order of the document, so the text of the JSON grows by each. A piece that goes back to a place which is written has
 * none in that text: it is refused, and the call is not to be trusted.
 */
import type { JsonObject, JsonValue } from '../json.ts'

interface Container {
  /** Under which name, or at which place, it stands in the one around it. */
  readonly segment: Segment
  readonly isArray: boolean
  readonly names: Set<string>
  count: number
}

type Segment = string | number

/** A piece has one of them. */
const VALUES = ['stringValue', 'numberValue', 'boolValue', 'nullValue'] as const

/** Deeper than any real arguments. */
const MAX_DEPTH = 512

export class PartialArguments {
  readonly #stack: Container[] = []
  /** The path of a text that goes on. */
  #open: string | undefined

  /** The text that a piece adds; undefined if it cannot be read, or comes out of order. */
  write(piece: JsonValue): string | undefined {
    if (typeof piece !== 'object' || piece === null || Array.isArray(piece)) return undefined
    const { jsonPath: path, willContinue } = piece
    if (typeof path !== 'string') return undefined
    const goesOn = path === this.#open
    const [kind, ...others] = VALUES.filter((name) => piece[name] !== undefined)
    // A text that goes on is no place for another value, and a place without any is none that could be written.
    if (others.length > 0 || (goesOn && kind !== undefined && kind !== 'stringValue')) return undefined
    if (!goesOn && kind === undefined && willContinue !== true) return undefined
    const value = goesOn ? textOf(piece.stringValue ?? '') : literalOf(piece)
    if (value === undefined) return undefined
    const isText = goesOn || typeof piece.stringValue === 'string'
    const end = isText && willContinue !== true ? '"' : ''
    const start = goesOn || value === '' ? '' : this.#moveTo(path)
    if (start === undefined) return undefined
    if (isText) this.#open = willContinue === true ? path : undefined
    return start + value + end
  }

  /** Begins with values that came whole and are to be followed by others. */
  begin(values: JsonObject): string {
    const names = Object.keys(values)
    this.#stack.push({ segment: '', isArray: false, names: new Set(names), count: names.length })
    return JSON.stringify(values).slice(0, -1)
  }

  /** Closes what is open, unless it is a text that was to go on. */
  end(): string {
    return this.#open === undefined ? this.#closeTo(0) : ''
  }

  /** The text up to the value at that path. */
  #moveTo(path: string): string | undefined {
    const segments = segmentsOf(path)
    if (segments === undefined) return undefined
    let common = Math.min(this.#stack.length, 1)
    while (common > 0 && common < segments.length && this.#stack[common]?.segment === segments[common - 1]) common += 1
    const inner = this.#stack[common - 1]
    const isNew = inner === undefined || hasRoom(inner, segments[common - 1])
    if (!isNew || segments.slice(common).some((segment) => typeof segment === 'number' && segment !== 0)) {
      return undefined
    }
    let text = this.#open === undefined ? '' : '"'
    this.#open = undefined
    text += this.#closeTo(common)
    for (const [at, segment] of segments.entries()) {
      if (at < common - 1) continue
      if (at >= common) {
        const isArray = typeof segment === 'number'
        this.#stack.push({ segment: segments[at - 1] ?? '', isArray, names: new Set(), count: 0 })
        text += isArray ? '[' : '{'
      }
      const container = this.#stack[at]
      if (container === undefined) continue
      if (container.count > 0) text += ','
      container.count += 1
      if (typeof segment === 'number') continue
      container.names.add(segment)
      text += `${JSON.stringify(segment)}:`
    }
    return text
  }

  #closeTo(depth: number): string {
    return this.#stack
      .splice(depth)
      .toReversed()
      .map(({ isArray }) => (isArray ? ']' : '}'))
      .join('')
  }
}

function hasRoom({ isArray, names, count }: Container, segment: Segment | undefined): boolean {
  if (typeof segment === 'number') return isArray && segment === count
  return segment !== undefined && !isArray && !names.has(segment)
}

/** The beginning of a value as JSON; of a text without its last quote. Empty if the piece has none. */
function literalOf({ stringValue, numberValue, boolValue, nullValue }: JsonObject): string | undefined {
  if (stringValue !== undefined) {
    const text = textOf(stringValue)
    return text === undefined ? undefined : `"${text}`
  }
  if (numberValue !== undefined) return typeof numberValue === 'number' ? JSON.stringify(numberValue) : undefined
  if (boolValue !== undefined) return typeof boolValue === 'boolean' ? String(boolValue) : undefined
  return nullValue === undefined ? '' : 'null'
}

function textOf(value: JsonValue): string | undefined {
  return typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : undefined
}

const SEGMENT = /\.([^.[\]]+)|\[(\d+)\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/y

/** The names and places of a path such as `$.recipe.steps[0]['a b']`. */
function segmentsOf(path: string): Segment[] | undefined {
  const segments: Segment[] = []
  SEGMENT.lastIndex = 1
  while (SEGMENT.lastIndex < path.length) {
    const [whole, name, place, single, double] = SEGMENT.exec(path) ?? []
    if (whole === undefined || segments.length >= MAX_DEPTH) return undefined
    const quoted = single ?? double
    segments.push(place === undefined ? (name ?? unescaped(quoted ?? '')) : Number(place))
  }
  return path.startsWith('$') && typeof segments[0] === 'string' ? segments : undefined
}

function unescaped(quoted: string): string {
  return quoted.replaceAll(/\\(.)/gs, '$1')
}
