/** The arguments of calls, in every dialect that streams them as text: whole, cut, spoiled, and what a reader may see of them meanwhile. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { toNative } from '../../src/to-native.ts'
import { assemble } from '../../src/turn.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { anthropicWire, chatWire, responsesWire } from '../support/wires.ts'
import { encode, type ProviderEvent, type Wire, type Writing } from '../support/wire.ts'
import * as anthropic from './anthropic-events.ts'
import * as chat from './openai-chat-chunks.ts'
import * as responses from './openai-responses-events.ts'
import { callRows, handedOut, run } from './run.ts'

interface Caller {
  readonly wire: Wire
  /** A message with calls, the arguments of each in pieces, which wants them run, or is cut by its length. */
  events(calls: readonly (readonly string[])[], ends: 'calls' | 'length'): readonly ProviderEvent[]
}

const CALLERS: readonly Caller[] = [
  {
    wire: anthropicWire,
    events: (calls, ends) => [
      anthropic.START,
      ...calls.flatMap((pieces, at) => anthropic.called(at, pieces)),
      anthropic.stop(ends === 'calls' ? 'tool_use' : 'max_tokens'),
      anthropic.END,
    ],
  },
  {
    wire: chatWire,
    events: (calls, ends) => [
      chat.chunk({ role: 'assistant' }),
      ...calls.flatMap((pieces, at) => [
        chat.calls(chat.call(at, `toolu_${at}`, 'f', '')),
        ...pieces.map((piece) => chat.calls(chat.call(at, undefined, undefined, piece))),
      ]),
      chat.finish(ends === 'calls' ? 'tool_calls' : 'length'),
      chat.DONE,
    ],
  },
  {
    wire: responsesWire,
    events: (calls, ends) => [
      responses.CREATED,
      ...calls.flatMap((pieces, at) => {
        const place = { output_index: at, item_id: `fc_${at}` }
        const item = { id: `fc_${at}`, call_id: `toolu_${at}` }
        return [
          responses.added(responses.callItem('', item), place),
          ...pieces.map((piece) => responses.argumentsDelta(piece, place)),
          responses.done(responses.callItem(pieces.join(''), item), place),
        ]
      }),
      ends === 'calls' ? responses.completed() : responses.incomplete('max_output_tokens'),
    ],
  },
]

const PLAIN: Writing = { lineEnd: '\n', isNamed: true, hasSpace: true, hasComments: false }

const isText = ({ type }: TurnEvent): boolean => type === 'text' || type === 'thinking' || type === 'tool_input'

describe.each(CALLERS.map((caller) => ({ dialect: caller.wire.dialect, caller })))('$dialect', ({ caller }) => {
  const { wire } = caller
  const fold = (...given: Parameters<Caller['events']>) => run(wire, caller.events(...given))
  const call = (input: JsonObject | 'partial' | 'invalid', at = 0) => ({ id: `toolu_${at}`, name: 'f', input })

  it('quirk 10.01: arguments that the length cut are no input, keep their text, and are not run', () => {
    const folded = fold([['{"path":"/etc/hosts",', '"content":"line1']], 'length')
    expect(callRows(folded.message)).toEqual([call('partial')])
    expect(folded.message.content).toMatchObject([{ arguments: '{"path":"/etc/hosts","content":"line1' }])
    expect(folded.message.content[0]).not.toHaveProperty('input')
    expect(handedOut(folded)).toEqual([])
  })

  it('quirk 10.02: a preview is never what is run: it is of another type, and not in the message', async () => {
    const body = encode(caller.events([['{"path":"/', 'etc"']], 'calls'), PLAIN)
    const turn = assemble(body, { dialect: wire.dialect })
    const previews: unknown[] = []
    const given: unknown[] = []
    turn.on('tool_input', ({ block, message }) => previews.push(turn.partialInput(block, message)))
    turn.on('tool_call', (event) => given.push(event))
    const message = await turn.message()
    expect(previews.at(-1)).toEqual({ value: { path: '/etc' }, isComplete: false })
    expect(given).toEqual([])
    expect(callRows(message)).toEqual([call('invalid')])
    expect(JSON.stringify(message)).not.toContain('"path":')
  })

  it.each(['{"a":}', '[1]', '12', '"x"', '{"a":1}}'])(
    'quirk 10.03: %s is never an empty input, and not run',
    (written) => {
      const folded = fold([[written]], 'calls')
      expect(callRows(folded.message)).toEqual([call('invalid')])
      expect(folded.message.content).toMatchObject([{ arguments: written }])
      expect(handedOut(folded)).toEqual([])
    },
  )

  it('quirk 10.04: arguments that were never checked throw nothing, and spoil no other call', () => {
    const folded = fold([['{"a":"b\n', '"c"}'], ['{"a":1}']], 'calls')
    expect(callRows(folded.message)).toEqual([call('invalid'), call({ a: 1 }, 1)])
    expect(handedOut(folded)).toEqual([call({ a: 1 }, 1)])
    expect(folded.message.content).toMatchObject([{ arguments: '{"a":"b\n"c"}' }, {}])
  })

  it('quirk 10.07: no delta that is shown ends within a character', () => {
    const [high, low] = ['\ud83d', '\ude00']
    const folded = fold([[`{"a":"${high}`, `${low}"}`]], 'calls')
    expect(folded.events.filter(isText).every((event) => JSON.stringify(event).isWellFormed())).toBe(true)
    const deltas = folded.events.flatMap((event) => (event.type === 'tool_input' ? [event.delta] : []))
    expect([deltas.every((delta) => delta.isWellFormed()), deltas.join('')]).toEqual([true, '{"a":"😀"}'])
    expect(callRows(folded.message)).toEqual([call({ a: '😀' })])
  })

  it('quirk 10.09: an input that begins empty is not put before the arguments', () => {
    expect(callRows(fold([['', '{"a"', ':1}']], 'calls').message)).toEqual([call({ a: 1 })])
    expect(callRows(fold([['', '']], 'calls').message)).toEqual([call({})])
  })

  it('quirk 10.11: a whole call is whole beside one that the length cut, and neither is run', () => {
    const folded = fold([['{"a":1}'], ['{"b":']], 'length')
    expect(callRows(folded.message)).toEqual([call({ a: 1 }), call('partial', 1)])
    expect(handedOut(folded)).toEqual([])
  })

  it('quirk 10.12: arguments that end early under a reason that looks right are not run', () => {
    const folded = fold([['{"command":"rm -rf /tmp/x']], 'calls')
    expect(callRows(folded.message)).toEqual([call('invalid')])
    expect(handedOut(folded)).toEqual([])
  })

  it('quirk 10.12: no call is handed out at any event before the last of its arguments', () => {
    const events = caller.events([['{"a"', ':1', '}']], 'calls')
    for (const [count] of events.entries()) {
      const folded = run(wire, events.slice(0, count))
      if (!folded.message.content.some((block) => block.type === 'tool_call' && block.arguments === '{"a":1}')) {
        expect(handedOut(folded), `${count} events`).toEqual([])
      }
    }
  })
})

describe('the input of a call', () => {
  it('quirk 10.10: that a converter sends as text is read if it is an object, and invalid if not', () => {
    const whole = (input: string) => [
      anthropic.START,
      ...anthropic.called(0, [], { input }),
      anthropic.stop('tool_use'),
      anthropic.END,
    ]
    expect(handedOut(run(anthropicWire, whole('{"a":1}')))).toEqual([{ id: 'toolu_0', name: 'f', input: { a: 1 } }])
    expect(handedOut(run(anthropicWire, whole('rm -rf')))).toEqual([])
  })

  it('quirk 10.08: that is spoiled goes back to Anthropic as an object', () => {
    const spoiled = [anthropic.START, ...anthropic.called(0, ['{"a":}']), anthropic.stop('tool_use'), anthropic.END]
    expect(toNative(run(anthropicWire, spoiled).message)).toMatchObject({ content: [{ type: 'tool_use', input: {} }] })
  })
})
