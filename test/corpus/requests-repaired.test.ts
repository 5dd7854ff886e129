/** Histories that a provider accepted come back from the repair as they were, and the engine behind it finds nothing to change in them. */
import { expect, it } from 'vitest'
import { equalJson, isObject, type JsonObject } from '../../src/json.ts'
import type { Repair } from '../../src/transcript/repairs.ts'
import { FORMS } from '../../src/transcript/forms.ts'
import { withIds } from '../../src/transcript/ids.ts'
import { arrange } from '../../src/transcript/pairing.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { FORMAT_OF, TARGETS, type Target } from '../../src/transcript/target.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'

interface Accepted {
  readonly file: string
  readonly target: Target
  readonly messages: readonly JsonObject[]
}

function acceptedBy({ dialect, file, request }: CorpusStream): readonly Accepted[] {
  const target = targetOf(dialect)
  const messages = request?.['messages'] ?? request?.['input'] ?? request?.['contents']
  if (target === undefined || !Array.isArray(messages)) return []
  return [{ file, target, messages: messages.filter(isObject) }]
}

function targetOf(dialect: string): Target | undefined {
  if (dialect === 'anthropic-messages' || dialect === 'other/bedrock-invoke-anthropic') return 'anthropic'
  if (dialect === 'openai-responses') return 'openai-responses'
  if (dialect === 'gemini') return 'gemini'
  if (dialect === 'openai-compatible/deepseek') return 'deepseek'
  return dialect === 'openai-chat' || dialect.startsWith('openai-compatible/') ? 'openai-chat' : undefined
}

/** Argued in requests-anthropic.test.ts and accepted-requests.ts. */
const FLAGGED =
  /DataDog-dd-trace-py__.*tools-call-with-tool-result-stream|braintrustdata-lingua__glmToolCallWithLeadingText/

describeShared('corpus', 'I8: accepted histories under repair', () => {
  const accepted = corpusStreams(() => true).flatMap(acceptedBy)

  it('are 1,361 of five targets', () => {
    const counts = TARGETS.map((target) => [target, accepted.filter((body) => body.target === target).length])
    expect(Object.fromEntries(counts)).toEqual({
      anthropic: 309,
      'openai-chat': 566,
      'openai-responses': 237,
      gemini: 199,
      deepseek: 50,
      kimi: 0,
    })
  })

  it('come back deep-equal and with no repair, but for the three that a rule flags', () => {
    const changed = accepted.filter(({ target, messages }) => {
      const repaired = repair(messages, target)
      if (repaired.repairs.length === 0) expect(repaired.messages).toEqual(messages)
      return repaired.repairs.length > 0
    })
    expect(changed.filter(({ file }) => !FLAGGED.test(file)).map(({ file }) => file)).toEqual([])
    expect(changed).toHaveLength(3)
  })

  it('are not changed by the engine either, which the repair does not even start for them', () => {
    const changes = accepted.flatMap(({ file, target, messages }) => {
      if (validate(messages, target).length > 0) return []
      const repairs: Repair[] = []
      const context = { target, facts: {}, report: (made: Repair) => repairs.push(made) }
      const form = FORMS[FORMAT_OF[target]]
      const steps = arrange(form.read(messages, context), 'no result', form, context)
      const written = form.write(withIds(steps, form, context), context)
      const isSame = equalJson([...written], [...messages])
      return repairs.length === 0 && isSame ? [] : [[file, repairs.map(({ kind, text }) => `${kind}: ${text}`)]]
    })
    expect(changes).toEqual([])
  })
})
