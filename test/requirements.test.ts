/** The rows and cases of the requirements that are about one turn, each in its own words: what others got wrong, in the shape in which they met it. */
import { describe, expect, it } from 'vitest'
import { createAssembler } from '../src/message-assembler.ts'
import type { JsonObject } from '../src/json.ts'
import type { AssistantMessage, Dialect } from '../src/message.ts'
import { assemble } from '../src/turn.ts'
import type { TurnEvent } from '../src/turn-event.ts'

interface Folded {
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
  readonly late: readonly string[]
}

async function folded(dialect: Dialect, sent: readonly unknown[]): Promise<Folded> {
  const body = sent.map((event) => `data: ${event === '[DONE]' ? event : JSON.stringify(event)}\n\n`).join('')
  const turn = assemble(body, { dialect })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const finals = events.filter(({ type }) => type === 'message')
  expect(finals, 'exactly one message').toHaveLength(1)
  return { message: await turn.message(), events, late: turn.anomalies.map(({ kind }) => kind) }
}

const shown = ({ content }: AssistantMessage): unknown[] =>
  content.map((block) =>
    block.type === 'tool_call' ? [block.name, block.arguments, block.state] : 'text' in block ? block.text : block.type,
  )
const callsOf = (events: readonly TurnEvent[]): unknown[] =>
  events.flatMap((event) => (event.type === 'tool_call' ? [[event.call.name, event.call.input]] : []))

const START = {
  type: 'message_start',
  message: { id: 'msg_1', content: [], usage: { input_tokens: 0, output_tokens: 0 } },
}
const open = (index: number, block: JsonObject): JsonObject => ({
  type: 'content_block_start',
  index,
  content_block: block,
})
const delta = (index: number, own: JsonObject): JsonObject => ({ type: 'content_block_delta', index, delta: own })
const close = (index: number): JsonObject => ({ type: 'content_block_stop', index })
const STOP = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { input_tokens: 7, output_tokens: 3 } }
const END = { type: 'message_stop' }
const TEXT = [open(0, { type: 'text', text: '' }), delta(0, { type: 'text_delta', text: 'Bonjour!' }), close(0)]
const THINKING = [
  open(0, { type: 'thinking', thinking: '' }),
  delta(0, { type: 'thinking_delta', thinking: 'hm' }),
  delta(0, { type: 'signature_delta', signature: 'c2ln' }),
  close(0),
]

const chunk = (own: JsonObject, finish: string | null = null): JsonObject => ({
  id: 'chat_1',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: own, finish_reason: finish }],
})
const call = (own: JsonObject): JsonObject => chunk({ tool_calls: [own] })

describe('Anthropic', () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }

  it.each([
    ['the stop twice', [END, END]],
    ['an error after the stop', [END, error]],
    ['a stop, a reason and an error', [END, STOP, error, END]],
  ])('R1: has one final message, whatever comes after it: %s', async (_, ends) => {
    const { message, late } = await folded('anthropic-messages', [START, ...TEXT, STOP, ...ends])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(late).toEqual(['late_event'])
  })

  it('R2: takes the first reason, and the usage that comes after it', async () => {
    const later = { ...STOP, usage: { output_tokens: 9 } }
    const { message } = await folded('anthropic-messages', [START, ...TEXT, STOP, later, END])
    expect(message.stop.reason).toBe('end_turn')
    expect(message.usage.outputTokens).toBe(9)
    expect(message.anomalies.map(({ kind }) => kind)).toEqual(['repeated_stop'])
  })

  it('R3: begun twice under one id is said once; under another id the second is the message', async () => {
    const again = await folded('anthropic-messages', [START, ...TEXT, START, ...TEXT, STOP, END])
    expect(shown(again.message)).toEqual(['Bonjour!'])
    const other = { ...START, message: { ...START.message, id: 'msg_2' } }
    const second = await folded('anthropic-messages', [START, ...TEXT, other, ...TEXT, STOP, END])
    expect([second.message.id, shown(second.message)]).toEqual(['msg_2', ['Bonjour!']])
    expect(second.events.filter(({ type }) => type === 'reset')).toHaveLength(1)
  })

  it('R3, R30: a history of several messages that is sent again is no news', async () => {
    const said = (id: string): JsonObject[] => [
      { ...START, message: { ...START.message, id } },
      open(0, { type: 'tool_use', id: `t_${id}`, name: 'f', input: {} }),
      close(0),
      { ...STOP, delta: { stop_reason: 'tool_use' } },
      END,
    ]
    const body = [...said('a'), ...said('b'), ...said('a'), ...said('b'), ...said('c')]
    const turn = assemble(body, { dialect: 'anthropic-messages', many: true })
    const calls: string[] = []
    turn.on('tool_call', (event) => void calls.push(event.call.id))
    expect((await turn.messages()).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(calls).toEqual(['t_a', 't_b', 't_c'])
    expect(turn.anomalies.map(({ kind }) => kind)).toEqual(['late_event'])
  })

  it('R5: shares nothing with who gave the events, or got the message', () => {
    const text = { type: 'text', text: 'a' }
    const assembler = createAssembler({ dialect: 'anthropic-messages' })
    const usage = { input_tokens: 1, extra: { list: ['x'] } }
    for (const event of [{ ...START, message: { id: 'm', usage } }, open(0, text)]) assembler.receive(event)
    usage.extra.list.push('y')
    text.text = 'b'
    for (const event of [close(0), STOP, END]) assembler.receive(event)
    assembler.end({ kind: 'complete' })
    const message = assembler.message()
    expect(shown(message)).toEqual(['a'])
    expect(message.rawUsage).toMatchObject({ extra: { list: ['x'] } })
    expect(Object.isFrozen(message.content)).toBe(true)
  })

  it('R9: is never complete if it is cut before it is known why the model stopped', async () => {
    const whole = [START, ...TEXT, STOP, END]
    for (let count = 0; count < whole.length - 2; count += 1) {
      const { message } = await folded('anthropic-messages', whole.slice(0, count))
      expect(message.outcome.kind, `${count} events`).not.toBe('complete')
    }
  })

  it('R29: a zero never takes back a number, in whatever order they come', async () => {
    const orders = [
      [START, ...TEXT, STOP, END],
      [START, STOP, START, ...TEXT, STOP, END],
      [START, ...TEXT, STOP, { type: 'message_delta', delta: {}, usage: { input_tokens: 0, output_tokens: 0 } }, END],
    ]
    for (const sent of orders) {
      const { message } = await folded('anthropic-messages', sent)
      expect(message.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 })
    }
  })

  it.each([
    ['thinking alone', [START, ...THINKING, STOP, END], 'complete', ['hm']],
    ['nothing', [START, STOP, END], 'complete', []],
    [
      'thinking and a blank text',
      [START, ...THINKING, open(1, { type: 'text', text: '' }), close(1), STOP, END],
      'complete',
      ['hm', ''],
    ],
    ['not even a begin event', [], 'failed', []],
    ['thinking that is cut', [START, ...THINKING.slice(0, 2)], 'truncated', ['hm']],
  ])('B14: an answer of %s says so', async (_, sent, outcome, content) => {
    const { message } = await folded('anthropic-messages', sent)
    expect([message.outcome.kind, shown(message)]).toEqual([outcome, content])
  })

  it('B14: an abort between opening and the first event, and one in the last listener, end it once', async () => {
    let isCancelled = false
    const source = new ReadableStream<string>({ cancel: () => void (isCancelled = true) })
    const early = assemble(source, { dialect: 'anthropic-messages' })
    const message = early.message()
    await new Promise((resolve) => setImmediate(resolve))
    early.abort('changed my mind')
    expect((await message).outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'changed my mind' })
    expect(isCancelled).toBe(true)
    const whole = [START, ...TEXT, STOP, END].map((event) => `data: ${JSON.stringify(event)}\n\n`)
    const last = assemble(whole.join(''), { dialect: 'anthropic-messages' })
    const finals: string[] = []
    last.on('message', ({ final }) => {
      finals.push(final.outcome.kind)
      last.abort()
    })
    expect((await last.message()).outcome.kind).toBe('complete')
    expect(finals).toEqual(['complete'])
  })

  it.each([
    ['the full sequence', [START, ...TEXT, STOP, END], { kind: 'complete' }, 'end_turn'],
    ['no last event', [START, ...TEXT, STOP], { kind: 'complete' }, 'end_turn'],
    ['no end of the block either', [START, ...TEXT.slice(0, 2), STOP], { kind: 'complete' }, 'end_turn'],
    ['a cut before the reason', [START, ...TEXT], { kind: 'truncated', by: 'eof' }, 'unknown'],
  ])('B15: one message of %s, with the usage of its end', async (_, sent, outcome, reason) => {
    const { message } = await folded('anthropic-messages', sent)
    expect(message.outcome).toMatchObject(outcome)
    expect(message.stop.reason).toBe(reason)
    expect(shown(message)).toEqual(['Bonjour!'])
    expect(message.usage.inputTokens).toBe(reason === 'unknown' ? 0 : 7)
  })
})

describe('chat', () => {
  const head = (index: number | string, id: string): JsonObject =>
    call({ index, id, type: 'function', function: { name: id, arguments: '' } })

  it.each<[string, number | string, number | string]>([
    ['by number', 0, 1],
    ['by numbers as texts', '0', '1'],
  ])(
    'R8, B13: arguments go to the call that they name, %s, and calls are told at the end',
    async (_, first, second) => {
      const args = (index: number | string, piece: string): JsonObject =>
        call({ index, function: { arguments: piece } })
      const { message, events } = await folded('openai-chat', [
        head(first, 'a'),
        head(second, 'b'),
        args(first, '{"x":'),
        args(second, '{"y":2'),
        args(first, '1}'),
        args(second, '}'),
        chunk({}, 'tool_calls'),
        '[DONE]',
      ])
      expect(shown(message)).toEqual([
        ['a', '{"x":1}', 'complete'],
        ['b', '{"y":2}', 'complete'],
      ])
      expect(callsOf(events)).toEqual([
        ['a', { x: 1 }],
        ['b', { y: 2 }],
      ])
      expect(events.findIndex(({ type }) => type === 'tool_call')).toBeGreaterThan(
        events.findLastIndex(({ type }) => type === 'tool_input'),
      )
    },
  )

  it('R8: arguments that are cut are kept as they came, and never run', async () => {
    const { message, events } = await folded('openai-chat', [
      call({ index: 0, id: 'a', function: { name: 'a', arguments: '{"x":' } }),
      chunk({}, 'length'),
      '[DONE]',
    ])
    expect(shown(message)).toEqual([['a', '{"x":', 'partial']])
    expect(callsOf(events)).toEqual([])
  })
})

describe('several choices', () => {
  const of = (index: number, piece: JsonObject, own: JsonObject = {}): JsonObject => ({
    id: 'chat_1',
    object: 'chat.completion.chunk',
    choices: [{ index, delta: piece, finish_reason: null, ...own }],
  })
  const sent = [
    of(0, { content: 'a' }, { error: { message: 'no', type: 'server_error' } }),
    of(1, { content: 'b' }, { finish_reason: 'stop' }),
    '[DONE]',
  ].map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)

  it.each([
    ['event by event', sent],
    ['in one chunk', [sent.join('')]],
  ])('I1: one that fails ends no other, also one that has not begun: %s', async (_, chunks) => {
    const messages = await assemble(ReadableStream.from(chunks), { dialect: 'openai-chat' }).messages()
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['failed', 'complete'])
    expect(messages.map(shown)).toEqual([['a'], ['b']])
  })
})

describe('Responses', () => {
  const created = { type: 'response.created', response: { id: 'resp_1', output: [] } }
  const place = { item_id: 'm', output_index: 0, content_index: 0 }
  const said = { type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text: 'Bonjour!' }] }
  const completed = { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [said] } }

  it('R4: deltas and full texts, in any order, are said once', async () => {
    const deltas = ['Bon', 'jour!'].map((piece) => ({ type: 'response.output_text.delta', ...place, delta: piece }))
    const done = { type: 'response.output_text.done', ...place, text: 'Bonjour!' }
    const item = { type: 'response.output_item.done', output_index: 0, item: said }
    const added = { type: 'response.output_item.added', output_index: 0, item: { ...said, content: [] } }
    for (const sent of [[...deltas, done, item], [done, item], [item, done], [...deltas, item], deltas, []]) {
      const { message } = await folded('openai-responses', [created, added, ...sent, completed])
      expect(shown(message), JSON.stringify(sent)).toEqual(['Bonjour!'])
    }
  })

  it('R7: a call that is announced under one item id and done under another runs once, with its real arguments', async () => {
    const own = { type: 'function_call', call_id: 'c', name: 'f' }
    const item = { ...own, id: 'fc_2', arguments: '{"x":1}', status: 'completed' }
    const { message, events } = await folded('openai-responses', [
      created,
      { type: 'response.output_item.added', output_index: 0, item: { ...own, id: 'fc_1', arguments: '' } },
      { type: 'response.output_item.done', output_index: 0, item },
      { ...completed, response: { ...completed.response, output: [item] } },
    ])
    expect(callsOf(events)).toEqual([['f', { x: 1 }]])
    expect(shown(message)).toEqual([['f', '{"x":1}', 'complete']])
  })
})
