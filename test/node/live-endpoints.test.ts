/** The file of endpoints: what it may say, and what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import { keysOf, readEndpoints } from '../../src/node/live/endpoints.ts'

const folder = mkdtempSync(join(tmpdir(), 'onefold-endpoints-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = join(folder, 'endpoints.json')
const ONE = { name: 'one', api: 'openai-chat', baseUrl: 'http://127.0.0.1:1', model: 'm' }
const TWO = { ...ONE, name: 'two' }

async function readingOf(content: unknown): Promise<Awaited<ReturnType<typeof readEndpoints>>> {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readEndpoints(file)
}

async function refusalOf(content: unknown): Promise<MisuseError> {
  const error: unknown = await readingOf(content).then(
    () => 'it was accepted',
    (thrown: unknown) => thrown,
  )
  return error instanceof MisuseError ? error : expect.fail(String(error))
}

/** No key is like it, and it is in no message. */
const PLANTED = 'sk-planted0123456789abcdefgh'

describe('the file of endpoints', () => {
  const whole = {
    ...ONE,
    key: 'ONE_KEY',
    headers: { 'Anthropic-Beta': 'a-2025', 'OpenAI-Organization': 'org' },
    body: {
      temperature: 0,
      stream_options: null,
      tools: [{ parameters: { properties: { api_key: { type: 'string' } } } }],
    },
    maxTokens: 100,
  }

  it.each([
    ['a list', [whole, TWO]],
    ['a list under its name', { endpoints: [whole, TWO] }],
    ['one with a byte order mark', `\uFEFF${JSON.stringify([whole, TWO])}`],
  ])('%s is read', async (_, content) => {
    expect(await readingOf(content)).toEqual([
      { ...whole, headers: { 'anthropic-beta': 'a-2025', 'openai-organization': 'org' } },
      TWO,
    ])
  })

  const withOne = (more: object): unknown => [ONE, { ...TWO, ...more }]
  const refusals: readonly (readonly [what: string, content: unknown, place: string, why: string])[] = [
    ['what is no JSON', `[\n{"key": "${PLANTED}" oops`, '', 'no JSON at line 2'],
    ['what is no list', { endpoints: 'x' }, '', 'no list of endpoints'],
    ['a list and something else', { endpoints: [ONE, TWO], keys: {} }, '', 'no list of endpoints'],
    ['one endpoint', [ONE], '', 'at least two'],
    ['a text among endpoints', [ONE, 'two'], 'endpoints[1]', 'it is two; an endpoint is {'],
    ['two of one name', [ONE, ONE], 'endpoints[1].name', 'endpoints[0] has that name too'],
    [
      'a field that there is not',
      withOne({ apiKey: 'X' }),
      'endpoints[1].apiKey',
      'no such field; there are name, api',
    ],
    ['a missing name', withOne({ name: undefined }), 'endpoints[1].name', 'missing'],
    ['a name of another kind', withOne({ name: 7 }), 'endpoints[1].name', 'no text'],
    ['a name that moves the cursor', withOne({ name: 'a\u001b[2J' }), 'endpoints[1].name', 'cannot be shown'],
    ['a name of several lines', withOne({ name: 'a\nb' }), 'endpoints[1].name', 'cannot be shown'],
    ['a long name', withOne({ name: 'a'.repeat(61) }), 'endpoints[1].name', 'longer than 60'],
    [
      'an unknown API',
      withOne({ api: 'soap' }),
      'endpoints[1].api',
      'soap is not known here; it is one of anthropic-messages',
    ],
    ['a dialect without a request', withOne({ api: 'acp' }), 'endpoints[1].api', 'acp is not known here'],
    ['no model', withOne({ model: '' }), 'endpoints[1].model', 'an empty one'],
    ['a base URL that is none', withOne({ baseUrl: 'api.openai.com' }), 'endpoints[1].baseUrl', 'it is no URL'],
    ['another scheme', withOne({ baseUrl: 'file:///etc/passwd' }), 'endpoints[1].baseUrl', 'neither http nor https'],
    ['a password', withOne({ baseUrl: `https://me:${PLANTED}@x.org` }), 'endpoints[1].baseUrl', 'looks like a key'],
    [
      'a plain password',
      withOne({ baseUrl: 'https://me:planted@x.org' }),
      'endpoints[1].baseUrl',
      'a name or a password',
    ],
    ['a query', withOne({ baseUrl: 'https://x.org/v1?key=planted' }), 'endpoints[1].baseUrl', 'a query'],
    ['a key', withOne({ key: PLANTED }), 'endpoints[1].key', 'may be a key'],
    ['a key of plain letters', withOne({ key: 'plantedplantedplantedplanted' }), 'endpoints[1].key', 'may be a key'],
    ['a key with underscores', withOne({ key: 'sk_a1b2c3planted4d5' }), 'endpoints[1].key', 'may be a key'],
    ['a variable in its quotes', withOne({ key: '${planted}' }), 'endpoints[1].key', 'such as "key": "OPENAI_API_KEY"'],
    [
      'a key that is no text',
      withOne({ key: { env: 'planted' } }),
      'endpoints[1].key',
      'no name of an environment variable',
    ],
    ['headers in a list', withOne({ headers: ['planted'] }), 'endpoints[1].headers', 'no object'],
    ...[
      'Authorization',
      'x-api-key',
      'api-key',
      'X-Goog-Api-Key',
      'Cookie',
      'cf-aig-authorization',
      'x-auth-token',
    ].map(
      (name) =>
        [
          `the header ${name}`,
          withOne({ headers: { [name]: 'planted' } }),
          `endpoints[1].headers["${name}"]`,
          'carries a secret',
        ] as const,
    ),
    [
      'a key in a header',
      withOne({ headers: { 'x-team': `a ${PLANTED}` } }),
      'endpoints[1].headers["x-team"]',
      'looks like a key',
    ],
    [
      'a header of two lines',
      withOne({ headers: { 'x-a': 'b\r\nplanted: 1' } }),
      'endpoints[1].headers["x-a"]',
      'on one line',
    ],
    ['a number as a header', withOne({ headers: { 'x-a': 1 } }), 'endpoints[1].headers["x-a"]', 'no text'],
    [
      'a header that is no name',
      withOne({ headers: { 'x a': 'b' } }),
      'endpoints[1].headers["x a"]',
      'no name of a header',
    ],
    [
      'the length of the body',
      withOne({ headers: { 'Content-Length': '1' } }),
      'endpoints[1].headers["Content-Length"]',
      'by itself',
    ],
    ['a body that is no object', withOne({ body: 'planted' }), 'endpoints[1].body', 'no object'],
    [
      'a secret field in a body',
      withOne({ body: { tools: [{}, { authorization_token: 'planted' }] } }),
      'endpoints[1].body.tools[1].authorization_token',
      'a secret',
    ],
    [
      'a key in a text of a body',
      withOne({ body: { a: { b: `is ${PLANTED}` } } }),
      'endpoints[1].body.a.b',
      'a secret',
    ],
    [
      'a password in a URL of a body',
      withOne({ body: { url: 'https://me:planted@x.org' } }),
      'endpoints[1].body.url',
      'a secret',
    ],
    ['a key as the name of a field', withOne({ body: { [PLANTED]: 1 } }), 'endpoints[1].body', 'a secret'],
    ...['9f86d081884c7d659a2feaa0c55ad015', 'q7Zp2Lm9Xw4Tb8Vn1Rc6Kd3Yf5Hs', 'k7p2m9x4w8b1v6n3r5c0d7f2h9s4'].flatMap(
      (key) => {
        const at = 'endpoints[1].'
        return [
          [
            `${key} in the address`,
            withOne({ baseUrl: `https://x.org/${key}/v1` }),
            `${at}baseUrl`,
            'looks like a key',
          ],
          [`${key} in a header`, withOne({ headers: { 'x-team': key } }), `${at}headers["x-team"]`, 'looks like a key'],
          [`${key} in the body`, withOne({ body: { user: `me ${key}` } }), `${at}body.user`, 'a secret'],
          [`${key} as a field of the body`, withOne({ body: { a: [{ [key]: 1 }] } }), `${at}body.a[0]`, 'a secret'],
        ] as const
      },
    ),
    [
      'a key by its name in an address',
      withOne({ baseUrl: 'https://x.org/v1;api_key=planted' }),
      'endpoints[1].baseUrl',
      'looks like a key',
    ],
    [
      'a doubled key',
      JSON.stringify([ONE, TWO]).replace('"name":"two"', '"key":"planted","k\\u0065y":"A_KEY",\n"name":"two"'),
      '',
      'at line 1, the field key stands twice',
    ],
    [
      'a doubled field of a body',
      JSON.stringify(withOne({ body: { a: 1 } })).replace('"a":1', '"planted":"planted",\n"planted":1'),
      '',
      'at line 2, a field stands twice',
    ],
    [
      'a body that is nested deep',
      JSON.stringify(withOne({ body: 'DEEP' })).replace(
        '"DEEP"',
        '{"planted":'.repeat(20_000) + '1' + '}'.repeat(20_000),
      ),
      'endpoints[1].body',
      'nested too deep',
    ],
    ['no tokens', withOne({ maxTokens: 0 }), 'endpoints[1].maxTokens', 'it is 0; it is a whole number'],
    ['half a token', withOne({ maxTokens: 1.5 }), 'endpoints[1].maxTokens', 'it is 1.5'],
    ['tokens as a text', withOne({ maxTokens: PLANTED }), 'endpoints[1].maxTokens', 'a whole number'],
  ]

  it.each(refusals)('%s is refused, by its place, and no secret is repeated', async (_, content, place, why) => {
    const { code, message } = await refusalOf(content)
    expect(['bad_argument', 'bad_option']).toContain(code)
    expect(message.startsWith(place === '' ? `${file}: ` : `${file}: ${place}`)).toBe(true)
    expect(message).toContain(why)
    expect(message).not.toMatch(/planted|9f86d081|q7Zp2|k7p2m/)
    expect(message.length - file.length).toBeLessThan(400)
  })

  it.each([
    { baseUrl: 'https://my-res.openai.azure.com/openai/deployments/gpt4turboDeployment20240101prod' },
    { baseUrl: 'https://x.org/3f2504e0-4f89-11d3-9a0c-0305e82c3301/v1' },
    { baseUrl: 'https://gateway.ai.cloudflare.com/v1/9f86d081884c7d659a2feaa0c55ad015/mine/openai' },
    { baseUrl: 'https://q7zp2lm9xw4tb8vn1rc6kd3yf5hs.us-east-1.aws.example.cloud/v1' },
    { model: 'accounts/me/models/9f86d081884c7d659a2feaa0c55ad015b0ea4f51' },
    { model: 'claude-opus-4-1-20250805', name: 'run 2025-08-05T10:00:00Z 9f86d081884c7d659a2feaa0c55ad015' },
    {
      headers: {
        'x-trace': '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
        'anthropic-beta': 'fine-grained-tool-streaming-2025-05-14',
      },
    },
    { body: { image: 'q7Zp2Lm9Xw4Tb8Vn1Rc6Kd3Yf5Hs'.repeat(40), n: '123456789012345678901234567890' } },
    { body: { tool: 'getTheWeatherOfTheNext10DaysInThe3NearestCities' } },
  ])('%j is no key', async (more) => {
    expect(await readingOf(withOne(more))).toMatchObject([ONE, { ...TWO, ...more }])
  })

  it('a file that there is not is named', async () => {
    await expect(readEndpoints(join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringContaining('none.json: there is no such file'),
    })
  })
})

describe('the keys', () => {
  const endpoints = [
    { ...ONE, api: 'openai-chat' as const, key: 'A_KEY' },
    { ...TWO, api: 'openai-chat' as const },
  ]

  it('come from the environment by name, and none is needed without a name', () => {
    expect(keysOf(endpoints, { A_KEY: ' abc\n' })).toEqual(['abc', undefined])
  })

  it('that every object seems to have are none', () => {
    expect(() => keysOf([{ ...ONE, api: 'openai-chat', key: '__proto__' }], {})).toThrow('that is set')
  })

  it.each(['abcd1234efgh', 'gsk_abcdefghij_klmnopqrs_tuvw', 'Planted_KEY', '__proto__'])(
    'a name that may be a key is not repeated: %s',
    (key) => {
      const keys = (): unknown => keysOf([{ ...ONE, api: 'openai-chat', key }], {})
      expect(keys).toThrow('the endpoint one: its "key" names no environment variable that is set')
      expect(keys).not.toThrow(key)
      expect(keysOf([{ ...ONE, api: 'openai-chat', key: 'my_key' }], { my_key: 'a' })).toEqual(['a'])
    },
  )

  it.each([
    [{}, 'the endpoint one: the environment variable A_KEY is not set'],
    [{ A_KEY: ' ' }, 'the endpoint one: the environment variable A_KEY is not set'],
    [{ A_KEY: 'pla\nnted' }, 'the endpoint one: the environment variable A_KEY holds characters that no key has'],
    [{ A_KEY: 'planté' }, 'the endpoint one: the environment variable A_KEY holds characters that no key has'],
  ])('%j is refused by the name of the endpoint and of the variable', (env, message) => {
    const keys = (): unknown => keysOf(endpoints, env)
    expect(keys).toThrow(MisuseError)
    expect(keys).toThrow(message)
    expect(keys).not.toThrow(/plan|nted/)
  })
})
