/** The histories of the corpus that Gemini has answered with a stream: no rule of the lax profile has anything against one. */
import { expect, it } from 'vitest'
import { isObject, type JsonObject } from '../../src/json.ts'
import { GEMINI_RULES } from '../../src/transcript/rules/gemini.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { findingsOf } from '../transcript/rules.ts'

interface Body {
  readonly file: string
  readonly contents: readonly JsonObject[]
  readonly facts: RequestFacts
}

describeShared('corpus', 'the histories that Gemini accepted', () => {
  const bodies = corpusStreams(({ dialect, finish }) => dialect === 'gemini' && finish.length > 0).flatMap(
    ({ file, request, read }): readonly Body[] => {
      const contents = request?.['contents']
      if (!Array.isArray(contents)) return []
      expect(contents.every(isObject), file).toBe(true)
      // The answer names the model. Only those of the third generation and later demand signatures.
      const thinking = /"modelVersion": *"gemini-[3-9]/.test(new TextDecoder().decode(read()))
      return [{ file, contents: contents.filter(isObject), facts: { thinking } }]
    },
  )

  it('are 199 bodies, of which some have calls, and some of these are for models that demand signatures', () => {
    const withCalls = bodies.filter(({ contents }) => contents.some((content) => callsIn(content).length > 0))
    expect({
      bodies: bodies.length,
      model: bodies.filter(({ contents }) => contents.some(({ role }) => role === 'model')).length,
      calls: withCalls.length,
      signatures: withCalls.filter(({ facts }) => facts.thinking).length,
    }).toEqual({ bodies: 199, model: 79, calls: 60, signatures: 21 })
  })

  it('G1–G9: break no rule', () => {
    const flagged = bodies.flatMap(({ file, contents, facts }) =>
      findingsOf(GEMINI_RULES, contents, facts).map((finding) => ({ file, ...finding })),
    )
    expect(flagged).toEqual([])
  })

  it('G6: what sends signatures back to a model that demands them breaks the rule without them', () => {
    const broken = bodies.filter(
      ({ contents, facts }) =>
        facts.thinking && contents.some((content, at) => callsIn(content).length > 0 && at === contents.length - 2),
    )
    for (const { file, contents, facts } of broken) {
      const unsigned = contents.map(({ role, parts }): JsonObject => ({
        role: role ?? 'user',
        parts: (Array.isArray(parts) ? parts : [])
          .filter(isObject)
          .map((part): JsonObject => ({ ...part, thoughtSignature: '' })),
      }))
      const found = findingsOf(GEMINI_RULES, unsigned, facts)
      expect(new Set(found.map(({ rule }) => rule)), file).toEqual(new Set(['G6']))
    }
    expect(broken).toHaveLength(20)
  })

  it('G1: calls are found open when the contents behind them are taken away', () => {
    let open = 0
    for (const { file, contents, facts } of bodies) {
      for (const [at, content] of contents.entries()) {
        const rules = findingsOf(GEMINI_RULES, contents.slice(0, at + 1), facts).map(({ rule }) => rule)
        expect(rules, file).toEqual(callsIn(content).length > 0 ? ['G1'] : [])
        open += rules.length
      }
    }
    expect(open).toBe(
      bodies.flatMap(({ contents }) => contents.filter((content) => callsIn(content).length > 0)).length,
    )
    expect(open).toBeGreaterThan(0)
  })
})

function callsIn({ parts }: JsonObject): readonly JsonObject[] {
  return (Array.isArray(parts) ? parts : [])
    .filter(isObject)
    .filter((part) => 'functionCall' in part || 'function_call' in part)
}
