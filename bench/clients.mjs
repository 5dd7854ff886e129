/**
 * A hundred clients at once: through a recorder in front of a server, and at one replay server that has what was recorded. Every client
 * compares each byte with what is its own; nothing mixed up and nothing lost is the result, the times are the price. `node bench/clients.mjs`,
 * with `--quick` and `--dist` as `npm run bench`.
 */
import { fork } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bodyOf, CHUNKS, loadNode, questionOf, stampOf, timeless } from './clients-stream.mjs'
import { describeRun } from './machine.mjs'
import { median } from './measure.mjs'
import { readOptions } from './options.mjs'
import { clientsTable, plain } from './table.mjs'

const root = new URL('../', import.meta.url)
const CHILD = new URL('clients-child.mjs', import.meta.url)
const CLIENTS = 100
const ROUNDS = 5

/** @returns one row for each way: `way`, `clients`, `streams`, `wrong`, medians over the rounds of `ms`, `delayMs`, `lateMs`, the largest `rssMb` */
export async function measureClients({ quick, dist }) {
  const clients = quick ? 20 : CLIENTS
  const rounds = quick ? 1 : ROUNDS
  const folder = await mkdtemp(join(tmpdir(), 'onefold-clients-'))
  const children = []
  const start = async (role, settings) => {
    const child = await childOf({ role, dist, ...settings })
    children.push(child)
    return child
  }
  try {
    const server = await start('server', {})
    const recorder = await start('recorder', { upstream: server.url, folder })
    const ways = [
      { way: 'the server itself', url: server.url, figures: [] },
      { way: 'through `onefold record`', url: recorder.url, child: recorder, figures: [] },
    ]
    // One after the other in each round, so that whatever else the machine does meets both.
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) way.figures.push(await allAtOnce(way.url, clients, round))
    }
    const recorderMb = await recorder.stop()
    const files = (await readdir(folder)).filter((name) => name.endsWith('.recording'))
    const wrongFiles = await wrongIn(folder, files, { clients, rounds, dist })

    const replay = await start('replay', { folder })
    const replayed = []
    for (let round = 0; round < rounds; round += 1) replayed.push(await allAtOnce(replay.url, clients, round))
    const replayMb = await replay.stop()
    return [
      rowOf(ways[0].way, clients, ways[0].figures),
      { ...rowOf(ways[1].way, clients, ways[1].figures), files: files.length, wrongFiles, rssMb: recorderMb },
      // What is replayed was sent long ago.
      {
        ...rowOf('at `onefold replay --speed max`', clients, replayed),
        delayMs: undefined,
        lateMs: undefined,
        rssMb: replayMb,
      },
    ]
  } finally {
    for (const { kill } of children) kill()
    await rm(folder, { recursive: true, force: true })
  }
}

/** How many of the files are not exactly what the server sent to one client in one round, or are there twice. */
async function wrongIn(folder, files, { clients, rounds, dist }) {
  const { readRecordingFile } = await loadNode(dist)
  const open = new Set()
  for (let client = 0; client < clients; client += 1)
    for (let round = 0; round < rounds; round += 1) open.add(questionOf(client, round))
  let wrong = 0
  for (const file of files) {
    const { header, chunks, ending } = await readRecordingFile(join(folder, file))
    const question = header.request?.body?.messages?.[0]?.content
    const isFirst = open.delete(question)
    const body = timeless(Buffer.concat(chunks.map(({ bytes }) => bytes)))
    const isWhole = ending === 'eof' && chunks.length === CHUNKS && body === bodyOf(question)
    if (!isFirst || !isWhole) wrong += 1
  }
  return wrong + open.size
}

function rowOf(way, clients, figures) {
  const of = (name) => median(figures.map((figure) => figure[name]))
  return {
    way,
    clients,
    streams: figures.length * clients,
    wrong: figures.reduce((sum, { wrong }) => sum + wrong, 0),
    ms: of('ms'),
    delayMs: of('delayMs'),
    lateMs: of('lateMs'),
  }
}

async function allAtOnce(url, clients, round) {
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity })
  const start = performance.now()
  const asked = await Promise.all(
    Array.from({ length: clients }, (_, client) => ask(url, agent, questionOf(client, round))),
  )
  const ms = performance.now() - start
  agent.destroy()
  const delays = asked.flatMap(({ delays: own }) => own).toSorted((a, b) => a - b)
  const at = (share) => delays[Math.floor((delays.length - 1) * share)] ?? 0
  return { ms, wrong: asked.filter(({ isRight }) => !isRight).length, delayMs: at(0.5), lateMs: at(0.95) }
}

/** One client: what it got, and how long each chunk was under way. */
function ask(url, agent, question) {
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 9,
    stream: true,
    messages: [{ role: 'user', content: question }],
  })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-api-key': 'bench-key-0123456789',
  }
  return new Promise((resolve) => {
    const outgoing = request(`${url}/v1/messages`, { method: 'POST', agent, headers }, (response) => {
      const chunks = []
      const delays = []
      response.on('data', (chunk) => {
        const sentAt = stampOf(chunk)
        if (sentAt !== undefined) delays.push(performance.timeOrigin + performance.now() - sentAt)
        chunks.push(chunk)
      })
      response.on('end', () => {
        resolve({ isRight: timeless(Buffer.concat(chunks)) === bodyOf(question), delays })
      })
      response.on('error', () => resolve({ isRight: false, delays }))
    })
    outgoing.on('error', () => resolve({ isRight: false, delays: [] }))
    outgoing.end(body)
  })
}

async function childOf(settings) {
  const child = fork(CHILD, [JSON.stringify(settings)])
  const { url } = await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`${settings.role} ended with ${code}`)))
  })
  const stop = () =>
    new Promise((resolve) => {
      child.once('message', ({ rssMb }) => resolve(rssMb))
      child.send('stop')
    })
  return { url, stop, kill: () => child.kill() }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { quick, dist, isWhole } = readOptions(root)
  const about = await describeRun([], root)
  const rows = await measureClients({ quick, dist })
  console.log(plain(...clientsTable(rows)))
  if (isWhole) {
    await mkdir(new URL('results/', import.meta.url), { recursive: true })
    await writeFile(
      new URL('results/clients.json', import.meta.url),
      `${JSON.stringify({ ...about, chunks: CHUNKS, rows }, null, 2)}\n`,
    )
  }
}
