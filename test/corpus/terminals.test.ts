/** The table of terminals against the streams that it names. */
import { expect, it } from 'vitest'
import { assemble } from '../../src/index.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { TERMINALS, type Terminal } from '../support/terminals.ts'
import { dialectOf, sourceOf } from './streams.ts'

/** The events of a stream as they are written, one text each. */
function eventsOf(stream: CorpusStream): readonly string[] {
  const text = new TextDecoder().decode(stream.read())
  const lines = text.split(/\r\n|\r|\n/u)
  if (stream.framing !== 'sse') return lines.filter(Boolean)
  return lines.flatMap((line) => (line.startsWith('data:') && line.length > 6 ? [line.slice(5).trim()] : []))
}

/** What an event is, as far as that ends something. */
function nameOf(written: string): string {
  if (written === '[DONE]') return written
  const frame: unknown = JSON.parse(written)
  if (!isObject(frame)) return typeof frame
  const headers = isObject(frame['headers']) ? frame['headers'] : {}
  const framed = headers[':event-type']
  if (typeof framed === 'string' && framed !== 'chunk') return framed
  const event = isObject(frame['inner']) ? frame['inner'] : frame
  for (const key of ['type', 'event_type']) {
    const type = event[key]
    if (typeof type === 'string' && !('text' in event)) return type
  }
  const first = (key: string): JsonObject => {
    const list = event[key]
    const [one]: unknown[] = Array.isArray(list) ? list : []
    return isObject(one) ? one : {}
  }
  if (first('choices')['finish_reason']) return 'finish_reason'
  if (first('candidates')['finishReason']) return 'finishReason'
  const names = ['metadata', 'messageStop', 'promptFeedback', 'completionReason', 'generated_text', 'stop_reason']
  const flags = ['done', 'is_finished']
  return (
    names.find((name) => event[name]) ??
    flags.flatMap((name) => (event[name] === true ? [`${name}: true`] : []))[0] ??
    '?'
  )
}

async function outcomeOf(stream: CorpusStream, events: readonly string[]): Promise<string> {
  const body = events.map((event) => (stream.framing === 'sse' ? `data: ${event}\n\n` : `${event}\n`)).join('')
  return (await assemble(body).message()).outcome.kind
}

describeShared('corpus', 'the terminals of the vendors', () => {
  const streams = new Map(corpusStreams(() => true).map((stream) => [stream.file, stream]))
  const streamOf = ({ stream }: Terminal): CorpusStream => streams.get(stream) ?? expect.fail(`there is no ${stream}`)
  const rows = TERMINALS.map((row) => ({ title: `${row.vendor} (${row.dialect})`, row }))

  it.each(rows)('$title: the last event is the one that is named', ({ row }) => {
    const stream = streamOf(row)
    expect(dialectOf(stream)).toBe(row.dialect)
    expect(nameOf(eventsOf(stream).at(-1) ?? '')).toBe(row.last)
    expect([row.hard, row.soft]).toContain(row.last)
  })

  it.each(rows)('I5: $title: the stream is over with it', async ({ row }) => {
    const { outcome } = await assemble(sourceOf(streamOf(row))).message()
    expect(outcome.kind).toBe(row.last === 'response.failed' ? 'failed' : 'complete')
  })

  const lines = rows.filter(({ row }) => !streamOf(row).hasFrames && row.last !== 'response.failed')
  it.each(lines)('I5: $title: without the last event it is complete only if a soft terminal came', async ({ row }) => {
    const stream = streamOf(row)
    const events = eventsOf(stream).slice(0, -1)
    const hasSoft = row.hard !== undefined && row.soft !== undefined
    // A prompt that is blocked is all that there is.
    const cut = events.length === 0 ? 'failed' : 'truncated'
    expect(await outcomeOf(stream, events)).toBe(hasSoft ? 'complete' : cut)
  })
})
