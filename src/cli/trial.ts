/** `onefold trial`: the fault plans turned on somebody else's program. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { MisuseError } from '../errors.ts'
import { TRIAL_APIS, type TrialApi } from '../node/trial/apis.ts'
import { runTrial, TRIAL_PROMPT, type TrialOptions } from '../node/trial/trial.ts'
import { faultPlan } from '../recording/faults/plans.ts'
import { readCell, TRIAL_PLANS, type TrialPlaces } from '../recording/trial/cells.ts'
import { namedTool } from '../recording/trial/tools.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { readSeed } from './faults.ts'
import { progressLine, renderTrial, renderUnfit, trialJson } from './render-trial.ts'

const usage = `onefold trial --cmd 'COMMAND' [options]

Serves bundled recordings to a command that talks to a provider, each time with another fault in one answer, and scores what comes out:
did it finish or say honestly that it did not, was text doubled or lost, how often did each tool run, was the next request valid.
The command is a line for the shell. It gets the prompt where it says {prompt}, or as its last word, and finds the provider in the
variables ANTHROPIC_BASE_URL, OPENAI_BASE_URL and the like. Each run has a new HOME and a new folder, and no key of yours.

  --cmd COMMAND         what is tried; it must print the model's last text on its standard output
  --api API             anthropic, chat or responses; without it that of the command's first question
  --prompt TEXT         what the command is asked
  --tool NAME           the tool that the model calls; without it one named count or write_note, else a shell
  --tool-input JSON     what it calls the tool with: $RUN stands for the text that must stand in the file $ONEFOLD_TRIAL_COUNT, on
                        a line of its own, once for each run of the tool; $FILE for the name of that file
  --plans A,B,…         only these faults; onefold fold FILE --fault list says what they do
  --only CASE/PLAN@N    only this run, as the line under a red cell names it; may be given again
  --places first|all|N  where each fault strikes: the first place, all, or N evenly spread (default 1: in the middle)
  --times N|all         how many answers of a run are broken (default 1: who asks again gets a whole one)
  --seed N              what a plan leaves open is decided by it (default 0)
  --timeout SECONDS     how long a run may take (default 60)
  --jobs N              how many runs at once (default: one for each processor)
  --keep-home           the command sees your HOME
  --keep-cwd            the command runs in this folder
  --json                one JSON document in place of the table

Exit codes: 0 all held, 1 something did not, 2 the command cannot be tried, or the trial was interrupted. docs/trial.md tells more.`

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const OPTIONS = {
  cmd: text,
  api: text,
  prompt: text,
  tool: text,
  'tool-input': text,
  plans: text,
  only: { type: 'string', multiple: true },
  places: text,
  times: text,
  seed: text,
  timeout: text,
  jobs: text,
  'keep-home': flag,
  'keep-cwd': flag,
  json: flag,
} as const

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  const options = readOptions(values)
  const user = new AbortController()
  const stop = (): void => user.abort()
  process.once('SIGINT', stop)
  const progress = progressLine(process.stderr)
  try {
    const result = await runTrial({
      ...options,
      signal: user.signal,
      onProgress: (done, of) => progress.show(done, of),
    })
    progress.clear()
    if (user.signal.aborted) console.complain('interrupted; what follows is what was judged by then')
    if (values.json === true) console.print(trialJson(result, options))
    if (result.kind === 'unfit') {
      console.complain(`the command cannot be tried: without any fault, ${result.why}`)
      if (values.json !== true) console.print(renderUnfit(result.run, console.paint))
      return 2
    }
    if (values.json !== true) console.print(renderTrial(result, options, console.paint))
    if (result.cells.some(({ verdict }) => verdict.kind === 'failed')) return 1
    // With nothing tried nothing is held.
    return result.cells.length === 0 || user.signal.aborted ? 2 : 0
  } finally {
    progress.clear()
    process.off('SIGINT', stop)
  }
}

interface Values {
  readonly [name: string]: string | boolean | readonly string[] | undefined
}

/** Throws `MisuseError('bad_argument')` for what is missing or out of its range. */
function readOptions(values: Values): TrialOptions {
  const one = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const command = one('cmd')
  if (command === undefined || command.trim() === '') {
    throw new MisuseError(
      'bad_argument',
      `--cmd is missing: the command that is to be tried, such as --cmd 'node agent.js'`,
    )
  }
  const tool = one('tool')
  const input = one('tool-input')
  if (tool === undefined && input !== undefined) {
    throw new MisuseError('bad_argument', '--tool-input needs --tool: the name of the tool that takes this input')
  }
  const only = Array.isArray(values.only) ? values.only : []
  const plans = one('plans')
  const times = one('times') ?? '1'
  return {
    command,
    prompt: one('prompt') ?? TRIAL_PROMPT,
    api: readApi(one('api')),
    plans: plans === undefined ? TRIAL_PLANS : plans.split(',').map((name) => faultPlan(name.trim())),
    only: only.map((cell: string) => readCell(cell)),
    places: readPlaces(one('places') ?? '1'),
    seed: readSeed(one('seed')),
    times: times === 'all' ? Infinity : count('times', times),
    timeoutMs: count('timeout', one('timeout') ?? '60') * 1000,
    jobs: count('jobs', one('jobs') ?? String(availableParallelism())),
    keepHome: values['keep-home'] === true,
    keepCwd: values['keep-cwd'] === true,
    tool: tool === undefined ? undefined : namedTool(tool, input),
  }
}

function readApi(name: string | undefined): TrialApi | undefined {
  if (name === undefined || name === 'anthropic' || name === 'chat' || name === 'responses') return name
  throw new MisuseError('bad_argument', `--api ${name}: there are ${Object.keys(TRIAL_APIS).join(', ')}`)
}

function readPlaces(places: string): TrialPlaces {
  return places === 'first' || places === 'all' ? places : count('places', places)
}

function count(name: string, value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value)
  throw new MisuseError('bad_argument', `--${name} ${value}: it must be a whole number, 1 or more`)
}

export const trialCommand: Command = { usage, run }
