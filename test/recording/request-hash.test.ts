import { describe, expect, it } from 'vitest'
import { parseJson, type JsonObject, type JsonValue } from '../../src/json.ts'
import { requestHash, stableText } from '../../src/recording/request-hash.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'

const messages = (body: JsonObject): Promise<string> => requestHash({ method: 'POST', path: '/v1/messages', body })

const BASE: JsonObject = {
  model: 'm-1',
  max_tokens: 100,
  stream: true,
  metadata: { user_id: 'user_a_session_1' },
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.90.1ab; cch=0f3a1;' },
    {
      type: 'text',
      text: 'You help.\nWorking directory: /tmp/run-1\nToday is 2026-11-22',
      cache_control: { type: 'ephemeral' },
    },
  ],
  tools: [
    { name: 'read', description: 'reads a file below /tmp/run-1', input_schema: {} },
    { name: 'bash', description: 'runs', input_schema: {} },
  ],
  messages: [
    { role: 'user', content: 'What is in a.txt?' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 'toolu_01A', name: 'read', input: { path: '/tmp/run-1/a.txt', id: 7 } }],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01A', content: 'one two' }] },
  ],
}

const written = JSON.stringify(BASE)

/** The same body with some of its text replaced. */
function other(from: string, to: string): JsonObject {
  expect(written).toContain(from)
  return parseJson(written.replaceAll(from, to)) as JsonObject
}

describe('the hash of a request', () => {
  it.each<[string, JsonObject]>([
    ['another folder', other('/tmp/run-1', '/home/me/work-77')],
    ['another day', other('2026-11-22', '2027-01-02')],
    ['other ids of calls', other('toolu_01A', 'toolu_77')],
    ['another user', other('user_a_session_1', 'user_b_session_2')],
    ['another counter of the client', other('cch=0f3a1', 'cch=99999')],
    [
      'no marks for the cache',
      { ...BASE, system: 'x-anthropic-billing-header: x\nYou help.\nWorking directory: /a\nToday is 2026-11-22' },
    ],
    ['no stream', { ...BASE, stream: false }],
    ['another cap', { ...BASE, max_tokens: 5 }],
    ['the tools in another order', { ...BASE, tools: [...(BASE.tools as JsonValue[])].toReversed() }],
    ['other descriptions of the tools', other('reads a file below', 'reads one file below')],
    ['the keys in another order', Object.fromEntries(Object.entries(BASE).toReversed())],
    [
      'a text as a list of one part',
      {
        ...BASE,
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'What is in a.txt?' }] },
          ...(BASE.messages as JsonValue[]).slice(1),
        ],
      },
    ],
  ])('is the same with %s', async (_, body) => {
    expect(await messages(body)).toBe(await messages(BASE))
  })

  it.each<[string, JsonObject]>([
    ['another question', other('What is in', 'What was in')],
    ['a question about another file', other('a.txt', 'b.txt')],
    ['another model', { ...BASE, model: 'm-2' }],
    ['another tool', other('"bash"', '"shell"')],
    ['other instructions', other('You help.', 'You make titles.')],
    ['another result of a tool', other('one two', 'one three')],
    ['another argument of a tool, whatever its name', other('"id":7', '"id":8')],
    ['one message less', { ...BASE, messages: (BASE.messages as JsonValue[]).slice(0, 1) }],
  ])('is another with %s', async (_, body) => {
    expect(await messages(body)).not.toBe(await messages(BASE))
  })

  it('is 16 hex digits that stay what they are, since they stand in files', async () => {
    expect(await messages({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })).toBe('0a2a7b2d73d8d879')
  })

  it.each([
    ['a prefix of a gateway', '/proxy/v1/messages', true],
    ['a query', '/v1/messages?beta=true', true],
    ['the count of tokens', '/v1/messages/count_tokens', false],
    ['another API', '/v1/chat/completions', false],
    ['a path of no API', '/v1/other', false],
  ])('with %s', async (_, path, isSame) => {
    const asked = await requestHash({ method: 'POST', path, body: BASE })
    expect(asked === (await messages(BASE))).toBe(isSame)
  })

  it('is the same for Gemini asked as a stream and whole', async () => {
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
    const [whole, streamed] = ['generateContent', 'streamGenerateContent?alt=sse'].map((what) =>
      requestHash({ method: 'POST', path: `/v1beta/models/gemini-2.5-pro:${what}`, body }),
    )
    expect(await whole).toBe(await streamed)
  })

  it('stands what no API sends', async () => {
    for (const body of [
      undefined,
      null,
      'text',
      7,
      [],
      [[]],
      { messages: 'x', tools: 7 },
      { __proto__: null, tools: [null, [{}]] },
    ]) {
      expect(await requestHash({ method: 'POST', path: '/v1/messages', body })).toMatch(/^[0-9a-f]{16}$/)
    }
  })
})

describe('a text in its stable form', () => {
  it.each([
    ["Today's date is Sunday, November 22, 2026.", "Today's date is <time>."],
    ['Sun Nov 22 2026 06:25:16 GMT+0000 (Coordinated Universal Time)', '<time>'],
    ['Sun Nov 22 06:25:16 UTC 2026', '<time>'],
    ['at 2026-11-22T06:25:16.123Z or 2026-11-22', 'at <time> or <time>'],
    ['11/22/2026, 6:25:16 AM', '<time>'],
    ['22 November 2026 at 10:00', '<time>'],
    ['cwd: /tmp/x-1/y, file /tmp/x/a.txt.', 'cwd: <path>, file <path>/a.txt.'],
    ['from ../home/.qwen/language.md and ../../x/b, but a/../b', 'from <path>/language.md and <path>, but a/../b'],
    ['C:\\Users\\me\\work', '<path>'],
    ['https://example.com/a/b?c and </env> and/or', 'https://example.com/a/b?c and </env> and/or'],
    ['call_weather_api call_1a2b3c4d 123e4567-e89b-12d3-a456-426614174000', 'call_weather_api <id> <id>'],
    ['at 987bc55 of cafe babe deadbeef', 'at <id> of cafe babe deadbeef'],
    ['127.0.0.1:4141 took 1763792716000 ms', '<host> took <duration>'],
    ['12 apples at 10:30, may 5 of us have 1234567?', '12 apples at 10:30, may 5 of us have 1234567?'],
    // Of Codex, Kimi Code and Gemini CLI, after a command was run.
    ['Chunk ID: 4a313c\nWall time: 0.0241 seconds', '<id> Wall time: <duration>'],
    ['Process Group PGID: 26606, took 12ms', 'Process Group <id>, took <duration>'],
    ['wait 5 seconds, then 10 s', 'wait 5 seconds, then 10 s'],
    ['a\r\n  b\n', 'a b'],
  ])('%j', (text, stable) => {
    expect(stableText(text)).toBe(stable)
  })

  it('I10: is found in linear time', () => {
    for (const piece of [
      '/a',
      'a-',
      '1',
      '0a',
      'call_a',
      'Sun Nov ',
      '12:',
      '2026-',
      '\\',
      ' ',
      'C:\\',
      '((',
      'a/',
      '~/',
      'Jan 1 ',
    ])
      stableText(piece.repeat(200_000))
  }, 10_000)
})

describeShared('corpus', 'the hash of requests that were really sent', () => {
  const asked = corpusStreams(({ request }) => request !== undefined)
  const hashOf = ({ dialect, request }: CorpusStream): Promise<string> =>
    requestHash({
      method: 'POST',
      path: dialect === 'openai-responses' ? '/v1/responses' : '/v1/messages',
      body: request,
    })

  it('tells those from each other that ask something else', async () => {
    const groups = new Map<string, Set<string>>()
    for (const stream of asked) {
      const group = groups.get(await hashOf(stream)) ?? new Set()
      groups.set(await hashOf(stream), group)
      group.add(lettersOf(stream.request))
    }
    expect(groups.size).toBeGreaterThan(800)
    const mixed = [...groups.values()].filter((group) => group.size > 1)
    expect(mixed.map((group) => [...group])).toEqual([])
  })
})

/** What was said in a request, as letters only: nothing in it comes from the rules that are tested. */
function lettersOf(request: JsonValue | undefined): string {
  const said: string[] = []
  const collect = (value: JsonValue | undefined, key: string): void => {
    if (typeof value === 'string') {
      if (/^(text|content|thinking|prompt|input|arguments|output)$/.test(key))
        said.push(value.replaceAll(/[^A-Za-z]/g, ''))
    } else if (Array.isArray(value)) value.forEach((item) => collect(item, key))
    else if (typeof value === 'object' && value !== null) {
      const { tools: _tools, ...others } = value
      Object.entries(others).forEach(([name, item]) => collect(item, name))
    }
  }
  collect(request, '')
  return said.join('')
}
