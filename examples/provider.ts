/**
 * A provider for the example agent, on loopback and without a key. It answers a question with a bundled recording that calls tools, and their
 * results with one that does not; if asked to, it breaks what it sends. A history that the real provider refuses, it refuses.
 *
 *   node provider.ts --port 4141 --fault cut-reset --seed 3 --times 1     breaks its first answer, at the fourth of the places
 *   node provider.ts --run agent.js --api chat "…"                        runs a program against it
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { readRecording, replay, validate, type Recording } from 'onefold'
import { breakRecording, faultPlan, placesOf } from 'onefold/faults'

const ROUTES = [
  { path: '/v1/messages', dialect: 'anthropic-messages', target: 'anthropic', history: 'messages' },
  { path: '/v1/chat/completions', dialect: 'openai-chat', target: 'openai-chat', history: 'messages' },
  { path: '/v1/responses', dialect: 'openai-responses', target: 'openai-responses', history: 'input' },
] as const
const RECORDINGS = join(dirname(createRequire(import.meta.url).resolve('onefold/package.json')), 'recordings')
const LARGEST_REQUEST = 16 * 1024 * 1024

export interface ProviderOptions {
  /** Default: one that is free. */
  readonly port?: number
  /** A plan of `onefold/faults`, applied to every answer that it fits. */
  readonly fault?: string | undefined
  /** Which of its places the plan strikes at, counted round and round. Default 0. */
  readonly seed?: number
  /** How many answers are broken, the first ones. Default: all. */
  readonly times?: number
  /** The recorded times are multiplied with it. Default 1. */
  readonly pace?: number
  /** Called when a plan in which the user gives up has come to that point: nothing more is sent then. */
  readonly onSilence?: () => void
}

export interface Provider {
  /** For `ANTHROPIC_BASE_URL`; `OPENAI_BASE_URL` has `/v1` behind it. */
  readonly url: string
  /** The histories that were asked about, and what was wrong with them. */
  readonly asked: readonly { readonly history: readonly unknown[]; readonly refused?: string }[]
  close(): Promise<void>
}

/** Throws `MisuseError` for a plan that does not exist. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const plan = options.fault === undefined ? undefined : faultPlan(options.fault)
  const asked: Provider['asked'][number][] = []
  let broken = 0

  const spoil = (recording: Recording): Recording => {
    const { seed = 0, times = Infinity } = options
    const places = plan === undefined || broken >= times ? [] : placesOf(recording, plan)
    const place = places[seed % places.length]
    if (plan === undefined || place === undefined) return recording
    broken += 1
    return breakRecording(recording, plan, { place, seed })
  }

  const answer = async (request: IncomingMessage, response: ServerResponse, host: string): Promise<void> => {
    // A page in a browser can reach this port under a name of its own.
    if (request.headers.host !== host) return refuse(response, 403, 'this server answers only as 127.0.0.1')
    const route = ROUTES.find(({ path }) => request.method === 'POST' && path === request.url)
    if (route === undefined) return refuse(response, 404, `there is no ${request.method} ${request.url}`)
    const body = fieldsOf(await jsonOf(request))
    const history = body?.[route.history]
    if (!Array.isArray(history)) return refuse(response, 400, `${route.history} must be a list`)
    const [finding] = validate(history, route.target, { tools: Array.isArray(body?.tools) })
    asked.push({ history, ...(finding === undefined ? {} : { refused: finding.provider }) })
    if (finding !== undefined) return refuse(response, 400, finding.provider)
    const name = endsWithResult(history) ? 'answer-after-tools' : 'note-and-sum'
    const file = join(RECORDINGS, route.dialect, `${name}.recording`)
    const recording = spoil(withNewIds(readRecording(readFileSync(file), { name: file })))
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    try {
      for await (const chunk of replay(recording, { timing: options.pace ?? 1, sleep })) {
        if (response.destroyed) return
        await new Promise((resolve) => response.write(chunk, resolve))
      }
      response.end()
    } catch {
      // A client that gives up has to do so itself; a connection that breaks, breaks here.
      if (recording.ending === 'abort') options.onSilence?.()
      else response.socket?.resetAndDestroy()
    }
  }

  const server = createServer((request, response) => {
    const { localPort } = request.socket
    answer(request, response, `127.0.0.1:${localPort}`).catch((error: unknown) => refuse(response, 400, String(error)))
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, asked, close }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> => wait(ms, undefined, { signal })

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } }))
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.length
    if (size > LARGEST_REQUEST) throw new Error('the request is too large')
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined
}

/** True if what was said last is the result of a tool, and not the user. */
function endsWithResult(history: readonly unknown[]): boolean {
  const last = fieldsOf(history.at(-1))
  const part = Array.isArray(last?.content) ? fieldsOf(last.content.at(-1)) : undefined
  return last?.role === 'tool' || last?.type === 'function_call_output' || part?.type === 'tool_result'
}

/** A provider never gives an id twice, whereas a recording has always the same. */
function withNewIds(recording: Recording): Recording {
  const mark = randomUUID().slice(0, 8)
  const chunks = recording.chunks.map(({ ms, bytes }) => {
    const text = Buffer.from(bytes).toString('latin1')
    const renamed = text.replaceAll(/\b(?:msg_|toolu_|call_|resp_|fc_|chatcmpl-)\w+/g, (id) => `${id}${mark}`)
    return { ms, bytes: Buffer.from(renamed, 'latin1') }
  })
  return { ...recording, chunks }
}

/** Runs a program with this provider as that of both SDKs; gives its exit code. */
async function runAgainst(url: string, program: readonly string[]): Promise<number> {
  const none = 'no key is needed here'
  const keys = { ANTHROPIC_API_KEY: none, OPENAI_API_KEY: none }
  const env = { ...process.env, ...keys, ANTHROPIC_BASE_URL: url, OPENAI_BASE_URL: `${url}/v1` }
  const child = spawn(process.execPath, program, { env, stdio: 'inherit' })
  process.on('SIGINT', () => undefined) // The terminal sends it to the program as well, which decides.
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

if (pathToFileURL(realpathSync(process.argv[1] ?? '.')).href === import.meta.url) {
  const args = process.argv.slice(2)
  const at = args.includes('--run') ? args.indexOf('--run') : args.length
  const text = { type: 'string' } as const
  const names = { port: text, fault: text, seed: text, times: text, pace: text }
  const { values } = parseArgs({ args: args.slice(0, at), options: names })
  const { port = '0', fault, seed = '0', times = 'Infinity', pace = '1' } = values
  const numbers = { port: Number(port), seed: Number(seed), times: Number(times), pace: Number(pace) }
  const provider = await startProvider({ fault, ...numbers })
  const program = args.slice(at + 1)
  if (program.length === 0)
    process.stdout.write(`ANTHROPIC_BASE_URL=${provider.url} OPENAI_BASE_URL=${provider.url}/v1\n`)
  else {
    process.exitCode = await runAgainst(provider.url, program)
    await provider.close()
  }
}
