/** How a connection ends, in every dialect: it says nothing about whether the message has. */
import { describe, expect, it } from 'vitest'
import { assemble } from '../../src/turn.ts'
import { sse, SHORT_STREAMS, streamOf } from '../support/streams.ts'

const BODIES = SHORT_STREAMS.map(({ dialect, events }) => ({
  dialect,
  pieces: events('m', ['Good ', 'morning']).map((event) => sse(event)),
}))

describe.each(BODIES)('a stream of $dialect', ({ pieces }) => {
  it('quirk 1.17: that is closed cleanly before its stop reason is cut, with all that came', async () => {
    // What comes from its stop reason on: a last event, or a finish reason, counts and a mark.
    const isStop = (piece: string): boolean => /end_turn|"finish_reason":"stop"|response\.completed/.test(piece)
    const until = pieces.findIndex(isStop)
    expect(until).toBeGreaterThan(2)
    for (let count = 1; count <= until; count += 1) {
      const message = await assemble(streamOf(pieces.slice(0, count)).body).message()
      expect(message.outcome.kind, `${count} events`).toBe('truncated')
    }
    const last = await assemble(streamOf(pieces.slice(0, until)).body).message()
    expect(last.outcome).toMatchObject({ by: 'eof', error: { retryable: true } })
    expect(last.content).toMatchObject([{ type: 'text', text: 'Good morning' }])
  })

  it('quirk 1.18: that stays open after its last event is over, and is let go', async () => {
    const { body, seen } = streamOf(pieces, 'stall')
    const message = await assemble(body).message()
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(seen.cancelled).toBe(true)
  })
})
