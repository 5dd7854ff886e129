/**
 * I10 without a measurement: each shape is so large that work which grows with the square of it would take minutes, while linear work
 * takes about a second. What takes longer than `PATIENCE` is given up, since nothing else can interrupt synchronous work.
 */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import { Fold } from '../../src/fold.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { Operation } from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { Decoder } from '../../src/sse/decode.ts'
import {
  append,
  begin,
  close,
  list,
  malformed,
  open,
  optionsOf,
  snapshot,
  stop,
  type Options,
} from '../support/operations.ts'

const NAMED = { dialect: 'anthropic-messages' } as const
const LIMIT = 16 * 1024 * 1024

const messageStart = { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [] } }
const textStart = (index = 0) => ({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } })
const callStart = {
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'tool_use', id: 'toolu_1', name: 'write', input: {} },
}
const textDelta = (text: string, index = 0) => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'text_delta', text },
})
const jsonDelta = (text: string) => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'input_json_delta', partial_json: text },
})
const blockStop = (index = 0) => ({ type: 'content_block_stop', index })
const messageDelta = (reason: string) => ({
  type: 'message_delta',
  delta: { stop_reason: reason },
  usage: { output_tokens: 1 },
})
const messageStop = { type: 'message_stop' }

const PATIENCE_MS = 20_000

/** The same items; fails when what is done with them takes too long. */
function* patiently<T>(items: Iterable<T>): Generator<T> {
  const start = performance.now()
  let count = 0
  for (const item of items) {
    if (++count % 256 === 0 && performance.now() - start > PATIENCE_MS)
      expect.fail(`more than ${PATIENCE_MS} ms for the first ${count}`)
    yield item
  }
}

function assembled(
  options: Options,
  operations: readonly Operation[],
): { message: AssistantMessage; handedOut: number } {
  const assembler = new Assembler(options)
  let handedOut = 0
  const count = (events: readonly TurnEvent[]): void => {
    for (const { type } of events) handedOut += type === 'tool_call' ? 1 : 0
  }
  for (const operation of patiently(operations)) count(assembler.receive({ operations: [operation] }))
  count(assembler.end({ kind: 'complete' }))
  return { message: assembler.messages[0] ?? expect.fail('there is no message'), handedOut }
}

function sse(...events: readonly object[]): string {
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
}

function foldAll(events: Iterable<object>, options: ConstructorParameters<typeof Fold>[0] = {}): AssistantMessage {
  const fold = new Fold({ ...NAMED, ...options })
  for (const event of patiently(events)) fold.receive(event)
  return finish(fold)
}

function finish(fold: Fold): AssistantMessage {
  fold.end({ kind: 'complete' })
  return fold.messages[0] ?? expect.fail('there is no message')
}

function textOf(message: AssistantMessage): string {
  return message.content.map((block) => ('text' in block ? block.text : '')).join('')
}

function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size))
}

function decode(chunks: Iterable<string>, limit = LIMIT): string[] {
  const decoder = new Decoder(limit)
  const kinds: string[] = []
  for (const chunk of patiently(chunks)) for (const { kind } of decoder.push(chunk)) kinds.push(kind)
  for (const { kind } of decoder.end()) kinds.push(kind)
  return kinds
}

describe('I10: time grows with the bytes, not with their square', () => {
  it('in 200,000 deltas of a text', () => {
    const message = foldAll([
      messageStart,
      textStart(),
      ...Array.from({ length: 200_000 }, () => textDelta('word ')),
      blockStop(),
      messageDelta('end_turn'),
      messageStop,
    ])
    expect(textOf(message)).toHaveLength(1_000_000)
  })

  it('in 1 MB of tool input in deltas of 20 characters that is looked at after each of them', () => {
    const text = JSON.stringify({
      path: 'a.txt',
      lines: Array.from({ length: 40_000 }, (_, at) => `this is line ${at}`),
    })
    const fold = new Fold(NAMED)
    fold.receive(messageStart)
    fold.receive(callStart)
    let looks = 0
    for (const part of cut(text, 20)) {
      fold.receive(jsonDelta(part))
      if (fold.partialInput(0).value !== undefined) looks += 1
    }
    expect(looks).toBeGreaterThan(40_000)
    expect(fold.partialInput(0).isComplete).toBe(true)
    fold.receive(blockStop())
    fold.receive(messageDelta('tool_use'))
    expect(finish(fold).content).toMatchObject([{ state: 'complete', arguments: text }])
  })

  it('in 8 MB of tool input, one string, in deltas of 100 characters', () => {
    const text = JSON.stringify({ content: 'x'.repeat(8_000_000) })
    const message = foldAll([
      messageStart,
      callStart,
      ...cut(text, 100).map(jsonDelta),
      blockStop(),
      messageDelta('tool_use'),
      messageStop,
    ])
    expect(message.content).toMatchObject([{ state: 'complete' }])
  })

  it('in a stream of 5 MB whose lines end with CR, in one chunk and in many', () => {
    const body = sse(
      messageStart,
      textStart(),
      ...Array.from({ length: 50_000 }, () => textDelta('word ')),
      blockStop(),
      messageDelta('end_turn'),
      messageStop,
    ).replaceAll('\n', '\r')
    expect(body.length).toBeGreaterThan(4_500_000)
    for (const size of [body.length, 1000]) {
      const fold = new Fold(NAMED)
      for (const chunk of cut(body, size)) fold.push(chunk)
      expect(textOf(finish(fold))).toHaveLength(250_000)
    }
  })

  it('in one data line of 4 MB that comes in single characters', () => {
    const data = JSON.stringify('x'.repeat(4_000_000))
    expect(decode(`data: ${data}\n\n`)).toEqual(['event'])
  })

  it('in one JSON document of 1 MB on one line that comes in single characters', () => {
    expect(decode(JSON.stringify({ text: 'x'.repeat(1_000_000) }))).toEqual(['payload'])
  })

  it('in a JSON document of 1 MB on many lines that comes in single characters', () => {
    const items = Array.from({ length: 50_000 }, (_, at) => ({ at }))
    expect(decode(JSON.stringify({ items }, null, 1))).toEqual(['payload'])
  })

  it('in a body of 5 MB without a line end, in chunks of 1 KB', () => {
    for (const body of ['x'.repeat(5_000_000), `{"a":"${'x'.repeat(5_000_000)}`])
      expect(decode(cut(body, 1024))).toEqual(['body'])
  })

  it('in an endless line, of which no more than the limit is kept', () => {
    for (const start of ['data: ', ': ', 'x', '{"a":"', 'event: ', 'id: ']) {
      const chunks = Array.from({ length: 20_000 }, (_, at) => (at === 0 ? start : 'x'.repeat(1000)))
      expect(decode(chunks, 100_000), start).toEqual(['too_long'])
    }
  })

  it('in a flood of comments, blank lines and pings', () => {
    const flood = `${': keepalive\n\n'.repeat(200_000)}${'\n'.repeat(200_000)}${sse({ type: 'ping' }).repeat(50_000)}`
    const fold = new Fold(NAMED)
    for (const chunk of [
      ...cut(flood, 1000),
      sse(messageStart, textStart(), textDelta('hi')),
      flood,
      sse(blockStop(), messageDelta('end_turn'), messageStop),
    ])
      fold.push(chunk)
    const message = finish(fold)
    expect(textOf(message)).toBe('hi')
    expect(message.anomalies).toEqual([])
  })

  it('in a flood of lines that are no fields', () => {
    expect(decode(cut('what is this\n'.repeat(400_000), 1000))).toEqual(['body'])
    expect(decode(cut(`data: {"a":1}\n\n${'what is this\n'.repeat(400_000)}`, 1000))).toEqual(['event', 'cut'])
  })

  it('in an event of 200,000 data lines', () => {
    expect(decode(cut(`${'data: 1,\n'.repeat(200_000)}\n`, 100))).toEqual(['event'])
  })

  it('in 20,000 blocks, open one after the other or all at once', () => {
    const indices = Array.from({ length: 20_000 }, (_, at) => at)
    const options = { limits: { blocks: 100_000 } }
    const inTurn = foldAll(
      [
        messageStart,
        ...indices.flatMap((at) => [textStart(at), textDelta('x', at), blockStop(at)]),
        messageDelta('end_turn'),
        messageStop,
      ],
      options,
    )
    const atOnce = foldAll(
      [
        messageStart,
        ...indices.map(textStart),
        ...indices.map((at) => textDelta('x', at)),
        ...indices.map(blockStop),
        messageDelta('end_turn'),
        messageStop,
      ],
      options,
    )
    expect(inTurn.content).toHaveLength(20_000)
    expect(atOnce).toEqual(inTurn)
  })

  it('in 100,000 blocks where no more are allowed than that', () => {
    const operations = [begin('m'), ...Array.from({ length: 100_000 }, (_, at) => open(String(at), 'text'))]
    const options = optionsOf({ limits: { blocks: 100_000 }, isLive: false })
    expect(assembled(options, operations).message).toMatchObject({ outcome: { kind: 'truncated' } })
    expect(assembled(options, [...operations, open('one more', 'text')]).message).toMatchObject({
      outcome: { kind: 'failed', error: { class: 'limit' } },
    })
  })

  it('in 20,000 calls, and in 20,000 times the same call', () => {
    const calls = (id: (at: number) => string) =>
      Array.from({ length: 20_000 }, (_, at) => [
        open(String(at), 'tool_call', { id: id(at), name: 'f' }),
        append(String(at), 'tool_call', '{"a":1}'),
        close(String(at)),
      ]).flat()
    const options = optionsOf({ limits: { blocks: 100_000 } })
    expect(assembled(options, [begin('m'), ...calls(String), stop('tool_calls')]).handedOut).toBe(20_000)
    expect(assembled(options, [begin('m'), ...calls(() => 'same'), stop('tool_calls')]).handedOut).toBe(1)
  })

  it('in 50,000 times the same message_start, and in 50,000 of other messages', () => {
    const again = foldAll([
      messageStart,
      textStart(),
      ...Array.from({ length: 50_000 }, () => messageStart),
      textDelta('hi'),
      blockStop(),
      messageDelta('end_turn'),
      messageStop,
    ])
    expect(textOf(again)).toBe('hi')
    expect(again.anomalies.length).toBeLessThanOrEqual(101)
    expect(again.anomalies.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(50_000)
    const others = foldAll([
      ...Array.from({ length: 50_000 }, (_, at) => ({
        ...messageStart,
        message: { ...messageStart.message, id: `msg_${at}` },
      })),
      messageStop,
    ])
    expect(others.id).toBe('msg_49999')
    expect(others.anomalies.length).toBeLessThanOrEqual(101)
  })

  it('in 20,000 replays of the prefix of a small stream', () => {
    const prefix = [messageStart, textStart(0), textDelta('one ', 0), blockStop(0), textStart(1), textDelta('two', 1)]
    const message = foldAll([
      ...Array.from({ length: 20_000 }, () => prefix).flat(),
      blockStop(1),
      messageDelta('end_turn'),
      messageStop,
    ])
    expect(textOf(message)).toBe('one two')
    expect(message.anomalies.length).toBeLessThanOrEqual(101)
    expect(message.attempt).toBe(1)
  })

  it('in 20,000 messages that are generated anew', () => {
    const anew = (at: number) => [messageStart, textStart(0), textDelta(`take ${at}`, 0), blockStop(0)]
    const message = foldAll([
      ...Array.from({ length: 20_000 }, (_, at) => anew(at)).flat(),
      messageDelta('end_turn'),
      messageStop,
    ])
    expect(textOf(message)).toBe('take 19999')
    expect(message.anomalies.length).toBeLessThanOrEqual(101)
  })

  it('in a text of 1 MB that is replayed whole, three times, in other pieces', () => {
    const text = 'It was a bright cold day. '.repeat(40_000)
    const sent = (size: number) => [messageStart, textStart(), ...cut(text, size).map((part) => textDelta(part))]
    const message = foldAll([...sent(10), ...sent(7), ...sent(13), blockStop(), messageDelta('end_turn'), messageStop])
    expect(textOf(message)).toBe(text)
    expect(message.attempt).toBe(1)
  })

  it('in a text that is replayed and goes on, again and again', () => {
    const sent = (count: number) => [
      messageStart,
      textStart(),
      ...Array.from({ length: count }, () => textDelta('word ')),
    ]
    const message = foldAll([
      ...Array.from({ length: 400 }, (_, at) => sent(at + 1)).flat(),
      blockStop(),
      messageDelta('end_turn'),
      messageStop,
    ])
    expect(textOf(message)).toBe('word '.repeat(400))
  })

  it('in 100,000 citations, and in as many that come whole', () => {
    const cited = foldAll([
      messageStart,
      textStart(),
      ...Array.from({ length: 100_000 }, (_, at) => ({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'citations_delta', citation: { at } },
      })),
      blockStop(),
      messageDelta('end_turn'),
      messageStop,
    ])
    expect(cited.content[0]).toMatchObject({ citations: expect.objectContaining({ length: 100_000 }) })
    const operations = [
      begin('m'),
      open('0', 'text'),
      ...Array.from({ length: 100_000 }, () => list('0', 'text', 'i')),
      close('0'),
    ]
    expect(assembled(optionsOf(), operations).message.content[0]).toMatchObject({
      citations: expect.objectContaining({ length: 100_000 }),
    })
    const items = Array.from({ length: 1_000_000 }, () => 'i')
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
      ...Array.from({ length: 10_000 }, () => stop('tool_calls')),
    ]
    expect(assembled(optionsOf(), operations).message.content).toMatchObject([{ state: 'invalid' }])
  })

  const manyBlocks = [
    begin('m'),
    ...Array.from({ length: 100_000 }, (_, at) => [open(String(at), 'text'), close(String(at))]).flat(),
  ]
  const manyAllowed = optionsOf({ isLive: false, limits: { blocks: 100_000 } })

  it('in 100,000 stops after 100,000 blocks', () => {
    const { message } = assembled(manyAllowed, [
      ...manyBlocks,
      ...Array.from({ length: 100_000 }, () => stop('end_turn')),
    ])
    expect(message.content).toHaveLength(100_000)
  })

  it('in 100,000 malformed events after 100,000 blocks', () => {
    const { message } = assembled(manyAllowed, [...manyBlocks, ...Array.from({ length: 100_000 }, () => malformed)])
    expect(message.content).toHaveLength(100_000)
  })
})

describe('I10: no stream is kept beyond the limit of a message', () => {
  const LENGTH = 10_000
  const limited = { limits: { messageLength: LENGTH } }
  const long = 'x'.repeat(1000)
  const shapes: Readonly<Record<string, (at: number) => object[]>> = {
    text: () => [textDelta(long)],
    blocks: (at) => [textStart(at + 1), textDelta(long, at + 1), blockStop(at + 1)],
    'message fields': (at) => [{ type: 'message_delta', delta: { [`field ${at}`]: long } }],
    'usage fields': (at) => [{ type: 'message_delta', delta: {}, usage: { [`field ${at}`]: long } }],
    'unknown events': (at) => [{ type: `hologram ${at}`, long }],
    'message_start fields': (at) => [{ ...messageStart, message: { ...messageStart.message, [`field ${at}`]: long } }],
    citations: () => [
      { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: { long } } },
    ],
    'a text that is generated anew after most of it was the same': (at) => [
      messageStart,
      textStart(),
      textDelta(long),
      textDelta(`${at}`),
    ],
    'the start of a block, again and again': (at) => [
      { type: 'content_block_start', index: 9, content_block: { type: 'text', text: '', [`field ${at}`]: long } },
    ],
    'other messages, one after the other': (at) => [
      { ...messageStart, message: { ...messageStart.message, id: `msg_${at}` } },
      textStart(),
      textDelta(long),
    ],
  }
  for (const [name, shape] of Object.entries(shapes)) {
    it(`with ${name}`, () => {
      const fold = new Fold({ ...NAMED, ...limited })
      for (const event of [messageStart, textStart()]) fold.receive(event)
      for (let at = 0; at < 300; at++) for (const event of shape(at)) fold.receive(event)
      const message = finish(fold)
      expect(JSON.stringify(message).length).toBeLessThan(4 * LENGTH)
      expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
    })
  }

  it('with messages that come after the end', () => {
    const fold = new Fold(NAMED)
    for (const event of [messageStart, messageStop]) fold.receive(event)
    for (let at = 0; at < 5000; at++)
      fold.receive({ ...messageStart, message: { ...messageStart.message, id: `msg_${at}${long}` } })
    expect(fold.anomalies.length).toBeLessThanOrEqual(102)
  })
})
