/** I10 over generated streams: what is held does not exceed the limits, whatever is sent. */
import { array, assert, constantFrom, integer, property, record, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAssembler } from '../../src/fold.ts'

const RUNS = Number(process.env.ONEFOLD_FUZZ_RUNS ?? 300)

const piece = record({
  kind: constantFrom('text', 'thinking', 'input', 'citation', 'unknown', 'again', 'meta'),
  index: integer({ min: 0, max: 3 }),
  text: string({ maxLength: 60 }),
})

function eventOf({ kind, index, text }: { kind: string; index: number; text: string }): object {
  const delta = (fields: object) => ({ type: 'content_block_delta', index, delta: fields })
  switch (kind) {
    case 'text':
      return delta({ type: 'text_delta', text })
    case 'thinking':
      return delta({ type: 'thinking_delta', thinking: text })
    case 'input':
      return delta({ type: 'input_json_delta', partial_json: text })
    case 'citation':
      return delta({ type: 'citations_delta', citation: { cited_text: text } })
    case 'unknown':
      return { type: text, more: text }
    case 'again':
      return { type: 'message_start', message: { id: 'msg_1', [text]: text } }
    default:
      return { type: 'message_delta', delta: { [text]: text }, usage: { [text]: index } }
  }
}

describe('I10: what is held is bounded', () => {
  it('by the limit of a message and one event, and what exceeds it is told', () => {
    assert(
      property(array(piece, { maxLength: 80 }), integer({ min: 50, max: 2000 }), (pieces, messageLength) => {
        const assembler = createAssembler({ dialect: 'anthropic-messages', limits: { messageLength } })
        assembler.receive({ type: 'message_start', message: { id: 'msg_1' } })
        for (const one of pieces) assembler.receive(eventOf(one))
        assembler.end({ kind: 'complete' })
        const { content, outcome } = assembler.message()
        const held = content.map((block) =>
          'text' in block ? (block.text ?? '') : 'arguments' in block ? block.arguments : '',
        )
        expect(held.join('').length).toBeLessThanOrEqual(messageLength + 60)
        const sent = pieces.filter(({ kind }) => kind === 'text').reduce((sum, { text }) => sum + text.length, 0)
        if (sent > messageLength) expect(outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
      }),
      { numRuns: RUNS },
    )
  })

  it('in blocks and anomalies by their numbers', () => {
    assert(
      property(array(piece, { maxLength: 80 }), integer({ min: 1, max: 4 }), (pieces, most) => {
        const assembler = createAssembler({ dialect: 'anthropic-messages', limits: { blocks: most, anomalies: most } })
        for (const one of pieces) assembler.receive(eventOf(one))
        assembler.end({ kind: 'complete' })
        const message = assembler.message()
        expect(message.content.length).toBeLessThanOrEqual(most)
        expect(message.anomalies.length).toBeLessThanOrEqual(most + 1)
      }),
      { numRuns: RUNS },
    )
  })
})
