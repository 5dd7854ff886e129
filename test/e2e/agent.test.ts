/** The example agent against the example provider: with the official SDKs, under every fault, killed, interrupted and gone on with. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { run, type Api } from '../../examples/agent.ts'
import { startProvider, type Provider, type ProviderOptions } from '../../examples/provider.ts'
import { placesOf } from '../../src/recording/faults/break.ts'
import { FAULT_PLANS } from '../../src/recording/faults/plans.ts'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import { parseRecording } from '../../src/recording/format.ts'
import type { Clock } from '../../src/system.ts'
import type { Item } from '../../src/transcript/items.ts'
import { Transcript } from '../../src/transcript/transcript.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const AGENT = join(ROOT, 'examples/build/agent.js')
const PROVIDER = join(ROOT, 'examples/build/provider.js')
const PROMPT = 'What do two coffees at 3.20 and a cake 🍰 at 4.50 cost? Note that I paid.'
const SAID = 'I add it up and note it.'
const ANSWER = 'They cost 10.90. I have noted that you paid.'
const NOTE = '"Paid for two coffees and a cake."'

const DIALECTS: Readonly<Record<Api, FaultDialect>> = {
  anthropic: 'anthropic-messages',
  chat: 'openai-chat',
  responses: 'openai-responses',
}
/** Plans about what the recordings of the example do not have: a signature, filler, something between the stop and the end, … */
const NOT_FITTING: Readonly<Record<Api, readonly string[]>> = {
  anthropic: ['cut-after-stop-eof', 'cut-after-stop-reset', 'repeat-signature', 'repeat-filler'],
  chat: ['repeat-filler', 'finish-without-delta', 'finish-with-null-delta'],
  responses: ['repeat-unplaced', 'repeat-usage', 'repeat-delta'],
}
/** Where in an answer a plan strikes. */
const SEEDS = [0, 7]

const NAMES: readonly Api[] = ['anthropic', 'chat', 'responses']

/** The waits are real, and a hundredth as long. */
const HASTY: Clock = {
  now: () => performance.now() * 100,
  setTimeout: (callback, ms) => setTimeout(callback, ms / 100),
  clearTimeout: (timer: NodeJS.Timeout) => {
    clearTimeout(timer)
  },
}

const folders: string[] = []
const providers: Provider[] = []
const children: ChildProcess[] = []

beforeAll(async () => {
  await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.example.json'],
    {
      cwd: ROOT,
    },
  )
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const provider of providers.splice(0)) await provider.close()
})

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A session that has not begun, and where its notes go. */
interface Place {
  readonly session: string
  readonly notes: string
}

function newPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'onefold-agent-'))
  folders.push(folder)
  return { session: join(folder, 'session.jsonl'), notes: join(folder, 'notes.txt') }
}

async function provide(options: ProviderOptions = {}): Promise<Provider> {
  const provider = await startProvider({ pace: 0, ...options })
  providers.push(provider)
  return provider
}

function environment({ url }: Pick<Provider, 'url'>, { notes }: Place, noteMs: number): Record<string, string> {
  const keys = { ANTHROPIC_API_KEY: 'none', OPENAI_API_KEY: 'none' }
  return { ...keys, ANTHROPIC_BASE_URL: url, OPENAI_BASE_URL: `${url}/v1`, NOTES: notes, NOTE_MS: String(noteMs) }
}

interface Ran {
  readonly why: string
  readonly printed: string
  readonly told: readonly string[]
}

/** Runs the agent in this process. */
async function runHere(
  api: Api,
  place: Place,
  provider: Provider,
  prompt?: string,
  signal?: AbortSignal,
): Promise<Ran> {
  Object.assign(process.env, environment(provider, place, 0))
  const told: string[] = []
  let printed = ''
  const why = await run(api, place.session, prompt, {
    print: (text) => (printed += text),
    tell: (line) => told.push(line),
    clock: HASTY,
    ...(signal === undefined ? {} : { signal }),
  })
  return { why, printed, told }
}

interface Exited {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Running {
  readonly child: ChildProcess
  readonly over: Promise<Exited>
}

/** Starts a program of the example in a process of its own. */
function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } })
  children.push(child)
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return { child, over: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) }
}

const argsOf = (api: Api, { session }: Place): readonly string[] => ['--api', api, '--session', session]

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
}

function transcriptOf({ session }: Place): Transcript {
  return Transcript.from(linesOf(session).map((line) => JSON.parse(line)))
}

interface Heard {
  readonly text: string
  readonly calls: readonly string[]
  readonly isWhole: boolean
}

function answersIn(items: readonly Item[]): readonly Heard[] {
  return items.flatMap((item) => {
    if (item.role !== 'assistant') return []
    const { content, outcome } = item.message
    const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
    const calls = content.flatMap((block) =>
      block.type === 'tool_call' && block.state === 'complete' ? [`${block.name} ${JSON.stringify(block.input)}`] : [],
    )
    return [{ text, calls, isWhole: outcome.kind === 'complete' }]
  })
}

const WHOLE: readonly Heard[] = [
  {
    text: SAID,
    calls: ['add {"numbers":[3.2,3.2,4.5]}', 'write_note {"text":"Paid for two coffees and a cake."}'],
    isWhole: true,
  },
  { text: ANSWER, calls: [], isWhole: true },
]

/** What must hold of a session however its streams broke. */
function expectSound(place: Place, provider: Provider): void {
  expect(provider.asked.flatMap(({ refused }) => refused ?? [])).toEqual([])
  const items = transcriptOf(place).items()
  for (const { text, calls, isWhole } of answersIn(items)) {
    const meant = WHOLE.find((one) => one.text.startsWith(text)) ?? expect.fail(`nobody said ${text}`)
    if (isWhole) expect(text).toBe(meant.text)
    expect(WHOLE[0]?.calls).toEqual(expect.arrayContaining([...calls]))
  }
  // Each line is one run of the tool, and each run has the result of another call.
  const noted = items.filter((item) => item.role === 'tool' && item.content === 'noted')
  expect(linesOf(place.notes)).toEqual(noted.map(() => NOTE))
  const answered = items.flatMap((item) => (item.role === 'tool' ? [item.call] : []))
  expect(new Set(answered).size).toBe(answered.length)
}

test('examples/agent.ts has at most 120 lines', () => {
  expect(linesOf(join(ROOT, 'examples/agent.ts')).length).toBeLessThanOrEqual(120)
})

describe.each(NAMES)('the agent with %s', (api) => {
  it('answers, having run each tool once, as a program of its own', async () => {
    const provider = await provide()
    const place = newPlace()
    const { over } = start(AGENT, [...argsOf(api, place), PROMPT], environment(provider, place, 0))
    expect(await over).toMatchObject({ code: 0, out: `${SAID}\n${ANSWER}\n` })
    expect(answersIn(transcriptOf(place).items())).toEqual(WHOLE)
    expect(provider.asked).toHaveLength(2)
    expectSound(place, provider)
    expect(linesOf(place.notes)).toEqual([NOTE])
  })

  it('asks nothing more where the model has answered, and goes on with a new question', async () => {
    const provider = await provide()
    const place = newPlace()
    await runHere(api, place, provider, PROMPT)
    const before = readFileSync(place.session, 'utf8')
    expect(await runHere(api, place, provider)).toEqual({ why: 'end_turn', printed: '', told: [] })
    expect(readFileSync(place.session, 'utf8')).toBe(before)
    expect(provider.asked).toHaveLength(2)
    expect(await runHere(api, place, provider, 'Again.')).toMatchObject({ why: 'end_turn' })
    expect(answersIn(transcriptOf(place).items())).toEqual([...WHOLE, ...WHOLE])
    expectSound(place, provider)
  })

  it('I9: killed in mid-tool, goes on with another API: the call is closed and not run again', async () => {
    const provider = await provide()
    const place = newPlace()
    const { child, over } = start(AGENT, [...argsOf(api, place), PROMPT], environment(provider, place, 600_000))
    await expect.poll(() => linesOf(place.notes), { timeout: 20_000 }).toEqual([NOTE])
    child.kill('SIGKILL')
    await over
    expect(transcriptOf(place).open()).toMatchObject([{ call: { name: 'write_note' } }])

    const next = NAMES[(NAMES.indexOf(api) + 1) % NAMES.length] ?? api
    const resumed = start(AGENT, argsOf(next, place), environment(provider, place, 0))
    expect(await resumed.over).toMatchObject({
      code: 0,
      out: `${ANSWER}\n`,
      err: '[write_note was interrupted: not run again, the model is told]\n',
    })
    expect(provider.asked.flatMap(({ refused }) => refused ?? [])).toEqual([])
    expect(JSON.stringify(provider.asked.at(-1)?.history)).toContain(
      'The tool was interrupted before its result was recorded',
    )
    expect(linesOf(place.notes)).toEqual([NOTE])
    expect(answersIn(transcriptOf(place).items())).toEqual(WHOLE)
  })

  it('interrupted in mid-tool by Ctrl-C says so, and goes on', async () => {
    const provider = await provide()
    const place = newPlace()
    const { child, over } = start(AGENT, [...argsOf(api, place), PROMPT], environment(provider, place, 600_000))
    await expect.poll(() => linesOf(place.notes), { timeout: 20_000 }).toEqual([NOTE])
    child.kill('SIGINT')
    const { code, err } = await over
    expect(code).toBe(1)
    expect(err).toContain('not answered (aborted')
    expect(await runHere(api, place, provider)).toMatchObject({ why: 'end_turn', printed: `${ANSWER}\n` })
    expect(linesOf(place.notes)).toEqual([NOTE])
  })

  it('starts no tool once the user has given up', async () => {
    const provider = await provide()
    const place = newPlace()
    const user = new AbortController()
    Object.assign(process.env, environment(provider, place, 0))
    const why = await run(api, place.session, PROMPT, {
      print: () => undefined,
      tell: () => user.abort(),
      signal: user.signal,
    })
    expect(why).toMatch(/^aborted/)
    expect(linesOf(place.notes)).toEqual([])
    const results = transcriptOf(place)
      .items()
      .filter((item) => item.role === 'tool')
    expect(results).toMatchObject([{ isError: true }, { isError: true }])
  })

  it('asks for a cut answer again without what came of it, or goes on behind it with a new question', async () => {
    const place = newPlace()
    const fault = await provide({ fault: 'cut-eof', seed: 5 })
    expect((await runHere(api, place, fault, PROMPT)).why).toMatch(/^truncated/)
    const cut = readFileSync(place.session)
    expect(answersIn(transcriptOf(place).items())).toMatchObject([{ isWhole: false }])

    const anew = await provide()
    await runHere(api, place, anew)
    expect(anew.asked[0]?.history).toEqual([{ role: 'user', content: PROMPT }])

    writeFileSync(place.session, cut)
    const behind = await provide()
    await runHere(api, place, behind, 'Go on.')
    const history = behind.asked[0]?.history ?? []
    expect(history.length).toBeGreaterThan(2)
    expect(history.at(-1)).toEqual({ role: 'user', content: 'Go on.' })
  })

  it('B18: goes on from a session that was cut at any byte of its last line', async () => {
    const provider = await provide()
    const whole = newPlace()
    await runHere(api, whole, provider, PROMPT)
    const bytes = readFileSync(whole.session)
    const ends = [...bytes.entries()].flatMap(([at, byte]) => (byte === 10 ? [at + 1] : []))
    expect(ends).toHaveLength(5)
    const cake = bytes.indexOf('🍰')
    const cuts = [0, 1, cake + 1, cake + 3, ...ends.flatMap((end) => [end - 2, end - 1, end, end + 1]).slice(0, -1)]
    for (const cut of cuts) {
      const place = newPlace()
      writeFileSync(place.session, bytes.subarray(0, cut))
      const isEmpty = cut < (ends[0] ?? 0)
      const { why } = await runHere(api, place, provider, isEmpty ? PROMPT : undefined)
      expect(why, `cut at ${cut}`).toBe('end_turn')
      expect(answersIn(transcriptOf(place).items()), `cut at ${cut}`).toEqual(WHOLE)
    }
    expect(provider.asked.flatMap(({ refused }) => refused ?? [])).toEqual([])
  })

  const recordings = ['note-and-sum', 'answer-after-tools'].map((name) => {
    const file = `recordings/${DIALECTS[api]}/${name}.recording`
    return parseRecording(readFileSync(join(ROOT, file), 'utf8'), { name: file })
  })
  const plans = FAULT_PLANS.filter((plan) => recordings.some((recording) => placesOf(recording, plan).length > 0))

  it('is tried with every plan of its API but those about what its recordings do not have', () => {
    const possible = FAULT_PLANS.filter(({ effects }) => effects[DIALECTS[api]] !== undefined)
    const missing = possible.filter((plan) => !plans.includes(plan)).map(({ name }) => name)
    expect(missing).toEqual(NOT_FITTING[api])
  })

  it.each(plans.map((plan) => [plan.name, plan] as const))('I5: every answer broken by %s', async (name, plan) => {
    const effect = plan.effects[DIALECTS[api]]
    for (const seed of SEEDS) {
      const user = new AbortController()
      // A stall of a minute lasts as long as the agent's clock takes it for.
      const pace = name === 'stall' ? 0.01 : 0
      const provider = await provide({ fault: name, seed, pace, onSilence: () => user.abort() })
      const place = newPlace()
      const { why, printed, told } = await runHere(api, place, provider, PROMPT, user.signal)
      if (effect === 'same') {
        expect(why, `seed ${seed}`).toBe('end_turn')
        if (told.some((line) => line.includes('shown wrongly'))) expect(plan.mayReplace).toBe(true)
        else expect(printed).toBe(`${SAID}\n${ANSWER}\n`)
        expect(answersIn(transcriptOf(place).items())).toEqual(WHOLE)
        expect(linesOf(place.notes)).toEqual([NOTE])
        expect(provider.asked).toHaveLength(2)
      }
      if (effect !== 'undecidable') expectSound(place, provider)
      if (effect === 'lossy' && why === 'end_turn')
        expect(answersIn(transcriptOf(place).items()).at(-1)).toEqual(WHOLE[1])

      const sound = await provide()
      // What nothing on the wire tells from an answer that was meant so counts as answered.
      const again = effect === 'undecidable' ? 'Again.' : undefined
      expect(await runHere(api, place, sound, again), `seed ${seed}`).toMatchObject({ why: 'end_turn' })
      expect([provider, sound].flatMap(({ asked }) => asked.flatMap(({ refused }) => refused ?? []))).toEqual([])
      if (effect !== 'undecidable') expectSound(place, sound)
      expect(answersIn(transcriptOf(place).items()).at(-1)).toEqual(WHOLE[1])
    }
  })

  it.each(['cut-eof', 'cut-reset', 'cut-byte-reset', 'error-event'])(
    'I2: the first answer broken by %s is asked for again, and no tool runs twice',
    async (fault) => {
      for (const seed of SEEDS) {
        const provider = await provide({ fault, seed, times: 1 })
        const place = newPlace()
        const { why, told } = await runHere(api, place, provider, PROMPT)
        expect(why, `seed ${seed}: ${told.join()}`).toBe('end_turn')
        expect(told.filter((line) => line.endsWith('asking again'))).toHaveLength(1)
        expect(answersIn(transcriptOf(place).items())).toEqual(WHOLE)
        expectSound(place, provider)
      }
    },
  )
})

/** The status and body of a request; `host` is what its header says. */
function post(url: string, body: string, host?: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...(host === undefined ? {} : { host }) }
    const request = httpRequest(url, { method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject).end(body)
  })
}

describe('the provider of the example', () => {
  it('A1: refuses a history as the real one does', async () => {
    const { url } = await provide()
    const call = { type: 'tool_use', id: 'toolu_1', name: 'add', input: {} }
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [call] },
      { role: 'user', content: 'hi' },
    ]
    const { status, text } = await post(`${url}/v1/messages`, JSON.stringify({ tools: [], messages }))
    expect(status).toBe(400)
    expect(text).toContain('`tool_use` ids were found without `tool_result` blocks immediately after')
  })

  it.each([
    ['another host', '/v1/messages', '{"messages":[]}', 'evil.example', 403],
    ['another path', '/v1/models', '{"messages":[]}', undefined, 404],
    ['no JSON', '/v1/responses', '{', undefined, 400],
    ['no history', '/v1/chat/completions', '{"messages":7}', undefined, 400],
    ['null', '/v1/chat/completions', 'null', undefined, 400],
  ])('refuses %s', async (_, path, body, host, status) => {
    const { url } = await provide()
    expect(await post(`${url}${path}`, body, host)).toMatchObject({ status })
  })

  it('runs the agent against itself, and breaks what it is told to', async () => {
    const place = newPlace()
    const faults = ['--fault', 'cut-reset', '--seed', '5', '--times', '1', '--pace', '0']
    const args = [...faults, '--run', AGENT, ...argsOf('chat', place), PROMPT]
    const { over } = start(PROVIDER, args, { NOTES: place.notes, NOTE_MS: '0' })
    const { code, out, err } = await over
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('asking again') })
    expect(out.endsWith(`${ANSWER}\n`)).toBe(true)
    expect(answersIn(transcriptOf(place).items())).toEqual(WHOLE)
  })
})

it('shows no control character that a model wrote, nor what turns text around', async () => {
  const wild = 'a\u001b[2Jb\u009b1mc\u202ed\r\ne\tf'
  const text = `data: ${JSON.stringify({ id: '1', choices: [{ index: 0, delta: { role: 'assistant', content: wild } }] })}\n\n`
  const end = `data: ${JSON.stringify({ id: '1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text + end)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const place = newPlace()
  const { over } = start(AGENT, [...argsOf('chat', place), 'hi'], environment({ url }, place, 0))
  const { code, out } = await over
  server.close()
  expect({ code, out }).toEqual({ code: 0, out: 'a[2Jb1mcd\ne\tf\n' })
})
