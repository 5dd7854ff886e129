/** A trial: a command run once without a fault, then once under each fault, each time in a folder of its own, and judged. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MisuseError } from '../../errors.ts'
import { FAULT_DIALECTS, type FaultDialect } from '../../recording/faults/fault-dialect.ts'
import { expectationOf, type FaultPlan } from '../../recording/faults/plan.ts'
import { cellsNamed, cellsOf, type AskedCell, type TrialCell, type TrialPlaces } from '../../recording/trial/cells.ts'
import { rewritten, textsOf, type TrialCall } from '../../recording/trial/rewrite.ts'
import {
  endText,
  scoreRun,
  unfitness,
  type Meant,
  type TrialRun,
  type TrialVerdict,
} from '../../recording/trial/score.ts'
import { MARKS, type NamedTool } from '../../recording/trial/tools.ts'
import { readRecordingFile } from '../recording-files.ts'
import { TRIAL_APIS, type TrialApi } from './apis.ts'
import { commandEnv, commandLine, startCommand, type RunningCommand } from './child.ts'
import { markOf, startTrialProvider, type Asked, type TrialAnswers } from './provider.ts'

/** What the command is asked. It shares no text with the answers. */
export const TRIAL_PROMPT = 'What do two coffees at 3.20 and a cake at 4.50 cost? Note that I paid.'

export interface TrialOptions {
  /** A line for a shell. `{prompt}` in it stands for the prompt; without it the prompt comes last. */
  readonly command: string
  readonly prompt: string
  /** The API that the command must speak; undefined: that of its first question. */
  readonly api: TrialApi | undefined
  readonly plans: readonly FaultPlan[]
  /** If any, nothing but these. */
  readonly only: readonly AskedCell[]
  readonly places: TrialPlaces
  readonly seed: number
  /** How many answers of a run are broken. */
  readonly times: number
  /** How long a run may take. */
  readonly timeoutMs: number
  /** How many runs at once. */
  readonly jobs: number
  /** The command runs in the home and the folder of the user. */
  readonly keepHome: boolean
  readonly keepCwd: boolean
  readonly tool: NamedTool | undefined
  readonly signal?: AbortSignal
  /** Called before the first run under a fault, and behind each. */
  readonly onProgress?: (done: number, of: number) => void
}

/** A cell and what came of it. */
export interface JudgedCell {
  readonly cell: TrialCell
  readonly run: TrialRun
  readonly verdict: TrialVerdict
}

export type TrialResult =
  /** The command does not do without a fault what it is to do under one. */
  | { readonly kind: 'unfit'; readonly why: string; readonly run: TrialRun }
  | {
      readonly kind: 'judged'
      readonly dialect: FaultDialect
      readonly tool: string
      readonly cells: readonly JudgedCell[]
    }

/**
 * Runs the trial. Throws `MisuseError('bad_argument')` for a cell that does not fit, and `file_not_found` if the bundled recordings are
 * missing. An aborted signal ends what runs; what was judged by then is given.
 */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const answers = await readAnswers()
  const { run: clean, asked } = await runOnce(options, answers, undefined)
  const dialect = asked.dialect ?? 'openai-chat'
  const meant = meantBy(answers, dialect)
  const why = notAsked(asked, clean, options.api) ?? unfitness(clean, meant)
  if (why !== undefined) return { kind: 'unfit', why, run: clean }
  const cells = cellsFor(options, answers[dialect], dialect, asked.calls)
  const judged: (JudgedCell | undefined)[] = cells.map(() => undefined)
  let [next, done] = [0, 0]
  options.onProgress?.(0, cells.length)
  const isStopped = (): boolean => options.signal?.aborted === true
  const work = async (): Promise<void> => {
    for (let index = next++; !isStopped(); index = next++) {
      const cell = cells[index]
      if (cell === undefined) return
      const { run } = await runOnce(options, answers, cell)
      const expectation = expectationOf(cell.plan, dialect) ?? { effect: cell.effect }
      const verdict = scoreRun(clean, run, meant, expectation)
      if (isStopped()) return
      judged[index] = { cell, run, verdict }
      options.onProgress?.((done += 1), cells.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, cells.length) }, work))
  return {
    kind: 'judged',
    dialect,
    tool: asked.calls[0]?.name ?? '',
    cells: judged.flatMap((one) => one ?? []),
  }
}

function cellsFor(
  { only, plans, places }: TrialOptions,
  recordings: TrialAnswers[FaultDialect],
  dialect: FaultDialect,
  calls: readonly TrialCall[],
): readonly TrialCell[] {
  const named = {
    'note-and-sum': rewritten(recordings['note-and-sum'], calls, markOf(1)),
    'answer-after-tools': rewritten(recordings['answer-after-tools'], calls, markOf(2)),
  }
  return only.length > 0 ? cellsNamed(only, named, dialect, places) : cellsOf(named, dialect, plans, places)
}

async function readAnswers(): Promise<TrialAnswers> {
  const folder = fileURLToPath(new URL('../../../recordings', import.meta.url))
  const read = async (dialect: FaultDialect): Promise<TrialAnswers[FaultDialect]> => {
    const file = (name: string): string => join(folder, dialect, `${name}.recording`)
    return {
      'note-and-sum': await readRecordingFile(file('note-and-sum')),
      'answer-after-tools': await readRecordingFile(file('answer-after-tools')),
      'one-tool': await readRecordingFile(file('one-tool')),
      text: await readRecordingFile(file('text')),
    }
  }
  const [anthropic, chat, responses] = await Promise.all(FAULT_DIALECTS.map(read))
  if (anthropic === undefined || chat === undefined || responses === undefined) {
    throw new MisuseError('file_not_found', 'the bundled recordings are missing')
  }
  return { 'anthropic-messages': anthropic, 'openai-chat': chat, 'openai-responses': responses }
}

function meantBy(answers: TrialAnswers, dialect: FaultDialect): Meant {
  const said = textsOf(answers[dialect]['note-and-sum'])
  const answered = textsOf(answers[dialect]['answer-after-tools'])
  const texts = [...said.whole, ...answered.whole, ...said.pieces, ...answered.pieces]
  return { answer: answered.whole.join(''), texts }
}

/** Why the requests of a command are not what can be tried; undefined if they are. */
function notAsked(asked: Asked, { end }: TrialRun, api: TrialApi | undefined): string | undefined {
  const { dialect, questions, whole, besides, offered } = asked
  if (dialect === undefined && offered.length > 0) {
    const names = offered.map(({ name }) => name).join(', ')
    return `none of the tools that it offers is known to count: ${names}; name one with --tool and --tool-input`
  }
  if (dialect === undefined && besides.length > 0) {
    const paths = [...new Set(besides)].join(', ')
    return `it asked for ${paths} and never for an answer with tools, by /v1/messages, /v1/chat/completions or /v1/responses`
  }
  if (dialect === undefined) {
    const what = 'its base URL must come from ANTHROPIC_BASE_URL or OPENAI_BASE_URL, which are set for it'
    return `it ${endText(end)} and never asked the provider; ${what}`
  }
  if (api !== undefined && TRIAL_APIS[api] !== dialect) return `it speaks ${dialect}, not ${TRIAL_APIS[api]}`
  return whole === questions
    ? 'it asks for whole answers (stream is not true), so there is no stream to break'
    : undefined
}

/** Runs the command once, in new folders that are gone afterwards. */
async function runOnce(
  options: TrialOptions,
  answers: TrialAnswers,
  cell: TrialCell | undefined,
): Promise<{ readonly run: TrialRun; readonly asked: Asked }> {
  const folder = mkdtempSync(join(tmpdir(), 'onefold-trial-'))
  const [home, cwd, count] = ['home', 'work', 'count'].map((name) => join(folder, name))
  if (home === undefined || cwd === undefined || count === undefined) throw new Error('three folders were named')
  for (const path of [home, cwd, count]) mkdirSync(path)
  const file = join(count, 'runs')
  let command: RunningCommand | undefined
  const provider = await startTrialProvider({
    answers,
    file,
    seed: options.seed,
    times: options.times,
    hasRun: (call) => runsIn(file).includes(MARKS[call] ?? ''),
    onSilence: () => command?.interrupt(),
    ...(cell === undefined ? {} : { cell }),
    ...(options.tool === undefined ? {} : { tool: options.tool }),
  })
  try {
    const place = {
      url: provider.url,
      home: options.keepHome ? undefined : home,
      cwd: options.keepCwd ? process.cwd() : cwd,
      file,
    }
    command = startCommand(commandLine(options.command, options.prompt), {
      env: commandEnv(process.env, place),
      cwd: place.cwd,
      timeoutMs: options.timeoutMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const { end, out, err } = await command.over
    const { asked } = provider
    const lines = runsIn(file)
    const tidy = (text: string): string => text.replaceAll(folder, '~').replaceAll(provider.url, 'http://127.0.0.1')
    const run: TrialRun = {
      end,
      out: tidy(out),
      err: tidy(err),
      runs: MARKS.map((mark) => lines.filter((line) => line === mark).length),
      strays: [...lines.filter((line) => !MARKS.includes(line)), ...straysIn(folder, count)],
      refused: asked.refused,
      history: asked.history,
      broken: asked.broken,
    }
    return { run, asked }
  } finally {
    await provider.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** What the tools appended, line by line; a text that was written as JSON counts as the text. */
function runsIn(file: string): readonly string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    const bare = line.trim().replaceAll(/^"|"$/g, '')
    return bare === '' ? [] : [bare]
  })
}

/** Files beside the one that is counted in: a command that was cut writes elsewhere. */
function straysIn(folder: string, count: string): readonly string[] {
  const known = new Set(['home', 'work', 'count'])
  const own = readdirSync(folder).filter((name) => !known.has(name))
  const beside = readdirSync(count).filter((name) => name !== 'runs')
  return [...own, ...beside]
}
