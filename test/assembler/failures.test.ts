/** Errors that say nothing and those that follow, and the limits of a message and of an answer. */
import { describe, expect, it } from 'vitest'
import { append, begin, fail, hard, meta, open, soft, stop, usage, vague } from '../support/operations.ts'
import { run, types } from '../support/run.ts'

describe('an error that says nothing about itself', () => {
  it('I5: fails the message, whatever terminal follows', () => {
    for (const end of [[], [soft], [hard], [stop('end_turn'), hard]]) {
      const { message } = run([begin('m'), open('0', 'text', {}, 'a'), vague, ...end])
      expect(message).toMatchObject({
        outcome: { kind: 'failed', error: { class: 'unknown' } },
        content: [{ text: 'a' }],
      })
    }
  })

  it('I5: gives way to one that follows and says more', () => {
    const { message } = run([begin('m'), vague, fail])
    expect(message.outcome).toMatchObject({ error: { class: 'overloaded', retryable: true } })
  })

  it('lets what follows in: the text, the counts, the fields', () => {
    const { message, assembler } = run([begin('m'), vague, append('0', 'text', 'a'), usage(3), meta({ model: 'x' })], {
      opensBlocks: false,
    })
    expect(message).toMatchObject({ content: [{ text: 'a' }], usage: { outputTokens: 3 }, model: 'x' })
    expect(assembler.anomalies).toEqual([])
  })

  it('is the first that comes of a message, too', () => {
    expect(run([vague, fail]).message.outcome).toMatchObject({ kind: 'failed', error: { class: 'overloaded' } })
  })

  it('I6: lets no call be handed out', () => {
    const called = [open('0', 'tool_call', { id: 'x', name: 'f' }), append('0', 'tool_call', '{}')]
    const { events } = run([begin('m'), ...called, vague])
    expect(types(events)).not.toContain('tool_call')
  })
})

describe('the limit of choices', () => {
  const choices = (count: number) => Array.from({ length: count }, (_, at) => begin('m', at))

  it('I10: fails every choice that is there, and keeps what they have', () => {
    const { messages, assembler } = run(
      [...choices(2), append('0', 'text', 'a'), begin('m', 9), append('0', 'text', 'b')],
      {
        limits: { choices: 2 },
      },
    )
    expect(messages.map(({ key }) => key)).toEqual(['t/0', 't/1'])
    for (const { outcome } of messages) {
      expect(outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'limit', message: expect.stringContaining('2') },
      })
    }
    expect(messages[0]?.content).toMatchObject([{ text: 'a' }])
    expect(assembler.anomalies).toMatchObject([{ kind: 'late_event' }])
  })

  it('I10: leaves a choice alone that had ended', () => {
    const { messages } = run([begin('m'), { ...hard, choice: 0 }, begin('m', 1), begin('m', 2)], {
      limits: { choices: 2 },
    })
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'failed'])
  })

  it('is not reached by as many as are allowed', () => {
    const { messages } = run([...choices(128), hard])
    expect(messages).toHaveLength(128)
    expect(messages.every(({ outcome }) => outcome.kind === 'complete')).toBe(true)
  })
})

describe('after the end of all choices', () => {
  it('I2: a choice that was not there before is late', () => {
    for (const end of [hard, fail]) {
      const { messages, assembler } = run([begin('m'), end, begin('m', 1), append('0', 'text', 'x')])
      expect(messages).toHaveLength(1)
      expect(assembler.isTerminal).toBe(true)
      expect(assembler.anomalies).toEqual([{ kind: 'late_event', count: 2 }])
    }
  })
})
