/** Real streams, written as each provider would have sent them. */
import { beforeAll, expect, it } from 'vitest'
import { assemble, type AssistantMessage, type WritableDialect } from '../../src/index.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import {
  answersOf,
  commonView,
  expectedView,
  foldedStream,
  hasUnusableCall,
  ownView,
  WRITABLE,
  type Answer,
} from '../support/written.ts'
import { differences } from './differences.ts'
import { sourceOf } from './streams.ts'

/** Every seventh: all of them take a quarter of a minute, and the bundled recordings hold each form. */
const SAMPLE = 7

describeShared('corpus', 'a message as an event stream', () => {
  const answers = new Map<string, readonly AssistantMessage[]>()
  beforeAll(async () => {
    const streams = corpusStreams(({ features }) => !features.includes('concatenated_responses'))
    for (const stream of streams.filter((_stream, at) => at % SAMPLE === 0)) {
      answers.set(stream.file, await assemble(sourceOf(stream)).messages())
    }
  })

  it.each(WRITABLE)('as %s it says, folded again, what this form can say', async (to) => {
    expect(answers.size).toBeGreaterThan(200)
    const lines: string[] = []
    for (const [file, messages] of answers) {
      for (const answer of answersOf(messages, to)) {
        const again = await foldedStream(answer, to)
        const odd = again.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind))
        const found = [...differencesOf(answer, again, to), ...odd.filter((kind) => !isAsBefore(kind, answer))]
        if (found.length > 0) lines.push(`${file} ${found.join(' ')}`)
      }
    }
    expect(lines).toEqual([])
  })
})

function differencesOf(answer: Answer, again: readonly AssistantMessage[], to: WritableDialect): readonly string[] {
  if (answer[0].dialect !== to) {
    return differences(
      answer.map((message) => expectedView(message, to)),
      again.map((message) => commonView(message, to)),
    )
  }
  // The last of several ids is the one of the whole answer, which has one.
  const hasOtherId = answer.some(({ id, wire }) => typeof wire['id'] === 'string' && wire['id'] !== id)
  return differences(answer.map(ownView), again.map(ownView)).filter((path) => !(hasOtherId && path.endsWith('.id')))
}

/** Of a call that nobody can run, and of a reason that nobody gave, both folds say so. */
function isAsBefore(kind: string, answer: Answer): boolean {
  if (kind === 'invalid_input') return answer.some(hasUnusableCall)
  return answer.some(({ anomalies }) => anomalies.some((anomaly) => anomaly.kind === kind))
}
