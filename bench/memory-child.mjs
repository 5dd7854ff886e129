/**
 * One figure of memory.mjs, as JSON on standard output. `open`: bytes a stream, from many that stay open at once, after garbage
 * collection. `peak`: at most how much above idle, as the system sees it while garbage is collected when the runtime wants to, and what
 * is alive, from a second pass that collects at every look.
 */
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { loadOnefold } from './contenders/onefold.mjs'
import { append } from './floors.mjs'

const CHUNK_LENGTH = 1400
/** Streams that are open before counting starts: what is needed once is theirs. */
const WARM = 200

const { what, state, contender, dialect, body, dist, quick } = JSON.parse(process.argv[2])
const { assemble } = await loadOnefold(dist)
const bytes = readFileSync(body)
const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_LENGTH) }, (_, i) =>
  bytes.subarray(i * CHUNK_LENGTH, (i + 1) * CHUNK_LENGTH),
)
/** Whatever is open stays so. */
const kept = []
const result = what === 'open' ? await measureOpen(quick ? 500 : 2000) : await measurePeak()
process.stdout.write(JSON.stringify(result))
// Nobody ends the streams that are open.
process.exit(0)

async function measureOpen(count) {
  const given = state === 'before the first byte' ? [] : chunks.slice(0, 6)
  const open = () => {
    const stream = openStream(given)
    if (contender === 'stream') kept.push(stream, readOn(stream.getReader()))
    else {
      const turn = assemble(stream, { dialect })
      kept.push(turn, contender === 'events' ? iterate(turn) : turn.message())
    }
  }
  for (let i = 0; i < WARM; i += 1) open()
  const before = await alive()
  for (let i = 0; i < count; i += 1) open()
  const after = await alive()
  return { streams: count, bytesPerStream: Math.round((after - before) / count) }
}

/** The chunks, with a look at the memory now and then. */
function* watched(look, take) {
  for (const [i, chunk] of chunks.entries()) {
    if (i % look === 0) take()
    yield chunk
  }
}

/** Gives some chunks, and then keeps its reader waiting. */
function openStream(given) {
  let at = 0
  return new ReadableStream(
    { pull: (to) => (at < given.length ? to.enqueue(given[at++]) : new Promise(() => undefined)) },
    { highWaterMark: 0 },
  )
}

async function readOn(reader) {
  while (!(await reader.read()).done);
}

async function iterate(turn) {
  for await (const _event of turn);
}

async function measurePeak() {
  const contenders = {
    stream: (stream) => readOn(stream.getReader()),
    message: (stream) => assemble(stream, { dialect }).message(),
    events: (stream) => iterate(assemble(stream, { dialect })),
  }
  const idle = { resident: await resident(), alive: await alive() }
  const most = { resident: 0, alive: 0 }
  const pass = async (look, take) => {
    const source = watched(look, take)
    if (contender === 'L3') append(source, dialect)
    else {
      const next = (to) => {
        const { done, value } = source.next()
        if (done) to.close()
        else to.enqueue(value)
      }
      await contenders[contender](new ReadableStream({ pull: next }, { highWaterMark: 0 }))
    }
    take()
  }
  await pass(16, () => {
    most.resident = Math.max(most.resident, process.memoryUsage.rss())
  })
  await pass(256, () => {
    globalThis.gc()
    most.alive = Math.max(most.alive, used())
  })
  return {
    peakBytes: most.resident - idle.resident,
    aliveBytes: most.alive - idle.alive,
  }
}

async function resident() {
  await alive()
  return process.memoryUsage.rss()
}

async function alive() {
  for (let i = 0; i < 4; i += 1) {
    await setImmediate()
    globalThis.gc()
  }
  return used()
}

function used() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
