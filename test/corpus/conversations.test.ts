/** Conversations of the corpus: what a message says about its calls is what the next request of the conversation repeats and answers. */
import { beforeAll, expect, it } from 'vitest'
import { fold } from '../../src/index.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { familyOf, sourceOf } from './streams.ts'
import { turnsOf, type RequestTurn } from './requests.ts'

/** Somebody put these requests together by hand: the result names the call of the stream, the call before it another one. */
const MIXED_UP = new Set(
  ['', '-helper'].map(
    (name) =>
      `anthropic-messages/DataDog-dd-trace-py__contrib-anthropic-anthropic-completion-tools-call-with-tool-result-stream${name}.sse`,
  ),
)

/** The client calls the tool otherwise than the model did: it is tried here how it repairs such a name. */
const RENAMED = new Map([
  [
    'gemini/0xPlaygrounds-rig__gemini-agent-run-streamed-streamed-repair-continues-the-same-stream__2.sse',
    ['add', 'sum'],
  ],
])

/** Of each dialect of the corpus, how many links there are, and how many calls their requests repeat and answer. */
const COUNTS: Readonly<Record<string, { readonly links: number; readonly calls: number }>> = {
  'anthropic-messages': { links: 49, calls: 54 },
  'bedrock-converse': { links: 4, calls: 6 },
  cohere: { links: 1, calls: 1 },
  gemini: { links: 50, calls: 58 },
  mistral: { links: 7, calls: 8 },
  'openai-chat': { links: 40, calls: 48 },
  'openai-compatible': { links: 86, calls: 108 },
  'openai-responses': { links: 50, calls: 62 },
  'other/bedrock-invoke-anthropic': { links: 12, calls: 15 },
  'other/bedrock-invoke-nova': { links: 2, calls: 4 },
  'other/ollama': { links: 3, calls: 3 },
}

interface Link {
  readonly before: CorpusStream
  readonly next: CorpusStream
  readonly message: AssistantMessage
  readonly turns: readonly RequestTurn[]
}

describeShared('corpus', 'the conversations of the corpus', () => {
  const streams = corpusStreams(() => true)
  const byFile = new Map(streams.map((stream) => [stream.file, stream]))
  const links = streams.flatMap((next): Pick<Link, 'before' | 'next'>[] => {
    const before = byFile.get(next.continues ?? '')
    return before === undefined ? [] : [{ before, next }]
  })
  let folded: readonly Link[] = []
  beforeAll(async () => {
    folded = await Promise.all(
      links.map(async ({ before, next }) => ({
        before,
        next,
        message: await fold(sourceOf(before)),
        turns: turnsOf(next.request ?? {}),
      })),
    )
  })

  it('are 304 links, whose requests repeat 367 calls and answer each', () => {
    const counts: Record<string, { links: number; calls: number }> = {}
    const answered: Record<string, number> = {}
    for (const { next } of links) {
      const { calls, answers } = lastTurn(turnsOf(next.request ?? {}))
      const count = (counts[familyOf(next)] ??= { links: 0, calls: 0 })
      count.links += 1
      count.calls += calls.length
      answered[familyOf(next)] = (answered[familyOf(next)] ?? 0) + answers.length
    }
    expect(counts).toEqual(COUNTS)
    expect(answered).toEqual(Object.fromEntries(Object.entries(COUNTS).map(([name, { calls }]) => [name, calls])))
    const sum = (of: 'links' | 'calls') => Object.values(COUNTS).reduce((total, count) => total + count[of], 0)
    expect([sum('links'), sum('calls')]).toEqual([304, 367])
  })

  it('I6: each call of a message is what the next request repeats: its name, its arguments, in its place', () => {
    const compared: Record<string, number> = {}
    for (const { before, next, message, turns } of folded) {
      const calls = callsOf(message)
      compared[familyOf(before)] = (compared[familyOf(before)] ?? 0) + calls.length
      const [said, repaired] = RENAMED.get(next.file) ?? []
      expect(
        calls.map(({ name, input }) => ({ name: name === said ? repaired : name, input })),
        next.file,
      ).toEqual(lastTurn(turns).calls.map(({ name, input }) => ({ name, input })))
    }
    const expected = new Set(links.map(({ before }) => familyOf(before)))
    const linksCounts = Object.entries(COUNTS).filter(([name]) => expected.has(name))
    expect(compared).toEqual(Object.fromEntries(linksCounts.map(([name, { calls }]) => [name, calls])))
  })

  it('I6: each call that has an id on the wire has the one under which the next request repeats it, if it does', () => {
    for (const { next, message, turns } of folded) {
      const repeated = lastTurn(turns).calls
      // Where the wire has none, or the request repeats none, any other is the client's own.
      const pairs = callsOf(message).map(({ id, idSource }, at) => ({ id, idSource, other: repeated[at]?.id }))
      const both = pairs.filter(({ idSource, other }) => idSource === 'wire' && other !== undefined)
      const [ids, others] = [both.map(({ id }) => id), both.map(({ other }) => other)]
      if (MIXED_UP.has(next.file)) expect(ids, next.file).not.toEqual(others)
      else expect(ids, next.file).toEqual(others)
    }
  })

  it('I6: each call is answered under the id of its repetition, or under its name where there is none', () => {
    for (const { next, message, turns } of folded) {
      const { answers, calls } = lastTurn(turns)
      const expected = callsOf(message).map(({ id, idSource, name }, at) => {
        const repeated = calls[at]
        return repeated?.id === undefined ? (repeated?.name ?? name) : idSource === 'wire' ? id : repeated.id
      })
      expect(answers.toSorted(), next.file).toEqual(expected.toSorted())
    }
  })
})

interface Call {
  readonly id: string
  readonly idSource: 'wire' | 'minted'
  readonly name: string
  readonly input: unknown
}

function callsOf({ content }: AssistantMessage): readonly Call[] {
  return content.flatMap((block) =>
    block.type === 'tool_call' && block.origin === 'client'
      ? [{ ...block, input: block.state === 'complete' ? block.input : block.state }]
      : [],
  )
}

/** The last answer with calls: what was said after it without any is another turn, of which the corpus has no stream. */
function lastTurn(turns: readonly RequestTurn[]): RequestTurn {
  return turns.findLast(({ calls }) => calls.length > 0) ?? { calls: [], answers: [] }
}
