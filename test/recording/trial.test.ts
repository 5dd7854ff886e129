/** The parts of a trial that need no process: answers rewritten for a client, what is broken where, and what is said of a run. */
import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { FAULT_DIALECTS } from '../../src/recording/faults/fault-dialect.ts'
import { foldAtOnce } from '../../src/recording/faults/folding.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Effect } from '../../src/recording/faults/plan.ts'
import { faultPlan } from '../../src/recording/faults/plans.ts'
import { readRecording, type Recording } from '../../src/recording/format.ts'
import { cellsNamed, cellsOf, nameOfCell, readCell, TRIAL_PLANS } from '../../src/recording/trial/cells.ts'
import { rewritten, textsOf } from '../../src/recording/trial/rewrite.ts'
import { scoreRun, unfitness, type Meant, type TrialRun } from '../../src/recording/trial/score.ts'
import { countingCalls, MARKS, toolsIn } from '../../src/recording/trial/tools.ts'

function recorded(dialect: string, name: string): Recording {
  const file = new URL(`../../recordings/${dialect}/${name}.recording`, import.meta.url)
  return readRecording(readFileSync(file), { name: file.pathname })
}

describe.each(FAULT_DIALECTS)('an answer of %s for a client of its own', (dialect) => {
  const calls = MARKS.map((mark) => ({
    name: 'Bash',
    input: { command: `echo ${mark} 🍰 >> "/tmp/x y"`, wait: [1, {}] },
  }))
  const answer = recorded(dialect, 'note-and-sum')
  const own = rewritten(answer, calls, 'Trial1')

  it('has its calls, and the rest as it was recorded', () => {
    const [before] = foldAtOnce(answer).messages
    const { messages, anomalies } = foldAtOnce(own)
    expect(messages).toHaveLength(1)
    expect([...anomalies, ...(messages[0]?.anomalies ?? [])]).toEqual([])
    expect(messages[0]).toMatchObject({ outcome: { kind: 'complete' }, stop: before?.stop })
    const made = messages[0]?.content.filter((block) => block.type === 'tool_call')
    expect(made).toMatchObject(calls.map((call) => ({ ...call, state: 'complete' })))
    expect(textsOf(own)).toEqual(textsOf(answer))
    expect(own.chunks.map(({ ms }) => ms)).toEqual(answer.chunks.map(({ ms }) => ms))
  })

  it('has ids that were never given before', () => {
    const idsOf = (recording: Recording): string[] =>
      foldAtOnce(recording).messages.flatMap(({ id, content }) => [
        id ?? '',
        ...content.flatMap((block) => (block.type === 'tool_call' ? [block.id] : [])),
      ])
    expect(idsOf(own)).toEqual(idsOf(answer).map((id) => `${id}Trial1`))
  })

  it('can call one tool alone', () => {
    const { messages } = foldAtOnce(rewritten(recorded(dialect, 'one-tool'), calls.slice(1), 'Trial2'))
    const made = messages.flatMap(({ content }) => content.filter((block) => block.type === 'tool_call'))
    expect(made).toMatchObject([{ ...calls[1], state: 'complete' }])
  })

  it('is broken by every plan that fits, at the places that are asked for', () => {
    const recordings = { 'note-and-sum': own, 'answer-after-tools': recorded(dialect, 'answer-after-tools') }
    const once = cellsOf(recordings, dialect, TRIAL_PLANS, 1)
    expect(once.length).toBeGreaterThan(100)
    expect(once.map(({ plan }) => plan.name)).not.toContain('stall')
    const plans = [faultPlan('cut-eof')]
    const placesOf = (places: 'first' | 'all' | number): number[] =>
      cellsOf(recordings, dialect, plans, places).flatMap((cell) => (cell.case === 'note-and-sum' ? [cell.place] : []))
    const all = placesOf('all')
    expect(placesOf('first')).toEqual([0])
    expect(placesOf(1)).toEqual([all[Math.floor(all.length / 2)]])
    expect(placesOf(2)).toEqual([0, all.at(-1)])
    for (const cell of once.slice(0, 5)) {
      expect(cellsNamed([readCell(nameOfCell(cell))], recordings, dialect, 1)).toEqual([cell])
    }
    const wrong = (text: string) => () => cellsNamed([readCell(text)], recordings, dialect, 1)
    expect(wrong('note-and-sum/cut-eof@9999')).toThrow(/cut-eof strikes at 0 to \d+ in note-and-sum/)
    expect(wrong('answer-after-tools/malformed-in-call')).toThrow(/strikes nowhere in answer-after-tools/)
  })
})

describe('the tool that is counted', () => {
  const text = { type: 'string' }
  const shell = (name: string, properties: JsonObject, required: string[] = []) => ({
    name,
    input_schema: { type: 'object', properties, required },
  })
  const echo = `echo ${MARKS[0]} >> '/tmp/count'`

  it.each([
    ['a shell', shell('Bash', { command: text }), { command: echo }],
    ['one by another name', shell('exec_command', { cmd: text }), { cmd: echo }],
    ['one that takes words', shell('shell', { command: { type: 'array' } }), { command: ['bash', '-c', echo] }],
    [
      'one that needs more',
      shell(
        'run_shell_command',
        { command: text, is_background: { type: 'boolean' }, why: text, ms: { type: 'integer' } },
        ['command', 'is_background', 'why', 'ms'],
      ),
      { command: echo, is_background: false, why: 'counts how often a tool runs', ms: 10_000 },
    ],
    ['one of the user’s own', shell('count', { text }), { text: MARKS[0] }],
  ])('is %s', (_, tool, input) => {
    const offered = toolsIn({ tools: [{ name: 'look', input_schema: {} }, tool] })
    expect(countingCalls(offered, '/tmp/count')?.[0]).toEqual({ name: tool.name, input })
  })

  it('is found in the requests of each API, and none in one without', () => {
    const declared = { name: 'count', parameters: { type: 'object' } }
    const schema = { type: 'object' }
    expect(toolsIn({ tools: [{ type: 'function', function: declared }] })).toEqual([{ name: 'count', schema }])
    expect(toolsIn({ tools: [{ type: 'function', ...declared }] })).toEqual([{ name: 'count', schema }])
    expect(toolsIn({ tools: [{ type: 'web_search' }, 7] })).toEqual([])
    expect(toolsIn(undefined)).toEqual([])
    expect(countingCalls([{ name: 'look', schema }], '/tmp/count')).toBeUndefined()
  })
})

describe('a run', () => {
  const meant: Meant = { answer: 'It costs ten.', texts: ['I look.', 'It costs ten.', 'It costs', 'ten.'] }
  const clean: TrialRun = {
    end: { kind: 'exit', code: 0 },
    out: 'I look.\nIt costs ten.\n',
    err: 'ran in 12 ms\n',
    runs: [1, 1],
    strays: [],
    refused: [],
    history: 'I look.',
    broken: 1,
  }
  const cut = { out: 'I look.\nIt costs\n' }
  const doubled = { out: 'I look.\nIt costs It costs ten.\n' }
  const said = { err: 'ran in 13 ms\nthe stream was cut, asking again\n' }
  const failed = { end: { kind: 'exit', code: 1 } as const }

  const rows: readonly (readonly [string, Effect, Partial<TrialRun>, string])[] = [
    ['like the clean one is finished', 'same', { err: 'ran in 99 ms\n' }, 'finished'],
    ['in colours is the same', 'same', { out: '\u001b[1mI look.\u001b[0m It  costs\nten.' }, 'finished'],
    ['with an exit code failed', 'same', failed, 'end'],
    ['with a word of failure all the same is red where nothing was lost', 'same', { ...cut, ...said }, 'text'],
    ['with a part of the text is red', 'same', cut, 'text'],
    ['with a part of it twice is red', 'same', doubled, 'text'],
    ['with text lost in the next request is red', 'same', { history: '' }, 'text'],
    ['with text doubled in the next request is red', 'same', { history: 'I look.I look.' }, 'text'],
    [
      'that tells once in the next request what the clean run never had to tell is finished',
      'same',
      { history: 'I look. It costs ten.' },
      'finished',
    ],
    ['with a tool run twice is red', 'same', { runs: [1, 2] }, 'tools'],
    ['with a tool not run is red', 'same', { runs: [0, 1] }, 'tools'],
    ['with a tool run on a part of its input is red', 'same', { strays: ['onef'] }, 'tools'],
    ['with a request that is refused is red', 'same', { refused: ['no'] }, 'request'],
    ['in which nothing was broken is red', 'same', { broken: 0 }, 'end'],

    ['that asked again is finished', 'lossy', {}, 'finished'],
    ['with an exit code is honest', 'lossy', { ...cut, ...failed, runs: [0, 0] }, 'honest'],
    ['that was interrupted is honest', 'lossy', { ...cut, end: { kind: 'signal', name: 'SIGINT' } }, 'honest'],
    ['that says so is honest', 'lossy', { ...cut, ...said, runs: [1, 0] }, 'honest'],
    ['that shows it anew, and says so, is finished', 'lossy', { ...doubled, ...said }, 'finished'],
    ['that shows it anew without a word is red', 'lossy', doubled, 'text'],
    ['that takes a part for the whole is red', 'lossy', cut, 'text'],
    ['that says nothing of a tool that did not run is red', 'lossy', { runs: [1, 0] }, 'tools'],
    ['that says so, and ran a tool twice, is red', 'lossy', { ...said, runs: [2, 1] }, 'tools'],
    ['that failed having run a tool on a part of its input is red', 'lossy', { ...failed, strays: ['x'] }, 'tools'],
    ['that never ends is red', 'lossy', { ...cut, end: { kind: 'timeout', seconds: 9 } }, 'end'],
    [
      'whose own words are in the text says nothing',
      'lossy',
      { ...cut, err: 'ran in 12 ms\nIt costs ten. I look.\n' },
      'text',
    ],

    ['is not judged where nothing on the wire shows it', 'undecidable', { ...doubled, runs: [2, 0] }, 'safe'],
    ['is held to the next request', 'undecidable', { refused: ['no'] }, 'request'],
    ['is held to an end', 'undecidable', { end: { kind: 'timeout', seconds: 9 } }, 'end'],
  ]

  test.each(rows)('%s (%s)', (_, effect, changed, expected) => {
    const verdict = scoreRun(clean, { ...clean, ...changed }, meant, { effect })
    const found = verdict.kind === 'held' ? verdict.how : [...new Set(verdict.findings.map(({ rule }) => rule))].join()
    expect(found).toBe(expected)
  })

  it('may show text again, or at the wrong place, where the plan lets it, if it says so', () => {
    const run = { ...clean, ...doubled, ...said }
    const misplaced = { ...clean, out: 'I look.\nIt ten. costs\n', ...said }
    for (const one of [run, misplaced]) {
      expect(scoreRun(clean, one, meant, { effect: 'same', mayReplace: true })).toMatchObject({ kind: 'held' })
    }
    expect(scoreRun(clean, { ...run, err: '' }, meant, { effect: 'same', mayReplace: true })).toMatchObject({
      kind: 'failed',
    })
  })

  it.each([
    [{}, undefined],
    [{ refused: ['no tool_result'] }, 'a provider refuses what it asks: no tool_result'],
    [failed, 'it exited with 1'],
    [{ runs: [1, 0] }, 'the tool of the second call never ran, and it does not say so'],
    [cut, 'it does not print the answer (“It costs ten.”) on its standard output'],
  ])('without a fault, with %j, is fit or not', (changed, why) => {
    expect(unfitness({ ...clean, ...changed }, meant)).toBe(why)
  })
})
