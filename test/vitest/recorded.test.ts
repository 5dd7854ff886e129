/** The fixture in its modes, in a project of its own that a real vitest runs. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import { isObject, parseJson } from '../../src/json.ts'
import { fileNameOf, findNamed, writeNamed } from '../../src/node/named-recordings.ts'
import { openRecorded } from '../../src/node/recorded.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
// oxlint-disable-next-line import/no-unassigned-import -- it adds the matchers
import '../../src/vitest.ts'

const KEY = 'sk-ant-api03-planted-secret-000000000000'
const recording = await readRecordingFile('recordings/anthropic-messages/one-tool.recording')

let project = ''
let server: Server
let asked = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    asked += 1
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const { bytes } of recording.chunks) response.write(bytes)
    response.end()
  })
  await new Promise<void>((started) => server.listen(0, '127.0.0.1', started))
  const address = server.address() as AddressInfo
  project = await mkdtemp(join(tmpdir(), 'onefold-vitest-'))
  await mkdir(join(project, 'test'))
  await symlink(resolve('node_modules'), join(project, 'node_modules'))
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'user', type: 'module', private: true }))
  const alias = JSON.stringify([
    { find: 'onefold/vitest', replacement: resolve('src/vitest.ts') },
    { find: 'onefold', replacement: resolve('src/index.ts') },
  ])
  await writeFile(
    join(project, 'vitest.config.ts'),
    `export default { resolve: { alias: ${alias} }, test: { pool: 'threads', maxWorkers: 1, include: ['test/*.test.ts'] } }`,
  )
  await writeFile(
    join(project, 'test/agent.test.ts'),
    `import Anthropic from '@anthropic-ai/sdk'
import { expect, test } from 'vitest'
import { fold } from 'onefold'
import { recorded } from 'onefold/vitest'

const it = test.extend({ recorded: recorded(), failing: recorded('failing'), silent: recorded('silent') })

function ask(fetch, question) {
  const client = new Anthropic({ apiKey: '${KEY}', baseURL: 'http://127.0.0.1:${address.port}', fetch, maxRetries: 0 })
  return fold(client.messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: question }] }))
}

it('asks once, ümlaut', async ({ recorded }) => {
  expect(await ask(recorded.fetch, 'rename')).toBeComplete()
  expect(recorded.mode).toBe(process.env.CI === 'true' ? 'replay' : 'record')
})
it('asks twice', async ({ recorded }) => {
  expect(await ask(recorded.fetch, 'one')).toBeComplete()
  expect(await ask(recorded.fetch, 'two')).toBeComplete()
})
it('fails', async ({ failing }) => {
  await ask(failing.fetch, 'rename')
  throw new Error('it fails')
})
it('asks: nobody (yet)?', async ({ silent }) => {
  void silent
})
`,
  )
}, 30_000)

afterAll(async () => {
  server.close()
  await rm(project, { recursive: true, force: true })
})

interface Run {
  readonly passed: readonly string[]
  /** What each test that failed says, by its name. */
  readonly failed: Readonly<Record<string, string>>
  readonly output: string
}

/** Runs the project's tests with these variables. */
async function run(env: Readonly<Record<string, string>>): Promise<Run> {
  const { CI: _ci, ONEFOLD_RECORD: _record, NODE_OPTIONS: _options, ...rest } = process.env
  const mine = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('VITEST')))
  const output = await new Promise<string>((done) => {
    const args = [resolve('node_modules/vitest/vitest.mjs'), 'run', '--reporter=json']
    execFile(process.execPath, args, { cwd: project, env: { ...mine, ...env }, timeout: 60_000 }, (_error, stdout) =>
      done(stdout),
    )
  })
  const report = parseJson(output.slice(output.indexOf('{"')).split('\n')[0] ?? '')
  const files = isObject(report) && Array.isArray(report['testResults']) ? report['testResults'] : []
  const [passed, failed]: [string[], Record<string, string>] = [[], {}]
  for (const file of files) {
    for (const one of isObject(file) && Array.isArray(file['assertionResults']) ? file['assertionResults'] : []) {
      if (!isObject(one)) continue
      const { title, status, failureMessages } = one as { title: string; status: string; failureMessages: string[] }
      if (status === 'passed') passed.push(title)
      else failed[title] = failureMessages.join('\n')
    }
  }
  return { passed, failed, output }
}

describe('the fixture, in a project of its own', () => {
  it('records what is missing, without secrets, only for tests that pass, then replays it, asking nobody', async () => {
    const recorded = await run({ ONEFOLD_RECORD: '1' })
    expect(recorded.passed, recorded.output).toEqual(['asks once, ümlaut', 'asks twice'])
    expect(recorded.failed['asks: nobody (yet)?']).toContain('nothing was recorded')
    const folder = join(project, 'test/recordings')
    const files = await readdir(folder)
    expect(files.toSorted()).toEqual(['asks-once-ümlaut.recording', 'asks-twice.1.recording', 'asks-twice.2.recording'])
    for (const file of files) {
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
      const text = await readFile(join(folder, file), 'utf8')
      expect(text).not.toContain(KEY)
      const kept = await readRecordingFile(join(folder, file))
      await expect(kept).toEqualTurn(recording)
    }
    expect(asked).toBe(4)

    const replayed = await run({ CI: 'true' })
    expect(replayed.passed, replayed.output).toEqual(['asks once, ümlaut', 'asks twice'])
    expect(replayed.failed['asks: nobody (yet)?']).toContain(
      `there is no such recording. Record it on your machine and commit it: ONEFOLD_RECORD=1 npx vitest run test/agent.test.ts -t 'asks: nobody \\(yet\\)\\?'`,
    )
    expect(asked).toBe(4)
  }, 60_000)
})

describe('openRecorded', () => {
  const record = { ONEFOLD_RECORD: '1' }
  const codeOf = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'it was given',
      (error: unknown) => (error instanceof MisuseError ? `${error.code}: ${error.message}` : String(error)),
    )
  const folder = (): string => join(project, 'mine')

  it.each([
    ['recording under CI', { ...record, CI: 'true' }, /^bad_option: ONEFOLD_RECORD=1 under CI/],
    ['another value of the variable', { ONEFOLD_RECORD: 'yes' }, /^bad_option: ONEFOLD_RECORD=yes: it is 1/],
    ['what is missing', {}, /^no_recording: .*mine\/greets\.recording.*Record it: ONEFOLD_RECORD=1/],
    ['what is missing under CI', { CI: '1' }, /^no_recording: .*on your machine and commit it/],
  ])('refuses %s', async (_name, env, says) => {
    expect(await codeOf(openRecorded('greets', { folder: folder(), env }))).toMatch(says)
  })

  it.each(['../greets', '/etc/greets', 'a/../../b', '', 'a\\b', 'a\u0000b', 'a//b', 'c:greets'])(
    'refuses the name %j, which leads elsewhere',
    async (name) => {
      expect(await codeOf(openRecorded(name, { folder: folder(), env: record }))).toMatch(
        /^bad_argument: .*names no recording/,
      )
    },
  )

  it('replays before it looks at whether it may record, and refuses two sets of files', async () => {
    await writeNamed(folder(), 'both', [recording])
    await expect(openRecorded(undefined as never, { folder: 'x' })).rejects.toMatchObject({ code: 'bad_argument' })
    await expect(openRecorded('x', undefined as never)).rejects.toMatchObject({ code: 'bad_argument' })
    const one = await openRecorded('both', { folder: folder(), env: { ...record } })
    expect(one.mode).toBe('replay')
    await writeNamed(folder(), 'both', [recording, recording])
    expect(await codeOf(findNamed(folder(), 'both'))).toMatch(/there are both both\.recording and both\.1\.recording/)
  })

  it('plays more than nine in their order', async () => {
    await writeNamed(
      folder(),
      'deep/many',
      Array.from({ length: 11 }, () => recording),
    )
    const files = await findNamed(folder(), 'deep/many')
    expect(files.map((file) => /\.(\d+)\./.exec(file)?.[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      '10',
      '11',
    ])
  })

  it('keeps an answer that nobody read to its end as one that was given up', async () => {
    const answer = new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('data: {}\n\n')),
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    )
    const one = await openRecorded('left', { folder: folder(), env: record, fetch: () => Promise.resolve(answer) })
    await one.fetch('http://127.0.0.1/v1/messages', { method: 'POST', body: '{}' })
    const [file = ''] = await one.close({ keep: true })
    expect((await readRecordingFile(file)).ending).toBe('abort')
  })

  it.each([
    [['A b', 'c/d: "e"'], 'a-b-c-d-e'],
    [['日本語'], '日本語'],
    [['…'], '-2d9'],
  ])('names the files of the test %j', (words, name) => {
    expect(fileNameOf(words)).toMatch(name === '-2d9' ? /^-[0-9a-f]+$/ : name)
  })

  it('gives long names an end of their own', () => {
    const [one, two] = ['x', 'y'].map((end) => fileNameOf(['word '.repeat(100) + end]))
    expect(one?.length).toBeLessThan(120)
    expect(one).not.toBe(two)
  })
})
