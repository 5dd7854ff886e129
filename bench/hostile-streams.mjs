/**
 * Streams that would go on for ever, each with as much as possible of one thing. What they may make onefold hold:
 *
 * - `small`: pieces that are as small as can be, so that what surrounds each of them weighs most;
 * - `large`: pieces that are nearly as long as an event may be;
 * - `nothing`: there is nothing in them that anybody needs later.
 *
 * `ends` is the limit that ends the turn, or the last event of the protocol; absent where nothing does. A stream with `last` comes to an
 * end. `read`: by events (absent), `unread` (a reader that never asks, while the message is awaited), `by hand` (each event given to an
 * assembler, also after the end).
 */
import { HOSTILE_DIALECTS } from './hostile-dialects.mjs'

const message = (own = {}) => ({
  type: 'message_start',
  message: { id: 'msg_1', role: 'assistant', content: [], ...own },
})
const open = (index, own = {}) => ({
  type: 'content_block_start',
  index,
  content_block: { type: 'text', text: '', ...own },
})
const delta = (own, index = 0) => ({ type: 'content_block_delta', index, delta: own })
const text = (piece, index = 0) => delta({ type: 'text_delta', text: piece }, index)
const json = (piece) => delta({ type: 'input_json_delta', partial_json: piece })
const close = (index) => ({ type: 'content_block_stop', index })
const stop = (reason) => ({ type: 'message_delta', delta: { stop_reason: reason } })
const usage = (own) => ({ type: 'message_delta', delta: {}, usage: own })
const TOOL = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }
const END = { type: 'message_stop' }

const chunk = (own, more = {}) => ({ id: 'chat_1', choices: [{ index: 0, delta: own, finish_reason: null, ...more }] })
const call = (own) => chunk({ tool_calls: [own] })
const STOPPED = chunk({ content: 'x' }, { finish_reason: 'stop' })

const CREATED = { type: 'response.created', response: { id: 'resp_1', object: 'response', output: [] } }
const NUMBERED = { ...CREATED, sequence_number: 0 }
const added = (index, item) => ({ type: 'response.output_item.added', output_index: index, item })
const done = (index, item) => ({ type: 'response.output_item.done', output_index: index, item })
const part = { item_id: 'm', output_index: 0, content_index: 0 }
const keepAlive = (number) => ({ type: 'response.keep_alive', sequence_number: number })

/** `each(n, long)` gives what comes for the n-th time: events, or lines as they are. `long` is a text of nearly the length of an event. */
export const HOSTILE = [
  // Bytes, whatever they say.
  bytes('one line', 'small', () => ['x'.repeat(64)], { ends: 'eventLength', start: ['data: '] }),
  bytes('one comment', 'small', () => ['x'.repeat(64)], { ends: 'eventLength', start: [': '] }),
  bytes('comments', 'nothing', () => [': keep-alive\n\n']),
  bytes('blank lines', 'nothing', () => ['\n']),
  bytes('data lines in one event', 'small', () => ['data: x\n'], { ends: 'eventLength' }),
  bytes('empty data lines in one event', 'small', () => ['data\n'], { ends: 'eventLength' }),
  bytes('names of one event', 'nothing', (n) => [`event: e${n}\n`]),
  bytes('ids of one event', 'nothing', (n) => [`id: ${n}\n`]),
  bytes('events with long ids', 'large', (n, long) => [`id: ${long}${n}\ndata: {"type":"ping"}\n\n`], {
    start: [message()],
  }),
  bytes('long lines that are no field', 'large', (n, long) => [`${long}${n}\n`], {
    ends: 'eventLength',
    start: [message()],
  }),
  bytes('one line of JSON', 'small', () => ['xx'], { ends: 'eventLength', start: ['{"a":"'] }),
  bytes('lines of one JSON document', 'small', () => ['\n'], { ends: 'eventLength', start: ['{\n'] }),
  bytes('a body that is no stream', 'nothing', (n) => [`<p>${n}</p>\n`], { start: ['<html>\n'] }),
  bytes('pings before anything else', 'nothing', () => [{ type: 'ping' }]),

  anthropic('text, a character a delta', 'small', () => [text('x')], {
    ends: 'messageLength',
    start: [message(), open(0)],
  }),
  anthropic('text of wide characters', 'large', (_, long) => [text('語'.repeat(long.length / 4))], {
    ends: 'messageLength',
    start: [message(), open(0)],
  }),
  anthropic('tool input, a character a delta', 'small', () => [json('x')], {
    ends: 'messageLength',
    start: [message(), open(0, TOOL), json('{"a":"')],
  }),
  anthropic('one tool input of empty lists, which ends', 'small', () => [json('[],'.repeat(100))], {
    start: [message(), open(0, TOOL), json('{"a":[')],
    ends: 'the last event',
    last: [json('[]]}'), close(0), stop('tool_use'), END],
  }),
  anthropic('citations, empty', 'small', () => [delta({ type: 'citations_delta', citation: {} })], {
    ends: 'messageLength',
    start: [message(), open(0)],
  }),
  anthropic('citations, long', 'large', (_, long) => [delta({ type: 'citations_delta', citation: { long } })], {
    ends: 'messageLength',
    start: [message(), open(0)],
  }),
  anthropic('signatures', 'small', () => [delta({ type: 'signature_delta', signature: 'x' })], {
    ends: 'messageLength',
    start: [message(), open(0, { type: 'thinking', thinking: '' })],
  }),
  anthropic(
    'signatures of a block that is sent again',
    'small',
    () => [delta({ type: 'signature_delta', signature: 'x' })],
    {
      ends: 'messageLength',
      start: [
        message(),
        open(0, { type: 'thinking', thinking: '' }),
        text('x'),
        message(),
        open(0, { type: 'thinking', thinking: '' }),
      ],
    },
  ),
  anthropic('empty blocks', 'small', (n) => [open(n)], { ends: 'blocks', start: [message()] }),
  anthropic('blocks with long names', 'large', (n, long) => [open(`${long}${n}`)], {
    ends: 'messageLength',
    start: [message()],
  }),
  anthropic('one block, opened and closed', 'small', () => [open(0), close(0)], { ends: 'blocks', start: [message()] }),
  anthropic('one block, opened', 'nothing', () => [open(0)], { start: [message()] }),
  anthropic('closes of blocks with long names', 'large', (n, long) => [close(`${long}${n}`)], { start: [message()] }),
  anthropic('long stop reasons', 'large', (n, long) => [stop(`${long}${n}`)], { start: [message()] }),
  anthropic('long stop reasons and closes in turn', 'large', (n, long) => [stop(`${long}${n}`), close(`${long}${n}`)], {
    start: [message()],
  }),
  anthropic('usage, the same fields', 'nothing', (n) => [usage({ output_tokens: n })], { start: [message()] }),
  anthropic('usage, ever new fields', 'small', (n) => [usage({ [n]: 1 })], {
    ends: 'messageLength',
    start: [message()],
  }),
  anthropic('usage, empty lists', 'small', (n) => [usage({ [n]: Array.from({ length: 200 }, () => []) })], {
    ends: 'messageLength',
    start: [message()],
  }),
  anthropic('begins of one message', 'nothing', () => [message()]),
  anthropic('begins of other messages', 'small', (n) => [message({ id: `msg_${n}` })], { ends: 'messageLength' }),
  anthropic('begins with long ids', 'large', (n, long) => [message({ id: `${long}${n}` })]),
  anthropic('begins that hold content', 'large', (n, long) => [
    message({ content: [{ type: 'text', text: `${long}${n}` }] }),
  ]),
  anthropic('one message generated anew, short', 'small', (n) => [message(), open(0), text(`${n}`)], {
    ends: 'messageLength',
  }),
  anthropic('one message generated anew, long', 'large', (n, long) => [message(), open(0), text(`${n}${long}`)], {
    ends: 'messageLength',
  }),
  anthropic('other messages, long', 'large', (n, long) => [message({ id: `msg_${n}` }), open(0), text(long)], {
    ends: 'messageLength',
  }),
  anthropic('pings', 'nothing', () => [{ type: 'ping' }], { start: [message()] }),
  anthropic('malformed events, short', 'small', () => ['data: {\n\n'], { ends: 'messageLength', start: [message()] }),
  anthropic('malformed events, long', 'large', (n, long) => [`data: {${n}${long}\n\n`], {
    ends: 'messageLength',
    start: [message()],
  }),
  anthropic('unknown events, short', 'small', (n) => [{ type: `${n}` }], { ends: 'messageLength', start: [message()] }),
  anthropic('unknown events, long', 'large', (n, long) => [{ type: `${n}`, long }], {
    ends: 'messageLength',
    start: [message()],
  }),
  anthropic('unknown deltas', 'small', () => [delta({ type: 'x' })], {
    ends: 'messageLength',
    start: [message(), open(0)],
  }),

  chat('text, a character a delta', 'small', () => [chunk({ content: 'x' })], { ends: 'messageLength' }),
  chat('text after the stop', 'small', () => [chunk({ content: 'x' })], { ends: 'messageLength', start: [STOPPED] }),
  chat('annotations after the stop', 'large', (_, long) => [chunk({ annotations: [{ long }] })], {
    ends: 'messageLength',
    start: [STOPPED],
  }),
  chat('tool calls after the stop', 'large', (n, long) => [call({ index: n, id: `c${n}`, function: { name: long } })], {
    ends: 'messageLength',
    start: [STOPPED],
  }),
  chat('audio after the stop', 'large', (_, long) => [chunk({ audio: { data: long } })], {
    ends: 'messageLength',
    start: [STOPPED],
  }),
  chat('ids', 'nothing', (n) => [{ ...chunk({}), id: `${n}` }]),
  chat('long ids', 'large', (n, long) => [{ ...chunk({}), id: `${long}${n}` }]),
  chat('long stop reasons', 'large', (n, long) => [chunk({}, { finish_reason: `${long}${n}` })]),
  chat('choices', 'small', (n) => [{ id: 'x', choices: [{ index: n, delta: { content: 'x' } }] }], { ends: 'choices' }),
  chat('as many choices as are allowed, long', 'large', (n, long) => [chunk({ content: long }, { index: n % 4 })], {
    ends: 'messageLength',
    start: [0, 1, 2, 3].map((index) => chunk({}, { index })),
  }),
  chat('one call sent again', 'small', (n) => [call({ index: n, id: 'c', function: { name: 'f', arguments: '{}' } })], {
    ends: 'blocks',
  }),
  chat('calls without a name', 'large', (n, long) => [call({ index: n, function: { arguments: long } })], {
    ends: 'messageLength',
  }),
  chat('names of one call', 'small', (n) => [call({ index: 0, id: 'c', function: { name: `a${n}`, arguments: '' } })], {
    ends: 'messageLength',
  }),
  chat('ids of one call', 'small', (n) => [call({ index: 0, id: `c${n}`, function: { arguments: '' } })], {
    ends: 'messageLength',
  }),
  chat(
    'tool input whose deltas repeat the name',
    'small',
    (n) => [call({ index: 0, id: 'c', function: { name: 'f', arguments: n === 0 ? '{"a":"' : 'xx' } })],
    { ends: 'messageLength' },
  ),
  chat('fields that are null', 'small', (n) => [chunk({ [`k${n}`]: null })], { ends: 'messageLength' }),
  chat('logprobs, empty', 'small', () => [chunk({}, { logprobs: { content: [{}] } })], { ends: 'messageLength' }),
  chat('usage, the same fields', 'nothing', (n) => [{ choices: [], usage: { completion_tokens: n } }], {
    start: [chunk({})],
  }),

  responses('text, a character a delta', 'small', () => [{ type: 'response.output_text.delta', ...part, delta: 'x' }], {
    ends: 'messageLength',
    start: [CREATED],
  }),
  responses('messages without parts', 'small', (n) => [added(n, { type: 'message' })], {
    ends: 'messageLength',
    start: [CREATED],
  }),
  responses(
    'empty parts of the reasoning',
    'small',
    (n) => [{ type: 'response.reasoning_summary_part.added', item_id: 'r', output_index: 0, summary_index: n }],
    { ends: 'messageLength', start: [CREATED] },
  ),
  responses('one item, done under ever new ids', 'nothing', (n) => [done(0, { type: 'message', id: `m${n}` })], {
    start: [CREATED],
  }),
  responses('one item, done under long ids', 'large', (n, long) => [done(0, { type: 'message', id: `${long}${n}` })], {
    start: [CREATED],
  }),
  responses(
    'searches with long ids',
    'large',
    (n, long) => [{ type: 'response.web_search_call.searching', item_id: `${long}${n}` }],
    { start: [CREATED] },
  ),
  responses(
    'search after search',
    'small',
    (n) => [{ type: 'response.web_search_call.searching', item_id: `w${n}`, output_index: n }],
    { ends: 'messageLength', start: [CREATED] },
  ),
  responses(
    'one search',
    'nothing',
    () => [{ type: 'response.web_search_call.searching', item_id: 'w', output_index: 0 }],
    {
      start: [CREATED],
    },
  ),
  responses(
    'whole calls without a name',
    'large',
    (n, long) => [done(n, { type: 'function_call', call_id: `c${n}`, arguments: long })],
    { ends: 'messageLength', start: [CREATED] },
  ),
  responses(
    'parts that end with annotations',
    'large',
    (n, long) => [
      {
        type: 'response.content_part.done',
        ...part,
        content_index: n,
        part: { type: 'output_text', text: 'x', annotations: [{ long }] },
      },
    ],
    { ends: 'messageLength', start: [CREATED] },
  ),
  responses('final texts of one part', 'small', (n) => [{ type: 'response.output_text.done', ...part, text: `${n}` }], {
    ends: 'messageLength',
    start: [CREATED],
  }),
  responses(
    'previews of images',
    'nothing',
    (n, long) => [{ type: 'response.image_generation_call.partial_image', item_id: `i${n}`, partial_image_b64: long }],
    { start: [CREATED] },
  ),
  responses('begins of one response', 'nothing', () => [CREATED]),
  responses('begins with long lists of tools', 'large', (n, long) => [
    { ...CREATED, response: { ...CREATED.response, tools: [{ type: 'function', name: `${long}${n}` }] } },
  ]),
  responses('long ids', 'large', (n, long) => [{ type: 'response.in_progress', response: { id: `${long}${n}` } }], {
    start: [CREATED],
  }),
  responses(
    'other responses, long',
    'large',
    (n, long) => [
      { ...CREATED, response: { ...CREATED.response, id: `resp_${n}` } },
      { type: 'response.output_text.delta', ...part, delta: long },
    ],
    { ends: 'messageLength' },
  ),
  responses('numbered events that say nothing', 'nothing', (n) => [keepAlive(n + 1)], { start: [NUMBERED] }),
  responses('numbers with gaps', 'nothing', (n) => [keepAlive(3 * n + 1)], { start: [NUMBERED] }),
  responses('huge numbers', 'nothing', (n) => [keepAlive(1e9 * n + 1)], { start: [NUMBERED] }),
  responses('falling numbers', 'nothing', (n) => [keepAlive(9e15 - n)], {
    start: [{ ...CREATED, sequence_number: 9e15 + 1 }],
  }),
  responses(
    'one numbered event, long, sent again',
    'large',
    (_, long) => [{ type: 'response.output_text.delta', ...part, delta: long, sequence_number: 1 }],
    { ends: 'messageLength', start: [NUMBERED] },
  ),
  responses(
    'long events that come too early',
    'large',
    (n, long) => [{ type: 'response.output_text.delta', ...part, delta: long, sequence_number: 10 + n }],
    { ends: 'messageLength', start: [NUMBERED] },
  ),

  anthropic('message after message of a source of many', 'small', (n) => [message({ id: `msg_${n}` }), END], {
    ends: 'messages',
    options: { many: true },
  }),
  anthropic('usage, with a reader that never reads', 'nothing', (n) => [usage({ output_tokens: n })], {
    start: [message()],
    read: 'unread',
  }),
  anthropic('after the end: anything', 'nothing', (n) => [open(n), text('x', n)], {
    start: [message(), open(0), text('x'), close(0), stop('end_turn'), END],
    ends: 'the last event',
  }),
  anthropic('after the end, by hand: blocks', 'nothing', (n) => [open(n), text('x', n)], {
    start: [message(), open(0), text('x'), close(0), stop('end_turn'), END],
    read: 'by hand',
  }),
  chat('after the end, by hand: ever new fields', 'nothing', (n) => [chunk({ [`k${n}`]: 1 })], {
    start: [STOPPED, '[DONE]'],
    read: 'by hand',
  }),
  chat('after the end, by hand: calls', 'nothing', (n) => [call({ index: n, id: `c${n}`, function: { name: 'f' } })], {
    start: [STOPPED, '[DONE]'],
    read: 'by hand',
  }),
  responses('after the end, by hand: items', 'nothing', (n) => [added(n, { type: 'message', id: `m${n}` })], {
    start: [CREATED, { type: 'response.completed', response: { id: 'resp_1' } }],
    read: 'by hand',
  }),
  ...HOSTILE_DIALECTS,
]

function bytes(says, holds, each, more) {
  return { dialect: undefined, says, holds, each, ...more }
}

function anthropic(says, holds, each, more) {
  return { dialect: 'anthropic-messages', says, holds, each, ...more }
}

function chat(says, holds, each, more) {
  return { dialect: 'openai-chat', says, holds, each, ...more }
}

function responses(says, holds, each, more) {
  return { dialect: 'openai-responses', says, holds, each, ...more }
}
