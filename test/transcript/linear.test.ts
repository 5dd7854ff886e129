/** I10 of histories, for every target: how linear is told without a measurement is said in `patience.ts`. */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { project } from '../../src/project.ts'
import { IdSet } from '../../src/transcript/ids.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { FORMAT_OF, type Format, type RequestFacts, type Target } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { patiently, times } from '../support/patience.ts'
import { CUT, answer, call, text } from './messages.ts'

const MANY = 20_000

/** One target of each form; what vendors ask besides is linear by the tests of their rules. */
const FORMS: readonly Target[] = ['anthropic', 'openai-chat', 'openai-responses', 'gemini']

interface Writer {
  readonly user: JsonObject
  calls(ids: readonly string[]): readonly JsonObject[]
  result(id: string, said: string): JsonObject
}

const args = (at: number): JsonValue => JSON.stringify({ at })

const WRITERS: Readonly<Record<Format, Writer>> = {
  anthropic: {
    user: { role: 'user', content: 'hi' },
    calls: (ids) => [
      { role: 'assistant', content: ids.map((id, at) => ({ type: 'tool_use', id, name: 'f', input: { at } })) },
    ],
    result: (id, content) => ({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] }),
  },
  chat: {
    user: { role: 'user', content: 'hi' },
    calls: (ids) => [
      {
        role: 'assistant',
        content: null,
        tool_calls: ids.map((id, at) => ({ id, type: 'function', function: { name: 'f', arguments: args(at) } })),
      },
    ],
    result: (id, content) => ({ role: 'tool', tool_call_id: id, content }),
  },
  responses: {
    user: { role: 'user', content: 'hi' },
    calls: (ids) => ids.map((id, at) => ({ type: 'function_call', call_id: id, name: 'f', arguments: args(at) })),
    result: (id, output) => ({ type: 'function_call_output', call_id: id, output }),
  },
  gemini: {
    user: { role: 'user', parts: [{ text: 'hi' }] },
    calls: (ids) => [
      { role: 'model', parts: ids.map((id, at) => ({ functionCall: { id, name: 'f', args: { at } } })) },
    ],
    result: (id, output) => ({
      role: 'user',
      parts: [{ functionResponse: { id, name: 'f', response: { output } } }],
    }),
  },
}

/** As text: comparing so many messages as objects takes longer than repairing them. */
function expectRepaired(given: readonly JsonObject[], target: Target, facts: RequestFacts = {}): readonly JsonObject[] {
  const { messages } = repair(given, target, facts)
  expect(validate(messages, target, facts).slice(0, 3)).toEqual([])
  return messages
}

describe.each(FORMS)(
  'I10: the repair of a history for %s takes time by its length, not by the square of it',
  (target) => {
    const { user, calls, result } = WRITERS[FORMAT_OF[target]]
    const distinct = times(MANY, (at) => `call_${at}`)

    it('I10: with 20,000 calls in one message and no result', () => {
      const messages = expectRepaired([user, ...calls(distinct)], target)
      expect(JSON.stringify(messages).split('was interrupted before')).toHaveLength(MANY + 1)
    })

    it('I10: with 20,000 calls in one message, whose results come in the other direction', () => {
      const results = distinct.toReversed().map((id) => result(id, `of ${id}.`))
      const sent = JSON.stringify(expectRepaired([user, ...calls(distinct), ...results], target))
      expect(sent.split('of call_')).toHaveLength(MANY + 1)
    })

    it('I10: with one id in 20,000 calls of as many messages', () => {
      const rounds = times(MANY, (at) => [...calls(['same']), result('same', `result ${at}.`)])
      const sent = JSON.stringify(expectRepaired([user, ...rounds.flat()], target))
      expect(sent.split('result ').length - 1).toBeGreaterThanOrEqual(MANY)
    })

    it('I10: with one id in 20,000 calls, and all results at the end, for a strict gateway', () => {
      const rounds = times(MANY, () => calls(['same']))
      const results = times(MANY, (at) => result('same', `result ${at}.`))
      const sent = JSON.stringify(expectRepaired([user, ...rounds.flat(), ...results], target))
      expect(sent).toContain(`result ${MANY - 1}.`)
    })

    it('I10: with 20,000 different results of one call', () => {
      const results = times(MANY, (at) => result('one', `result ${at}.`))
      const sent = JSON.stringify(expectRepaired([user, ...calls(['one']), ...results], target))
      expect(sent.match(/result \d+\./g)).toHaveLength(MANY)
    })

    it('I10: with 100,000 results of calls that are not there', () => {
      const orphans = times(100_000, (at) => result(`none_${at}`, 'lost'))
      expect(expectRepaired([user, ...orphans, user], target).length).toBeLessThanOrEqual(2)
    })

    it('I10: with a result of 20 MB, and one of 100,000 parts', () => {
      const parts = times(100_000, () => ({ type: 'text', text: 'part' }))
      const long = result('a', 'x'.repeat(20_000_000))
      const given = [user, ...calls(['a', 'b']), result('b', 'short'), long, { role: 'user', content: parts, parts }]
      expect(JSON.stringify(expectRepaired(given, target)).length).toBeGreaterThan(20_000_000)
    })
  },
)

describe.each(FORMS)('I10: a transcript for %s takes time by its length, not by the square of it', (target) => {
  it('I10: with 20,000 pieces of one message', () => {
    const transcript = new Transcript()
    transcript.add('hi')
    for (const at of patiently(times(MANY, (one) => one))) {
      transcript.add(answer([at % 2 === 0 ? text(`text ${at}.`) : call(`call_${at}`)], { id: 'msg', turn: 't' }), {
        isFragment: true,
      })
    }
    const { messages } = project(transcript, target)
    expect(validate(messages, target).slice(0, 3)).toEqual([])
    expect(JSON.stringify(messages).match(/text \d+\./g)).toHaveLength(MANY / 2)
    expect(transcript.open()).toHaveLength(MANY / 2)
  })

  it('I10: with 20,000 messages of one key', () => {
    const transcript = new Transcript()
    transcript.add('hi')
    for (const at of patiently(times(MANY, (one) => one)))
      transcript.add(answer([text(`text ${at}.`), call('same')], { turn: 'turn' }))
    expect(validate(project(transcript, target).messages, target).slice(0, 3)).toEqual([])
  })

  it('I10: with a thousand attempts of a turn', () => {
    const transcript = new Transcript()
    transcript.add('hi')
    for (const attempt of patiently(times(1000, (at) => at + 1)))
      transcript.add(
        answer([text(`take ${attempt}.`), call(`call_${attempt}`)], {
          turn: 'one',
          attempt,
          outcome: CUT,
          id: `m${attempt}`,
        }),
      )
    const sent = JSON.stringify(project(transcript, target).messages)
    expect(sent.match(/take \d+\./g)).toEqual(['take 1000.'])
  })

  it('I10: with 100,000 notes', () => {
    const transcript = new Transcript()
    for (const at of patiently(times(100_000, (one) => one)))
      transcript.add({ role: 'note', id: `n${at}`, note: { kind: 'compaction' } })
    transcript.add('hi')
    expect(project(transcript, target).messages).toHaveLength(1)
  })
})

it.each([70, 59])(
  'I10: 200,000 ids, each twice, that are alike in their first %i characters get ids of their own',
  (length) => {
    const ids = new IdSet({ foreign: /[^a-z0-9_]/g, maxLength: 64, isUnique: true })
    const given = times(100_000, (at) => 'x'.repeat(length) + at.toString(36).padStart(5, '0'))
    const allotted = new Set<string>()
    for (const id of patiently([...given, ...given])) allotted.add(ids.allot(id))
    expect(allotted.size).toBe(200_000)
    expect([...allotted].every((id) => id.length <= 64)).toBe(true)
  },
)
