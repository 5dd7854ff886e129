/** `onefold start`, which `npm start` runs: the bundled recordings folded, beside what a plain loop makes of the same bytes. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { counted } from '../compare/units.ts'
import type { AssistantMessage } from '../message.ts'
import { caseOf, findRecordings, readRecordingFile } from '../node/recording-files.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import type { Recording } from '../recording/format.ts'
import type { TurnEvent } from '../turn-event.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { plainLoop, type PlainResult } from './plain-loop.ts'
import { renderMessage } from './render.ts'
import { preview, type Paint } from './terminal.ts'

const usage = `onefold start [DIR]

Folds the recordings of a folder (the bundled ones, if none is named) and shows what each comes to, beside what a plain loop
makes of it, for the dialects that are usually read by one.`

/** The recording that is shown whole, since it shows most. */
const SHOWN_WHOLE = 'replayed-prefix'

interface Folded {
  readonly file: string
  readonly recording: Recording
  readonly dialect: string
  /** The first message, with which the plain loop is compared. */
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  /** Undefined for a dialect that has no plain loop. */
  readonly plain: PlainResult | undefined
}

/** Of the bundled recordings so many of each dialect are shown, none like another; of a folder that is named, all. */
const ROWS = 5

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const [named] = args
  const folder = named ?? fileURLToPath(new URL('../../recordings', import.meta.url))
  const files = await findRecordings(folder)
  const all: Folded[] = []
  for (const file of files) all.push(await foldFile(file))
  const { print, paint, width } = console
  print(`${paint('bold', 'onefold')} folds an LLM provider's stream, whole or broken, into exactly one message.`)
  for (const [dialect, ofDialect] of byDialect(all)) {
    const isCompared = ofDialect.some(({ plain }) => plain !== undefined)
    const telling = isCompared ? wrongOf(ofDialect) : ofDialect
    const shown = named === undefined ? firstOfEach(telling).slice(0, ROWS) : telling
    const streams = `\n${paint('bold', dialect)}: ${counted(ofDialect.length, 'recorded stream')}`
    const verdict = isCompared ? `, ${telling.length} of which a plain loop gets wrong.` : '.'
    print(`${streams}${verdict}${shown.length < telling.length ? ' Some of them:' : ''}`)
    if (shown.length > 0) print(table(shown, width, paint, isCompared))
    const right = ofDialect.filter((folded) => !telling.includes(folded))
    const lines = right.map(({ file }) => caseOf(file)).join(', ')
    if (named !== undefined && right.length > 0) print(wrap(`right too: ${lines}`, Math.min(width, 120)))
  }
  const whole = all.find(({ file }) => caseOf(file) === SHOWN_WHOLE) ?? all[0]
  if (whole === undefined) return 0
  print(`\nOne of them whole, ${paint('bold', caseOf(whole.file))}: ${noteOf(whole.recording)}\n`)
  for (const message of whole.messages) print(renderMessage(message, paint))
  const command = commandOf(import.meta.url)
  print(`\n  ${command} start ${relative(dirname(whole.file))}    all of a dialect`)
  print(`  ${command} fold ${relative(whole.file)} --events    every event of one`)
  print(`  curl -N … | ${command} fold -    your own`)
  return 0
}

/** What to type for this program: an installed package has no file of its own that a user would name. */
function commandOf(url: string): string {
  if (url.includes('/node_modules/')) return 'npx onefold'
  return `node ${relative(fileURLToPath(new URL('main.js', url)))}`
}

/** Those that the plain loop gets wrong, the worst first. */
function wrongOf(all: readonly Folded[]): readonly Folded[] {
  return all.filter((folded) => harmOf(folded) < Infinity).toSorted((a, b) => harmOf(a) - harmOf(b))
}

/** The first of each harm, or, where there is no loop to do any, of each way in which the messages ended. */
function firstOfEach(all: readonly Folded[]): readonly Folded[] {
  const firsts = new Map<string, Folded>()
  for (const folded of all) {
    const kind = folded.plain === undefined ? folded.messages.map(endOf).join() : String(harmOf(folded))
    if (!firsts.has(kind)) firsts.set(kind, folded)
  }
  return [...firsts.values()]
}

function byDialect(all: readonly Folded[]): ReadonlyMap<string, readonly Folded[]> {
  const groups = new Map<string, Folded[]>()
  for (const folded of all) {
    groups.set(folded.dialect, [...(groups.get(folded.dialect) ?? []), folded])
  }
  return groups
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
  const message = await turn.message()
  const { dialect = message.dialect } = recording.header
  return { file, recording, dialect, message, messages: await turn.messages(), events, plain: plainLoop(body, dialect) }
}

/** A line for each message; what is said of the stream stands in the first. */
function table(all: readonly Folded[], width: number, paint: Paint, isCompared: boolean): string {
  const name = Math.max(...all.map(({ file }) => caseOf(file).length), 4)
  const faults = all.map((folded) => preview(faultsOf(folded).join(', '), 44))
  const plain = isCompared ? Math.max(...faults.map((fault) => fault.length), 12) + 2 : 0
  const rows = all.flatMap((folded, i) =>
    folded.messages.map((message, j) => {
      const ours = preview(describe(message, folded.events), Math.max(30, width - name - plain - 6))
      const [file, fault] = j === 0 ? [caseOf(folded.file), faults[i] ?? ''] : ['', '']
      return `  ${file.padEnd(name)}  ${paint('red', fault.padEnd(plain))}${paint('green', ours)}`
    }),
  )
  return [
    paint('bold', `  ${''.padEnd(name)}  ${(isCompared ? 'a plain loop' : '').padEnd(plain)}onefold`),
    ...rows,
  ].join('\n')
}

/** How a message ended: its outcome first, since only that says whether it is whole; then why the model stopped, if that is known. */
function endOf({ outcome, stop }: AssistantMessage): string {
  const why = 'error' in outcome ? ` (${outcome.error.class})` : ''
  return `${outcome.kind}${why}${stop.reason === 'unknown' ? '' : `, ${stop.reason}`}`
}

function describe(message: AssistantMessage, events: readonly TurnEvent[]): string {
  const calls = events.filter((event) => event.type === 'tool_call' && event.message === message.key).length
  const blocks = message.content.map((block) => block.type.replace('_', ' '))
  const runs = calls === 0 ? '' : `, ${counted(calls, 'call')} to run`
  return `${endOf(message)}: ${blocks.join(' + ') || 'no content'}${runs}`
}

/** What the plain loop gets wrong, the worst first. */
function faultsOf(folded: Folded): string[] {
  return faultsWithHarm(folded).map(({ fault }) => fault)
}

function harmOf(folded: Folded): number {
  return faultsWithHarm(folded)[0]?.harm ?? Infinity
}

function faultsWithHarm({ message, events, plain }: Folded): { readonly harm: number; readonly fault: string }[] {
  if (plain === undefined) return []
  const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
  const calls = events.filter((event) => event.type === 'tool_call').length
  const runs = plain.error === undefined ? plain.calls.length : calls
  const isWhole = message.outcome.kind === 'complete'
  const faults = [
    runs > calls && `runs ${counted(runs, 'tool')}, not ${calls}`,
    plain.text.length > text.length && (plain.text.includes(text) ? 'text doubled' : 'answers mixed'),
    plain.messages > 1 && `${plain.messages} messages`,
    plain.messages > 0 && !isWhole && 'takes it for whole',
    runs < calls && `runs ${counted(runs, 'tool')}, not ${calls}`,
    plain.text.length < text.length && 'text lost',
    plain.error !== undefined && `throws: ${plain.error}`,
    plain.error === undefined && plain.messages === 0 && 'ends without a message',
  ]
  return faults.flatMap((fault, harm) => (fault === false ? [] : [{ harm, fault }]))
}

function relative(file: string): string {
  const cwd = process.cwd()
  return file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file
}

export const startCommand: Command = { usage, run }
