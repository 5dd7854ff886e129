/** The requests to the Responses API that were answered with a stream: each was accepted, so no lax rule may flag one. */
import { expect, it } from 'vitest'
import { RESPONSES_RULES } from '../../src/transcript/rules/responses.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { namesOf } from '../transcript/findings.ts'
import { flaggedRequests, messagesOf } from './accepted-requests.ts'

describeShared('corpus', 'accepted Responses requests', () => {
  const requests = messagesOf(
    corpusStreams(({ dialect }) => dialect === 'openai-responses'),
    'input',
  )

  it('P1: no lax rule of Responses flags an accepted request', () => {
    expect(requests).toHaveLength(237)
    expect(requests.flatMap(({ messages }) => messages)).toHaveLength(628)
    expect(flaggedRequests(requests, ({ messages }) => namesOf(RESPONSES_RULES, messages))).toEqual({})
  })

  it('P3: none of them goes on from an earlier response, whose calls could not be seen', () => {
    expect(requests.filter(({ request }) => typeof request['previous_response_id'] === 'string')).toEqual([])
  })
})
