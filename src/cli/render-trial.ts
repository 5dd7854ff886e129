/** What a trial came to, for a terminal and for a program. What the command printed is foreign text. */
import type { TrialOptions, TrialResult, JudgedCell } from '../node/trial/trial.ts'
import { TRIAL_PROMPT } from '../node/trial/trial.ts'
import { nameOfCell, TRIAL_CASES } from '../recording/trial/cells.ts'
import type { TrialRun } from '../recording/trial/score.ts'
import { preview, printable, type Paint } from './terminal.ts'

type Judged = Extract<TrialResult, { kind: 'judged' }>

/** How much of the output of a command is shown. */
const SHOWN = 4000

/** A table of plans, the score, then each red cell: what happened, and the line that replays it. */
export function renderTrial(result: Judged, options: TrialOptions, paint: Paint): string {
  const { cells, dialect, tool } = result
  const lines = [
    `${printable(options.command)}: ${dialect}, its tool ${printable(tool)} is counted; without a fault it passes`,
    '',
    ...tableOf(cells, paint),
    '',
  ]
  for (const judged of cells) {
    if (judged.verdict.kind === 'held') continue
    const { cell, verdict, run } = judged
    const [what] = verdict.findings
    const name = `${nameOfCell(cell)} (${cell.effect}): ${cell.plan.about}`
    lines.push(
      `${paint('red', 'failed')}  ${name}`,
      `        ${verdict.findings.map(({ why }) => preview(why, 400)).join('; ')}`,
    )
    lines.push(`        ${paint('dim', printable(replayLine(judged, options)))}`)
    if (options.only.length > 0 && what !== undefined) lines.push(outputOf(run, paint))
  }
  const failed = cells.filter(({ verdict }) => verdict.kind === 'failed')
  const honest = cells.filter(({ verdict }) => verdict.kind === 'held' && verdict.how === 'honest').length
  const score = `${cells.length - failed.length} of ${cells.length} held`
  const rules = new Map<string, number>()
  for (const { verdict } of failed) {
    const names = verdict.kind === 'failed' ? new Set(verdict.findings.map(({ rule }) => rule)) : []
    for (const rule of names) rules.set(rule, (rules.get(rule) ?? 0) + 1)
  }
  const why = [...rules].map(([rule, times]) => `${rule} ${times}`).join(', ')
  lines.push(
    `${paint(failed.length === 0 ? 'green' : 'red', score)}, ${honest} of them by saying that it did not finish` +
      (why === '' ? '' : `; red by rule: ${why}`),
  )
  return lines.join('\n')
}

function tableOf(cells: readonly JudgedCell[], paint: Paint): string[] {
  const plans = new Map<string, JudgedCell[]>()
  for (const judged of cells) plans.set(judged.cell.plan.name, [...(plans.get(judged.cell.plan.name) ?? []), judged])
  const width = Math.max(5, ...[...plans.keys()].map((name) => name.length))
  const head = `  ${'fault'.padEnd(width)}  ${'effect'.padEnd(11)}  ${TRIAL_CASES.map((name) => name.padEnd(18)).join('  ')}`
  const rows = [...plans].map(([name, judged]) => {
    const columns = TRIAL_CASES.map((one) => {
      const own = judged.filter(({ cell }) => cell.case === one)
      const held = own.filter(({ verdict }) => verdict.kind === 'held')
      if (own.length === 0) return '–'.padEnd(18)
      const [only] = own
      const how = only?.verdict.kind === 'held' ? only.verdict.how : 'failed'
      const words = own.length === 1 ? how : `${held.length} of ${own.length}`
      return paint(held.length === own.length ? 'green' : 'red', words.padEnd(18))
    })
    return `  ${name.padEnd(width)}  ${(judged[0]?.cell.effect ?? '').padEnd(11)}  ${columns.join('  ')}`
  })
  return [paint('bold', head), ...rows]
}

/** The line that runs one cell again, with every option that matters for it. */
export function replayLine({ cell }: Pick<JudgedCell, 'cell'>, options: TrialOptions): string {
  const { command, prompt, api, tool, times, seed, timeoutMs, keepHome, keepCwd } = options
  const words = ['onefold', 'trial', '--cmd', command]
  if (prompt !== TRIAL_PROMPT) words.push('--prompt', prompt)
  if (api !== undefined) words.push('--api', api)
  if (tool !== undefined) words.push('--tool', tool.name)
  if (tool?.input !== undefined) words.push('--tool-input', JSON.stringify(tool.input))
  if (times !== 1) words.push('--times', times === Infinity ? 'all' : String(times))
  if (timeoutMs !== 60_000) words.push('--timeout', String(timeoutMs / 1000))
  if (keepHome) words.push('--keep-home')
  if (keepCwd) words.push('--keep-cwd')
  words.push('--only', nameOfCell(cell), '--seed', String(seed))
  return words.map(quoted).join(' ')
}

function quoted(word: string): string {
  return /^[\w./@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** What the command did in its clean run. */
export function renderUnfit(run: TrialRun, paint: Paint): string {
  return outputOf(run, paint)
}

function outputOf({ out, err }: TrialRun, paint: Paint): string {
  const part = (name: string, text: string): string[] => {
    if (text.trim() === '') return [paint('dim', `        its ${name} output is empty`)]
    const shown = text.length > SHOWN ? `…${text.slice(-SHOWN)}` : text
    const lines = printable(shown.trimEnd().replaceAll('\r\n', '\n')).split('\n')
    return [paint('dim', `        its ${name} output:`), ...lines.map((line) => `        | ${line}`)]
  }
  return [...part('standard', out), ...part('error', err)].join('\n')
}

/** One document: the command, each cell with its findings and the line that replays it, and the score. */
export function trialJson(result: TrialResult, options: TrialOptions): string {
  const { command } = options
  if (result.kind === 'unfit') return JSON.stringify({ command, unfit: result.why, run: result.run }, null, 2)
  const { dialect, tool } = result
  const cells = result.cells.map((judged) => {
    const { cell, verdict, run } = judged
    return {
      case: cell.case,
      fault: cell.plan.name,
      place: cell.place,
      effect: cell.effect,
      held: verdict.kind === 'held',
      ...(verdict.kind === 'held' ? { how: verdict.how } : { findings: verdict.findings }),
      end: run.end,
      runs: run.runs,
      replay: replayLine(judged, options),
    }
  })
  const held = cells.filter((cell) => cell.held).length
  return JSON.stringify({ command, dialect, tool, held, of: cells.length, cells }, null, 2)
}

/** A line on a terminal that says how far a trial has come; nothing where there is no terminal. */
export function progressLine(stream: { readonly isTTY?: boolean; write(text: string): unknown }): {
  show(done: number, of: number): void
  clear(): void
} {
  const isShown = stream.isTTY === true
  return {
    show: (done, of) => void (isShown && stream.write(`\r${done} of ${of} runs`)),
    clear: () => void (isShown && stream.write('\r\u001b[K')),
  }
}
