/** `onefold compare`: what it prints of files and folders, and what it refuses. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import stringWidth from 'string-width'
import { afterAll, describe, expect, it, test } from 'vitest'
import { compareCommand } from '../../src/cli/compare.ts'
import { columnsOf, cut, wrapped } from '../../src/cli/columns.ts'
import { painter } from '../../src/cli/terminal.ts'
import { compare } from '../../src/compare.ts'
import { MisuseError } from '../../src/errors.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { changedPlaces, wholeText } from '../../src/cli/render-words.ts'
import { formatRecording, type Recording } from '../../src/recording/format.ts'
import { keptConsole } from '../support/console.ts'
import { describeTerminal, inTerminal } from '../support/pty.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ANTHROPIC = join(ROOT, 'recordings/anthropic-messages')
const CHAT = join(ROOT, 'recordings/openai-chat')
const folder = mkdtempSync(join(tmpdir(), 'onefold-compare-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], { width = 120, isPainted = false, input = '' } = {}): Promise<Ran> {
  const { console, kept } = keptConsole()
  const code = await compareCommand.run(args, {
    ...console,
    width,
    input: (async function* () {
      yield new TextEncoder().encode(input)
    })(),
    ...(isPainted ? { paint: (style, text) => styleText(style, text, { validateStream: false }) } : {}),
  })
  return { code, ...kept }
}

async function refused(...args: string[]): Promise<string> {
  const error: unknown = await run(args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(MisuseError)
  return (error as MisuseError).message
}

function file(name: string, content: string): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}

interface Answer {
  readonly text?: string
  readonly model?: string
  readonly id?: string
  readonly calls?: readonly (readonly [name: string, input: unknown])[]
  readonly stop?: string
  readonly output?: number
  /** When the second piece came. */
  readonly ms?: number
}

const event = (payload: unknown): string => `data: ${JSON.stringify(payload)}\n\n`

function piecesOf({
  text = 'The sun is out.',
  model = 'm-1',
  id = 'msg_1',
  calls = [],
  stop = 'end_turn',
  output = 9,
}: Answer): string[] {
  return [
    event({ type: 'message_start', message: { id, model, usage: { input_tokens: 3 } } }) +
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
      event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: text.slice(0, 3) } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: text.slice(3) } }) +
      event({ type: 'content_block_stop', index: 0 }) +
      calls
        .map(
          ([name, input], at) =>
            event({
              type: 'content_block_start',
              index: at + 1,
              content_block: { type: 'tool_use', id: `toolu_${at}`, name, input: {} },
            }) +
            event({
              type: 'content_block_delta',
              index: at + 1,
              delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
            }) +
            event({ type: 'content_block_stop', index: at + 1 }),
        )
        .join('') +
      event({ type: 'message_delta', delta: { stop_reason: stop }, usage: { output_tokens: output } }) +
      event({ type: 'message_stop' }),
  ]
}

/** A recording whose first piece came after 100 ms. */
function recorded(name: string, answer: Answer = {}): string {
  const { ms = 300 } = answer
  const recording: Recording = {
    header: { onefold: 1, provenance: { kind: 'handwritten' } },
    chunks: piecesOf(answer).map((text, at) => ({ ms: at === 0 ? 100 : ms, bytes: new TextEncoder().encode(text) })),
    ending: 'eof',
    endMs: ms + 10,
    problems: [],
  }
  return file(`${name}.recording`, formatRecording(recording))
}

const A = recorded('a', { calls: [['weather', { city: 'Paris', days: 1 }]] })
const SAME = recorded('same', { calls: [['weather', { city: 'Paris', days: 1 }]] })
const WORD = recorded('word', { text: 'The moon is out.', calls: [['weather', { city: 'Paris', days: 1 }]] })
const CALL = recorded('call', { calls: [['weather', { city: 'London', days: 1, unit: 'celsius' }]] })
const LATE = recorded('late', { calls: [['weather', { city: 'Paris', days: 1 }]], ms: 2400 })

describe('two files', () => {
  test('I1: the same file twice, the same turn in another file, and its message have no difference', async () => {
    const { messages } = await folded(A)
    const message = file('message.json', JSON.stringify(messages[0]))
    const list = file('messages.json', JSON.stringify(messages, null, 2))
    for (const other of [A, SAME, message, list]) {
      const { code, out, err } = await run([A, other])
      expect({ code, err, last: out.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, err: '', last: 'no difference' })
    }
  })

  it.each([
    ['a word', WORD, ['[-sun-]{+moon+}'], '1 difference: text'],
    [
      'a path',
      CALL,
      ['weather arguments.city: "Paris" → "London"', 'arguments.unit: only in call, "celsius"'],
      '1 difference: calls',
    ],
    [
      'a stop',
      recorded('stop', { stop: 'max_tokens', calls: [['weather', { city: 'Paris', days: 1 }]] }),
      ['≠ max_tokens', '_tokens'],
      ': ',
    ],
    [
      'usage',
      recorded('usage', { output: 12, calls: [['weather', { city: 'Paris', days: 1 }]] }),
      ['tokens out: 9 → 12'],
      '1 difference: usage',
    ],
    ['a gap', LATE, ['longest gap: 200 ms → 2.30 s (+2.10 s)', '≠ 2.30 s'], '1 difference: times'],
    [
      'an id',
      recorded('id', { id: 'msg_2', calls: [['weather', { city: 'Paris', days: 1 }]] }),
      ['message: msg_1 → msg_2'],
      '1 difference: ids',
    ],
    [
      'a model',
      recorded('model', { model: 'm-2', calls: [['weather', { city: 'Paris', days: 1 }]] }),
      ['~ m-2'],
      'no difference',
    ],
  ])('that differ in %s say so', async (_, other, parts, verdict) => {
    const { code, out } = await run([A, other])
    for (const part of parts) expect(out).toContain(part)
    expect(out.trimEnd().split('\n').at(-1)).toContain(verdict)
    expect(code).toBe(verdict === 'no difference' ? 0 : 1)
  })

  test('the order of calls is told with their names', async () => {
    const one = recorded('order-1', {
      calls: [
        ['first', {}],
        ['second', {}],
      ],
    })
    const two = recorded('order-2', {
      calls: [
        ['second', {}],
        ['first', {}],
      ],
    })
    const { out } = await run([one, two, '--ignore', 'ids'])
    expect(out).toContain('another order: #3 second (call 2 → call 1)')
    expect(out).toContain('1 difference: calls (ignored: ids)')
  })

  test('files of every kind can be sides: a body, a whole JSON answer, a HAR with one answer, the standard input', async () => {
    const body = piecesOf({}).join('')
    const sse = file('body.sse', body)
    const json = file(
      'whole.json',
      JSON.stringify({
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm-1',
        content: [{ type: 'text', text: 'The sun is out.' }],
        stop_reason: 'end_turn',
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 9 },
      }),
    )
    const one = file('one.har', JSON.stringify(har([body])))
    const { code, out, err } = await run([sse, json, one, '-'], { input: body })
    expect(err).toBe('')
    expect(out.trimEnd().split('\n').at(-1)).toBe('no difference')
    expect(code).toBe(0)
  })

  test('messages as fold --json prints them, one a line, are the messages of one side', async () => {
    const choices = join(CHAT, 'n-2-with-logprobs.recording')
    const { messages } = await folded(choices)
    expect(messages.length).toBe(2)
    const lines = file('choices.json', messages.map((message) => JSON.stringify(message)).join('\n'))
    expect((await run([choices, lines])).out).toContain('no difference')
  })

  test('a damaged recording is compared as far as it is sound, and the line is told', async () => {
    const damaged = file('damaged.recording', `${readFileSync(A, 'utf8').split('\n').slice(0, 2).join('\n')}\n[1,\n`)
    const { code, out, err } = await run([A, damaged])
    expect(code).toBe(1)
    expect(err).toContain(`${damaged}: line 3: `)
    expect(err).toContain('what came before it is compared')
    expect(out).toContain('truncated by reset')
  })

  test('a damaged file that is equal to itself is a finding all the same', async () => {
    const damaged = file('damaged-2.recording', `${readFileSync(A, 'utf8')}[1,\n`)
    expect((await run([damaged, damaged])).code).toBe(1)
  })

  it.each([
    ['events', 'foreign.sse', 'data: {"foo":1}\n\ndata: {"foo":2}\n\n'],
    ['lines', 'foreign.ndjson', '{"foo":1}\n{"foo":2}\n'],
    ['one line', 'one-line.ndjson', '{"foo":1}\n'],
    ['a line that breaks off', 'torn.ndjson', '{"foo":'],
  ])('%s of an unknown form could be a stream: a finding, and how to name the form', async (_, name, content) => {
    const foreign = file(name, content)
    const { code, err } = await run([foreign, foreign])
    expect({ code, isTold: err.includes('it shows no known wire format; name it with --dialect') }).toEqual({
      code: 1,
      isTold: true,
    })
  })

  test('an empty recording stays one', async () => {
    const empty = file('empty.recording', `${readFileSync(A, 'utf8').split('\n')[0] ?? ''}\n{"end":"reset"}\n`)
    expect((await run([A, empty])).out).toContain('failed')
  })
})

async function folded(path: string): Promise<{ messages: readonly unknown[] }> {
  const { assembleRecording } = await import('../../src/recording/fold-recording.ts')
  return { messages: await assembleRecording(await readRecordingFile(path)).messages() }
}

function har(bodies: readonly string[]): unknown {
  return {
    log: {
      version: '1.2',
      entries: bodies.map((text) => ({
        request: {
          method: 'POST',
          url: 'https://api.anthropic.com/v1/messages',
          headers: [],
          postData: { text: '{"model":"m-1","stream":true,"messages":[]}' },
        },
        response: {
          status: 200,
          headers: [{ name: 'content-type', value: 'text/event-stream' }],
          content: { text, mimeType: 'text/event-stream' },
        },
      })),
    },
  }
}

describe('options', () => {
  test('--json is one document, and what compare() gives', async () => {
    const { out, code } = await run([A, CALL, '--json', '--ignore', 'ids'])
    const turns = await Promise.all([A, CALL].map((path) => readRecordingFile(path)))
    expect(JSON.parse(out)).toEqual(
      JSON.parse(JSON.stringify(compare(turns, { labels: ['a', 'call'], ignore: ['ids'] }))),
    )
    expect(code).toBe(1)
  })

  test('each side is called by its file, and where it is stands there once', async () => {
    const { out } = await run([A, WORD])
    expect(out).toMatch(/\na +word\nmodel|^ +a +word$/m)
    expect(out.split(A)).toHaveLength(2)
    expect(out.split(WORD)).toHaveLength(2)
  })

  test('--ignore takes a list and can be repeated', async () => {
    const { code, out } = await run([WORD, LATE, '--ignore', 'text,ids', '--ignore', 'times'])
    expect(code).toBe(0)
    expect(out).toContain('no difference (ignored: text, ids, times)')
  })

  test('--tolerance decides from when on times differ', async () => {
    expect((await run([A, LATE, '--tolerance', '2500'])).code).toBe(0)
    expect((await run([A, LATE, '--tolerance', '100'])).code).toBe(1)
  })

  it.each([
    ['a number', '2'],
    ['a file', WORD],
    ['a label', 'night'],
  ])('--reference takes %s', async (_, reference) => {
    const { out } = await run([A, WORD, '--label', 'day', '--label', 'night', '--reference', reference])
    expect(out).toContain('compared with night')
    expect(out).toContain('[-moon-]{+sun+}')
  })

  test('--prices gives each side its cost', async () => {
    const prices = file('prices.json', '{"m":{"input":1000000,"output":2000000}}')
    expect((await run([A, SAME, '--prices', prices])).out).toMatch(/cost +21\.00 +21\.00/)
  })

  test('--text shows texts whole and nothing else, --calls the calls', async () => {
    const long = 'It goes on and on. '.repeat(40)
    const one = recorded('long-1', { text: `${long}First.`, calls: [['weather', { city: 'Paris', note: 'x' }]] })
    const two = recorded('long-2', { text: `${long}Second.`, calls: [['weather', { city: 'Rome', note: 'x' }]] })
    const texts = await run([one, two, '--text'])
    expect(texts.out.match(/goes\s+on/g)?.length).toBeGreaterThanOrEqual(40)
    expect(texts.out).toContain('[-First-]{+Second+}.')
    expect(texts.out).not.toContain('Paris')
    const calls = await run([one, two, '--calls'])
    expect(calls.out).toMatch(/≠ +"city": "Paris"/)
    expect(calls.out).toMatch(/≠ +"city": "Rome"/)
    expect(calls.out).toMatch(/\n {4,}"note": "x"/)
    expect(calls.out).not.toMatch(/goes\s+on/)
    const both = await run([one, two, '--text', '--calls'])
    expect(both.out).toMatch(/goes\s+on/)
    expect(both.out).toContain('"city"')
    expect([texts, calls, both].map(({ out }) => out.trimEnd().split('\n').at(-1))).toEqual([
      '2 differences: text, calls; shown: text',
      '2 differences: text, calls; shown: calls',
      '2 differences: text, calls',
    ])
  })

  test('--timing draws all sides on one clock, with their longest gaps', async () => {
    const { out } = await run([A, LATE, '--timing'])
    expect(out).toMatch(/timeline +0 ─+ 2\.41 s/)
    expect(out).toContain('longest gaps: 2.30 s from 100 ms')
    const bars = out
      .split('\n')
      .filter((line) => /^ {2}text /.test(line))
      .map((line) => line.length)
    expect(bars).toHaveLength(2)
    expect(bars[1]).toBeGreaterThan((bars[0] ?? 0) * 2)
    expect(out).not.toContain('The sun')
  })

  test('--dialect is for the side that does not show its own', async () => {
    const odd = file('odd.sse', 'data: {"token":{"id":1,"text":"The sun"}}\n\n')
    const [without, named] = [await run([A, odd]), await run([A, odd, '--dialect', 'text-generation'])]
    expect(named.out).toContain('text-generation')
    expect(named.out).toContain('anthropic-messages')
    expect(named.err).toBe('')
    expect(without.code).toBe(1)
  })

  test('--dialect that no side needs is told', async () => {
    const { code, err } = await run([A, SAME, '--dialect', 'gemini'])
    expect(err).toContain('--dialect gemini: no side needed it; each shows its own wire format')
    expect(code).toBe(0)
  })

  test.each(['recording', 'link', 'prices'])('--html replaces a page, and nothing else: no %s', async (name) => {
    const [original, path] = [join(folder, `kept-${name}.txt`), join(folder, `page-${name}`)]
    const kept = name === 'prices' ? '{}' : readFileSync(A, 'utf8')
    writeFileSync(original, kept)
    if (name === 'link') symlinkSync(original, path)
    else writeFileSync(path, kept)
    expect(await refused(A, WORD, '--html', path)).toContain('no page; name another')
    expect(readFileSync(path, 'utf8')).toBe(kept)
  })

  test('--html writes a page and says where it is; with --json not among the JSON', async () => {
    const page = join(folder, 'page.html')
    expect((await run([A, WORD, '--html', page])).out).toContain(`page: ${page}`)
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>/i)
    const { out, err } = await run([A, WORD, '--html', page, '--json'])
    expect(JSON.parse(out)).toHaveProperty('rows')
    expect(err).toContain(page)
  })
})

describe('misuse is refused with its reason', () => {
  const two = [A, WORD]
  const bad = (name: string, content: unknown): string =>
    file(name, typeof content === 'string' ? content : JSON.stringify(content))
  const prices = bad('bad-prices.json', { 'm-1': { input: 'three' } })
  const noJson = bad('no-json.json', '{\n  "m": {,}\n}')
  const twoAnswers = bad('two.har', har([piecesOf({}).join(''), piecesOf({}).join('')]))
  const noAnswer = bad('none.har', har([]))
  const noMessage = bad('no-message.json', {
    id: 'x',
    idSource: 'wire',
    dialect: 'gemini',
    content: [null],
    stop: { reason: 'end_turn', raw: null, sequence: null },
    outcome: { kind: 'complete' },
    usage: {},
    anomalies: [],
  })
  it.each([
    ['nothing', [], 'name two or more files, or two or more folders'],
    ['one file', [A], `there is only ${A}`],
    ['a file and a folder', [A, ANTHROPIC], `${ANTHROPIC} is a folder and ${A} is a file`],
    ['a file that is not there', [A, join(folder, 'none')], 'none: there is no such file or folder'],
    ['the standard input twice', ['-', '-'], '- can be one side only'],
    [
      'an aspect that there is not',
      [...two, '--ignore', 'txt'],
      '--ignore txt: it takes text, thinking, calls, blocks, stop, outcome, anomalies, usage, times, ids',
    ],
    ['an empty list of aspects', [...two, '--ignore', ''], '--ignore : it takes text'],
    [
      'a reference that is none',
      [...two, '--reference', '3'],
      '--reference 3: it must be a number from 1 to 2, or one of',
    ],
    [
      'an aspect that is nearly one',
      [...two, '--ignore', 'ids,time'],
      '--ignore time: it takes text, thinking, calls, blocks, stop, outcome, anomalies, usage, times, ids, with commas between them; did you mean times?',
    ],
    ['too few labels', [...two, '--label', 'x'], '--label is there once for 2 sides: give it once for each'],
    [
      'too many labels',
      [...two, ...['x', 'y', 'z'].flatMap((name) => ['--label', name])],
      '--label is there 3 times for',
    ],
    ['equal labels', [...two, '--label', 'x', '--label', 'x'], '--label x is there twice: give each side its own'],
    [
      'a text',
      [A, join(ROOT, 'README.md')],
      'README.md: it is no stream, no answer and no message; a side is a recording',
    ],
    ['a text under a wire format', [A, join(ROOT, 'README.md'), '--dialect', 'gemini'], 'README.md: it is no stream'],
    ['other JSON', [A, join(ROOT, 'package.json')], 'package.json: it is no stream, no answer and no message'],
    ['an empty file', [A, file('empty.sse', '')], 'empty.sse: it is empty; a side is a recording'],
    [
      'JSON that breaks off',
      [A, file('torn.json', '{"id":"msg_1",')],
      'it is no JSON that can be read, and may be cut off',
    ],
    ['blank lines', [A, file('blank.sse', '\n \n')], 'blank.sse: it is empty; a side is a recording'],
    ['a tolerance that is none', [...two, '--tolerance=-1'], '--tolerance -1: it must be milliseconds, 0 or more'],
    ['a dialect that there is not', [...two, '--dialect', 'morse'], '--dialect morse: onefold reads'],
    ['a price that is none', [...two, '--prices', prices], `${prices}: the option prices has no price under m-1`],
    ['prices that are no JSON', [...two, '--prices', noJson], `${noJson}: not JSON (line 2)`],
    ['JSON and a closer look', [...two, '--json', '--text'], '--json has everything'],
    ['an option of --live', [...two, '--system', 'x'], '--system goes with --live'],
    [
      'a page that cannot be written',
      [...two, '--html', join(folder, 'none', 'x.html')],
      'the page cannot be written (ENOENT)',
    ],
    ['a page over a recording', [...two, '--html', WORD], 'that is one of the files that are read'],
    [
      'a HAR with two answers',
      [A, twoAnswers],
      `it has 2 answers, and a side is one. onefold import ${twoAnswers} --out DIR`,
    ],
    ['a HAR without one', [A, noAnswer], 'there is no answer of a known API in it'],
    ['a damaged message', [A, noMessage], 'the message is damaged: content[0] is no block'],
    ['a folder without recordings', [mkdtempSync(join(folder, 'empty-')), ANTHROPIC], 'there is no recording in it'],
  ])('%s', async (_, args, message) => {
    const said = await refused(...args)
    expect(said).toContain(message)
    expect(said.includes('--dialect'), 'no hint that does not help').toBe(message.startsWith('--dialect'))
  })

  test('a far name is not proposed', async () => {
    expect(await refused(...two, '--ignore', 'everything')).not.toContain('did you mean')
  })
})

describe('the report', () => {
  /** An answer that breaks off with what the provider says. */
  const failing = (name: string, says: string): string =>
    file(
      `${name}.sse`,
      `${piecesOf({})[0] ?? ''}event: error\n${event({ type: 'error', error: { type: 'overloaded_error', message: says } })}`,
    )

  test('says why a side failed, also where both did in the same way', async () => {
    const [one, two] = [failing('busy-1', `Busy. ${'x'.repeat(400)}`), failing('busy-2', `Busy. ${'x'.repeat(400)}`)]
    const { out } = await run([one, two, '--reference', '2'])
    expect(out).toMatch(/\nnot complete\n {2}busy-1 {2}failed: .*: Busy\. x+/)
    expect(out).toMatch(/\n {2}busy-2 {2}failed: .*: Busy\. x+/)
    expect(out.match(/x/g)?.length).toBeLessThan(450)
    expect((await run([A, SAME])).out).not.toContain('not complete')
  })

  it.each([80, 120])('of many sides has one line for each, in tables, at %i columns', async (width) => {
    const sides = [100, 2000, 3000, 400, 500, 600, 700].map((ms, at) => recorded(`many-${at}`, { ms, output: 9 + at }))
    const { out } = await run(sides, { width })
    const figures = out.split('\n\ncontent')[0] ?? ''
    for (let side = 0; side < 7; side += 1)
      expect(figures.match(new RegExp(`^many-${side} .*complete`, 'gm'))).toHaveLength(1)
    const lines = figures.split('\n')
    const ends = lines.flatMap((line) => /^(many-\d) .*(?:610 ms|3\.01 s)/.exec(line)?.[1] ?? [])
    expect(ends).toEqual(['many-2', 'many-5'])
    expect(lines.findIndex((line) => line.startsWith('many-0 ') && line.includes('complete'))).toBeGreaterThan(0)
    expect(figures.match(/^many-1 .*≠ 10\b/m)).not.toBeNull()
    expect(lines.length).toBeLessThan(width === 80 ? 60 : 48)
  })

  test('has an anomaly that came often once, with how often', async () => {
    const [message] = (await folded(A)).messages as object[]
    const late = { kind: 'late_event', detail: 'ping' }
    const anomalies = [...Array.from({ length: 14 }, () => late), { kind: 'repeated_stop' }, late]
    const odd = file('late-events.json', JSON.stringify({ ...message, anomalies }))
    const { out } = await run([A, odd])
    const told = out.slice(out.indexOf('\ndifferences'))
    expect(told).toContain('×15')
    expect(told.match(/only in late-events: late_event/g)).toHaveLength(1)
    expect(told).toMatch(/only in late-events: repeated_stop: [^×]*\n/)
  })

  test('marks what is there on one side only also where it does not count, and times only if they count', async () => {
    const body = file('untimed.sse', piecesOf({}).join(''))
    const cheap = recorded('cheap', { ms: 320, output: 12 })
    const { out } = await run([recorded('dear'), cheap, '--ignore', 'usage'])
    expect(out).toMatch(/tokens out +9 +~ 12/)
    expect(out).toMatch(/last token +300 ms {2,}320 ms/)
    expect((await run([cheap, body])).out).toMatch(/first byte +100 ms +~ —/)
  })

  test('--calls marks a call that one side does not have', async () => {
    const none = recorded('no-call')
    expect((await run([A, none, '--calls'])).out).toMatch(/\n≠ no-call: no such call/)
    expect((await run([none, A, '--calls'])).out).toMatch(/\n {2}no-call: no such call\n≠ a\n/)
    expect((await run([A, none, '--calls', '--ignore', 'calls'])).out).toMatch(/\n~ no-call: no such call/)
  })

  test('a call that only stands elsewhere is marked as moved', async () => {
    const calls = ['first', 'second'].map((name) => [name, {}] as const)
    const sides = [recorded('moved-1', { calls }), recorded('moved-2', { calls: calls.toReversed() })]
    const { out } = await run([...sides, '--ignore', 'ids'])
    expect(out).toMatch(/#3 tool call +↕ second/)
    expect(out).toMatch(/#2 tool call +[=] first/)
    expect((await run([...sides, '--ignore', 'ids,calls'])).out).not.toContain('↕')
  })

  test('notes that recordings were asked different questions', async () => {
    const asked = (name: string, request: unknown): string => {
      const [header = '', ...lines] = readFileSync(A, 'utf8').split('\n')
      return file(`${name}.recording`, [JSON.stringify({ ...JSON.parse(header), request }), ...lines].join('\n'))
    }
    const user = (content: unknown): unknown => ({
      messages: [
        { role: 'system', content: 'x' },
        { role: 'user', content },
      ],
    })
    const paris = asked('asked-1', user('Paris?'))
    const same = asked('asked-2', { input: [{ role: 'user', content: [{ type: 'input_text', text: 'Paris?' }] }] })
    const other = asked('asked-3', { contents: [{ role: 'user', parts: [{ text: 'Rome?' }] }] })
    expect((await run([paris, other])).out).toContain('\n\nasked different questions\n\n')
    expect((await run([paris, other])).code).toBe(0)
    for (const sides of [
      [paris, same],
      [paris, A],
      [A, A],
    ]) {
      expect((await run(sides)).out).not.toContain('asked different')
    }
  })
})

describe('folders', () => {
  const one = join(folder, 'one')
  const two = join(folder, 'two')
  for (const [name, answer] of [
    ['calm', {}],
    ['deep/windy', { text: 'Wind.' }],
    ['wet', { calls: [['umbrella', {}]] }],
  ] as const) {
    recorded(`one/${name}`, answer)
    if (name !== 'wet') recorded(`two/${name}`, name === 'calm' ? {} : { text: 'Storm.', ms: 900 })
  }
  recorded('two/snow')

  test('that agree: a line for each case, a summary, exit code 0', async () => {
    const { code, out } = await run([one, one])
    expect(code).toBe(0)
    expect(out).toMatch(/same +calm\nsame +deep\/windy\nsame +wet/)
    expect(out).toContain('no difference in 3 cases')
  })

  test('that differ: in what, which cases are missing where, and how often each side agrees', async () => {
    const { code, out } = await run([one, two])
    expect(code).toBe(1)
    expect(out).toMatch(/differs +deep\/windy +text, times/)
    expect(out).toMatch(/missing +snow +not in one/)
    expect(out).toMatch(/missing +wet +not in two/)
    expect(out).toMatch(/same text +reference +≠ 1 of 2/)
    expect(out).toMatch(/same calls +reference +2 of 2/)
    expect(out).toMatch(/last token p95 +300 ms +900 ms/)
    expect(out).toContain('1 of 2 cases differs, 2 missing on a side')
  })

  test('a closer look follows the line of each case that differs', async () => {
    expect((await run([one, two, '--text'])).out).toContain('[-Wind-]{+Storm+}.')
  })

  test('--json: a line for each case, then the summary', async () => {
    const { out } = await run([one, two, '--json'])
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map((line) => line.case)).toEqual(['calm', 'deep/windy', 'snow', 'wet', undefined])
    expect(lines[0].comparison.differences).toEqual([])
    expect(lines.slice(2, 4)).toEqual([
      { case: 'snow', missing: [0] },
      { case: 'wet', missing: [1] },
    ])
    expect(lines[4]).toMatchObject({
      missing: 2,
      unreadable: 0,
      damaged: 0,
      summary: {
        cases: 2,
        same: 1,
        sides: [{ same: 2 }, { same: 1, differs: { text: 1, times: 1 }, agrees: { text: 1, calls: 2, stop: 2 } }],
      },
    })
  })

  test('without a case in common the names of both are told, and it is a finding', async () => {
    const other = join(folder, 'other')
    recorded('other/else')
    const { code, out } = await run([one, other])
    expect(code).toBe(1)
    expect(out).toContain('only in one: calm, deep/windy, wet')
    expect(out).toContain('only in other: else')
    expect(out).toContain('no case in common')
  })

  const pageOf = async (...args: string[]): Promise<Ran & { readonly page: string }> => {
    const path = join(folder, 'folders.html')
    rmSync(path, { force: true })
    const ran = await run([...args, '--html', path])
    const page = readFileSync(path, 'utf8').replace(/<style>[^]*<\/style>|<script>[^]*<\/script>/g, '')
    return { ...ran, page: page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ') }
  }

  test('--html: the page names the sides and what is missing where', async () => {
    const { page, code } = await pageOf(one, two)
    expect(code).toBe(1)
    expect(page).toContain('one · two')
    expect(page).toContain('2 cases compared: 1 with differences, 1 without. Not compared: 2.')
    expect(page).toMatch(/snow not in one .*wet not in two/)
    expect(page).not.toContain(folder)
  })

  test('--html: one case in common is still a page of folders, and what cannot be read is on it without a path', async () => {
    const [left, right] = [join(folder, 'left-page'), join(folder, 'right-page')]
    for (const side of [left, right]) cpSync(one, side, { recursive: true })
    rmSync(join(right, 'wet.recording'))
    writeFileSync(join(right, 'calm.recording'), 'nothing\n')
    const { page, code } = await pageOf(left, right)
    expect(code).toBe(1)
    expect(page).toContain('1 case compared: 0 with differences, 1 without. Not compared: 2.')
    expect(page).toContain('wet not in right-page')
    expect(page).toMatch(/calm cannot be read: right-page\/calm, line 1: /)
    expect(page).not.toContain(folder)
  })

  test('--html: what is damaged is on the page', async () => {
    const torn = join(folder, 'torn')
    cpSync(one, torn, { recursive: true })
    const path = join(torn, 'calm.recording')
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"half":`)
    const { page, code } = await pageOf(one, torn)
    expect(code).toBe(1)
    expect(page).toMatch(/Damaged, compared as far as they go.* calm torn\/calm: line \d+/)
    expect(page).not.toContain(folder)
  })

  test('--html: no case in common is a page that says so', async () => {
    recorded('other-page/else')
    const { page, code, out } = await pageOf(one, join(folder, 'other-page'))
    expect(code).toBe(1)
    expect(out).toContain('no case in common')
    expect(page).toContain('No case could be compared. Not compared: 4.')
    expect(page).toMatch(/calm not in other-page .*else not in one/)
  })

  test('a file that cannot be read is a finding, and the others are compared', async () => {
    const [left, right] = [join(folder, 'left'), join(folder, 'right')]
    cpSync(one, left, { recursive: true })
    cpSync(one, right, { recursive: true })
    writeFileSync(join(right, 'calm.recording'), 'nothing\n')
    for (const side of [left, right]) writeFileSync(join(side, 'void.sse'), '')
    const { code, out, err } = await run([left, right])
    expect(code).toBe(1)
    expect(err).toContain('calm.recording')
    expect(err).toContain('void.sse: it is empty')
    expect(out).toContain('2 cannot be read')
    expect(out).toMatch(/same +wet/)
  })

  test('times say of how many cases they are, where not all have them', async () => {
    const timed = join(folder, 'timed')
    cpSync(one, timed, { recursive: true })
    writeFileSync(join(timed, 'wet.sse'), readFileSync(file('calm.sse', piecesOf({}).join(''))))
    rmSync(join(timed, 'wet.recording'))
    const { out } = await run([one, timed])
    expect(out).toMatch(/first byte p50 +100 ms +100 ms \(of 2\)/)
    expect(out).toMatch(/first token max +100 ms +100 ms \(of 2\)/)
  })
})

const NAMES = readdirSync(ANTHROPIC).filter((name) => name.endsWith('.recording'))
const PAIRS = NAMES.filter((name) => readdirSync(CHAT).includes(name)).map((name) => [
  join(ANTHROPIC, name),
  join(CHAT, name),
])

describe.each([40, 57, 80, 200])('at a width of %i', (width) => {
  it.each([[[]], [['--text', '--calls', '--timing']]])('no line is wider, with %j', async (closer) => {
    expect(PAIRS.length).toBeGreaterThan(10)
    for (const pair of [
      ...PAIRS,
      ['one', 'two'].map((name) => join(folder, name)),
      [...(PAIRS[0] ?? []), A, LATE, CALL],
    ]) {
      const { out } = await run([...pair, ...closer], { width, isPainted: true })
      expect(out.split('\n').filter((line) => stringWidth(line) > width)).toEqual([])
    }
  })
})

test('narrower than that it still prints', async () => {
  expect((await run([A, CALL], { width: 0 })).out).toContain('1 difference')
})

test('columns stay straight with wide characters, marks and emoji', async () => {
  const wide = recorded('wide', { text: '今日は晴れです。👩‍💻 é ночь', model: '模型-é-👨‍👩‍👧' })
  const { out } = await run([wide, recorded('plain'), '--label', '東京', '--label', 'é👩‍💻'], { width: 90 })
  const [head = '', ...rows] = out.split('\n').filter((line) => /^(?: +東京|model|outcome|stop|tokens in)/.test(line))
  const column = stringWidth(head.slice(0, head.indexOf('é👩‍💻')))
  const starts = rows.map((row) => /^(\S+(?: \S+)? +\S+ +(?:[≠~] )?)/.exec(row)?.[1] ?? '')
  expect(starts.map((start) => stringWidth(start))).toEqual(rows.map(() => column))
  expect(rows).toHaveLength(4)
})

test('a sign of several characters changes as a whole', async () => {
  const [one, two] = ['👩‍💻', '👩‍🔬'].map((sign) => recorded(`sign-${sign.length}-${sign}`, { text: `I am ${sign} now.` }))
  expect((await run([one ?? '', two ?? ''])).out).toContain('I am [-👩‍💻-]{+👩‍🔬+} now.')
})

it.each([
  ['Pay [-100-]{+900+} now.', 'Pay \\[-100\\-]\\{+900\\+} now.'],
  ['[\ufe0e-a-\ufe0e] b[-1]', '\\[\ufe0e-a\\-\ufe0e] b\\[-1]'],
  ['[-] and \\[-', '\\[\\-] and \\\\\\[-'],
])('what a text has of the signs of changes is no change: %s', (text, shown) => {
  const plain = painter({ isTTY: false }, {})
  expect(wholeText([{ kind: 'same', text }], plain)).toBe(shown)
  expect(changedPlaces([{ kind: 'added', text: `${text}.` }], plain)).toBe(`{+${shown}.+}`)
  expect(wholeText([{ kind: 'removed', text }], plain)).toBe(`[-${shown}-]`)
})

it.each([
  [{ kind: 'same', text: 'a\\' } as const, { kind: 'removed', text: 'b' } as const, 'a\\\\[-b-]'],
  [{ kind: 'removed', text: ']a[' } as const, { kind: 'added', text: '}b{\\' } as const, '[-\\]a\\[-]{+\\}b{\\\\+}'],
])('signs that a text makes together with those of a change are none: %#', (one, other, shown) => {
  expect(changedPlaces([one, other], painter({ isTTY: false }, {}))).toBe(shown)
})

test('a text is cut and wrapped by columns, and takes no time for being long', () => {
  expect(cut('東京都庁', 5)).toBe('東京…')
  expect(cut('abc', 3)).toBe('abc')
  expect(columnsOf('古'.repeat(20_000))).toBe(40_000)
  const lines = wrapped(`${'古'.repeat(9000)} é`, 41)
  expect(lines.every((line) => stringWidth(line) <= 41)).toBe(true)
  expect(lines.join('').replaceAll(' ', '')).toBe(`${'古'.repeat(9000)}é`)
})

describe('colours', () => {
  const escape = '\u001b['
  test('stand on a terminal for what is marked', async () => {
    const { out } = await run([A, WORD], { isPainted: true })
    expect(out).toContain(`${escape}31m[-sun-]`)
    expect(out).toContain(`${escape}32m{+moon+}`)
  })

  test('are nowhere in a pipe, nor where they are not wanted', async () => {
    expect((await run([A, WORD])).out).not.toContain('\u001b')
    expect(painter({ isTTY: true }, { NO_COLOR: '1' })('red', 'x')).toBe('x')
    expect(painter({ isTTY: false }, {})('red', 'x')).toBe('x')
  })
})

const EVIL =
  'x\u001b[31mred\u001b]8;;http://x\u0007link\u001b]52;c;aGk=\u0007\u009b2J\u202eabc\u2066\u200b\ud83d\u2028\u{e0041}\rover\bback'
/** All that a terminal may obey, or that hides. */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- finding them is the purpose
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}\ud800-\udfff]/u
// oxlint-disable-next-line no-control-regex -- what the command itself sets
const OWN = /\u001b\[\d+(?:;\d+)*m/g

describe('a hostile recording', () => {
  const hostile = (name: string, text: string): string =>
    recorded(name, {
      text: text + EVIL,
      model: name + EVIL,
      id: name + EVIL,
      stop: `${name}${EVIL}`,
      calls: [
        [`tool${EVIL}`, { [`key${EVIL}`]: text + EVIL }],
        [name + EVIL, {}],
      ],
    })
  const one = hostile('hostile-1', 'one ')
  const two = hostile('hostile-2', 'two ')

  it.each([
    [[]],
    [['--text']],
    [['--calls']],
    [['--timing']],
    [['--json']],
    [['--label', EVIL, '--label', `${EVIL}b`]],
  ])('I10: is shown and not obeyed, with %j', async (args) => {
    const { out } = await run([one, two, ...args])
    expect(out).toMatch(/31mred|timeline/)
    expect(UNSAFE.exec(out)?.[0]).toBeUndefined()
    const painted = await run([one, two, ...args], { isPainted: true })
    expect(UNSAFE.exec(painted.out.replaceAll(OWN, ''))?.[0]).toBeUndefined()
  })

  test('I10: is no more obeyed where it is a message that nobody folded', async () => {
    const [message] = (await folded(A)).messages as object[]
    const ends = [
      { kind: 'truncated', by: EVIL, error: { class: EVIL, message: EVIL, retryable: false } },
      { kind: 'failed', error: { class: EVIL, message: EVIL, retryable: false } },
      { kind: 'aborted', by: EVIL, reason: EVIL },
      { kind: 'timed_out', budget: EVIL, silenceMs: 1 },
    ]
    const odd = ends.map((outcome) => ({ ...message, dialect: EVIL, usage: { [EVIL]: 1 }, outcome }))
    const evil = file('evil.json', JSON.stringify(odd))
    const calm = file('calm.json', JSON.stringify(ends.map(() => message)))
    for (const closer of [[], ['--timing']]) {
      const { out } = await run([calm, evil, ...closer])
      expect(UNSAFE.exec(out)?.[0]).toBeUndefined()
    }
  })

  test('a line of 5 MB gives a report that can be read', async () => {
    const big = `${EVIL}${'x'.repeat(5_000_000)}`
    const [left, right] = [recorded('big-1', { text: `1${big}` }), recorded('big-2', { text: `2${big}3` })]
    const { code, out } = await run([left, right], { width: 80 })
    expect(code).toBe(1)
    expect(out.length).toBeLessThan(20_000)
    const closer = await run([left, right, '--text', '--calls'], { width: 80 })
    expect(closer.out.length).toBeLessThan(500_000)
    expect(closer.out).toContain('more characters')
  })

  describeTerminal('in a terminal', () => {
    test('gets nothing through but colours', async () => {
      const { code, bytes } = await inTerminal(
        [process.execPath, join(ROOT, 'dist/cli/main.js'), 'compare', one, two],
        { columns: 72, env: { NO_COLOR: undefined, TERM: 'xterm-256color' } },
      )
      const text = bytes.toString('utf8')
      expect(code).toBe(1)
      expect(text).toContain('\u001b[31m')
      expect(UNSAFE.exec(text.replaceAll(OWN, ''))?.[0]).toBeUndefined()
      const colours = new Set([...text.matchAll(OWN)].map(([sequence]) => sequence))
      expect([...colours].filter((sequence) => !/^.\[(?:1|2|22|31|32|33|36|39|7|27)m$/.test(sequence))).toEqual([])
      expect(text.split('\n').filter((line) => stringWidth(line) > 72)).toEqual([])
    })
  })
})
