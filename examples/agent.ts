/**
 * An agent loop with two tools that survives broken streams, a kill in mid-tool and a resume. Copy it and change the tools.
 * node agent.ts --api anthropic|chat|responses --session FILE [PROMPT]   Without a prompt it goes on where it was stopped.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync, readFileSync, realpathSync, truncateSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import Anthropic from '@anthropic-ai/sdk'
import { assemble, Transcript } from 'onefold'
import type { AssembleOptions, CompleteToolCall, JsonObject } from 'onefold'
import { project } from 'onefold/anthropic'
import { projectChat, projectResponses } from 'onefold/openai'
import OpenAI from 'openai'

const object = (properties: JsonObject) => ({ type: 'object' as const, properties })
const numbers = { type: 'array', items: { type: 'number' } }
const functions = [
  { name: 'add', description: 'Adds numbers up.', parameters: object({ numbers }) },
  { name: 'write_note', description: 'Keeps a note.', parameters: object({ text: { type: 'string' } }) },
]
const failed = (error: unknown) => ({ content: String(error), isError: true })
/** The input is what a model made up, of any shape. What a tool throws, the model is told. */
async function runTool({ name, input }: CompleteToolCall, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted()
  if (name === 'add') return String([input.numbers].flat().reduce((sum: number, next) => sum + Number(next), 0))
  if (name !== 'write_note') throw new Error(`there is no tool ${name}`)
  appendFileSync(process.env.NOTES ?? 'notes.txt', `${JSON.stringify(input.text)}\n`)
  await wait(Number(process.env.NOTE_MS ?? 300), undefined, { signal }) // slow to confirm, as services are
  return 'noted'
}

/** One request each: the SDKs give only the bytes, since they drop some of what comes, and do not try again, since onefold does. */
const APIS = {
  anthropic(transcript: Transcript, signal: AbortSignal, model = 'claude-sonnet-5-5') {
    const { repairs: _repairs, ...history } = project(transcript)
    const tools = functions.map(({ parameters, ...rest }) => ({ ...rest, input_schema: parameters }))
    const request = { model, max_tokens: 8192, tools, ...history, stream: true as const }
    return new Anthropic({ maxRetries: 0 }).messages.create(request, { signal }).asResponse()
  },
  chat(transcript: Transcript, signal: AbortSignal, model = 'gpt-5-mini') {
    const tools = functions.map((definition) => ({ type: 'function' as const, function: definition }))
    const request = { model, tools, messages: projectChat(transcript).messages, stream: true as const }
    return new OpenAI({ maxRetries: 0 }).chat.completions.create(request, { signal }).asResponse()
  },
  responses(transcript: Transcript, signal: AbortSignal, model = 'gpt-5-mini') {
    const tools = functions.map((definition) => ({ type: 'function' as const, strict: false, ...definition }))
    const request = { model, tools, input: projectResponses(transcript).input, store: false, stream: true as const }
    return new OpenAI({ maxRetries: 0 }).responses.create(request, { signal }).asResponse()
  },
}

/** The conversation, one entry a line. What a kill left of a last line was never acted upon, and goes. */
function openSession(path: string) {
  const bytes = readFileSync(path, { flag: 'a+' })
  const lines = bytes.subarray(0, bytes.lastIndexOf('\n') + 1)
  truncateSync(path, lines.length)
  const transcript = Transcript.from(JSON.parse(`[${String(lines).trimEnd().replaceAll('\n', ',')}]`))
  let kept = transcript.entries().length
  const keep = (): void => {
    const fresh = transcript.entries(kept)
    appendFileSync(path, fresh.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { flush: true })
    kept += fresh.length
  }
  return { transcript, keep }
}

export type Api = keyof typeof APIS
export type How = AssembleOptions & Record<'print' | 'tell', (text: string) => void> & { model?: string | undefined }

/** Gives why it is over: `end_turn` if the model answered to its end. Whatever it is, the session can be gone on with. */
export async function run(api: Api, session: string, prompt: string | undefined, how: How): Promise<string> {
  const { model, print, tell, ...given } = how
  const { transcript, keep } = openSession(session)
  for (const { call } of transcript.open()) tell(`${call.name} was interrupted: not run again, the model is told`)
  const last = transcript.items().at(-1)
  if (prompt !== undefined) transcript.add(prompt)
  else if (last?.role === 'assistant' && last.message.outcome.kind !== 'complete') transcript.retract(last.message)
  else if (last?.role === 'assistant' && last.message.stop.reason === 'end_turn') return 'end_turn'
  for (let step = 0; step < 50; step += 1) {
    keep()
    const settings = { attempts: 4, idle: 120_000, turn: randomUUID(), ...given }
    const turn = assemble(({ signal }) => APIS[api](transcript, signal, model), settings)
    const calls: CompleteToolCall[] = []
    for await (const event of turn) {
      if (event.type === 'text') print(event.text)
      if (event.type === 'tool_call') calls.push(event.call)
      if (event.type === 'retry') tell(`${event.error.message}: asking again`)
      if (event.type === 'replace') tell('some of this was shown wrongly: the session has it right')
    }
    print('\n')
    transcript.add(await turn.message())
    const { outcome, stop } = await turn.message()
    keep()
    if (outcome.kind !== 'complete') return `${outcome.kind}: ${'error' in outcome ? outcome.error.message : ''}`
    if (stop.reason !== 'tool_calls' && stop.reason !== 'pause') return stop.reason
    for (const call of calls) {
      tell(`${call.name} ${call.arguments}`)
      transcript.settle(call, await runTool(call, given.signal).catch(failed))
      keep()
    }
  }
  return 'too many requests'
}

if (pathToFileURL(realpathSync(process.argv[1] ?? '.')).href === import.meta.url) {
  const options = { api: { type: 'string' }, model: { type: 'string' }, session: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const { api = 'anthropic', session = 'session.jsonl', model } = values
  if (api !== 'anthropic' && api !== 'chat' && api !== 'responses') throw new Error(`there is no --api ${api}`)
  const user = new AbortController()
  process.once('SIGINT', () => user.abort())
  const controls = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu // with these a model could hide text
  const print = (text: string) => process.stdout.write(text.replaceAll(controls, ''))
  const tell = (line: string) => process.stderr.write(`[${line.replaceAll(controls, '')}]\n`)
  const why = await run(api, session, positionals[0], { model, print, tell, signal: user.signal })
  process.exitCode = why === 'end_turn' ? 0 : 1
  if (why !== 'end_turn') tell(`not answered (${why}); the same command without a prompt goes on`)
}
