/** Turns for pages: messages with what a test says of them, and when it came. */
import type { Arrival } from '../../src/compare/comparison.ts'
import type { ObservedTurn } from '../../src/compare/observed.ts'
import { compare, comparePage } from '../../src/compare.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'

export function text(words: string): ContentBlock {
  return { type: 'text', text: words, wire: {} }
}

export function thinking(words: string): ContentBlock {
  return { type: 'thinking', text: words, wire: {} }
}

export function call(name: string, input: JsonObject, id = 'call_1'): ContentBlock {
  const args = JSON.stringify(input)
  return {
    type: 'tool_call',
    key: `t/0#${id}`,
    id,
    idSource: 'wire',
    name,
    arguments: args,
    origin: 'client',
    state: 'complete',
    input,
    wire: {},
  }
}

export function messageOf(content: readonly ContentBlock[], fields: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    key: 't/0',
    id: 'msg_1',
    idSource: 'wire',
    turn: 't',
    attempt: 1,
    dialect: 'openai-chat',
    content,
    stop: { reason: 'end_turn', raw: 'stop', sequence: null },
    outcome: { kind: 'complete' },
    usage: {},
    anomalies: [],
    wire: {},
    ...fields,
  }
}

/** A turn whose blocks came at these milliseconds, each list of one block. */
export function turnOf(message: AssistantMessage, ...times: readonly (readonly number[])[]): ObservedTurn {
  const arrivals = times
    .flatMap((list, block) =>
      list.map((ms): Arrival => {
        const kind = message.content[block]?.type ?? 'other'
        return { ms, message: 0, block, kind, characters: 10, deltas: 1 }
      }),
    )
    .toSorted((a, b) => a.ms - b.ms)
  const first = arrivals[0]?.ms ?? 0
  const last = arrivals.at(-1)?.ms ?? 0
  return { messages: [message], anomalies: [], arrivals, firstByteMs: first, endMs: last, deltas: arrivals.length }
}

/** The page of two or more messages or turns. */
export async function pageOf(...turns: readonly (AssistantMessage | ObservedTurn)[]): Promise<string> {
  return comparePage([{ name: 'a case', comparison: compare(turns) }])
}

/** Two ordinary turns that differ in words, in calls and in their times. */
export function ordinaryTurns(): readonly [ObservedTurn, ObservedTurn] {
  const long = 'The quick brown fox jumps over the lazy dog and goes on to the river. '.repeat(40)
  const flight = { from: 'BER', to: 'LIS', date: '2026-12-04', passengers: [{ name: 'Ada', seat: 'window' }] }
  const steps = Array.from({ length: 120 }, (_, index) => 300 + index * 20)
  const one = messageOf(
    [
      thinking(long),
      text(`I will look for flights. ${long}`),
      call('search', flight),
      call('weather', { city: 'LIS' }),
    ],
    { model: 'large-1', usage: { inputTokens: 400, outputTokens: 900 } },
  )
  const two = messageOf(
    [
      thinking(long),
      text(`I will look for trains. ${long}`),
      call('weather', { city: 'LIS' }),
      call('search', { ...flight, date: '2026-12-05', flexible: true }),
    ],
    { model: 'small-1', usage: { inputTokens: 400, outputTokens: 950 } },
  )
  const after = (from: number): number[] => steps.map((ms) => ms + from)
  return [
    turnOf(one, steps, after(2400), after(4800), after(7200)),
    turnOf(two, steps, [...after(2400).slice(0, 60), ...after(4800).slice(60)], after(7200), after(9600)),
  ]
}

/** What a model may write to get out of its place. Each part is one way. */
export const HOSTILE = [
  '</title></style></script><script>globalThis.ran = 1</script>',
  '<img src=x onerror="globalThis.ran = 2">',
  '<style>* { color: rgb(1, 2, 3) !important }</style>',
  '<a href="javascript:globalThis.ran=3">go</a>',
  '" onmouseover="globalThis.ran=4" style="color:red" x="',
  "' autofocus onfocus='globalThis.ran=5",
  '--><svg onload="globalThis.ran=6"><![CDATA[ ]]>',
  '\u202Eback\u2066wards\u202C\u200B',
  '\u001B[31mred\u001B]0;title\u0007\u0000\u009B',
  'half \uD800 a \uDC00 pair',
  '&lt;script&gt; &amp; ${a} {{b}}',
  '\u{E0041}\uFEFF',
].join(' ')

/** The same as it is seen: nothing of it is lost. */
export const HOSTILE_SEEN: string = HOSTILE.replace(
  /(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}\u200b\ufeff\u{e0000}-\u{e007f}]/gu,
  (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  },
)
