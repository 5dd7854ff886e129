/**
 * What is said of one run of a command under a fault. Four things are asked: whether it finished or was honest, whether text was doubled or
 * lost, how often each tool ran, whether each next request was valid.
 *
 * The rule: a run is compared with the clean run of the same command, so that what the command prints besides does not matter.
 */
import type { Expectation } from '../faults/plan.ts'

/** What a run is judged by. */
export type TrialRule = 'end' | 'text' | 'tools' | 'request'

export interface TrialFinding {
  readonly rule: TrialRule
  /** What happened, in one sentence without its full stop. */
  readonly why: string
}

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'timeout'; readonly seconds: number }

/** What can be seen of a run from outside. */
export interface TrialRun {
  readonly end: CommandEnd
  /** What it printed, with the names of temporary folders taken out. */
  readonly out: string
  readonly err: string
  /** How often each call left its mark, in the order of the calls. */
  readonly runs: readonly number[]
  /** What tools left behind that no call asked for. */
  readonly strays: readonly string[]
  /** What the provider refused, in its words. */
  readonly refused: readonly string[]
  /** What the model has said, as the last request with results tells it; undefined if there was none. */
  readonly history: string | undefined
  /** How often an answer was broken. */
  readonly broken: number
}

/** What the model says in the conversation. */
export interface Meant {
  /** The text with which it ends. */
  readonly answer: string
  /** Everything that it says, whole and piece by piece. */
  readonly texts: readonly string[]
}

/** How a run held, or what is wrong with it. `safe`: nothing could be told from an answer that was meant so, and nothing worse came of it. */
export type TrialVerdict =
  | { readonly kind: 'held'; readonly how: 'finished' | 'honest' | 'safe' }
  | { readonly kind: 'failed'; readonly findings: readonly TrialFinding[] }

/** What is wrong with a command where nothing is broken; undefined if it can be tried. */
export function unfitness(run: TrialRun, { answer }: Meant): string | undefined {
  const { end, refused } = run
  const [refusal] = refused
  if (refusal !== undefined) return `a provider refuses what it asks: ${refusal}`
  if (end.kind !== 'exit' || end.code !== 0) return `it ${endText(end)}`
  const tools = toolFindings(run, { mustRun: true })[0]
  if (tools !== undefined) return tools.why
  return countOf(run.out, answer) === 0
    ? `it does not print the answer (“${answer}”) on its standard output`
    : undefined
}

/** Judges a run under a fault by the clean one. */
export function scoreRun(clean: TrialRun, run: TrialRun, meant: Meant, expectation: Expectation): TrialVerdict {
  const { end, broken } = run
  const { effect, mayReplace } = expectation
  const isOver = end.kind === 'exit' && end.code === 0
  const isToldOf = tells(clean, run, meant)
  const shows = countOf(run.out, meant.answer) >= countOf(clean.out, meant.answer)
  // What was shown at the wrong place a terminal cannot take back: the command says that it was wrong.
  const isReplaced = mayReplace === true && isToldOf
  const isFinished = isOver && shows && run.runs.every((count) => count === 1)
  const findings: TrialFinding[] = run.refused.slice(0, 1).map((words) => ({
    rule: 'request',
    why: `a provider refuses its next request: ${words}`,
  }))
  if (end.kind === 'timeout') findings.push({ rule: 'end', why: `it ${endText(end)}` })
  else if (broken === 0) findings.push({ rule: 'end', why: 'it never asked for the answer that was to be broken' })
  switch (effect) {
    case 'same':
      if (!isOver && end.kind !== 'timeout') {
        findings.push({ rule: 'end', why: `it ${endText(end)} although nothing was lost` })
      }
      // What is missing where it has not come to its end is said by that.
      findings.push(...toolFindings(run, { mustRun: isOver }))
      findings.push(...textFindings(clean, run, meant, { mayRepeat: isReplaced, mayLose: !isOver || isReplaced }))
      break
    case 'lossy':
      findings.push(...toolFindings(run, { mustRun: isOver && !isToldOf }))
      // What a terminal has shown cannot be taken back; who asks again has to say so.
      findings.push(...textFindings(clean, run, meant, { mayRepeat: isToldOf, mayLose: !isOver || isToldOf }))
      break
    case 'undecidable':
      break
    default: {
      const never: never = effect
      return never
    }
  }
  if (findings.length > 0) return { kind: 'failed', findings }
  return { kind: 'held', how: isFinished ? 'finished' : effect === 'undecidable' ? 'safe' : 'honest' }
}

/** How it ended, behind “it”. */
export function endText(end: CommandEnd): string {
  switch (end.kind) {
    case 'exit':
      return `exited with ${end.code}`
    case 'signal':
      return `was ended by ${end.name}`
    case 'timeout':
      return `did not end within ${end.seconds} s`
    default: {
      const never: never = end
      return never
    }
  }
}

const ORDINALS = ['first', 'second', 'third']

function toolFindings({ runs, strays }: TrialRun, { mustRun }: { readonly mustRun: boolean }): TrialFinding[] {
  if (mustRun && runs.every((count) => count === 0))
    return [{ rule: 'tools', why: 'no tool ran, and it does not say so' }]
  const found = runs.flatMap((count, index): TrialFinding[] => {
    const which = `the tool of the ${ORDINALS[index] ?? `${index + 1}th`} call`
    if (count > 1) return [{ rule: 'tools', why: `${which} ran ${count === 2 ? 'twice' : `${count} times`}` }]
    return count === 0 && mustRun ? [{ rule: 'tools', why: `${which} never ran, and it does not say so` }] : []
  })
  const [stray] = strays
  return stray === undefined
    ? found
    : [...found, { rule: 'tools', why: `a tool ran with an input that nobody sent: “${stray}”` }]
}

function textFindings(
  clean: TrialRun,
  run: TrialRun,
  { answer, texts }: Meant,
  { mayRepeat, mayLose }: { readonly mayRepeat: boolean; readonly mayLose: boolean },
): TrialFinding[] {
  const places = [
    { where: 'what it prints', meant: clean.out, got: run.out },
    { where: 'its next request', meant: clean.history, got: run.history },
  ]
  return places.flatMap(({ where, meant, got }): TrialFinding[] => {
    if (meant === undefined || got === undefined) return []
    const counts = [answer, ...texts].map((text) => ({ text, sent: countOf(meant, text), found: countOf(got, text) }))
    // What the clean run does not show was sent once all the same.
    const doubled = mayRepeat ? undefined : counts.find(({ sent, found }) => found > Math.max(sent, 1))
    if (doubled !== undefined)
      return [{ rule: 'text', why: `“${doubled.text}” stands in ${where} more often than it was sent` }]
    const lost = mayLose ? undefined : counts.find(({ sent, found }) => found < sent)
    return lost === undefined
      ? []
      : [{ rule: 'text', why: `“${lost.text}” is missing in ${where}, and nothing says so` }]
  })
}

function countOf(text: string, part: string): number {
  const [whole, wanted] = [plain(text), plain(part)]
  return wanted === '' ? 0 : whole.split(wanted).length - 1
}

// oxlint-disable-next-line no-control-regex -- colours and the like are what is taken out
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g

function plain(text: string): string {
  return text.replace(ESCAPES, '').replaceAll(/\s+/g, ' ')
}

/** Words by which a command says that something went wrong, or was done again. */
const ADMITTING =
  /error|fail|wrong|broke|incomplete|interrupt|\bcut\b|truncat|disconnect|connect|retry|again|abort|cancel|terminat|time[ds]? ?out|unexpected|closed|reset|invalid|overload|not (answered|finished|complete)|\blost\b|missing|partial|stopped/i

/** Whether a run says what the clean one does not: that something went wrong. */
function tells(clean: TrialRun, run: TrialRun, { texts }: Meant): boolean {
  const known = new Set([...linesOf(clean.out), ...linesOf(clean.err)])
  return [...linesOf(run.out), ...linesOf(run.err)].some((line) => {
    if (known.has(line)) return false
    const own = texts.reduce((rest, text) => rest.replaceAll(withoutNumbers(plain(text)), ''), line)
    return ADMITTING.test(own)
  })
}

function linesOf(text: string): string[] {
  return text
    .replace(ESCAPES, '')
    .split(/[\r\n]+/)
    .map((line) => withoutNumbers(line.replaceAll(/\s+/g, ' ').trim()))
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '#')
}
