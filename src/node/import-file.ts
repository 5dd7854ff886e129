/** Any file that holds answers of a provider, as recordings: recordings, plain bodies, HARs. */
import { basename, extname } from 'node:path'
import { looksLikeHar, recordingsOfHar } from '../recording/har.ts'
import { withoutHeaderSecrets } from '../recording/exchange.ts'
import { readRecording, type Recording } from '../recording/format.ts'
import type { RedactOptions } from '../recording/redact.ts'
import { fileNameOf } from './named-recordings.ts'
import { readBytes } from './recording-files.ts'

export interface ImportedFile {
  /** Each with a name for a file, without an extension; no two have the same. */
  readonly recordings: readonly { readonly name: string; readonly recording: Recording }[]
  /** What was left out, or is doubtful, and why; each a sentence that names the file and the place. */
  readonly leftOut: readonly string[]
}

/**
 * Reads a `.recording`, `.sse`, `.ndjson`, `.json` or `.har` file; what is damaged in it is left out and said. Secrets are taken out
 * of bodies and headers, of a recording's too. Throws `MisuseError` (`file_not_found`,
 * `bad_recording`, `bad_option`).
 */
export async function importFile(file: string, options: RedactOptions = {}): Promise<ImportedFile> {
  const bytes = await readBytes(file)
  const stem = basename(file, extname(file))
  if (extname(file).toLowerCase() === '.har' || isHar(bytes)) {
    const name = basename(file)
    const { recordings, leftOut, others } = await recordingsOfHar(textOf(bytes), { ...options, name })
    const problems = leftOut.map(({ entry, reason }) => `${entry === undefined ? '' : `entry ${entry}: `}${reason}`)
    if (others > 0) problems.push(`${others} ${others === 1 ? 'entry asks' : 'entries ask'} no known API`)
    return {
      recordings: recordings.map(({ recording, entry }) => ({ name: nameOf(stem, entry, recording), recording })),
      leftOut: problems.map((problem) => `${file}: ${problem}`),
    }
  }
  const recording = readRecording(bytes, { name: file, damaged: 'keep' })
  return {
    recordings: [{ name: stem, recording: await withoutSecrets(recording, options) }],
    leftOut: recording.problems.map(({ line, reason }) => `${file}: line ${line}: ${reason}`),
  }
}

/** The recordings in a file: one, or of a HAR as many as it has answers. Throws as `importFile` does. */
export async function readRecordings(file: string): Promise<Recording[]> {
  const { recordings } = await importFile(file)
  return recordings.map(({ recording }) => recording)
}

function isHar(bytes: Uint8Array): boolean {
  return looksLikeHar(new TextDecoder().decode(bytes.subarray(0, 4096)))
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function nameOf(stem: string, entry: number, { header }: Recording): string {
  const body = header.request?.body
  const model: unknown = typeof body === 'object' && body !== null && 'model' in body ? body.model : undefined
  const words = [stem, String(entry).padStart(4, '0'), header.dialect ?? '', typeof model === 'string' ? model : '']
  return fileNameOf(words.filter((word) => word !== ''))
}

async function withoutSecrets(recording: Recording, options: RedactOptions): Promise<Recording> {
  const { header, redactor } = await withoutHeaderSecrets(recording.header, options)
  const chunks: Recording['chunks'][number][] = []
  const stream = redactor.stream((chunk) => void chunks.push(chunk))
  for (const { ms, bytes } of recording.chunks) stream.push(ms, bytes)
  stream.flush()
  const marked = chunks.map((chunk, index) =>
    recording.chunks[index]?.redacted === true ? { ...chunk, redacted: true as const } : chunk,
  )
  return { ...recording, header, chunks: marked }
}
