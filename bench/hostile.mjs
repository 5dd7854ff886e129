/**
 * How much memory a stream makes onefold hold that never ends: hostile-streams.mjs in a process with a small heap. One that kills the process
 * is a row too, and the rest is measured in another process.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { HOSTILE } from './hostile-streams.mjs'

const CHILD = new URL('hostile-child.mjs', import.meta.url).pathname
export const HEAP_MB = 128

/** @returns a row a stream: `ended`, the limit or the outcome; `limit`, how large that limit is; `fedBytes`, `heldBytes`, `ceilingBytes`, or `isDead` */
export async function measureHostile({ quick, dist }) {
  const rows = []
  while (rows.length < HOSTILE.length) {
    const { code, tail } = await run({ dist, scale: quick ? 0.5 : 2, from: rows.length }, rows)
    if (rows.length === HOSTILE.length || code === 0) break
    const { says, dialect, holds } = HOSTILE[rows.length]
    if (!tail.includes('heap out of memory')) throw new Error(`${says}: ${tail}`)
    rows.push({ says, dialect, holds, isDead: true })
  }
  return rows
}

async function run(parameters, rows) {
  const flags = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`]
  const child = spawn(process.execPath, [...flags, CHILD, JSON.stringify(parameters)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let tail = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (tail = (tail + text).slice(-4000)))
  const code = new Promise((resolve) => child.on('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) rows.push(JSON.parse(line))
  return { code: await code, tail }
}

/** Whether the process died of it, or it held more than a stream of its kind may. */
export function isBeyond({ isDead, heldBytes, ceilingBytes }) {
  return isDead === true || heldBytes > ceilingBytes
}

/** What was held for each unit of the limit that ended the turn; undefined where none did. */
export function perUnit({ heldBytes, limit }) {
  return limit === undefined || heldBytes === undefined ? undefined : heldBytes / limit
}
