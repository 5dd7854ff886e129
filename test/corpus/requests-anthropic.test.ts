/** The histories of the corpus that Anthropic has answered with a stream: no rule of the lax profile has anything against one. */
import { expect, it } from 'vitest'
import { isObject, type JsonObject } from '../../src/json.ts'
import { ANTHROPIC_RULES } from '../../src/transcript/rules/anthropic.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { findingsOf } from '../transcript/rules.ts'

/**
 * Somebody put these two requests together by hand: the result names the call of another conversation. Claude 3 Opus answered them all the
 * same; of the models after it there are many reports of a refusal, in the words of A1 and of A3.
 */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  ['', '-helper'].map((name) => [
    `anthropic-messages/DataDog-dd-trace-py__contrib-anthropic-anthropic-completion-tools-call-with-tool-result-stream${name}.sse`,
    ['A1', 'A3'],
  ]),
)

/** How many bodies there are, and how many of them repeat answers, calls and thinking of the model. */
const COUNTS: Readonly<Record<string, Counts>> = {
  'anthropic-messages': { bodies: 275, assistant: 88, calls: 59, thinking: 5 },
  'other/bedrock-invoke-anthropic': { bodies: 34, assistant: 14, calls: 12, thinking: 0 },
}

interface Counts {
  readonly bodies: number
  readonly assistant: number
  readonly calls: number
  readonly thinking: number
}

interface Body {
  readonly file: string
  readonly dialect: string
  readonly messages: readonly JsonObject[]
  readonly facts: RequestFacts
}

describeShared('corpus', 'the histories that Anthropic accepted', () => {
  const bodies = corpusStreams(({ dialect, finish }) => dialect in COUNTS && finish.length > 0).flatMap(
    ({ file, dialect, request }): readonly Body[] => {
      const messages = request?.['messages']
      if (request === undefined || !Array.isArray(messages)) return []
      expect(messages.every(isObject), file).toBe(true)
      return [{ file, dialect, messages: messages.filter(isObject), facts: factsOf(request) }]
    },
  )

  it('are 309 bodies, of which some repeat answers, calls and thinking', () => {
    const counted = (dialect: string, has: (body: Body) => boolean) =>
      bodies.filter((body) => body.dialect === dialect && has(body)).length
    const counts = Object.keys(COUNTS).map((dialect): [string, Counts] => [
      dialect,
      {
        bodies: counted(dialect, () => true),
        assistant: counted(dialect, ({ messages }) => messages.some(({ role }) => role === 'assistant')),
        calls: counted(dialect, (body) => blocksOf(body, 'tool_use').length > 0),
        thinking: counted(dialect, (body) => blocksOf(body, 'thinking').length > 0),
      },
    ])
    expect(Object.fromEntries(counts)).toEqual(COUNTS)
  })

  it('A1–A18: break no rule, except for two that were put together by hand', () => {
    const flagged = bodies.flatMap(({ file, messages, facts }): [string, readonly string[]][] => {
      const findings = findingsOf(ANTHROPIC_RULES, messages, facts)
      return findings.length === 0 ? [] : [[file, findings.map(({ rule }) => rule)]]
    })
    expect(Object.fromEntries(flagged)).toEqual(EXCEPTIONS)
  })

  it('A1: each call is found open when the messages behind it are taken away', () => {
    const found = bodies.flatMap((body) =>
      body.messages.flatMap((message, at) => {
        const calls = blocksIn(message, 'tool_use')
        const findings = findingsOf(ANTHROPIC_RULES, body.messages.slice(0, at + 1), body.facts)
        const open = findings.filter(({ rule, message: index }) => rule === 'A1' && index === at)
        expect(
          open.map(({ call }) => call),
          body.file,
        ).toEqual(calls.map(({ id }) => id))
        return open
      }),
    )
    expect(found).toHaveLength(bodies.flatMap((body) => blocksOf(body, 'tool_use')).length)
  })

  it('A6: what sends thinking back breaks the rule without its signature', () => {
    const broken = bodies.filter((body) => blocksOf(body, 'thinking').length > 0)
    for (const { file, messages, facts } of broken) {
      const unsigned = withBlocks(messages, (block) => [
        block['type'] === 'thinking' ? { ...block, signature: '' } : block,
      ])
      expect(
        findingsOf(ANTHROPIC_RULES, unsigned, facts).map(({ rule }) => rule),
        file,
      ).toEqual(['A6'])
    }
    expect(broken).toHaveLength(5)
  })

  it('A8: what goes on from a call with thinking on breaks the rule without the thinking', () => {
    const broken = bodies.filter(
      (body) => body.facts.thinking === true && blocksIn(body.messages.at(-1) ?? {}, 'tool_result').length > 0,
    )
    for (const { file, messages, facts } of broken) {
      const thoughtless = withBlocks(messages, (block) => (block['type'] === 'thinking' ? [] : [block]))
      expect(
        findingsOf(ANTHROPIC_RULES, thoughtless, facts).map(({ rule }) => rule),
        file,
      ).toEqual(['A8'])
    }
    expect(broken).toHaveLength(2)
  })
})

function withBlocks(
  messages: readonly JsonObject[],
  change: (block: JsonObject) => readonly JsonObject[],
): readonly JsonObject[] {
  return messages.map((message) => {
    const { content } = message
    return Array.isArray(content) ? { ...message, content: content.filter(isObject).flatMap(change) } : message
  })
}

/** With `adaptive` the model may answer without thinking: whether it had to is not known. */
function factsOf(request: JsonObject): RequestFacts {
  const { thinking, tools } = request
  const type = isObject(thinking) ? thinking['type'] : 'disabled'
  return {
    tools: Array.isArray(tools) && tools.length > 0,
    ...(type === 'adaptive' ? {} : { thinking: type === 'enabled' }),
  }
}

function blocksOf({ messages }: Body, type: string): readonly JsonObject[] {
  return messages.flatMap((message) => blocksIn(message, type))
}

function blocksIn({ content }: JsonObject, type: string): readonly JsonObject[] {
  return (Array.isArray(content) ? content : []).filter(isObject).filter((block) => block['type'] === type)
}
