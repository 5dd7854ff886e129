/** Every message of the bundled recordings, of all dialects, folded. */
import { readdirSync, readFileSync } from 'node:fs'
import type { AssistantMessage } from '../../src/message.ts'
import { assembleRecording } from '../../src/recording/fold-recording.ts'
import { parseRecording } from '../../src/recording/format.ts'

export interface RecordedMessage {
  readonly name: string
  readonly message: AssistantMessage
}

export async function recordedMessages(): Promise<readonly RecordedMessage[]> {
  const folders = readdirSync('recordings', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = folders.flatMap(({ name: dialect }) =>
    readdirSync(`recordings/${dialect}`)
      .filter((file) => file.endsWith('.recording'))
      .map((file) => `${dialect}/${file.replace('.recording', '')}`),
  )
  const folded = await Promise.all(
    names.map(async (name) => {
      const recording = parseRecording(readFileSync(`recordings/${name}.recording`, 'utf8'), { name })
      const messages = await assembleRecording(recording, { turn: name }).messages()
      return messages.map((message) => ({ name: message.key, message }))
    }),
  )
  return folded.flat()
}
