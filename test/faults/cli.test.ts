/** `onefold fold --fault` and `--faults`, as a user calls them. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import type { Console } from '../../src/cli/command.ts'
import { tryAllFaults } from '../../src/cli/faults.ts'
import { foldCommand } from '../../src/cli/fold.ts'
import type { FaultPlan } from '../../src/recording/faults/plan.ts'
import { FAULT_PLANS, faultPlan } from '../../src/recording/faults/plans.ts'
import { parseRecording } from '../../src/recording/format.ts'

const ONE_TOOL = 'recordings/anthropic-messages/one-tool.recording'
const NUMBERED = 'recordings/openai-responses/refusal.recording'

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function onefoldFold(args: readonly string[], input?: string): Promise<Result> {
  const [out, err]: [string[], string[]] = [[], []]
  const console = consoleTo(out, err, input)
  try {
    return { code: await foldCommand.run(args, console), out: out.join('\n'), err: err.join('\n') }
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error
    return { code: 2, out: out.join('\n'), err: error.message }
  }
}

it('--fault PLAN@N breaks the stream there, and says so', async () => {
  const { code, out } = await onefoldFold([ONE_TOOL, '--fault', 'cut-eof@20'])
  expect(code).toBe(1)
  expect(out).toContain('cut-eof@20: the body ends after an event')
  expect(out).toContain('truncated by eof')
})

it('--fault PLAN breaks it at the first place, and says which was taken and which there are', async () => {
  const { code, out } = await onefoldFold([ONE_TOOL, '--fault', 'missing-close'])
  expect(code).toBe(0)
  expect(out).toContain('missing-close@8: the event that ends a block is missing, the first of events 8, 34')
})

it('several faults are done in order, and the message goes to the output alone', async () => {
  const { code, out, err } = await onefoldFold([
    ONE_TOOL,
    '--fault',
    'repeat-stop',
    '--fault',
    'missing-terminal-reset',
    '--json',
  ])
  expect(code).toBe(0)
  const message = JSON.parse(out)
  expect(message.outcome).toEqual({ kind: 'complete' })
  expect(message.anomalies.map(({ kind }: { kind: string }) => kind)).toEqual(['repeated_stop', 'missing_terminal'])
  expect(err.split('\n')).toHaveLength(2)
  expect(err).toMatch(/^recordings.*: repeat-stop@35: /)
})

it('an abort is one in the message', async () => {
  const { out } = await onefoldFold([ONE_TOOL, '--fault', 'abort@5', '--json'])
  expect(JSON.parse(out).outcome).toMatchObject({ kind: 'aborted' })
})

it('--seed decides what a fault leaves open', async () => {
  const repeats = async (seed: string): Promise<number> => {
    const { out } = await onefoldFold([ONE_TOOL, '--fault', 'repeat-stop', '--seed', seed, '--json'])
    return JSON.parse(out).anomalies[0].count ?? 1
  }
  expect([await repeats('0'), await repeats('3')]).toEqual([1, 4])
})

it('the standard input can be broken, a recording or a plain body', async () => {
  const recording = readFileSync(ONE_TOOL, 'utf8')
  const chunks = parseRecording(recording).chunks.flatMap(({ bytes }) => [...bytes])
  for (const input of [recording, new TextDecoder().decode(Uint8Array.from(chunks))]) {
    const { code, out } = await onefoldFold(['-', '--fault', 'cut-eof@20'], input)
    expect(code).toBe(1)
    expect(out).toContain('truncated by eof')
  }
})

it('--fault list tells the plans that fit, where they can strike, and what is expected', async () => {
  const { code, out } = await onefoldFold([ONE_TOOL, '--fault', 'list'])
  expect(code).toBe(0)
  expect(out).toContain('  missing-close: the event that ends a block is missing\n    same, events 8, 34')
  expect(out).not.toContain('no-call-index')
})

it('an unknown name is refused with the plans that fit, the others are folded', async () => {
  const { code, out, err } = await onefoldFold([ONE_TOOL, '--fault', 'nonsense'])
  expect(code).toBe(2)
  expect(err).toMatch(/"nonsense" is no fault; the nearest of \d+ is [a-z-]+, and .*--fault list/)
  expect(err).not.toContain('no-call-index')
  expect(out).toBe('')
})

it.each([
  [['--fault', 'cut-eof@last'], 'the position behind @ is not a whole number'],
  [['--fault', 'missing-close@9'], `${ONE_TOOL}: missing-close cannot strike at 9; it can at 8, 34 (events)`],
  [['--fault', 'no-call-index'], 'no-call-index does not fit this stream; these do: crlf'],
  [['--fault', 'cr', '--seed', 'x'], '--seed x: it must be a whole number'],
  [['--faults', '--places', '0'], '--places 0: it must be a whole number, 1 or more'],
  [['--faults', '--events'], '--faults goes with'],
  [['--faults', '--many'], '--faults goes with'],
  [['--faults', '--dialect', 'openai-chat'], '--faults goes with'],
  [['--places', '3'], '--places goes with --faults'],
  [['--seed', '3'], '--seed goes with --fault or --faults'],
  [['-', '--fault', 'list'], '--fault list reads files'],
  [['--fault', 'list', '--json'], '--fault list goes alone'],
  [['--fault', 'list', '--fault', 'cr'], '--fault list goes alone'],
  [['--faults', '--fault', 'cr'], '--faults goes with'],
  [['-', '--faults'], '--faults reads files'],
])('misuse %j has exit code 2 and says what is wrong', async (args, reason) => {
  const { code, err } = await onefoldFold([ONE_TOOL, ...args])
  expect(code).toBe(2)
  expect(err).toContain(reason)
})

it('--faults tries every plan that fits, and prints a table and a score', async () => {
  const { code, out } = await onefoldFold([ONE_TOOL, NUMBERED, '--faults', '--places', '2'])
  expect(out).toMatch(/^anthropic-messages\n {2}fault +effect +places +tried +held\n {2}crlf +same +1 +1 +1\n/)
  expect(out).toMatch(/\nopenai-responses\n/)
  expect(out).toMatch(/ {2}cut-eof +lossy +35 +2 +2\n/)
  expect(out).toMatch(/\nheld (\d+) of \1, 100 %: \d+ faults in 2 streams$/)
  expect(code).toBe(0)
})

it('--faults --json gives one object for each fault and dialect', async () => {
  const { out } = await onefoldFold([ONE_TOOL, '--faults', '--json', '--places', '2'])
  const scores = out.split('\n').map((line) => JSON.parse(line))
  expect(scores.map(({ fault }: { fault: string }) => fault)).toEqual(
    FAULT_PLANS.map(({ name }) => name).filter((name) => out.includes(`"${name}"`)),
  )
  const cut: unknown = scores.find(({ fault }: { fault: string }) => fault === 'cut-eof')
  expect(cut).toEqual({
    dialect: 'anthropic-messages',
    fault: 'cut-eof',
    effect: 'lossy',
    places: 35,
    tried: 2,
    held: 2,
    failures: [],
  })
})

it('--faults says of a file that is no event stream that no fault fits', async () => {
  const whole = 'recordings/openai-chat/whole-json-answer.recording'
  const { code, err, out } = await onefoldFold([whole, ONE_TOOL, '--faults', '--places', '1'])
  expect(err).toBe(`${whole}: no fault fits: it is no event stream of a dialect that onefold reads`)
  expect(out).toMatch(/ in 1 stream$/)
  expect(code).toBe(0)
})

it('--faults of nothing that could break is no success', async () => {
  const { code, out } = await onefoldFold(['recordings/openai-chat/whole-json-answer.recording', '--faults'])
  expect(out).toBe('held 0 of 0: 0 faults in 0 streams')
  expect(code).toBe(2)
})

it('--faults does not count what promises nothing as held', async () => {
  const { out } = await onefoldFold([ONE_TOOL, '--faults', '--places', '1'])
  expect(out).toMatch(/ {2}repeat-delta +undecidable +\d+ +1 +1\n/)
  const tried = [...out.matchAll(/^ {2}\S+ +(same|lossy) +\d+ +(\d+) +\d+$/gm)].map(([, , count]) => Number(count))
  expect(out).toContain(`held ${tried.reduce((sum, count) => sum + count, 0)} of `)
})

it('tells what came after the end of the message', async () => {
  const answer = 'data: {"type":"message_start","message":{"id":"a"}}\n\ndata: {"type":"message_stop"}\n\n'
  const { out } = await onefoldFold(['-'], answer + answer.replace('"a"', '"b"'))
  expect(out).toMatch(/\n {2}late +second_message: .*\(b\)\n +late_event: /)
})

it('--faults goes on behind a file that cannot be read, and the exit code is 2', async () => {
  const { code, err, out } = await onefoldFold(['missing.recording', ONE_TOOL, '--faults', '--places', '1'])
  expect(err).toContain('missing.recording: there is no such file')
  expect(out).toMatch(/ in 1 stream$/)
  expect(code).toBe(2)
})

it('a failure names file, plan and position, and the command line that shows it; the exit code is 1', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'onefold-faults-')), 'a b.recording')
  writeFileSync(file, readFileSync(ONE_TOOL))
  const lying: FaultPlan = { ...faultPlan('cut-eof'), effects: { 'anthropic-messages': 'same' } }
  const [out, text]: [string[], string[]] = [[], []]
  const options = { isJson: false, seed: 4, atMost: 1 }
  expect(await tryAllFaults([file], options, consoleTo(text), [lying])).toBe(1)
  expect(await tryAllFaults([file], { ...options, isJson: true }, consoleTo(out), [lying])).toBe(1)
  const command = `onefold fold '${file}' --fault cut-eof@0 --seed 4`
  expect(text.join('\n')).toContain(`failed  ${file}: `)
  expect(text.join('\n')).toContain(` (at 0)\n        ${command}\nheld 0 of 1, 0.00 %: 1 fault in 1 stream`)
  expect(JSON.parse(out.join('\n'))).toMatchObject({ tried: 1, held: 0, failures: [{ file, place: 0, command }] })
})

function consoleTo(out: string[], err: string[] = [], input?: string): Console {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    if (input !== undefined) yield new TextEncoder().encode(input)
  }
  return {
    print: (text) => void out.push(text),
    complain: (text) => void err.push(text),
    input: bytes(),
    paint: (_, text) => text,
    width: 120,
  }
}
