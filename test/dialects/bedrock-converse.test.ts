import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { assemble } from '../../src/turn.ts'
import { toNative } from '../../src/to-native.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { AssistantMessage, CompleteToolCall, StopReason } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { framesOf, joined } from '../support/aws-frames.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

interface Folded {
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
  readonly calls: readonly CompleteToolCall[]
}

function finish(fold: Fold, feed: () => readonly TurnEvent[]): Folded {
  const events = [...feed(), ...fold.end({ kind: 'complete' })]
  expect(fold.end({ kind: 'complete' })).toEqual([])
  expect(fold.messages, 'exactly one message').toHaveLength(1)
  const message = fold.messages[0] ?? expect.fail('there is no message')
  expectLiveEqualsFinal(events, message)
  const copy: AssistantMessage = JSON.parse(JSON.stringify(message))
  expect(copy).toEqual(message)
  if (message.dialect !== 'unknown') expect(toNative(copy)).toEqual(toNative(message))
  return { message, events, calls: events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : [])) }
}

function viaObjects(events: readonly unknown[], options: FoldOptions = {}): Folded {
  const fold = new Fold(options)
  return finish(fold, () => events.flatMap((event) => [...fold.receive(event)]))
}

function viaFrames(events: readonly object[], options: FoldOptions = {}): Folded {
  const fold = new Fold(options)
  const bytes = joined(framesOf(events))
  return finish(fold, () => Array.from(bytes, (byte) => fold.push(Uint8Array.of(byte))).flat())
}

/** As frames and as the SDK's objects, of which both must give the same. */
function run(events: readonly object[], options: FoldOptions = {}): Folded {
  const folded = viaFrames(events, options)
  expect(viaObjects(events, options)).toEqual(folded)
  return folded
}

const start = (index: number, what: object): object => ({
  contentBlockStart: { contentBlockIndex: index, start: what },
})
const delta = (index: number, what: object): object => ({
  contentBlockDelta: { contentBlockIndex: index, delta: what },
})
const close = (index: number): object => ({ contentBlockStop: { contentBlockIndex: index } })
const stop = (stopReason: string, more: object = {}): object => ({ messageStop: { stopReason, ...more } })
const text = (index: number, value: string): object => delta(index, { text: value })
const thinking = (index: number, value: string): object => delta(index, { reasoningContent: { text: value } })
const input = (index: number, value: string): object => delta(index, { toolUse: { input: value } })
const call = (index: number, toolUseId: string, name: string): object => start(index, { toolUse: { toolUseId, name } })

const BEGIN = { messageStart: { role: 'assistant' } }
const USAGE = { inputTokens: 10, outputTokens: 5, totalTokens: 15 }
const METADATA = { metadata: { usage: USAGE, metrics: { latencyMs: 300 } } }
const TEXT = [text(0, 'Hel'), text(0, 'lo'), close(0)]
const CALL = [call(1, 't1', 'add'), input(1, '{"a"'), input(1, ':1}'), close(1)]
const ANSWER = [BEGIN, ...TEXT, ...CALL, stop('tool_use'), METADATA]

const kindsOf = ({ message }: Folded): AnomalyKind[] => message.anomalies.map(({ kind }) => kind)
const withoutAnomalies = ({ message: { anomalies: _anomalies, ...message } }: Folded): unknown => message
const nativeOf = ({ message }: Folded): unknown => toNative(message)
const asContent = (...content: readonly object[]): object => ({ output: { message: { role: 'assistant', content } } })

describe('a stream', () => {
  it('gives its text, its call and its usage, and the whole answer of Converse', () => {
    const folded = run(ANSWER)
    expect(folded.message).toMatchObject({
      id: 'turn/0',
      idSource: 'minted',
      dialect: 'bedrock-converse',
      content: [
        { type: 'text', text: 'Hello', wire: {} },
        { type: 'tool_call', id: 't1', name: 'add', arguments: '{"a":1}', state: 'complete', input: { a: 1 } },
      ],
      stop: { reason: 'tool_calls', raw: 'tool_use', sequence: null },
      outcome: { kind: 'complete' },
      usage: { inputTokens: 10, outputTokens: 5 },
      rawUsage: USAGE,
      anomalies: [],
      wire: { role: 'assistant', metrics: { latencyMs: 300 } },
    })
    expect(folded.calls.map(({ id }) => id)).toEqual(['t1'])
    expect(nativeOf(folded)).toEqual({
      ...asContent({ text: 'Hello' }, { toolUse: { toolUseId: 't1', name: 'add', input: { a: 1 } } }),
      stopReason: 'tool_use',
      usage: USAGE,
      metrics: { latencyMs: 300 },
    })
  })

  it('I6: hands out its calls when the stop reason is known, not before', () => {
    const fold = new Fold()
    const before = ANSWER.slice(0, -2).flatMap((event) => fold.receive(event))
    expect(before.filter(({ type }) => type === 'tool_call')).toEqual([])
    expect(fold.receive(stop('tool_use')).filter(({ type }) => type === 'tool_call')).toHaveLength(1)
  })

  it('ends with the metadata behind its stop, and not with its stop', () => {
    const fold = new Fold()
    for (const event of ANSWER.slice(0, -1)) fold.receive(event)
    expect(fold.isTerminal).toBe(false)
    fold.receive(METADATA)
    expect(fold.isTerminal).toBe(true)
  })

  it('quirk 6.13: whose text has no start is clean, and so is one whose text has an empty start', () => {
    const bare = run([BEGIN, start(0, {}), ...TEXT, ...CALL, stop('tool_use'), METADATA])
    expect(bare).toEqual(run(ANSWER))
    expect(kindsOf(bare)).toEqual([])
  })

  it('quirk 6.13: may have an empty block, and an empty start before reasoning', () => {
    const folded = run([
      BEGIN,
      start(0, {}),
      close(0),
      start(1, {}),
      thinking(1, 'Hm'),
      close(1),
      stop('end_turn'),
      METADATA,
    ])
    expect(folded.message.content).toMatchObject([
      { type: 'text', text: '' },
      { type: 'thinking', text: 'Hm' },
    ])
    expect(kindsOf(folded)).toEqual([])
  })

  it('quirk 6.14: without a single contentBlockStop is complete, with its call', () => {
    const folded = run(ANSWER.filter((event) => !('contentBlockStop' in event)))
    expect(folded.message.content).toMatchObject([{ text: 'Hello' }, { state: 'complete', input: { a: 1 } }])
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(folded.calls.map(({ id }) => id)).toEqual(['t1'])
  })

  it('quirk 6.14: without contentBlockStop, cut before its stop, leaves its call partial', () => {
    const folded = run([BEGIN, ...CALL.slice(0, -1)])
    expect(folded.message.content).toMatchObject([{ state: 'partial', arguments: '{"a":1}' }])
    expect(folded.calls).toEqual([])
  })

  it('quirk 6.15: takes usage that comes behind the stop, and what comes without it erases nothing', () => {
    const metricsOnly = { metadata: { metrics: { latencyMs: 300 } } }
    for (const tail of [
      [METADATA, metricsOnly],
      [metricsOnly, METADATA],
      [{ metadata: { usage: {}, metrics: { latencyMs: 300 } } }, METADATA],
    ]) {
      const folded = run([BEGIN, ...TEXT, stop('end_turn'), ...tail])
      expect(folded.message).toMatchObject({ usage: { inputTokens: 10, outputTokens: 5 }, rawUsage: USAGE })
      expect(nativeOf(folded)).toMatchObject({ usage: USAGE, metrics: { latencyMs: 300 } })
    }
    const before = run([BEGIN, ...TEXT, METADATA, stop('end_turn')])
    expect(before.message).toMatchObject({ outcome: { kind: 'complete' }, usage: { inputTokens: 10 } })
  })

  it('quirk 2.18: that says end_turn and has a whole call means tool_calls, and keeps the word', () => {
    const folded = run([BEGIN, ...CALL, stop('end_turn'), METADATA])
    expect(folded.message.stop).toEqual({ reason: 'tool_calls', raw: 'end_turn', sequence: null })
    expect(folded.calls.map(({ input: given }) => given)).toEqual([{ a: 1 }])
    const cut = run([BEGIN, ...CALL, stop('max_tokens'), METADATA])
    expect(cut.message.stop.reason).toBe('max_tokens')
    expect(cut.calls).toEqual([])
    expect(cut.message.content).toMatchObject([{ state: 'complete' }])
  })

  const REASONS: readonly [string, StopReason][] = [
    ['end_turn', 'end_turn'],
    ['tool_use', 'tool_calls'],
    ['max_tokens', 'max_tokens'],
    ['stop_sequence', 'stop_sequence'],
    ['guardrail_intervened', 'content_filter'],
    ['content_filtered', 'content_filter'],
    ['model_context_window_exceeded', 'context_window'],
    ['malformed_model_output', 'error'],
    ['malformed_tool_use', 'error'],
    ['something_new', 'unknown'],
  ]
  it.each(REASONS)('quirk 6.18: %s is %s, with what came, its usage and the word', (raw, reason) => {
    const folded = run([BEGIN, ...TEXT, stop(raw), METADATA])
    expect(folded.message).toMatchObject({
      content: [{ text: 'Hello' }],
      stop: { reason, raw },
      outcome: { kind: 'complete' },
      usage: { outputTokens: 5 },
    })
  })

  it('names the stop sequence that was hit where the answer was asked for it', () => {
    for (const fields of [{ delta: { stop_sequence: 'END' } }, { stop_sequence: 'END' }]) {
      const folded = run([BEGIN, ...TEXT, stop('stop_sequence', { additionalModelResponseFields: fields }), METADATA])
      expect(folded.message.stop).toEqual({ reason: 'stop_sequence', raw: 'stop_sequence', sequence: 'END' })
      expect(nativeOf(folded)).toMatchObject({ additionalModelResponseFields: fields })
    }
  })

  it('9.07: counts the cache as input, under both names that its counts have', () => {
    const counts = { inputTokens: 11, outputTokens: 236, totalTokens: 1275 }
    for (const cache of [
      { cacheReadInputTokens: 100, cacheWriteInputTokens: 928 },
      { cacheReadInputTokenCount: 100, cacheWriteInputTokenCount: 928 },
    ]) {
      const folded = run([BEGIN, ...TEXT, stop('end_turn'), { metadata: { usage: { ...counts, ...cache } } }])
      expect(folded.message.usage).toEqual({
        inputTokens: 1039,
        outputTokens: 236,
        cacheReadTokens: 100,
        cacheWriteTokens: 928,
      })
    }
  })

  it('keeps what the metadata says beside usage, and drops the padding', () => {
    const beside = {
      metrics: { latencyMs: 1 },
      trace: { guardrail: { inputAssessment: { g: { topicPolicy: { topics: [] } } } } },
      performanceConfig: { latency: 'optimized' },
      serviceTier: { type: 'priority' },
    }
    const folded = run([
      { messageStart: { role: 'assistant', p: 'abc' } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hi' }, p: 'abcd' } },
      { contentBlockStop: { contentBlockIndex: 0, p: 'a' } },
      stop('end_turn', { p: 'ab' }),
      { metadata: { usage: USAGE, ...beside, p: 'abcde' } },
    ])
    expect(folded.message.wire).toEqual({ role: 'assistant', ...beside })
    expect(nativeOf(folded)).toEqual({ ...asContent({ text: 'Hi' }), stopReason: 'end_turn', usage: USAGE, ...beside })
  })
})

describe('blocks', () => {
  const tail = [stop('end_turn'), METADATA]

  it('of reasoning have their text and their signature', () => {
    const folded = run([
      BEGIN,
      thinking(0, 'Let me '),
      thinking(0, 'think'),
      delta(0, { reasoningContent: { signature: 'c2ln' } }),
      close(0),
      text(1, 'Hi'),
      close(1),
      ...tail,
    ])
    expect(folded.message.content).toEqual([
      { type: 'thinking', text: 'Let me think', signature: 'c2ln', wire: {} },
      { type: 'text', text: 'Hi', wire: {} },
    ])
    expect(nativeOf(folded)).toMatchObject(
      asContent({ reasoningContent: { reasoningText: { text: 'Let me think', signature: 'c2ln' } } }, { text: 'Hi' }),
    )
  })

  it('quirk 6.17: of reasoning that is withheld keep it under either name, as bytes or as text', () => {
    const bytes = new Uint8Array([1, 2, 250])
    const native = asContent({ reasoningContent: { redactedContent: 'AQL6' } })
    for (const reasoning of [{ redactedContent: 'AQL6' }, { data: 'AQL6' }]) {
      const folded = run([BEGIN, delta(0, { reasoningContent: reasoning }), close(0), ...tail])
      expect(folded.message.content).toEqual([
        { type: 'thinking', text: '', encrypted: 'AQL6', redacted: true, wire: {} },
      ])
      expect(nativeOf(folded)).toMatchObject(native)
    }
    for (const given of [bytes, Buffer.from(bytes)]) {
      const folded = viaObjects([BEGIN, delta(0, { reasoningContent: { redactedContent: given } }), close(0), ...tail])
      expect(nativeOf(folded)).toMatchObject(native)
    }
  })

  it('quirk 6.17: of reasoning may be nothing but a signature, without a stop', () => {
    const folded = run([BEGIN, delta(0, { reasoningContent: { signature: 'c2ln' } }), text(1, 'Hi'), ...tail])
    expect(folded.message.content).toMatchObject([{ type: 'thinking', text: '', signature: 'c2ln' }, { text: 'Hi' }])
    expect(nativeOf(folded)).toMatchObject(
      asContent({ reasoningContent: { reasoningText: { text: '', signature: 'c2ln' } } }, { text: 'Hi' }),
    )
    expect(kindsOf(folded)).toEqual([])
  })

  it('of text have their citations', () => {
    const citation = { title: 'A', sourceContent: [{ text: 'x' }], location: { documentChar: { start: 0, end: 1 } } }
    const folded = run([BEGIN, text(0, 'As A says'), delta(0, { citation }), delta(0, { citation }), close(0), ...tail])
    expect(folded.message.content).toEqual([
      { type: 'text', text: 'As A says', citations: [citation, citation], wire: {} },
    ])
    expect(nativeOf(folded)).toMatchObject(
      asContent({ citationsContent: { content: [{ text: 'As A says' }], citations: [citation, citation] } }),
    )
  })

  it('I6: of a tool that the provider runs are not handed out, and their result is a block of its own', () => {
    const folded = run([
      BEGIN,
      start(0, { toolUse: { toolUseId: 't1', name: 'nova_grounding', type: 'server_tool_use' } }),
      input(0, '{}'),
      close(0),
      start(1, { toolResult: { toolUseId: 't1', type: 'nova_grounding_result', status: 'success' } }),
      delta(1, { toolResult: [{ text: 'a' }, { json: { b: [1] } }] }),
      delta(1, { toolResult: [{ text: 'c' }] }),
      close(1),
      ...tail,
    ])
    const content = [{ text: 'a' }, { json: { b: [1] } }, { text: 'c' }]
    expect(folded.message.content).toMatchObject([
      { type: 'tool_call', origin: 'provider', state: 'complete' },
      { type: 'tool_result', callId: 't1', content, isError: false },
    ])
    expect(folded.calls).toEqual([])
    expect(folded.message.stop.reason).toBe('end_turn')
    expect(nativeOf(folded)).toMatchObject(
      asContent(
        { toolUse: { toolUseId: 't1', name: 'nova_grounding', type: 'server_tool_use', input: {} } },
        { toolResult: { toolUseId: 't1', type: 'nova_grounding_result', status: 'success', content } },
      ),
    )
  })

  it('of images have their data, as bytes or as text, or where they are, or an error', () => {
    const image = (source: object): Folded =>
      viaObjects([BEGIN, start(0, { image: { format: 'png' } }), delta(0, { image: source }), close(0), ...tail])
    for (const bytes of ['AQL6', new Uint8Array([1, 2, 250])]) {
      const folded = image({ source: { bytes } })
      expect(folded.message.content).toEqual([{ type: 'media', data: 'AQL6', wire: { format: 'png' } }])
      expect(nativeOf(folded)).toMatchObject(asContent({ image: { format: 'png', source: { bytes: 'AQL6' } } }))
    }
    for (const given of [{ source: { s3Location: { uri: 's3://b/k' } } }, { error: { message: 'no' } }]) {
      expect(nativeOf(image(given))).toMatchObject(asContent({ image: { format: 'png', ...given } }))
    }
  })

  it('I4: that nobody knows are carried through in their place, and noted', () => {
    const folded = run([
      BEGIN,
      start(0, { hologram: { depth: 3 } }),
      delta(0, { hologram: { rays: [1] } }),
      close(0),
      text(1, 'Hi'),
      close(1),
      delta(2, { aroma: 'rose' }),
      close(2),
      ...tail,
    ])
    expect(folded.message.content).toEqual([
      { type: 'other', wire: { hologram: { depth: 3 } } },
      { type: 'text', text: 'Hi', wire: {} },
      { type: 'other', wire: { aroma: {} } },
    ])
    expect(folded.message.anomalies).toMatchObject([
      { kind: 'unknown_block', detail: 'hologram', block: 0 },
      { kind: 'unknown_delta', detail: 'hologram', value: { rays: [1] }, block: 0 },
      { kind: 'unknown_delta', detail: 'aroma', value: 'rose', block: 2 },
    ])
    const asSdk = viaObjects([
      BEGIN,
      start(0, { $unknown: ['hologram', { depth: 3 }] }),
      delta(0, { $unknown: ['hologram', { rays: [1] }] }),
    ])
    expect(asSdk.message.content).toEqual([{ type: 'other', wire: { hologram: { depth: 3 } } }])
  })

  it('I4: of an object with several events each counts', () => {
    const events = [{ messageStart: { role: 'assistant' } }, text(0, 'Hi'), stop('end_turn')]
    const metadata = { metadata: { usage: { inputTokens: 1, outputTokens: 2 } } }
    const { message: clean } = viaObjects([...events, metadata])
    const { message } = viaObjects([events[0], { ...events[1], ...events[2] }, metadata])
    expect({ ...message, timing: clean.timing }).toEqual(clean)
    const { message: one } = viaObjects([Object.assign({}, ...events, metadata, { extra: 1 })])
    expect(one).toMatchObject({ outcome: { kind: 'complete' }, usage: { outputTokens: 2 }, wire: { extra: 1 } })
  })

  it('I4: of an event that nobody knows nothing is lost but what it would have meant', () => {
    for (const fed of [viaFrames, viaObjects]) {
      const folded = fed([BEGIN, { somethingNew: { a: 1 } }, ...ANSWER.slice(1)])
      expect(withoutAnomalies(folded)).toEqual(withoutAnomalies(run(ANSWER)))
      expect(folded.message.anomalies).toMatchObject([{ kind: 'unknown_event', detail: 'somethingNew' }])
    }
  })

  it('I4: without an index, or with one that is text, still hold together', () => {
    const folded = viaObjects(
      [
        BEGIN,
        { contentBlockDelta: { delta: { text: 'Hel' } } },
        { contentBlockDelta: { delta: { text: 'lo' } } },
        { contentBlockStop: {} },
        { contentBlockDelta: { contentBlockIndex: '1', delta: { text: '!' } } },
        ...tail,
      ],
      { dialect: 'bedrock-converse' },
    )
    expect(folded.message.content).toMatchObject([{ text: 'Hello' }, { text: '!' }])
  })

  it('of a call without its start, and of one whose name is lost, are not handed out', () => {
    const folded = run([BEGIN, input(0, '{"a":1}'), close(0), stop('tool_use'), METADATA])
    expect(folded.message.content).toMatchObject([{ type: 'tool_call', name: '', state: 'invalid' }])
    expect(kindsOf(folded)).toContain('unopened_block')
    expect(folded.calls).toEqual([])
  })

  it('I6: of calls whose arguments are empty, `""`, or no object are {} or invalid, never repaired', () => {
    const rows = [
      [[], {}],
      [[''], {}],
      [['{}'], {}],
      [['[1]'], 'invalid'],
      [['{"a":'], 'invalid'],
    ] as const
    for (const [inputs, wanted] of rows) {
      const folded = run([
        BEGIN,
        call(0, 't1', 'f'),
        ...inputs.map((one) => input(0, one)),
        close(0),
        stop('tool_use'),
        METADATA,
      ])
      const [block] = folded.message.content
      expect(block?.type === 'tool_call' && (block.state === 'complete' ? block.input : block.state)).toEqual(wanted)
      expect(folded.calls).toHaveLength(wanted === 'invalid' ? 0 : 1)
    }
  })

  it('10.11: in an answer that was cut by its length, a whole call is complete and the cut one partial; none is run', () => {
    const folded = run([
      BEGIN,
      ...CALL,
      call(2, 't2', 'add'),
      input(2, '{"a":'),
      close(2),
      stop('max_tokens'),
      METADATA,
    ])
    expect(folded.message.content).toMatchObject([
      { id: 't1', state: 'complete' },
      { id: 't2', state: 'partial', arguments: '{"a":' },
    ])
    expect(folded.calls).toEqual([])
    expect(nativeOf(folded)).toMatchObject(
      asContent(
        { toolUse: { toolUseId: 't1', name: 'add', input: { a: 1 } } },
        { toolUse: { toolUseId: 't2', name: 'add', input: {} } },
      ),
    )
  })
})

describe('faults', () => {
  const REASONED = [BEGIN, thinking(0, 'Hm'), delta(0, { reasoningContent: { signature: 's' } }), close(0)]
  const LONG = [
    ...REASONED,
    text(1, 'Hel'),
    text(1, 'lo'),
    close(1),
    call(2, 't1', 'add'),
    input(2, '{"a"'),
    input(2, ':1}'),
    close(2),
    stop('tool_use'),
    METADATA,
  ]

  it('I3: every event but a delta may come twice', () => {
    const clean = run(LONG)
    for (const [at, event] of LONG.entries()) {
      if ('contentBlockDelta' in event && !JSON.stringify(event).includes('signature')) continue
      const folded = run([...LONG.slice(0, at + 1), event, ...LONG.slice(at + 1)])
      expect(withoutAnomalies(folded), JSON.stringify(event)).toEqual(withoutAnomalies(clean))
      expect(folded.calls).toEqual(clean.calls)
    }
  })

  it('I3: the last events may come again and again, also the whole stream behind its end', () => {
    const clean = run(LONG)
    for (const tail of [[METADATA, METADATA], [stop('tool_use'), METADATA], LONG, [...LONG, ...LONG]]) {
      expect(run([...LONG, ...tail])).toMatchObject({ message: clean.message, calls: clean.calls })
    }
    const stops = run([...LONG.slice(0, -1), stop('tool_use'), stop('tool_use'), METADATA])
    expect(withoutAnomalies(stops)).toEqual(withoutAnomalies(clean))
    expect(stops.message.anomalies).toMatchObject([{ kind: 'repeated_stop', count: 2 }])
  })

  it('I3: any prefix may be sent again from the beginning', () => {
    const clean = run(LONG)
    for (let length = 1; length < LONG.length; length += 1) {
      const folded = run([...LONG.slice(0, length), ...LONG])
      expect(withoutAnomalies(folded), `after ${length} events`).toEqual(withoutAnomalies(clean))
      expect(folded.calls, `after ${length} events`).toEqual(clean.calls)
    }
  })

  it('I3: a message that begins again with another text replaces the first, with one reset', () => {
    const folded = run([BEGIN, text(0, 'Hello wor'), BEGIN, text(0, 'Good day'), close(0), stop('end_turn'), METADATA])
    expect(folded.message.content).toMatchObject([{ text: 'Good day' }])
    expect(folded.events.filter(({ type }) => type === 'reset')).toHaveLength(1)
    expect(kindsOf(folded)).toEqual(['repeated_begin', 'regenerated'])
  })

  it('I5: cut behind any event it is one message, complete only with the stop, and nothing is lost of what came', () => {
    for (let length = 1; length < LONG.length; length += 1) {
      const folded = run(LONG.slice(0, length))
      expect(folded.message.outcome.kind, `after ${length} events`).toBe(
        length === LONG.length - 1 ? 'complete' : 'truncated',
      )
      expect(folded.calls).toHaveLength(length === LONG.length - 1 ? 1 : 0)
      const said = folded.message.content.map((block) => ('text' in block ? block.text : block.type))
      expect('Hm|Hello|tool_call'.startsWith(said.join('|'))).toBe(true)
    }
  })

  it('I5: a stop without a reason is a terminal all the same, and a metadata before any stop is none', () => {
    const folded = run([BEGIN, ...TEXT, { messageStop: {} }])
    expect(folded.message).toMatchObject({ outcome: { kind: 'complete' }, stop: { reason: 'unknown', raw: null } })
    expect(run([BEGIN, ...TEXT, METADATA]).message.outcome.kind).toBe('truncated')
  })

  it('another stream of the turn takes the place of the first: nothing goes on where one broke off', async () => {
    const streams = [[BEGIN, text(0, 'Hello wo')], ANSWER]
    const broken = async function* (number: number) {
      yield* streams[number - 1] ?? []
      if (number === 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    }
    const clock = {
      now: () => performance.now(),
      setTimeout: (callback: () => void) => setTimeout(callback, 0),
      clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
    }
    const turn = assemble(({ number }) => broken(number), { attempts: 2, clock })
    const message = await turn.message()
    expect(message).toMatchObject({
      attempt: 2,
      content: [{ text: 'Hello' }, { id: 't1' }],
      outcome: { kind: 'complete' },
    })
  })

  const ODD = [null, true, 7, 'x', [], [1], {}, { __proto__: null }, JSON.parse('{"__proto__":{"text":"x"}}')] as const

  it('I4: any value at any place is survived, and loses nothing that came before', () => {
    const places = LONG.flatMap((event, at) => pathsIn(event).map((path) => ({ at, path })))
    expect(places.length).toBeGreaterThan(40)
    for (const { at, path } of places) {
      for (const odd of ODD) {
        const events = LONG.map((event, index) => (index === at ? withAt(event, path, odd) : event))
        const { message } = viaObjects(events, { dialect: 'bedrock-converse' })
        const before = viaObjects(LONG.slice(0, at), { dialect: 'bedrock-converse' }).message
        const textOf = ({ content }: AssistantMessage, index: number): string => {
          const block = content[index] ?? expect.fail(`block ${index} is lost`)
          return 'text' in block ? (block.text ?? '') : block.type
        }
        for (const index of before.content.keys()) {
          expect(textOf(message, index).startsWith(textOf(before, index)), JSON.stringify({ at, path, odd })).toBe(true)
        }
      }
    }
  })

  it('I4: any value as an event is survived', () => {
    for (const odd of [...ODD, () => 1, new Date(0), { contentBlockDelta: deep(100_000) }]) {
      const folded = viaObjects([...LONG.slice(0, 3), odd, ...LONG.slice(3)], { dialect: 'bedrock-converse' })
      expect(folded.message.content).toHaveLength(3)
      expect(folded.message.outcome).toEqual({ kind: 'complete' })
    }
  })

  const ENDLESS: readonly [string, (at: number) => object][] = [
    ['blocks', (at) => text(at, 'x')],
    ['empty blocks', (at) => (at % 2 === 0 ? start(at, {}) : close(at - 1))],
    ['calls', (at) => call(at, `t${at}`, 'f')],
    [
      'indexes that are long texts',
      (at) => ({ contentBlockDelta: { contentBlockIndex: `${at}${'x'.repeat(500)}`, delta: { text: 'x' } } }),
    ],
    ['text', () => text(0, 'x'.repeat(100))],
    ['citations', () => delta(0, { citation: { title: 'x'.repeat(100) } })],
    ['withheld reasoning', (at) => delta(at, { reasoningContent: { redactedContent: 'x'.repeat(100) } })],
    ['results', () => delta(0, { toolResult: [{ text: 'x'.repeat(100) }] })],
    ['blocks that nobody knows', (at) => start(at, { [`kind${at}`]: 'x'.repeat(100) })],
    ['deltas that nobody knows', (at) => delta(at, { [`kind${at}`]: 'x'.repeat(100) })],
    ['fields beside an event', (at) => ({ ...text(0, ''), [`field${at}`]: 'x'.repeat(100) })],
    ['fields of the metadata', (at) => ({ metadata: { [`field${at}`]: 'x'.repeat(100) } })],
    ['counts', (at) => ({ metadata: { usage: { [`count${'x'.repeat(100)}${at}`]: 1 } } })],
  ]
  it.each(ENDLESS)('%s without end are the limit of a message', (_, event) => {
    const fold = new Fold({ limits: { messageLength: 100_000, blocks: 1000 }, dialect: 'bedrock-converse' })
    fold.receive(BEGIN)
    let events = 0
    for (; events < 20_000 && !fold.isTerminal; events += 1) fold.receive(event(events))
    expect(events).toBeLessThan(20_000)
    fold.end({ kind: 'complete' })
    expect(fold.messages).toMatchObject([{ outcome: { kind: 'failed', error: { class: 'limit' } } }])
  })

  it('what the caller does to an event later changes nothing', () => {
    const events = structuredClone([BEGIN, delta(0, { citation: { title: 'A' } }), ...ANSWER.slice(1)])
    const fold = new Fold()
    for (const event of events) {
      fold.receive(event)
      for (const path of pathsIn(event)) Object.assign(event, withAt(event, path, 'spoiled'))
    }
    fold.end({ kind: 'complete' })
    expect(JSON.stringify(fold.messages)).not.toContain('spoiled')
  })
})

function deep(levels: number): unknown {
  let value: unknown = 'x'
  for (let level = 0; level < levels; level += 1) value = { delta: value }
  return value
}

type Path = readonly string[]

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [[...path, key], ...pathsIn(item, [...path, key])])
}

function withAt(value: unknown, [key, ...rest]: Path, odd: unknown): object {
  const source = typeof value === 'object' && value !== null ? value : {}
  if (key === undefined) return source
  const inner = Object.entries(source).find(([name]) => name === key)?.[1]
  return { ...source, [key]: rest.length === 0 ? odd : withAt(inner, rest, odd) }
}

describe('a whole answer', () => {
  const CONTENT = [
    { reasoningContent: { reasoningText: { text: 'Hm', signature: 's' } } },
    { reasoningContent: { redactedContent: 'AQL6' } },
    { text: 'Hello' },
    { citationsContent: { content: [{ text: 'As A' }], citations: [{ title: 'A' }] } },
    { citationsContent: { content: [{ text: 'As B' }, { text: ' says' }], citations: [{ title: 'B' }] } },
    { toolUse: { toolUseId: 't0', name: 'search', input: { q: 'x' }, type: 'server_tool_use' } },
    { toolResult: { toolUseId: 't0', content: [{ json: { hits: [] } }], status: 'error' } },
    { image: { format: 'png', source: { bytes: 'AQL6' } } },
    { image: { format: 'png', source: { s3Location: { uri: 's3://b/k' } } } },
    { document: { name: 'd', format: 'pdf', source: { bytes: 'AQL6' } } },
    { toolUse: { toolUseId: 't1', name: 'add', input: { a: 1, b: { c: [] } } } },
    { toolUse: { toolUseId: 't2', name: 'noop', input: {} } },
  ]
  const WHOLE = {
    output: { message: { role: 'assistant', content: CONTENT } },
    stopReason: 'tool_use',
    usage: { ...USAGE, cacheReadInputTokens: 2 },
    metrics: { latencyMs: 5 },
    additionalModelResponseFields: { stop_sequence: 'END' },
    trace: { promptRouter: { invokedModelId: 'm' } },
  }

  it('is read from text, also in pieces, and gives itself back', () => {
    for (const size of [1, 7, 100_000]) {
      const fold = new Fold()
      const body = JSON.stringify(WHOLE, undefined, 2)
      const pieces = body.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      const folded = finish(fold, () => pieces.flatMap((piece) => [...fold.push(new TextEncoder().encode(piece))]))
      expect(folded.message).toMatchObject({
        dialect: 'bedrock-converse',
        outcome: { kind: 'complete' },
        stop: { reason: 'tool_calls', raw: 'tool_use', sequence: 'END' },
        usage: { inputTokens: 12, outputTokens: 5, cacheReadTokens: 2 },
        anomalies: [],
      })
      expect(nativeOf(folded)).toEqual(WHOLE)
      expect(folded.calls.map(({ id }) => id)).toEqual(['t1', 't2'])
    }
  })

  it('is read as the official SDK gives it: with bytes, and without what the SDK adds', () => {
    const bytes = new Uint8Array([1, 2, 250])
    const answer = {
      $metadata: { httpStatusCode: 200, attempts: 1 },
      ...asContent(
        { reasoningContent: { redactedContent: bytes } },
        { image: { format: 'png', source: { bytes } } },
        { document: { source: { bytes } } },
      ),
      stopReason: 'end_turn',
      usage: USAGE,
      trace: undefined,
    }
    expect(nativeOf(viaObjects([answer]))).toEqual({
      ...asContent(
        { reasoningContent: { redactedContent: 'AQL6' } },
        { image: { format: 'png', source: { bytes: 'AQL6' } } },
        { document: { source: { bytes: 'AQL6' } } },
      ),
      stopReason: 'end_turn',
      usage: USAGE,
    })
  })

  it('says of the same answer what the stream says', () => {
    const streamed = run(ANSWER)
    expect(viaObjects([nativeOf(streamed)]).message).toEqual(streamed.message)
  })

  it('I4: with content that nobody knows, or that is none, keeps the rest', () => {
    const { message } = viaObjects([{ ...asContent({ hologram: 1 }, { text: 'Hi' }), stopReason: 'end_turn' }])
    expect(message.content).toEqual([
      { type: 'other', wire: { hologram: 1 } },
      { type: 'text', text: 'Hi', wire: {} },
    ])
    const odd: readonly unknown[] = [
      null,
      7,
      [],
      { text: 5 },
      { toolUse: 5 },
      { toolUse: { input: [1] } },
      { image: 0 },
    ]
    for (const content of [odd, [...odd].toReversed()]) {
      const folded = viaObjects([{ output: { message: { content } }, stopReason: 7, usage: [] }])
      expect(folded.message.outcome).toEqual({ kind: 'complete' })
      expect(folded.calls).toEqual([])
    }
  })

  it('I6: with an input that is no object has an invalid call, and gives the input back', () => {
    const whole = { ...asContent({ toolUse: { toolUseId: 't', name: 'f', input: [1] } }), stopReason: 'tool_use' }
    const folded = viaObjects([whole])
    expect(folded.message.content).toMatchObject([{ state: 'invalid', arguments: '[1]' }])
    expect(nativeOf(folded)).toEqual(whole)
  })
})

describe('the dialect', () => {
  it('is found by any event of content, of the beginning or of the end', () => {
    for (const event of [BEGIN, text(0, 'x'), call(0, 't', 'f'), close(0), stop('end_turn')]) {
      expect(viaObjects([event]).message.dialect, JSON.stringify(event)).toBe('bedrock-converse')
      expect(viaFrames([event]).message.dialect, JSON.stringify(event)).toBe('bedrock-converse')
    }
  })

  it('is found behind a metadata, which alone says nothing', () => {
    expect(viaObjects([METADATA]).message.dialect).toBe('unknown')
    expect(run([METADATA, ...ANSWER.slice(0, -1)]).message).toMatchObject({
      dialect: 'bedrock-converse',
      usage: { inputTokens: 10 },
      outcome: { kind: 'complete' },
    })
  })

  it('is read as JSON lines, as a list, and as SSE with the names as those of its events', () => {
    const { message } = run(ANSWER)
    const named = ANSWER.flatMap((event) =>
      Object.entries(event).map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    )
    const bodies = [
      ANSWER.map((event) => JSON.stringify(event)).join('\n'),
      JSON.stringify(ANSWER),
      ANSWER.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''),
      named.join(''),
    ]
    for (const body of bodies) {
      const fold = new Fold()
      expect(finish(fold, () => fold.push(new TextEncoder().encode(body))).message).toEqual(message)
    }
  })
})
