/** `onefold record`: a program and a provider talk through a recorder, and what came back is in a folder. */
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { counted } from '../compare/units.ts'
import { MisuseError } from '../errors.ts'
import { isObject } from '../json.ts'
import { noteLine, runCommand, untilStopped } from '../node/child.ts'
import { startRecorder, type Recorder, type RecorderEvent } from '../node/record-proxy.ts'
import { readRecordingFile } from '../node/recording-files.ts'
import { recordingFolder, type RecordedFile, type RecordingFolder } from '../node/recording-folder.ts'
import { apiCallOf } from '../recording/api-call.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import type { Command, Console } from './command.ts'
import { progress } from './record-progress.ts'
import { patternOf } from './redact-option.ts'
import { preview, printable } from './terminal.ts'
import { version } from './version.ts'

const usage = `onefold record --upstream URL --out DIR [-- COMMAND ARGS…]

Stands between a program and a provider, on this machine, and writes each response to a file in DIR: its bytes, its chunks,
their times and how it ended. The command is started with the base-URL variables of the known SDKs and command lines set;
without one it records until Ctrl-C. Keys, cookies and what else is secret never reach a file.

  --upstream URL     the base URL of the API, such as https://api.anthropic.com
  --out DIR          the folder; it is made if it is not there
  --port N           the port to listen on; without it, one that is free
  --redact PATTERN   what else is secret: a text, or a regular expression as /…/ or /…/i; may be given several times
  --json             each recording as one line of JSON on the standard output, at the end

Exit code: that of the command; else 0 if everything was recorded, 1 if something was not, 2 for misuse, such as a command
that cannot be started.`

interface RecordSettings {
  readonly upstream: string
  readonly out: string
  readonly port: number
  readonly redact: readonly (string | RegExp)[]
  readonly isJson: boolean
  readonly command: readonly string[]
}

async function run(args: readonly string[], console: Console): Promise<number> {
  const settings = settingsOf(args)
  const { upstream, port, redact, command } = settings
  const by = `onefold ${await version()} record`
  const shown = progress(console)
  const missed: (RecorderEvent & { kind: 'not_recorded' })[] = []
  let failure: string | undefined
  const fail = (error: unknown): void => {
    if (failure !== undefined) return
    failure = error instanceof Error ? error.message : String(error)
    console.complain(`not everything is recorded: ${failure}`)
  }
  // The port and the upstream are looked at before a folder is made.
  const sink = lazyFolder(settings.out, fail)
  const recorder = await startRecorder({
    upstream,
    port,
    redact,
    sink: { open: (header) => sink.folder().open(header) },
    recordedBy: by,
    onError: fail,
    onEvent(event) {
      if (event.kind === 'not_recorded') missed.push(event)
      shown.event(event)
    },
  })
  let exitCode = 0
  try {
    sink.folder()
    if (command.length > 0) exitCode = await runCommand(command, recorder.env)
    else {
      console.print(pointers(recorder, settings))
      await untilStopped()
    }
  } finally {
    await recorder.close()
    await sink.folder().close()
    shown.clear()
  }
  const say = command.length === 0 ? console.print : noteLine
  const { files } = sink.folder()
  if (settings.isJson) for (const file of files) console.print(JSON.stringify(await jsonOf(file)))
  else say(await summary(files, settings.out, console))
  for (const { path, why } of missed) console.complain(`not recorded: ${preview(path, 80)}: ${why}`)
  if (exitCode !== 0) return exitCode
  return failure !== undefined || missed.some(isFinding) ? 1 : 0
}

/** A client that leaves, or tries a WebSocket first, does so by itself. */
function isFinding({ reason }: RecorderEvent & { kind: 'not_recorded' }): boolean {
  return reason === 'unreachable' || reason === 'unreadable' || reason === 'odd_status'
}

function settingsOf(args: readonly string[]): RecordSettings {
  const at = args.indexOf('--')
  const { values, positionals } = parseArgs({
    args: at < 0 ? [...args] : args.slice(0, at),
    allowPositionals: true,
    options: {
      upstream: { type: 'string' },
      out: { type: 'string' },
      port: { type: 'string' },
      redact: { type: 'string', multiple: true },
      json: { type: 'boolean' },
    },
  })
  const [stray] = positionals
  if (stray !== undefined)
    throw new MisuseError('bad_argument', `${preview(stray, 40)}: the command to start stands behind --`)
  if (values.upstream === undefined)
    throw new MisuseError('bad_argument', 'name the API with --upstream, such as https://api.anthropic.com')
  if (values.out === undefined || values.out === '')
    throw new MisuseError('bad_argument', 'name the folder for the recordings with --out')
  return {
    upstream: values.upstream,
    out: values.out,
    port: portOf(values.port),
    redact: (values.redact ?? []).map(patternOf),
    isJson: values.json ?? false,
    command: at < 0 ? [] : args.slice(at + 1),
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port
  throw new MisuseError('bad_option', `--port ${preview(text, 20)}: a port is a number from 1 to 65535`)
}

/** The folder, made when it is first asked for. */
function lazyFolder(path: string, onError: (error: unknown) => void): { folder(): RecordingFolder } {
  let folder: RecordingFolder | undefined
  return { folder: () => (folder ??= recordingFolder(path, { onError })) }
}

function pointers({ url, env }: Recorder, { upstream, out }: RecordSettings): string {
  const lines = Object.entries(env).map(([name, value]) => `  export ${name}=${value}`)
  return [
    `recording ${printable(upstream)} to ${printable(out)}; point a client at ${url}, then Ctrl-C:`,
    ...lines,
  ].join('\n')
}

interface Told {
  readonly file: string
  readonly status: number | undefined
  readonly dialect: string | undefined
  readonly model: string | undefined
  readonly outcome: string | undefined
  readonly ending: string
  readonly bytes: number
  readonly chunks: number
}

/** A larger recording is not folded for the summary. */
const LARGEST_FOLDED = 16 * 1024 * 1024

async function jsonOf(file: RecordedFile): Promise<Told> {
  const { header, ending, bytes, chunks, path, isWhole } = file
  const { request, response, dialect } = header
  const [method, asked] = [request?.method, request?.path]
  const call =
    typeof method === 'string' && typeof asked === 'string' ? apiCallOf(method, asked, request?.body) : undefined
  const isFolded = call?.operation === 'answer' && isWhole && bytes <= LARGEST_FOLDED && bytes > 0
  return {
    file: path,
    status: response?.status,
    dialect,
    model:
      call?.model ??
      (isObject(request?.body) && typeof request.body.model === 'string' ? request.body.model : undefined),
    outcome: isFolded ? await outcomeOf(path) : undefined,
    ending: isWhole && ending !== undefined ? ending : 'not written to its end',
    bytes,
    chunks,
  }
}

async function outcomeOf(path: string): Promise<string | undefined> {
  try {
    const messages = await assembleRecording(await readRecordingFile(path, 'keep')).messages()
    return [...new Set(messages.map(({ outcome }) => outcome.kind))].join(', ')
  } catch {
    // The file is there; that it cannot be read back is what `onefold fold` tells.
    return undefined
  }
}

async function summary(files: readonly RecordedFile[], out: string, { paint }: Console): Promise<string> {
  const lines: string[] = []
  for (const file of files) {
    const { status, dialect, model, outcome, ending, bytes } = await jsonOf(file)
    const parts = [
      String(status ?? ''),
      dialect,
      model,
      outcome,
      ending === 'eof' ? undefined : ending,
      counted(bytes, 'byte'),
    ]
    const told = parts.filter((part) => part !== undefined && part !== '').join(' · ')
    lines.push(`  ${printable(relative(out, file.path))}  ${paint('dim', preview(told, 160))}`)
  }
  return [`${counted(files.length, 'recording')} in ${printable(out)}`, ...lines].join('\n')
}

/** `onefold record`. */
export const recordCommand: Command = { usage, run }
