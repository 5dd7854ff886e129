/** The same answer in several dialects is the same in text, calls and stop. */
import { beforeAll, describe, expect, it } from 'vitest'
import { compare, type Aspect, type Difference } from '../../src/compare.ts'
import { isObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage, WritableDialect } from '../../src/index.ts'
import { bundled, scripted } from '../support/compared.ts'
import { scriptWith, type BlockSpec } from '../support/script.ts'
import { WIRES } from '../support/wires.ts'
import { answersOf, expectedView, foldedAnswer, foldedStream, WRITABLE } from '../support/written.ts'
import { recordedMessages } from '../transcript/recorded-messages.ts'

/** What is of the provider and not of the answer. */
const OF_PROVIDERS: readonly Aspect[] = [
  // Each has its own.
  'ids',
  // Each counts its own tokens.
  'usage',
  // A body in one piece has none, and no two streams the same.
  'times',
  // What was odd is of the wire.
  'anomalies',
]

describe('the same turn, streamed by each provider', () => {
  const call = { kind: 'call', by: 'client', sent: 'deltas' } as const
  const turns: readonly (readonly [string, readonly BlockSpec[], isCalling: boolean])[] = [
    ['a text', [{ kind: 'text', text: 'It is sunny — 晴れ 🌞.' }], false],
    [
      'thinking and a text',
      [
        { kind: 'thinking', parts: ['Hm, so.'], seal: 'EqQB' },
        { kind: 'text', text: 'Yes.' },
      ],
      false,
    ],
    [
      'a text and calls',
      [
        { kind: 'text', text: 'I look.' },
        { ...call, id: 'call_1', name: 'get_weather', input: { city: 'Oslo', days: [1, 2] } },
        { ...call, id: 'call_2', name: 'get_weather', input: { city: 'Bergen', deep: { a: null } } },
        { ...call, id: 'call_3', name: 'now', input: {} },
      ],
      true,
    ],
  ]

  it.each(turns)('is the same: %s', (_, blocks, isCalling) => {
    const recordings = WIRES.map((wire) => {
      const end = [...wire.stops].find(([, reason]) => reason === 'end_turn')?.[0] ?? ''
      return scripted(wire, scriptWith(blocks, isCalling ? wire.callsStop : end))
    })
    const { sides, differences } = compare(recordings, { ignore: OF_PROVIDERS })
    expect(differences).toEqual([])
    expect(sides.map(({ agrees }) => agrees)).toEqual(WIRES.map(() => ({ text: true, calls: true, stop: true })))
    expect(new Set(sides.map(({ dialect }) => dialect)).size).toBe(WIRES.length)
  })

  it('is the same in the recordings that were made of one turn', () => {
    const recordings = ['anthropic-messages', 'openai-chat', 'openai-responses'].map((dialect) =>
      bundled(`${dialect}/note-and-sum`),
    )
    expect(compare(recordings, { ignore: OF_PROVIDERS }).differences).toEqual([])
    const [thinking, other] = ['openai-chat', 'openai-responses'].map((dialect) =>
      bundled(`${dialect}/thinking-and-text`),
    )
    expect(compare([thinking ?? expect.fail(), other ?? expect.fail()], { ignore: OF_PROVIDERS }).differences).toEqual(
      [],
    )
  })
})

/** All answers of the bundled recordings. */
const answers = new Map<string, readonly AssistantMessage[]>()
beforeAll(async () => {
  for (const { message } of await recordedMessages()) {
    answers.set(message.turn, [...(answers.get(message.turn) ?? []), message])
  }
})

/** Why a text or a call differs once it is written in another form: what that form has no place for. */
const EXCEPTIONS: Readonly<Record<WritableDialect, Readonly<Record<string, readonly string[]>>>> = {
  'anthropic-messages': {
    // What the agent runs by itself, it asks the API's client for.
    'call: origin "provider" → "client"': [
      'claude-code/cut-connection',
      'claude-code/records-and-stops-that-come-again',
      'claude-code/result-within-a-message',
      'claude-code/tools-with-stream-events',
      'claude-code/tools-without-stream-events',
      'claude-code/turn-limit',
      'claude-code/two-sub-agents',
      'claude-code/usage-that-grows',
    ],
    // A whole answer has an object as input, and no text that was cut.
    'call: arguments "{" → ""': ['anthropic-messages/tool-input-cut-by-max-tokens'],
    // There are no images between texts.
    'text: absent; text: words': ['gemini-interactions/search-image-and-annotations'],
    // There is no block for a refusal.
    'text: absent': ['openai-chat/refusal', 'openai-responses/refusal'],
  },
  'openai-chat': {
    // All text is one, whatever stood between.
    'text: absent; text: words': [
      'ai-sdk-ui/tools-in-two-steps',
      'anthropic-messages/code-execution',
      'anthropic-messages/fallback',
      'anthropic-messages/mcp-tool',
      'anthropic-messages/server-tool-with-citations',
      'gemini-interactions/search-image-and-annotations',
      'gemini/code-execution',
      'openai-responses/phases',
    ],
    // In a whole answer thinking stands before the text.
    'text: absent': ['cohere/text-plan-and-two-tools'],
    // Nothing shows that a call of a stream that was cut is whole.
    'call: state "complete" → "partial"': ['openai-responses/no-last-event'],
    // A call that came before the text stands behind it.
    'calls: order': ['openai-chat/content-after-the-finish'],
  },
  'openai-responses': {
    // What came before the stream was resumed has another place.
    'calls: order': ['openai-responses/resumed-without-its-beginning'],
    // There is no place for what stood between.
    'text: absent; text: words': ['anthropic-messages/fallback', 'gemini-interactions/search-image-and-annotations'],
  },
}

function stopIn(view: AssistantMessage | JsonValue): unknown {
  const stop: unknown = isObject(view) ? view['stop'] : undefined
  return isObject(stop) ? stop['reason'] : stop
}

function told(difference: Difference): string {
  if (difference.kind !== 'call' && difference.kind !== 'input') return `${difference.aspect}: ${difference.kind}`
  const changes = difference.changes.map(
    ({ path, reference, side }) => `${path.join('.')} ${JSON.stringify(reference)} → ${JSON.stringify(side)}`,
  )
  return `${difference.kind}: ${changes.join(', ')}`
}

describe.each(WRITABLE)('an answer that is written as %s', (to) => {
  it('is the same in text, calls and stop, but for what that form cannot say', async () => {
    const found = new Map<string, Set<string>>()
    let count = 0
    for (const [name, messages] of answers) {
      for (const answer of answersOf(messages, to)) {
        const isWhole = answer.every(({ outcome }) => outcome.kind === 'complete')
        // No whole answer says that it was cut.
        const written = [await foldedStream(answer, to), ...(isWhole ? [await foldedAnswer(answer, to)] : [])]
        for (const other of written) {
          count += 1
          const { rows, sides, differences } = compare([answer, other])
          // In its own form an answer says what it said.
          const stops = answer
            .map((message) => (message.dialect === to ? message : expectedView(message, to)))
            .map(stopIn)
          expect(
            other.map(({ stop }) => stop.reason),
            name,
          ).toEqual(stops)
          const isNamedAlike = answer.every(({ stop }, at) => stop.reason === stops[at])
          const hasSequences = [...answer, ...other].every(({ stop }) => stop.sequence === null)
          if (hasSequences) expect(sides[1]?.agrees.stop, name).toBe(isNamedAlike)
          // Chat has no calls of the provider.
          const isOfProvider = (difference: Difference): boolean =>
            to === 'openai-chat' &&
            difference.kind === 'absent' &&
            difference.only === 'reference' &&
            rows[difference.row]?.cells[0]?.kind === 'tool_call'
          const said = differences.filter(
            (one) => (one.aspect === 'text' || one.aspect === 'calls') && !isOfProvider(one),
          )
          const line = [...new Set(said.map(told))].toSorted().join('; ')
          if (line !== '') found.set(line, (found.get(line) ?? new Set()).add(name))
        }
      }
    }
    expect(count).toBeGreaterThan(500)
    expect(Object.fromEntries([...found].map(([line, names]) => [line, [...names].toSorted()]))).toEqual(EXCEPTIONS[to])
  })
})
