/**
 * The recorded streams in `../shared/corpus` and the captures in `../shared/captures`, seen from the project's root. They are read in
 * place and never copied into the project. Where the folder is absent, its tests are skipped with a line that says so; with `CI=true`
 * that is a failure instead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isObject, type JsonObject } from '../../src/json.ts'
import { describeNeeding } from './needs.ts'

const SHARED = new URL('../../../shared/', import.meta.url)

export interface CorpusStream {
  /** Relative to the corpus, its name in every report. */
  readonly file: string
  readonly dialect: string
  readonly vendor: string
  /** Where it stands in the repository that it comes from; of several answers in one file, which. */
  readonly source: { readonly repository: string; readonly path: string; readonly index: number }
  readonly framing: string
  /** The stop reasons on the wire, without repeats. */
  readonly finish: readonly string[]
  readonly features: readonly string[]
  readonly size: number
  /** The request that it answers, where it is known. */
  readonly request: JsonObject | undefined
  /** The stream whose answer the request goes on from. */
  readonly continues: string | undefined
  /** It came as an AWS event stream, of which `read` gives the decoded frames. */
  readonly hasFrames: boolean
  read(): Uint8Array
  /** The bytes as they came: of a binary stream, what `read` gives was made of them. */
  readRaw(): Uint8Array
}

/** The streams of the corpus that a filter lets through, in the order of the index. */
export function corpusStreams(filter: (stream: CorpusStream) => boolean): readonly CorpusStream[] {
  index ??= readFileSync(inShared('corpus/index.jsonl'), 'utf8').split('\n').filter(Boolean).map(streamOf)
  return index.filter(filter)
}

/** The names of all captures, relative to their folder, sorted. */
export function captureNames(): readonly string[] {
  return readdirSync(inShared('captures/'), { recursive: true, encoding: 'utf8' }).toSorted()
}

export function readCapture(name: string): Uint8Array {
  return readFileSync(inShared(`captures/${name}`))
}

/** The lines of the session files that an agent has left behind, of all its files. */
export function sessionLines(agent: string): readonly string[] {
  const folder = inShared(`sessions/${agent}/`)
  return readdirSync(folder).flatMap((file) => readFileSync(new URL(file, folder), 'utf8').split('\n').filter(Boolean))
}

/** `describe` for tests that need one of the folders. */
export function describeShared(folder: 'corpus' | 'captures' | 'sessions', name: string, declare: () => void): void {
  const path = fileURLToPath(inShared(folder))
  describeNeeding(existsSync(path) ? undefined : `there is no ${path}`, name, declare)
}

let index: readonly CorpusStream[] | undefined

function inShared(path: string): URL {
  return new URL(path, SHARED)
}

/** What was collected of the quirks of wires, with where each was seen; it stands beside the corpus. */
export function readQuirks(): string {
  return readFileSync(inShared('quirks.md'), 'utf8')
}

function streamOf(line: string): CorpusStream {
  const entry: unknown = JSON.parse(line)
  if (!isObject(entry)) throw new Error(`corpus/index.jsonl: a line is no object: ${line.slice(0, 80)}`)
  const file = textOf(entry['file'], 'file')
  return {
    file,
    dialect: textOf(entry['dialect'], 'dialect'),
    vendor: textOf(entry['vendor'], 'vendor'),
    source: {
      repository: textOf(entry['source_repo'], 'source_repo'),
      path: textOf(entry['source_path'], 'source_path'),
      index: typeof entry['source_index'] === 'number' ? entry['source_index'] : 0,
    },
    framing: textOf(entry['framing'], 'framing'),
    finish: textsOf(entry['finish'], 'finish'),
    features: textsOf(entry['features'], 'features'),
    size: typeof entry['bytes'] === 'number' ? entry['bytes'] : 0,
    request: isObject(entry['request']) ? entry['request'] : undefined,
    continues: typeof entry['continues'] === 'string' ? entry['continues'] : undefined,
    hasFrames: typeof entry['raw_file'] === 'string',
    read: () => readFileSync(inShared(`corpus/${file}`)),
    readRaw: () => readRaw(file, entry['raw_file']),
  }
}

function readRaw(file: string, raw: unknown): Uint8Array {
  if (typeof raw !== 'string') return readFileSync(inShared(`corpus/${file}`))
  return new Uint8Array(Buffer.from(readFileSync(inShared(`corpus/${raw}`), 'utf8'), 'base64'))
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new Error(`corpus/index.jsonl: ${name} is no text`)
  return value
}

function textsOf(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value)) throw new Error(`corpus/index.jsonl: ${name} is no list`)
  return value.map((item: unknown) => textOf(item, name))
}
