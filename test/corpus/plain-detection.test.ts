/** The dialects that are known by a few fields alone claim no event of any other stream of the corpus. */
import { expect, it } from 'vitest'
import { definitionOf } from '../../src/dialects/definitions.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { objectOf } from './plain-wire.ts'
import { dialectOf } from './streams.ts'

const NAMES: readonly string[] = ['cohere', 'ollama', 'text-generation', 'openai-assistants']

describeShared('corpus', 'detection', () => {
  it.each(NAMES)('%s claims events of its own streams, and of no others', (name) => {
    const { looksLike } = definitionOf(name)
    let claimed = 0
    for (const stream of corpusStreams(() => true)) {
      const payloads = payloadsOf(stream).map((payload) => ('inner' in payload ? objectOf(payload['inner']) : payload))
      const yes = payloads.filter((payload) => looksLike({ payload }) === 'yes')
      if (dialectOf(stream) === name) claimed += yes.length > 0 ? 1 : 0
      else expect(yes, stream.file).toEqual([])
    }
    expect(claimed).toBe(corpusStreams((stream) => dialectOf(stream) === name).length)
  })
})
