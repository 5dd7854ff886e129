/** I10 on the way from bytes to events: what holds is said in `patience.ts`. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { cut, decode, sse, textOf, times } from '../support/patience.ts'
import { PLAIN, scriptWith } from '../support/script.ts'
import { payloads } from '../support/wire.ts'
import { anthropicWire } from '../support/wires.ts'

const LIMIT = 16 * 1024 * 1024

function finish(fold: Fold) {
  fold.end({ kind: 'complete' })
  return fold.messages[0] ?? expect.fail('there is no message')
}

const write = (text: string, size: number) =>
  payloads(anthropicWire.write(scriptWith([{ kind: 'text', text }], 'end_turn'), { ...PLAIN, cuts: [size] }))

describe('I10: time grows with the bytes, not with their square', () => {
  it('in a stream of 5 MB whose lines end with CR, in one chunk and in many', () => {
    const body = sse(...write('word '.repeat(50_000), 5)).replaceAll('\n', '\r')
    expect(body.length).toBeGreaterThan(4_500_000)
    for (const size of [body.length, 1000]) {
      const fold = new Fold({ dialect: 'anthropic-messages' })
      for (const chunk of cut(body, size)) fold.push(chunk)
      expect(textOf(finish(fold))).toHaveLength(250_000)
    }
  })

  it('in one data line of 4 MB that comes in single characters', () => {
    expect(decode(`data: ${JSON.stringify('x'.repeat(4_000_000))}\n\n`, LIMIT)).toEqual(['event'])
  })

  it('in one JSON document of 1 MB on one line that comes in single characters', () => {
    expect(decode(JSON.stringify({ text: 'x'.repeat(1_000_000) }), LIMIT)).toEqual(['payload'])
  })

  it('in a JSON document of 1 MB on many lines that comes in single characters', () => {
    expect(decode(JSON.stringify({ items: times(50_000, (at) => ({ at })) }, null, 1), LIMIT)).toEqual(['payload'])
  })

  it('in a body of 5 MB without a line end, in chunks of 1 KB', () => {
    expect(decode(cut('x'.repeat(5_000_000), 1024), LIMIT)).toEqual(['body'])
    expect(decode(cut(`{"a":"${'x'.repeat(5_000_000)}`, 1024), LIMIT)).toEqual(['cut'])
  })

  it('in an endless line, of which no more than the limit is kept', () => {
    for (const start of ['data: ', ': ', 'x', '{"a":"', 'event: ', 'id: ']) {
      const chunks = times(20_000, (at) => (at === 0 ? start : 'x'.repeat(1000)))
      expect(decode(chunks, 100_000), start).toEqual(['too_long'])
    }
  })

  it('in a flood of comments, blank lines and pings', () => {
    const flood = `${': keepalive\n\n'.repeat(200_000)}${'\n'.repeat(200_000)}${sse({ type: 'ping' }).repeat(50_000)}`
    const [start, open, ...rest] = write('hi', 5)
    const fold = new Fold({ dialect: 'anthropic-messages' })
    for (const chunk of [...cut(flood, 1000), sse(start, open), flood, sse(...rest)]) fold.push(chunk)
    const message = finish(fold)
    expect(textOf(message)).toBe('hi')
    expect(message.anomalies).toEqual([])
  })

  it('in a flood of lines that are no fields', () => {
    expect(decode(cut('what is this\n'.repeat(150_000), 1000), LIMIT)).toEqual(['body'])
    const late = `data: {"a":1}\n\n${'what is this\n'.repeat(150_000)}`
    expect(decode(cut(late, 1000), LIMIT)).toEqual(['event', 'cut'])
  })

  it('in an event of 200,000 data lines', () => {
    expect(decode(cut(`${'data: 1,\n'.repeat(200_000)}\n`, 100), LIMIT)).toEqual(['event'])
  })
})
