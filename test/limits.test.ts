/**
 * The limits at their edges, through the public API: a stream that is exactly as large as a limit allows gives the message that it gives
 * without one; what is one larger ends the turn as `failed` with the class `limit`, keeps what came before, and is read no further. Two
 * limits do not end a turn: a call that is nested too deep is invalid, and of too many anomalies the rest is counted.
 */
import { describe, expect, it } from 'vitest'
import { assemble, createAssembler, type AssistantMessage, type ContentBlock, type TurnEvent } from '../src/index.ts'
import type { JsonObject } from '../src/json.ts'
import { DEFAULT_LIMITS, type Limits } from '../src/limits.ts'
import { expectLiveEqualsFinal } from './support/naive-reader.ts'
import { PLAIN, scriptWith, type BlockSpec } from './support/script.ts'
import { cutBytes, encode, payloads, type ProviderEvent, type Wire, type Writing } from './support/wire.ts'
import { anthropicWire, chatWire, WIRES } from './support/wires.ts'

const WRITING: Writing = { lineEnd: '\n', isNamed: true, hasSpace: true, hasComments: false }

/** How a stream comes in: its events, as an SDK gives them, or its bytes in one of several cuts. */
const FORMS = ['as events', 'an event a chunk', 'in one chunk', 'in pieces of 7 bytes'] as const
type Form = (typeof FORMS)[number]
const BYTES: readonly Form[] = FORMS.slice(1)

const EACH = WIRES.flatMap((wire) => FORMS.map((form) => ({ wire, dialect: wire.dialect, form })))

interface Ended {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  /** Whoever gives the stream was told to stop. */
  readonly isCancelled: boolean
  /** How many chunks or events were asked for. */
  readonly read: number
}

type Chunk = Uint8Array | ProviderEvent

/** Folds a stream whose connection stays open behind its last event. */
async function run(
  { dialect }: Wire,
  sent: readonly ProviderEvent[],
  form: Form,
  limits: Partial<Limits> | undefined,
): Promise<Ended> {
  const seen = { isCancelled: false, read: 0 }
  const chunks = chunksOf(sent, form)
  const source: AsyncIterable<Chunk> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const value = chunks[seen.read]
        if (value !== undefined) {
          seen.read += 1
          return { done: false, value }
        }
        // What an SDK gives is over when its stream is.
        return form === 'as events' ? { done: true, value } : new Promise<never>(() => undefined)
      },
      return: async () => {
        seen.isCancelled = true
        return { done: true, value: undefined }
      },
    }),
  }
  const turn = assemble(source, { dialect, ...(limits === undefined ? {} : { limits }) })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const messages = await turn.messages()
  const message = messages[0] ?? expect.fail('there is no message')
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(messages.length)
  for (const one of messages) expectLiveEqualsFinal(events, one)
  return { message, messages, events, ...seen }
}

function chunksOf(sent: readonly ProviderEvent[], form: Form): readonly Chunk[] {
  switch (form) {
    case 'as events':
      return sent.filter((event) => event !== '[DONE]')
    case 'an event a chunk':
      return sent.map((event) => encode([event], WRITING))
    case 'in one chunk':
      return [encode(sent, WRITING)]
    case 'in pieces of 7 bytes':
      return cutBytes(encode(sent, WRITING), [7])
    default: {
      const never: never = form
      return never
    }
  }
}

function withoutTiming({ timing: _timing, ...message }: AssistantMessage): object {
  return message
}

function isOverLimit({ outcome }: AssistantMessage): boolean {
  return outcome.kind === 'failed' && outcome.error.class === 'limit'
}

function textsIn(content: readonly ContentBlock[]): readonly string[] {
  return content.map((block) =>
    block.type === 'tool_call' ? block.arguments : 'text' in block ? (block.text ?? '') : '',
  )
}

function words({ stops }: Wire, reason: string): string {
  return [...stops].find(([, meaning]) => meaning === reason)?.[0] ?? expect.fail(`there is no word for ${reason}`)
}

function written(wire: Wire, blocks: readonly BlockSpec[], cut = 0): readonly ProviderEvent[] {
  const stop = blocks.some(({ kind }) => kind === 'call') ? wire.callsStop : words(wire, 'end_turn')
  return payloads(wire.write(scriptWith(blocks, stop), { ...PLAIN, cuts: [cut] }))
}

const call = (at: number, input: JsonObject): BlockSpec => ({
  kind: 'call',
  by: 'client',
  id: `c${at}`,
  name: 'f',
  input,
  sent: 'deltas',
})

/** What ends with the class `limit`: the reader is told, nothing was handed out, and nobody reads on. */
function expectOverLimit(
  { message, events, isCancelled, read }: Ended,
  name: keyof Limits | undefined,
  all: number,
): void {
  expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit', retryable: false } })
  if (name !== undefined) expect(JSON.stringify(message.outcome)).toContain(name)
  expect(events.map(({ type }) => type)).not.toContain('tool_call')
  expect(isCancelled, 'the body was cancelled').toBe(true)
  expect(read, 'chunks read').toBeLessThanOrEqual(all)
}

/** Each block of `before` is there, and whole but for what came later. */
function expectKept(message: AssistantMessage, before: AssistantMessage): void {
  const kept = textsIn(message.content)
  for (const [at, text] of textsIn(before.content).entries()) expect(kept[at]?.slice(0, text.length)).toBe(text)
  if (before.idSource === 'wire') expect(message.id).toBe(before.id)
}

/** The smallest limit under which a stream is not too large. */
async function smallest(wire: Wire, sent: readonly ProviderEvent[], form: Form, name: keyof Limits): Promise<number> {
  let [refused, accepted] = [0, 1 << 20]
  while (accepted - refused > 1) {
    const middle = Math.floor((refused + accepted) / 2)
    const { messages } = await run(wire, sent, form, { [name]: middle })
    if (messages.some(isOverLimit)) refused = middle
    else accepted = middle
  }
  return accepted
}

describe('eventLength', () => {
  // The dialects differ in which of their events is the longest; of each it is a delta here, and the last event.
  const long = 'x'.repeat(3000)

  it.each(WIRES.flatMap((wire) => BYTES.map((form) => ({ wire, dialect: wire.dialect, form }))))(
    'I10: lets an event through that is exactly as long, and none that is one longer, in $dialect $form',
    async ({ wire, form }) => {
      const sent = written(wire, [
        { kind: 'text', text: 'a short text, and then ' },
        ...(wire === chatWire ? [] : [{ kind: 'text', text: long } as const]),
        call(0, { long }),
      ])
      const lengths = sent.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)).length)
      const longest = Math.max(...lengths)
      const free = await run(wire, sent, form, undefined)
      expect(free.message.outcome.kind).toBe('complete')
      const at = await run(wire, sent, form, { eventLength: longest })
      expect(withoutTiming(at.message)).toEqual(withoutTiming(free.message))

      const beyond = await run(wire, sent, form, { eventLength: longest - 1 })
      const first = lengths.indexOf(longest)
      expectOverLimit(beyond, 'eventLength', chunksOf(sent.slice(0, first + 1), form).length)
      const before = await run(wire, [...sent.slice(0, first), wire.error], form, undefined)
      expect(textsIn(beyond.message.content)).toEqual(textsIn(before.message.content))
      expect(beyond.message.usage).toEqual(before.message.usage)
    },
  )

  it('I10: is 16 Mi characters if nobody says otherwise', async () => {
    const around = JSON.stringify({ type: 'x', padding: '' }).length
    const event = (length: number): ProviderEvent => ({ type: 'x', padding: 'x'.repeat(length - around) })
    const [wire] = WIRES
    if (wire === undefined) expect.fail('there is no dialect')
    const [first, ...rest] = written(wire, [{ kind: 'text', text: 'Hello' }])
    if (first === undefined) expect.fail('there is no event')
    const { eventLength } = DEFAULT_LIMITS
    expect(eventLength).toBe(16 * 1024 * 1024)
    const at = await run(wire, [first, event(eventLength), ...rest], 'an event a chunk', undefined)
    expect(at.message.outcome).toEqual({ kind: 'complete' })
    const beyond = await run(wire, [first, event(eventLength + 1), ...rest], 'an event a chunk', undefined)
    expectOverLimit(beyond, 'eventLength', 2)
  })
})

describe('messageLength', () => {
  const blocks = (text: string): BlockSpec[] => [{ kind: 'text', text }, call(0, { path: 'a' }), call(1, { path: 'b' })]
  const text = 'The limit counts characters, é and 語 and 🌍 too.'

  it.each(EACH)('I10: lets through what is exactly as long, and no more, in $dialect $form', async ({ wire, form }) => {
    const sent = written(wire, blocks(text), 5)
    const free = await run(wire, sent, form, undefined)
    const size = await smallest(wire, sent, form, 'messageLength')
    expect(size).toBeGreaterThan(text.length)
    const at = await run(wire, sent, form, { messageLength: size })
    expect(withoutTiming(at.message)).toEqual(withoutTiming(free.message))
    expect(at.message.outcome).toEqual({ kind: 'complete' })

    for (const messageLength of [size - 1, Math.floor(size / 2), 1]) {
      const beyond = await run(wire, sent, form, { messageLength })
      expectOverLimit(beyond, undefined, chunksOf(sent, form).length)
      expect(beyond.message.outcome).toMatchObject({ error: { message: expect.stringContaining(`${messageLength} `) } })
    }
  })

  it.each(WIRES)('I10: keeps all that came before what exceeds it, in $dialect', async (wire) => {
    const sent = written(wire, blocks(text), 5)
    const size = await smallest(wire, sent, 'as events', 'messageLength')
    for (let messageLength = size - 1; messageLength > 0; messageLength -= 11) {
      const { message } = await run(wire, sent, 'an event a chunk', { messageLength })
      // The longest beginning of the stream that is not too large, ended by an error.
      let before = message
      for (let count = sent.length; isOverLimit(before); count -= 1) {
        before = (await run(wire, [...sent.slice(0, count), wire.error], 'as events', { messageLength })).message
      }
      expectKept(message, before)
    }
  })

  it.each(EACH.filter(({ form }) => form === 'as events' || form === 'in one chunk'))(
    'I10: counts each character of a text, in $dialect $form',
    async ({ wire, form }) => {
      const sizeOf = (more: string) => smallest(wire, written(wire, blocks(`${text}${more}`), 5), form, 'messageLength')
      const size = await sizeOf('')
      expect(await sizeOf('x')).toBe(size + 1)
      expect(await sizeOf('語語')).toBe(size + 2)
      expect(await sizeOf('🌍'.repeat(20))).toBe(size + 40)
    },
  )

  it.each<[string, Wire, (piece: string) => JsonObject, ProviderEvent]>([
    [
      'anthropic-messages',
      anthropicWire,
      (piece) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } }),
      { type: 'message_stop' },
    ],
    ['openai-chat', chatWire, (content) => ({ choices: [{ index: 0, delta: { content } }] }), '[DONE]'],
  ])('I10: is as long as the text where a message has nothing else, in %s', async (_name, wire, delta, last) => {
    const sent = [...'four'].map(delta)
    const at = await run(wire, [...sent, last], 'an event a chunk', { messageLength: 4 })
    expect(at.message).toMatchObject({ outcome: { kind: 'complete' }, content: [{ text: 'four' }] })
    const beyond = await run(wire, [...sent, last], 'an event a chunk', { messageLength: 3 })
    expectOverLimit(beyond, undefined, sent.length)
  })
})

describe('blocks', () => {
  const blocks: readonly BlockSpec[] = [{ kind: 'text', text: 'Hello' }, ...[0, 1, 2].map((at) => call(at, { at }))]

  it.each(EACH)('I10: lets through as many as it says, and none more, in $dialect $form', async ({ wire, form }) => {
    const sent = written(wire, blocks, 3)
    const free = await run(wire, sent, form, undefined)
    expect(free.message.content).toHaveLength(blocks.length)
    const at = await run(wire, sent, form, { blocks: blocks.length })
    expect(withoutTiming(at.message)).toEqual(withoutTiming(free.message))
    for (let most = blocks.length - 1; most > 0; most--) {
      const beyond = await run(wire, sent, form, { blocks: most })
      expectOverLimit(beyond, undefined, chunksOf(sent, form).length)
      expect(textsIn(beyond.message.content)).toEqual(textsIn(free.message.content).slice(0, most))
    }
  })

  it('I10: are 10,000 if nobody says otherwise', async () => {
    const [wire] = WIRES
    if (wire === undefined) expect.fail('there is no dialect')
    const many = (count: number) =>
      written(
        wire,
        Array.from({ length: count }, (_, at) => call(at, { at })),
      )
    expect(DEFAULT_LIMITS.blocks).toBe(10_000)
    const at = await run(wire, many(10_000), 'as events', undefined)
    expect(at.message.outcome).toEqual({ kind: 'complete' })
    expect(at.message.content).toHaveLength(10_000)
    const beyond = await run(wire, many(10_001), 'as events', undefined)
    expectOverLimit(beyond, undefined, many(10_001).length)
    expect(beyond.message.content).toHaveLength(10_000)
  })
})

describe('choices', () => {
  /** An answer with several choices, which take turns. */
  const answer = (count: number): readonly ProviderEvent[] => {
    const chunk = (index: number, delta: JsonObject, finish: string | null = null): JsonObject => ({
      id: 'chat_1',
      object: 'chat.completion.chunk',
      choices: [{ index, delta, finish_reason: finish }],
    })
    const each = (make: (index: number) => JsonObject) => Array.from({ length: count }, (_, index) => make(index))
    return [
      ...each((index) => chunk(index, { role: 'assistant', content: `choice ${index}` })),
      ...each((index) => chunk(index, { content: ' goes on' })),
      ...each((index) => chunk(index, {}, 'stop')),
      '[DONE]',
    ]
  }

  it.each(FORMS)('I10: lets through as many as it says, and none more, %s', async (form) => {
    const free = await run(chatWire, answer(3), form, undefined)
    expect(free.messages).toHaveLength(3)
    const at = await run(chatWire, answer(3), form, { choices: 3 })
    expect(at.messages.map(withoutTiming)).toEqual(free.messages.map(withoutTiming))
    const beyond = await run(chatWire, answer(3), form, { choices: 2 })
    expectOverLimit(beyond, undefined, chunksOf(answer(3), form).length)
    expect(beyond.messages.map(isOverLimit)).toEqual([true, true])
    expect(beyond.messages.map(({ content }) => textsIn(content))).toEqual([['choice 0'], ['choice 1']])
  })

  it('I10: are 128 if nobody says otherwise', async () => {
    const { messages } = await run(chatWire, answer(128), 'in one chunk', undefined)
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(Array.from({ length: 128 }, () => 'complete'))
    const beyond = await run(chatWire, answer(129), 'in one chunk', undefined)
    expect(beyond.messages.filter(isOverLimit)).toHaveLength(128)
  })
})

describe('messages', () => {
  const sent = (count: number): readonly JsonObject[] =>
    Array.from({ length: count }, (_, at) => [
      { type: 'message_start', message: { id: `msg_${at}`, role: 'assistant', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: `message ${at}` } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      { type: 'message_stop' },
    ]).flat()
  const ended = (messages: readonly AssistantMessage[]): string[] => messages.map(({ outcome }) => outcome.kind)

  it('I10: of a source of many are as many as it says; the next one fails, and nothing is read after it', async () => {
    const chunks = sent(5).map((event) => `data: ${JSON.stringify(event)}\n\n`)
    for (const source of [ReadableStream.from(sent(5)), ReadableStream.from(chunks)]) {
      const turn = assemble(source, { dialect: 'anthropic-messages', many: true, limits: { messages: 3 } })
      const messages = await turn.messages()
      expect(ended(messages)).toEqual(['complete', 'complete', 'complete', 'failed'])
      expect(messages.map(isOverLimit)).toEqual([false, false, false, true])
      expect(messages.map(({ content }) => textsIn(content))).toEqual([['message 0'], ['message 1'], ['message 2'], []])
      expect(JSON.stringify(messages[3]?.outcome)).toContain('raise limits.messages to accept it')
      expect(turn.anomalies).toEqual([])
    }
  })

  it('I10: by hand, what still comes is late', () => {
    const assembler = createAssembler({ dialect: 'anthropic-messages', many: true, limits: { messages: 3 } })
    for (const event of sent(3)) assembler.receive(event)
    expect(assembler.isTerminal).toBe(false)
    for (const event of sent(3).slice(0, 6)) assembler.receive({ ...event, message: { id: 'another' } })
    expect(assembler.isTerminal).toBe(true)
    for (const event of sent(9)) assembler.receive(event)
    assembler.end({ kind: 'complete' })
    expect(ended(assembler.messages())).toEqual(['complete', 'complete', 'complete', 'failed'])
  })

  it('I10: are 10,000 if nobody says otherwise', async () => {
    const turn = assemble(ReadableStream.from(sent(10_001)), { dialect: 'anthropic-messages', many: true })
    expect(ended(await turn.messages()).filter((kind) => kind === 'complete')).toHaveLength(10_000)
    expect(ended(await turn.messages()).at(-1)).toBe('failed')
  })
})

describe('what is counted', () => {
  it('I5: an abort is an abort, however long the event is that it cuts', async () => {
    const [start] = written(anthropicWire, [{ kind: 'text', text: 'x' }])
    const lines = Array.from({ length: 4 }, () => `${'x'.repeat(900)}\n`)
    const source = new ReadableStream<string>({
      start(to) {
        for (const line of [`data: ${JSON.stringify(start)}\n\n`, ...lines]) to.enqueue(line)
      },
    })
    const turn = assemble(source, { limits: { messageLength: 1000, eventLength: 10_000 } })
    turn.on('start', () => setImmediate(() => turn.abort('enough')))
    const { outcome, anomalies } = await turn.message()
    expect(outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'enough' })
    expect(anomalies).toMatchObject([{ kind: 'cut_event' }])
  })

  it('I10: what comes after the stop reason counts once', async () => {
    const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
      id: 'chat_1',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })
    const late = [1, 2, 3].map((at) => chunk({ content: String(at).repeat(300) }, 'stop'))
    const sent: ProviderEvent[] = [chunk({ content: 'x' }, 'stop'), ...late, '[DONE]']
    const { message } = await run(chatWire, sent, 'in one chunk', { messageLength: 1200 })
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(textsIn(message.content).map(({ length }) => length)).toEqual([901])
  })
})

describe('toolDepth', () => {
  /** An input of so many levels: the object itself is one. */
  const nested = (levels: number): JsonObject => {
    let input: JsonObject = { at: levels }
    for (let level = levels - 1; level > 0; level--)
      input = level % 2 === 0 ? { at: level, in: input } : { in: [input] }
    return input
  }
  const levelsOf = (text: string): number => {
    let [level, deepest] = [0, 0]
    for (const char of text) {
      if (char === '{' || char === '[') deepest = Math.max(deepest, (level += 1))
      if (char === '}' || char === ']') level -= 1
    }
    return deepest
  }

  it.each(EACH)(
    'I10: a call one level deeper is invalid, and its siblings are not, in $dialect $form',
    async ({ wire, form }) => {
      const input = nested(4)
      const levels = levelsOf(JSON.stringify(input))
      const sent = written(wire, [call(0, { a: 1 }), call(1, input), call(2, { b: [] })], 6)
      const free = await run(wire, sent, form, undefined)
      const at = await run(wire, sent, form, { toolDepth: levels })
      expect(withoutTiming(at.message)).toEqual(withoutTiming(free.message))
      expect(at.events.filter(({ type }) => type === 'tool_call')).toHaveLength(3)

      const beyond = await run(wire, sent, form, { toolDepth: levels - 1 })
      expect(beyond.message.outcome).toEqual({ kind: 'complete' })
      expect(beyond.message.content).toMatchObject([{ state: 'complete' }, { state: 'invalid' }, { state: 'complete' }])
      expect(textsIn(beyond.message.content)).toEqual(textsIn(free.message.content))
      const handedOut = beyond.events.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))
      expect(handedOut).toEqual(['c0', 'c2'])
      expect(beyond.message.anomalies).toMatchObject([{ kind: 'invalid_input', block: 1 }])
    },
  )

  it.each(WIRES)('I10: is 200 levels if nobody says otherwise, and 512 at most, in $dialect', async (wire) => {
    for (const [levels, limits] of [
      [200, undefined],
      [512, { toolDepth: 512 }],
    ] as const) {
      for (const [more, state] of [
        [0, 'complete'],
        [1, 'invalid'],
      ] as const) {
        const input = Array.from({ length: levels - 2 + more }).reduce<JsonObject>((inner) => ({ a: inner }), { a: [] })
        expect(levelsOf(JSON.stringify(input))).toBe(levels + more)
        const { message } = await run(wire, written(wire, [call(0, input)]), 'in one chunk', limits)
        expect(message.content, `${levels} + ${more}`).toMatchObject([{ state }])
      }
    }
  })
})

describe('anomalies', () => {
  it.each(EACH)('I4: keeps as many as it says and counts the rest, in $dialect $form', async ({ wire, form }) => {
    const [first, ...rest] = written(wire, [{ kind: 'text', text: 'Hello' }, call(0, { a: 1 })], 3)
    if (first === undefined) expect.fail('there is no event')
    const odd = [0, 1, 2, 3].map((at): JsonObject => ({ type: `odd_${at}`, at }))
    const sent = [first, ...odd, ...rest]
    const free = await run(wire, sent, form, undefined)
    expect(free.message.anomalies.map(({ kind }) => kind)).toEqual(odd.map(() => 'unknown_event'))
    const at = await run(wire, sent, form, { anomalies: odd.length })
    expect(withoutTiming(at.message)).toEqual(withoutTiming(free.message))
    for (let most = odd.length - 1; most > 0; most--) {
      const beyond = await run(wire, sent, form, { anomalies: most })
      expect(withoutTiming(beyond.message)).toEqual({
        ...withoutTiming(free.message),
        anomalies: [...free.message.anomalies.slice(0, most), { kind: 'more', count: odd.length - most }],
      })
      expect(beyond.events.filter(({ type }) => type === 'anomaly')).toHaveLength(most)
    }
  })

  it.each(WIRES)('I4: are 100 if nobody says otherwise, in $dialect', async (wire) => {
    const [first, ...rest] = written(wire, [{ kind: 'text', text: 'Hello' }])
    if (first === undefined) expect.fail('there is no event')
    const odd = (count: number) => Array.from({ length: count }, (_, at): JsonObject => ({ type: `odd_${at}` }))
    const at = await run(wire, [first, ...odd(100), ...rest], 'in one chunk', undefined)
    expect(at.message.anomalies.map(({ kind }) => kind)).toEqual(odd(100).map(() => 'unknown_event'))
    const beyond = await run(wire, [first, ...odd(101), ...rest], 'in one chunk', undefined)
    expect(beyond.message.anomalies.at(-1)).toEqual({ kind: 'more', count: 1 })
    expect(beyond.message.anomalies).toHaveLength(101)
  })
})

describe('a turn that may be tried again', () => {
  it.each(WIRES)('I10: is not, once a limit was exceeded, in $dialect', async (wire) => {
    const sent = written(wire, [{ kind: 'text', text: 'a long text' }], 3)
    let opened = 0
    const open = (): readonly Chunk[] => {
      opened += 1
      return chunksOf(sent, 'an event a chunk')
    }
    const turn = assemble(open, { attempts: 3, limits: { messageLength: 5 } })
    expect(isOverLimit(await turn.message())).toBe(true)
    expect(opened).toBe(1)
  })
})

describe('a limit that is none', () => {
  const names = Object.keys(DEFAULT_LIMITS)
  const wrong: readonly (readonly [string, unknown])[] = [
    ['0', 0],
    ['-1', -1],
    ['half of one', 0.5],
    ['no number', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['2 ** 53', 2 ** 53],
    ['a text', '10'],
    ['true', true],
    ['null', null],
    ['a bigint', 10n],
    ['a list', [10]],
    ['an object', { valueOf: () => 10 }],
  ]

  it.each(wrong)('throws bad_option and names itself at once: %s', (_word, value) => {
    for (const name of names) {
      const expected = expect.objectContaining({
        name: 'MisuseError',
        code: 'bad_option',
        message: expect.stringContaining(`limits.${name} `),
      })
      const options: object = { limits: { [name]: value } }
      expect(() => assemble('', options), name).toThrow(expected)
      expect(() => createAssembler({ dialect: 'openai-chat', ...options }), name).toThrow(expected)
    }
  })

  it('is not 1, nor the largest that there is, nor undefined, which is the default', () => {
    for (const name of names) {
      const most = name === 'toolDepth' ? 512 : Number.MAX_SAFE_INTEGER
      for (const value of [1, most, undefined]) {
        const options: object = { limits: { [name]: value } }
        expect(() => assemble('', options), `${name} ${value}`).not.toThrow()
      }
      const beyond: object = { limits: { [name]: most + 1 } }
      expect(() => assemble('', beyond), name).toThrow(expect.objectContaining({ code: 'bad_option' }))
    }
  })
})
