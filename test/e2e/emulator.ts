/** A server on loopback that answers each request with the same bytes, in two pieces, for the official SDKs to read. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dialect } from '../../src/message.ts'
import { parseRecording } from '../../src/recording/format.ts'

export interface Emulator {
  readonly url: string
  close(): Promise<void>
}

export async function serve(body: Uint8Array, contentType: string): Promise<Emulator> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(200, { 'content-type': contentType })
      const middle = Math.floor(body.length / 2)
      response.write(body.subarray(0, middle), () => response.end(body.subarray(middle)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** The bytes of a recording. */
export function bodyOf(dialect: Dialect, name: string): Uint8Array {
  const file = `recordings/${dialect}/${name}.recording`
  const { chunks } = parseRecording(readFileSync(file, 'utf8'), { name: file })
  return Uint8Array.from(chunks.flatMap(({ bytes }) => [...bytes]))
}
