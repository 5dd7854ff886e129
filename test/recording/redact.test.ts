/** Secrets never reach a recording: in no form, at no seam, in no header. Every byte of the output is searched. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../../src/base64.ts'
import { openingOf } from '../../src/recording/exchange.ts'
import { formatChunk, type RecordedChunk } from '../../src/recording/format.ts'
import { createRedactor, type RedactOptions } from '../../src/recording/redact.ts'
import { chunk, concat, hasSecret } from '../support/secrets.ts'

const CORPUS = '../shared/corpus/index.jsonl'
const KEY = 'k9!/+é"pläntéd\\secret~value'
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a stream in these pieces becomes; checked on the way: lengths, times and marks. */
function redacted(pieces: readonly Uint8Array[], secrets: readonly string[] = [], options: RedactOptions = {}) {
  const out: RecordedChunk[] = []
  const stream = createRedactor(secrets, options).stream((recorded) => void out.push(recorded))
  pieces.forEach((bytes, index) => stream.push(index, bytes))
  stream.flush()
  expect(out.map(({ ms, bytes }) => [ms, bytes.length])).toEqual(pieces.map((bytes, index) => [index, bytes.length]))
  out.forEach(({ bytes, redacted: mark }, index) => {
    expect(mark === true).toBe(Buffer.compare(bytes, pieces[index]!) !== 0)
  })
  return { out, text: new TextDecoder('latin1').decode(concat(out.map(({ bytes }) => bytes))) }
}

const json = (text: string): string => JSON.stringify(text).slice(1, -1)
const ascii = (text: string): string =>
  json(text).replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

const FORMS: readonly (readonly [name: string, text: string])[] = [
  ['as it is', KEY],
  ['escaped for JSON', json(KEY)],
  ['escaped for JSON within JSON', json(json(KEY))],
  ['escaped thrice', json(json(json(KEY)))],
  ['escaped as PHP does', json(KEY).replaceAll('/', '\\/')],
  ['escaped as Python does', ascii(KEY)],
  ['percent-encoded', encodeURIComponent(KEY)],
  ['percent-encoded in lower case', encodeURIComponent(KEY).replaceAll(/%../g, (code) => code.toLowerCase())],
  ['as a form', new URLSearchParams({ v: KEY }).toString().slice(2)],
  ...[0, 1, 2].flatMap((before): [string, string][] => [
    [`in base64, behind ${before}`, encodeBase64(utf8(`${'x'.repeat(before)}${KEY}yy`))],
    [`in base64 for URLs, behind ${before}`, Buffer.from(`${'x'.repeat(before)}${KEY}yy`).toString('base64url')],
  ]),
]

describe('a known secret', () => {
  test.each(FORMS)('%s is replaced, however the stream is cut', (_name, form) => {
    const line = utf8(`data: {"n":"é ${form} 😀"}\n\ndata: ok\n\n`)
    for (let cut = 1; cut < line.length; cut += 5) {
      const { text } = redacted([line.slice(0, cut), line.slice(cut)], [KEY])
      expect(hasSecret(text, KEY)).toBe(false)
      expect(text).toContain('data: ok')
      expect(text).toMatch(/^data: \{"n":"/)
    }
    const { text } = redacted(
      Array.from(line, (byte) => Uint8Array.of(byte)),
      [KEY],
    )
    expect(hasSecret(text, KEY)).toBe(false)
  })

  test('is replaced in bytes that are no UTF-8', () => {
    const { text, out } = redacted(
      [concat([Uint8Array.of(0xff, 0xc3), utf8('abcdefgh-secret'), Uint8Array.of(0x80)])],
      ['abcdefgh-secret'],
    )
    expect(text).toContain('*'.repeat('abcdefgh-secret'.length))
    expect(formatChunk(out[0]!)).toContain('{"redacted":true}')
  })

  test('is replaced on both sides of the seam of a line without an end, and memory stays bounded', () => {
    const secret = 'plainsecretvalue'
    for (const before of [1024 * 1024 - 5000, 1024 * 1024 - 4096, 1024 * 1024 - 8, 1024 * 1024]) {
      const filler = 'z'.repeat(before)
      const { text } = redacted([utf8(filler), utf8('plainsec'), utf8(`retvalue${'y'.repeat(1024 * 1024)}`)], [secret])
      expect(text.indexOf('*')).toBe(before)
      expect(text).not.toContain('secret')
    }
    let emitted = 0
    const stream = createRedactor([secret]).stream(() => (emitted += 1))
    for (let index = 0; index < 40; index += 1) stream.push(index, new Uint8Array(100_000).fill(0x61))
    expect(emitted).toBeGreaterThan(25)
  })

  test('a key that is longer than the longest line leaves nothing behind', () => {
    const { text } = redacted([utf8(`sk-${'a'.repeat(3 * 1024 * 1024)}`), utf8('bb end\n')])
    expect(text).not.toMatch(/[ab]/)
    expect(text).toMatch(/ end\n$/)
  })
})

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

function countedToken(): (text: string) => string {
  let index = 0
  return (text) => data({ index: (index += 1), token: { id: 7, text, special: false }, generated_text: null })
}

/** A text as a model streams it: each piece an event of its own. */
const streamed: readonly (readonly [name: string, event: (piece: string) => string])[] = [
  [
    'Anthropic',
    (text) =>
      `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`,
  ],
  ['the arguments of a call', (text) => `data: ${JSON.stringify({ index: 1, delta: { partial_json: text } })}\n\n`],
  ['chat', (content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\r\n\r\n`],
  ['Responses', (delta) => `data: ${JSON.stringify({ output_index: 0, content_index: 0, delta })}\n\n`],
  [
    'Gemini printed over lines',
    (text) => `{\n  "candidates": [{\n    "content":\n      {\n "text": ${JSON.stringify(text)}\n}}]\n}\n`,
  ],
  ['text-generation, which counts the tokens', countedToken()],
  ['the plan of Cohere', (text) => data({ type: 'tool-plan-delta', delta: { message: { tool_plan: text } } })],
  ...['data', 'text', 'summary'].map((field): [string, (piece: string) => string] => [
    `reasoning details: ${field}`,
    (text) => data({ choices: [{ index: 0, delta: { reasoning_details: [{ index: 0, [field]: text }] } }] }),
  ]),
  [
    'the name of a function',
    (name) => data({ choices: [{ delta: { tool_calls: [{ index: 0, function: { name } }] } }] }),
  ],
  ['a signature', (signature) => data({ index: 0, delta: { type: 'signature_delta', signature } })],
  ['Ollama', (content) => `${JSON.stringify({ message: { role: 'assistant', content } })}\n`],
  ['the AI SDK', (text) => `0:${JSON.stringify(text)}\n`],
]

describe.each(streamed)('a secret that a model writes in pieces: %s', (_name, event) => {
  test.each([
    ['a known secret', 'correct-horse-battery', ['correct-horse-battery']],
    ['a key by its shape', 'sk-ant-api03-abcdefghijklmnop', []],
  ])('%s is replaced wherever it is cut', (_kind, secret, secrets) => {
    for (const size of [1, 3, 7]) {
      const pieces = Array.from(`the key is ${secret}, you see`.match(new RegExp(`.{1,${size}}`, 'g')) ?? [])
      const { text, out } = redacted(
        pieces.map((piece) => utf8(event(piece))),
        secrets,
      )
      const said = Array.from(
        text.matchAll(
          /(?:"(?:text|partial_json|content|delta|tool_plan|data|summary|name|signature)":\s*|0:)"((?:[^"\\]|\\.)*)"/g,
        ),
        ([, own]) => own,
      ).join('')
      expect(said).toContain(`the key is ${'*'.repeat(secret.length)}, you see`)
      expect(out.some((recorded) => recorded.redacted === true)).toBe(true)
    }
  })
})

const delta = (text: string): string => data({ index: 0, delta: { text } })
const part = (text: string): object => ({ candidates: [{ content: { parts: [{ text }] } }] })
const token = (said: string): string =>
  data({ choices: [{ index: 0, delta: { content: said }, logprobs: { content: [{ token: said, logprob: -1 }] } }] })

test.each([
  ['line ends of CR alone', delta('MySecret').replaceAll('\n', '\r'), delta('Header1234').replaceAll('\n', '\r')],
  ['reasoning_text', data({ reasoning_text: 'MySecret' }), data({ reasoning_text: 'Header1234' })],
  ['reasoningText', data({ reasoningText: { text: 'MySecret' } }), data({ reasoningText: { text: 'Header1234' } })],
  ['tokens with their probabilities', token('MySecret'), token('Header1234')],
  ['a list on one line', `[${JSON.stringify(part('MySecret'))},`, `${JSON.stringify(part('Header1234'))}]`],
  ['values on one line', '{"response":"MySecret"}', '{"response":"Header1234"}\n'],
  ['the start of a block', data({ index: 0, content_block: { text: 'MySecret' } }), delta('Header1234')],
  [
    'parts, then a text',
    data({ choices: [{ delta: { content: [{ type: 'text', text: 'MySecret' }] } }] }),
    data({ choices: [{ delta: { content: 'Header1234' } }] }),
  ],
  [
    'many texts in between',
    data({ index: 0, delta: { text: 'MySecret' } }) +
      Array.from({ length: 600 }, (_, index) => data({ index: index + 1, delta: { text: 'a' } })).join(''),
    delta('Header1234'),
  ],
])('a secret that is cut by events is replaced: %s', (_name, first, second) => {
  for (const pieces of [[first, second], [first + second]]) {
    const { text } = redacted(pieces.map(utf8), ['MySecretHeader1234'])
    expect(text).not.toMatch(/MySecret|Header1234/)
    expect(text).toContain('*'.repeat(8))
  }
})

test('a text of two blocks at the same time is read block by block', () => {
  const event = (index: number, text: string): Uint8Array =>
    utf8(`data: ${JSON.stringify({ index, delta: { text } })}\n\n`)
  const { text } = redacted(
    [event(0, 'my secr'), event(1, 'another '), event(0, 'et-value'), event(1, 'text')],
    ['secret-value'],
  )
  expect(text).not.toMatch(/secr|et-value/)
  expect(text).toContain('another ')
})

test('an escape does not hide a key', () => {
  const { text } = redacted([utf8('data: {"text":"\\u0073k-ant-api03-abcdefghijkl"}\n')])
  expect(text).toBe(`data: {"text":"${'*'.repeat(30)}"}\n`)
})

const coded = (text: string): string =>
  Array.from(text, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const urlCoded = (text: string): string =>
  Array.from(utf8(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

describe('a secret of which every character is escaped', () => {
  const within = json(coded(KEY))
  test.each([
    ['the message and the code of an error', `{"error":{"message":"bad ${coded(KEY)}","code":"${coded(KEY)}"}}`],
    ['the body of an error, printed over lines', `{\n "error":\n"bad ${coded(KEY)}"}`],
    ['an id and a reason', `data: {"id":"${coded(KEY)}","choices":[{"finish_reason":"${coded(KEY)}"}]}`],
    ['the name of a field', `data: {"${coded(KEY)}":1}`],
    ['the arguments of a call', `data: {"arguments":"{\\"a\\":\\"${within}\\",\\"${within}\\":1}"}`],
    ['JSON within the arguments', `data: {"arguments":"{\\"a\\":\\"${json(json(json(coded(KEY))))}\\"}"}`],
    ['what no JSON is', `data: ${coded(KEY)} is it`],
    ['a URL', `data: {"location":"http://x.org/${urlCoded(KEY)}/"}`],
    ['a URL of which every character is escaped', `data: {"location":"${coded(urlCoded(KEY))}"}`],
    ['some characters', `data: {"id":"${KEY.slice(0, 4)}${coded(KEY.slice(4, 7))}${json(KEY.slice(7))}"}`],
  ])('is replaced in %s, and the line stays what it is', (_name, line) => {
    for (const cut of [1, 30, 71, line.length - 3]) {
      const { text } = redacted([utf8(line.slice(0, cut)), utf8(`${line.slice(cut)}\n\ndata: ok\n`)], [KEY])
      expect(hasSecret(text, KEY)).toBe(false)
      expect(text).toContain('**')
      expect(text).toMatch(/\ndata: ok\n$/)
      const [value] = /\{.*\}/.exec(text) ?? []
      if (value !== undefined) expect(() => JSON.parse(value)).not.toThrow()
    }
  })

  test.each([
    ['once', coded(KEY)],
    ['once, behind backslashes', `${'\\'.repeat(10)}${coded(KEY)}`],
    ['in a text of JSON', json(coded(KEY))],
    ['for a URL', urlCoded(KEY)],
  ])('is replaced where it is streamed in pieces, escaped %s', (_name, form) => {
    for (const size of [1, 4, 7, 50]) {
      const pieces = Array.from(`{"a":"${form}, you see"}`.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])
      const { text } = redacted(
        pieces.map((piece) => utf8(`data: ${JSON.stringify({ index: 1, delta: { partial_json: piece } })}\n\n`)),
        [KEY],
      )
      const said = Array.from(text.matchAll(/"partial_json":("(?:[^"\\]|\\.)*")/g), ([, own]) => JSON.parse(own!)).join(
        '',
      )
      expect(hasSecret(said, KEY)).toBe(false)
      expect(said).toMatch(/^\{"a":"\\*\*+, you see"\}$/)
    }
  })

  test('is found on both sides of the seam of a line without an end', () => {
    const form = coded('plainsecretvalue')
    for (const before of [1024 * 1024 - 5000, 1024 * 1024 - 4090, 1024 * 1024 - 8, 1024 * 1024]) {
      const { text } = redacted(
        [utf8('z'.repeat(before)), utf8(`${form}${'y'.repeat(1024 * 1024)}`)],
        ['plainsecretvalue'],
      )
      expect(text.slice(before, before + form.length)).toBe('*'.repeat(form.length))
    }
  })

  test('an escape that stands for other characters is left as it is', () => {
    const line = 'data: {"a":"\\u0041\\ud83d\\ude00\\u12","b":"\\\\u0042 100%25 \\/"}\n'
    expect(redacted([utf8(line)], [KEY]).text).toBe(line)
  })
})

test('what is held back comes out as soon as it cannot be the beginning of a secret', () => {
  const out: RecordedChunk[] = []
  const stream = createRedactor(['secret-value']).stream((recorded) => void out.push(recorded))
  stream.push(0, utf8('data: {"text":"a secr"}\n\n'))
  expect(out).toHaveLength(0)
  stream.push(1, utf8('data: {"text":"etary"}\n\n'))
  expect(out).toHaveLength(2)
  expect(out.some((recorded) => recorded.redacted)).toBe(false)
})

const PEM = `-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq+/=\nabcdefabcdef\n-----END RSA PRIVATE KEY-----`
const WITH_PASSWORD = PEM.replace('\n', '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00AA\n\n')
const PGP = PEM.replaceAll('RSA PRIVATE KEY', 'PGP PRIVATE KEY BLOCK').replace(
  '\n',
  '\nVersion: GnuPG v2.0.22 (GNU/Linux)\nComment: see https://gnupg.org/\n\n',
)

describe('keys by their shapes', () => {
  const lines = Array.from({ length: 130 }, (_, index) => `Q${String(index).padStart(5, 'J')}${'UJD'.repeat(19)}`)
  test.each([
    ['RSA', `-----BEGIN RSA PRIVATE KEY-----\n${lines.join('\n')}\n-----END RSA PRIVATE KEY-----\n`],
    ['with a password', WITH_PASSWORD.replace('abcdefabcdef', lines.join('\n'))],
    ['PGP', PGP.replace('abcdefabcdef', lines.join('\n'))],
    ['escaped', json(PEM.replace('abcdefabcdef', lines.join('\n')))],
    ['a JWT', `eyJhbGciOiJIUzI1NiJ9.${'UJD'.repeat(3000)}.Q${'UJD'.repeat(20)} `],
  ])('a key of more than 4,096 characters that is streamed: %s', (_name, key) => {
    for (const size of [3, 40, 5000]) {
      const pieces = Array.from(`the key: ${key}and more`.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])
      const { text } = redacted(
        pieces.map((piece) => utf8(`data: ${JSON.stringify({ index: 0, delta: { text: piece } })}\n\n`)),
      )
      const said = Array.from(text.matchAll(/"text":"((?:[^"\\]|\\.)*)"/g), ([, own]) => own).join('')
      expect(said).not.toMatch(/Q[J0-9]{5}|UJD/)
      expect(said).toMatch(/^the key: .*and more$/)
    }
  })

  test.each([
    ['sk-abcdefghijklmnopqrst', 'OpenAI'],
    ['sk-proj-abc_def-ghijklmnop', 'OpenAI'],
    ['sk-ant-api03-abcdefghijkl', 'Anthropic'],
    ['sk-or-v1-abcdefghijklmno', 'OpenRouter'],
    ['AIzaSyA-abcdefghijklmnopqrstuvwxyz01234', 'Google'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'GitHub'],
    ['github_pat_11ABCDEFG0abcdefghij_klmnop', 'GitHub'],
    ['xoxb-1234567890-abcdef', 'Slack'],
    ['AKIAIOSFODNN7EXAMPLE', 'AWS'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N', 'JWT'],
    ['gsk_abcdefghijklmnopqrstuv', 'Groq'],
    ['sk_test_abcdefghijklmnopqrst', 'Stripe'],
    ['whsec_abcdefghijklmnopqrst', 'Stripe'],
    ['GOCSPX-abcdefghijklmnopqrstuvwx', 'Google'],
    ['SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz', 'SendGrid'],
    ['dapi0123456789abcdef0123456789abcdef', 'Databricks'],
    ['tvly-abcdefghijklmnopqrst', 'Tavily'],
    ['r8_abcdefghijklmnopqrstuvwxyz', 'Replicate'],
    ['hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX', 'Slack'],
    [`eyJ${'x5c'.repeat(2000)}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N`, 'JWT with certificates'],
  ])('%s is replaced behind any escape, in a chunk of its own bytes', (key) => {
    for (const [before, after] of [
      [' ', ' '],
      ['"', '"'],
      ['\\n', '\\n'],
      ['\\u000a', '"'],
      ['=', '&'],
      ['%0A', '%22'],
      ['', ''],
    ]) {
      const { text } = redacted([utf8(`data: ${before}${key}${after}\n`)])
      expect(text).toBe(`data: ${before}${'*'.repeat(key.length)}${after}\n`)
    }
  })

  test.each([
    ['Authorization: Bearer abcdef0123456789abcdef', 'abcdef0123456789abcdef'],
    ['AUTHORIZATION: BEARER abcdef0123456789abcdef', 'abcdef0123456789abcdef'],
    [WITH_PASSWORD, 'MIIEow'],
    [JSON.stringify({ key: WITH_PASSWORD }), 'MIIEow'],
    [JSON.stringify({ args: JSON.stringify({ key: WITH_PASSWORD }) }), 'MIIEow'],
    [PGP, 'MIIEow'],
    [JSON.stringify({ key: PGP }), 'MIIEow'],
    [JSON.stringify({ key: PEM }), 'MIIEow'],
    [JSON.stringify({ args: JSON.stringify({ key: PEM }) }), 'abcdefabcdef'],
    [PEM, 'abcdefabcdef'],
    [PEM.replaceAll('\n', '\r\n'), 'MIIEow'],
  ])('%s loses its secret', (body, secret) => {
    for (const cut of [3, 20, 45, 70]) {
      const { text } = redacted([utf8(body.slice(0, cut)), utf8(`${body.slice(cut)}\nafter\n`)])
      expect(text).not.toContain(secret)
      expect(text).toMatch(/\nafter\n$/)
    }
  })

  test.each([
    'a task-management-framework-for-teams',
    'risk-assessment-of-the-project',
    'sk-learn',
    'the basics of authorization: Bearer tokens',
    'eyJ is how base64 of JSON begins',
    'data: {"id":"chatcmpl-abcdefghijklmnopqrstuvwxyz012345","object":"chat.completion.chunk"}',
    'data: {"id":"msg_01abcdefghijklmnopqrstuv","signature":"EqoBCkgIARABGAIiQL2UoU0b1OHYi+yCHpBY7U6FQW8/FcoLewocJQPa"}',
  ])('%s is ordinary and stays', (line) => {
    expect(redacted([utf8(`${line}\n`)]).text).toBe(`${line}\n`)
  })
})

describe("the caller's patterns", () => {
  test('texts of any length and regular expressions, beyond ASCII too, with any flags', () => {
    const { text } = redacted([utf8('pin 4711; ACME-123 Ünïcode-9 done\n')], [], {
      redact: ['4711', /acme-\d+/iy, /Ünïcode-\d/u],
    })
    const plain = new TextDecoder().decode(Uint8Array.from(text, (char) => char.charCodeAt(0)))
    expect(plain).toBe(`pin ****; ${'*'.repeat(8)} ${'*'.repeat(11)} done\n`)
  })

  test('a match is found across the windows of a long line', () => {
    const body = `${'é'.repeat(6142)}CODE-12345 ${'b'.repeat(12_280)}CODE-67890`
    expect(redacted([utf8(body)], [], { redact: [/CODE-\d+/] }).text).not.toMatch(/CODE|12345|67890/)
  })

  test.each([[''], [7], [null]])('%s is no pattern', (pattern: any) => {
    expect(() => createRedactor([], { redact: [pattern] })).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })

  test('a pattern that matches nothing at all places marks nothing', () => {
    expect(redacted([utf8('text\n')], [], { redact: [/z*/] }).text).toBe('text\n')
  })
})

describe('the header', () => {
  const body = {
    model: 'm',
    messages: [{ role: 'user', content: `my cookie is cookie-value-1 and ${KEY}` }],
    tools: [{ type: 'mcp', authorization: 'Bearer mcp-token-12345678', server_url: 'https://mcp.example' }],
  }
  const asked = {
    method: 'POST',
    path: `/v1/messages?beta=true&key=${encodeURIComponent(KEY)}&X-Amz-Signature=0123456789abcdef`,
    headers: [
      ['Authorization', `Basic ${Buffer.from('user-name:pass-word-1').toString('base64')}`],
      ['x-api-key', KEY],
      ['Cookie', 'a=cookie-value-1; b="cookie-value-2"'],
      ['x-custom', 'custom-planted-value'],
      ['x-short', 'the'],
      ['content-type', 'application/json'],
      ['user-agent', 'test/1.0 (cookie-value-2)'],
    ] as [string, string][],
    body: { kind: 'bytes', bytes: utf8(JSON.stringify(body)) } as const,
    from: 'api.example',
    order: 3,
    recordedAt: '2026-11-22T06:00:00.000Z',
  }
  const answered = {
    status: 200,
    headers: [
      ['Content-Type', 'text/event-stream'],
      ['Set-Cookie', 'sid=session-cookie-9; HttpOnly'],
      ['request-id', 'req_1'],
      ['x-internal', 'not for files'],
    ] as [string, string][],
  }

  test.each(['pass=abcd', 'pw=abcd', 'hmac=abcd', 'abcd1234', 'abcdabcdabcdabcd', '%6bey=abcd'])(
    'the query ?%s is not written',
    async (query) => {
      const { header } = await openingOf({ ...asked, path: `/v1/messages?beta=true&${query}` }, answered)
      expect(header.request?.path).toMatch(/^\/v1\/messages\?beta=true&[^*]*\*{4,}$/)
      expect(header.request?.path).not.toContain('abcd')
    },
  )

  test('keeps what was asked and nothing of who asked', async () => {
    const { header, redactor } = await openingOf(asked, answered)
    expect(header).toMatchObject({
      onefold: 1,
      dialect: 'anthropic-messages',
      order: 3,
      request: { method: 'POST', headers: { 'content-type': 'application/json' }, body: { model: 'm' } },
      response: { status: 200, contentType: 'text/event-stream', headers: { 'request-id': 'req_1' } },
      provenance: { kind: 'captured', from: 'api.example' },
    })
    expect(header.request?.path).toMatch(/^\/v1\/messages\?beta=true&key=\*+&X-Amz-Signature=\*{16}$/)
    expect(header.request?.hash).toMatch(/^[0-9a-f]{16}$/)
    const said = redactor.text(
      'echo user-name:pass-word-1 pass-word-1 session-cookie-9 cookie-value-1 cookie-value-2 custom-planted-value mcp-token-12345678 the end',
    )
    for (const text of [JSON.stringify(header), said]) {
      for (const secret of [
        KEY,
        'pass-word-1',
        'cookie-value',
        'session-cookie',
        'custom-planted',
        'mcp-token',
        '0123456789abcdef',
      ])
        expect(hasSecret(text, secret)).toBe(false)
    }
    expect(said).toMatch(/^echo .* the end$/)
    expect(JSON.stringify(header)).not.toMatch(/not for files|x-short/)
  })

  test.each([
    ['no JSON', utf8('a=sk-ant-api03-abcdefghijkl&b=1'), { body: `a=${'*'.repeat(25)}&b=1` }],
    ['no text', Uint8Array.of(0xff, 0xfe), { bodyLeftOut: 'not_text', bodySize: 2 }],
    ['nested deeply', utf8(`${'['.repeat(100_000)}"sk-ant-api03-abcdefghijkl"${']'.repeat(100_000)}`), {}],
    ['a key in an escape', utf8('{"t":"\\u0073k-ant-api03-abcdefghijkl"}'), { body: { t: '*'.repeat(25) } }],
  ])('a body that is %s', async (_name, bytes, expected) => {
    const { header } = await openingOf({ ...asked, body: { kind: 'bytes', bytes } }, answered)
    expect(header.request).toMatchObject(expected)
    expect(
      JSON.stringify(header.request?.path ?? '') +
        JSON.stringify(typeof header.request?.body === 'string' ? header.request.body : ''),
    ).not.toContain('sk-ant')
  })

  test('a word where a key belongs, and a short one, blank out nothing', async () => {
    for (const value of ['Bearer undefined', 'Bearer test', 'Bearer EMPTY']) {
      const { redactor } = await openingOf({ ...asked, headers: [['authorization', value]] }, answered)
      if (value !== 'Bearer undefined')
        expect(redactor.text('undefined is a test, EMPTY or not')).toBe('undefined is a test, EMPTY or not')
    }
  })
})

/** The body that is written of a request. */
async function written(body: string): Promise<unknown> {
  const asked = { method: 'POST', path: '/v1/messages', headers: [], recordedAt: '2026-11-22T06:00:00.000Z' }
  const { header } = await openingOf(
    { ...asked, body: { kind: 'bytes', bytes: utf8(body) } },
    { status: 200, headers: [] },
  )
  return header.request?.body
}

const FORM_PART = (name: string, value: string): string =>
  `--b1\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: text/plain\r\n\r\n${value}\r\n--b1--\r\n`
const deep = (value: string, depth: number): string => `${'{"a":['.repeat(depth)}${value}${']}'.repeat(depth)}`

describe('a field of a request that is named like a secret', () => {
  test.each([
    ['a short password', '{"password":"hunter2"}', 'hunter2'],
    ['a password that is a word', '{"password":"correcthorse"}', 'correcthorse'],
    ['a token', '{"token":"tok9a8b"}', 'tok9a8b'],
    ['a secret_key', '{"secret_key":"abc"}', 'abc'],
    ['in camel case', '{"secretAccessKey":"abcd","sessionToken":"abcd"}', 'abcd'],
    ['in the environment of a server', '{"mcp_servers":[{"env":{"GITHUB_TOKEN":"abcd","X_KEY":"abcd"}}]}', 'abcd'],
    ['a variable by name and value', '{"env":[{"name":"GITHUB_TOKEN","value":"abcd"}]}', 'abcd'],
    ['a list', '{"api_key":["abcd",["abcd"]]}', 'abcd'],
    ['an object', '{"credentials":{"user":"abcd","n":[{"p":"abcd"}]}}', 'abcd'],
    ['a number', '{"api_key":1234567890123456}', '1234567890123456'],
    ['in properties, but no schema', '{"properties":{"password":"abcd","secret":{"value":"abcd"}}}', 'abcd'],
    [
      'in JSON within JSON',
      JSON.stringify({ input: JSON.stringify({ a: JSON.stringify({ api_key: 'abcd' }) }) }),
      'abcd',
    ],
    ['in cut JSON within JSON', JSON.stringify({ input: '{"api_key": "abcd", "x' }), 'abcd'],
    ['a form', 'client_secret=abcd&x=1&password=ab%63d%20', 'ab'],
    ['a form in one of parts', FORM_PART('api_key', 'abcd'), 'abcd'],
    ['JSON lines', '{"api_key":"abcd"}\n{"x":1}\n{"b":{"api_key":"abcd"}}', 'abcd'],
    ['cut JSON', '{"api_key":"abcd","n":[', 'abcd'],
    ['JSON cut in the secret', '{"n":[],"api_key" : "abcd', 'abcd'],
    ['a list in cut JSON', '{"api_keys":["abcd", 4711,"abcd"],"n":[', 'abcd'],
    ['a number in cut JSON', '{"api_key":4711,"n":[', '4711'],
    ['JSON within cut JSON', '{"input":"{\\"api_key\\": \\"abcd\\"}","n":[', 'abcd'],
    ['a quote in it', '{"api_key":"ab\\"abcd","n":[', 'abcd'],
    ['the query of a URL', '{"url":"see https://h.test/a?api_key=abcd&sig=abcd&X-Amz-Signature=abcd#x"}', 'abcd'],
    ['the password of a URL', '{"a":"{\\"b\\":\\"postgres://u:abcd@h/db\\"}"}', 'abcd'],
    ['a URL in cut JSON', '{"a":"postgres://u:abcd@h/db', 'abcd'],
    ['at a depth', deep('{"api_key":"zbcd"}', 1000), 'zbcd'],
    ['deeper than JSON can be written', deep('{"api_key":"zbcd"}', 50_000), 'zbcd'],
  ])('is replaced whatever its length and type: %s', async (_name, body, secret) => {
    const said = JSON.stringify(await written(body))
    expect(said.includes(secret)).toBe(false)
    expect(said.includes('**')).toBe(true)
  })

  test.each([
    { max_tokens: 5, max_completion_tokens: 1, token_count: 4, total_tokens: 9, tokens: ['a', 'b'], budget_tokens: 2 },
    { next_page_token: 'abcdefgh12345678', pageToken: 'x', stop_token: '<end>', eos_token: 3, token: 7, per_token: 1 },
    { text: 'http://localhost:8080/?keyword=a&page_token=b&author=c, http://h:1/@x and ://:@ a://b:c' },
    { logit_bias: { '50256': -100 }, prompt_cache_key: 'thread-1', key: 'name', idempotency_key: 'a', author: 'x' },
    { tools: [{ input_schema: { properties: { password: { type: 'string' }, token: {}, api_key: { anyOf: [] } } } }] },
    { parameters: { $defs: { credentials: { properties: { secret: { description: 'a b' } } } } } },
    { content: [{ type: 'output_text', text: 'a', logprobs: [{ token: 'a', logprob: -0.1 }] }] },
    {
      thoughtSignature: 'EqoBCkgIARABGAIiQL2U',
      signature: 'abc',
      session_id: 's',
      cache_control: { type: 'ephemeral' },
    },
    { arguments: '{ "max_tokens": 5, "key": "x" }', text: '{"cut": "json', tokenizer: 'o200k', secret_name: 'x' },
  ])('stays where it only looks so: %j', async (body) => {
    expect(await written(JSON.stringify(body))).toEqual(body)
    const cut = `${JSON.stringify(body).slice(0, -1)},`
    expect(await written(cut)).toBe(cut)
  })

  test.skipIf(!existsSync(CORPUS))('changes no request of the corpus that holds no secret', async () => {
    const changed = new Set<string>()
    for (const line of readFileSync(CORPUS, 'utf8').trim().split('\n')) {
      const { request } = JSON.parse(line) as { request: unknown }
      const own = JSON.stringify(request)
      if (JSON.stringify(await written(own)) !== own) changed.add(own)
    }
    // A model calls a tool with a password.
    expect([...changed].filter((own) => !own.includes('mellon'))).toEqual([])
  })

  test('costs no more than the length of a hostile body', async () => {
    const hostile = [
      '"api_key":[',
      '"api_key":"',
      '\\\\"a\\\\":',
      'a',
      '\ncontent-disposition: x; name=api_key\n',
      '":',
      '{"a":"',
      '\\',
    ]
    for (const piece of hostile) {
      for (const before of ['{', 'a=', '{"api_key":"', '\n'])
        await written(before + piece.repeat(40_000 / piece.length))
    }
  })
})

test('hostile bodies cost no more than their length', () => {
  const hostile = [
    'eyJ'.repeat(60_000),
    '-eyJ'.repeat(60_000),
    'sk-'.repeat(60_000),
    '-----BEGIN '.repeat(20_000),
    `-----BEGIN PRIVATE KEY-----${'\\\\'.repeat(100_000)}`,
    '\\u005c'.repeat(60_000),
    '%5c'.repeat(60_000),
  ]
  const bodies = [...hostile, ...hostile.map((text) => `data: ${JSON.stringify({ text })}\n`)].map(utf8)
  for (const body of bodies) redacted([body], ['secret-value-1'], { redact: [/(a|b|ab)*c$/] })
  const many = Array.from({ length: 3000 }, () => utf8('data: {"text":"sk-"}\n'))
  redacted(many)
  // Each of them may be the beginning of an escape.
  redacted(Array.from({ length: 3000 }, () => utf8('data: {"text":"\\\\%"}\n')))
})

test('the chunks that are given are not kept', () => {
  const out: RecordedChunk[] = []
  const stream = createRedactor([]).stream((recorded) => void out.push(recorded))
  const bytes = utf8('data: a')
  stream.push(0, bytes)
  bytes.fill(0)
  stream.flush()
  expect(out[0]?.bytes).toEqual(chunk('data: a'))
})
