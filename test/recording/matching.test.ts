import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { Recording } from '../../src/recording/format.ts'
import type { MatchBy, MatchOptions } from '../../src/recording/matching.ts'
import { openSession, type ReplaySession } from '../../src/recording/replay-session.ts'
import { storedOf, type StoredRecording } from '../../src/recording/stored.ts'

interface Row {
  readonly name: string
  readonly path?: string
  readonly method?: string
  readonly body?: JsonValue
  readonly dialect?: string
  readonly text?: string
}

const stored = ({ name, path = '/v1/messages', method = 'POST', body, dialect, text = '' }: Row): StoredRecording => {
  const header: JsonObject = {
    onefold: 1,
    provenance: { kind: 'handwritten' },
    response: { status: 200, contentType: 'text/event-stream' },
    ...(body === undefined ? {} : { request: { method, path, body } }),
    ...(dialect === undefined ? {} : { dialect }),
  }
  const chunks = [{ ms: 0, bytes: new TextEncoder().encode(text) }]
  return storedOf({ header: header as Recording['header'], chunks, ending: 'eof', problems: [] }, name)
}

const session = (rows: readonly Row[], options: MatchOptions = {}): Promise<ReplaySession> =>
  openSession(rows.map(stored), options)

const TOOLS = [{ name: 'bash', input_schema: {} }]
const ask = (text: string, more: JsonObject = {}): JsonObject => ({
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: text }],
  ...more,
})
const agent = (text: string, more: JsonObject = {}): JsonObject =>
  ask(text, { tools: TOOLS, system: 'You are an agent.', ...more })
const afterTool = (text: string, result: string): JsonObject =>
  agent(text, {
    messages: [
      { role: 'user', content: text },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'bash', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: result }] },
    ],
  })

async function names(replay: ReplaySession, bodies: readonly JsonValue[], path = '/v1/messages'): Promise<string[]> {
  const found: string[] = []
  for (const body of bodies) found.push((await replay.reply('POST', path, JSON.stringify(body))).recording.name)
  return found
}

describe('matching by itself', () => {
  it('answers each question with its own recording, in whatever order they come', async () => {
    const replay = await session([
      { name: 'a', body: ask('A') },
      { name: 'b', body: ask('B') },
      { name: 'c', body: ask('C') },
    ])
    expect(await names(replay, [ask('C'), ask('A'), ask('B')])).toEqual(['c', 'a', 'b'])
  })

  it('answers the same question in the order of the recordings, and once more with the last: a client tried again', async () => {
    const replay = await session([
      { name: '1', body: ask('A') },
      { name: '2', body: ask('A') },
      { name: 'b', body: ask('B') },
    ])
    expect(await names(replay, [ask('A'), ask('A'), ask('A'), ask('B')])).toEqual(['1', '2', '2', 'b'])
  })

  it('begins anew where that is wanted', async () => {
    const replay = await session(
      [
        { name: '1', body: ask('A') },
        { name: '2', body: ask('A') },
      ],
      { loop: true },
    )
    expect(await names(replay, [ask('A'), ask('A'), ask('A')])).toEqual(['1', '2', '1'])
  })

  it('takes the one that is most alike where no hash is the same', async () => {
    const replay = await session([
      { name: 'first', body: agent('Now list the files, those of the 1st run') },
      { name: 'second', body: afterTool('Now list the files, those of the 1st run', 'a b') },
    ])
    const bodies = [afterTool('List what there is', 'a b c'), agent('List what there is')]
    expect(await names(replay, bodies)).toEqual(['second', 'first'])
  })

  it('prefers the same model', async () => {
    const replay = await session([
      { name: 'small', body: ask('A', { model: 'small' }) },
      { name: 'large', body: ask('A', { model: 'large' }) },
    ])
    expect(await names(replay, [ask('Z', { model: 'large' }), ask('Z', { model: 'small' })])).toEqual([
      'large',
      'small',
    ])
  })

  it('says what was used once there is nothing left', async () => {
    const replay = await session([{ name: 'a', body: ask('A') }])
    await names(replay, [ask('X')])
    const reply = await replay.reply('POST', '/v1/messages', JSON.stringify(ask('Y')))
    expect(reply).toMatchObject({
      kind: 'missing',
      why: expect.stringMatching(/the one recording that fits was used; --loop/),
    })
  })

  it('answers what has no request by its dialect, named or found in its bytes', async () => {
    const chat = `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'x' } }] })}\n\n`
    const replay = await session([
      { name: 'named', dialect: 'anthropic-messages' },
      { name: 'found', text: chat },
    ])
    expect(await names(replay, [ask('A')], '/v1/chat/completions')).toEqual(['found'])
    expect(await names(replay, [ask('A')])).toEqual(['named'])
  })

  it('knows a header by hand that has the body of the request alone', async () => {
    const header = {
      onefold: 1,
      dialect: 'anthropic-messages',
      request: ask('B'),
      provenance: { kind: 'handwritten' },
    } as const
    const byHand = storedOf({ header, chunks: [], ending: 'reset', problems: [] }, 'b')
    const replay = await openSession([stored({ name: 'a', body: ask('A') }), byHand])
    expect(await names(replay, [ask('B'), ask('A')])).toEqual(['b', 'a'])
  })

  it('takes the hash in the header before any other: the body may have been too large to be kept', async () => {
    const { asked } = await (await session([])).reply('POST', '/v1/messages', JSON.stringify(ask('B')))
    const header = {
      onefold: 1,
      provenance: { kind: 'captured' },
      request: { method: 'POST', path: '/v1/messages', hash: asked.hash },
    } as Recording['header']
    const large = storedOf({ header, chunks: [], ending: 'reset', problems: [] }, 'large')
    const replay = await openSession([stored({ name: 'a', body: ask('A') }), large])
    expect(await names(replay, [ask('B'), ask('A')])).toEqual(['large', 'a'])
  })
})

describe('what an agent asks besides', () => {
  const main: readonly Row[] = [
    { name: 'call', body: agent('Do it') },
    { name: 'final', body: afterTool('Do it', 'done') },
  ]

  it.each<[string, JsonObject]>([
    ['a title, without tools', ask('Do it', { system: 'You make titles.' })],
    ['a probe of the quota', ask('quota', { max_tokens: 1 })],
    ['a title by another model', ask('Do it', { model: 'small', system: 'You make titles.' })],
  ])('%s: takes no recording away from the main request, and comes before or between', async (_, side) => {
    for (const at of [0, 1, 2]) {
      const bodies: JsonObject[] = [agent('Do it now'), afterTool('Do it now', 'done it')]
      const replay = await session(main)
      const asked = bodies.toSpliced(at, 0, side)
      expect((await names(replay, asked)).toSpliced(at, 1)).toEqual(['call', 'final'])
    }
  })

  it('gets its own recording where there is one', async () => {
    const title = ask('Do it', { system: 'You make titles.' })
    const replay = await session([...main, { name: 'title', body: title }])
    const other = ask('Do it now', { system: 'You make titles.' })
    expect(await names(replay, [other, agent('Do it now'), title])).toEqual(['title', 'call', 'title'])
  })

  it('gets none of the main ones once they are used up', async () => {
    const replay = await session([...main, { name: 'title', body: ask('Do it') }])
    await names(replay, [agent('Do it'), afterTool('Do it', 'done')])
    expect((await replay.reply('POST', '/v1/messages', JSON.stringify(agent('Do more')))).kind).toBe('missing')
  })

  it('a probe takes away no recording that has no request', async () => {
    const replay = await session([{ name: 'plain', dialect: 'anthropic-messages' }])
    expect(await names(replay, [ask('quota', { max_tokens: 1 }), ask('A')])).toEqual(['plain', 'plain'])
  })

  it('the models are those of the recordings', async () => {
    const replay = await session([
      { name: 'a', body: ask('A', { model: 'x/1' }) },
      { name: 'b', body: ask('B', { model: 'y' }) },
    ])
    const bodyAt = async (path: string): Promise<JsonValue> => {
      const { kind, recording } = await replay.reply('GET', path, '')
      for await (const part of recording.parts()) {
        if (part.kind === 'chunk') return [kind, JSON.parse(new TextDecoder().decode(part.chunk.bytes)) as JsonValue]
      }
      return kind
    }
    const entry = (id: string): unknown =>
      expect.objectContaining({ id, object: 'model', type: 'model', name: `models/${id}` })
    expect(await bodyAt('/v1/models?limit=9')).toEqual([
      'made',
      expect.objectContaining({ data: [entry('x/1'), entry('y')], has_more: false }),
    ])
    expect(await bodyAt('/v1/models/y')).toEqual(['made', entry('y')])
    expect(await bodyAt('/v1/models/z')).toEqual(['missing', expect.anything()])
  })

  it.each([
    ['/v1/messages/count_tokens', 'input_tokens'],
    ['/v1beta/models/g:countTokens', 'totalTokens'],
  ])('a count of tokens is estimated: %s', async (path, field) => {
    const replay = await session([{ name: 'a', body: ask('A') }])
    const { recording, why } = await replay.reply('POST', path, JSON.stringify(ask('four and four '.repeat(100))))
    expect(why).toBe('estimated')
    for await (const part of recording.parts()) {
      if (part.kind !== 'chunk') continue
      const count = (JSON.parse(new TextDecoder().decode(part.chunk.bytes)) as Record<string, number>)[field]
      expect(count).toBeGreaterThan(300)
      expect(count).toBeLessThan(500)
    }
  })

  it('a count of tokens that was recorded is given', async () => {
    const path = '/v1/messages/count_tokens'
    const replay = await session([
      { name: 'answer', body: ask('A') },
      { name: 'count', path, body: ask('A') },
    ])
    expect(await names(replay, [ask('A')], path)).toEqual(['count'])
    expect(await names(replay, [ask('A')])).toEqual(['answer'])
  })

  it('a path of no API is answered where it was recorded', async () => {
    const replay = await session([
      { name: 'a', body: ask('A') },
      { name: 'hello', path: '/api/hello', method: 'GET', body: null },
    ])
    expect((await replay.reply('GET', '/api/hello?x=1', '')).recording.name).toBe('hello')
    expect((await replay.reply('POST', '/api/hello', '')).kind).toBe('missing')
  })
})

describe('matching by another rule', () => {
  const rows: readonly Row[] = [
    { name: 'a', body: ask('A', { model: 'x' }) },
    { name: 'b', body: agent('B', { model: 'y' }) },
    { name: 'chat', path: '/v1/chat/completions', body: ask('C') },
  ]

  it.each<[MatchBy, readonly string[]]>([
    ['hash', ['none', 'a', 'a']],
    ['path', ['b', 'a', 'none']],
    ['order', ['a', 'b', 'none']],
    ['auto', ['a', 'a', 'a']],
  ])('%s', async (match, expected) => {
    const replay = await session(rows, { match })
    expect(await names(replay, [ask('Z', { model: 'y' }), ask('A', { model: 'x' }), ask('A', { model: 'x' })])).toEqual(
      expected,
    )
  })
})
