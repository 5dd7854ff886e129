/** The AI SDK with its providers over real HTTP, against recordings that are replayed, and against what is written of messages. */
import { afterEach, describe, expect, it } from 'vitest'
import { fold, storedOf, toSse, type WritableDialect } from '../../src/index.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { startReplay, type ReplayServerOptions } from '../../src/node/replay-server.ts'
import { replay } from '../../src/recording/replay.ts'
import { missing, runLoop } from '../support/ai-providers.ts'
import { WRITABLE } from '../support/written.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function replaying(recordings: ReplayServerOptions['recordings']): Promise<string> {
  const server = await startReplay({ recordings })
  closing.push(() => server.close())
  return server.url
}

const NAMES = ['note-and-sum', 'answer-after-tools']
const RAN = {
  text: 'They cost 10.90. I have noted that you paid.',
  steps: 2,
  tools: [
    { name: 'add', input: { numbers: [3.2, 3.2, 4.5] } },
    { name: 'write_note', input: { text: 'Paid for two coffees and a cake.' } },
  ],
}

if (missing !== undefined) console.warn(`SKIPPED: the AI SDK with its providers: ${missing}`)

describe.skipIf(missing !== undefined).each(WRITABLE)('the AI SDK and %s over HTTP', (to) => {
  it.each([true, false])('runs a tool loop of two steps, each tool once; streamed: %s', async (isStreamed) => {
    const url = await replaying(NAMES.map((name) => `recordings/${to}/${name}.recording`))
    expect(await runLoop(url, to, isStreamed)).toEqual(RAN)
  })

  it.each(WRITABLE)('runs the same loop over what is written of messages of %s', async (from) => {
    const url = await replaying(
      await Promise.all(NAMES.map((name) => written(`recordings/${from}/${name}.recording`, to))),
    )
    expect(await runLoop(url, to, true)).toEqual(RAN)
  })

  it('throws where the stream failed', async () => {
    const url = await replaying([`recordings/${to}/error-in-mid-stream.recording`])
    await expect(runLoop(url, to, true)).rejects.toThrow(/\S/)
  })
})

async function written(file: string, to: WritableDialect): Promise<ReturnType<typeof storedOf>> {
  const message = await fold(replay(await readRecordingFile(file)))
  const header = {
    onefold: 1,
    dialect: to,
    response: { status: 200, contentType: 'text/event-stream' },
    provenance: { kind: 'derived', from: file },
  } as const
  const chunks = toSse(message, to).map((event) => ({ ms: 0, bytes: new TextEncoder().encode(event) }))
  return storedOf({ header, chunks, ending: 'eof', problems: [] }, file)
}
