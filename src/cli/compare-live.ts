/** The live part of `onefold compare`: asks the endpoints of a file, shows how far they are, and gives what came. */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { observeRecording, type ObservedTurn } from '../compare/observed.ts'
import { MisuseError } from '../errors.ts'
import type { AssistantMessage, Outcome } from '../message.ts'
import type { Endpoint } from '../node/live/endpoints.ts'
import { checkedKeys, starring } from '../node/live/keys.ts'
import { askAll } from '../node/live/live.ts'
import { recordingFolder } from '../node/recording-folder.ts'
import type { Recording } from '../recording/format.ts'
import type { Console } from './command.ts'
import { liveProgress, type Screen } from './live-progress.ts'
import { version } from './version.ts'

export interface LiveAsked {
  /** As `readEndpoints` gives them. */
  readonly endpoints: readonly Endpoint[]
  readonly prompt: string
  readonly system?: string | undefined
  /** For the endpoints that do not say it themselves. */
  readonly maxTokens?: number | undefined
  /** The folder of the recordings. Default: one of its own, named by the date and time, in the working directory. */
  readonly out?: string | undefined
  /** Milliseconds that each answer may take. */
  readonly timeoutMs?: number | undefined
  /** Where the keys are. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One endpoint, by its name: its stream, as it stands in `file`; or, where no response came, the message that says why. */
export type LiveSide =
  | {
      readonly label: string
      readonly recording: Recording
      /** How it ended here: in a recording, a time that ran out is no more than an end by its reader. */
      readonly outcome: Outcome
      /** Undefined where it could not be written. */
      readonly file: string | undefined
      /** The model of the endpoint. */
      readonly model: string
      /** Puts `*` in place of a key that the recording has in pieces. */
      readonly star: <T>(value: T) => T
    }
  | { readonly label: string; readonly message: AssistantMessage; readonly model: string }

/** What a side came to, with the end that it had here. */
export function turnOf(side: LiveSide): ObservedTurn {
  const askedModel = side.model
  if ('message' in side) return { messages: [side.message], anomalies: [], askedModel }
  const { messages, ...turn } = side.star(observeRecording(side.recording))
  const [first, ...others] = messages
  // Not every request names its model.
  return { askedModel, ...turn, messages: first === undefined ? [] : [{ ...first, outcome: side.outcome }, ...others] }
}

export interface LiveSides {
  readonly sides: readonly LiveSide[]
  readonly folder: string
  /** Somebody pressed Ctrl-C. */
  readonly isStopped: boolean
  /** Whether every recording is in its file. */
  readonly isRecorded: boolean
}

/**
 * Asks all endpoints at once. Ctrl-C ends the streams, and what came is given; a second one ends the process. Throws `MisuseError`,
 * before anything is sent: for a key that is not set or stands in the prompt, an empty prompt, a folder that cannot be made.
 */
export async function askLive(
  { endpoints, prompt, system, maxTokens, out, timeoutMs, env }: LiveAsked,
  console: Console,
  screen: Screen = process.stderr,
): Promise<LiveSides> {
  // No folder is made for what cannot be asked.
  const star = starring(checkedKeys(endpoints, { prompt, ...(system === undefined ? {} : { system }) }, env))
  if (prompt.trim() === '') throw new MisuseError('bad_argument', 'the prompt is empty; write it behind the options')
  const recordedBy = `onefold ${await version()} compare`
  const path = out ?? unusedFolder()
  const failures: unknown[] = []
  const folder = recordingFolder(path, {
    onError: (error) => failures.push(error),
    nameOf: ({ order = 0 }) => endpoints[order - 1]?.name ?? '',
  })
  const stop = new AbortController()
  const onInterrupt = (): void => stop.abort()
  // Once: the second one does what it always does.
  process.once('SIGINT', onInterrupt)
  const progress = liveProgress(
    endpoints.map(({ name }) => name),
    console.paint,
    screen,
  )
  try {
    const question = {
      prompt,
      ...(system === undefined ? {} : { system }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
    }
    const answers = await askAll(endpoints, question, {
      env,
      sink: folder,
      signal: stop.signal,
      recordedBy,
      onEvent: (event) => progress.event(event),
      onError: (error) => failures.push(error),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    await folder.close()
    const sides = answers.map((answer, index): LiveSide => {
      const { name: label, model } = answer.endpoint
      if ('message' in answer) return { label, message: answer.message, model }
      const written = folder.files.find(({ header, isWhole }) => isWhole && header.order === index + 1)
      return { label, recording: answer.recording, outcome: answer.outcome, file: written?.path, model, star }
    })
    return { sides, folder: path, isStopped: stop.signal.aborted, isRecorded: failures.length === 0 }
  } finally {
    process.off('SIGINT', onInterrupt)
    progress.close()
    for (const failure of failures)
      console.complain(`not everything is recorded: ${failure instanceof Error ? failure.message : String(failure)}`)
  }
}

/** A name that nothing has yet. */
function unusedFolder(): string {
  const now = new Date()
  const parts = [
    now.getFullYear(),
    now.getMonth() + 1,
    now.getDate(),
    now.getHours(),
    now.getMinutes(),
    now.getSeconds(),
  ]
  const [year, month, day, ...time] = parts.map((part) => String(part).padStart(2, '0'))
  const name = `onefold-compare-${year}-${month}-${day}-${time.join('')}`
  let path = name
  for (let number = 2; existsSync(path); number += 1) path = `${name}-${number}`
  return path
}
