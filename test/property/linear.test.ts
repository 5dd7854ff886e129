/** I10 in every dialect, and in the machine itself: how is said in `patience.ts`. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { append, begin, call, close, list, malformed, open, optionsOf, snapshot, stop } from '../support/operations.ts'
import { assembled, cut, foldAll, patiently, textOf, times } from '../support/patience.ts'
import { PLAIN, scriptWith, type BlockSpec, type CallSpec, type Manner } from '../support/script.ts'
import { payloads, type ProviderEvent, type Sent, type Wire } from '../support/wire.ts'
import { WIRES, WIRES_WITH_BEGIN } from '../support/wires.ts'

function sentOf(wire: Wire, blocks: readonly BlockSpec[], manner: Partial<Manner> = {}): Sent[] {
  return wire.write(scriptWith(blocks, wire.callsStop), { ...PLAIN, ...manner })
}

/** All that opens first, then all that comes, then all that closes. */
function atOnce(sent: readonly Sent[]): ProviderEvent[] {
  const rank = (does: Sent['does']): number => ['begin', 'filler', 'opening', 'delta', 'closing'].indexOf(does)
  const place = (one: Sent): number => (rank(one.does) === -1 ? 9 : rank(one.does))
  return payloads(sent.toSorted((a, b) => place(a) - place(b)))
}

const callOf = (at: number, input: CallSpec['input'] = { a: 1 }): CallSpec => ({
  kind: 'call',
  by: 'client',
  id: `call_${at}`,
  name: 'f',
  input,
  sent: 'deltas',
})

describe.each(WIRES)('I10: time grows with the bytes of $dialect, not with their square', (wire) => {
  const { dialect } = wire
  const text = (words: number): BlockSpec => ({ kind: 'text', text: 'word '.repeat(words) })

  it('in 100,000 deltas of a text', () => {
    const message = foldAll(payloads(sentOf(wire, [text(100_000)], { cuts: [5] })), { dialect })
    expect(textOf(message)).toHaveLength(500_000)
  })

  it('in 1 MB of tool input in deltas of 20 characters that is looked at after each of them', () => {
    const input = { path: 'a.txt', lines: times(40_000, (at) => `this is line ${at}`) }
    const fold = new Fold({ dialect })
    let looks = 0
    for (const { event, does } of patiently(sentOf(wire, [callOf(0, input)], { cuts: [20] }))) {
      fold.receive(event)
      if (does === 'delta' && fold.partialInput(0).value !== undefined) looks += 1
    }
    expect(looks).toBeGreaterThan(40_000)
    expect(fold.partialInput(0).isComplete).toBe(true)
    fold.end({ kind: 'complete' })
    expect(fold.messages[0]?.content).toMatchObject([{ state: 'complete', arguments: JSON.stringify(input) }])
  })

  it('in 4 MB of tool input, one string, in deltas of 100 characters', () => {
    const sent = sentOf(wire, [callOf(0, { content: 'x'.repeat(4_000_000) })], { cuts: [100] })
    expect(foldAll(payloads(sent), { dialect }).content).toMatchObject([{ state: 'complete' }])
  })

  it('in 20,000 calls, one after the other or all at once', () => {
    const sent = sentOf(
      wire,
      times(20_000, (at) => callOf(at)),
    )
    const inTurn = foldAll(payloads(sent), { dialect })
    expect(inTurn.content).toHaveLength(20_000)
    // As text: comparing so many blocks as objects takes longer than folding them.
    expect(JSON.stringify(foldAll(atOnce(sent), { dialect }).content) === JSON.stringify(inTurn.content)).toBe(true)
  })

  it('in 20,000 times the same call', () => {
    const sent = sentOf(
      wire,
      times(20_000, () => callOf(0)),
    )
    expect(foldAll(payloads(sent), { dialect }).content).toHaveLength(1)
  })

  it('in 100,000 citations', () => {
    const citations = times(100_000, (at) => ({ at: 1, citation: { at } }))
    const message = foldAll(payloads(sentOf(wire, [{ kind: 'text', text: 'a', citations }])), { dialect })
    expect(message.content[0]).toMatchObject({ citations: expect.objectContaining({ length: 100_000 }) })
  })

  it('in the stop reason and the last event, 100,000 times', () => {
    const sent = sentOf(wire, [text(1000), callOf(1)], { cuts: [5] })
    const stops = sent.filter(({ does }) => does === 'stop' || does === 'end')
    const message = foldAll([...payloads(sent), ...times(100_000, () => payloads(stops)).flat()], { dialect })
    expect(message.outcome).toEqual({ kind: 'complete' })
  })
})

describe.each(WIRES_WITH_BEGIN)('I10: time grows with the bytes of $dialect that is sent again', (wire) => {
  const { dialect } = wire
  const textSent = (texts: readonly string[], size = 100): Sent[] =>
    sentOf(
      wire,
      texts.map((text) => ({ kind: 'text', text })),
      { cuts: [size] },
    )
  const beginning = (sent: readonly Sent[]): ProviderEvent[] =>
    payloads(
      sent.slice(
        0,
        sent.findIndex(({ does }) => does === 'stop' || does === 'end'),
      ),
    )

  it('in 50,000 times its first event, and in 50,000 of other messages', () => {
    const sent = textSent(['hi'])
    const [first] = payloads(sent)
    const again = foldAll([...beginning(sent), ...times(50_000, () => first), ...payloads(sent).slice(-2)], { dialect })
    expect(textOf(again)).toBe('hi')
    expect(again.anomalies.length).toBeLessThanOrEqual(101)
    const others = foldAll(
      times(50_000, (at) => wire.write({ ...scriptWith([]), id: `msg_${at}` }, PLAIN)[0]?.event),
      { dialect },
    )
    expect(others.id).toBe('msg_49999')
    expect(others.anomalies.length).toBeLessThanOrEqual(101)
  })

  it('in 20,000 replays of the prefix of a small stream', () => {
    const sent = textSent(['one ', 'two'])
    const message = foldAll([...times(20_000, () => beginning(sent)).flat(), ...payloads(sent)], { dialect })
    expect(textOf(message)).toBe('one two')
    expect(message.anomalies.length).toBeLessThanOrEqual(101)
    expect(message.attempt).toBe(1)
  })

  it('in 20,000 messages that are generated anew', () => {
    const anew = times(20_000, (at) => beginning(textSent([`take ${at}`])))
    const message = foldAll([...anew.flat(), ...payloads(textSent(['last']))], { dialect })
    expect(textOf(message)).toBe('last')
    expect(message.anomalies.length).toBeLessThanOrEqual(101)
  })

  it('in 5,000 messages one after the other', () => {
    const messages = times(5000, (at) =>
      payloads(wire.write({ ...scriptWith([{ kind: 'text', text: `${at}` }, callOf(at)]), id: `msg_${at}` }, PLAIN)),
    )
    const fold = new Fold({ dialect, many: true })
    for (const event of patiently(messages.flat())) fold.receive(event)
    fold.end({ kind: 'complete' })
    expect(fold.messages).toHaveLength(5000)
  })

  it('in a text of 1 MB that is replayed whole, three times, in other pieces', () => {
    const text = 'It was a bright cold day. '.repeat(40_000)
    const all = [10, 7].flatMap((size) => beginning(textSent([text], size)))
    const message = foldAll([...all, ...payloads(textSent([text], 13))], { dialect })
    expect(textOf(message)).toBe(text)
    expect(message.attempt).toBe(1)
  })

  it('in a text that is replayed and goes on, again and again', () => {
    const all = times(400, (at) => beginning(textSent(['word '.repeat(at + 1)], 5)).slice(0, at + 4))
    const message = foldAll([...all.flat(), ...payloads(textSent(['word '.repeat(400)]))], { dialect })
    expect(textOf(message)).toBe('word '.repeat(400))
  })
})

describe('I10: time grows with the operations, not with their square', () => {
  it('in 100,000 blocks where no more are allowed than that', () => {
    const operations = [begin('m'), ...times(100_000, (at) => open(String(at), 'text'))]
    const options = optionsOf({ limits: { blocks: 100_000 }, isLive: false })
    expect(assembled(options, operations).message).toMatchObject({ outcome: { kind: 'truncated' } })
    expect(assembled(options, [...operations, open('one more', 'text')]).message).toMatchObject({
      outcome: { kind: 'failed', error: { class: 'limit' } },
    })
  })

  it('in 20,000 calls, and in 20,000 times the same call', () => {
    const calls = (id: (at: number) => string) => times(20_000, (at) => call(String(at), id(at), 'f', '{"a":1}')).flat()
    const options = optionsOf({ limits: { blocks: 100_000 } })
    expect(assembled(options, [begin('m'), ...calls(String), stop('tool_calls')]).handedOut).toBe(20_000)
    expect(assembled(options, [begin('m'), ...calls(() => 'same'), stop('tool_calls')]).handedOut).toBe(1)
  })

  it('in 100,000 items, and in 1,000,000 that come whole', () => {
    const operations = [begin('m'), open('0', 'text'), ...times(100_000, () => list('0', 'text', 'i')), close('0')]
    expect(assembled(optionsOf(), operations).message.content[0]).toMatchObject({
      citations: expect.objectContaining({ length: 100_000 }),
    })
    const items = times(1_000_000, () => 'i')
    const whole = [begin('m'), { ...snapshot('0', 'text', 'x'), items }, close('0')]
    expect(assembled(optionsOf(), whole).message.content[0]).toMatchObject({
      citations: expect.objectContaining({ length: 1_000_000 }),
    })
  })

  it('in 10,000 stops after a call of 1 MB that is invalid', () => {
    const text = `[${'1,'.repeat(500_000)}1]`
    const operations = [
      begin('m'),
      open('0', 'tool_call', { id: 'x', name: 'f' }),
      append('0', 'tool_call', text),
      close('0'),
      ...times(10_000, () => stop('tool_calls')),
    ]
    expect(assembled(optionsOf(), operations).message.content).toMatchObject([{ state: 'invalid' }])
  })

  const manyBlocks = [begin('m'), ...times(100_000, (at) => [open(String(at), 'text'), close(String(at))]).flat()]
  const manyAllowed = optionsOf({ isLive: false, limits: { blocks: 100_000 } })

  it('in 100,000 stops after 100,000 blocks', () => {
    const { message } = assembled(manyAllowed, [...manyBlocks, ...times(100_000, () => stop('end_turn'))])
    expect(message.content).toHaveLength(100_000)
  })

  it('in 100,000 malformed events after 100,000 blocks', () => {
    const { message } = assembled(manyAllowed, [...manyBlocks, ...times(100_000, () => malformed)])
    expect(message.content).toHaveLength(100_000)
  })

  it('in a text of 5 MB that is looked at as JSON after each delta', () => {
    const text = JSON.stringify({ content: 'x'.repeat(5_000_000) })
    const operations = [begin('m'), open('0', 'text'), ...cut(text, 100).map((piece) => append('0', 'text', piece))]
    expect(assembled(optionsOf(), operations).message.content).toMatchObject([{ text }])
  })
})
