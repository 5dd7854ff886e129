/** One of the servers of `clients.mjs`, in a process of its own. Tells its address, and at the end the most memory that it held. */
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { chunkOf, CHUNKS, loadNode } from './clients-stream.mjs'

const { role, dist, upstream, folder } = JSON.parse(process.argv[2])
const GAP_MS = 10

async function answer(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const question = JSON.parse(Buffer.concat(chunks)).messages[0].content
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let number = 0; number < CHUNKS; number += 1) {
    response.write(chunkOf(question, number, performance.timeOrigin + performance.now()))
    await wait(GAP_MS)
  }
  response.end()
}

async function start() {
  if (role === 'server') {
    const server = createServer((request, response) => void answer(request, response))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { url: `http://127.0.0.1:${server.address().port}`, close: async () => server.close() }
  }
  const { recordingFolder, startRecorder, startReplay } = await loadNode(dist)
  if (role === 'replay') return startReplay({ recordings: [folder] })
  const sink = recordingFolder(folder)
  const recorder = await startRecorder({ upstream, sink })
  return { url: recorder.url, close: () => recorder.close().then(() => sink.close()) }
}

const server = await start()
const stop = async () => {
  await server.close()
  process.send({ rssMb: Math.round(process.resourceUsage().maxRSS / 1024) }, () => process.exit(0))
}
process.on('message', () => void stop())
process.send({ url: server.url })
