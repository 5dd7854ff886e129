/** Streams of the corpus that hold several responses back to back. */
import { beforeAll, expect, it } from 'vitest'
import { assemble, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

/** How many responses begin in each. */
const RESPONSES: Readonly<Record<string, number>> = {
  'anthropic-messages/vercel-ai__anthropic-anthropic-programmatic-tool-calling.1.ndjson': 15,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-bm25.1.ndjson': 2,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-deferred-bm25.ndjson': 3,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-deferred-regex.ndjson': 3,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-regex.1.ndjson': 2,
  'anthropic-messages/vercel-ai__anthropic-spliced-message-start.ndjson': 2,
  'openai-responses/vercel-ai__azure-azure-reasoning-encrypted-content.1.ndjson': 4,
  'openai-responses/vercel-ai__openai-responses-openai-reasoning-encrypted-content.1.ndjson': 4,
  'openai-responses/vercel-ai__openai-responses-openai-shell-tool.1.ndjson': 2,
}
/** Its first response is cut by the second. */
const SPLICED = 'anthropic-messages/vercel-ai__anthropic-spliced-message-start.ndjson'

interface Part {
  readonly id: unknown
  readonly lines: string[]
}

/** The lines of a stream, response by response: each begins with the event that names it. */
function partsOf(stream: CorpusStream): readonly Part[] {
  const parts: Part[] = []
  for (const line of new TextDecoder().decode(stream.read()).split('\n').filter(Boolean)) {
    const event: unknown = JSON.parse(line)
    const { type, message, response }: JsonObject = isObject(event) ? event : {}
    const begun = type === 'message_start' ? message : type === 'response.created' ? response : undefined
    if (isObject(begun)) parts.push({ id: begun['id'], lines: [] })
    parts.at(-1)?.lines.push(line)
  }
  return parts
}

interface Folded {
  readonly stream: CorpusStream
  readonly parts: readonly Part[]
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
}

async function foldedOf(stream: CorpusStream): Promise<Folded> {
  const turn = assemble(stream.read(), { many: true })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return { stream, parts: partsOf(stream), messages: await turn.messages(), events }
}

/** What is of the message alone, and not of its place among others. */
function bare({ key, turn: _turn, timing: _timing, id, ...message }: AssistantMessage): unknown {
  const content = message.content.map((block) =>
    block.type === 'tool_call' ? { ...block, key: block.key.replace(key, '') } : block,
  )
  return { ...message, id: id === key ? '' : id, content }
}

describeShared('corpus', 'several responses back to back', () => {
  const streams = corpusStreams(({ features }) => features.includes('concatenated_responses'))
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldedOf))
  })

  it('are nine streams, with 37 responses', () => {
    const found = folded.map(({ stream, parts }) => [stream.file, parts.length])
    expect(Object.fromEntries(found)).toEqual(RESPONSES)
    expect(folded.flatMap(({ parts }) => parts)).toHaveLength(37)
  })

  it('I2: all come out with `many`, each once, in order, under its own id and key', () => {
    for (const { stream, parts, messages, events } of folded) {
      expect(
        messages.map(({ id, key }) => [id, key]),
        stream.file,
      ).toEqual(parts.map(({ id }, at) => [id, `turn/${at}`]))
      const finals = events.flatMap((event) => (event.type === 'message' ? [event.final] : []))
      expect(finals, stream.file).toEqual(messages)
      for (const message of messages) expectLiveEqualsFinal(events, message)
    }
  })

  it('I3: each is what it would be alone', async () => {
    for (const { stream, parts, messages } of folded) {
      const alone = await Promise.all(parts.map(({ lines }) => assemble(lines.join('\n')).message()))
      expect(messages.map(bare), stream.file).toEqual(alone.map(bare))
    }
  })

  it('I5: each is complete, but the one that another breaks off', () => {
    for (const { stream, messages } of folded) {
      const kinds = messages.map(({ outcome }) => outcome.kind)
      const clean = messages.map(() => 'complete')
      expect(kinds, stream.file).toEqual(stream.file === SPLICED ? ['truncated', 'complete'] : clean)
    }
  })

  it('I6: each whole call of a response is handed out once, and none of the one that is cut', () => {
    for (const { stream, messages, events } of folded) {
      const handedOut = events.flatMap((event) => (event.type === 'tool_call' ? [event.call.key] : []))
      const whole = messages.flatMap(({ content }) =>
        content.flatMap((block) =>
          block.type === 'tool_call' && block.origin === 'client' && block.state === 'complete' ? [block.key] : [],
        ),
      )
      expect(handedOut, stream.file).toEqual(whole)
    }
    const cut = folded.find(({ stream }) => stream.file === SPLICED)?.messages[0]?.content
    expect(cut).toMatchObject([{ type: 'thinking' }, { type: 'tool_call', state: 'partial' }])
  })

  it('I2: without `many` there is the first one, and each other is told', async () => {
    for (const { stream, parts, messages } of folded) {
      if (stream.file === SPLICED) continue
      const turn = assemble(stream.read())
      expect((await turn.messages()).map(bare), stream.file).toEqual(messages.slice(0, 1).map(bare))
      const told = turn.anomalies.flatMap((one) => (one.kind === 'second_message' ? [one.detail] : []))
      expect(told, stream.file).toEqual(parts.slice(1).map(({ id }) => id))
    }
  })

  it('I2: without `many` a response that begins within another takes its place', async () => {
    const spliced = folded.find(({ stream }) => stream.file === SPLICED)
    const turn = assemble(spliced?.stream.read() ?? [])
    const [message, ...others] = await turn.messages()
    expect(others).toEqual([])
    expect(message).toMatchObject({ id: 'msg_second', outcome: { kind: 'complete' } })
    expect(message?.anomalies).toMatchObject([{ kind: 'restarted', detail: 'msg_first' }])
    expect(turn.anomalies).toEqual([])
  })
})
