/** The official SDK of Ollama against a server on loopback: its objects give the message that the bytes give. */
import { Ollama, type ChatResponse } from 'ollama'
import { afterEach, describe, expect, it } from 'vitest'
import { assemble, fold, toNative } from '../../src/index.ts'
import { bodyOf, serve, type Emulator } from './emulator.ts'
import { withoutShell } from './shell.ts'

let emulator: Emulator | undefined
afterEach(async () => {
  await emulator?.close()
  emulator = undefined
})

async function clientFor(name: string, contentType = 'application/x-ndjson'): Promise<Ollama> {
  emulator = await serve(bodyOf('ollama', name), contentType)
  return new Ollama({ host: emulator.url })
}

const REQUEST = { model: 'qwen3', messages: [{ role: 'user', content: 'Hi' }] }

describe('ollama', () => {
  const names = ['text', 'one-tool', 'text-and-two-tools', 'thinking-text-and-tool-in-the-last-line', 'cut-by-length']

  it.each(names)('I7: chat of %s gives the message of the bytes, with and without the dialect', async (name) => {
    const client = await clientFor(name)
    const bytes = await fold(fetch(`${emulator?.url ?? ''}/api/chat`))
    expect(bytes.outcome).toEqual({ kind: 'complete' })
    for (const options of [{}, { dialect: 'ollama' as const }]) {
      const message = await assemble(client.chat({ ...REQUEST, stream: true }), options).message()
      expect(withoutShell(message)).toEqual(withoutShell(bytes))
    }
    const seen: ChatResponse[] = []
    for await (const part of await client.chat({ ...REQUEST, stream: true })) seen.push(part)
    const joined = (type: 'text' | 'thinking') =>
      bytes.content.map((block) => (block.type === type ? block.text : '')).join('')
    expect(joined('text')).toBe(seen.map(({ message }) => message.content).join(''))
    expect(joined('thinking')).toBe(seen.map(({ message }) => message.thinking ?? '').join(''))
    const theirs = seen.flatMap(({ message }) => message.tool_calls ?? [])
    expect(
      bytes.content.flatMap((block) => (block.type === 'tool_call' ? [[block.name, JSON.parse(block.arguments)]] : [])),
    ).toEqual(theirs.map((call) => [call.function.name, call.function.arguments]))
    expect(bytes.usage).toEqual({ inputTokens: seen.at(-1)?.prompt_eval_count, outputTokens: seen.at(-1)?.eval_count })
  })

  it('I7: generate gives the message of the bytes', async () => {
    const client = await clientFor('generate')
    const bytes = await fold(fetch(`${emulator?.url ?? ''}/api/generate`))
    const message = await fold(client.generate({ model: 'qwen3', prompt: 'Why?', stream: true }))
    expect(withoutShell(message)).toEqual(withoutShell(bytes))
    expect(message.content).toMatchObject([{ text: 'Blue light.' }, { text: 'Rayleigh scattering.' }])
  })

  it('I7: the own form of a whole answer is what chat answers', async () => {
    const client = await clientFor('whole-json-answer', 'application/json')
    const theirs = await client.chat({ ...REQUEST, stream: false })
    expect(toNative(await fold([theirs]))).toEqual(theirs)
    expect(toNative(await fold(fetch(`${emulator?.url ?? ''}/api/chat`)))).toEqual(theirs)
  })

  it('I5: an error in a line of its own is no answer; the SDK throws its words, which are those of a lost connection', async () => {
    const client = await clientFor('error-in-mid-stream')
    const message = await fold(client.chat({ ...REQUEST, stream: true }))
    expect(message.outcome).toMatchObject({ kind: 'truncated', error: { message: expect.stringContaining('EOF') } })
    expect(message.content).toMatchObject([{ text: 'Half ' }])
    const bytes = await fold(fetch(`${emulator?.url ?? ''}/api/chat`))
    expect(bytes.outcome).toMatchObject({ kind: 'failed', error: { message: expect.stringContaining('EOF') } })
  })
})
