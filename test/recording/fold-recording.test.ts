import { expect, it } from 'vitest'
import { replayResponse } from '../../src/recording/fold-recording.ts'
import type { Recording, RecordingHeader } from '../../src/recording/format.ts'

function answered(response: RecordingHeader['response']): Recording {
  return {
    header: { onefold: 1, provenance: { kind: 'handwritten' }, ...(response === undefined ? {} : { response }) },
    chunks: [{ ms: 0, bytes: new TextEncoder().encode('{}') }],
    ending: 'eof',
    problems: [],
  }
}

it.each([
  [undefined, 200, '{}'],
  [429, 429, '{}'],
  [204, 204, ''],
  [304, 304, ''],
  [101, 200, ''],
])('I10: a recorded status of %s is played as a response of %s with the body %j', async (status, played, body) => {
  const response = replayResponse(answered(status === undefined ? undefined : { status }))
  expect([response.status, await response.text()]).toEqual([played, body])
})

it('I10: a response played again has the headers that were kept', () => {
  const response = replayResponse(
    answered({ status: 200, contentType: 'application/json', headers: { 'retry-after': '3' } }),
  )
  expect([response.headers.get('content-type'), response.headers.get('retry-after')]).toEqual(['application/json', '3'])
})
