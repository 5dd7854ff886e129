/**
 * I10: streams that never end, each with as much as possible of one thing (`bench/hostile-streams.mjs`), in a process with a small heap: what
 * exceeds a limit is ended by it, and nothing is held beyond what the limits allow.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../src/limits.ts'

/** What `bench/hostile-child.mjs` says of a stream that never ends. */
interface Hostile {
  readonly says: string
  readonly dialect?: string
  /** The limit that is to end it, `the last event`, or `nothing`. */
  readonly expected: string
  /** The limit that ended it, or else the outcome. */
  readonly ended: string
  readonly fedBytes: number
  readonly heldBytes: number
  readonly ceilingBytes: number
}

const HEAP_MB = 64

describe('streams that never end, in a process with a small heap', () => {
  const rows: Hostile[] = []
  let exit: Exit | undefined

  beforeAll(async () => {
    // The package as it was built: `npm test` builds it first.
    const root = fileURLToPath(new URL('..', import.meta.url))
    exit = await runHostile(root, ['--expose-gc', `--max-old-space-size=${HEAP_MB}`], {
      dist: `${root}dist`,
      scale: 0.5,
    })
    for (const line of exit.out.split('\n').filter(Boolean)) rows.push(JSON.parse(line))
  }, 240_000)

  it('I10: none of them ends the process', () => {
    expect(exit?.err).toBe('')
    expect(exit?.code).toBe(0)
    expect(rows.length).toBeGreaterThan(120)
  })

  it('I10: each is ended by its limit, if it exceeds one, and holds no more than a stream of its kind may', () => {
    const faults = rows.flatMap((row) => {
      const fault = faultOf(row)
      return fault === undefined ? [] : [{ name: nameOf(row), fault }]
    })
    expect(faults).toEqual([])
  })

  it('is no longer asked for anything once the last event was seen', () => {
    const over = rows.filter(({ expected }) => expected === LAST_EVENT)
    expect(over.length).toBeGreaterThan(0)
    for (const { fedBytes } of over) expect(fedBytes).toBeLessThan(10_000)
  })
})

const LAST_EVENT = 'the last event'

const LIMITS: ReadonlySet<string> = new Set(Object.keys(DEFAULT_LIMITS))

function faultOf({ expected, ended, heldBytes, ceilingBytes }: Hostile): string | undefined {
  const isRight = LIMITS.has(expected) ? ended === expected : !LIMITS.has(ended)
  if (!isRight) return `ended by ${ended}, not by ${expected}`
  return heldBytes > ceilingBytes ? `${heldBytes} bytes were held, not ${ceilingBytes}` : undefined
}

function nameOf({ dialect = 'bytes', says }: Hostile): string {
  return `${dialect}: ${says}`
}

interface Exit {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function runHostile(root: string, flags: readonly string[], parameters: object): Promise<Exit> {
  const child = spawn(process.execPath, [...flags, `${root}bench/hostile-child.mjs`, JSON.stringify(parameters)])
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}
