/** `onefold fold`: what a stream comes to. */
import { parseArgs } from 'node:util'
import { MisuseError } from '../errors.ts'
import { DIALECT_NAMES, isDialect } from '../dialects/definitions.ts'
import { toNative } from '../fold.ts'
import type { AssistantMessage } from '../message.ts'
import { readRecordingFile } from '../node/recording-files.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import { looksLikeRecording, readRecording } from '../recording/format.ts'
import type { AssembleOptions } from '../shell-options.ts'
import { assemble, type Turn } from '../turn.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { renderMessage } from './render.ts'
import { printable } from './terminal.ts'

const usage = `onefold fold FILE…|-

Folds recordings, .sse or .ndjson bodies, whole JSON answers, or the standard input (-), and prints each message.

  --events          every turn event as it comes, one JSON object a line
  --json            each message as one line of JSON
  --native          each message in its provider's own form, as one line of JSON
  --dialect NAME    the wire format, where the stream does not show it
  --many            the stream carries many messages, one after the other

Exit code: 0 if every message is complete, 1 if one is not, 2 for a file that cannot be read.`

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
  let worst: ExitCode = 0
  for (const [index, file] of positionals.entries()) {
    const code = await foldOne(file, form, options, console, index > 0).catch((error: unknown) => {
      if (!(error instanceof MisuseError)) throw error
      console.complain(error.message)
      return 2 as const
    })
    if (code > worst) worst = code
  }
  return worst
}

async function foldOne(
  file: string,
  form: Form,
  options: AssembleOptions,
  console: Console,
  isFollowing: boolean,
): Promise<ExitCode> {
  const { turn, problems } = file === '-' ? await turnOfInput(console.input, options) : await turnOfFile(file, options)
  for (const problem of problems) console.complain(`${file}: ${problem}; what came before it is folded`)
  if (form === 'events') for await (const event of turn) console.print(JSON.stringify(event))
  const messages = await turn.messages()
  for (const message of messages) {
    if (form === 'text') {
      const title = console.paint('bold', file === '-' ? 'standard input' : printable(file))
      console.print(`${isFollowing ? '\n' : ''}${title}\n${renderMessage(message, console.paint)}`)
    } else if (form === 'json') console.print(JSON.stringify(message))
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

async function turnOfFile(file: string, options: AssembleOptions): Promise<{ turn: Turn; problems: string[] }> {
  const recording = await readRecordingFile(file, 'keep')
  const problems = recording.problems.map(({ line, reason }) => `line ${line}: ${reason}`)
  return { turn: assembleRecording(recording, options), problems }
}

/** A stream is folded while it comes; a recording has to be read whole first. */
async function turnOfInput(
  input: AsyncIterable<Uint8Array>,
  options: AssembleOptions,
): Promise<{ turn: Turn; problems: string[] }> {
  const chunks = input[Symbol.asyncIterator]()
  const first = await chunks.next()
  const bytes: Uint8Array = first.done ? new Uint8Array() : first.value
  if (!looksLikeRecording(firstLineOf(bytes)))
    return { turn: assemble(startingWith(bytes, chunks), options), problems: [] }
  const whole = [bytes]
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) whole.push(next.value)
  const recording = readRecording(Buffer.concat(whole), { name: 'standard input', damaged: 'keep' })
  const problems = recording.problems.map(({ line, reason }) => `line ${line}: ${reason}`)
  return { turn: assembleRecording(recording, options), problems }
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
