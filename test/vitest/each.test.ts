/** `eachRecording` and `eachFault`: the tests that they declare are part of this file. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import { breakRecording, expectationOf, faultPlan } from '../../src/faults.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { fold } from '../../src/turn.ts'
import { eachFault, eachRecording } from '../../src/vitest.ts'
import { answerOf, judgeAnswer, type ReadAnswer } from '../../src/vitest/answer.ts'
import { foldAtOnce } from '../../src/recording/faults/folding.ts'
import type { Recording } from '../../src/recording/format.ts'

const file = 'recordings/anthropic-messages/one-tool.recording'
const recording = await readRecordingFile(file)

describe('eachRecording: a test for each recording of a folder', () => {
  const seen: string[] = []

  eachRecording('recordings/cohere', async (found, { name, expected }) => {
    seen.push(name)
    await expect(found).toFoldTo(expected)
  })

  afterAll(() => {
    const files = readdirSync('recordings/cohere').filter((name) => name.endsWith('.recording'))
    expect(seen).toEqual(files.toSorted().map((name) => name.slice(0, -'.recording'.length)))
  })
})

describe('eachFault: a test for each plan that fits', () => {
  const plans = new Set<string>()
  const places = new Map<string, number[]>()

  eachFault(
    pathToFileURL(file),
    async (fault) => {
      plans.add(fault.plan.name)
      places.set(fault.plan.name, [...(places.get(fault.plan.name) ?? []), fault.place])
      fault.judge(await fold(fault.response()))
    },
    { places: 2 },
  )

  afterAll(() => {
    expect(plans).toContain('cut-reset')
    expect(plans.size).toBeGreaterThan(30)
    expect(places.get('cut-eof')).toHaveLength(2)
    expect(places.get('bom')).toEqual([0])
  })
})

describe('eachFault judges', () => {
  eachFault(recording, (fault) => fault.judge(answerOf(foldAtOnce(fault.recording))), {
    plans: ['begin-again', 'repeat-terminal', 'cut-eof', 'replay-prefix'],
    places: 'all',
  })

  eachFault(recording, (fault) => fault.judge(foldAtOnce(fault.recording)), { plans: ['cut-eof'] })

  it('a plain loop as one that doubles text, and takes a cut answer for whole', () => {
    const clean = answerOf(foldAtOnce(recording))
    const verdicts = ['replay-after-end', 'cut-eof'].map((name) => {
      const broken = breakRecording(recording, faultPlan(name))
      const expectation = expectationOf(faultPlan(name), 'anthropic-messages') ?? { effect: 'undecidable' }
      const verdict = judgeAnswer(clean, readPlainly(broken), expectation)
      return verdict.kind === 'failed' ? verdict.reason : verdict.kind
    })
    expect(verdicts).toEqual(['text is doubled or added', 'it claims to be whole, but text is missing'])
  })
})

/** The loop of a tutorial: it adds up deltas, and believes the end of the input. */
function readPlainly({ chunks }: Recording): ReadAnswer {
  const body = chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
  const deltas = body.matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g)
  const text = Array.from(deltas, ([, quoted = '""']) => String(JSON.parse(quoted))).join('')
  return { text, calls: [], isComplete: true }
}

describe('a reader of somebody’s own is judged by', () => {
  const call = { name: 'look', input: { at: 'here' } }
  const clean: ReadAnswer = { text: 'I look. Here it is.', calls: [call], isComplete: true }
  const rows: readonly (readonly [
    string,
    'same' | 'lossy' | 'undecidable',
    Partial<ReadAnswer>,
    string | undefined,
  ])[] = [
    ['the same answer', 'same', {}, undefined],
    ['an answer that is doubled', 'same', { text: clean.text.repeat(2) }, 'text is doubled or added'],
    ['one that lacks text', 'same', { text: 'I look.' }, 'text is missing'],
    ['one with other text', 'same', { text: 'I look. There it is' }, 'the text is other than was sent'],
    ['a call that runs twice', 'same', { calls: [call, call] }, 'a call of look runs more often than it was sent'],
    [
      'a call that was not sent',
      'lossy',
      { isComplete: false, calls: [{ name: 'look', input: {} }] },
      'a call of look is not one that was sent',
    ],
    ['a call that is missing', 'same', { calls: [] }, '1 of 1 calls are missing'],
    ['alarm for nothing', 'same', { isComplete: false }, 'it does not claim to be whole, though nothing is lost'],
    ['honest loss', 'lossy', { text: 'I look.', calls: [], isComplete: false }, undefined],
    ['loss that is hidden', 'lossy', { text: 'I look.' }, 'it claims to be whole, but text is missing'],
    ['loss of what nobody sees', 'lossy', {}, undefined],
    [
      'honest text that is doubled',
      'lossy',
      { text: 'I look. I look.', isComplete: false },
      'the text is not what was sent: something is doubled or added',
    ],
    ['anything, where nothing can be told', 'undecidable', { text: 'other', calls: [call, call] }, undefined],
  ]
  it.each(rows)('%s (%s)', (_name, effect, read, reason) => {
    const verdict = judgeAnswer(clean, { ...clean, ...read }, { effect })
    expect(verdict.kind === 'failed' ? verdict.reason : undefined).toBe(reason)
  })
})

describe('at the time when tests are collected it is refused', () => {
  const empty = mkdtempSync(join(tmpdir(), 'onefold-empty-'))
  afterAll(() => rmSync(empty, { recursive: true }))

  it.each([
    ['a folder that is not there', () => eachRecording('recordings/none', () => 0), 'there is no such file or folder'],
    ['a folder without a recording', () => eachRecording(empty, () => 0), 'there is no recording in it'],
    ['a folder in place of a file', () => eachFault('recordings/cohere', () => 0), 'it is a folder; name a file in it'],
    ['a plan that there is not', () => eachFault(recording, () => 0, { plans: ['none'] }), '"none" is no fault'],
    [
      'a plan that does not fit',
      () => eachFault(recording, () => 0, { plans: ['empty-choices'] }),
      'empty-choices does not fit',
    ],
    ['a recording that no plan fits', () => eachFault('recordings/gemini/text.recording', () => 0), 'no fault fits'],
    ['what is no recording', () => eachFault(5 as never, () => 0), 'takes a recording or a file, and got 5'],
  ])('%s', (_name, declare, says) => {
    expect(declare).toThrow(MisuseError)
    expect(declare).toThrow(says)
  })
})
