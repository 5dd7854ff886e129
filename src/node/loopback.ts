/** A server that only this machine reaches. What listens here answers for a provider, so nothing but a program of this machine may ask it. */
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import { Socket } from 'node:net'
import { MisuseError } from '../errors.ts'
import { isLoopbackHost } from '../headers.ts'
import { wordOf } from '../json.ts'
import { errorBody } from '../recording/made.ts'

/** Bodies of requests that are larger are refused. */
export const LARGEST_REQUEST: number = 64 * 1024 * 1024

/** Bytes of headers that a request or a response may have. Cookies and gateways have more than the 16 KiB that Node would take. */
export const LARGEST_HEADERS: number = 256 * 1024

export interface LoopbackServer {
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  /** Ends the connections that are open, too. */
  close(): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Listens on 127.0.0.1 (port 0: one that is free) and hands each request on whose Host header is loopback; others are refused with 403,
 * since a page in a browser can reach this port under a name of its own. What the handler throws becomes a 500, or breaks the connection
 * where an answer has begun. Throws `MisuseError` (`port_in_use`, `bad_option` for a port that is none).
 */
export async function listen(handler: Handler, port = 0): Promise<LoopbackServer> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new MisuseError(
      'bad_option',
      `port: ${wordOf(port)} is no port; it is a number from 1 to 65535, or 0 for one that is free`,
    )
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (!isLoopbackHost(request.headers.host ?? '')) {
      refuse(response, 403, 'this server answers only under a name of this machine, such as 127.0.0.1')
      request.resume()
      return
    }
    handler(request, response).catch((error: unknown) => {
      refuse(response, 500, error instanceof Error ? error.message : String(error))
    })
  }
  const server = createServer({ maxHeaderSize: LARGEST_HEADERS }, answer)
  // Whoever takes this for a proxy of everything is answered as well.
  server.on('connect', (request, socket) => {
    socket.on('error', () => undefined)
    if (!(socket instanceof Socket)) return
    const response = new ServerResponse(request)
    response.assignSocket(socket)
    response.once('finish', () => socket.end())
    answer(request, response)
  })
  // Streams stand still for as long as they like.
  server.requestTimeout = 0
  server.headersTimeout = 60_000
  await bound(server, port)
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function bound(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE' || error.code === 'EACCES'
      const reason = error.code === 'EACCES' ? 'may not be used by this user' : 'is in use by another program'
      const what = `port ${port} ${reason}; name another with --port, or none for one that is free`
      reject(isTaken ? new MisuseError('port_in_use', what, { cause: error }) : error)
    })
    server.listen(port, '127.0.0.1', resolve)
  })
}

/** Answers with an error that official SDKs understand; breaks the connection if an answer has begun. */
export function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.socket?.resetAndDestroy()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(errorBody(status, message)))
}

/** The body of a request; undefined if it is larger than `LARGEST_REQUEST`. Throws if the client breaks off. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop must not close the connection: there is an answer to give.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.length
    if (size > LARGEST_REQUEST) {
      request.resume()
      return undefined
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
