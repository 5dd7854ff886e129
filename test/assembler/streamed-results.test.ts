import { describe, expect, it } from 'vitest'
import { append, begin, close, hard, list, open, patch, stop } from '../support/operations.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { run } from '../support/run.ts'

const M = begin('m')
const END = [stop('end_turn'), hard]

describe('a result that streams', () => {
  it('has the items of its list for content, in order, and twice what came twice', () => {
    const { message } = run([
      M,
      open('0', 'tool_result', { callId: 't' }),
      list('0', 'tool_result', 'a'),
      list('0', 'tool_result', 'a'),
      close('0'),
      ...END,
    ])
    expect(message.content).toEqual([{ type: 'tool_result', callId: 't', content: ['a', 'a'], wire: {} }])
  })

  it('has the items that came over a content that it was given before', () => {
    const { message } = run([M, open('0', 'tool_result', { content: 'whole' }), list('0', 'tool_result', 'a'), ...END])
    expect(message.content).toMatchObject([{ content: ['a'] }])
  })

  it('I3: that is sent again from the beginning has each item once', () => {
    const first = [open('0', 'tool_result'), list('0', 'tool_result', 'a'), list('0', 'tool_result', 'b')]
    const { message } = run([M, ...first, M, ...first, list('0', 'tool_result', 'c'), close('0'), ...END])
    expect(message.content).toMatchObject([{ content: ['a', 'b', 'c'] }])
  })
})

it('a signature for a block that nobody knows is in no live event, as it is not in the block', () => {
  const { message, events } = run([
    M,
    open('0', 'other'),
    patch('0', 'thinking', { signature: 's' }),
    append('0', 'text', 'x'),
    close('0'),
    ...END,
  ])
  expectLiveEqualsFinal(events, message)
  expect(JSON.stringify(events)).not.toContain('"signature"')
})
