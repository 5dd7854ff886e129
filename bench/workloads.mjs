/** What is folded: which answers, in which dialect, cut into which chunks. A workload is built only when its turn comes. */
import { fileInput, inputDeltas, recordsInput, textDeltas } from './wire/answer.mjs'
import { anthropicMessages } from './wire/anthropic-messages.mjs'
import { openaiChat } from './wire/openai-chat.mjs'
import { openaiResponses } from './wire/openai-responses.mjs'

const KB = 1024
const MB = 1024 * KB
/** What a TCP segment of a real connection carries. */
const CHUNK_LENGTH = 1400

const WIRES = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
}
export const DIALECTS = Object.keys(WIRES)

const text = (tokens, framing) => ({
  what: 'text',
  size: tokens,
  framing,
  label: `text of ${tokens / 1000}k tokens`,
  answer: () => ({ text: textDeltas(tokens), inputs: [] }),
})
const tool = (size, framing, { live = false, shape = 'file' } = {}) => ({
  what: live ? 'live' : 'tool',
  size,
  framing,
  shape,
  label: `tool input of ${sizeOf(size)}${shape === 'records' ? ' in records' : ''}${live ? ', live' : ''}`,
  answer: () => ({ text: [], inputs: [shape === 'file' ? fileInput(size) : recordsInput(size)] }),
})
const mix = (framing) => ({
  what: 'mix',
  size: 8,
  framing,
  label: 'text of 2k tokens and 8 tools of 8 KB',
  answer: () => ({ text: textDeltas(2000), inputs: Array.from({ length: 8 }, (_, i) => fileInput(8 * KB, 10 + i)) }),
})

const LIVE = { live: true }
/** The design's budgets are about these two. */
const BUDGETED = { budgetMs: 8000 }
const FULL = [
  text(2000, '1.4 KB'),
  text(2000, 'event'),
  { ...text(100_000, '1.4 KB'), ...BUDGETED },
  text(100_000, 'event'),
  ...[16 * KB, 64 * KB, 256 * KB, 2 * MB, 8 * MB].flatMap((size) => [
    { ...tool(size, '1.4 KB'), ...(size === 256 * KB ? BUDGETED : {}) },
    tool(size, 'event', LIVE),
  ]),
  mix('1.4 KB'),
  mix('event'),
]
/** The shape matters to a partial parser: one long string above, many small values here. Once through all sizes is enough. */
const RECORDS = [16 * KB, 64 * KB, 256 * KB, 2 * MB].map((size) => tool(size, 'event', { ...LIVE, shape: 'records' }))
const RECORDS_ONCE = RECORDS.filter(({ size }) => size === 64 * KB)
const QUICK = [
  text(2000, '1.4 KB'),
  text(20_000, '1.4 KB'),
  tool(16 * KB, '1.4 KB'),
  tool(256 * KB, '1.4 KB'),
  ...[16 * KB, 64 * KB, 256 * KB].map((size) => tool(size, 'event', LIVE)),
  mix('event'),
]

/** What most peers can take in reasonable time. */
const PEERS = [
  text(2000, '1.4 KB'),
  text(20_000, '1.4 KB'),
  text(100_000, '1.4 KB'),
  ...[16 * KB, 64 * KB, 256 * KB].map((size) => tool(size, '1.4 KB')),
  ...[16 * KB, 64 * KB].map((size) => tool(size, 'event', LIVE)),
  ...RECORDS.filter(({ size }) => size <= 64 * KB),
]
const SETS = {
  full: (dialect) => [...FULL, ...(dialect === 'anthropic-messages' ? RECORDS : RECORDS_ONCE)],
  quick: () => QUICK,
  peers: () => PEERS,
}

/** The workloads of a run, in order: a set (`full`, `quick`, `peers`), or what of it `only` matches as `dialect/label/framing`. */
export function workloadsOf(set, only = '') {
  const pattern = new RegExp(only, 'u')
  return DIALECTS.flatMap((dialect) =>
    SETS[set](dialect).map((kind) => ({ ...kind, dialect, id: `${dialect}/${kind.label}/${kind.framing}` })),
  ).filter(({ id }) => pattern.test(id))
}

/** The bytes of a workload, and what must come of them. */
export function build(workload) {
  const { dialect, framing } = workload
  const { bytes, lengths, expected, deltas } = bodyOf(workload)
  const chunks = framing === 'event' ? new EventChunks(bytes, lengths) : byLength(bytes)
  return { dialect, bytes: bytes.length, events: lengths.length, deltas, chunks, expected }
}

/** The last body: the same answer often comes twice in a row, cut in another way. */
let last = { name: '', body: undefined }

function bodyOf({ dialect, what, size, shape, answer }) {
  const name = [dialect, what === 'live' ? 'tool' : what, size, shape].join(' ')
  if (last.name !== name) last = { name, body: undefined }
  last.body ??= write(dialect, answer())
  return last.body
}

function write(dialect, { text: words, inputs }) {
  const calls = inputs.map((input, i) => ({
    id: `01A09q90qw90lq91781${i}`,
    name: 'write_file',
    deltas: inputDeltas(input),
  }))
  const events = WIRES[dialect]({ text: words, calls })
  return {
    bytes: new TextEncoder().encode(events.join('')),
    lengths: Uint32Array.from(events, (event) => Buffer.byteLength(event)),
    expected: { text: words.join(''), inputs: inputs.map((input) => JSON.stringify(input)) },
    deltas: words.length + calls.reduce((sum, call) => sum + call.deltas.length, 0),
  }
}

function byLength(bytes) {
  const count = Math.ceil(bytes.length / CHUNK_LENGTH)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * CHUNK_LENGTH, (i + 1) * CHUNK_LENGTH))
}

/**
 * A chunk for each event. Each is made when it is asked for, as a network does: half a million of them kept in an array would cost every
 * contender more in garbage collection than its own work.
 */
class EventChunks {
  #bytes
  #ends

  constructor(bytes, lengths) {
    let end = 0
    this.#bytes = bytes
    this.#ends = lengths.map((length) => (end += length))
  }

  get length() {
    return this.#ends.length
  }

  at(index) {
    return this.#bytes.subarray(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index])
  }

  *[Symbol.iterator]() {
    for (let index = 0; index < this.length; index += 1) yield this.at(index)
  }
}

export function sizeOf(bytes) {
  return bytes >= MB ? `${bytes / MB} MB` : `${bytes / KB} KB`
}
