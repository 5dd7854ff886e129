/** What a recorder is doing, for who looks at a terminal. */
import process from 'node:process'
import { counted } from '../compare/units.ts'
import type { RecorderEvent } from '../node/record-proxy.ts'
import type { Console } from './command.ts'
import { preview } from './terminal.ts'

export interface Progress {
  event(event: RecorderEvent): void
  clear(): void
}

interface Running {
  readonly path: string
  readonly status: number
  readonly since: number
  bytes: number
  chunks: number
}

/** A line for each stream, rewritten while it comes, on a terminal; nothing in a pipe. */
export function progress({ paint, width }: Console): Progress {
  const { stderr } = process
  if (!stderr.isTTY) return { event: () => undefined, clear: () => undefined }
  const running = new Map<number, Running>()
  const clear = (): void => void stderr.write('\r\u001b[2K')
  const lineOf = ({ path, status, since, bytes, chunks }: Running): string => {
    const seconds = ((performance.now() - since) / 1000).toFixed(1)
    return preview(`${status} ${path}: ${counted(chunks, 'chunk')}, ${counted(bytes, 'byte')}, ${seconds} s`, width - 1)
  }
  return {
    clear,
    event(event) {
      if (event.kind === 'answered') {
        const { path, status } = event
        running.set(event.order, { path, status, since: performance.now(), bytes: 0, chunks: 0 })
      }
      const stream = running.get(event.order)
      if (stream === undefined || event.kind === 'not_recorded') return
      if (event.kind === 'chunk') {
        stream.chunks += 1
        stream.bytes += event.bytes
      }
      clear()
      stderr.write(paint('dim', lineOf(stream)))
      if (event.kind !== 'ended') return
      stderr.write('\n')
      running.delete(event.order)
    },
  }
}
