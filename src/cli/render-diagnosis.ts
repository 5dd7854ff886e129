/** A diagnosis for a person to read. */
import { counted } from '../compare/units.ts'
import type { DiagnosedFinding, Diagnosis, FileForm, FileProblem, Place } from '../transcript/diagnose/diagnosis.ts'
import type { Agent } from '../transcript/import/imported.ts'
import type { Repair } from '../transcript/repairs.ts'
import type { Written } from './doctor.ts'
import { preview, printable, type Paint } from './terminal.ts'

const LABEL_WIDTH = 12

/** Of what repeats itself so many are shown; `--json` has all. */
const MAX_SHOWN = 40

/** Nothing is wrong with the file, and a provider takes what it holds. */
export function isHealthy({ findings, problems, open }: Diagnosis): boolean {
  return findings.length === 0 && problems.length === 0 && open.length === 0
}

/** The lines of a diagnosis, without a line end. */
export function renderDiagnosis(diagnosis: Diagnosis, paint: Paint): string {
  const { open, problems, findings, repairs, remedy, assumed } = diagnosis
  const told = new Set(findings.flatMap((finding) => finding.repairs))
  const others = repairs.filter((repair) => !told.has(repair))
  return [
    row('', headOf(diagnosis), paint),
    ...(assumed === undefined ? [] : [row('assumed', printable(assumed), paint)]),
    ...shown(open, ({ call, tool, place }) =>
      row(
        paint('red', 'open call'.padEnd(LABEL_WIDTH)),
        `${nameOf(tool)} ${printable(call)} (${placeOf(place)})`,
        paint,
      ),
    ),
    ...shown(problems, (problem) => renderProblem(problem, paint)),
    ...shown(findings, (finding) => renderFinding(finding, paint)),
    ...(findings.length === 0 ? [] : shown(others, (repair) => row('repair', repairText(repair), paint))),
    ...(remedy.kind === 'unrepairable' ? [row('no repair', printable(remedy.text), paint)] : []),
    row('', verdictOf(diagnosis, paint), paint),
  ].join('\n')
}

function shown<T>(list: readonly T[], render: (item: T) => string): readonly string[] {
  const lines = list.slice(0, MAX_SHOWN).map(render)
  return list.length <= MAX_SHOWN ? lines : [...lines, `  … and ${list.length - MAX_SHOWN} more, which --json tells`]
}

function row(label: string, text: string, paint: Paint): string {
  const indented = text.replaceAll('\n', `\n${' '.repeat(LABEL_WIDTH + 2)}`)
  return label === '' ? `  ${text}` : `  ${paint('bold', label.padEnd(LABEL_WIDTH))}${indented}`
}

function headOf({ form, target, messages, calls, open }: Diagnosis): string {
  const facts = [counted(messages, 'message'), counted(calls, 'call'), `${open.length} of them open`]
  return `${kindOf(form)}, by the rules of ${target}: ${facts.join(', ')}`
}

const AGENT_NAMES: Readonly<Record<Agent, string>> = {
  'claude-code': 'Claude Code',
  'kimi-code': 'Kimi Code',
  codex: 'Codex',
  'gemini-cli': 'Gemini CLI',
  pi: 'pi',
  'qwen-code': 'Qwen Code',
}

function kindOf(form: FileForm): string {
  switch (form.kind) {
    case 'session':
      return `a session of ${AGENT_NAMES[form.agent]}`
    case 'messages':
      return 'an array of messages'
    case 'lines':
      return 'messages, one on each line'
    case 'request':
      return 'a request'
    default: {
      const never: never = form
      return never
    }
  }
}

function renderProblem({ kind, line, text }: FileProblem, paint: Paint): string {
  return row(`line ${line}`, `${paint('yellow', kind)}: ${printable(text)}`, paint)
}

function renderFinding(finding: DiagnosedFinding, paint: Paint): string {
  const { rule, title, text, tool, call, provider, source, place, repairs } = finding
  const about = call === undefined ? '' : ` [${tool === undefined ? '' : `${printable(tool)} `}${printable(call)}]`
  const lines = [
    `${paint('red', rule)}: ${printable(title)}`,
    `${printable(text)}${about}`,
    `the provider would answer: ${preview(provider, 400)}`,
    ...repairs.map((repair) => `the repair: ${repairText(repair)}`),
    paint('dim', source),
  ]
  const where = placeOf(place)
  // A path may be longer than the column of labels.
  return where.length < LABEL_WIDTH
    ? row(where, lines.join('\n'), paint)
    : row('at', [where, ...lines].join('\n'), paint)
}

function placeOf({ line, path }: Place): string {
  return [...(line === undefined ? [] : [`line ${line}`]), ...(path === undefined ? [] : [printable(path)])].join(', ')
}

const repairText = ({ kind, text }: Repair): string => `${kind}: ${preview(text, 300)}`

const nameOf = (tool: string): string => (tool === '' ? 'a tool without a name' : printable(tool))

function verdictOf(diagnosis: Diagnosis, paint: Paint): string {
  const { findings, problems } = diagnosis
  if (isHealthy(diagnosis)) return paint('green', 'nothing is wrong')
  return paint('red', `${counted(findings.length, 'finding')}, ${counted(problems.length, 'problem')} of the file`)
}

/** What became of `--write`. */
export function renderWritten(written: Written, paint: Paint): string {
  if (written.kind === 'not_written') return row('not written', printable(written.reason), paint)
  const { path, isSession, left } = written
  const lines = [
    printable(path),
    left === undefined
      ? 'read again: nothing is wrong with it'
      : `read again, this is left:\n${renderDiagnosis(left, paint)}`,
    ...(isSession ? ['copy it over the session by hand while the agent is not running; keep the original'] : []),
  ]
  return row('written', lines.join('\n'), paint)
}
