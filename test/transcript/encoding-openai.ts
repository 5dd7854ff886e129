/** Encodes as a projection does, without any repair: one element after the other, calls under the ids that they came with. */
import { readdirSync, readFileSync } from 'node:fs'
import { isObject, type JsonObject } from '../../src/json.ts'
import type { AssistantMessage, ToolCallBlock } from '../../src/message.ts'
import { foldRecording } from '../../src/recording/fold-recording.ts'
import { parseRecording } from '../../src/recording/format.ts'
import { toNative } from '../../src/to-native.ts'
import type { AnsweredCall, Encoder, EncodingContext, LeftOut } from '../../src/transcript/encoder.ts'
import type { Item } from '../../src/transcript/items.ts'
import type { Target } from '../../src/transcript/target.ts'

/** The messages of the bundled recordings of some dialects, folded anew, with the recordings' names. */
export async function recordedMessages(
  dialects: (dialect: string) => boolean,
): Promise<readonly { readonly name: string; readonly message: AssistantMessage }[]> {
  const names = readdirSync('recordings', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && dialects(entry.name))
    .flatMap(({ name: dialect }) => readdirSync(`recordings/${dialect}`).map((file) => `${dialect}/${file}`))
    .filter((path) => path.endsWith('.recording'))
  return Promise.all(
    names.map(async (path) => {
      const name = path.replace('.recording', '')
      return { name, message: await recordedMessage(name) }
    }),
  )
}

export async function recordedMessage(name: string): Promise<AssistantMessage> {
  const path = `recordings/${name}.recording`
  const recording = parseRecording(readFileSync(path, 'utf8'), { name: path })
  return foldRecording(recording, { turn: name })
}

export interface Encoding {
  readonly context: EncodingContext
  readonly leftOut: readonly LeftOut[]
}

export function encodingFor(target: Target): Encoding {
  const leftOut: LeftOut[] = []
  const context: EncodingContext = {
    target,
    idOf: ({ id }) => id,
    leaveOut: (what) => leftOut.push(what),
    native: (message) => {
      const native = message.dialect === 'unknown' ? undefined : toNative(message)
      return isObject(native) ? native : undefined
    },
  }
  return { context, leftOut }
}

export function encodeItems(items: readonly Item[], encoder: Encoder, context: EncodingContext): readonly JsonObject[] {
  const calls = new Map<string, AnsweredCall>()
  return items.flatMap((item): readonly JsonObject[] => {
    switch (item.role) {
      case 'user':
        return encoder.user(item, context)
      case 'system':
        return [encoder.system(item) ?? []].flat()
      case 'tool': {
        const id = item.call.replace(/^unknown:/, '')
        return [encoder.result(item, calls.get(item.call) ?? { id, name: '' }, context)]
      }
      case 'assistant':
        for (const call of callsOf(item.message)) calls.set(call.block.key, call)
        return encoder.assistant(item.message, context)
      case 'note':
        return []
      default:
        return item satisfies never
    }
  })
}

export function callsOf(message: AssistantMessage): readonly (AnsweredCall & { readonly block: ToolCallBlock })[] {
  return message.content.flatMap((block) =>
    block.type === 'tool_call' ? [{ id: block.id, name: block.name, block, message }] : [],
  )
}
