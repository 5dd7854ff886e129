/** What hostile-streams.mjs has of the dialects that came later, and of the shapes that only they have. */
import { Crc32 } from '@smithy/core/checksum'
import { EventStreamCodec } from '@smithy/core/event-streams'

const part = (...parts) => ({ candidates: [{ content: { parts } }] })
const answer = (own) => ({ candidates: [{ content: {} }], ...own })
const piece = (own) => part({ functionCall: { partialArgs: [own], willContinue: true } })

const CONVERSE = { messageStart: { role: 'assistant' } }
const block = (name, contentBlockIndex, own) => ({ [name]: { contentBlockIndex, ...own } })
const utf8 = new TextEncoder()
const codec = new EventStreamCodec(String, (text) => utf8.encode(text))
const frame = (type, body) =>
  codec.encode({
    headers: {
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: type },
    },
    body: utf8.encode(body),
  })

const line = (own) => ({ model: 'm', created_at: '', message: { role: 'assistant', content: '', ...own }, done: false })
const entry = (id, own) => ({ type: 'message.output.delta', id, output_index: 0, content: '', ...own })
const CONVERSATION = { type: 'conversation.response.started', conversation_id: 'c' }

const RUN = { event: 'thread.run.created', data: { id: 'run_1', object: 'thread.run' } }
const step = (id, call) => ({
  event: 'thread.run.step.delta',
  data: { id, object: 'thread.run.step.delta', delta: { step_details: { type: 'tool_calls', tool_calls: [call] } } },
})

const update = (sessionUpdate, own, sessionId = 's') => ({
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionId, update: { sessionUpdate, ...own } },
})
const request = (method, id) => ({ jsonrpc: '2.0', method, id, params: { sessionId: 's' } })

const record = (type, own) => ({ type, session_id: 's', ...own })
const said = (uuid, id, content = []) => record('assistant', { uuid, message: { id, role: 'assistant', content } })
const failed = (uuid) => record('result', { uuid, subtype: 'error_during_execution', is_error: true })

const chunk = (delta, own) => ({ id: 'chat_1', choices: [{ index: 0, delta, finish_reason: null, ...own }] })
const detail = (own) => chunk({ reasoning_details: [{ type: 'reasoning.encrypted', ...own }] })

export const HOSTILE_DIALECTS = [
  row(undefined, 'one element of a JSON array', 'small', () => ['xx'], { ends: 'eventLength', start: ['[{"a":"'] }),
  row(undefined, 'a bracket, and no JSON behind it', 'small', () => [', '], { ends: 'eventLength', start: ['['] }),

  row('gemini', 'texts and thoughts in turn', 'small', () => [part({ text: 'x' }, { text: 'x', thought: true })], {
    ends: 'blocks',
  }),
  row('gemini', 'arguments, ever new places', 'small', (n) => [piece({ jsonPath: `$.a${n}`, numberValue: 1 })], {
    ends: 'messageLength',
    start: [part({ functionCall: { name: 'f', willContinue: true } })],
  }),
  row(
    'gemini',
    'arguments, long places that are refused',
    'large',
    (_, long) => [piece({ jsonPath: `$.${long}[7]` })],
    {
      ends: 'messageLength',
      start: [part({ functionCall: { name: 'f', willContinue: true } })],
    },
  ),
  row('gemini', 'long ids and models', 'large', (n, long) => [
    answer({ responseId: `${n}`, modelVersion: `${long}${n}` }),
  ]),

  row(
    'gemini-interactions',
    'contents of one step',
    'small',
    () => ['image', 'text'].map((type) => ({ event_type: 'step.delta', index: 0, delta: { type } })),
    { ends: 'blocks', start: [{ event_type: 'interaction.created', interaction: { id: 'i' } }] },
  ),

  row('bedrock-converse', 'one frame', 'small', () => [new Uint8Array(64)], {
    ends: 'eventLength',
    start: [frame('messageStart', '{}'), prelude(150_000_000)],
  }),
  row('bedrock-converse', 'frames that say nothing', 'nothing', () => [frame('metadata', '{}')], {
    start: [frame('messageStart', '{"role":"assistant"}')],
  }),
  row(
    'bedrock-converse',
    'starts that do not say of what',
    'large',
    (n, long) => [block('contentBlockStart', `${long}${n}`)],
    {
      start: [CONVERSE],
    },
  ),
  row(
    'bedrock-converse',
    'blocks with long indexes',
    'large',
    (n, long) => [block('contentBlockDelta', `${long}${n}`, { delta: { text: '' } })],
    { ends: 'messageLength', start: [CONVERSE] },
  ),

  row(
    'cohere',
    'citations beside the text',
    'small',
    (n) => [{ type: 'citation-start', index: n, delta: { message: { citations: {} } } }],
    { ends: 'messageLength', start: [{ type: 'message-start', id: 'm' }] },
  ),
  row(
    'cohere',
    'calls of version 1 with long indexes',
    'large',
    (n, long) => [{ event_type: 'tool-calls-chunk', tool_call_delta: { index: `${long}${n}`, name: 'f' } }],
    { ends: 'messageLength', start: [{ event_type: 'stream-start', generation_id: 'g' }] },
  ),

  row('ollama', 'calls', 'small', () => [line({ tool_calls: [{ function: { name: 'f', arguments: {} } }] })], {
    ends: 'blocks',
  }),
  row('ollama', 'lines that say nothing', 'nothing', (n) => [{ ...line({}), created_at: `${n}` }]),

  row('mistral-conversations', 'entries without content', 'small', (n) => [entry(`m${n}`, { content: [] })], {
    ends: 'messageLength',
    start: [CONVERSATION],
  }),
  row('mistral-conversations', 'begins, each with another entry', 'small', (n) => [CONVERSATION, entry(`m${n}`)], {
    ends: 'messageLength',
  }),

  row(
    'text-generation',
    'tokens',
    'small',
    () => [{ index: 1, token: { text: '', special: true }, generated_text: null, details: null }],
    { ends: 'messageLength' },
  ),

  row(
    'openai-assistants',
    'places of one call',
    'small',
    (n) => [step('s', { index: n, id: 'c', type: 'function', function: {} })],
    {
      ends: 'messageLength',
      start: [RUN],
    },
  ),
  row(
    'openai-assistants',
    'one call in steps with long ids',
    'large',
    (n, long) => [step(`${long}${n}`, { index: 0, id: 'c', type: 'function', function: {} })],
    { start: [RUN] },
  ),
  row(
    'openai-assistants',
    'messages without content',
    'small',
    (n) => [{ event: 'thread.message.created', data: { id: `m${n}`, object: 'thread.message', content: [] } }],
    { ends: 'messageLength', start: [RUN] },
  ),

  row('acp', 'sessions', 'nothing', (n) => [update('available_commands_update', {}, `s${n}`)]),
  row('acp', 'calls of the history', 'nothing', (n) => [update('tool_call', { toolCallId: `c${n}` })], {
    start: [request('session/load', 1)],
  }),
  row('acp', 'calls that never end', 'small', (n) => [update('tool_call', { toolCallId: `c${n}` })], {
    ends: 'blocks',
  }),
  row('acp', 'requests', 'nothing', (n) => [request('session/load', n), request('fs/read_text_file', `${n}`)]),
  row('acp', 'plans', 'large', (n, long) => [update('plan', { entries: [`${long}${n}`] })]),

  row('claude-code', 'errors and failed results in turn', 'nothing', (n) => [{ type: 'error' }, failed(`r${n}`)], {
    start: [failed('r')],
  }),
  row('claude-code', 'agents that say nothing', 'nothing', (n) => [
    record('user', { parent_tool_use_id: `p${n}`, message: { role: 'user', content: [] } }),
  ]),
  row('claude-code', 'records without content', 'small', (n) => [said(`r${n}`, 'm')], { ends: 'messageLength' }),

  row('ai-sdk', 'results', 'small', (n) => [{ type: 'tool-result', toolCallId: `c${n}`, toolName: 'f', output: 1 }], {
    ends: 'blocks',
    start: [{ type: 'start-step', request: {}, warnings: [] }],
  }),
  row(
    'ai-sdk',
    'preliminary results of one call, long',
    'large',
    (n, long) => [{ type: 'tool-result', toolCallId: 'c', toolName: 'f', output: `${long}${n}`, preliminary: true }],
    { ends: 'messageLength', start: [{ type: 'start-step', request: {}, warnings: [] }] },
  ),

  row(
    'ai-sdk-ui',
    'metadata, ever new fields',
    'small',
    (n) => [{ type: 'message-metadata', messageMetadata: { [n]: {} } }],
    {
      ends: 'messageLength',
      start: [{ type: 'start', messageId: 'm' }],
    },
  ),
  row('ai-sdk-ui', 'data of one part, long', 'large', (n, long) => [{ type: 'data-x', id: 'd', data: `${long}${n}` }], {
    start: [{ type: 'start', messageId: 'm' }],
  }),
  row('ai-sdk-ui', 'steps', 'nothing', () => [{ type: 'start-step' }, { type: 'finish-step' }], {
    start: [{ type: 'start', messageId: 'm' }],
  }),

  row('openai-chat', 'reasoning details', 'small', (n) => [detail({ index: n })], { ends: 'messageLength' }),
  row('openai-chat', 'reasoning details, encrypted, in pieces', 'small', () => [detail({ index: 0, data: 'x' })], {
    ends: 'messageLength',
  }),
  row('openai-chat', 'tags', 'small', () => [chunk({ content: '<think></think>' })], {
    ends: 'messageLength',
    options: { thinkTags: true },
  }),
  row('openai-chat', 'whole texts that fit nothing', 'small', (n) => [chunk({ content: `${n}` })], {
    ends: 'messageLength',
    options: { deltas: 'cumulative' },
  }),
]

function row(dialect, says, holds, each, more) {
  return { dialect, says, holds, each, ...more }
}

/** What begins a frame of that length. */
function prelude(length) {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length)
  const checksum = new Crc32()
  checksum.update(bytes.subarray(0, 8))
  view.setUint32(8, checksum.digestSync())
  return bytes
}
