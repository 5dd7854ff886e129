/**
 * Claude Code's stream out of a real pipe: always out of a process that writes what was recorded, and, if `ONEFOLD_CLAUDE_CODE` says where
 * it is, out of the command line itself, whose API is a server of this test on loopback (`npm i @anthropic-ai/claude-code`, then
 * `ONEFOLD_CLAUDE_CODE=node_modules/.bin/claude npx vitest run test/e2e/claude-code.test.ts`).
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wordOf, type JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { parseRecording } from '../../src/recording/format.ts'
import { assemble } from '../../src/turn.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { block, call, contentOf, start, stops, text, thinking } from '../dialects/claude-code-records.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { sse } from '../support/streams.ts'

interface Told {
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
}

async function read({ stdout }: ChildProcess, options: { readonly turn?: string } = {}): Promise<Told> {
  const turn = assemble(stdout ?? expect.fail('there is no output'), options)
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const messages = await turn.messages()
  for (const message of messages) expectLiveEqualsFinal(events, message)
  expect(events.filter(({ type }) => type === 'tool_call')).toEqual([])
  return { messages, events }
}

/** Writes standard input to standard output in pieces of 777 bytes, which end anywhere. */
const WRITER = `
  const chunks = []
  process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    const all = Buffer.concat(chunks)
    const next = (at) => at < all.length && process.stdout.write(all.subarray(at, at + 777), () => setImmediate(next, at + 777))
    next(0)
  })`

it.each(['tools-with-stream-events', 'tools-without-stream-events', 'two-sub-agents', 'interrupted', 'turn-limit'])(
  'I1: what was recorded of Claude Code gives its messages out of a pipe: %s',
  async (name) => {
    const file = `recordings/claude-code/${name}`
    const { chunks } = parseRecording(await readFile(`${file}.recording`, 'utf8'))
    const child = spawn(process.execPath, ['-e', WRITER], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(Buffer.concat(chunks.map(({ bytes }) => bytes)))
    const { messages } = await read(child, { turn: name })
    const expected: AssistantMessage | AssistantMessage[] = JSON.parse(await readFile(`${file}.json`, 'utf8'))
    expect(messages.map(({ timing: _timing, ...message }) => message)).toEqual([expected].flat())
  },
)

const COMMAND = process.env['ONEFOLD_CLAUDE_CODE'] ?? ''
if (COMMAND === '') console.warn('SKIPPED: Claude Code itself: ONEFOLD_CLAUDE_CODE does not say where it is')

const CALLS = [
  thinking('I run it'),
  text('Let me see'),
  call('toolu_1', { command: 'echo onefold', description: 'say it' }),
]
const ANSWER = [text('It says onefold')]

describe.skipIf(COMMAND === '')('Claude Code itself', () => {
  let server: Server | undefined
  let url = ''
  let home = ''

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'onefold-claude-code-'))
    server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => answer(Buffer.concat(parts).toString(), request.url ?? '', response))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    url = `http://127.0.0.1:${port}`
  })

  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    await rm(home, { recursive: true, force: true })
  })

  let answers = 0
  function answer(body: string, path: string, response: ServerResponse): void {
    if (!/^\/v1\/messages(\?|$)/.test(path)) {
      response.writeHead(404).end()
      return
    }
    answers += 1
    const blocks = body.includes('"tool_result"') ? ANSWER : CALLS
    const events: JsonObject[] = [
      start(`msg_${answers}`),
      ...blocks.flatMap((whole, index) => block(index, whole)),
      ...stops(blocks === ANSWER ? 'end_turn' : 'tool_use', 7),
    ]
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(events.map((event) => `event: ${wordOf(event['type'])}\n${sse(event)}`).join(''))
  }

  async function run(...more: readonly string[]): Promise<Told> {
    const child = spawn(
      resolve(COMMAND),
      ['-p', 'Say it.', '--output-format', 'stream-json', '--verbose', '--allowedTools', 'Bash', ...more],
      {
        cwd: home,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          ANTHROPIC_BASE_URL: url,
          ANTHROPIC_API_KEY: 'loopback',
          DISABLE_TELEMETRY: '1',
          DISABLE_ERROR_REPORTING: '1',
          DISABLE_AUTOUPDATER: '1',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        },
      },
    )
    return read(child)
  }

  const SAID = [
    ['(I run it)c2ln', 'Let me see', `Bash toolu_1 ${JSON.stringify(CALLS[2]?.['input'])} complete provider`],
    ['It says onefold'],
  ]

  it('quirk 2.21: with stream events gives one message for each answer of the API', async () => {
    const { messages, events } = await run('--include-partial-messages')
    expect(messages.map(contentOf)).toEqual(SAID)
    expect(messages.map(({ stop, outcome, anomalies }) => [stop.raw, outcome.kind, anomalies])).toEqual([
      ['tool_use', 'complete', []],
      ['end_turn', 'complete', []],
    ])
    expect(messages.map(({ usage }) => usage.outputTokens)).toEqual([7, 7])
    expect(events.filter(({ type }) => type === 'text').length).toBeGreaterThan(2)
    expect(messages[1]?.wire['claude_code']).toMatchObject({ result: { subtype: 'success', is_error: false } })
  })

  it('quirk 2.21: without them gives the same content', async () => {
    const { messages } = await run()
    expect(messages.map(contentOf)).toEqual(SAID)
    expect(messages.map(({ stop, outcome }) => [stop.raw, outcome.kind])).toEqual([
      [null, 'complete'],
      ['end_turn', 'complete'],
    ])
  })
})
