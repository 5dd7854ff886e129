import { beforeAll, describe, expect, it } from 'vitest'
import { toAnswer, type AssistantMessage, type WritableDialect } from '../src/index.ts'
import { accumulate as accumulateMessage } from './corpus/anthropic-sdk.ts'
import { accumulate as accumulateChat } from './corpus/chat-sdk.ts'
import { differences, viaJson } from './corpus/differences.ts'
import type { Accumulated } from './corpus/fidelity.ts'
import { accumulate as accumulateResponses } from './corpus/responses-sdk.ts'
import {
  answersOf,
  bytesOf,
  commonView,
  expectedView,
  foldedAnswer,
  foldedStream,
  hasUnusableCall,
  ownView,
  WRITABLE,
  type Answer,
} from './support/written.ts'
import { recordedMessages } from './transcript/recorded-messages.ts'

/** The messages of all recordings, those of one recording together. */
let recorded: ReadonlyMap<string, readonly AssistantMessage[]> = new Map()
beforeAll(async () => {
  const turns = new Map<string, AssistantMessage[]>()
  for (const { message } of await recordedMessages()) {
    turns.set(message.turn, [...(turns.get(message.turn) ?? []), message])
  }
  recorded = turns
})

const folded = new Map<string, ReturnType<typeof foldedStream>>()
/** Folded once for all tests. */
function streamed(answer: Answer, to: WritableDialect): ReturnType<typeof foldedStream> {
  const name = `${to} ${answer[0].key}`
  const known = folded.get(name) ?? foldedStream(answer, to)
  folded.set(name, known)
  return known
}

async function linesOf(
  to: WritableDialect,
  which: (name: string) => boolean,
  lineOf: (answer: Answer) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const [name, messages] of recorded) {
    if (!which(name)) continue
    for (const answer of answersOf(messages, to)) {
      const found = await lineOf(answer)
      if (found.length > 0) lines.push(`${name.slice(name.indexOf('/') + 1)} ${found.join(' ')}`)
    }
  }
  return lines
}

/** How a connection ended is for whoever plays the stream: bytes do not say it. */
const CUT = 'cut-connection ~0.outcome.by ~0.outcome.error.message'

/** Of a block that is another one, that it is. */
function briefly(paths: readonly string[]): readonly string[] {
  const others = paths.filter((path) => path.endsWith('.type') && path.includes('.content.'))
  const blocks = others.map((path) => path.slice(0, -'.type'.length))
  return [...paths.filter((path) => !blocks.some((block) => path.slice(1).startsWith(block.slice(1)))), ...blocks]
}

/** What a fold of the written stream says otherwise than the message. */
const OWN_EXCEPTIONS: Readonly<Record<WritableDialect, readonly string[]>> = {
  'anthropic-messages': [
    CUT,
    // A refused request shows no dialect, and its status is that of the response.
    'overloaded-529 ~0.dialect +0.outcome.error.status',
  ],
  'openai-chat': [
    // The last id of several is the one of the whole answer.
    'choice-index-that-counts ~0.id',
    'context-overflow ~0.dialect',
    CUT,
    // The body of this error is the chunk that says it.
    'finish-error -0.outcome.error.body.logprobs',
    'openrouter-upstream-failure +0.outcome.error.body.delta.role +0.outcome.error.body.delta.content',
    'rate-limited-429 ~0.dialect +0.outcome.error.status',
  ],
  'openai-responses': [
    CUT,
    // An error event is numbered like any other.
    'error-as-json ~0.dialect -0.outcome.error.body.type -0.outcome.error.body.sequence_number',
    'error-in-mid-stream ~0.outcome.error.body.sequence_number',
    'failed-after-an-error-event ~0.outcome.error.body.sequence_number',
    'rate-limited-429 ~0.dialect +0.outcome.error.status -0.outcome.error.body.type -0.outcome.error.body.sequence_number',
    // Its items came in another order than their indexes; they are written in that of the indexes.
    'resumed-without-its-beginning ~0.content.0 ~0.content.1',
    'rotating-ids ~0.id',
    // A response that was cancelled is given up, which only its client knows.
    'usage-before-the-end ~0.outcome.kind ~0.outcome.by +0.outcome.reason -0.outcome.error',
  ],
}

/** What the official SDK builds otherwise than `toNative`, or throws. */
const SDK_EXCEPTIONS: Readonly<Record<WritableDialect, readonly string[]>> = {
  'anthropic-messages': [],
  'openai-chat': [
    // It knows no custom tools, no answer without a finish reason, no content in parts; and it makes up an id for a call without one.
    'custom-tool throws: missing choices[0].tool_calls[0].function.name',
    'done-without-a-finish throws: missing finish_reason for choice 0',
    'late-and-missing-ids -choices.0.message.tool_calls.1.id',
    'mistral-content-parts ~choices.0.message.content',
    // These came whole, with other empty fields than a stream has.
    'whole-json-answer-of-openai +system_fingerprint -choices.0.logprobs',
    'whole-json-answer ~choices.0.message.content -choices.0.message.refusal -choices.0.logprobs',
  ],
  'openai-responses': [],
}

async function accumulate(answer: Answer, to: WritableDialect): Promise<Accumulated> {
  const bytes = bytesOf(answer, to)
  switch (to) {
    case 'anthropic-messages':
      return accumulateMessage(bytes, 'beta')
    case 'openai-chat':
      return accumulateChat(bytes, 'openai 6')
    case 'openai-responses':
      return accumulateResponses(bytes, 'openai 6')
    default: {
      const never: never = to
      return never
    }
  }
}

/** Of a field that it does not know openai's SDK keeps the last delta. */
const UNKNOWN_TO_SDK = /^~choices\.\d+\.message\.reasoning_content$/

/** Of calls that nobody can run Anthropic's SDK parses what there is. */
async function foreignAgainstSdk(answer: Answer, to: WritableDialect): Promise<readonly string[]> {
  if (to === 'anthropic-messages' && answer.some(hasUnusableCall)) return []
  return (await againstSdk(answer, to)).filter((path) => !UNKNOWN_TO_SDK.test(path))
}

async function againstSdk(answer: Answer, to: WritableDialect): Promise<readonly string[]> {
  if (answer.some(({ outcome }) => outcome.kind !== 'complete')) return []
  const built = await accumulate(answer, to)
  return 'throws' in built
    ? [`throws: ${built.throws.replace(/\n.*/s, '')}`]
    : differences(viaJson(toAnswer(answer, to)), built.message)
}

describe.each(WRITABLE)('a message as an event stream of %s', (to) => {
  const isOwn = (name: string): boolean => name.startsWith(`${to}/`)
  const isForeign = (name: string): boolean => !isOwn(name)

  it('its own messages: folded again it gives the same but for the listed exceptions', async () => {
    const lines = await linesOf(to, isOwn, async (answer) => {
      const again = await streamed(answer, to)
      return briefly(differences(answer.map(ownView), again.map(ownView)))
    })
    expect(lines).toEqual(OWN_EXCEPTIONS[to])
  })

  it('its own messages: the official SDK builds from it what toNative gives but for the listed exceptions', async () => {
    expect(await linesOf(to, isOwn, (answer) => againstSdk(answer, to))).toEqual(SDK_EXCEPTIONS[to])
  })

  it('messages of all others: folded again it says what this form can say, without an anomaly', async () => {
    const lines = await linesOf(to, isForeign, async (answer) => {
      const again = await streamed(answer, to)
      const odd = again.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind))
      return [
        ...differences(
          answer.map((message) => expectedView(message, to)),
          again.map((message) => commonView(message, to)),
        ),
        ...odd.filter((kind) => kind !== 'invalid_input' || !answer.some(hasUnusableCall)),
      ]
    })
    expect(lines).toEqual([])
  })

  it('messages of all others: the official SDK builds from it what toAnswer gives', async () => {
    expect(await linesOf(to, isForeign, (answer) => foreignAgainstSdk(answer, to))).toEqual([])
  })

  it('messages of all: the whole answer, folded, says the same as the stream', async () => {
    const lines = await linesOf(
      to,
      () => true,
      async (answer) => {
        // In a whole Anthropic answer a call that was cut has an empty input, as the API itself has it.
        const isCut = to === 'anthropic-messages' && answer[0].dialect === to && answer.some(hasUnusableCall)
        if (isCut || answer.some(({ outcome }) => outcome.kind !== 'complete')) return []
        const [whole, again] = [await foldedAnswer(answer, to), await streamed(answer, to)]
        return differences(
          whole.map((message) => commonView(message, to)),
          again.map((message) => commonView(message, to)),
        )
      },
    )
    expect(lines).toEqual([])
  })
})
