/** `onefold fold`: what a stream comes to. */
import { parseArgs } from 'node:util'
import { MisuseError } from '../errors.ts'
import { DIALECT_NAMES, isDialect } from '../dialects/definitions.ts'
import type { AssistantMessage } from '../message.ts'
import { importFile } from '../node/import-file.ts'
import { readRecordingFile } from '../node/recording-files.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import { looksLikeRecording, readRecording, type Recording } from '../recording/format.ts'
import type { AssembleOptions } from '../shell-options.ts'
import { toNative } from '../to-native.ts'
import { assemble, type Turn } from '../turn.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { asksForList, listFaults, readFault, readSeed, tryAllFaults, withFaults, type AskedFault } from './faults.ts'
import { renderLate, renderMessage } from './render.ts'
import { printable } from './terminal.ts'

const usage = `onefold fold FILE…|-

Folds recordings, .sse or .ndjson bodies, whole JSON answers, the answers in HAR files, or the standard input (-), and prints each message.

  --events          every turn event as it comes, one JSON object a line
  --json            each message as one line of JSON
  --native          each message in its provider's own form, as one line of JSON
  --dialect NAME    the wire format, where the stream does not show it
  --many            the stream carries many messages, one after the other

Faults: what becomes of the stream if it breaks.

  --fault PLAN[@N]  breaks it there first, or at the first place that there is; give it several times for several faults
  --fault list      the faults that fit, and where they can strike
  --faults          tries every fault and prints a score; also with --json
  --places N        at how many places each is tried in one file (100)
  --seed N          what a fault leaves open is decided by it

Exit code: 0 if every message is complete (with --faults: if all is as it must be), 1 if one is not, 2 for a file that
cannot be read (with --faults: also if no file is an event stream).`

type Form = 'text' | 'events' | 'json' | 'native'

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      events: { type: 'boolean' },
      json: { type: 'boolean' },
      native: { type: 'boolean' },
      many: { type: 'boolean' },
      dialect: { type: 'string' },
      fault: { type: 'string', multiple: true },
      faults: { type: 'boolean' },
      places: { type: 'string' },
      seed: { type: 'string' },
    },
  })
  if (positionals.length === 0)
    throw new MisuseError('bad_argument', 'name a file to fold, or - for the standard input')
  const forms = (['events', 'json', 'native'] as const).filter((form) => values[form])
  if (forms.length > 1) throw new MisuseError('bad_argument', `choose one of --${forms.join(' and --')}`)
  const form: Form = forms[0] ?? 'text'
  const { dialect } = values
  if (dialect !== undefined && !isDialect(dialect)) {
    throw new MisuseError('unknown_dialect', `--dialect ${dialect}: onefold reads ${DIALECT_NAMES.join(', ')}`)
  }
  const options: AssembleOptions = {
    ...(dialect === undefined ? {} : { dialect }),
    ...(values.many ? { many: true } : {}),
  }
  const seed = readSeed(values.seed)
  const faults = (values.fault ?? []).map(readFault)
  if (values.faults) {
    if (form === 'events' || form === 'native' || faults.length > 0 || dialect !== undefined || values.many) {
      throw new MisuseError('bad_argument', '--faults goes with --json, --places and --seed alone')
    }
    const atMost = readPlaces(values.places)
    return tryAllFaults(positionals, { isJson: form === 'json', seed, atMost }, console)
  }
  if (values.places !== undefined) throw new MisuseError('bad_argument', '--places goes with --faults')
  if (asksForList(faults) && (faults.length > 1 || form !== 'text')) {
    throw new MisuseError('bad_argument', '--fault list goes alone')
  }
  if (asksForList(faults) && positionals.includes('-')) {
    throw new MisuseError('bad_argument', '--fault list reads files, not the standard input')
  }
  if (values.seed !== undefined && faults.length === 0) {
    throw new MisuseError('bad_argument', '--seed goes with --fault or --faults')
  }
  const breaking = { faults, seed }
  return worstOf(positionals, console, (file, index) =>
    asksForList(faults)
      ? listFaults(file, console)
      : foldAll(file, form, options, console, { isFollowing: index > 0, breaking }),
  )
}

/** A file that cannot be read does not stop the others. */
async function worstOf(
  files: readonly string[],
  console: Console,
  foldFile: (file: string, index: number) => Promise<ExitCode>,
): Promise<ExitCode> {
  let worst: ExitCode = 0
  for (const [index, file] of files.entries()) {
    const code = await foldFile(file, index).catch((error: unknown) => {
      if (!(error instanceof MisuseError)) throw error
      console.complain(error.message)
      return 2 as const
    })
    if (code > worst) worst = code
  }
  return worst
}

function readPlaces(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const places = Number(text)
  if (Number.isInteger(places) && places > 0) return places
  throw new MisuseError('bad_argument', `--places ${text}: it must be a whole number, 1 or more`)
}

interface Breaking {
  readonly faults: readonly AskedFault[]
  readonly seed: number
}

interface ToFold {
  readonly turn: Turn
  readonly problems: readonly string[]
  /** What was broken, and where. */
  readonly notes: readonly string[]
}

interface Folded {
  readonly isFollowing: boolean
  readonly breaking: Breaking
  /** What the file was found to hold; it is read as a recording without it. */
  readonly recording?: Recording
}

/** Of a HAR, each answer that is in it. */
async function foldAll(
  file: string,
  form: Form,
  options: AssembleOptions,
  console: Console,
  folded: Folded,
): Promise<ExitCode> {
  if (!file.toLowerCase().endsWith('.har')) return foldOne(file, form, options, console, folded)
  const { recordings, leftOut } = await importFile(file)
  for (const problem of leftOut) console.complain(problem)
  if (recordings.length === 0) console.complain(`${file}: there is no answer of a known API in it`)
  let worst: ExitCode = leftOut.length > 0 || recordings.length === 0 ? 1 : 0
  for (const [index, { name, recording }] of recordings.entries()) {
    const isFollowing = folded.isFollowing || index > 0
    const code = await foldOne(`${file} (${name})`, form, options, console, { ...folded, isFollowing, recording })
    if (code > worst) worst = code
  }
  return worst
}

async function foldOne(
  file: string,
  form: Form,
  options: AssembleOptions,
  console: Console,
  { isFollowing, breaking, recording }: Folded,
): Promise<ExitCode> {
  const { turn, problems, notes } =
    file === '-'
      ? await turnOfInput(console.input, options, breaking)
      : await turnOfRecording(recording ?? (await readRecordingFile(file, 'keep')), file, options, breaking)
  for (const problem of problems) console.complain(`${file}: ${problem}; what came before it is folded`)
  if (form !== 'text') for (const note of notes) console.complain(`${file}: ${note}`)
  if (form === 'events') for await (const event of turn) console.print(JSON.stringify(event))
  const messages = await turn.messages()
  for (const message of messages) {
    if (form === 'text') {
      const title = console.paint('bold', file === '-' ? 'standard input' : printable(file))
      const broken = notes.map((note) => `\n  ${console.paint('yellow', note)}`).join('')
      console.print(`${isFollowing ? '\n' : ''}${title}${broken}\n${renderMessage(message, console.paint)}`)
    } else if (form === 'json') console.print(JSON.stringify(message))
  }
  if (form === 'text' && turn.anomalies.length > 0) {
    console.print(renderLate(turn.anomalies, console.paint))
  }
  // The choices of one answer are one answer; of a stream of many messages each is its own.
  if (form === 'native') for (const one of options.many ? messages : [messages]) printNative(file, one, console)
  const isComplete = messages.every((message) => message.outcome.kind === 'complete')
  return problems.length === 0 && isComplete ? 0 : 1
}

function printNative(file: string, one: AssistantMessage | readonly AssistantMessage[], console: Console): void {
  const messages = [one].flat()
  if (messages[0]?.dialect !== 'unknown') console.print(JSON.stringify(toNative(messages)))
  else console.complain(`${file}: no provider's form for a stream of unknown dialect; name it with --dialect`)
}

async function turnOfRecording(
  recording: Recording,
  name: string,
  options: AssembleOptions,
  breaking: Breaking,
): Promise<ToFold> {
  const problems = recording.problems.map(({ line, reason }) => `line ${line}: ${reason}`)
  try {
    const { recording: broken, notes } = withFaults(recording, breaking.faults, breaking.seed)
    return { turn: assembleRecording(broken, options), problems, notes }
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error
    throw new MisuseError(error.code, `${name}: ${error.message}`)
  }
}

/** A stream is folded while it comes; a recording, and what is to be broken, has to be read whole first. */
async function turnOfInput(
  input: AsyncIterable<Uint8Array>,
  options: AssembleOptions,
  breaking: Breaking,
): Promise<ToFold> {
  const chunks = input[Symbol.asyncIterator]()
  const first = await chunks.next()
  const bytes: Uint8Array = first.done ? new Uint8Array() : first.value
  if (!looksLikeRecording(firstLineOf(bytes)) && breaking.faults.length === 0)
    return { turn: assemble(startingWith(bytes, chunks), options), problems: [], notes: [] }
  const whole = [bytes]
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) whole.push(next.value)
  const recording = readRecording(Buffer.concat(whole), { name: 'standard input', damaged: 'keep' })
  return turnOfRecording(recording, 'standard input', options, breaking)
}

function firstLineOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  // The header may be longer than the first chunk; its beginning is enough to tell.
  return /^\s*\{"onefold":\d/.test(text) ? '{"onefold":1}' : text
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

export const foldCommand: Command = { usage, run }
