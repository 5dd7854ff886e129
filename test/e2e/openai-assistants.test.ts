/** The events that the official SDK of OpenAI gives of a run, against a server on loopback: they give the message that the bytes give. */
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { assemble, fold } from '../../src/index.ts'
import { bodyOf, serve, type Emulator } from './emulator.ts'
import { withoutShell } from './shell.ts'

let emulator: Emulator | undefined
afterEach(async () => {
  await emulator?.close()
  emulator = undefined
})

describe('openai, a run of an assistant', () => {
  it.each(['code-interpreter-and-two-messages', 'requires-action', 'incomplete', 'failed'])(
    'I7: of %s gives the message of the bytes, with and without the dialect',
    async (name) => {
      emulator = await serve(bodyOf('openai-assistants', name), 'text/event-stream')
      const client = new OpenAI({ apiKey: 'none', baseURL: emulator.url })
      const bytes = await fold(fetch(emulator.url))
      const open = () => client.beta.threads.runs.create('thread_1', { assistant_id: 'asst_1', stream: true })
      for (const options of [{}, { dialect: 'openai-assistants' as const }]) {
        const message = await assemble(open(), options).message()
        expect(withoutShell(message)).toEqual(withoutShell(bytes))
      }
      let text = ''
      for await (const event of await open()) {
        if (event.event !== 'thread.message.delta') continue
        for (const part of event.data.delta.content ?? []) text += part.type === 'text' ? (part.text?.value ?? '') : ''
      }
      expect(bytes.content.map((block) => (block.type === 'text' ? block.text : '')).join('')).toBe(text)
    },
  )
})
