/** The recordings that faults are tried on, and what comes of them when nothing breaks. */
import { readdirSync, readFileSync } from 'node:fs'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import { parseRecording, recordingOfBody, type Recording } from '../../src/recording/format.ts'
import type { Folding } from '../../src/recording/faults/folding.ts'
import { streamOf, type FaultStream } from '../../src/recording/faults/stream.ts'
import { foldStream } from '../../src/recording/faults/try.ts'

export interface Case {
  readonly name: string
  readonly recording: Recording
  readonly stream: FaultStream
  readonly clean: Folding
}

const ROOT = 'recordings'
const EXTENSION = '.recording'

/** Every recording of a dialect that is an event stream, comes whole and has nothing odd: the rule by which rows choose. */
export function cleanCases(dialect: FaultDialect): readonly Case[] {
  return allCases(dialect).filter(isClean)
}

/** Every recording of a dialect that is an event stream, also those that are broken already. */
export function allCases(dialect: FaultDialect): readonly Case[] {
  const names = readdirSync(`${ROOT}/${dialect}`).filter((file) => file.endsWith(EXTENSION))
  return names.toSorted().flatMap((file) => {
    const recording = parseRecording(readFileSync(`${ROOT}/${dialect}/${file}`, 'utf8'))
    return caseOf(file.slice(0, -EXTENSION.length), recording) ?? []
  })
}

/** A plain body as a case; undefined if it is no event stream. */
export function caseOfBody(name: string, bytes: Uint8Array): Case | undefined {
  return caseOf(name, recordingOfBody(bytes))
}

export function caseOf(name: string, recording: Recording): Case | undefined {
  const stream = streamOf(recording)
  return stream === undefined ? undefined : { name, recording, stream, clean: foldStream(stream) }
}

/** The case with another stream in its place, and what comes of that. */
export function havingStream(one: Case, stream: FaultStream): Case {
  return { ...one, stream, clean: foldStream(stream) }
}

export function isClean({ clean }: Case): boolean {
  return clean.messages.every(({ outcome, anomalies }) => outcome.kind === 'complete' && anomalies.length === 0)
}
