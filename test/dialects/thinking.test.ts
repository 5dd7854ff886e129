/** Thinking and what seals it: kept as it came, where it came, or not there at all. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { toNative } from '../../src/to-native.ts'
import { assemble } from '../../src/turn.ts'
import { anthropicWire, responsesWire } from '../support/wires.ts'
import { close, END, open, said, signatureDelta, START, stop, thinkingDelta, thought } from './anthropic-events.ts'
import { added, completed, CREATED, done, reasoningItem, summaryDelta } from './openai-responses-events.ts'
import { run } from './run.ts'

const fold = (...events: readonly JsonObject[]) => run(anthropicWire, [START, ...events, stop('end_turn'), END])
const nativeOf = (...events: readonly JsonObject[]) => toNative(fold(...events).message)
const opened = open(0, { type: 'thinking', thinking: '', signature: '' })

describe('a signature', () => {
  it.each([' Eq+/==\n', 'é😀\u0000', 'x'.repeat(10_000)])(
    'quirk 11.01: is the same to the last byte: %#',
    (signature) => {
      expect(nativeOf(...thought(0, 'hm', signature), ...said(1, 'Hi'))).toMatchObject({
        content: [{ type: 'thinking', thinking: 'hm', signature }, {}],
      })
    },
  )

  it('quirk 11.01: of one block is never joined to that of the next', () => {
    const { message } = fold(...thought(0, 'a', 'one'), ...thought(1, 'b', 'two'), ...said(2, 'Hi'))
    expect(message.content).toMatchObject([
      { type: 'thinking', text: 'a', signature: 'one' },
      { type: 'thinking', text: 'b', signature: 'two' },
      {},
    ])
  })

  it('quirk 11.02: is not made up where the wire has none', () => {
    const [thinking] = fold(opened, thinkingDelta(0, 'hm'), close(0)).message.content
    expect(thinking).toMatchObject({ type: 'thinking', text: 'hm' })
    expect(thinking).not.toHaveProperty('signature')
    expect(fold(...said(0, 'Hi')).message.content.map(({ type }) => type)).toEqual(['text'])
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['a signature', signatureDelta(0, 'sig'), { type: 'thinking', thinking: '', signature: 'sig' }],
    ['nothing that can be read', close(0), { type: 'redacted_thinking', data: 'Zm9v' }],
  ])('quirk 11.06: with %s and no text is content', (_, event, native) => {
    const block = native['type'] === 'thinking' ? opened : open(0, native)
    const events = [block, event, close(0), ...said(1, 'Hi')]
    expect(fold(...events).message.content).toHaveLength(2)
    expect(nativeOf(...events)).toMatchObject({ content: [native, {}] })
  })

  it('quirk 11.07: that comes late is that of its own block, which stays before the text', async () => {
    const late = [opened, thinkingDelta(0, 'hm'), close(0), ...said(1, 'Hi'), signatureDelta(0, 'late')]
    const turn = assemble([START, ...late, stop('end_turn'), END])
    const opens: number[] = []
    turn.on('block_start', ({ block }) => opens.push(block))
    expect((await turn.message()).content).toMatchObject([
      { type: 'thinking', text: 'hm', signature: 'late' },
      { type: 'text', text: 'Hi' },
    ])
    expect(opens).toEqual([0, 1])
  })

  it('quirk 11.08: of an item of Responses is that of its done event, under the id of that', () => {
    const whole = reasoningItem(['hm'], { id: 'rs_9', encrypted_content: 'X1', status: 'completed' })
    const { message } = run(responsesWire, [
      CREATED,
      added(reasoningItem([], { encrypted_content: 'X0' })),
      summaryDelta('hm'),
      done(whole),
      completed([]),
    ])
    expect(message.content).toMatchObject([{ type: 'thinking', text: 'hm', encrypted: 'X1' }])
    expect(toNative(message)).toMatchObject({ output: [{ id: 'rs_9', encrypted_content: 'X1' }] })
  })
})

it('quirk 11.09: a malformed call of Gemini with nothing but a signature is an error, and keeps the signature', async () => {
  const parts = [{ text: '', thoughtSignature: 'c2ln' }]
  const candidate = { index: 0, content: { role: 'model', parts }, finishReason: 'MALFORMED_FUNCTION_CALL' }
  const message = await assemble([{ candidates: [candidate], modelVersion: 'gemini-3' }]).message()
  expect(message.stop).toMatchObject({ reason: 'error', raw: 'MALFORMED_FUNCTION_CALL' })
  expect(JSON.stringify(toNative(message))).toContain('c2ln')
})
