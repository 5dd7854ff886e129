/** What a chunk may not be: any JSON at any place is survived, told, and does not touch what came before it. */
import { assert, constantFrom, jsonValue, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { Dialect } from '../../src/message.ts'
import { toNative } from '../../src/to-native.ts'
import { runs } from '../support/operations.ts'
import { call, chunk, ENVELOPE, fold, kindsOf, STOP, told } from './gemini-chunks.ts'

const FULL: JsonObject = {
  candidates: [
    {
      content: {
        role: 'model',
        parts: [
          { text: 'a', thought: true, thoughtSignature: 'S' },
          { text: 'b' },
          { ...call('f', { a: 1 }, { id: 'x' }), thoughtSignature: 'S' },
          { functionCall: { name: 'g', willContinue: true, partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }] } },
          { inlineData: { mimeType: 'image/png', data: 'QUJD' } },
          { fileData: { fileUri: 'u' } },
          { executableCode: { code: '1', language: 'PYTHON' } },
          { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
          { toolCall: { toolType: 'T', args: {}, id: 't' } },
          { toolResponse: { id: 't', response: {} } },
        ],
      },
      index: 0,
      finishReason: 'STOP',
      finishMessage: 'm',
      citationMetadata: { citations: [{ uri: 'u' }] },
      groundingMetadata: { webSearchQueries: ['q'] },
      logprobsResult: { chosenCandidates: [] },
    },
  ],
  promptFeedback: { blockReason: 'SAFETY', safetyRatings: [] },
  usageMetadata: { promptTokenCount: 1, promptTokensDetails: [] },
  ...ENVELOPE,
}

const STEP = { type: 'thought', signature: 'S', summary: [{ type: 'text', text: 'a' }] }
const INTERACTION: JsonObject = { id: 'i', object: 'interaction', model: 'm', status: 'completed' }
const EVENTS: readonly JsonObject[] = [
  { event_type: 'interaction.created', interaction: { ...INTERACTION, status: 'in_progress' } },
  { event_type: 'step.start', index: 0, step: STEP },
  { event_type: 'step.start', index: 1, step: { type: 'function_call', id: 'x', name: 'f', arguments: { a: 1 } } },
  { event_type: 'step.start', index: 2, step: { type: 'model_output', content: [{ type: 'text', text: 'a' }] } },
  {
    event_type: 'step.start',
    index: 3,
    step: { type: 'google_search_result', call_id: 'y', result: [1], is_error: true },
  },
  { event_type: 'step.delta', index: 0, delta: { type: 'thought_summary', content: { type: 'text', text: 'b' } } },
  { event_type: 'step.delta', index: 0, delta: { type: 'thought_signature', signature: 'S' } },
  { event_type: 'step.delta', index: 1, delta: { type: 'arguments_delta', arguments: '{}' } },
  { event_type: 'step.delta', index: 2, delta: { type: 'text', text: 'b' } },
  { event_type: 'step.delta', index: 2, delta: { type: 'image', data: 'QUJD', mime_type: 'image/png' } },
  { event_type: 'step.delta', index: 2, delta: { type: 'text_annotation_delta', annotations: [{}] } },
  { event_type: 'step.delta', index: 3, delta: { type: 'google_search_result', result: [] } },
  { event_type: 'step.stop', index: 2, usage: { total_input_tokens: 1 } },
  {
    event_type: 'interaction.completed',
    interaction: { ...INTERACTION, usage: { total_input_tokens: 1 }, steps: [STEP] },
  },
  { ...INTERACTION, steps: [STEP, { type: 'model_output', content: [{ type: 'text', text: 'a' }] }] },
]

/** Every place of a value, with the value that has something else there. */
function changes(value: JsonValue, other: JsonValue): JsonValue[] {
  if (Array.isArray(value)) {
    return [other, ...value.flatMap((item, at) => changes(item, other).map((changed) => value.with(at, changed)))]
  }
  if (!isObject(value)) return [other]
  return [
    other,
    ...Object.entries(value).flatMap(([key, item]) =>
      changes(item, other).map((changed) => ({ ...value, [key]: changed })),
    ),
  ]
}

const OTHERS: readonly JsonValue[] = [
  null,
  true,
  -1,
  1e300,
  '',
  'x',
  [],
  [null, 1, [[]]],
  {},
  JSON.parse('{"__proto__":{"a":1},"constructor":1,"type":7}'),
]

function survives(dialect: Dialect, before: readonly JsonValue[], event: JsonValue): void {
  const one = new Fold({ dialect })
  for (const sent of [...before, event]) one.receive(sent)
  one.end({ kind: 'complete' })
  const message = one.messages[0] ?? expect.fail('there is no message')
  expect(JSON.parse(JSON.stringify(message))).toEqual(message)
  expect(JSON.parse(JSON.stringify(toNative(one.messages)))).toEqual(toNative(one.messages))
  if (before.length > 0) expect(JSON.stringify(message)).toContain('the text before')
}

describe('any JSON at any place', () => {
  const first = chunk([{ text: 'the text before' }])
  it.each(OTHERS.map((other) => [JSON.stringify(other), other] as const))(
    'I4: of a chunk is survived, and does not touch what came before it: %s',
    (_name, other) => {
      for (const changed of changes(FULL, other)) {
        survives('gemini', [first], changed)
        survives('gemini', [], changed)
      }
    },
  )

  it.each(OTHERS.map((other) => [JSON.stringify(other), other] as const))(
    'I4: of an event of an interaction is survived, and does not touch what came before it: %s',
    (_name, other) => {
      const before = [
        { event_type: 'step.start', index: 9, step: { type: 'model_output' } },
        { event_type: 'step.delta', index: 9, delta: { type: 'text', text: 'the text before' } },
      ]
      for (const event of EVENTS)
        for (const changed of changes(event, other)) {
          survives('gemini-interactions', before, changed)
          survives('gemini-interactions', [], changed)
        }
    },
  )

  it('I4: that a generator thinks of is survived', () => {
    const dialects = constantFrom<Dialect>('gemini', 'gemini-interactions')
    assert(
      property(jsonValue(), dialects, (given, dialect) => {
        const value: JsonValue = JSON.parse(JSON.stringify(given))
        survives(dialect, [], { candidates: [{ content: { parts: [value] } }], event_type: 'step.delta', delta: value })
      }),
      runs(500),
    )
  })

  it('I10: what is nested too deep is malformed, and no more', () => {
    let deep: JsonValue = 1
    for (let depth = 0; depth < 5000; depth += 1) deep = [deep]
    for (const part of [{ text: 'x', more: deep }, call('f', { deep }), { hologram: deep }]) {
      const one = new Fold()
      for (const sent of [first, chunk([part]), chunk([], STOP)]) one.receive(sent)
      one.end({ kind: 'complete' })
      const message = one.messages[0] ?? expect.fail('there is no message')
      expect(told(message)).toEqual([{ text: 'the text before' }])
      expect(kindsOf(message)).toContain('malformed_event')
    }
  })
})

describe('odd chunks', () => {
  it('I4: what a chunk said before something that is too deep is kept', () => {
    let deep: JsonValue = 1
    for (let depth = 0; depth < 5000; depth += 1) deep = [deep]
    const one = new Fold()
    for (const sent of [chunk([{ text: 'a' }, { hologram: deep }, { text: 'lost' }]), chunk([], STOP)])
      one.receive(sent)
    one.end({ kind: 'complete' })
    const message = one.messages[0] ?? expect.fail('there is no message')
    expect(told(message)).toEqual([{ text: 'a' }])
    expect(message).toMatchObject({ id: 'resp_1', outcome: { kind: 'complete' } })
    expect(kindsOf(message)).toEqual(['malformed_event'])
  })

  it('I4: what is no chunk is an unknown event', () => {
    const { message } = fold([chunk([{ text: 'a' }]), { what: 1 }, chunk([], STOP)], 'gemini')
    expect(message.anomalies).toEqual([{ kind: 'unknown_event', detail: 'undefined', value: { what: 1 } }])
    expect(message.outcome.kind).toBe('complete')
  })

  it('I4: a stray end of a call is told, and calls before it are not touched', () => {
    const { message } = fold([chunk([call('f', {}), { functionCall: {} }], STOP)])
    expect(told(message)).toEqual([{ call: 'f', input: {} }])
    expect(kindsOf(message)).toEqual(['unknown_delta'])
  })

  it('more candidates than anybody asks for are not begun', () => {
    const one = new Fold()
    for (let index = 0; index < 400; index += 1) one.receive(chunk([{ text: 'a' }], { index, ...STOP }))
    one.end({ kind: 'complete' })
    expect(one.messages.length).toBeLessThanOrEqual(256)
  })
})
