/** The two options that say what no wire can: `thinkTags` and `deltas: 'cumulative'`. */
import { array, assert, boolean, constantFrom, integer, property, record, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, toNative, type AssistantMessage } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import type { FoldOptions } from '../../src/options.ts'
import { runs } from '../support/operations.ts'
import type { ProviderEvent } from '../support/wire.ts'
import { chatWire } from '../support/wires.ts'
import { call, calls, chunk, DONE, envelope, finish, text } from './openai-chat-chunks.ts'
import { callRows, kindsOf, run, textOf } from './run.ts'

const TAGS: FoldOptions = { thinkTags: true }
const ALL: FoldOptions = { deltas: 'cumulative' }

function thinkingOf({ content }: AssistantMessage): string {
  return content.map((block) => (block.type === 'thinking' ? block.text : '')).join('')
}

function messageIn(native: unknown): JsonObject {
  return Object(native).choices[0].message
}

/** The whole answer to a request without streaming. */
function whole(message: JsonObject): string {
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }]
  return JSON.stringify(envelope({ object: 'chat.completion', choices }))
}

describe('thinkTags of an answer that is sent again behind its stop reason', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['closed', ['<think>a</think>b']],
    ['never closed', ['<think>a']],
    ['never closed, in pieces', ['<thi', 'nk>a', 'b']],
  ]
  it.each(rows)('I3: are no content, if they are %s', (_, pieces) => {
    const stopped = finish('length')
    const once = [...pieces.map((piece) => text(piece)), stopped]
    const { message: clean } = run(chatWire, [...once, DONE], TAGS)
    const { message } = run(chatWire, [...once, ...once, DONE], TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual([thinkingOf(clean), textOf(clean)])
    expect(kindsOf(message)).toEqual(['repeated_stop', 'repeated_content'])
    expect(toNative(message)).toEqual(toNative(clean))
  })

  it('I4: go on where they were, if the model does', () => {
    const before = [text('<think>a'), finish('length')]
    const { message } = run(chatWire, [...before, text('<b'), text('</think>c'), finish('stop'), DONE], TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual(['a<b', 'c'])
  })
})

describe('thinkTags', () => {
  const rows: readonly { name: string; content: string; thinking: string; text: string }[] = [
    {
      name: 'quirk 11.03: what stands between the tags is thinking, white space and all',
      content: '<think>\nLet me.\n</think>\n\nHi',
      thinking: '\nLet me.\n',
      text: '\n\nHi',
    },
    { name: 'quirk 11.03: a tag after text counts too', content: 'a<think>b</think>c', thinking: 'b', text: 'ac' },
    { name: 'quirk 11.03: what is never closed is thinking to its end', content: '<think>a', thinking: 'a', text: '' },
    {
      name: 'quirk 5.06: a close that ends nothing stays text',
      content: 'a</think>b',
      thinking: '',
      text: 'a</think>b',
    },
    {
      name: 'quirk 11.03: the first close ends the thinking, also within another tag',
      content: '<think>a<think>b</think>c</think>d',
      thinking: 'a<think>b',
      text: 'c</think>d',
    },
    {
      name: 'quirk 11.03: one thinking after the other is one block',
      content: '<think>a</think>b<think>c</think>d',
      thinking: 'ac',
      text: 'bd',
    },
    { name: 'quirk 11.03: a bracket is no tag', content: 'a < b, a <thin', thinking: '', text: 'a < b, a <thin' },
    {
      name: 'quirk 11.03: half a close at the end is thinking',
      content: '<think>a</thi',
      thinking: 'a</thi',
      text: '',
    },
    { name: 'quirk 11.03: a thinking of nothing is nothing', content: '<think></think>Hi', thinking: '', text: 'Hi' },
  ]
  it.each(rows)('$name', async ({ content, thinking, text: expected }) => {
    for (const size of [1, 2, 3, 5, content.length]) {
      const pieces = content.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      const ends: readonly (readonly ProviderEvent[])[] = [[finish('stop'), DONE], [DONE], []]
      for (const end of ends) {
        const { message } = run(chatWire, [...pieces.map(text), ...end], TAGS)
        expect([thinkingOf(message), textOf(message)], `${size}`).toEqual([thinking, expected])
        expect(messageIn(toNative(message)).content).toBe(content)
        expect(messageIn(toNative(message)).reasoning_content).toBeUndefined()
      }
    }
    const message = await fold(whole({ content }), TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual([thinking, expected])
    expect(messageIn(toNative(message)).content).toBe(content)
    const asText = run(chatWire, [text(content), finish('stop'), DONE]).message
    expect([thinkingOf(asText), textOf(asText)]).toEqual(['', content])
  })

  it('quirk 5.19, quirk 11.03: no more is held back than may be the beginning of the tag', () => {
    const shown: string[][] = []
    const { events } = run(chatWire, ['a <', ' b', '<thi', 'nk>c</', 'x', '</think', '>d'].map(text), TAGS)
    for (const event of events)
      if (event.type === 'text' || event.type === 'thinking') shown.push([event.type, event.text])
    expect(shown).toEqual([
      ['text', 'a '],
      ['text', '< b'],
      ['thinking', 'c'],
      ['thinking', '</x'],
      ['text', 'd'],
    ])
  })

  it('quirk 5.09, quirk 11.04: where reasoning has a field of its own, tags are text as it came', () => {
    const both = (piece: string): JsonObject => chunk({ content: piece, reasoning_content: 'The user' })
    const { message } = run(chatWire, [both('<think>The user'), text('</think>Hi'), finish('stop'), DONE], TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual(['The user', '<think>The user</think>Hi'])
    expect(messageIn(toNative(message))).toMatchObject({
      content: '<think>The user</think>Hi',
      reasoning_content: 'The user',
    })
  })

  it('quirk 5.06: tags end where a field of its own begins, and go back as they came', () => {
    const sent: readonly ProviderEvent[] = [
      text('<think>a'),
      chunk({ reasoning_content: 'b' }),
      text('</think>Hi'),
      finish('stop'),
      DONE,
    ]
    const { message } = run(chatWire, sent, TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual(['ab', '</think>Hi'])
    expect(messageIn(toNative(message))).toMatchObject({ content: '<think>a</think>Hi', reasoning_content: 'b' })
  })

  it('I3: a whole answer after the stream of it adds nothing', () => {
    const content = '<think>a</think>b'
    const last = envelope({ choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] })
    const { message } = run(chatWire, [text('<think>a</th'), text('ink>b'), last, DONE], TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual(['a', 'b'])
    expect(kindsOf(message)).toEqual([])
  })

  it('I3: what a proxy sends once more after the finish is there once', () => {
    const sent = [chunk({ role: 'assistant', content: '' }), text('<think>a</think>'), text('b'), finish('stop')]
    const { message } = run(chatWire, [...sent, ...sent, DONE], TAGS)
    expect([thinkingOf(message), textOf(message)]).toEqual(['a', 'b'])
  })
})

describe("deltas: 'cumulative'", () => {
  it('quirk 3.28, quirk 5.05: each event has all so far: text, reasoning, refusal, details and arguments', () => {
    const detail = (said: string): JsonObject => ({ type: 'reasoning.text', text: said, index: 0 })
    const { message, events } = run(
      chatWire,
      [
        chunk({ reasoning_content: 'Let', reasoning_details: [detail('Let')] }),
        chunk({ reasoning_content: 'Let me', reasoning_details: [detail('Let me')] }),
        ...['He', 'Hello', 'Hello', 'Hello wor'].map(text),
        chunk({ refusal: 'n' }),
        chunk({ refusal: 'no' }),
        ...['{"a"', '{"a":1', '{"a":1}'].map((written) => calls(call(0, 'c1', 'f', written))),
        finish('tool_calls'),
        DONE,
      ],
      ALL,
    )
    expect([thinkingOf(message), textOf(message)]).toEqual(['Let me', 'Hello wor'])
    expect(messageIn(toNative(message)).refusal).toBe('no')
    expect(messageIn(toNative(message)).reasoning_details).toEqual([detail('Let me')])
    expect(callRows(message)).toEqual([{ id: 'c1', name: 'f', input: { a: 1 } }])
    expect(kindsOf(message)).toEqual([])
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual([
      'He',
      'llo',
      ' wor',
      'n',
      'o',
    ])
  })

  it('quirk 3.28: by default every event is what is new, whatever it looks like', () => {
    const { message } = run(chatWire, ['1500', '150', '1500'].map(text))
    expect(textOf(message)).toBe('15001501500')
  })

  it('quirk 3.28: a text that came too late says nothing new', () => {
    const { message } = run(chatWire, [...['He', 'Hello', 'Hel', 'Hello!'].map(text), finish('stop'), DONE], ALL)
    expect(textOf(message)).toBe('Hello!')
    expect(kindsOf(message)).toEqual([])
  })

  it('quirk 3.28: a text that does not go on from the last one is a piece of its own, and noted', () => {
    const { message } = run(chatWire, [...['He', 'Hello', 'Bye', 'Bye!'].map(text), finish('stop'), DONE], ALL)
    expect(textOf(message)).toBe('HelloBye!')
    expect(message.anomalies).toEqual([{ kind: 'not_cumulative', detail: 'Bye' }])
  })

  it('quirk 3.28: arguments that come piece by piece all the same are joined', () => {
    const pieces = ['{"a"', ':1,"b"', ':2}'].map((written, at) => calls(call(0, at === 0 ? 'c1' : '', null, written)))
    const [first] = [calls(call(0, 'c1', 'f', ''))]
    const { message } = run(chatWire, [first ?? {}, ...pieces, finish('tool_calls'), DONE], ALL)
    expect(callRows(message)).toEqual([{ id: 'c1', name: 'f', input: { a: 1, b: 2 } }])
    expect(kindsOf(message)).toEqual([])
  })

  it('I4: the parts of Mistral’s lists grow where they stand', () => {
    const parts = (thought: string, said: string): JsonObject =>
      chunk({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: thought }] },
          { type: 'reference', reference_ids: [1] },
          { type: 'text', text: said },
        ],
      })
    const { message } = run(chatWire, [parts('a', ''), parts('ab', 'c'), parts('ab', 'cd'), finish('stop'), DONE], ALL)
    expect([thinkingOf(message), textOf(message)]).toEqual(['ab', 'cd'])
    const citations = message.content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []))
    expect(citations).toHaveLength(1)
  })
})

/** The thinking and the text of a content with tags, found the simplest way. */
function simply(content: string): readonly [string, string] {
  let thinking = ''
  const rest = content.replaceAll(/<think>([^]*?)(<\/think>|$)/gu, (_all, inner: string) => {
    thinking += inner
    return ''
  })
  return [thinking, rest]
}

const contents = array(constantFrom('<think>', '</think>', 'a', ' < b', '<thi', '</', '🙂', 'nk>', '\n'), {
  maxLength: 12,
}).map((pieces) => pieces.join(''))

describe('with both options, in any combination and however it is cut', () => {
  it('I1: text and thinking are the same', () => {
    assert(
      property(
        record({
          content: contents,
          written: string({ maxLength: 6 }).map((value) => JSON.stringify({ value })),
          cuts: array(integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
          thinkTags: boolean(),
          cumulative: boolean(),
          ends: boolean(),
        }),
        ({ content, written, cuts, thinkTags, cumulative, ends }) => {
          const texts = cutAt(content, cuts, cumulative).map(text)
          const args = cutAt(written, cuts, cumulative).map((piece) => calls(call(0, 'c1', 'f', piece)))
          const end: readonly ProviderEvent[] = ends ? [finish('tool_calls'), DONE] : []
          const options: FoldOptions = { thinkTags, ...(cumulative ? { deltas: 'cumulative' } : {}) }
          const { message } = run(chatWire, [...texts, ...args, ...end], options)
          const expected = thinkTags ? simply(content) : ['', content]
          expect([thinkingOf(message), textOf(message)]).toEqual(expected)
          expect(messageIn(toNative(message)).content ?? '').toBe(content)
          const one = message.content.find((block) => block.type === 'tool_call')
          expect(one?.arguments).toBe(written)
          expect(kindsOf(message).filter((kind) => kind !== 'missing_terminal')).toEqual([])
        },
      ),
      runs(300),
    )
  })
})

/** The pieces of a text, each with all before it where that is asked for. */
function cutAt(all: string, cuts: readonly number[], cumulative: boolean): string[] {
  const pieces: string[] = []
  for (let at = 0, turn = 0; at < all.length; turn += 1) {
    const end = at + (cuts[turn % cuts.length] ?? 1)
    pieces.push(all.slice(cumulative ? 0 : at, end))
    at = end
  }
  return pieces
}
