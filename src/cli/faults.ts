/** `onefold fold --fault` and `--faults`: what becomes of a stream that is broken on purpose. */
import { counted } from '../compare/units.ts'
import { MisuseError } from '../errors.ts'
import type { FaultDialect } from '../recording/faults/fault-dialect.ts'
import { readRecordingFile } from '../node/recording-files.ts'
import { breakRecording, placesOf, plansFor, rangesOf } from '../recording/faults/break.ts'
import type { Folding } from '../recording/faults/folding.ts'
import { placesIn, type Effect, type FaultPlan } from '../recording/faults/plan.ts'
import { FAULT_PLANS, faultPlan, nearestTo } from '../recording/faults/plans.ts'
import { streamOf, type FaultStream } from '../recording/faults/stream.ts'
import { foldStream, tryEverywhere } from '../recording/faults/try.ts'
import type { Recording } from '../recording/format.ts'
import type { Console, ExitCode } from './command.ts'
import { printable, type Paint } from './terminal.ts'

/** What `--fault list` stands for in place of a plan. */
const LIST = 'list'

/** How often a plan is tried on one stream, if nobody says how often. */
const TRIES = 100

/** A fault as it was asked for: `PLAN` or `PLAN@position`. */
export interface AskedFault {
  readonly name: string
  readonly place: number | undefined
}

/** Throws `MisuseError('bad_argument')` for a position that is no number. */
export function readFault(text: string): AskedFault {
  const at = text.indexOf('@')
  if (at === -1) return { name: text, place: undefined }
  const position = text.slice(at + 1)
  if (!/^\d+$/.test(position)) {
    throw new MisuseError('bad_argument', `--fault ${text}: the position behind @ is not a whole number`)
  }
  return { name: text.slice(0, at), place: Number(position) }
}

/** Throws `MisuseError('bad_argument')` for what is no whole number; 0 without one. */
export function readSeed(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^-?\d+$/.test(text)) throw new MisuseError('bad_argument', `--seed ${text}: it must be a whole number`)
  return Number(text) | 0
}

export function asksForList(faults: readonly AskedFault[]): boolean {
  return faults.some(({ name }) => name === LIST)
}

/**
 * The recording with all the faults, in order, and for each a line that says where it struck. Throws
 * `MisuseError('bad_argument')` for a plan that there is not or that does not fit, with those that do.
 */
export function withFaults(
  recording: Recording,
  faults: readonly AskedFault[],
  seed: number,
): { readonly recording: Recording; readonly notes: readonly string[] } {
  const notes: string[] = []
  let broken = recording
  for (const { name, place } of faults) {
    const plan = planOf(name, broken)
    const places = placesOf(broken, plan)
    broken = breakRecording(broken, plan, { seed, ...(place === undefined ? {} : { place }) })
    const taken = place ?? places[0] ?? 0
    const which = place === undefined && places.length > 1 ? `, the first of ${placesText(plan, places)}` : ''
    notes.push(`${name}@${taken}: ${plan.about}${which}`)
  }
  return { recording: broken, notes }
}

function planOf(name: string, recording: Recording): FaultPlan {
  if (FAULT_PLANS.some((plan) => plan.name === name)) return faultPlan(name)
  const fitting = plansFor(recording).map((plan) => plan.name)
  throw new MisuseError(
    'bad_argument',
    `"${name}" is no fault; ${fitting.length === 0 ? 'none fits: it is no event stream of a dialect that onefold reads' : nearestTo(name, fitting)}`,
  )
}

/** Prints the plans that fit a file, where they can strike, and what they do. */
export async function listFaults(file: string, console: Console): Promise<ExitCode> {
  const recording = await readRecordingFile(file, 'keep')
  console.print(console.paint('bold', printable(file)))
  const stream = streamOf(recording)
  if (stream === undefined) {
    console.print('  no fault fits: it is no event stream of a dialect that onefold reads')
    return 0
  }
  for (const plan of FAULT_PLANS) {
    const places = placesIn(stream, plan)
    if (places.length === 0) continue
    const effect = plan.effects[stream.dialect] ?? 'undecidable'
    console.print(
      `  ${plan.name}: ${plan.about}\n    ${console.paint('dim', `${effect}, ${placesText(plan, places)}`)}`,
    )
  }
  return 0
}

function placesText({ at }: FaultPlan, places: readonly number[]): string {
  return at === 'stream' ? 'the whole stream' : `${at === 'byte' ? 'bytes' : 'events'} ${rangesOf(places)}`
}

/** What came of one plan on all the files of a dialect. */
interface Score {
  readonly plan: FaultPlan
  readonly dialect: FaultDialect
  readonly effect: Effect
  places: number
  tried: number
  readonly failures: Failure[]
}

interface Failure {
  readonly file: string
  readonly place: number
  readonly reason: string
  /** The command line that shows it. */
  readonly command: string
}

export interface TryOptions {
  readonly isJson: boolean
  readonly seed: number
  /** At how many places each plan is tried in one file. */
  readonly atMost: number | undefined
}

/**
 * Tries the plans that fit on every file. Prints a table and a score, or JSON; 1 if one failed, 2 if a file cannot be
 * read or none is an event stream. Throws `MisuseError('bad_argument')` for the standard input.
 */
export async function tryAllFaults(
  files: readonly string[],
  options: TryOptions,
  console: Console,
  plans: readonly FaultPlan[] = FAULT_PLANS,
): Promise<ExitCode> {
  if (files.includes('-')) throw new MisuseError('bad_argument', '--faults reads files, not the standard input')
  const scores = new Map<string, Score>()
  let [read, isMisused] = [0, false]
  for (const file of files) {
    try {
      const stream = await streamToTry(file, console)
      if (stream === undefined) continue
      read += 1
      const clean = foldStream(stream)
      for (const plan of plans) addScore(scores, { file, stream, clean }, plan, options)
    } catch (error) {
      if (!(error instanceof MisuseError)) throw error
      console.complain(error.message)
      isMisused = true
    }
  }
  const all = [...scores.values()]
  if (options.isJson) for (const score of all) console.print(JSON.stringify(jsonOf(score)))
  else console.print(tableOf(all, read, console.paint))
  // With nothing tried nothing is held.
  if (isMisused || read === 0) return 2
  return all.some(({ failures }) => failures.length > 0) ? 1 : 0
}

async function streamToTry(file: string, console: Console): Promise<FaultStream | undefined> {
  const recording = await readRecordingFile(file, 'keep')
  for (const { line, reason } of recording.problems) {
    console.complain(`${file}: line ${line}: ${reason}; what came before it is tried`)
  }
  const stream = streamOf(recording)
  if (stream === undefined) {
    console.complain(`${file}: no fault fits: it is no event stream of a dialect that onefold reads`)
  }
  return stream
}

interface ToTry {
  readonly file: string
  readonly stream: FaultStream
  readonly clean: Folding
}

/** Tries one plan on one file. */
function addScore(
  scores: Map<string, Score>,
  { file, stream, clean }: ToTry,
  plan: FaultPlan,
  { seed, atMost }: TryOptions,
): void {
  const { dialect } = stream
  const effect = plan.effects[dialect]
  const places = placesIn(stream, plan)
  if (effect === undefined || places.length === 0) return
  const { tried, failures } = tryEverywhere(stream, clean, plan, { seed, atMost: atMost ?? TRIES })
  const name = `${dialect} ${plan.name}`
  const score = scores.get(name) ?? { plan, dialect, effect, places: 0, tried: 0, failures: [] }
  scores.set(name, score)
  score.places += places.length
  score.tried += tried.length
  for (const { place, reason } of failures) {
    score.failures.push({ file, place, reason, command: commandOf(file, plan, place, seed) })
  }
}

function commandOf(file: string, plan: FaultPlan, place: number, seed: number): string {
  const name = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`
  return `onefold fold ${name} --fault ${plan.name}@${place}${seed === 0 ? '' : ` --seed ${seed}`}`
}

function jsonOf({ plan, dialect, effect, places, tried, failures }: Score): object {
  return { dialect, fault: plan.name, effect, places, tried, held: tried - failures.length, failures }
}

function tableOf(scores: readonly Score[], files: number, paint: Paint): string {
  const width = Math.max(5, ...scores.map(({ plan }) => plan.name.length))
  const lines: string[] = []
  for (const dialect of new Set(scores.map((score) => score.dialect))) {
    lines.push(paint('bold', dialect), `  ${'fault'.padEnd(width)}  effect       places    tried     held`)
    for (const { plan, effect, places, tried, failures } of scores.filter((score) => score.dialect === dialect)) {
      const numbers = [places, tried, tried - failures.length].map((number) => String(number).padStart(7)).join('  ')
      const line = `  ${plan.name.padEnd(width)}  ${effect.padEnd(11)}${numbers}`
      lines.push(failures.length === 0 ? line : paint('red', line))
    }
    lines.push('')
  }
  for (const { file, place, reason, command } of scores.flatMap(({ failures }) => failures)) {
    lines.push(
      `${paint('red', 'failed')}  ${printable(file)}: ${printable(reason)} (at ${place})`,
      `        ${printable(command)}`,
    )
  }
  // Of a plan that promises nothing nothing can be held.
  const judged = scores.filter(({ effect }) => effect !== 'undecidable')
  const tried = judged.reduce((sum, score) => sum + score.tried, 0)
  const failed = scores.reduce((sum, { failures }) => sum + failures.length, 0)
  const share = tried === 0 ? '' : `, ${((100 * (tried - failed)) / tried).toFixed(failed === 0 ? 0 : 2)} %`
  lines.push(
    `held ${tried - failed} of ${tried}${share}: ${counted(new Set(judged.map(({ plan }) => plan)).size, 'fault')} in ${counted(files, 'stream')}`,
  )
  return lines.join('\n')
}
