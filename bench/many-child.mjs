/**
 * One figure of many.mjs, as JSON on standard output: many turns at once in one process. No stream gives its first chunk before every one
 * was asked for it; then each gives one chunk a round. Every result is compared with what its own stream said. Measured is the time
 * from the first turn to the last message, and how far memory went above idle meanwhile, garbage being collected when the runtime wants to.
 */
import { setImmediate } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { loadOnefold } from './contenders/onefold.mjs'
import { manyContenders } from './many-contenders.mjs'
import { ManyStreams } from './many-streams.mjs'
import { anthropicMessages } from './wire/anthropic-messages.mjs'
import { textDeltas } from './wire/answer.mjs'
import { openaiChat } from './wire/openai-chat.mjs'
import { openaiResponses } from './wire/openai-responses.mjs'

const WIRES = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
}

/** Where this stands, each stream has its own number, equally long. */
const MARK = '00@@@@00'
/** Turns that run before counting starts: what is needed once is theirs. */
const WARM = 300

const { contender, dialect, count, dist } = JSON.parse(process.argv[2])
const said = {
  text: [...textDeltas(1), ` ${MARK}`, ...textDeltas(1, 2)],
  input: { id: MARK, path: 'a/b.ts', lines: 12 },
}
const [before, after] = JSON.stringify(said.input).split(MARK)
const calls = [{ id: `01A09q90${MARK}`, name: 'write_file', deltas: [before, MARK, ...inDeltas(after)] }]
const template = WIRES[dialect]({ text: said.text, calls })
const utf8 = new TextEncoder()
/** What is the same in all streams is there once; what is not is made when it is asked for. */
const chunks = template.map((event) => (event.includes(MARK) ? event : utf8.encode(event)))
const { run, read } = manyContenders({ Anthropic, OpenAI, onefold: await loadOnefold(dist) })[dialect][contender]

await turns(WARM)
process.stdout.write(JSON.stringify(await measure()))

async function measure() {
  const idle = await idleMemory()
  const most = { ...idle }
  const cpu = process.cpuUsage()
  const start = performance.now()
  await turns(count, () => {
    const now = memory()
    most.resident = Math.max(most.resident, now.resident)
    most.heap = Math.max(most.heap, now.heap)
  })
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return {
    ms,
    cpuMs: (user + system) / 1000,
    turns: count,
    events: count * template.length,
    residentBytes: most.resident - idle.resident,
    heapBytes: most.heap - idle.heap,
  }
}

async function turns(total, look = () => undefined) {
  const streams = new ManyStreams(total, bodyOf)
  const results = Array.from({ length: total }, (_, number) => run((of) => streams.open(of), number, dialect))
  await streams.serve(look)
  const messages = await Promise.all(results)
  if (read !== undefined) for (const [number, one] of messages.entries()) check(read(one), markOf(number))
}

function inDeltas(text) {
  return text.match(/.{1,32}/gu) ?? []
}

function* bodyOf(number) {
  const mark = markOf(number)
  for (const chunk of chunks) yield typeof chunk === 'string' ? utf8.encode(chunk.replaceAll(MARK, mark)) : chunk
}

function markOf(number) {
  return String(number).padStart(MARK.length, '0')
}

function check({ text, inputs }, mark) {
  const expected = said.text.join('').replace(MARK, mark)
  if (text !== expected) throw new Error(`turn ${mark}: its text is ${JSON.stringify(text)}`)
  const input = JSON.stringify(said.input).replace(MARK, mark)
  if (inputs.length !== 1 || inputs[0] !== input)
    throw new Error(`turn ${mark}: its calls are ${JSON.stringify(inputs)}`)
}

function memory() {
  const { rss, heapUsed, external } = process.memoryUsage()
  return { resident: rss, heap: heapUsed + external }
}

async function idleMemory() {
  for (let i = 0; i < 4; i += 1) {
    await setImmediate()
    globalThis.gc()
  }
  return memory()
}
