/** The matchers of `onefold/vitest`: what passes, what fails, and what a person reads then. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseJson, type JsonObject, type JsonValue } from '../../src/json.ts'
import { breakRecording, faultPlan } from '../../src/faults.ts'
import { parseRecording, recordingOfBody, type Recording } from '../../src/recording/format.ts'
import { replayResponse } from '../../src/recording/fold-recording.ts'
import { replay } from '../../src/recording/replay.ts'
import { storedOf } from '../../src/recording/stored.ts'
import { assemble, fold } from '../../src/turn.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it adds the matchers
import '../../src/vitest.ts'

const recording = parseRecording(readFileSync('recordings/anthropic-messages/one-tool.recording', 'utf8'))
const overloaded = parseRecording(readFileSync('recordings/anthropic-messages/overloaded-529.recording', 'utf8'))
const written = readFileSync('recordings/anthropic-messages/one-tool.json', 'utf8')
const expected = parseJson(written) as JsonObject

/** The expected message with another value at a path such as `content.0.text`. */
function changed(path: string, value: JsonValue | undefined): JsonObject {
  const message = parseJson(written) as JsonObject
  const steps = path.split('.')
  const last = steps.pop() ?? ''
  const inside = steps.reduce<unknown>((one, step) => (one as Record<string, unknown>)[step], message)
  ;(inside as Record<string, JsonValue | undefined>)[last] = value
  return message
}

/** What a test that fails says. */
async function messageOf(claim: () => unknown): Promise<string> {
  try {
    await claim()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'it passed'
}

const cut = breakRecording(recording, faultPlan('cut-reset'), { place: 12 })

it('options of toEqualTurn that are none are misuse, and half a message is none', async () => {
  expect(await messageOf(() => expect(expected).toEqualTurn(expected, null as never))).toMatch(/takes \{ ignoring \}/)
  const half = { content: [], outcome: { kind: 'failed' }, stop: {} }
  expect(await messageOf(() => expect(half).toBeComplete())).toMatch(/it is failed/)
})

describe('toFoldTo passes', () => {
  it.each([
    ['a recording', () => recording],
    ['one that is read while it is played', () => storedOf(recording, 'one-tool')],
    ['a response', () => replayResponse(recording)],
    ['a turn', () => assemble(replayResponse(recording))],
    ['a stream', () => replayResponse(recording).body ?? ''],
    ['an iterable of bytes', () => replay(recording)],
    ['a body as text', () => recording.chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')],
    ['a promise of any of them', () => Promise.resolve(replayResponse(recording))],
    ['a promise of its message', () => fold(replayResponse(recording))],
  ])('for %s, whatever the turn is called', async (_name, given) => {
    await expect(given()).toFoldTo(expected)
  })

  it('for a message at once, times apart', async () => {
    const message = await fold(replayResponse(recording), { turn: 'another' })
    expect(message.timing).toBeDefined()
    expect(message).toFoldTo(expected)
    expect(message).toFoldTo({ ...expected, timing: { endMs: 1 } })
  })

  it('for an error of the provider, with what its response said', async () => {
    await expect(overloaded).toFoldTo(expect.objectContaining({ outcome: expect.objectContaining({ kind: 'failed' }) }))
  })

  it('with the asymmetric matchers of vitest anywhere, and with resolves', async () => {
    await expect(recording).toFoldTo(
      expect.objectContaining({ stop: expect.objectContaining({ reason: 'tool_calls' }) }),
    )
    await expect(recording).toFoldTo(changed('content.0.text', expect.stringContaining('definition') as JsonValue))
    await expect(Promise.resolve(recording)).resolves.toFoldTo(expected)
  })

  it('with not, for another message', async () => {
    await expect(recording).not.toFoldTo(changed('stop.reason', 'end_turn'))
    await expect(expected).not.toFoldTo(changed('model', 'other'))
  })

  it('for all choices of an answer with a list, and for no single message', async () => {
    const choices = [0, 1].map((index) => ({
      id: 'c',
      object: 'chat.completion.chunk',
      choices: [{ index, delta: { role: 'assistant', content: `n${index}` }, finish_reason: 'stop' }],
    }))
    const body = [...choices.map((chunk) => JSON.stringify(chunk)), '[DONE]']
      .map((data) => `data: ${data}\n\n`)
      .join('')
    const answer = recordingOfBody(new TextEncoder().encode(body))
    const said = (word: string): JsonValue =>
      expect.objectContaining({ content: [expect.objectContaining({ text: word })] }) as JsonValue
    await expect(answer).toFoldTo([said('n0'), said('n1')])
    expect(await messageOf(() => expect(answer).toFoldTo(said('n0')))).toContain('it gives 2 messages, not one message')
    expect(await messageOf(() => expect(answer).toFoldTo([said('n0'), said('n2')]))).toMatch(
      /message 1, block 0 \(text\) at text differs[\s\S]*came with +event 2/,
    )
  })
})

describe('toFoldTo says, at a failure,', () => {
  const hostile = '\u001b[2J\u0007\u202e\u009b'
  it.each<readonly [string, () => unknown, JsonValue, readonly (string | RegExp)[]]>([
    [
      'which character of which block differs, and which event and chunk brought it',
      () => recording,
      changed('content.0.text', 'I change the declaration first.'),
      [
        'block 0 (text) at text differs',
        '"I change the declaration first."',
        '"I change the definition first."',
        /came with +event 5 \(content_block_delta\), in chunk 5/,
      ],
    ],
    [
      'where in the input of a call it is, with the last piece of its arguments',
      () => replayResponse(recording),
      changed('content.1.input.path', 'src/other.ts'),
      [
        'block 1 (tool_call edit_file) at input.path differs',
        '"src/other.ts"',
        /came with +event \d+ \(content_block_delta\), in chunk \d+/,
      ],
    ],
    [
      'which event of a turn it was',
      () => assemble(replayResponse(recording)),
      changed('content.1.name', 'other'),
      ['block 1 (tool_call edit_file) at name differs', /came with +turn event \d+ \(block_start\)/],
    ],
    [
      'that a block is missing, and what came last',
      () => recording,
      changed('content.2', { type: 'text', text: 'more', wire: {} }),
      [
        'block 2 (text) differs',
        'received    nothing',
        'blocks      text, tool_call (expected: text, tool_call, text)',
        'nothing: the last that came is event',
      ],
    ],
    [
      'that the stream was cut, besides',
      () => cut,
      expected,
      [
        'block 1 (tool_call edit_file) at state differs',
        /outcome +truncated by reset \(network: /,
        /also +stop, outcome/,
      ],
    ],
    [
      'a field of the message',
      () => recording,
      changed('usage.outputTokens', 1),
      ['usage.outputTokens differs', 'expected    1\n  received    96'],
    ],
    [
      'that something is there that is not expected',
      () => recording,
      changed('model', undefined),
      ['model differs', 'expected    nothing'],
    ],
    [
      'an expected matcher by its name',
      () => recording,
      changed('model', expect.stringMatching(/^gpt/) as JsonValue),
      ['model differs', 'StringMatching'],
    ],
    [
      'hostile text as escapes',
      () => recording,
      changed('content.0.text', `I change${hostile}`),
      [String.raw`I change\u001b[2J\u0007\u202e\u009b`],
    ],
  ])('%s', async (_name, given, wanted, parts) => {
    const message = await messageOf(() => expect(given()).toFoldTo(wanted))
    for (const part of parts) expect(message).toMatch(part instanceof RegExp ? part : literal(part))
    // oxlint-disable-next-line no-control-regex -- finding them is the purpose
    expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(message.split('\n').length, 'no wall of JSON').toBeLessThan(14)
  })

  it('of a long text only what is around the first difference', async () => {
    const long = 'word '.repeat(4000)
    const body = (last: string): Recording =>
      recordingOfBody(
        new TextEncoder().encode(
          `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { role: 'assistant', content: `${long}${last}` }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
        ),
      )
    const message = await messageOf(() => expect(body('here')).toEqualTurn(body('there')))
    expect(message).toContain('equal up to character 20000 of 20005 expected, 20004 received')
    expect(message.length).toBeLessThan(600)
  })

  it('that it is the message, where it must not be', async () => {
    expect(await messageOf(() => expect(recording).not.toFoldTo(expected))).toContain('not.toFoldTo(message): it does')
  })

  it.each([
    ['a number', () => expect(5).toFoldTo(expected), 'expect(…) was given 5'],
    ['nothing', () => expect(undefined).toBeComplete(), 'expect(…) was given undefined'],
    [
      'no message',
      () => expect(recording).toFoldTo('complete'),
      'takes a message, or a list of them, and got complete',
    ],
    [
      'an unknown thing to ignore',
      () => expect(recording).toEqualTurn(recording, { ignoring: ['id' as 'ids'] }),
      'id is none of ids, times, usage',
    ],
  ])('that it was given %s, with not as well', async (_name, claim, says) => {
    expect(await messageOf(claim)).toContain(says)
  })
})

describe('toBeComplete', () => {
  it('passes for what is complete, and with not for what is not', async () => {
    await expect(recording).toBeComplete()
    await expect(cut).not.toBeComplete()
    await expect(expected).toBeComplete()
  })

  it('says how it ended, what came last, and what the block ends with', async () => {
    const message = await messageOf(() => expect(cut).toBeComplete())
    expect(message).toMatch(/toBeComplete\(\): it is truncated by reset \(network: .*reset\)/)
    expect(message).toMatch(/the last +event 12 \(content_block_\w+\), in chunk 12/)
    expect(message).toMatch(/ends with +"/)
  })

  it('says what the provider reported', async () => {
    expect(await messageOf(() => expect(overloaded).toBeComplete())).toMatch(/it is failed \(overloaded: /)
  })

  it('says that it is complete, where it must not be', async () => {
    expect(await messageOf(() => expect(recording).not.toBeComplete())).toContain('not.toBeComplete(): it is complete')
  })
})

describe('toEqualTurn', () => {
  it('I1: passes for the same stream in other chunks, and for a message and its response', async () => {
    await expect(recording).toEqualTurn(breakRecording(recording, faultPlan('one-byte-chunks')))
    await expect(replayResponse(recording)).toEqualTurn(recording)
    await expect(expected).toEqualTurn(expected)
  })

  it('says where the two differ', async () => {
    const message = await messageOf(() => expect(recording).toEqualTurn(cut))
    expect(message).toMatch(/toEqualTurn\(other\): block 1 \(tool_call edit_file\) at state differs/)
  })

  const cases: readonly (readonly [string, 'ids' | 'times' | 'usage' | 'anomalies' | 'wire', JsonObject])[] = [
    ['ids', 'ids', changed('id', 'msg_other')],
    ['the ids of calls', 'ids', changed('content.1.id', 'toolu_other')],
    ['usage', 'usage', { ...changed('usage', {}), rawUsage: {} }],
    ['anomalies', 'anomalies', changed('anomalies', [{ kind: 'repeated_stop' }])],
    ['the wire', 'wire', changed('content.0.wire', { more: 1 })],
    ['times', 'times', { ...expected, wire: { ...(expected['wire'] as JsonObject), created_at: 5 } }],
  ]
  it.each(cases)('ignores %s where it is told to, and nothing else', async (_name, ignoring, other) => {
    await expect(recording).toEqualTurn(other, { ignoring: [ignoring] })
    await expect(recording).not.toEqualTurn(other)
    const rest = (['ids', 'times', 'usage', 'anomalies', 'wire'] as const).filter((name) => name !== ignoring)
    if (ignoring !== 'times') await expect(recording).not.toEqualTurn(other, { ignoring: rest })
  })

  it('leaves alone what a model wrote, whatever it is called', async () => {
    const other = changed('content.1.input', { ...(at(expected, 'content.1.input') as JsonObject), id: 'mine' })
    await expect(other).not.toEqualTurn(expected, { ignoring: ['ids', 'times', 'usage', 'anomalies', 'wire'] })
  })
})

function at(value: JsonValue, path: string): unknown {
  return path.split('.').reduce<unknown>((inside, step) => (inside as Record<string, unknown>)[step], value)
}

function literal(text: string): RegExp {
  return new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
}
