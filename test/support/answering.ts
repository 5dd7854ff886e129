/** Servers on loopback that remember what they were asked, and answer as a test wants it. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseJson, type JsonValue } from '../../src/json.ts'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: JsonValue | undefined
}

export interface Answering {
  readonly url: string
  readonly seen: readonly Seen[]
  close(): Promise<void>
}

export async function answering(answer: (asked: Seen, response: ServerResponse) => void): Promise<Answering> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const asked = { method, path, headers, body: parseJson(Buffer.concat(pieces).toString()) }
      seen.push(asked)
      answer(asked, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
