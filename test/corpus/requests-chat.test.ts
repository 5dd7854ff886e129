/** The requests to chat APIs that were answered with a stream: each was accepted, so no lax rule may flag one. */
import { expect, it } from 'vitest'
import { isObject, nonEmpty, type JsonObject } from '../../src/json.ts'
import { CHAT_RULES } from '../../src/transcript/rules/chat.ts'
import { DEEPSEEK_RULES } from '../../src/transcript/rules/deepseek.ts'
import { KIMI_RULES } from '../../src/transcript/rules/kimi.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { namesOf } from '../transcript/findings.ts'
import { CHAT_REQUEST_EXCEPTIONS, flaggedRequests, messagesOf } from './accepted-requests.ts'

const ofChat = (stream: CorpusStream): boolean =>
  stream.dialect === 'openai-chat' || stream.dialect === 'mistral' || stream.dialect.startsWith('openai-compatible/')
const ofDeepSeek = (stream: CorpusStream): boolean => stream.dialect === 'openai-compatible/deepseek'
/** Models of Kimi, which other hosts serve: there is no request to Moonshot itself. */
const ofKimi = ({ request }: CorpusStream): boolean => /kimi/i.test(nonEmpty(request?.['model']) ?? '')

/** What the request itself says of thinking; DeepSeek thinks unless it is told not to. */
function factsOf(request: JsonObject): RequestFacts {
  const { thinking } = request
  return { thinking: !isObject(thinking) || thinking['type'] !== 'disabled' }
}

describeShared('corpus', 'accepted chat requests', () => {
  const requests = messagesOf(corpusStreams(ofChat), 'messages')

  it('O1: no lax rule of chat flags an accepted request, but for the exceptions', () => {
    expect(requests).toHaveLength(673)
    expect(requests.flatMap(({ messages }) => messages)).toHaveLength(1569)
    expect(flaggedRequests(requests, ({ messages }) => namesOf(CHAT_RULES, messages))).toEqual(CHAT_REQUEST_EXCEPTIONS)
  })

  it('D1: no lax rule of DeepSeek flags a request that it accepted, with thinking on or off as the request has it', () => {
    const accepted = requests.filter(({ stream }) => ofDeepSeek(stream))
    expect(accepted).toHaveLength(50)
    expect(
      flaggedRequests(accepted, ({ messages, request }) => namesOf(DEEPSEEK_RULES, messages, factsOf(request))),
    ).toEqual({})
    expect(flaggedRequests(accepted, ({ messages }) => namesOf(DEEPSEEK_RULES, messages))).toEqual({})
  })

  it('K1: no lax rule of Kimi flags a request that a host of Kimi accepted', () => {
    const accepted = requests.filter(({ stream }) => ofKimi(stream))
    expect(accepted).toHaveLength(21)
    expect(flaggedRequests(accepted, ({ messages }) => namesOf(KIMI_RULES, messages))).toEqual({})
  })
})
