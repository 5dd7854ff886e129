/** The official SDKs over real HTTP, against recordings that are replayed, and against those that were made of the replay. */
import { readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { parseRecording, storedOf, type JsonValue, type Recording, type StoredRecording } from '../../src/index.ts'
import { startRecorder } from '../../src/node/record-proxy.ts'
import { startReplay, type ReplayServerOptions } from '../../src/node/replay-server.ts'
import { viaJson } from '../corpus/differences.ts'
import { clientsOf, type ToolRun } from '../support/sdk-clients.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function replaying(
  recordings: ReplayServerOptions['recordings'],
  options: Partial<ReplayServerOptions> = {},
): Promise<string> {
  const server = await startReplay({ ...options, recordings })
  closing.push(() => server.close())
  return server.url
}

/** A recorder in front of a server; what it recorded is whole once it is closed. */
async function recording(upstream: string): Promise<{ url: string; recorded: () => Promise<readonly Recording[]> }> {
  const made: Recording[] = []
  const recorder = await startRecorder({ upstream, sink: (one) => made.push(one) })
  return {
    url: recorder.url,
    recorded: async () => {
      await recorder.close()
      return made
    },
  }
}

function bytesOf({ chunks }: Recording): string {
  return Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()
}

/** A refusal, as a provider sends it. */
function refusal(dialect: string, status: number, body: JsonValue): StoredRecording {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  const header = {
    onefold: 1,
    dialect,
    response: { status, contentType: 'application/json' },
    provenance: { kind: 'handwritten' },
  } as const
  return storedOf({ header, chunks: [{ ms: 0, bytes }], ending: 'eof', problems: [] }, `${dialect} ${status}`)
}

/** What the SDKs add where they read a stream. */
function withoutParsed(value: unknown): JsonValue {
  const text = JSON.stringify(value, (key, inner: unknown) => (key.startsWith('parsed') ? undefined : inner))
  return viaJson(JSON.parse(text))
}

const TOOLS: readonly ToolRun[] = [
  { name: 'add', input: { numbers: [3.2, 3.2, 4.5] } },
  { name: 'write_note', input: { text: 'Paid for two coffees and a cake.' } },
]
const ANSWER = 'They cost 10.90. I have noted that you paid.'

describe.each(clientsOf({ Anthropic, OpenAI }))('$name over HTTP', ({ dialect, open, errors }) => {
  const folder = `recordings/${dialect}`
  const loop = [`${folder}/note-and-sum.recording`, `${folder}/answer-after-tools.recording`]

  it.each([true, false])('runs a tool loop of two turns, each tool once; streamed: %s', async (isStreamed) => {
    const client = open(await replaying(loop))
    const { text, tools, answers } = await client.loop(isStreamed)
    expect(text).toBe(ANSWER)
    expect(tools).toEqual(TOOLS)
    expect(answers).toHaveLength(2)
  })

  it('gets the same whole as streamed', async () => {
    const whole = await open(await replaying(loop)).loop(false)
    const streamed = await open(await replaying(loop)).loop(true)
    expect(withoutParsed(streamed)).toEqual(withoutParsed(whole))
  })

  it('gets the same from recordings that were made of the replay, whose bytes are those of the originals', async () => {
    const { url, recorded } = await recording(await replaying(loop))
    const first = await open(url).loop(true)
    const made = await recorded()
    const originals = loop.map((file) => parseRecording(readFileSync(file, 'utf8'), { name: file }))
    expect(made.map(bytesOf)).toEqual(originals.map(bytesOf))
    expect(made.map(({ ending }) => ending)).toEqual(['eof', 'eof'])
    const again = await recording(await replaying(made.map((one, at) => storedOf(one, `made ${at}`))))
    expect(viaJson(await open(again.url).loop(true))).toEqual(viaJson(first))
    expect((await again.recorded()).map(bytesOf)).toEqual(made.map(bytesOf))
  })

  it.each([true, false])('throws its own error for each refusal; streamed: %s', async (isStreamed) => {
    for (const { status, type, body } of errors) {
      const url = await replaying([refusal(dialect, status, body)])
      const thrown: unknown = await open(url)
        .ask(isStreamed)
        .catch((error: unknown) => error)
      expect(thrown, `${status}`).toBeInstanceOf(type)
      expect(thrown).toMatchObject({ status, message: expect.stringContaining('in the way') })
    }
  })

  it.each([true, false])(
    'throws where the stream was cut, and never calls a half answer whole; streamed: %s',
    async (isStreamed) => {
      const url = await replaying([`${folder}/cut-connection.recording`])
      await expect(open(url).ask(isStreamed)).rejects.toThrow(/\S/)
    },
  )

  it('throws the error that came in the middle of the stream', async () => {
    const url = await replaying([`${folder}/error-in-mid-stream.recording`])
    await expect(open(url).ask(true)).rejects.toThrow(/overloaded|error/i)
  })
})
