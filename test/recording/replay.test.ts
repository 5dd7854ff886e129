import { describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import type { RecordedEnding, Recording } from '../../src/recording/format.ts'
import { RecordedResetError, replay } from '../../src/recording/replay.ts'
import type { ReplayOptions } from '../../src/recording/replay.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function recordingOf(times: readonly number[], ending: RecordedEnding = 'eof', endMs?: number): Recording {
  return {
    header: { onefold: 1, provenance: { kind: 'handwritten' } },
    chunks: times.map((ms, index) => ({ ms, bytes: bytesOf(`${index}`) })),
    ending,
    ...(endMs !== undefined && { endMs }),
    problems: [],
  }
}

async function played(source: AsyncIterable<Uint8Array>): Promise<{ text: string; error: unknown }> {
  let text = ''
  try {
    for await (const bytes of source) text += new TextDecoder().decode(bytes)
  } catch (error) {
    return { text, error }
  }
  return { text, error: undefined }
}

describe('a replay', () => {
  it.each<[RecordedEnding, unknown]>([
    ['eof', undefined],
    [
      'reset',
      expect.objectContaining({
        name: 'RecordedResetError',
        code: 'ECONNRESET',
        message: 'the recorded connection was reset',
      }),
    ],
    ['abort', expect.objectContaining({ name: 'AbortError', message: 'the recorded client aborted the request' })],
  ])('gives every chunk and then the ending %s, each time it is read', async (ending, error) => {
    const source = replay(recordingOf([1, 2, 3], ending))
    for (let time = 0; time < 2; time += 1) {
      expect(await played(source)).toEqual({ text: '012', error })
    }
  })

  it('throws errors that can be told apart by their class', async () => {
    expect((await played(replay(recordingOf([], 'reset')))).error).toBeInstanceOf(RecordedResetError)
    expect((await played(replay(recordingOf([], 'abort')))).error).toBeInstanceOf(DOMException)
  })

  it('keeps the recorded boundaries, empty chunks included', async () => {
    const recording = { ...recordingOf([]), chunks: ['ab', '', 'c'].map((text) => ({ ms: 0, bytes: bytesOf(text) })) }
    const pieces: Uint8Array[] = []
    for await (const bytes of replay(recording)) pieces.push(bytes)
    expect(pieces).toEqual(['ab', '', 'c'].map(bytesOf))
  })

  it('hands out copies, so that a reader cannot change the recording', async () => {
    const source = replay(recordingOf([1, 2]))
    for await (const bytes of source) bytes.fill(0)
    expect((await played(source)).text).toBe('01')
  })
})

describe('the timing of a replay', () => {
  it.each<[NonNullable<ReplayOptions['timing']>, readonly number[], number | undefined, readonly number[]]>([
    ['none', [10, 30], 40, []],
    [0, [10, 30], 40, []],
    ['recorded', [10, 30, 30, 35], 40, [10, 20, 5, 5]],
    ['recorded', [10, 30], undefined, [10, 20]],
    [0.5, [10, 30], 40, [5, 10, 5]],
    [2, [10, 30], 40, [20, 40, 20]],
  ])('%s of chunks at %j and an end at %s waits for %j', async (timing, times, endMs, expected) => {
    const waits: number[] = []
    const sleep = (ms: number): Promise<void> => {
      waits.push(ms)
      return Promise.resolve()
    }
    expect(await played(replay(recordingOf(times, 'eof', endMs), { timing, sleep }))).toEqual({
      text: times.map((_, index) => index).join(''),
      error: undefined,
    })
    expect(waits).toEqual(expected)
  })

  it('does not wait longer than recorded where times run backwards', async () => {
    const waits: number[] = []
    const sleep = (ms: number): Promise<void> => {
      waits.push(ms)
      return Promise.resolve()
    }
    await played(replay(recordingOf([10, 4, 12], 'eof', 3), { timing: 'recorded', sleep }))
    expect(waits).toEqual([10, 2])
  })

  it.each<[string, ReplayOptions]>([
    ['recorded times without a sleep', { timing: 'recorded' }],
    ['a scale without a sleep', { timing: 2 }],
    ['a scale below 0', { timing: -1, sleep: () => Promise.resolve() }],
    ['a scale that is no number', { timing: Number.NaN, sleep: () => Promise.resolve() }],
    ['an endless scale', { timing: Number.POSITIVE_INFINITY, sleep: () => Promise.resolve() }],
  ])('%s is refused at once', (_, options) => {
    expect(() => replay(recordingOf([1]), options)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(() => replay(recordingOf([1]), options)).toThrow(MisuseError)
  })

  it.each([
    ['a chunk', recordingOf([10], 'reset')],
    ['the end', recordingOf([], 'reset', 10)],
  ])('a reader that leaves during the wait for %s ends it, and gets no more', async (_name, recording) => {
    let isWoken = false
    let asleep = (): void => undefined
    const isAsleep = new Promise<void>((resolve) => {
      asleep = resolve
    })
    const sleep = (_: number, signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => {
        asleep()
        signal.addEventListener('abort', () => {
          isWoken = true
          reject(new Error('woken'))
        })
      })
    const reader = replay(recording, { timing: 'recorded', sleep })[Symbol.asyncIterator]()
    const next = reader.next()
    await isAsleep
    await reader.return?.()
    expect(isWoken).toBe(true)
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('a reader that leaves before the wait begins does not begin it', async () => {
    let waits = 0
    const sleep = (): Promise<void> => {
      waits += 1
      return new Promise(() => undefined)
    }
    const reader = replay(recordingOf([10], 'reset'), { timing: 'recorded', sleep })[Symbol.asyncIterator]()
    const next = reader.next()
    await reader.return?.()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(waits).toBe(0)
  })

  it('a sleep that fails is no ending of the recording: its error comes through', async () => {
    const broken = { timing: 'recorded', sleep: () => Promise.reject(new Error('no timers here')) } as const
    const { text, error } = await played(replay(recordingOf([0, 10]), broken))
    expect(text).toBe('0')
    expect(error).toMatchObject({ message: 'no timers here' })
  })
})
