/** HAR files of browsers and proxies: what is taken from them, what is left out and why, and that no secret comes along. */
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { foldCommand } from '../../src/cli/fold.ts'
import { importCommand } from '../../src/cli/import.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { importFile, readRecordings } from '../../src/node/import-file.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { formatRecording, parseRecording, type Recording } from '../../src/recording/format.ts'
import { looksLikeHar, recordingsOfHar, type ImportedHar } from '../../src/recording/har.ts'
import { requestHash } from '../../src/recording/request-hash.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it adds the matchers
import '../../src/vitest.ts'

const recording = parseRecording(readFileSync('recordings/anthropic-messages/one-tool.recording', 'utf8'))
const body = recording.chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
const question = JSON.stringify({ model: 'm-1', stream: true, messages: [{ role: 'user', content: 'rename it' }] })

/** An entry as Chrome writes it, with other fields where a row says so. */
function entry(response: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    _resourceType: 'fetch',
    startedDateTime: '2026-11-20T13:50:48.123Z',
    time: 900,
    timings: { blocked: 5, dns: -1, connect: -1, ssl: -1, send: 1, wait: 300.25, receive: 500 },
    request: {
      method: 'POST',
      url: 'https://api.anthropic.com/v1/messages?beta=true',
      headers: [{ name: 'Content-Type', value: 'application/json' }],
      postData: { mimeType: 'application/json', text: question },
    },
    response: {
      status: 200,
      headers: [
        { name: 'Content-Type', value: 'text/event-stream; charset=utf-8' },
        { name: 'request-id', value: 'req_1' },
      ],
      content: { size: body.length, mimeType: 'text/event-stream', text: body },
      ...response,
    },
    ...more,
  }
}

const har = (...entries: JsonValue[]): string =>
  JSON.stringify({
    log: { version: '1.2', creator: { name: 'WebInspector', version: '537.36' }, comment: 'saved', entries },
  })

const read = (text: string): Promise<ImportedHar> => recordingsOfHar(text, { name: 'saved.har' })

async function onlyOf(text: string): Promise<Recording> {
  const { recordings, leftOut } = await read(text)
  expect(leftOut).toEqual([])
  const [first, ...others] = recordings
  expect(others).toEqual([])
  if (first === undefined) throw new Error('nothing was imported')
  return first.recording
}

describe('an entry becomes a recording', () => {
  it('with its body as one chunk, its time, and a provenance that says what was lost', async () => {
    const imported = await onlyOf(har(entry()))
    await expect(imported).toEqualTurn(recording)
    expect(imported).toMatchObject({
      header: {
        dialect: 'anthropic-messages',
        request: { method: 'POST', path: '/v1/messages?beta=true', body: JSON.parse(question) as unknown },
        response: { status: 200, contentType: 'text/event-stream; charset=utf-8', headers: { 'request-id': 'req_1' } },
        recordedAt: '2026-11-20T13:50:48.123Z',
        recordedBy: 'WebInspector 537.36',
        provenance: { kind: 'derived', from: 'saved.har, entry 1' },
      },
      ending: 'eof',
      endMs: 800.25,
    })
    expect(imported.header.provenance.note).toContain('boundaries of chunks and their times were not recorded')
    expect(imported.chunks.map(({ ms }) => ms)).toEqual([800.25])
    expect(parseRecording(formatRecording(imported))).toEqual(imported)
  })

  const base64 = Buffer.from(body).toString('base64')
  it.each<readonly [string, JsonObject]>([
    ['in base64', { content: { size: body.length, mimeType: 'text/event-stream', text: base64, encoding: 'base64' } }],
    [
      'in base64 with line ends',
      { content: { size: -1, text: base64.replaceAll(/(.{76})/g, '$1\r\n'), encoding: 'base64' } },
    ],
    [
      'with the size of the compressed body',
      { content: { size: 10, mimeType: 'text/event-stream', text: body, comment: '' } },
    ],
    ['without the size', { content: { mimeType: 'text/event-stream', text: body } }],
    ['without response headers', { headers: [] }],
    ['with fields that nobody knows', { _transferSize: 1, comment: 'more', bodySize: -1 }],
  ])('%s', async (_name, response) => {
    const imported = await onlyOf(har(entry(response)))
    await expect(imported).toEqualTurn(recording)
    expect(imported.header.response?.contentType).toContain('text/event-stream')
  })

  it('a whole JSON answer and an error alike', async () => {
    const text = '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
    const imported = await onlyOf(
      har(entry({ status: 529, headers: [], content: { size: text.length, mimeType: 'application/json', text } })),
    )
    await expect(imported).toFoldTo(expect.objectContaining({ outcome: expect.objectContaining({ kind: 'failed' }) }))
  })

  it('an event stream of a path that nobody knows, too', async () => {
    const request = { method: 'POST', url: 'https://gateway.example/ask', headers: [] }
    const imported = await onlyOf(har(entry({}, { request })))
    expect(imported.header.dialect).toBeUndefined()
    await expect(imported).toEqualTurn(recording)
  })

  it.each<readonly [string, JsonObject, 'reset' | 'abort', string]>([
    [
      'was cut when it was saved',
      { content: { size: body.length + 5, text: body } },
      'reset',
      `of ${body.length + 5} bytes ${body.length} were saved`,
    ],
    ['broke', { _error: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING' }, 'reset', 'net::ERR_INCOMPLETE_CHUNKED_ENCODING'],
    ['was given up', { _error: 'net::ERR_ABORTED' }, 'abort', 'net::ERR_ABORTED'],
  ])('one that %s is no clean end (I5)', async (_name, response, ending, note) => {
    const imported = await onlyOf(har(entry(response)))
    expect(imported.ending).toBe(ending)
    expect(imported.header.provenance.note).toContain(note)
  })
})

describe('what is left out is said, and the sound entries are kept', () => {
  it.each<readonly [string, JsonValue, string]>([
    [
      'a body that was not saved',
      entry({ content: { size: 9, mimeType: 'text/event-stream' } }),
      'the body was not saved; save the HAR "with content"',
    ],
    [
      'a stream of which not even the size was saved',
      entry({ content: { size: 0, mimeType: 'text/event-stream' } }),
      'the body was not saved; save the HAR "with content"',
    ],
    [
      'one whose absence has a reason',
      entry({ content: { size: 9, comment: 'evicted' } }),
      'the body was not saved (evicted)',
    ],
    ['an unknown encoding', entry({ content: { size: 9, text: 'x', encoding: 'br' } }), 'unknown encoding "br"'],
    [
      'base64 that is none',
      entry({ content: { size: 9, text: '*', encoding: 'base64' } }),
      'its body is not valid base64',
    ],
    ['no response', entry({}, { response: null }), 'it has no response'],
    [
      'a request that got none',
      entry({ status: 0, _error: 'net::ERR_FAILED' }),
      'there was no answer: net::ERR_FAILED',
    ],
    [
      'a count of tokens',
      entry({}, { request: { method: 'POST', url: 'https://a/v1/messages/count_tokens', headers: [] } }),
      'it asks for count_tokens',
    ],
    ['no request', { response: {} }, 'the entry has no request'],
    ['a request without a url', entry({}, { request: { method: 'POST' } }), 'its request has no method or no url'],
    ['what is no entry', 5, 'the entry has no request'],
  ])('%s', async (_name, bad, reason) => {
    const { recordings, leftOut } = await read(har(bad, entry()))
    expect(recordings.map((one) => one.entry)).toEqual([2])
    expect(leftOut).toMatchObject([{ entry: 1 }])
    expect(leftOut[0]?.reason).toContain(reason)
  })

  it('pages, pictures and preflights are counted', async () => {
    const page = { method: 'GET', url: 'https://example.com/', headers: [] }
    const preflight = { method: 'OPTIONS', url: 'https://api.anthropic.com/v1/messages', headers: [] }
    const html = { headers: [], content: { size: 1, mimeType: 'text/html', text: '<' } }
    const { others, leftOut } = await read(har(entry(html, { request: page }), entry(html, { request: preflight })))
    expect({ others, leftOut }).toEqual({ others: 2, leftOut: [] })
  })

  it('of a file that is cut anywhere, all entries before the cut', async () => {
    const text = har(entry(), entry({ content: { text: 'data: "]}{[\\"\n\n' } }), entry())
    const ends = [...text.matchAll(/"_resourceType"/g)].map(({ index }) => index - 2)
    for (const at of [...ends, text.length - 1, text.length - 2, text.length - 3]) {
      const result = await read(text.slice(0, at)).catch((error: unknown) => error)
      const whole = ends.filter((end) => end < at).length - (at > text.length - 3 ? 0 : 1)
      if (whole < 1 && result instanceof Error) {
        expect(result.message).toMatch(/saved\.har: the file is cut: it is not JSON, and 0 whole entries/)
        continue
      }
      expect(result).toMatchObject({ leftOut: [{ reason: expect.stringContaining('the file is cut') as string }] })
    }
    const { recordings } = await read(text.slice(0, -3))
    expect(recordings.length).toBe(3)
  })

  it.each([
    ['no JSON', '<html>', 'it is not JSON'],
    ['an empty file', '', 'it is not JSON'],
    ['JSON of another kind', '{"a":1}', 'it is no HAR'],
    ['a HAR without entries', '{"log":{"entries":{}}}', 'it is no HAR'],
  ])('%s is refused', async (_name, text, says) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'bad_recording',
      message: expect.stringContaining(says) as string,
    })
  })

  it('tells a HAR from other JSON by its beginning', () => {
    expect(['\uFEFF { "log": {"a":1}}', '{"log":[]}', '{"id":"log"}', ''].map(looksLikeHar)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('I10: reads a cut file in one pass, whatever stands in its strings', async () => {
    const text = har(...Array.from({ length: 40 }, () => entry({ content: { text: '{["'.repeat(5000) } })))
    expect((await read(text.slice(0, -2))).recordings.length).toBe(40)
  })
})

const SECRETS = [
  'sk-ant-api03-aaaabbbbccccdddd',
  'session-cookie-0123456789',
  'query-token-0123456789',
  'set-cookie-0123456789',
  'mine-0123456789',
]

/** A HAR with secrets in every place that it has. */
function withSecrets(): string {
  const [key = '', cookie = '', query = '', set = '', mine = ''] = SECRETS
  const said = `data: {"type":"x","text":"${key} ${cookie} ${query} ${set} ${mine} ${Buffer.from(key).toString('base64')}"}\n\n`
  return har(
    entry(
      {
        headers: [
          { name: 'content-type', value: 'text/event-stream' },
          { name: 'Set-Cookie', value: `a=${set}; Path=/` },
        ],
        cookies: [{ name: 'a', value: set }],
        content: { size: said.length, text: said },
      },
      {
        request: {
          method: 'POST',
          url: `https://user:${mine}@api.anthropic.com/v1/messages?token=${query}`,
          headers: [
            { name: 'X-Api-Key', value: key },
            { name: 'content-type', value: 'application/json' },
          ],
          cookies: [{ name: 'sid', value: cookie }],
          queryString: [{ name: 'token', value: query }],
          postData: {
            text: JSON.stringify({
              model: 'm',
              stream: true,
              messages: [{ role: 'user', content: SECRETS.join(' ') }],
            }),
          },
        },
      },
    ),
  )
}

describe('onefold import', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onefold-import-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function run(...given: (string | Command)[]): Promise<{ code: number; out: string[]; err: string[] }> {
    const args = given.filter((one) => typeof one === 'string')
    const command = given.find((one) => typeof one !== 'string') ?? importCommand
    const [out, err]: [string[], string[]] = [[], []]
    const code = await command
      .run(args, {
        print: (text) => void out.push(text),
        complain: (text) => void err.push(text),
        input: (async function* none() {})(),
        paint: (_style, text) => text,
        width: 120,
      })
      .catch((error: unknown) => {
        err.push(error instanceof Error ? error.message : String(error))
        return 2
      })
    return { code, out, err }
  }

  it('writes what a HAR has, without a secret in any byte, and for nobody else to read', async () => {
    const file = join(folder, 'My Session.har')
    await writeFile(file, withSecrets())
    const out = join(folder, 'out')
    const { code, err } = await run(file, '--out', out, '--redact', 'mine-0123456789')
    expect({ code, err }).toEqual({ code: 0, err: [] })
    const names = await readdir(out)
    expect(names).toEqual(['my-session-0001-anthropic-messages-m.recording'])
    const written = join(out, names[0] ?? '')
    expect((await stat(written)).mode & 0o777).toBe(0o600)
    const text = await readFile(written, 'utf8')
    for (const secret of SECRETS) expect(text).not.toContain(secret)
    expect(text).not.toContain(
      Buffer.from(SECRETS[0] ?? '')
        .toString('base64')
        .slice(0, 24),
    )
    expect((await readRecordingFile(written)).chunks).toMatchObject([{ redacted: true }])
  })

  it('takes secrets out of the header of a recording, too, and keeps its hash', async () => {
    const file = join(folder, 'old.recording')
    const request = {
      method: 'POST',
      path: '/v1/messages?project=ACME-77&key=query-secret-1',
      headers: { 'user-agent': 'ACME-77', authorization: 'Bearer planted-header-1' },
      body: { model: 'm', api_key: 'planted-body-1', messages: [{ role: 'user', content: 'of ACME-77' }] },
    }
    const said = 'ACME-77 planted-header-1 planted-body-1 query-secret-1\n'
    const old: Recording = {
      header: { onefold: 1, request, provenance: { kind: 'captured', from: 'ACME-77' }, mine: ['ACME-77'] },
      chunks: [{ ms: 1, bytes: new TextEncoder().encode(said) }],
      ending: 'eof',
      problems: [],
    }
    await writeFile(file, formatRecording(old))
    const { recordings } = await importFile(file, { redact: ['ACME-77'] })
    const written = recordings.map((own) => formatRecording(own.recording)).join('')
    expect(written).not.toMatch(/ACME-77|planted-|query-secret/)
    expect(recordings[0]?.recording.header).toMatchObject({
      request: { hash: await requestHash(request), body: { model: 'm', api_key: '*'.repeat(14) } },
      provenance: { kind: 'captured', from: '*******' },
    })
  })

  it('does not write over a file unless it is told to', async () => {
    const file = join(folder, 'again.sse')
    await writeFile(file, body)
    const out = join(folder, 'again')
    expect((await run(file, '--out', out)).code).toBe(0)
    const refused = await run(file, '--out', out)
    expect(refused.code).toBe(2)
    expect(refused.err.join('')).toContain('there is such a file already; --force writes over it')
    expect((await run(file, '--out', out, '--force')).code).toBe(0)
    await expect(readRecordingFile(join(out, 'again.recording'))).toEqualTurn(recording)
  })

  it('accepts lists of payloads, bodies, whole answers and recordings alike', async () => {
    const payloads = body.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
    const files = {
      'a.ndjson': `${payloads.join('\n')}\n`,
      'b.sse': body,
      'c.recording': formatRecording(recording),
      'd.json': har(entry()),
    }
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text)
      const [one] = await readRecordings(join(folder, name))
      await expect(one).toEqualTurn(recording, { ignoring: ['wire'] })
    }
  })

  it('says what was left out, goes on with the next file, and tells it in JSON', async () => {
    const file = join(folder, 'part.har')
    await writeFile(file, har(entry({ content: {} }), entry()))
    const { code, out, err } = await run(file, join(folder, 'none.har'), '--out', join(folder, 'part'), '--json')
    expect(code).toBe(2)
    expect(err.join('')).toContain('none.har: there is no such file or folder')
    expect(out.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([
      ['file', 'dialect', 'status', 'from', 'end'],
      ['leftOut'],
    ])
    const alone = await run(file, '--out', join(folder, 'part2'))
    expect(alone.code).toBe(1)
    expect(alone.err.join('')).toContain('part.har: entry 1: the body was not saved')
  })

  it('is not needed to fold a HAR', async () => {
    const file = join(folder, 'fold.har')
    await writeFile(file, har(entry(), entry({ content: {} }), entry()))
    const { code, out, err } = await run(file, '--json', foldCommand)
    expect(out.map((line) => (JSON.parse(line) as JsonObject)['outcome'])).toEqual(
      [1, 2].map(() => ({ kind: 'complete' })),
    )
    expect({ code, err }).toEqual({
      code: 1,
      err: [expect.stringContaining('entry 2: the body was not saved') as string],
    })
  })

  it('a HAR in which nothing is an answer is a finding', async () => {
    const file = join(folder, 'nothing.har')
    await writeFile(file, har())
    const { code, err } = await run(file, '--out', join(folder, 'nothing'))
    expect({ code, err }).toEqual({ code: 1, err: [`${file}: there is no answer of a known API in it`] })
  })

  it.each([
    [[], 'name a file to import'],
    [['a.har'], 'say where to with --out DIR'],
    [['a.har', '--out', 'x', '--redact', '/(/'], '--redact: a pattern is not a regular expression'],
  ])('refuses %j', async (args, says) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err.join('')).toContain(says)
  })

  it('names what it imports so that nothing leaves the folder, and no two are one', async () => {
    const file = join(folder, 'x.har')
    const request = {
      method: 'POST',
      url: 'https://a/v1/messages',
      headers: [],
      postData: { text: '{"model":"../../etc/passwd"}' },
    }
    await writeFile(file, har(entry({}, { request }), entry({}, { request })))
    const { recordings } = await importFile(file)
    expect(recordings.map(({ name }) => name)).toEqual([1, 2].map((n) => `x-000${n}-anthropic-messages-etc-passwd`))
  })
})
