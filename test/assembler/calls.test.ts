/** Tool calls in the shapes of many servers: sent again, of plain text, without a name, with their id late. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { StopReason } from '../../src/message.ts'
import type { Operation } from '../../src/operation.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { append, begin, close, hard, open, optionsOf, patch, snapshot, soft, stop } from '../support/operations.ts'
import { kindsOf, run, shown, types, type Run } from '../support/run.ts'

const OPEN = [begin('m'), open('0', 'tool_call', { id: 'x', name: 'f' })]
const write = (text: string): Operation => append('0', 'tool_call', text)

describe('arguments that are sent once more as a whole (3.22)', () => {
  const written = (pieces: readonly string[], reason: StopReason = 'tool_calls'): Run =>
    run([...OPEN, ...pieces.map(write), stop(reason), hard])

  it.each<[string, string[], string]>([
    ['after all of them', ['{"a":', '1}', '{"a":1}'], '{"a":1}'],
    ['after most of them', ['{"a":[1,', '2', '{"a":[1,2]}'], '{"a":[1,2]}'],
    ['after a first brace', ['{', '{"a":1}'], '{"a":1}'],
  ])('I6: are taken once if they come %s', (_, pieces, whole) => {
    const made = written(pieces)
    expect(made.message.content).toMatchObject([{ arguments: whole, state: 'complete' }])
    expect(made.message.anomalies).toEqual([
      { kind: 'resent_arguments', value: pieces.slice(0, -1).join(''), block: 0 },
    ])
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(1)
    expectLiveEqualsFinal(made.events, made.message)
  })

  it.each<[string, string[]]>([
    ['that are no JSON are invalid', ['{"a":1}', 'oops']],
    ['that differ from those before are invalid', ['{"a":1}', '{"a":2}']],
    ['that are no object are invalid', ['[1', '[1]']],
    ['that come twice over are invalid', ['{"a":1}', '{"a":1}{"a":1}']],
  ])('I6: %s', (_, pieces) => {
    const made = written(pieces)
    expect(made.message.content).toMatchObject([{ arguments: pieces.join(''), state: 'invalid' }])
    expect(types(made.events)).not.toContain('tool_call')
  })

  it('I6: is no reason to repair what was cut: an object within an object is what the model wrote', () => {
    for (const [pieces, state] of [
      [['{"a":', '{"a":1}'], 'invalid'],
      [['{"a":', '{"a":1}', '}'], 'complete'],
    ] as const) {
      const made = written(pieces)
      expect(made.message.content).toMatchObject([{ arguments: pieces.join(''), state }])
      expect(kindsOf(made)).not.toContain('resent_arguments')
    }
  })

  it('I6: are taken once, and handed out, also if no stop reason came', () => {
    const made = run([...OPEN, write('{"a":'), write('1}'), write('{"a":1}'), hard])
    expect(made.message.content).toMatchObject([{ arguments: '{"a":1}', state: 'complete' }])
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(1)
  })

  it('I6: are not handed out under a stop reason that cuts', () => {
    const made = written(['{"a":', '1}', '{"a":1}'], 'max_tokens')
    expect(types(made.events)).not.toContain('tool_call')
  })

  it('I6: are not repaired in a stream that was cut', () => {
    const made = run([...OPEN, write('{"a":'), write('1}'), write('{"a":1}')])
    expect(made.message.outcome.kind).toBe('truncated')
    expect(made.message.content).toMatchObject([{ arguments: '{"a":1}{"a":1}', state: 'invalid' }])
  })

  it('I6: are not looked for in a block that the wire closed', () => {
    const made = run([...OPEN, write('{"a":1}'), write('{"a":1}'), close('0'), stop('tool_calls'), hard])
    expect(made.message.content).toMatchObject([{ state: 'invalid' }])
  })
})

describe('a call of a tool that takes plain text', () => {
  const free = { id: 'x', name: 'f', freeText: 'code' } as const
  const opened = [begin('m'), open('0', 'tool_call', free)]

  it('I6: has the text under its name as input', () => {
    const made = run([...opened, write('print('), write('1)'), close('0'), stop('tool_calls'), hard])
    expect(made.message.content).toMatchObject([
      { arguments: 'print(1)', state: 'complete', input: { code: 'print(1)' } },
    ])
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(1)
  })

  it('I6: has an input also if the text is none, or is JSON, or reads like a prototype', () => {
    for (const [text, freeText] of [
      ['', 'code'],
      ['[1]', 'code'],
      ['null', '__proto__'],
    ] as const) {
      const made = run([
        begin('m'),
        open('0', 'tool_call', { ...free, freeText }),
        write(text),
        close('0'),
        stop('tool_calls'),
        hard,
      ])
      const [call] = made.message.content
      expect(JSON.stringify(call)).toContain(`"input":{"${freeText}":${JSON.stringify(text)}}`)
    }
  })

  it('I6: is partial if the stop reason cut it, since nothing shows that it is whole', () => {
    const made = run([...opened, write('print('), close('0'), stop('max_tokens'), hard])
    expect(made.message.content).toMatchObject([{ arguments: 'print(', state: 'partial' }])
    expect(made.message.content[0]).not.toHaveProperty('input')
    expect(types(made.events)).not.toContain('tool_call')
  })

  it('I6: is partial if the stream was cut, and complete if only what followed it was', () => {
    expect(run([...opened, write('print(')]).message.content).toMatchObject([{ state: 'partial' }])
    expect(run([...opened, write('print(1)'), close('0')]).message.content).toMatchObject([{ state: 'complete' }])
  })

  it('I6: is never handed out before the stop reason is known', () => {
    const early = run([...opened, write('print(1)'), close('0')], { toolCalls: 'early' })
    expect(types(early.events)).not.toContain('tool_call')
  })

  it('is shown as what there is of it while it streams', () => {
    const assembler = new Assembler(optionsOf())
    for (const operation of [...opened, write('print(')]) assembler.receive({ operations: [operation] })
    expect(assembler.partialInput(0)).toEqual({ value: { code: 'print(' }, isComplete: false })
    for (const operation of [write('1)'), close('0')]) assembler.receive({ operations: [operation] })
    expect(assembler.partialInput(0)).toEqual({ value: { code: 'print(1)' }, isComplete: true })
  })

  it('is not taken for arguments that were sent once more', () => {
    const made = run([...opened, write('a'), write('ab'), stop('tool_calls'), hard])
    expect(made.message.content).toMatchObject([{ arguments: 'aab', state: 'complete' }])
  })
})

describe('where no event opens a call', () => {
  const bare = { opensBlocks: false, recognisesReplay: 'after_stop' } as const

  it('it is shown with its first arguments, by the name and the id that it has then', () => {
    const made = run(
      [
        begin('m'),
        open('0', 'tool_call', { name: 'get_' }),
        patch('0', 'tool_call', { name: 'get_weather' }),
        patch('0', 'tool_call', { id: 'late' }),
        write('{"a":1}'),
        stop('tool_calls'),
        hard,
      ],
      bare,
    )
    expect(made.steps.map((step) => types(step)).at(4)).toEqual(['block_start', 'tool_input'])
    expect(made.events.find(({ type }) => type === 'block_start')).toMatchObject({ name: 'get_weather', id: 'late' })
    expect(made.message.content).toMatchObject([{ id: 'late', idSource: 'wire', name: 'get_weather' }])
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('it is shown without arguments when something else begins, or at the end', () => {
    const made = run(
      [begin('m'), open('0', 'tool_call', { name: 'f', id: 'x' }), append('t', 'text', 'hi'), stop('tool_calls'), hard],
      bare,
    )
    expect(made.message.content).toMatchObject([{ name: 'f', arguments: '', state: 'complete' }, { text: 'hi' }])
    const alone = run([begin('m'), open('0', 'tool_call', { name: 'f', id: 'x' }), stop('tool_calls'), hard], bare)
    expect(alone.message.content).toMatchObject([{ name: 'f', state: 'complete', input: {} }])
    expect(types(alone.events).filter((type) => type === 'tool_call')).toHaveLength(1)
  })

  it('I6: it is handed out at the end of the input, not at the stop reason', () => {
    const made = run([begin('m'), open('0', 'tool_call', { name: 'f' }), write('{}'), stop('tool_calls'), soft], {
      ...bare,
      toolCalls: 'early',
    })
    const at = made.steps.findIndex((events) => types(events).includes('tool_call'))
    expect(at).toBe(made.steps.length - 1)
    expect(shown(made.events)).toEqual(['{}'])
  })

  it('I2: the same call under two keys is one, also where the second has its id late', () => {
    const made = run(
      [
        begin('m'),
        open('0', 'tool_call', { id: 'x', name: 'f' }),
        write('{"a":1}'),
        open('1', 'tool_call', { id: 'x', name: 'f' }),
        append('1', 'tool_call', '{"a": 1}'),
        stop('tool_calls'),
        hard,
      ],
      bare,
    )
    expect(made.message.content).toHaveLength(1)
    expect(kindsOf(made)).toContain('duplicate_call')
  })

  it('I4: a call that never had a name is in the message, and never handed out', () => {
    const made = run([begin('m'), open('0', 'tool_call', { id: 'x' }), write('{}'), stop('tool_calls'), hard], bare)
    expect(made.message.content).toMatchObject([{ id: 'x', name: '', arguments: '{}' }])
    expect(types(made.events)).not.toContain('tool_call')
  })
})

describe('a call that is of no use', () => {
  const closed = [close('0'), stop('tool_calls'), hard]
  const limits = { toolDepth: 2 }

  it.each<[string, Operation[], string]>([
    ['that its arguments are no JSON', [...OPEN, write('{{')], 'not_json'],
    ['that its arguments are no object', [...OPEN, write('[1]')], 'not_an_object'],
    ['that its arguments are nested too deep', [...OPEN, write('{"a":{"b":{}}}')], 'too_deep'],
    ['that its arguments are not whole', [...OPEN, write('{"a":')], 'incomplete'],
    ['that it has no name', [begin('m'), open('0', 'tool_call', { id: 'x' }), write('{}')], 'no_name'],
    [
      'what its arguments are before its name',
      [begin('m'), open('0', 'tool_call', { id: 'x' }), write('[')],
      'not_json',
    ],
  ])('I4: is noted with the reason: %s', (_, operations, detail) => {
    const made = run([...operations, ...closed], { limits })
    expect(made.message.content).toMatchObject([{ state: 'invalid' }])
    expect(made.message.anomalies).toEqual([{ kind: 'invalid_input', detail, block: 0 }])
  })

  it.each<[string, Operation[]]>([
    ['a call that is whole', [...OPEN, write('{}'), ...closed]],
    ['a whole call that was not handed out', [...OPEN, write('{}'), close('0'), stop('max_tokens'), hard]],
    ['a call that was cut', [...OPEN, write('{"a":'), close('0'), stop('max_tokens'), hard]],
    ['a text that reads like one', [begin('m'), open('0', 'text', {}, '{{'), close('0'), stop('end_turn'), hard]],
  ])('I4: is not noted to be one: %s', (_, operations) => {
    expect(kindsOf(run(operations))).toEqual([])
  })
})

describe('a call that the provider runs', () => {
  it('I6: is never handed out, and is no reason to read the stop as tool calls', () => {
    const own = open('0', 'tool_call', { id: 'x', name: 'f', origin: 'provider' })
    for (const reason of ['tool_calls', 'end_turn'] as const) {
      const made = run([begin('m'), own, write('{}'), close('0'), stop(reason), hard], { toolCalls: 'early' })
      expect(made.message).toMatchObject({ content: [{ origin: 'provider', state: 'complete' }], stop: { reason } })
      expect(types(made.events)).not.toContain('tool_call')
    }
  })
})

describe('a call that was handed out', () => {
  it('I2: keeps its arguments if a final form of higher rank names others', () => {
    const made = run([
      ...OPEN,
      write('{"a":1}'),
      close('0'),
      stop('tool_calls'),
      snapshot('0', 'tool_call', '{"b":1}', 3),
    ])
    expect(made.message.content).toMatchObject([{ arguments: '{"a":1}' }])
    expect(kindsOf(made)).toContain('snapshot_refused')
  })
})

describe('a call of which the message, sent again, says nothing any more', () => {
  const again = [
    begin('m'),
    open('1', 'tool_call', { id: 'y', name: 'g' }),
    append('1', 'tool_call', '{"b":1}'),
    close('1'),
  ]
  const first = [...OPEN, open('1', 'tool_call', { id: 'y', name: 'g' }), append('1', 'tool_call', '{"b"')]
  const end = [stop('tool_calls'), hard]
  const callsOf = ({ events }: Run): string[] =>
    events.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))

  it.each([
    ['without arguments', first],
    ['with arguments that are whole', [...OPEN, write('{"a":1}'), ...first.slice(2)]],
  ])('I6: is partial and not handed out: %s', (_, before) => {
    const made = run([...before, ...again, ...end])
    expect(made.message.content).toMatchObject([
      { id: 'x', state: 'partial' },
      { id: 'y', state: 'complete' },
    ])
    expect(callsOf(made)).toEqual(['y'])
  })

  it('I6: is handed out if it was closed, or goes on: proxies begin a message again in its middle', () => {
    const closed = run([...OPEN, write('{"a":1}'), close('0'), ...first.slice(2), ...again, ...end])
    expect(callsOf(closed)).toEqual(['x', 'y'])
    const goingOn = run([...OPEN, write('{"a"'), begin('m'), write(':1}'), ...end])
    expect(callsOf(goingOn)).toEqual(['x'])
  })

  it('I6: is handed out if nothing was sent again: then the message just went on', () => {
    const made = run([...OPEN, begin('m'), ...end])
    expect(made.message.content).toMatchObject([{ state: 'complete', input: {} }])
    expect(callsOf(made)).toEqual(['x'])
  })
})
