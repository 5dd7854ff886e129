/** `onefold start`, which `npm start` runs: the bundled recordings folded, beside what a plain loop makes of the same bytes. */
import { fileURLToPath } from 'node:url'
import type { AssistantMessage } from '../message.ts'
import { caseOf, findRecordings, readRecordingFile } from '../node/recording-files.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import type { Recording } from '../recording/format.ts'
import type { TurnEvent } from '../turn-event.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { plainLoop, type PlainResult } from './plain-loop.ts'
import { count, renderMessage } from './render.ts'
import { preview, type Paint } from './terminal.ts'

const usage = `onefold start [DIR]

Folds the recordings of a folder (the bundled ones, if none is named) and shows what each comes to, beside what a plain loop makes of it.`

/** The recording that is shown whole, since it shows most. */
const SHOWN_WHOLE = 'replayed-prefix'

interface Folded {
  readonly file: string
  readonly recording: Recording
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
  readonly plain: PlainResult
}

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const folder = args[0] ?? fileURLToPath(new URL('../../recordings', import.meta.url))
  const files = await findRecordings(folder)
  const all: Folded[] = []
  for (const file of files) all.push(await foldFile(file))
  const { print, paint, width } = console
  const wrong = all.filter((folded) => faultsOf(folded).length > 0)
  const right = all.filter((folded) => faultsOf(folded).length === 0)
  print(`${paint('bold', 'onefold')} folds an LLM provider's stream, whole or broken, into exactly one message.\n`)
  print(
    `${count(all.length, 'recorded stream')}. What a plain loop makes of ${wrong.length} of them, and what onefold makes of them:\n`,
  )
  print(table(wrong, width, paint))
  print(`\n${right.length} more, which the plain loop gets right too:\n`)
  print(wrap(right.map(({ file }) => caseOf(file)).join(', '), Math.min(width, 100)))
  const shown = all.find(({ file }) => caseOf(file) === SHOWN_WHOLE) ?? all[0]
  if (shown === undefined) return 0
  print(`\nOne of them whole, ${paint('bold', caseOf(shown.file))}: ${noteOf(shown.recording)}\n`)
  print(renderMessage(shown.message, paint))
  const command = 'node dist/cli/main.js fold'
  print(`\n  ${command} ${relative(shown.file)} --events    every event of it`)
  print(`  curl -N … | ${command} -    your own`)
  return 0
}

function noteOf({ header }: Recording): string {
  return header.provenance.note ?? header.provenance.from ?? header.provenance.kind
}

function wrap(text: string, width: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line.length + word.length + 3 > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line) => `  ${line}`).join('\n')
}

async function foldFile(file: string): Promise<Folded> {
  const recording = await readRecordingFile(file)
  const turn = assembleRecording(recording, { turn: caseOf(file) })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const body = new TextDecoder().decode(Buffer.concat(recording.chunks.map(({ bytes }) => bytes)))
  return { file, recording, message: await turn.message(), events, plain: plainLoop(body) }
}

function table(all: readonly Folded[], width: number, paint: Paint): string {
  const name = Math.max(...all.map(({ file }) => caseOf(file).length), 4)
  const faults = all.map((folded) => preview(faultsOf(folded).join(', '), 44))
  const plain = Math.max(...faults.map((fault) => fault.length), 12)
  const rows = all.map((folded, i) => {
    const ours = preview(describe(folded), Math.max(30, width - name - plain - 8))
    return `  ${caseOf(folded.file).padEnd(name)}  ${paint('red', (faults[i] ?? '').padEnd(plain))}  ${paint('green', ours)}`
  })
  return [paint('bold', `  ${''.padEnd(name)}  ${'a plain loop'.padEnd(plain)}  onefold`), ...rows].join('\n')
}

function describe({ message, events }: Folded): string {
  const calls = events.filter((event) => event.type === 'tool_call').length
  const blocks = message.content.map((block) => block.type.replace('_', ' '))
  const runs = calls === 0 ? '' : `, ${count(calls, 'call')} to run`
  const end = message.outcome.kind === 'complete' ? message.stop.reason : message.outcome.kind
  return `${end}: ${blocks.join(' + ') || 'no content'}${runs}`
}

/** What the plain loop gets wrong. */
function faultsOf({ message, events, plain }: Folded): string[] {
  const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
  const calls = events.filter((event) => event.type === 'tool_call').length
  const faults = []
  if (plain.error !== undefined) faults.push(`throws: ${plain.error}`)
  else if (plain.messages === 0) faults.push('ends without a message')
  if (plain.messages > 1) faults.push(`${plain.messages} messages`)
  if (plain.text.length > text.length) faults.push('text doubled')
  if (plain.text.length < text.length) faults.push('text lost')
  if (plain.error === undefined && plain.calls.length !== calls)
    faults.push(`runs ${count(plain.calls.length, 'tool')}, not ${calls}`)
  return faults
}

function relative(file: string): string {
  const cwd = process.cwd()
  return file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file
}

export const startCommand: Command = { usage, run }
