/** Mistral's Conversations API: entries and their parts, repeats, cuts, errors, and the events as the official SDK gives them. */
import { describe, expect, it } from 'vitest'
import { assemble, fold, toNative, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import { wordOf, type JsonObject, type JsonValue } from '../../src/json.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

/** Events are made one after the other, as their times say. */
function timed(...events: readonly JsonObject[]): JsonObject[] {
  return events.map((event, at) => ({ ...event, created_at: `2026-05-04T18:17:38.${500_000 + at}Z` }))
}

const STARTED = { type: 'conversation.response.started', conversation_id: 'conv_1' }
const USAGE = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
const DONE = { type: 'conversation.response.done', usage: USAGE }

function says(content: JsonValue, contentIndex = 0, outputIndex = 0): JsonObject {
  return {
    type: 'message.output.delta',
    output_index: outputIndex,
    id: `msg_${outputIndex}`,
    content_index: contentIndex,
    model: 'model-1',
    role: 'assistant',
    content,
  }
}

function asks(written: string, outputIndex = 1, id = 'call_1'): JsonObject {
  const name = 'get_weather'
  return {
    type: 'function.call.delta',
    output_index: outputIndex,
    id: `fc_${outputIndex}`,
    name,
    tool_call_id: id,
    arguments: written,
  }
}

function runs(what: 'started' | 'delta' | 'done', more: JsonObject): JsonObject {
  return { type: `tool.execution.${what}`, output_index: 0, id: 'exec_1', name: 'web_search', ...more }
}

const ANSWER = timed(
  STARTED,
  runs('started', { arguments: '', function: 'web_search' }),
  runs('delta', { arguments: '{"q":' }),
  runs('delta', { arguments: '1}' }),
  runs('done', { info: { found: 2 } }),
  says('Hel', 0, 1),
  says('lo', 0, 1),
  says({ type: 'tool_reference', tool: 'web_search', title: 'T' }, 1, 1),
  says(' you', 2, 1),
  asks('{"city"', 2),
  asks(':"Paris"}', 2),
  DONE,
)

interface Folded {
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
}

function bytesOf(events: readonly JsonObject[]): string {
  return events.map((event) => `event: ${wordOf(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}

/** As bytes and as decoded events, both of which must come to the same. */
async function foldBoth(events: readonly JsonObject[]): Promise<Folded> {
  const turn = assemble(bytesOf(events))
  const live: TurnEvent[] = []
  for await (const event of turn) live.push(event)
  const message = await turn.message()
  const direct = await assemble(events, { dialect: 'mistral-conversations' }).message()
  expect(bare(direct)).toEqual(bare(message))
  expectLiveEqualsFinal(live, message)
  return { message, events: live }
}

function bare({
  timing: _timing,
  response: _response,
  ...message
}: AssistantMessage): Omit<AssistantMessage, 'timing'> {
  return message
}

function calm(message: AssistantMessage): unknown {
  return { ...bare(message), anomalies: [] }
}

function callsIn(events: readonly TurnEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [[event.call.id, event.call.input]] : []))
}

describe('a conversation of Mistral', () => {
  it('I4: is told by its events, and has a block for each part of its entries', async () => {
    const { message, events } = await foldBoth(ANSWER)
    expect(message).toMatchObject({
      dialect: 'mistral-conversations',
      id: 'exec_1',
      model: 'model-1',
      outcome: { kind: 'complete' },
      stop: { reason: 'tool_calls', raw: 'conversation.response.done' },
      usage: { inputTokens: 5, outputTokens: 7 },
      rawUsage: USAGE,
      anomalies: [],
      content: [
        { type: 'tool_call', id: 'exec_1', origin: 'provider', state: 'complete', input: { q: 1 } },
        { type: 'text', text: 'Hello', citations: [{ type: 'tool_reference', title: 'T' }] },
        { type: 'text', text: ' you' },
        { type: 'tool_call', id: 'call_1', origin: 'client', state: 'complete', input: { city: 'Paris' } },
      ],
    })
    expect(callsIn(events)).toEqual([['call_1', { city: 'Paris' }]])
  })

  it('I7: goes back as the answer to a request without streaming, which is read to the same', async () => {
    const { message } = await foldBoth(ANSWER)
    const [started = {}, execution = {}, , , , first = {}] = ANSWER
    const call = ANSWER[9] ?? {}
    const native = {
      conversation_id: 'conv_1',
      created_at: started.created_at,
      object: 'conversation.response',
      outputs: [
        {
          object: 'entry',
          type: 'tool.execution',
          created_at: execution.created_at,
          id: 'exec_1',
          function: 'web_search',
          name: 'web_search',
          arguments: '{"q":1}',
          info: { found: 2 },
        },
        {
          object: 'entry',
          type: 'message.output',
          created_at: first.created_at,
          id: 'msg_1',
          model: 'model-1',
          role: 'assistant',
          content: [
            { type: 'text', text: 'Hello' },
            { type: 'tool_reference', tool: 'web_search', title: 'T' },
            { type: 'text', text: ' you' },
          ],
        },
        {
          object: 'entry',
          type: 'function.call',
          created_at: call.created_at,
          id: 'fc_2',
          tool_call_id: 'call_1',
          name: 'get_weather',
          arguments: '{"city":"Paris"}',
        },
      ],
      usage: USAGE,
    }
    expect(toNative(message)).toEqual(native)
    expect(toNative(JSON.parse(JSON.stringify(message)))).toEqual(native)
    const again = await fold(JSON.stringify(native))
    expect(again).toMatchObject({ dialect: 'mistral-conversations', outcome: { kind: 'complete' } })
    expect(toNative(again)).toEqual(native)
  })

  it('I4: keeps thinking with its signature, parts that are no text, and hand-offs', async () => {
    const handoff = { output_index: 0, id: 'handoff_1' }
    const { message } = await foldBoth(
      timed(
        STARTED,
        { type: 'agent.handoff.started', ...handoff, previous_agent_id: 'a', previous_agent_name: 'A' },
        { type: 'agent.handoff.done', ...handoff, next_agent_id: 'b', next_agent_name: 'B' },
        says({ type: 'thinking', thinking: [{ type: 'text', text: 'Let' }] }, 0, 1),
        says({ type: 'thinking', thinking: [{ type: 'text', text: ' me' }], signature: 'sig' }, 0, 1),
        says({ type: 'text', text: 'Hi' }, 1, 1),
        says({ type: 'tool_file', tool: 'code_interpreter', file_id: 'f1' }, 2, 1),
        DONE,
      ),
    )
    expect(message.content).toMatchObject([
      { type: 'other', wire: { type: 'agent.handoff', previous_agent_id: 'a', next_agent_id: 'b' } },
      { type: 'thinking', text: 'Let me', signature: 'sig' },
      { type: 'text', text: 'Hi' },
      { type: 'other', wire: { type: 'tool_file', file_id: 'f1' } },
    ])
    expect(Object(toNative(message)).outputs[1].content).toEqual([
      { type: 'thinking', thinking: [{ type: 'text', text: 'Let me' }], signature: 'sig' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_file', tool: 'code_interpreter', file_id: 'f1' },
    ])
  })

  it('I4: an unknown event is noted, and an unknown entry of a whole answer carried through', async () => {
    const { message } = await foldBoth(timed(STARTED, { type: 'message.output.novel', x: 1 }, says('Hi'), DONE))
    expect(message.anomalies).toMatchObject([{ kind: 'unknown_event', detail: 'message.output.novel' }])
    const outputs = [{ object: 'entry', type: 'novel', id: 'n1', x: 1 }]
    const whole = { object: 'conversation.response', conversation_id: 'conv_1', outputs, usage: USAGE }
    const folded = await fold(JSON.stringify(whole))
    expect(folded.content).toMatchObject([{ type: 'other', wire: { type: 'novel', x: 1 } }])
    expect(toNative(folded)).toEqual(whole)
  })

  it('I5: an error ends it as failed, with what came', async () => {
    const error = { type: 'conversation.response.error', message: 'Boom', code: 3000 }
    const { message } = await foldBoth(timed(STARTED, says('Hi'), error))
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'Boom', body: { code: 3000 } } })
    expect(message.content).toMatchObject([{ text: 'Hi' }])
  })
})

describe('a conversation that is broken', () => {
  it.each(ANSWER.map((_event, at) => at).slice(1))(
    'I5, I6: cut before event %i is not complete, and gives no call',
    async (at) => {
      const { message, events } = await foldBoth(ANSWER.slice(0, at))
      expect(message.outcome.kind).toBe('truncated')
      expect(callsIn(events)).toEqual([])
    },
  )

  it.each(ANSWER.map((_event, at) => at))('I3: begun again before event %i is the clean message', async (at) => {
    const { message: clean } = await foldBoth(ANSWER)
    const { message, events } = await foldBoth([...ANSWER.slice(0, at), ...ANSWER])
    expect(calm(message)).toEqual(calm(clean))
    expect(callsIn(events)).toHaveLength(1)
    const restarted = await foldBoth([...ANSWER.slice(0, at + 1), ...ANSWER.slice(0, 1), ...ANSWER.slice(at + 1)])
    expect(calm(restarted.message)).toEqual(calm(clean))
  })

  it.each(ANSWER.flatMap(({ type }, at) => (/(started|done)$/.test(wordOf(type)) ? [at] : [])))(
    'I3: whose event %i, a start or an end, comes twice is the clean message',
    async (at) => {
      const { message: clean } = await foldBoth(ANSWER)
      const { message } = await foldBoth([...ANSWER.slice(0, at + 1), ...ANSWER.slice(at)])
      expect(calm(message)).toEqual(calm(clean))
    },
  )

  it.each([
    ['2026-05-04T18:17:39Z', '2026-05-04T18:17:39.9Z'],
    ['2026-05-04T18:17:39.9Z', '2026-05-04T18:17:39.900001Z'],
    ['2026-05-04T18:17:39+00:00', '2026-05-04T18:17:39.000001+00:00'],
  ])(
    'I3: that goes on behind another beginning is told by the time, not by its text: %s, %s',
    async (first, second) => {
      const started = { ...STARTED, created_at: first }
      const events = [
        started,
        { ...says('Hel'), created_at: first },
        started,
        { ...says('lo'), created_at: second },
        DONE,
      ]
      const { message } = await foldBoth(events)
      expect(message.content).toMatchObject([{ text: 'Hello' }])
      const { message: again } = await foldBoth([...events.slice(0, 2), ...events.slice(0, 2), ...events.slice(3)])
      expect(again.content).toMatchObject([{ text: 'Hello' }])
    },
  )

  it('I3: two equal deltas are two deltas', async () => {
    const { message } = await foldBoth(timed(STARTED, says('ha'), says('ha'), DONE))
    expect(message.content).toMatchObject([{ text: 'haha' }])
  })

  it('quirk 10.01, quirk 10.03: arguments that are no object make no call', async () => {
    const { message, events } = await foldBoth(timed(STARTED, asks('{"city":"Par'), asks('[]', 2, 'call_2'), DONE))
    expect(message.content).toMatchObject([{ state: 'invalid' }, { state: 'invalid' }])
    expect(callsIn(events)).toEqual([])
  })

  const odd: readonly JsonValue[] = [
    null,
    [],
    'text',
    7,
    { type: 'message.output.delta', content: 7, output_index: {}, id: [] },
    { type: 'message.output.delta', content: [null, 7, [], { type: 'thinking', thinking: 7 }, { type: 'thinking' }] },
    { type: 'message.output.delta', content: JSON.parse('{"__proto__":{"a":1},"type":"__proto__"}') },
    { type: 'function.call.delta', arguments: { a: 1 }, name: 7, tool_call_id: null },
    { type: 'tool.execution.done', info: 7 },
    { type: 'agent.handoff.done' },
    { type: 'conversation.response.started', conversation_id: { a: 1 } },
    { object: 'conversation.response', outputs: [7, null, { type: 7 }, { type: 'message.output', content: 7 }] },
  ]
  it.each(odd.map((event) => [JSON.stringify(event), event] as const))(
    'I4: survives %s, and keeps what came before',
    async (_name, event) => {
      const sent = [...timed(STARTED, says('Hi')), event, { ...DONE, usage: 'none' }]
      const body = sent.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')
      const message = await fold(body, { dialect: 'mistral-conversations' })
      expect(message.outcome.kind).toBe('complete')
      expect(message.content[0]).toMatchObject({ type: 'text', text: 'Hi' })
      expect(toNative(JSON.parse(JSON.stringify(message)))).toEqual(toNative(message))
    },
  )
})
