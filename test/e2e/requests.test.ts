/**
 * What the official SDKs take: a projection is a value of their own types, without a cast, and what they send of it to a server on loopback
 * is the projection, value for value.
 */
import { createServer } from 'node:http'
import Anthropic from '@anthropic-ai/sdk'
import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages'
import OpenAI from 'openai'
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions'
import type { ResponseCreateParamsNonStreaming } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { project, toMessages } from '../../src/anthropic.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { projectChat, projectResponses, toChatMessages, toInput } from '../../src/openai.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { answer, call, text, thinking } from '../transcript/messages.ts'

let sent: JsonObject[] = []
let url = ''
const server = createServer((request, response) => {
  const pieces: Uint8Array[] = []
  request.on('data', (piece: Uint8Array) => pieces.push(piece))
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    if (isObject(body)) sent.push(body)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{}')
  })
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : expect.fail('no port')
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

const asking = answer([thinking('Hm.', 'c2ln'), text('Looking: é語🌍.'), call('toolu_1', { n: 1 }), call('toolu_2')], {
  id: 'msg_1',
})

function conversation(): Transcript {
  const transcript = new Transcript()
  transcript.add({ role: 'system', content: 'Be brief.' })
  transcript.add({
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'media', mediaType: 'image/png', data: 'iVBORw0KGgo=' },
    ],
  })
  transcript.add(asking)
  transcript.settle('toolu_1', 'one')
  transcript.add('And?')
  return transcript
}

/** What went over the wire. */
async function bodyOf(run: () => Promise<unknown>): Promise<JsonObject> {
  sent = []
  await run()
  expect(sent).toHaveLength(1)
  return sent[0] ?? {}
}

const model = 'any-model'
const settings = () => ({ apiKey: 'none', baseURL: url, maxRetries: 0 })

describe('requests of the official SDKs', () => {
  it('I8: Anthropic sends the projection, and a message by itself, as they are', async () => {
    const { repairs, ...projection } = project(conversation())
    expect(repairs).toMatchObject([{ kind: 'call_closed', call: 'toolu_2' }])
    const params: MessageCreateParamsNonStreaming = { model, max_tokens: 100, ...projection }
    const client = new Anthropic(settings())
    const body = await bodyOf(() => client.messages.create(params))
    expect(body).toEqual({ model, max_tokens: 100, system: 'Be brief.', messages: projection.messages })
    expect(projection.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'user'])
    const alone = toMessages(asking)
    expect(alone).toEqual([projection.messages[1]])
    const pushed = await bodyOf(() => client.messages.create({ model, max_tokens: 100, messages: [...alone] }))
    expect(pushed.messages).toEqual(alone)
  })

  it.each(['openai-chat', 'deepseek', 'kimi'] as const)('I8: chat sends what %s takes as it is', async (target) => {
    const { messages } = projectChat(conversation(), { target })
    const params: ChatCompletionCreateParamsNonStreaming = { model, messages }
    const client = new OpenAI(settings())
    const body = await bodyOf(() => client.chat.completions.create(params))
    expect(body).toEqual({ model, messages })
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'tool', 'user'])
    const alone = toChatMessages(asking, target)
    expect(alone).toMatchObject([{ role: 'assistant', tool_calls: [{ id: 'toolu_1' }, { id: 'toolu_2' }] }])
    const pushed = await bodyOf(() => client.chat.completions.create({ model, messages: [...alone] }))
    expect(pushed.messages).toEqual(alone)
  })

  it('I8: Responses sends the projection, and a message by itself, as they are', async () => {
    const { input } = projectResponses(conversation())
    const params: ResponseCreateParamsNonStreaming = { model, input }
    const client = new OpenAI(settings())
    const body = await bodyOf(() => client.responses.create(params))
    expect(body).toEqual({ model, input })
    expect(JSON.stringify(input)).toMatch(/Be brief.*What is this.*Looking.*toolu_1.*toolu_2.*one.*And\?/)
    const alone = toInput(asking)
    expect(alone).toMatchObject([{ type: 'message' }, { call_id: 'toolu_1' }, { call_id: 'toolu_2' }])
    const pushed = await bodyOf(() => client.responses.create({ model, input: [...alone] }))
    expect(pushed.input).toEqual(alone)
  })
})
