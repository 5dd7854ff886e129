/** The AI SDK as a server on loopback, and in the same process: the bytes and the objects give the same messages, and what the SDK says. */
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemble, type AssistantMessage } from '../../src/index.ts'
import { toNative } from '../../src/to-native.ts'
import { play } from '../support/ai-sdk-player.mjs'
import { all, answer, asJson, finish, PLAYS, text } from '../support/ai-sdk.ts'
import { meaning } from '../support/ai-sdk-streams.ts'

const UI = { sendSources: true, generateMessageId: () => 'msg_1', originalMessages: [] }

let server: Server
let base = ''

/** Serves each play under its number; `/cut/` breaks the connection in the middle. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, how, number] = (request.url ?? '').split('/')
    const row = PLAYS[Number(number)]
    if (row === undefined) {
      response.writeHead(404).end()
      return
    }
    const made = play(row).toUIMessageStreamResponse(UI)
    response.writeHead(made.status, Object.fromEntries(made.headers))
    void made.text().then(async (body) => {
      if (how !== 'cut') return pipeline(Readable.from(body.match(/[^]{1,11}/g) ?? []), response)
      response.write(body.slice(0, body.length / 2), () => response.destroy())
      return undefined
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  base = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const ROWS = PLAYS.map((row, number) => ({ ...row, number }))

/** What does not depend on how the stream came, nor on the ids that the SDK draws by lot. */
function core(message: AssistantMessage): unknown {
  const { response: _response, timing: _timing, ...rest } = { response: 0, timing: 0, ...meaning(message) }
  return JSON.parse(JSON.stringify(rest).replaceAll(/aitxt-\w+/g, 'aitxt'))
}

describe('the AI SDK over HTTP', () => {
  it.each(ROWS)('I7: gives the same as bytes and as objects: $name', async (row) => {
    const response = await fetch(`${base}/whole/${row.number}`)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const bytes = await assemble(response).message()
    const objects = await assemble(play(row).toUIMessageStream(UI)).message()
    expect(bytes.dialect).toBe('ai-sdk-ui')
    expect(core(bytes)).toEqual(core(objects))
    expect(bytes.response).toMatchObject({ status: 200 })
  })

  it.each(ROWS)('I5: is never complete where the connection broke: $name', async ({ number }) => {
    const message = await assemble(fetch(`${base}/cut/${number}`)).message()
    expect(message.outcome.kind).not.toBe('complete')
  })
})

describe('the AI SDK in the same process', () => {
  it.each(PLAYS)('I7: says of each step what its message does: $name', async (row) => {
    const result = play(row)
    const turn = assemble(result.fullStream)
    const messages = await turn.messages()
    const steps = await result.steps.then(
      (value) => value,
      () => [],
    )
    const whole = messages.filter(({ stop }) => stop.raw !== null)
    expect(whole).toHaveLength(steps.length)
    for (const [at, step] of steps.entries()) {
      const { content, usage } = whole[at] ?? expect.fail('there is no message')
      expect(content.map((block) => (block.type === 'text' ? block.text : '')).join('')).toBe(step.text)
      const thoughts = content.map((block) => (block.type === 'thinking' ? block.text : '')).join('')
      expect(thoughts).toBe(step.reasoningText ?? '')
      const calls = content.flatMap((block) => (block.type === 'tool_call' ? [block] : []))
      expect(calls.map(({ id, name }) => [id, name])).toEqual(
        step.toolCalls.map(({ toolCallId, toolName }) => [toolCallId, toolName]),
      )
      for (const [index, call] of calls.entries()) {
        if (call.state === 'complete') expect(call.input).toEqual(asJson(step.toolCalls[index]?.input))
      }
      expect(usage).toMatchObject({ inputTokens: step.usage.inputTokens, outputTokens: step.usage.outputTokens })
    }
  })

  it.each(PLAYS)('I7: the result of streamText itself is read like its fullStream: $name', async (row) => {
    const messages = await assemble(play(row)).messages()
    expect(messages.map(core)).toEqual((await assemble(play(row).fullStream).messages()).map(core))
  })

  it('quirk 7.07: is aborted when its own signal fires, and keeps what came', async () => {
    const controller = new AbortController()
    const steps = [[answer('r1'), ...text('1', 'one', 'two', 'three'), finish('stop')]]
    const { fullStream } = play({ steps }, { abortSignal: controller.signal })
    const turn = assemble(fullStream)
    for await (const event of turn) if (event.type === 'text') controller.abort(new Error('enough'))
    const message = await turn.message()
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'enough' })
    expect(message.content).toMatchObject([{ type: 'text', text: expect.stringMatching(/^one/) }])
  })

  it('quirk 7.07: is aborted over HTTP by the part that says so', async () => {
    const steps = [[answer('r1'), ...text('1', 'one'), finish('stop')]]
    const aborted = play({ steps }, { abortSignal: AbortSignal.abort(new Error('enough')) })
    const message = await assemble(aborted.toUIMessageStreamResponse(UI)).message()
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'enough' })
  })

  it('I6: hands out only the calls that the SDK leaves to the caller', async () => {
    const row =
      PLAYS.find(({ name }) => name.startsWith('a call for the caller')) ?? expect.fail('there is no such play')
    for (const source of [play(row).fullStream, play(row).toUIMessageStreamResponse(UI)]) {
      const events = await all(assemble(source))
      expect(events.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))).toEqual(['c1'])
    }
  })

  it('I2: tries again with a stream that goes on under the same id, and shows nothing twice', async () => {
    const row = PLAYS[0] ?? expect.fail('there is no play')
    const turn = assemble(({ number }) => fetch(`${base}/${number === 1 ? 'cut' : 'whole'}/0`), {
      attempts: 2,
      random: () => 0,
    })
    const clean = await assemble(play(row).toUIMessageStream(UI)).message()
    const events = await all(turn)
    const message = await turn.message()
    expect(toNative(message)).toEqual(toNative(clean))
    expect(events.filter(({ type }) => type === 'reset')).toEqual([])
  })
})
