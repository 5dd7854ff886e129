/**
 * A conversation that goes on with another provider, in all directions: each answer with calls of the bundled recordings, its calls settled,
 * told to each target, and told to its own provider again after another one has answered.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import type { AssistantMessage, Dialect, ToolCallBlock } from '../../src/message.ts'
import { project } from '../../src/project.ts'
import { validate } from '../../src/transcript/rules.ts'
import { FORMAT_OF, TARGETS, type Target } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { leaves, wordsOf } from './conversation.ts'
import { answer, call, text, thinking } from './messages.ts'
import { recordedMessages, type RecordedMessage } from './recorded-messages.ts'

/** Whose answers go back to whom as they came; Bedrock is no target. */
const OWN: ReadonlyMap<AssistantMessage['dialect'], Target | undefined> = new Map<Dialect, Target | undefined>([
  ['anthropic-messages', 'anthropic'],
  ['claude-code', 'anthropic'],
  ['openai-chat', 'openai-chat'],
  ['openai-responses', 'openai-responses'],
  ['gemini', 'gemini'],
  ['bedrock-converse', undefined],
])

/** They go back as items of their own kind, which the reader of this test does not know. */
const BUILT_IN = /^openai-responses\/(computer-call|shell-and-apply-patch)\//

const callsOf = ({ content }: AssistantMessage): readonly ToolCallBlock[] =>
  content.flatMap((block) => (block.type === 'tool_call' && block.origin === 'client' ? [block] : []))

/** What is opaque and valid with its own provider only. */
function sealsOf({ content }: AssistantMessage): readonly string[] {
  const seals = content.flatMap((block) => {
    // Gemini signs calls and texts too.
    const { thoughtSignature } = block.wire
    return block.type === 'thinking' ? [block.signature, block.encrypted, thoughtSignature] : [thoughtSignature]
  })
  return seals.flatMap((seal) => (typeof seal === 'string' && seal !== '' ? [seal] : []))
}

const hasSealedThinking = ({ content }: AssistantMessage): boolean =>
  content.some((block) => block.type === 'thinking' && (block.signature ?? block.encrypted ?? '') !== '')

/** The text that everybody can be told, without blanks: how it is divided is the business of a format. */
const textOf = ({ content }: AssistantMessage): string =>
  content
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('')
    .replaceAll(/\s+/g, '')

const told = (transcript: Transcript, target: Target) => {
  const { messages, repairs } = project(transcript, target)
  expect(validate(messages, target)).toEqual([])
  return { messages, repairs, words: wordsOf(messages, FORMAT_OF[target]), json: JSON.stringify(messages) }
}

function settled(message: AssistantMessage): Transcript {
  const transcript = new Transcript()
  transcript.add('go')
  transcript.add(message)
  for (const block of callsOf(message)) transcript.settle(block, `result of ${block.key}`)
  transcript.add('next')
  return transcript
}

describe('recorded answers with calls', () => {
  let whole: readonly RecordedMessage[] = []
  let recorded: readonly RecordedMessage[] = []

  beforeAll(async () => {
    const all = await recordedMessages()
    whole = all.filter(({ message: { dialect, outcome, stop } }) => {
      const isDone = stop.reason === 'tool_calls' || stop.reason === 'end_turn'
      return OWN.has(dialect) && outcome.kind === 'complete' && isDone
    })
    recorded = whole.filter(({ message }) => {
      const calls = callsOf(message)
      return (
        message.stop.reason === 'tool_calls' && calls.length > 0 && calls.every(({ state }) => state === 'complete')
      )
    })
  })

  it('I8: are of all six dialects, and some of them are sealed', () => {
    const counts = [...OWN.keys()].map((dialect) => {
      const sealed = whole.filter(({ message }) => message.dialect === dialect && sealsOf(message).length > 0)
      return [dialect, [recorded.filter(({ message }) => message.dialect === dialect).length, sealed.length]]
    })
    expect(Object.fromEntries(counts)).toEqual({
      'anthropic-messages': [7, 3],
      // Claude Code runs its calls itself.
      'claude-code': [0, 3],
      'openai-chat': [32, 1],
      'openai-responses': [22, 4],
      gemini: [4, 5],
      'bedrock-converse': [4, 2],
    })
  })

  it.each(TARGETS)('I8: told to %s, keep their text, and each call its result under its id', (target) => {
    for (const { name, message } of recorded) {
      if (target === 'openai-responses' && BUILT_IN.test(name)) continue
      const { words } = told(settled(message), target)
      const texts = words.flatMap((word) => (word.kind === 'assistant' ? [word.text] : []))
      expect(texts.join('').replaceAll(/\s+/g, ''), name).toBe(textOf(message))
      const calls = words.flatMap((word) => (word.kind === 'call' ? [word] : []))
      const results = words.flatMap((word) => (word.kind === 'result' ? [word] : []))
      const expected = callsOf(message)
      expect(
        calls.map((word) => word.name),
        name,
      ).toEqual(expected.map((block) => block.name))
      expect(
        calls.map((word) => leaves(word.input)),
        name,
      ).toEqual(expected.map((block) => (block.state === 'complete' ? leaves(block.input) : [])))
      expect(
        results.map((word) => word.text),
        name,
      ).toEqual(expected.map(({ key }) => `result of ${key}`))
      expect(
        results.map(({ id }) => id),
        name,
      ).toEqual(calls.map(({ id }) => id))
    }
  })

  it.each(TARGETS)('R17: told to %s, leave what is sealed for another behind, say so, and keep their own', (target) => {
    for (const { name, message } of whole) {
      const { json, repairs } = told(settled(message), target)
      const isOwn = OWN.get(message.dialect) === target
      const seals = sealsOf(message)
      for (const seal of seals) {
        expect(json.includes(JSON.stringify(seal).slice(1, -1)), `${name}: the seal`).toBe(isOwn)
      }
      const dropped = repairs.filter(({ kind }) => kind === 'thinking_dropped')
      // What was thought is no secret to vendors that want it back as plain text.
      const takesAny = target === 'deepseek' || target === 'kimi'
      if (isOwn) expect(dropped, name).toEqual([])
      else if (hasSealedThinking(message) && !takesAny) expect(dropped.length, name).toBeGreaterThan(0)
      for (const { text: why } of dropped) expect(why, name).not.toBe('')
    }
  })

  it.each(TARGETS)('R13: after an answer of %s, their own provider is told of them as before', (target) => {
    for (const { name, message } of recorded) {
      const own = OWN.get(message.dialect)
      if (own === undefined) continue
      const transcript = settled(message)
      const before = told(transcript, own)
      const reply = answer([thinking('Hm.', 'Zm9yZWlnbg'), text('It is so.'), call('toolu_9', { n: 9 })], {
        id: 'msg_other',
        dialect: dialectOf(target),
      })
      transcript.add(reply)
      transcript.settle('toolu_9', 'nine')
      told(transcript, target)
      const after = told(transcript, own)
      expect(after.messages.slice(0, before.messages.length), name).toEqual(before.messages)
      const isForeign = dialectOf(own) !== dialectOf(target)
      if (isForeign) expect(after.json, name).not.toContain('Zm9yZWlnbg')
      expect(after.json, name).toMatch(/It is so\..*nine/)
    }
  })
})

function dialectOf(target: Target): Dialect {
  switch (target) {
    case 'anthropic':
      return 'anthropic-messages'
    case 'openai-chat':
    case 'deepseek':
    case 'kimi':
      return 'openai-chat'
    case 'openai-responses':
      return 'openai-responses'
    case 'gemini':
      return 'gemini'
    default: {
      const never: never = target
      return never
    }
  }
}
