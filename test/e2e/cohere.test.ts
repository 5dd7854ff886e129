/** The official SDK of Cohere against a server on loopback: its events give the message that the bytes give. */
import { CohereClient, CohereClientV2, type Cohere } from 'cohere-ai'
import { afterEach, describe, expect, it } from 'vitest'
import { assemble, fold, toNative } from '../../src/index.ts'
import { withoutShell } from './shell.ts'
import { bodyOf, serve, type Emulator } from './emulator.ts'

let emulator: Emulator | undefined
afterEach(async () => {
  await emulator?.close()
  emulator = undefined
})

async function clientFor(name: string, contentType = 'text/event-stream') {
  emulator = await serve(bodyOf('cohere', name), contentType)
  return new CohereClientV2({ token: 'none', environment: emulator.url })
}

const REQUEST: Cohere.V2ChatRequest = { model: 'command-a', messages: [{ role: 'user', content: 'Hi' }] }

/** What the SDK's events say, put together as its documentation shows. */
function collected(events: readonly Cohere.V2ChatStreamResponse[]) {
  const answer = { text: '', thinking: '', plan: '', calls: new Map<number, string>(), finish: '', input: 0 }
  for (const event of events) {
    if (event.type === 'content-delta') answer.text += event.delta?.message?.content?.text ?? ''
    if (event.type === 'content-delta') answer.thinking += event.delta?.message?.content?.thinking ?? ''
    if (event.type === 'tool-plan-delta') answer.plan += event.delta?.message?.toolPlan ?? ''
    if (event.type === 'tool-call-start') answer.calls.set(event.index ?? 0, '')
    if (event.type === 'tool-call-delta') {
      const text = event.delta?.message?.toolCalls?.function?.arguments ?? ''
      answer.calls.set(event.index ?? 0, (answer.calls.get(event.index ?? 0) ?? '') + text)
    }
    if (event.type === 'message-end') answer.finish = event.delta?.finishReason ?? ''
    if (event.type === 'message-end') answer.input = event.delta?.usage?.tokens?.inputTokens ?? 0
  }
  return answer
}

describe('cohere-ai', () => {
  const names = [
    'text',
    'plan-and-tool',
    'text-plan-and-two-tools',
    'tool-without-arguments',
    'thinking-text-and-citations',
  ]

  it.each(names)('I7: chatStream of %s gives the message of the bytes, with and without the dialect', async (name) => {
    const client = await clientFor(name)
    const bytes = await fold(fetch(`${emulator?.url ?? ''}/v2/chat`))
    expect(bytes.outcome).toEqual({ kind: 'complete' })
    for (const options of [{}, { dialect: 'cohere' as const }]) {
      const message = await assemble(client.chatStream(REQUEST), options).message()
      expect(withoutShell(message)).toEqual(withoutShell(bytes))
    }
    const seen: Cohere.V2ChatStreamResponse[] = []
    for await (const event of await client.chatStream(REQUEST)) seen.push(event)
    const theirs = collected(seen)
    const joined = (type: 'text' | 'thinking') =>
      bytes.content.map((block) => (block.type === type ? block.text : '')).join('')
    expect(joined('text')).toBe(theirs.text)
    expect(joined('thinking')).toBe(theirs.plan + theirs.thinking)
    expect(bytes.content.flatMap((block) => (block.type === 'tool_call' ? [block.arguments] : []))).toEqual([
      ...theirs.calls.values(),
    ])
    expect([bytes.stop.raw, bytes.usage.inputTokens]).toEqual([theirs.finish, theirs.input])
  })

  it('I7: the own form of a whole answer is that answer, also of the one that chat gives', async () => {
    const client = await clientFor('whole-json-answer', 'application/json')
    const theirs = await client.chat(REQUEST)
    expect(theirs.message.toolCalls).toHaveLength(1)
    const wire: unknown = JSON.parse(new TextDecoder().decode(bodyOf('cohere', 'whole-json-answer')))
    expect(toNative(await fold(fetch(`${emulator?.url ?? ''}/v2/chat`)))).toEqual(wire)
    expect(toNative(await fold([theirs]))).toEqual(wire)
  })

  it('I5: a generation that failed is failed, also through the SDK', async () => {
    const client = await clientFor('error-in-mid-stream')
    const message = await assemble(client.chatStream(REQUEST)).message()
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'the generation was interrupted' } })
  })

  it('I5: a connection that ends early is no answer, also through the SDK', async () => {
    const client = await clientFor('cut-connection')
    const message = await assemble(client.chatStream(REQUEST)).message()
    expect(message.outcome.kind).toBe('truncated')
    expect(message.content).toMatchObject([{ text: 'I will see.' }, { state: 'partial' }])
  })

  it.each(['v1-search-and-citations', 'v1-tools'])(
    'I7: version 1: chatStream of %s gives the message of the bytes',
    async (name) => {
      emulator = await serve(bodyOf('cohere', name), 'application/stream+json')
      const client = new CohereClient({ token: 'none', environment: emulator.url })
      const bytes = await fold(fetch(emulator.url))
      expect(bytes.outcome).toEqual({ kind: 'complete' })
      const message = await fold(client.chatStream({ message: 'Hi' }))
      expect(withoutShell(message)).toEqual(withoutShell(bytes))
    },
  )
})
