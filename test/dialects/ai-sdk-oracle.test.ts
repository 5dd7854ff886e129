/** The AI SDK itself makes the streams, and says what they come to. */
import { describe, expect, it } from 'vitest'
import { assemble, fold } from '../../src/index.ts'
import { toNative } from '../../src/to-native.ts'
import { accumulated, play } from '../support/ai-sdk-player.mjs'
import { all, asJson, PLAYS } from '../support/ai-sdk.ts'

describe('the parts of fullStream', () => {
  it.each(PLAYS)('I7: give the messages that the SDK has for its next request: $name', async (row) => {
    const result = play(row)
    const parts = await all(result.fullStream)
    const messages = await assemble(parts).messages()
    const steps = await result.response.then(
      ({ messages: expected }) => asJson(expected),
      () => [],
    )
    expect(messages.every(({ dialect }) => dialect === 'ai-sdk' || parts.length === 2)).toBe(true)
    const known = messages.filter(({ dialect }) => dialect !== 'unknown')
    expect(known.length === 0 ? [] : toNative(known)).toEqual(steps)
  })

  it.each(PLAYS)('I7: mean the same as JSON, and once more with the option: $name', async (row) => {
    const parts = await all(play(row).fullStream)
    const live = await assemble(parts, { dialect: 'ai-sdk' }).messages()
    const lines = parts.map((part) => `${JSON.stringify(part, errorsAsText)}\n`).join('')
    const read = await assemble(lines, { dialect: 'ai-sdk' }).messages()
    expect(read.map(({ content }) => content)).toEqual(live.map(({ content }) => content))
    expect(read.map(({ outcome }) => outcome.kind)).toEqual(live.map(({ outcome }) => outcome.kind))
  })
})

describe('the UI message stream', () => {
  it.each(PLAYS)('I7: gives the message that the SDK reads from it: $name', async (row) => {
    const chunks = await all(
      play(row).toUIMessageStream({ sendSources: true, generateMessageId: () => 'msg_1', originalMessages: [] }),
    )
    const message = await fold(chunks)
    expect(message.dialect).toBe('ai-sdk-ui')
    expect(toNative(message)).toEqual((await accumulated(chunks)).message)
    const whole = await fold(asObject(toNative(message)))
    expect(toNative(whole)).toEqual(toNative(message))
  })
})

/** JSON has nothing of an error. */
function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : expect.fail('no object')
}
