/** Models that play parts by rote, with which the AI SDK itself makes its streams. */
import type { JsonValue } from '../../src/json.ts'
import type { ModelPart, Playable } from './ai-sdk-player.mjs'

export interface Play extends Playable {
  readonly name: string
}

const USAGE = {
  inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: undefined },
  outputTokens: { total: 5, text: 3, reasoning: 2 },
}

export function finish(unified: string, raw?: string): ModelPart {
  return { type: 'finish', usage: USAGE, finishReason: { unified, raw } }
}

export function answer(id: string): ModelPart {
  return { type: 'response-metadata', id, modelId: 'model-1', timestamp: new Date(0) }
}

export function text(id: string, ...deltas: readonly string[]): ModelPart[] {
  return [
    { type: 'text-start', id },
    ...deltas.map((delta) => ({ type: 'text-delta', id, delta })),
    { type: 'text-end', id },
  ]
}

export function reasoning(id: string, signature: string, ...deltas: readonly string[]): ModelPart[] {
  const providerMetadata = { anthropic: { signature } }
  return [
    { type: 'reasoning-start', id },
    ...deltas.map((delta) => ({ type: 'reasoning-delta', id, delta })),
    { type: 'reasoning-delta', id, delta: '', providerMetadata },
    { type: 'reasoning-end', id },
  ]
}

/** A call whose input streams. */
export function streamedCall(id: string, toolName: string, ...pieces: readonly string[]): ModelPart[] {
  return [
    { type: 'tool-input-start', id, toolName },
    ...pieces.map((delta) => ({ type: 'tool-input-delta', id, delta })),
    { type: 'tool-input-end', id },
    call(id, toolName, pieces.join('')),
  ]
}

export function call(toolCallId: string, toolName: string, input: string): ModelPart {
  return { type: 'tool-call', toolCallId, toolName, input }
}

export function searched(toolCallId: string, result: object, isError: boolean): ModelPart[] {
  return [
    { type: 'tool-call', toolCallId, toolName: 'search', input: '{"q":"x"}', providerExecuted: true, dynamic: true },
    { type: 'tool-result', toolCallId, toolName: 'search', result, isError, dynamic: true },
  ]
}

export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

/** What a transport makes of the values. */
export function asJson(value: unknown): JsonValue {
  const json: JsonValue = JSON.parse(JSON.stringify(value))
  return json
}

export const PLAYS: readonly Play[] = [
  {
    name: 'text and reasoning with a signature',
    steps: [
      [
        answer('r1'),
        ...reasoning('0', 'sig==', 'Let me', ' see.'),
        ...text('1', 'Hel', 'lo'),
        finish('stop', 'end_turn'),
      ],
    ],
  },
  {
    name: 'two texts that are equal',
    steps: [[answer('r1'), ...text('1', 'Ha', 'Ha'), ...text('2', 'HaHa'), finish('stop')]],
  },
  { name: 'cut by length', steps: [[answer('r1'), ...text('1', 'Once upon'), finish('length', 'max_tokens')]] },
  { name: 'filtered', steps: [[answer('r1'), ...text('1', 'No'), finish('content-filter', 'refusal')]] },
  { name: 'another reason', steps: [[answer('r1'), ...text('1', 'Hm'), finish('other', 'pause_turn')]] },
  {
    name: 'a source and files',
    steps: [
      [
        answer('r1'),
        { type: 'source', sourceType: 'url', id: 's1', url: 'https://example.org', title: 'Example' },
        { type: 'source', sourceType: 'document', id: 's2', mediaType: 'application/pdf', title: 'Paper' },
        { type: 'file', mediaType: 'image/png', data: 'iVBORw==' },
        { type: 'file', mediaType: 'image/png', data: new Uint8Array([1, 2, 3]) },
        ...text('1', 'See.'),
        finish('stop'),
      ],
    ],
  },
  {
    name: 'a call that the SDK runs, and the answer after it',
    steps: [
      [answer('r1'), ...streamedCall('c1', 'weather', '{"city": ', '"Paris"}'), finish('tool-calls', 'tool_use')],
      [answer('r2'), ...text('1', 'Sunny.'), finish('stop')],
    ],
  },
  {
    name: 'a call for the caller beside one that was run',
    steps: [
      [
        answer('r1'),
        ...text('1', 'Asking.'),
        call('c1', 'ask', '{"city":"Rome"}'),
        ...streamedCall('c2', 'weather', '{ "city" : "Rome" }'),
        finish('tool-calls'),
      ],
    ],
  },
  {
    name: 'results in another order than the calls',
    steps: [
      [
        answer('r1'),
        call('c1', 'steps', '{}'),
        call('c2', 'weather', '{}'),
        call('c3', 'ask', ''),
        finish('tool-calls'),
      ],
    ],
  },
  {
    name: 'a tool that fails, input that is no JSON, and a tool that there is not',
    steps: [
      [
        answer('r1'),
        call('c1', 'breaks', '{}'),
        ...streamedCall('c2', 'weather', '{"city": '),
        call('c3', 'nothing', '{"a":1}'),
        finish('tool-calls'),
      ],
      [answer('r2'), ...text('1', 'Sorry.'), finish('stop')],
    ],
  },
  {
    name: 'a call that waits for an approval',
    steps: [[answer('r1'), call('c1', 'danger', '{"city":"Rome"}'), call('c2', 'ask', '{}'), finish('tool-calls')]],
  },
  {
    name: 'calls that the provider runs',
    steps: [
      [
        answer('r1'),
        ...searched('s1', { hits: 1 }, false),
        ...searched('s2', { code: 'down' }, true),
        ...text('1', 'One.'),
        finish('stop'),
      ],
    ],
  },
  { name: 'a request that fails', steps: [new Error('no such model')] },
  {
    name: 'a request of the second step that fails',
    steps: [[answer('r1'), call('c1', 'weather', '{}'), finish('tool-calls')], new Error('overloaded')],
  },
  {
    name: 'an error in mid-stream',
    steps: [
      [
        answer('r1'),
        ...text('1', 'Hal').slice(0, 2),
        { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
        finish('error'),
      ],
    ],
  },
  {
    name: 'a call in an answer that was cut',
    steps: [[answer('r1'), call('c1', 'ask', '{"city":"R"}'), finish('length')]],
  },
]
