/**
 * Feeds onefold the streams of hostile-streams.mjs, one after the other, and says of each how it ended and how much memory it held at most:
 * what is alive after a collection, looked at while the stream goes on and once more when the message is there. One line of JSON each, so
 * that whoever started this process with a small heap knows which stream it died of.
 *
 * Its argument, as JSON: `dist`, the build of onefold; `scale`, how large the limits are; `from`, the stream to begin with.
 */
import { setImmediate } from 'node:timers/promises'
import { loadOnefold } from './contenders/onefold.mjs'
import { HostileBody } from './hostile-body.mjs'
import { HOSTILE } from './hostile-streams.mjs'

const KI = 1024
/** What the process itself needs more or less, its compiled code above all. */
const SLACK = 1024 * KI

const { dist, scale = 1, from = 0 } = JSON.parse(process.argv[2])
const { assemble, createAssembler } = await loadOnefold(dist)

const small = 16 * KI * scale
const large = 64 * KI * scale
const rest = { blocks: Math.ceil(200 * scale), choices: 4, messages: Math.ceil(200 * scale), anomalies: 100 }
/**
 * `fed`: so many bytes of a stream are enough, where nothing ends it before. `ceiling`: so many bytes may be held for each character that
 * the limits allow; a string of one character is a hundred bytes of objects, a long one is its characters.
 */
const KINDS = {
  small: { limits: { eventLength: small, messageLength: small, ...rest }, fed: 128 * small, ceiling: 128 },
  large: { limits: { eventLength: large, messageLength: large, ...rest }, fed: 48 * large, ceiling: 8 },
  nothing: { limits: { eventLength: small, messageLength: small, ...rest }, fed: 1_500_000, ceiling: 0 },
}

for (const [at, stream] of HOSTILE.entries()) {
  if (at < from) continue
  // What is compiled and learned on the way is no part of the stream.
  await feed(stream, 1 / 16, false)
  process.stdout.write(`${JSON.stringify({ at, ...(await feed(stream, 1)) })}\n`)
}

async function feed(stream, share, isLookedAt = true) {
  const { dialect, says, holds, ends = 'nothing', read, options } = stream
  const { limits, fed, ceiling } = KINDS[holds]
  const body = new HostileBody(stream, limits.eventLength, fed * share)
  const before = await alive()
  let held = 0
  const look = async () => {
    if (!isLookedAt) return
    held = Math.max(held, (await alive()) - before)
  }
  const all = { ...(dialect === undefined ? {} : { dialect }), limits, ...options }
  const message = read === 'by hand' ? await byHand(body, all, look) : await byTurn(body, all, look, read)
  // It is held until here.
  const ended = endOf(message)
  return {
    says,
    dialect,
    holds,
    expected: ends,
    ended,
    limit: limits[ended],
    fedBytes: body.bytes,
    heldBytes: Math.max(0, held),
    ceilingBytes: ceiling * limits.messageLength + SLACK,
  }
}

async function byTurn(body, options, look, read) {
  const source = new ReadableStream(
    {
      async pull(to) {
        const chunk = body.nextChunk()
        if (chunk === undefined || body.isToLookAt()) await look()
        if (chunk === undefined) turn.abort('enough')
        else to.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )
  const turn = assemble(source, options)
  const unread = read === 'unread' ? turn[Symbol.asyncIterator]() : undefined
  if (unread === undefined) for await (const _event of turn);
  const message = (await turn.messages()).at(-1)
  await look()
  await unread?.return()
  return message
}

async function byHand(body, options, look) {
  const assembler = createAssembler(options)
  for (let event = body.nextEvent(); event !== undefined; event = body.nextEvent()) {
    assembler.receive(event)
    if (body.isToLookAt()) await look()
  }
  assembler.end({ kind: 'aborted', by: 'caller' })
  await look()
  return assembler.message()
}

/** The limit that ended it, or else its outcome. */
function endOf({ outcome }) {
  if (outcome.kind !== 'failed') return outcome.kind
  const { message, class: kind } = outcome.error
  if (kind !== 'limit') return kind
  if (/one event/u.test(message)) return 'eventLength'
  return ['blocks', 'choices', 'messages'].find((name) => message.includes(name)) ?? 'messageLength'
}

async function alive() {
  // The second one finds what the first one has let go.
  for (let i = 0; i < 2; i += 1) {
    await setImmediate()
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
