/**
 * How long a text of 100,000 tokens takes, against the floor: decode, split and JSON.parse of the same bytes. One process, contenders
 * interleaved, medians, natural garbage collection. `npm run bench` builds first.
 */
import Anthropic from '@anthropic-ai/sdk'
import { assemble, createAssembler, fold } from '../dist/index.js'

const TOKENS = 100_000
const ROUNDS = 9
const CHUNK = 1400

const event = (payload) => `event: ${payload.type}\ndata: ${JSON.stringify(payload)}\n\n`
const body = [
  event({
    type: 'message_start',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], usage: {} },
  }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  ...Array.from({ length: TOKENS }, (_, i) =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ` tok${i % 997}` } }),
  ),
  event({ type: 'content_block_stop', index: 0 }),
  event({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: TOKENS },
  }),
  event({ type: 'message_stop' }),
].join('')
const bytes = new TextEncoder().encode(body)
const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, i) =>
  bytes.subarray(i * CHUNK, (i + 1) * CHUNK),
)

function stream() {
  let at = 0
  return new ReadableStream(
    { pull: (to) => (at < chunks.length ? to.enqueue(chunks[at++]) : to.close()) },
    { highWaterMark: 0 },
  )
}

function parsed() {
  const utf8 = new TextDecoder()
  const payloads = []
  let rest = ''
  for (const chunk of chunks) {
    const text = rest + utf8.decode(chunk, { stream: true })
    let start = 0
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n', start)) {
      payloads.push(JSON.parse(text.slice(text.indexOf('data: ', start) + 6, end)))
      start = end + 2
    }
    rest = text.slice(start)
  }
  return payloads
}

const client = new Anthropic({
  apiKey: 'none',
  maxRetries: 0,
  fetch: async () => new Response(stream(), { headers: { 'content-type': 'text/event-stream' } }),
})
const params = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }] }

const contenders = {
  'floor: decode, split, JSON.parse': parsed,
  'floor and createAssembler': () => {
    const assembler = createAssembler({ dialect: 'anthropic-messages' })
    for (const payload of parsed()) assembler.receive(payload)
    assembler.end({ kind: 'complete' })
    return assembler.message()
  },
  'fold(stream)': () => fold(stream()),
  'for await of assemble(stream)': async () => {
    const turn = assemble(stream())
    for await (const _event of turn);
    return turn.message()
  },
  'SDK: messages.create, events only': async () => {
    for await (const _event of await client.messages.create({ ...params, stream: true }));
  },
  'SDK: messages.stream, finalMessage': () => client.messages.stream(params).finalMessage(),
}

const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
for (let round = 0; round < ROUNDS + 2; round += 1) {
  for (const [name, run] of Object.entries(contenders)) {
    const start = performance.now()
    await run()
    if (round >= 2) times[name].push(performance.now() - start)
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const floor = median(Object.values(times)[0])
console.log(
  `${TOKENS} tokens, ${(bytes.length / 1e6).toFixed(1)} MB in chunks of ${CHUNK} bytes, node ${process.version}, median of ${ROUNDS}\n`,
)
for (const [name, values] of Object.entries(times)) {
  console.log(
    `${name.padEnd(36)} ${median(values).toFixed(0).padStart(6)} ms  ${(median(values) / floor).toFixed(2).padStart(6)} × floor`,
  )
}
