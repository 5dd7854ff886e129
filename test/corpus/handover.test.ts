/** Histories that one provider accepted, read into a transcript and told to each of the others. */
import { describe, expect, it } from 'vitest'
import { isObject, parseJson, type JsonObject } from '../../src/json.ts'
import { project } from '../../src/project.ts'
import { fromAnthropic } from '../../src/transcript/import/anthropic-history.ts'
import { fromChat } from '../../src/transcript/import/chat-history.ts'
import { fromGemini } from '../../src/transcript/import/gemini-history.ts'
import { fromResponses } from '../../src/transcript/import/responses-history.ts'
import type { Item } from '../../src/transcript/items.ts'
import { validate } from '../../src/transcript/rules.ts'
import { FORMAT_OF, TARGETS, type Format } from '../../src/transcript/target.ts'
import { leaves, transcriptOf, wordsOf, type Word } from '../transcript/conversation.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'

const FORMATS = ['anthropic', 'chat', 'responses', 'gemini'] as const satisfies readonly Format[]

interface Accepted {
  readonly file: string
  readonly format: Format
  readonly messages: readonly JsonObject[]
}

const READ: Readonly<Record<Format, (messages: readonly JsonObject[]) => readonly Item[]>> = {
  anthropic: fromAnthropic,
  chat: fromChat,
  responses: fromResponses,
  gemini: fromGemini,
}

function formatOf(dialect: string): Format | undefined {
  if (dialect === 'anthropic-messages' || dialect === 'other/bedrock-invoke-anthropic') return 'anthropic'
  if (dialect === 'openai-responses') return 'responses'
  if (dialect === 'gemini') return 'gemini'
  return dialect === 'openai-chat' || dialect.startsWith('openai-compatible/') ? 'chat' : undefined
}

function acceptedBy({ dialect, file, request }: CorpusStream): readonly Accepted[] {
  const format = formatOf(dialect)
  const messages = request?.['messages'] ?? request?.['input'] ?? request?.['contents']
  if (format === undefined || !Array.isArray(messages)) return []
  return [{ file, format, messages: messages.filter(isObject) }]
}

/** The two that are argued in requests-anthropic.test.ts: their results name a call of another answer. */
const MIXED_UP = /completion-tools-call-with-tool-result-stream/

const hasCalls = (items: readonly Item[]): boolean =>
  items.some(({ role }) => role === 'tool') ||
  items.some((item) => item.role === 'assistant' && item.message.content.some(({ type }) => type === 'tool_call'))

/** Put in front of a call that nothing stood before. */
const PUT_IN = '(What came before is not part of this conversation.)'

/** What a speaker says, all in one: where one text ends and the next begins is the business of a format. */
function saidBy(kind: 'user' | 'assistant', words: readonly Word[]): string {
  const texts = words.flatMap((word) => (word.kind === kind && word.text !== PUT_IN ? [word.text] : []))
  return texts.join('').replaceAll(/\s+/g, '')
}

/** Each call with its result: the same in each format, whatever became of the ids. */
function pairsIn(words: readonly Word[]): readonly string[] {
  const open: { id: string; name: string; asked: string }[] = []
  const pairs: string[] = []
  for (const word of words) {
    if (word.kind === 'call') {
      open.push({ id: word.id, name: word.name, asked: `${word.name} ${leaves(word.input).toSorted().join(' ')}` })
    } else if (word.kind === 'result') {
      const byId = open.findIndex(({ id }) => id === word.id)
      // Gemini pairs by name where the id is of no call.
      const place = byId >= 0 ? byId : open.findIndex(({ name }) => name === word.name)
      const [call] = place < 0 ? [] : open.splice(place, 1)
      pairs.push(`${call?.asked ?? 'nothing'} = ${plain(word.text)}`)
    }
  }
  for (const { asked } of open) pairs.push(`${asked} = nothing`)
  return pairs.filter((pair) => !pair.startsWith(TOOL_SEARCH)).toSorted()
}

/** Of OpenAI alone, with items of its own, which the reader of this test does not know. */
const TOOL_SEARCH = 'tool_search '

/** A result that is JSON may be an object for one provider and a text for another; what is left out is named in its place. */
function plain(result: string): string {
  const text = result.replaceAll(/\[\S+ left out\]/g, '').trim()
  const value = text.startsWith('{') ? parseJson(text) : undefined
  return isObject(value) ? leaves(value).join(' ').trim() : text.replaceAll(/\s+/g, ' ')
}

describeShared('corpus', 'accepted histories with calls, handed over', () => {
  const bodies = corpusStreams(() => true)
    .flatMap(acceptedBy)
    .flatMap((body) => {
      const items = READ[body.format](body.messages)
      return hasCalls(items) && !MIXED_UP.test(body.file) ? [{ ...body, items }] : []
    })

  it('I8: are 353 of four formats', () => {
    const counts = FORMATS.map((format) => [format, bodies.filter((body) => body.format === format).length])
    expect(Object.fromEntries(counts)).toEqual({ anthropic: 72, chat: 149, responses: 71, gemini: 61 })
  })

  describe.each(FORMATS)('from %s', (format) => {
    const own = bodies.filter((body) => body.format === format)

    it.each(TARGETS)('I8: are valid for %s, with every text, and every call with its result', (target) => {
      for (const { file, items, messages } of own) {
        const { messages: told, repairs } = project(transcriptOf(items.map((item) => ({ item }))), target)
        expect(validate(told, target), file).toEqual([])
        const before = wordsOf(messages, format)
        const after = wordsOf(told, FORMAT_OF[target])
        for (const kind of ['user', 'assistant'] as const) expect(saidBy(kind, after), file).toBe(saidBy(kind, before))
        expect(pairsIn(after), file).toEqual(pairsIn(before))
        const isPutIn = after.some((word) => word.kind === 'user' && word.text === PUT_IN)
        expect(
          repairs.some(({ kind }) => kind === 'user_inserted'),
          file,
        ).toBe(isPutIn)
      }
    })
  })
})
