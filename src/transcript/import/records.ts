/**
 * A file of JSON lines as records, with what is wrong with the file. Agents append to such files and are killed while they do: the last
 * record may be torn, the next one is then written right behind it, two writers glue records together, and a power cut leaves NULs.
 * Linear in the size of the file, also if it is one line.
 */
import { isObject, parseJson, type JsonObject } from '../../json.ts'
import type { Problem } from './imported.ts'

export interface SessionRecord {
  /** The line on which it stands, from 1. */
  readonly line: number
  readonly value: JsonObject
  /** The record as it is written. */
  readonly text: string
}

export interface SessionFile {
  readonly records: readonly SessionRecord[]
  readonly problems: readonly Problem[]
}

/** What nests deeper is no record of an agent; everything here may recurse over what does not. */
const MAX_DEPTH = 200

/** How many places of a damaged line may be tried as the start of a record: each costs at most the length of the line. */
const MAX_STARTS = 64

/** Reads all records that are whole, whatever stands between them. */
export function readRecords(file: string | Uint8Array): SessionFile {
  const text = typeof file === 'string' ? file : new TextDecoder().decode(file)
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n')
  const read = lines.map((line, index) => readLine(line, index + 1, index === lines.length - 1))
  const shapes = new Set(
    read.flatMap(({ parts }) => parts.flatMap((part) => (typeof part === 'string' ? [] : shapeOf(part.value)))),
  )
  const records: SessionRecord[] = []
  const problems: Problem[] = []
  for (const { line, parts, problems: own } of read) {
    problems.push(...own)
    for (const part of parts) {
      const record = typeof part === 'string' ? findRecord(part, line, shapes) : part
      if (record !== undefined) records.push(record)
    }
  }
  return { records, problems }
}

interface ReadLine {
  readonly line: number
  /** Its records, and what could not be read between them. */
  readonly parts: readonly (SessionRecord | string)[]
  readonly problems: readonly Problem[]
}

function readLine(text: string, line: number, isLast: boolean): ReadLine {
  const whole = readRecord(text, line)
  if (whole !== undefined) return { line, parts: [whole], problems: [] }
  const hasNul = text.includes('\0')
  const content = (hasNul ? text.replaceAll('\0', '') : text).trim()
  const problems = hasNul ? [damaged(line, 'NUL bytes stand on the line')] : []
  if (content === '') return { line, parts: [], problems }
  const { pieces, rest } = splitRecords(content)
  const parts = pieces.map((piece) => readRecord(piece, line) ?? piece)
  const isReadable = parts.every((part) => typeof part !== 'string')
  if (parts.filter((part) => typeof part !== 'string').length > 1) {
    problems.push({ kind: 'glued_records', line, text: 'several records stand on one line' })
  }
  if (isReadable && rest === '') return { line, parts, problems }
  if (isReadable && isLast) {
    problems.push({ kind: 'torn_tail', line, text: 'the file ends within a record' })
    return { line, parts, problems }
  }
  if (!hasNul) problems.push(damaged(line, isReadable ? 'a record ends too early' : 'the line is not a record'))
  return { line, parts: rest === '' ? parts : [...parts, rest], problems }
}

function damaged(line: number, text: string): Problem {
  return { kind: 'damaged_line', line, text }
}

function readRecord(text: string, line: number): SessionRecord | undefined {
  const value = parseJson(text)
  return isObject(value) && !isDeep(value, MAX_DEPTH) ? { line, value, text: text.trim() } : undefined
}

function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return left === 0 || Object.values(value).some((item) => isDeep(item, left - 1))
}

/** Objects that stand one behind the other, and what comes after the last of them that is whole. */
function splitRecords(text: string): { readonly pieces: readonly string[]; readonly rest: string } {
  const pieces: string[] = []
  let depth = 0
  let start = 0
  let isInString = false
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (isInString) {
      if (char === '\\') at += 1
      else if (char === '"') isInString = false
    } else if (char === '"') isInString = true
    else if (char === '{' || char === '[') depth += 1
    else if (char === '}' || char === ']') {
      depth -= 1
      if (depth < 0) break
      if (depth === 0) {
        pieces.push(text.slice(start, at + 1))
        start = at + 1
      }
    }
  }
  return { pieces, rest: text.slice(start).trim() }
}

/** The names of a record's fields: what tells a record from an object that stands within one. */
function shapeOf(value: JsonObject): string {
  return Object.keys(value).join('\n')
}

/** A record that was written right behind one that had been cut off: it goes to the end of the line, and the file has others like it. */
function findRecord(text: string, line: number, shapes: ReadonlySet<string>): SessionRecord | undefined {
  let tries = 0
  for (let at = text.indexOf('{"', 1); at !== -1 && tries < MAX_STARTS; at = text.indexOf('{"', at + 1)) {
    tries += 1
    const found = readRecord(text.slice(at), line)
    if (found !== undefined && shapes.has(shapeOf(found.value))) return found
  }
  return undefined
}
