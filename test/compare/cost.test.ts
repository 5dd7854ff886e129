import { describe, expect, it } from 'vitest'
import { compare, observeRecording, type ObservedTurn, type PriceTable } from '../../src/compare.ts'
import { FIGURES } from '../../src/compare/figures.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Usage } from '../../src/message.ts'
import { messageWith, textBlock, timed } from '../support/compared.ts'

const PRICES: PriceTable = {
  'model-a': { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  'model-a-mini': { input: 1, output: 5 },
  model: { input: 100, output: 100 },
  free: { input: 0, output: 0 },
}
const MILLION = 1_000_000

function costOf(model: string | undefined, usage: Usage, prices: PriceTable = PRICES): number | undefined {
  const { model: _model, ...message } = messageWith([], { usage })
  const turn = model === undefined ? message : { ...message, model }
  return compare([turn, turn], { prices }).sides[0]?.cost
}

describe('the cost of a turn', () => {
  it.each<readonly [string, string, Usage, number | undefined]>([
    ['input and output', 'model-a', { inputTokens: MILLION, outputTokens: MILLION }, 18],
    ['a version of the model', 'model-a-2026-01-01', { inputTokens: MILLION, outputTokens: 0 }, 3],
    ['a version behind @', 'model-a@20260101', { inputTokens: MILLION, outputTokens: 0 }, 3],
    ['a variant behind :', 'model-a:free', { inputTokens: MILLION, outputTokens: 0 }, 3],
    ['the longest name that fits', 'model-a-mini-2026', { inputTokens: MILLION, outputTokens: 0 }, 1],
    ['a shorter name', 'model-b', { inputTokens: MILLION, outputTokens: 0 }, 100],
    ['a name that only begins alike', 'models', { inputTokens: 1, outputTokens: 1 }, undefined],
    ['a name that no model has', 'other', { inputTokens: 1, outputTokens: 1 }, undefined],
    ['nothing', 'free', { inputTokens: 1, outputTokens: 1 }, 0],
    // 400,000 fresh, 500,000 read, 100,000 written.
    [
      'the cache',
      'model-a',
      { inputTokens: MILLION, outputTokens: 0, cacheReadTokens: 500_000, cacheWriteTokens: 100_000 },
      1.725,
    ],
    ['the cache as input', 'model-a-mini', { inputTokens: MILLION, outputTokens: 0, cacheReadTokens: 500_000 }, 1],
    ['more from the cache than came in', 'model-a', { inputTokens: 1, outputTokens: 0, cacheReadTokens: MILLION }, 0.3],
    ['no input count', 'model-a', { outputTokens: 5 }, undefined],
    ['no output count', 'model-a', { inputTokens: 5 }, undefined],
    ['no usage', 'model-a', {}, undefined],
    ['an odd name', '__proto__', { inputTokens: 5, outputTokens: 5 }, undefined],
    ['another odd name', 'constructor', { inputTokens: 5, outputTokens: 5 }, undefined],
  ])('is known or not: %s', (_, model, usage, expected) => {
    const cost = costOf(model, usage)
    if (expected === undefined) expect(cost).toBeUndefined()
    else expect(cost).toBeCloseTo(expected, 10)
  })

  it('is none without a table, or without a model', () => {
    const usage = { inputTokens: MILLION, outputTokens: MILLION }
    expect(costOf('model-a', usage, {})).toBeUndefined()
    expect(costOf(undefined, usage)).toBeUndefined()
    expect(compare([messageWith([], { usage }), messageWith([])]).sides[0]).not.toHaveProperty('cost')
  })

  it('may have any name in its table', () => {
    const prices: PriceTable = JSON.parse('{"__proto__":{"input":2,"output":0}}')
    expect(costOf('__proto__', { inputTokens: MILLION, outputTokens: 0 }, prices)).toBe(2)
    expect(costOf('toString', { inputTokens: MILLION, outputTokens: 0 }, prices)).toBeUndefined()
  })

  it('is that of all messages of a turn, and of choices that of their answer, once', () => {
    const usage = { inputTokens: MILLION, outputTokens: 0 }
    const one = messageWith([], { usage })
    const [answers, choices, unnamed] = [
      [one, { ...one, key: 'turn/1', id: 'msg_2' }],
      [one, { ...one, key: 'turn/1' }],
      [0, 1].map((at) => ({ ...one, key: `turn/${at}`, id: `turn/${at}`, idSource: 'minted' as const })),
    ]
    const { sides } = compare([answers ?? [], choices ?? [], unnamed ?? []], { prices: PRICES })
    expect(sides.map(({ cost }) => cost)).toEqual([6, 3, 3])
    expect(sides.map((side) => side.usage.inputTokens)).toEqual([2 * MILLION, MILLION, MILLION])
  })

  it('is by the model of each message, and none where one of them cannot be priced', () => {
    const usage = { inputTokens: MILLION, outputTokens: 0 }
    const large = messageWith([textBlock('a')], { usage })
    const mini = messageWith([textBlock('a')], { id: 'msg_2', model: 'model-a-mini', usage })
    const unpriced = messageWith([textBlock('a')], { id: 'msg_3', model: 'other', usage })
    const uncounted = messageWith([textBlock('a')], { id: 'msg_4', usage: {} })
    const empty = messageWith([], { id: 'msg_5', usage: {} })
    const turns = [
      [large, mini],
      [mini, large],
      [large, unpriced],
      [large, uncounted],
      [large, empty],
    ]
    expect(compare(turns, { prices: PRICES }).sides.map(({ cost }) => cost)).toEqual([4, 4, undefined, undefined, 3])
  })

  it('is that of all messages of an agent that gives them one id', () => {
    const [one, two] = [MILLION, 2 * MILLION].map((inputTokens) =>
      messageWith([], { usage: { inputTokens, outputTokens: 0 } }),
    )
    const turn = [one ?? messageWith([]), two ?? messageWith([])]
    const [side] = compare([turn, turn], { prices: PRICES }).sides
    expect([side?.cost, side?.usage.inputTokens]).toEqual([9, 3 * MILLION])
  })
})

describe('the model that was asked for', () => {
  const usage = { inputTokens: MILLION, outputTokens: 0 }
  const asking = (asked: string, model?: string): ObservedTurn => {
    const { model: _model, ...message } = messageWith([], { usage })
    return { messages: [model === undefined ? message : { ...message, model }], anomalies: [], askedModel: asked }
  }
  const modelTold = (turn: ObservedTurn): string => {
    const [side] = compare([turn, turn]).sides
    const figure = FIGURES.find(({ name }) => name === 'model')
    if (side === undefined || figure === undefined) return expect.fail('there is a side and a figure')
    return figure
      .of(side)
      .flatMap(({ parts }) => parts.map((part) => (typeof part === 'string' ? part : part.foreign)))
      .join('')
  }

  it.each<readonly [string, ObservedTurn, number | undefined, string]>([
    ['is the one that is priced where the wire names none', asking('model-a'), 3, 'model-a (asked)'],
    ['is priced where the one of the wire is not', asking('model-a', 'tiny.gguf'), 3, 'tiny.gguf'],
    ['is not priced where the one of the wire is', asking('model-a', 'model-a-mini'), 1, 'model-a-mini'],
    ['has no price either', asking('alias', 'tiny.gguf'), undefined, 'tiny.gguf'],
  ])('%s', (_, turn, cost, told) => {
    const [side] = compare([turn, turn], { prices: PRICES }).sides
    expect(side?.cost).toBe(cost)
    expect(side?.askedModel).toBe(turn.askedModel)
    expect(modelTold(turn)).toBe(told)
  })

  it('is no difference', () => {
    expect(compare([asking('a', 'm'), asking('b', 'm')]).differences).toEqual([])
    expect(compare([asking('a'), messageWith([], { usage })]).differences).toEqual([])
  })

  it.each<readonly [string, JsonObject | undefined, string | undefined]>([
    ['its body', { method: 'POST', path: '/v1/chat/completions', body: { model: 'm-1' } }, 'm-1'],
    ['its path', { method: 'POST', path: '/v1beta/models/g%2B1:streamGenerateContent?alt=sse' }, 'g+1'],
    ['a prefix of a gateway', { method: 'POST', path: '/gate/v1/messages', body: { model: 'm-2' } }, 'm-2'],
    ['no known API', { method: 'POST', path: '/ask', body: { model: 'm-1' } }, undefined],
    ['what is no request', { method: 5, path: [], body: 'x' }, undefined],
    ['no request', undefined, undefined],
  ])('of a recording is what its request names: by %s', (_, request, model) => {
    const recording = timed([[1, 'data: [DONE]\n\n']])
    const header = request === undefined ? recording.header : { ...recording.header, request }
    expect(observeRecording({ ...recording, header }).askedModel).toBe(model)
  })
})
