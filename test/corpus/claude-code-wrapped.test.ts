/**
 * The corpus has no stream of Claude Code, but those of the API that it puts into its own. Here each of them is wrapped as Claude Code
 * does, as stream events with records or as records alone, in lanes that interleave at random and with records that come again: each
 * message must be the one that the plain stream gives.
 */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { isObject, wordOf, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { toNative } from '../../src/to-native.ts'
import { assistant, foldRecords, INIT, result, streamed, toolResult } from '../dialects/claude-code-records.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './anthropic-wire.ts'

interface Answer {
  readonly payloads: readonly JsonObject[]
  readonly message: AssistantMessage
  readonly native: JsonObject
}

/** The answers of the corpus that are whole, alone in their stream and not odd, each under an id of its own. */
function answersOf(): readonly Answer[] {
  const streams = corpusStreams(({ dialect }) => dialect === 'anthropic-messages')
  return streams.flatMap((stream, number): Answer[] => {
    const payloads = payloadsOf(stream).map((payload): JsonObject => {
      const { message } = payload
      return isObject(message) ? { ...payload, message: { ...message, id: `msg_${number}` } } : payload
    })
    const fold = new Fold({ dialect: 'anthropic-messages' })
    for (const payload of payloads) fold.receive(payload)
    fold.end({ kind: 'complete' })
    const [message] = fold.messages
    const native = message === undefined ? null : toNative(message)
    if (payloads.filter(({ type }) => type === 'message_start').length !== 1) return []
    if (message?.outcome.kind !== 'complete' || message.anomalies.length > 0 || !isObject(native)) return []
    return [{ payloads, message, native }]
  })
}

function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

function blocksOf({ native }: Answer): readonly JsonObject[] {
  const { content } = native
  return Array.isArray(content) ? content.filter(isObject) : []
}

function recordOf({ native }: Answer, block: JsonObject, lane: JsonObject, message: JsonObject): JsonObject {
  const { content: _content, stop_reason: _reason, stop_sequence: _sequence, id, ...rest } = native
  return assistant(wordOf(id), [block], { ...lane, message: { ...rest, ...message } })
}

const END = { stop_reason: null, stop_sequence: null }

/** Stream events; a block's record comes before its end, after it, or after the message. */
function asStreamEvents(answer: Answer, lane: JsonObject, random: () => number): JsonObject[] {
  const blocks = blocksOf(answer)
  const start = answer.payloads.find(({ type }) => type === 'message_start')?.['message']
  const usage = isObject(start) ? (start['usage'] ?? {}) : {}
  const late: JsonObject[] = []
  const records = answer.payloads.flatMap((event): JsonObject[] => {
    const wrapped = streamed(event, lane)
    const block = blocks[Number(event['index'])]
    if (event['type'] !== 'content_block_stop' || block === undefined) return [wrapped]
    const record = recordOf(answer, block, lane, { ...END, usage })
    const place = random()
    // Records come in the order of their blocks: behind one that is late all are.
    if (late.length > 0 || place > 0.95) late.push(record)
    if (late.length > 0) return [wrapped]
    if (place < 0.5) return [record, wrapped]
    return place < 0.7 ? [record, record, wrapped, record] : [wrapped, record]
  })
  return [...records, ...late]
}

/** Records alone: all but the last have the usage of the beginning, and no stop reason. */
function asRecords(answer: Answer, lane: JsonObject, random: () => number): JsonObject[] {
  const blocks = blocksOf(answer)
  const { stop_reason = null, stop_sequence = null, usage } = answer.native
  const records = blocks.map((block, at) => {
    const isLast = at === blocks.length - 1
    const early = { ...(isObject(usage) ? usage : {}), output_tokens: 1 }
    return recordOf(answer, block, lane, isLast ? { stop_reason, stop_sequence } : { ...END, usage: early })
  })
  return records.flatMap((record, at) => [record, ...(random() < 0.3 ? records.slice(0, at + 1) : [])])
}

/** The lanes in turn, each in its own order. */
function interleaved(lanes: readonly (readonly JsonObject[])[], random: () => number): JsonObject[] {
  const rest = lanes.map((lane) => [...lane])
  const mixed: JsonObject[] = []
  for (
    let left = rest.filter(({ length }) => length > 0);
    left.length > 0;
    left = left.filter((one) => one.length > 0)
  ) {
    const lane = left[Math.floor(random() * left.length)] ?? []
    mixed.push(...lane.splice(0, 1 + Math.floor(random() * 3)))
  }
  return mixed
}

const LANES = [{}, { parent_tool_use_id: 'toolu_task_1' }, { parent_tool_use_id: 'toolu_task_2' }]

function turnOf(
  answers: readonly Answer[],
  seed: number,
  wrap: (answer: Answer, lane: JsonObject, random: () => number) => JsonObject[],
): JsonObject[] {
  const random = randomOf(seed)
  const lanes = LANES.map((): JsonObject[] => [])
  for (const [at, answer] of answers.entries()) {
    lanes[at % LANES.length]?.push(...wrap(answer, LANES[at % LANES.length] ?? {}, random))
  }
  const over = LANES.slice(1).map((lane) => toolResult(lane.parent_tool_use_id ?? ''))
  return [INIT, ...interleaved(lanes, random), ...over, result({ stop_reason: null })]
}

function groupsOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
}

function expectSame(messages: readonly AssistantMessage[], answers: readonly Answer[]): void {
  expect(messages.map(({ id }) => id).toSorted()).toEqual(answers.map(({ message }) => message.id).toSorted())
  for (const { message, native } of answers) {
    const found = messages.find(({ id }) => id === message.id) ?? expect.fail(`there is no ${message.id}`)
    expect({ id: message.id, native: toNative(found) }).toEqual({ id: message.id, native })
    expect(found.outcome).toEqual({ kind: 'complete' })
    expect({ stop: found.stop, usage: found.usage }).toEqual({ stop: message.stop, usage: message.usage })
  }
}

function isCall(block: JsonValue): boolean {
  return isObject(block) && wordOf(block['type']).endsWith('tool_use')
}

describeShared('corpus', 'the Anthropic streams of the corpus within Claude Code’s', () => {
  const answers = answersOf()

  it('are so many', () => {
    expect(answers.length).toBe(313)
  })

  describe.each([1, 2, 3])('in an order of lanes by the seed %i', (seed) => {
    it('quirk 2.21: as stream events and records each is the message of the plain stream', () => {
      for (const [at, group] of groupsOf(answers, 7).entries()) {
        const { messages } = foldRecords(turnOf(group, seed * 1000 + at, asStreamEvents))
        expectSame(messages, group)
        expect(messages.flatMap(({ anomalies }) => anomalies)).toEqual([])
      }
    })

    it('quirk 2.21: as records alone each is the message of the plain stream', () => {
      // A record is whole: a call that was cut, or that has no JSON, never comes in one.
      const whole = answers.filter(
        ({ message, native }) =>
          blocksOf({ message, native, payloads: [] }).length > 0 &&
          message.content.every((block) => block.type !== 'tool_call' || block.state === 'complete') &&
          blocksOf({ message, native, payloads: [] }).every((block) => !isCall(block) || isObject(block['input'])),
      )
      expect(whole.length).toBe(309)
      for (const [at, group] of groupsOf(whole, 7).entries()) {
        expectSame(foldRecords(turnOf(group, seed * 1000 + at, asRecords)).messages, group)
      }
    })
  })
})
