/** Gemini: chunks in, the message out. Each row is read from what the wire says. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { JsonObject } from '../../src/json.ts'
import { toNative } from '../../src/to-native.ts'
import { call, chunk, ENVELOPE, fold, handedOut, kindsOf, STOP, told } from './gemini-chunks.ts'

describe('texts and signatures', () => {
  it('joins texts of one kind, and keeps thoughts apart', () => {
    const { message } = fold([
      chunk([{ text: 'Let me ', thought: true }]),
      chunk([{ text: 'see.', thought: true }]),
      chunk([{ text: 'It ' }, { text: 'is' }]),
      chunk([{ text: '.' }], STOP),
    ])
    expect(told(message)).toEqual([{ thinking: 'Let me see.' }, { text: 'It is.' }])
    expect(message).toMatchObject({ dialect: 'gemini', id: 'resp_1', model: 'gemini-3-pro', anomalies: [] })
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, stop: { reason: 'end_turn', raw: 'STOP' } })
  })

  it('quirk 6.04: a signed text is text, is not joined with what is around it, and a signed empty part survives', () => {
    const { message } = fold([
      chunk([{ text: 'a' }]),
      chunk([{ text: 'b', thoughtSignature: 'S1' }]),
      chunk([{ text: 'c' }]),
      chunk([{ text: '', thoughtSignature: 'S2' }], STOP),
    ])
    expect(told(message)).toEqual([
      { text: 'a' },
      { text: 'b', wire: { thoughtSignature: 'S1' } },
      { text: 'c' },
      { text: '', wire: { thoughtSignature: 'S2' } },
    ])
    expect(partsOf(message)).toEqual([
      { text: 'a' },
      { text: 'b', thoughtSignature: 'S1' },
      { text: 'c' },
      { text: '', thoughtSignature: 'S2' },
    ])
  })

  it('quirk 6.04: a signed thought keeps its signature, and one without any text is kept as it is', () => {
    const { message } = fold([
      chunk([{ text: 'hm', thought: true, thoughtSignature: 'S1' }]),
      chunk([{ thoughtSignature: 'S2' }], STOP),
    ])
    expect(message.content).toMatchObject([
      { type: 'thinking', text: 'hm', signature: 'S1' },
      { type: 'other', wire: { thoughtSignature: 'S2' } },
    ])
    expect(partsOf(message)).toEqual([
      { text: 'hm', thought: true, thoughtSignature: 'S1' },
      { thoughtSignature: 'S2' },
    ])
    expect(message.anomalies).toEqual([])
  })

  it('I3: equal texts in a row are two texts, also behind a finish reason, if the chunks or what follows tell them apart', () => {
    const ha = chunk([{ text: 'ha' }])
    const stopped = chunk([{ text: 'ha' }], STOP)
    const counted = (candidatesTokenCount: number): JsonObject => ({
      ...stopped,
      usageMetadata: { candidatesTokenCount },
    })
    const oh = chunk([{ text: 'oh' }], STOP)
    expect(told(fold([ha, ha, ha, stopped]).message)).toEqual([{ text: 'hahahaha' }])
    expect(told(fold([counted(1), counted(2), counted(3)]).message)).toEqual([{ text: 'hahaha' }])
    expect(told(fold([stopped, stopped, oh]).message)).toEqual([{ text: 'hahaoh' }])
    expect(told(fold([oh, stopped, stopped]).message)).toEqual([{ text: 'ohhaha' }])
    expect(told(fold([stopped, { ...stopped, responseId: 'resp_2' }]).message)).toEqual([{ text: 'haha' }])
  })
})

describe('a last chunk that comes again', () => {
  const usageMetadata = { candidatesTokenCount: 3 }
  const rows: readonly (readonly [name: string, before: readonly JsonObject[], last: JsonObject])[] = [
    ['with a text', [chunk([{ text: 'He' }])], chunk([{ text: 'llo' }], STOP)],
    ['with a call that has no id', [], chunk([call('pay', { n: 1 })], STOP)],
    ['with a text and two calls', [], chunk([{ text: 'a' }, call('f', {}), call('f', {})], STOP)],
    ['with a signature', [chunk([{ text: 'a' }])], chunk([{ text: '', thoughtSignature: 'S' }], STOP)],
    ['with a citation', [], chunk([{ text: 'a' }], { ...STOP, citationMetadata: { citationSources: [{ uri: 'u' }] } })],
    ['with the probabilities of its tokens', [], chunk([{ text: 'a' }], { ...STOP, logprobsResult: { x: [1] } })],
    ['with MAX_TOKENS', [], chunk([{ text: 'a' }], { finishReason: 'MAX_TOKENS' })],
    [
      'with its tokens, of a server that always stops',
      [chunk([{ text: 'b' }], STOP)],
      { ...chunk([{ text: 'a' }], STOP), usageMetadata },
    ],
    ['in a response of Code Assist', [], { response: chunk([{ text: 'a' }, call('f', {})], STOP), traceId: 't' }],
  ]
  it.each(rows)('I2, I3: %s gives the clean message, and is told', (_name, before, last) => {
    const clean = fold([...before, last])
    for (const times of [2, 3]) {
      const again = fold([...before, ...Array.from({ length: times }, () => last)])
      expect({ ...again.message, anomalies: [] }).toEqual({ ...clean.message, anomalies: [] })
      expect(handedOut(again)).toEqual(handedOut(clean))
      expect(kindsOf(again.message)).toContain('repeated_content')
    }
  })

  it('I3: of each of several candidates gives the clean messages', () => {
    const of = (index: number): JsonObject => ({
      candidates: [{ index, content: { parts: [{ text: 'a' }] }, ...STOP }],
      ...ENVELOPE,
    })
    const { messages } = fold([of(0), of(1), of(0), of(1)])
    expect(messages.map((message) => [told(message), kindsOf(message)])).toEqual([
      [[{ text: 'a' }], ['repeated_content']],
      [[{ text: 'a' }], ['repeated_content']],
    ])
  })
})

describe('calls', () => {
  it('quirk 6.01: a call without an id, or with an empty one, gets one of its own, and one with an id keeps it', () => {
    const { message } = fold([
      chunk([call('f', { a: 1 }), call('f', { a: 2 }, { id: '' }), call('f', { a: 3 }, { id: 'call_41' })], STOP),
    ])
    expect(told(message)).toEqual([
      { call: 'f', input: { a: 1 } },
      { call: 'f', input: { a: 2 } },
      { call: 'f', id: 'call_41', input: { a: 3 } },
    ])
    expect(new Set(message.content.map((block) => (block.type === 'tool_call' ? block.id : ''))).size).toBe(3)
    expect(partsOf(message)).toEqual([call('f', { a: 1 }), call('f', { a: 2 }), call('f', { a: 3 }, { id: 'call_41' })])
  })

  it('quirk 6.02: each part is a call, also with the same name and arguments in the next chunk', () => {
    const folded = fold([chunk([call('f', { a: 1 })]), chunk([call('f', { a: 1 })]), chunk([call('f', {})], STOP)])
    expect(told(folded.message)).toEqual([
      { call: 'f', input: { a: 1 } },
      { call: 'f', input: { a: 1 } },
      { call: 'f', input: {} },
    ])
    expect(handedOut(folded)).toHaveLength(3)
  })

  it('quirk 6.02: a call that is sent again under its id is one call, and another one under a taken id is another', () => {
    const folded = fold([
      chunk([call('f', { a: 1 }, { id: 'x' })]),
      chunk([call('f', { a: 1 }, { id: 'x' })]),
      chunk([call('f', { a: 2 }, { id: 'x' })], STOP),
    ])
    expect(handedOut(folded)).toEqual([
      ['x', 'f', { a: 1 }],
      ['turn/0#1', 'f', { a: 2 }],
    ])
    expect(kindsOf(folded.message)).toEqual(['duplicate_call', 'call_id_reused'])
  })

  it('quirk 6.03: a signature stays with the call that it came with', () => {
    const parts = [{ ...call('f', { a: 1 }), thoughtSignature: 'S1' }, call('g', { b: 2 })]
    const { message } = fold([chunk(parts, STOP)])
    expect(message.content.map(({ wire }) => wire)).toEqual([{ thoughtSignature: 'S1' }, {}])
    expect(partsOf(message)).toEqual(parts)
  })

  it('quirk 6.07: STOP means tool calls where there is one, also in a later chunk without content', () => {
    const usageMetadata = { promptTokenCount: 3 }
    const folded = fold([
      chunk([call('f', {})]),
      { candidates: [{ finishReason: 'STOP', index: 0 }], usageMetadata, ...ENVELOPE },
    ])
    expect(folded.message.stop).toEqual({ reason: 'tool_calls', raw: 'STOP', sequence: null })
    expect(handedOut(folded)).toEqual([['turn/0#0', 'f', {}]])
  })

  it('I6: no call is handed out before the finish reason', () => {
    const one = new Fold()
    expect(one.receive(chunk([call('f', {})])).filter(({ type }) => type === 'tool_call')).toEqual([])
    expect(one.receive(chunk([], STOP)).filter(({ type }) => type === 'tool_call')).toHaveLength(1)
    expect(one.end({ kind: 'complete' }).filter(({ type }) => type === 'tool_call')).toEqual([])
  })

  it.each(['MAX_TOKENS', 'SAFETY', 'RECITATION', 'MALFORMED_FUNCTION_CALL'])(
    'quirk 6.09: %s stays what it is beside a call, which is not handed out',
    (finishReason) => {
      const folded = fold([chunk([call('f', { a: 1 })], { finishReason })])
      expect(folded.message.stop.raw).toBe(finishReason)
      expect(folded.message.stop.reason).not.toBe('tool_calls')
      expect(handedOut(folded)).toEqual([])
    },
  )

  it('I6: arguments that are no object make a call that is not handed out, and one without a name is invalid', () => {
    const folded = fold([chunk([call('f', [1]), call('', { a: 1 }), { functionCall: { name: 'g' } }], STOP)])
    expect(told(folded.message)).toEqual([
      { call: 'f', input: 'invalid' },
      { call: '', input: 'invalid' },
      { call: 'g', input: {} },
    ])
    expect(handedOut(folded)).toEqual([['turn/0#2', 'g', {}]])
  })
})

const STOPS: [raw: string, reason: string, outcome: string, retryable?: boolean][] = [
  ['STOP', 'end_turn', 'complete'],
  ['MAX_TOKENS', 'max_tokens', 'complete'],
  ['SAFETY', 'content_filter', 'complete'],
  ['RECITATION', 'content_filter', 'complete'],
  ['LANGUAGE', 'content_filter', 'complete'],
  ['BLOCKLIST', 'content_filter', 'complete'],
  ['PROHIBITED_CONTENT', 'content_filter', 'complete'],
  ['SPII', 'content_filter', 'complete'],
  ['MODEL_ARMOR', 'content_filter', 'complete'],
  ['IMAGE_SAFETY', 'content_filter', 'complete'],
  ['IMAGE_PROHIBITED_CONTENT', 'content_filter', 'complete'],
  ['IMAGE_RECITATION', 'content_filter', 'complete'],
  ['OTHER', 'unknown', 'complete'],
  ['CONTINUATION', 'pause', 'complete'],
  ['MALFORMED_FUNCTION_CALL', 'error', 'failed', true],
  ['UNEXPECTED_TOOL_CALL', 'error', 'failed', true],
  ['MALFORMED_RESPONSE', 'error', 'failed', true],
  ['NO_IMAGE', 'error', 'failed', true],
  ['IMAGE_OTHER', 'error', 'failed', true],
  ['TOO_MANY_TOOL_CALLS', 'error', 'failed', false],
  ['MISSING_THOUGHT_SIGNATURE', 'error', 'failed', false],
  ['A_NEW_ONE', 'unknown', 'complete'],
]

describe('finish reasons', () => {
  it.each(STOPS)('quirk 6.05, quirk 6.08: %s is %s', (finishReason, reason, outcome, retryable) => {
    const { message } = fold([{ candidates: [{ finishReason, finishMessage: 'because' }], ...ENVELOPE }])
    expect(message.stop).toMatchObject({ reason, raw: finishReason })
    expect(message.outcome.kind).toBe(outcome)
    if (message.outcome.kind === 'failed')
      expect(message.outcome.error).toMatchObject({ retryable, message: 'because' })
    expect(toNative(message)).toMatchObject({ candidates: [{ finishReason, finishMessage: 'because' }] })
  })

  it('quirk 6.05: a malformed call says so without a message, and keeps a part that is a signature alone', () => {
    const { message } = fold([
      chunk([{ text: '', thoughtSignature: 'S' }], { finishReason: 'MALFORMED_FUNCTION_CALL' }),
    ])
    expect(told(message)).toEqual([{ text: '', wire: { thoughtSignature: 'S' } }])
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { retryable: true, message: 'the provider broke off with finishReason MALFORMED_FUNCTION_CALL' },
    })
  })

  it('quirk 6.06: one in a chunk without content ends the answer, and nothing is missed of the protocol', () => {
    const { message } = fold([chunk([{ text: 'Hi' }]), { candidates: [STOP], usageMetadata: { promptTokenCount: 2 } }])
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, usage: { inputTokens: 2 }, anomalies: [] })
  })

  it('quirk 6.08: one on every chunk is said once, and the content behind it belongs to the answer', () => {
    const { message } = fold([chunk([{ text: 'a' }], STOP), chunk([{ text: 'b' }], STOP), chunk([{ text: 'c' }], STOP)])
    expect(told(message)).toEqual([{ text: 'abc' }])
    expect(message.outcome.kind).toBe('complete')
    expect(kindsOf(message)).toEqual(['content_after_stop'])
  })

  it('quirk 6.08: a worse one that comes later counts, and what came last goes back', () => {
    const worse = fold([chunk([{ text: 'a' }], STOP), chunk([{ text: 'b' }], { finishReason: 'SAFETY' })]).message
    expect(worse.stop).toMatchObject({ reason: 'content_filter', raw: 'SAFETY' })
    const other = fold([chunk([{ text: 'a' }], STOP), chunk([{ text: 'b' }], { finishReason: 'NEW' })]).message
    expect(other.stop).toMatchObject({ reason: 'end_turn', raw: 'STOP' })
    expect(toNative(other)).toMatchObject({ candidates: [{ finishReason: 'NEW' }] })
  })

  it('quirk 6.08, I5: content behind one, and no other behind that, is an answer that was cut', () => {
    const events = [
      chunk([{ executableCode: { language: 'PYTHON', code: '1' } }], STOP),
      chunk([{ codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } }]),
      chunk([{ text: 'One' }]),
    ]
    const outcomes = [1, 2, 3].map((count) => fold(events.slice(0, count)).message.outcome.kind)
    expect(outcomes).toEqual(['complete', 'truncated', 'truncated'])
    expect(fold([...events, chunk([{ text: '.' }], STOP)]).message.outcome.kind).toBe('complete')
  })

  it('quirk 6.08: a chunk that only counts, or bears only a signature, does not take the end back', () => {
    const usageMetadata = { promptTokenCount: 1 }
    const { message } = fold([
      chunk([{ text: 'a' }], STOP),
      chunk([{ text: '' }]),
      chunk([{ text: '', thoughtSignature: 'S' }]),
      { usageMetadata, ...ENVELOPE },
    ])
    expect(message.outcome.kind).toBe('complete')
  })

  it('quirk 6.08: one that is not known yet is none', () => {
    const { message } = fold([chunk([{ text: 'a' }], { finishReason: 'FINISH_REASON_UNSPECIFIED' })])
    expect(message).toMatchObject({ outcome: { kind: 'truncated' }, stop: { raw: null } })
  })

  it('tells a blocked prompt by its reason', () => {
    const promptFeedback = { blockReason: 'SAFETY', blockReasonMessage: 'No.' }
    const { message } = fold([{ promptFeedback, usageMetadata: { promptTokenCount: 4 }, modelVersion: 'm' }])
    expect(message).toMatchObject({ content: [], outcome: { kind: 'complete' }, usage: { inputTokens: 4 } })
    expect(message.stop).toEqual({ reason: 'content_filter', raw: 'SAFETY', sequence: null })
    expect(toNative(message)).toEqual({ promptFeedback, usageMetadata: { promptTokenCount: 4 }, modelVersion: 'm' })
  })
})

describe('usage', () => {
  it('quirk 6.10: is the last of each count, never their sum', () => {
    const { message } = fold([
      chunk([{ text: 'a' }], {}, { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1 } }),
      chunk([{ text: 'b' }], {}, { usageMetadata: { candidatesTokenCount: 2, thoughtsTokenCount: 5 } }),
      chunk([], STOP, {
        usageMetadata: { toolUsePromptTokenCount: 3, cachedContentTokenCount: 4, candidatesTokenCount: 7 },
      }),
    ])
    expect(message.usage).toEqual({ inputTokens: 13, outputTokens: 12, cacheReadTokens: 4, reasoningTokens: 5 })
    expect(message.rawUsage).toEqual({
      promptTokenCount: 10,
      candidatesTokenCount: 7,
      thoughtsTokenCount: 5,
      toolUsePromptTokenCount: 3,
      cachedContentTokenCount: 4,
    })
  })

  it('quirk 6.10: says nothing where nothing is counted', () => {
    const { message } = fold([chunk([{ text: 'a' }], STOP, { usageMetadata: { trafficType: 'ON_DEMAND' } })])
    expect(message.usage).toEqual({})
  })
})

describe('the envelope', () => {
  it('quirk 6.11: without an id the message has one of its own, the same in each event', () => {
    const { message, events } = fold([chunk([{ text: 'a' }], {}, {}), chunk([{ text: 'b' }], STOP, {})])
    expect(message).toMatchObject({ id: 'turn/0', idSource: 'minted' })
    expect(new Set(events.map((event) => event.message))).toEqual(new Set(['turn/0']))
    expect(toNative(message)).not.toHaveProperty('responseId')
  })

  it('keeps what has no neutral name, and gives the whole answer back as it came', () => {
    const whole = {
      candidates: [
        {
          content: { role: 'model', parts: [{ text: 'Hi' }, call('f', { a: [1] }, { id: 'x' })] },
          finishReason: 'STOP',
          index: 0,
          avgLogprobs: -0.1,
          safetyRatings: [{ category: 'C', probability: 'LOW' }],
          citationMetadata: { citations: [{ startIndex: 0, endIndex: 2, uri: 'https://example.com' }] },
          groundingMetadata: { webSearchQueries: ['q'], groundingChunks: [{ web: { uri: 'u' } }] },
          logprobsResult: { chosenCandidates: [{ token: 'Hi', logProbability: -0.1 }] },
        },
      ],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2, promptTokensDetails: [{ modality: 'TEXT' }] },
      createTime: '2026-01-01T00:00:00Z',
      modelStatus: { modelStage: 'STABLE' },
      promptFeedback: { safetyRatings: [{ category: 'C' }] },
      ...ENVELOPE,
    }
    const { message } = fold([whole])
    expect(toNative(message)).toEqual(whole)
    expect(toNative(JSON.parse(JSON.stringify(message)))).toEqual(whole)
    expect(message.content[0]).toMatchObject({
      type: 'text',
      citations: whole.candidates[0]?.citationMetadata.citations,
    })
    expect(foldText(JSON.stringify(whole, undefined, 2))).toEqual(message)
  })

  it('keeps the last of the fields that come again, joins the lists that grow, and lets an empty one erase nothing', () => {
    const logprobs = (token: string): JsonObject => ({ logprobsResult: { chosenCandidates: [{ token }] } })
    const { message } = fold([
      chunk([{ text: 'a' }], { ...logprobs('a'), groundingMetadata: { webSearchQueries: ['q'] }, tokenCount: 1 }),
      chunk([{ text: 'b' }], { ...logprobs('b'), groundingMetadata: {}, safetyRatings: [], tokenCount: 2, ...STOP }),
    ])
    expect(message.wire).toEqual({
      candidate: {
        index: 0,
        tokenCount: 2,
        groundingMetadata: { webSearchQueries: ['q'] },
        logprobsResult: { chosenCandidates: [{ token: 'a' }, { token: 'b' }] },
      },
      content: { role: 'model' },
    })
  })

  it('gives citations to the text that they follow, or keeps them where there is none', () => {
    const cited = (uri: string): JsonObject => ({ citationMetadata: { citationSources: [{ uri }] } })
    const { message } = fold([
      chunk([], cited('u0')),
      chunk([{ text: 'a' }], cited('u1')),
      chunk([{ text: 'b' }], STOP),
    ])
    expect(message.content).toEqual([{ type: 'text', text: 'ab', citations: [{ uri: 'u1' }], wire: {} }])
    expect(toNative(message)).toMatchObject({
      candidates: [{ citationMetadata: { citationSources: [{ uri: 'u0' }, { uri: 'u1' }] } }],
    })
  })

  it('several candidates are several messages, each with its own end', () => {
    const both = (parts: readonly [string, string], more: JsonObject = {}): JsonObject => ({
      candidates: parts.map((text, index) => ({ content: { parts: [{ text }] }, index, ...more })),
      ...ENVELOPE,
    })
    const { messages } = fold([both(['a', 'x']), both(['b', 'y'], STOP), chunk([{ text: 'c' }])])
    expect(messages.map(({ key, content, outcome }) => [key, content[0], outcome.kind])).toEqual([
      ['turn/0', { type: 'text', text: 'abc', wire: {} }, 'truncated'],
      ['turn/1', { type: 'text', text: 'xy', wire: {} }, 'complete'],
    ])
    expect(toNative(messages)).toMatchObject({ candidates: [{ index: 0 }, { index: 1 }] })
  })

  it('reads the chunks that Code Assist puts into a response', () => {
    const { message } = fold([{ response: chunk([{ text: 'Hi' }], STOP), traceId: 't' }])
    expect(told(message)).toEqual([{ text: 'Hi' }])
    expect(message).toMatchObject({ id: 'resp_1', outcome: { kind: 'complete' } })
  })

  it('I4, I5: reads what Code Assist puts into a response of its own: a block, counts, an error', () => {
    const blocked = fold([{ response: { promptFeedback: { blockReason: 'SAFETY' } } }]).message
    expect(blocked.stop).toMatchObject({ reason: 'content_filter', raw: 'SAFETY' })
    const counted = fold([
      { response: chunk([{ text: 'a' }], STOP) },
      { response: { usageMetadata: { promptTokenCount: 2 } } },
    ])
    expect(counted.message).toMatchObject({ usage: { inputTokens: 2 }, anomalies: [], outcome: { kind: 'complete' } })
    const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'm' }
    const failed = fold([{ response: chunk([{ text: 'a' }]) }, { response: { error } }]).message
    expect(failed.outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', retryable: true } })
    expect(told(failed)).toEqual([{ text: 'a' }])
    const unknown = fold([chunk([{ text: 'a' }], STOP), { response: { mystery: 1 } }]).message
    expect(unknown.anomalies).toMatchObject([{ kind: 'unknown_event', value: { response: { mystery: 1 } } }])
  })

  it('notes an id that changes', () => {
    const { message } = fold([chunk([{ text: 'a' }]), chunk([{ text: 'b' }], STOP, { responseId: 'resp_2' })])
    expect(message.id).toBe('resp_1')
    expect(kindsOf(message)).toEqual(['id_changed'])
  })
})

describe('tools of the provider, and media', () => {
  it('quirk 6.12: they go back as they came, in their places and with their signatures', () => {
    const parts: JsonObject[] = [
      { executableCode: { language: 'PYTHON', code: 'print(1)', id: 'c1' }, thoughtSignature: 'S1' },
      { codeExecutionResult: { outcome: 'OUTCOME_FAILED', output: 'no', id: 'c1' }, thoughtSignature: 'S2' },
      { toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['q'] }, id: 't1' }, thoughtSignature: 'S3' },
      { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: { hits: [] }, id: 't1' }, thoughtSignature: 'S4' },
      { functionResponse: { name: 'f', response: {} } },
      { text: 'done' },
    ]
    const folded = fold([chunk(parts.slice(0, 2)), chunk(parts.slice(2), STOP)])
    const { message } = folded
    expect(partsOf(message)).toEqual(parts)
    expect(message.content).toMatchObject([
      {
        type: 'tool_call',
        id: 'c1',
        name: 'code_execution',
        origin: 'provider',
        state: 'complete',
        input: { language: 'PYTHON', code: 'print(1)' },
      },
      { type: 'tool_result', callId: 'c1', isError: true, content: { outcome: 'OUTCOME_FAILED', output: 'no' } },
      { type: 'tool_call', id: 't1', name: 'GOOGLE_SEARCH_WEB', origin: 'provider', input: { queries: ['q'] } },
      { type: 'tool_result', callId: 't1', content: { hits: [] } },
      { type: 'other' },
      { type: 'text', text: 'done' },
    ])
    expect(message.stop.reason).toBe('end_turn')
    expect(handedOut(folded)).toEqual([])
    expect(message.anomalies).toEqual([])
  })

  it('media have their data, each part by itself', () => {
    const parts = [
      { inlineData: { mimeType: 'image/png', data: 'QUJD' } },
      { inlineData: { mimeType: 'image/png', data: 'REVG' }, thought: true },
      { fileData: { fileUri: 'https://example.com/a', mimeType: 'video/mp4' } },
    ]
    const { message } = fold([chunk(parts, STOP)])
    expect(message.content).toEqual([
      { type: 'media', data: 'QUJD', wire: { inlineData: { mimeType: 'image/png' } } },
      { type: 'media', data: 'REVG', wire: { inlineData: { mimeType: 'image/png' }, thought: true } },
      { type: 'media', wire: { fileData: { fileUri: 'https://example.com/a', mimeType: 'video/mp4' } } },
    ])
    expect(partsOf(message)).toEqual(parts)
  })

  it('I4: a part that nobody knows is carried through in its place', () => {
    const parts = [{ text: 'a' }, { hologram: { x: 1 } }, { text: 'b', partMetadata: { y: 2 } }, { text: 'c' }]
    const { message } = fold([chunk(parts, STOP)])
    expect(partsOf(message)).toEqual(parts)
    expect(message.anomalies).toEqual([{ kind: 'unknown_block', detail: 'hologram', block: 1 }])
  })
})

describe('errors', () => {
  const error = { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' }

  it('in mid-stream fail the answer with what has come', () => {
    const { message } = fold([chunk([{ text: 'Hal' }]), { error }])
    expect(told(message)).toEqual([{ text: 'Hal' }])
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'overloaded', retryable: true, status: 503 },
    })
  })

  it('as a list, as a body, and behind the events, are read', () => {
    const bodies = [JSON.stringify([{ error }]), JSON.stringify([{ error }], undefined, 2), JSON.stringify({ error })]
    for (const body of bodies) {
      expect(foldText(body).outcome).toMatchObject({ kind: 'failed', error: { class: 'overloaded' } })
    }
    const behind = `data: ${JSON.stringify(chunk([{ text: 'Hal' }], STOP))}\n\n${JSON.stringify({ error }, undefined, 2)}\n`
    expect(foldText(behind)).toMatchObject({
      outcome: { kind: 'failed', error: { class: 'overloaded' } },
      anomalies: [],
    })
  })
})

describe('a stream that is broken', () => {
  const events = [
    chunk([{ text: 'hm', thought: true }]),
    chunk([{ text: 'Hi' }]),
    chunk([call('f', { a: 1 }, { id: 'x' })]),
    chunk([{ text: '', thoughtSignature: 'S' }], STOP),
  ]

  it('I5: cut behind any event it is not complete before the finish reason, and no call is handed out', () => {
    for (let length = 1; length < events.length; length += 1) {
      const folded = fold(events.slice(0, length))
      expect(folded.message.outcome.kind).toBe('truncated')
      expect(handedOut(folded)).toEqual([])
    }
    expect(handedOut(fold(events))).toEqual([['x', 'f', { a: 1 }]])
  })

  it('I3: each event sent twice gives one message, and a call with an id once', () => {
    for (const [at, event] of events.entries()) {
      const folded = fold([...events.slice(0, at), event, ...events.slice(at)])
      expect(folded.messages).toHaveLength(1)
      expect(folded.message.outcome.kind).toBe('complete')
      expect(handedOut(folded)).toEqual([['x', 'f', { a: 1 }]])
    }
  })

  it('I3: a repeated finish reason changes nothing', () => {
    const finish = { candidates: [STOP], ...ENVELOPE }
    expect(fold([...events, finish, finish]).message).toEqual(fold(events).message)
  })

  it('another stream of the turn is another answer, with the same id or without any, since none can be gone on with', () => {
    for (const more of [ENVELOPE, {}]) {
      const one = new Fold()
      one.receive(chunk([{ text: 'the first' }], {}, more))
      one.outlook({ kind: 'truncated' })
      one.nextStream(2, true)
      one.receive(chunk([{ text: 'the second' }], STOP, more))
      one.end({ kind: 'complete' })
      expect(one.messages).toMatchObject([
        { attempt: 2, content: [{ text: 'the second' }], outcome: { kind: 'complete' } },
      ])
    }
  })

  it('I5: a stream that breaks off behind the finish reason is complete, and before it may be tried again', () => {
    const ends = events.map((_event, at) => {
      const one = new Fold()
      for (const event of events.slice(0, at + 1)) one.receive(event)
      const { outcome } = one.outlook({ kind: 'truncated' })
      return outcome.kind
    })
    expect(ends).toEqual(['truncated', 'truncated', 'truncated', 'complete'])
  })
})

/** The parts of the answer in the provider's own form. */
function partsOf(message: Parameters<typeof toNative>[0]): unknown {
  const { candidates } = Object(toNative(message))
  return candidates[0].content.parts
}

function foldText(text: string) {
  const one = new Fold()
  one.push(text)
  one.end({ kind: 'complete' })
  return one.messages[0] ?? expect.fail('there is no message')
}
