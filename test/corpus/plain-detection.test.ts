/** The dialects that are known by a few fields alone claim no event of any other stream of the corpus. */
import { expect, it } from 'vitest'
import { definitionOf } from '../../src/dialects/definitions.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { objectOf } from './plain-wire.ts'

const OWN: Readonly<Record<string, RegExp>> = {
  cohere: /^cohere$/,
  ollama: /^other\/ollama$/,
  'text-generation': /^other\/(tgi|bedrock-invoke-(amazon|cohere|meta))$/,
  'openai-assistants': /^other\/openai-assistants$/,
}

describeShared('corpus', 'detection', () => {
  it.each(Object.entries(OWN))('%s claims events of its own streams, and of no others', (name, own) => {
    const { looksLike } = definitionOf(name)
    let claimed = 0
    for (const stream of corpusStreams(() => true)) {
      const payloads = payloadsOf(stream).map((payload) => ('inner' in payload ? objectOf(payload['inner']) : payload))
      const yes = payloads.filter((payload) => looksLike({ payload }) === 'yes')
      if (own.test(stream.dialect)) claimed += yes.length > 0 ? 1 : 0
      else expect(yes, stream.file).toEqual([])
    }
    expect(claimed).toBe(corpusStreams(({ dialect }) => own.test(dialect)).length)
  })
})
