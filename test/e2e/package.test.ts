/** The package as a user gets it: packed, installed in an empty project without the peers, type-checked, and run on loopback. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRecordingFile } from '../../src/node/recording-files.ts'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const recording = join(root, 'recordings/anthropic-messages/one-tool.recording')

let project = ''
let server: Server
let baseUrl = ''

async function run(
  command: string,
  args: readonly string[],
  cwd = project,
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_API_KEY: 'none', NO_COLOR: '1' }
  return execute(command, [...args], { cwd, env, maxBuffer: 1 << 24 })
}

/** The first program of the README, as it stands there. */
async function readmeProgram(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  if (program === undefined) throw new Error('the README begins without a program')
  return program
}

beforeAll(async () => {
  const { chunks } = await readRecordingFile(recording)
  server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_1' })
    for (const { bytes } of chunks) response.write(bytes)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  project = await mkdtemp(join(tmpdir(), 'onefold-package-'))
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root)
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'user', type: 'module', private: true }))
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${packed?.filename ?? ''}`])
}, 120_000)

afterAll(async () => {
  server.close()
  await rm(project, { recursive: true, force: true })
})

async function typeCheck(file: string, options: object): Promise<string> {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return run(process.execPath, [tsc, '-p', project]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

test('the package brings one dependency and no peer', async () => {
  const { stdout } = await run('npm', ['ls', '--all', '--parseable'])
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('node_modules/').at(-1))
  expect(names.slice(1).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(['eventsource-parser', 'onefold'])
})

test('every name of the entry type-checks without the peers, without @types/node and with skipLibCheck: false', async () => {
  const program = `import * as onefold from 'onefold'\nconst turn: onefold.Turn = onefold.assemble('')\nvoid turn.message()\n`
  await writeFile(join(project, 'entry.ts'), program)
  expect(await typeCheck('entry.ts', { lib: ['es2023', 'dom', 'dom.iterable'], types: [] })).toBe('')
})

test('the program of the README type-checks and runs against a server', async () => {
  const program = await readmeProgram()
  await writeFile(join(project, 'program.ts'), `declare const process: any\n${program}`)
  expect(
    await typeCheck('program.ts', { lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'], types: [] }),
  ).toBe('')
  await writeFile(join(project, 'program.js'), program)
  const { stdout, stderr } = await run(process.execPath, ['program.js'])
  expect(stderr).toBe('')
  expect(stdout).toContain('edit_file')
})

test('the binary runs and says what it can do', async () => {
  const { stdout } = await run(join(project, 'node_modules/.bin/onefold'), ['--help'])
  expect(stdout).toContain('onefold fold')
  const folded = await run(join(project, 'node_modules/.bin/onefold'), ['fold', '--json', recording])
  expect(JSON.parse(folded.stdout)).toMatchObject({ outcome: { kind: 'complete' }, stop: { reason: 'tool_calls' } })
})

test('the official SDK beside it gives the same message', async () => {
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '@anthropic-ai/sdk@1.11.0'])
  await writeFile(
    join(project, 'sdk.ts'),
    `import Anthropic from '@anthropic-ai/sdk'
import { assemble, fold } from 'onefold'
import { toNative } from 'onefold/anthropic'

const client = new Anthropic()
const params = { model: 'claude-sonnet-4-5', max_tokens: 16, messages: [{ role: 'user' as const, content: 'hi' }] }
const ours = toNative(await assemble(client.messages.create({ ...params, stream: true })).message())
const lagging = toNative(await fold(client.messages.stream(params)))
const theirs: Anthropic.Message = await client.messages.stream(params).finalMessage()
const wanted = JSON.parse(JSON.stringify(theirs))
console.log(JSON.stringify([ours.content, lagging.content, wanted.content, ours.usage, wanted.usage]))
`,
  )
  const check = await typeCheck('sdk.ts', {
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
    types: [],
    skipLibCheck: false,
  })
  expect(check).toBe('')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await writeFile(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023', 'dom'],
        skipLibCheck: false,
        strict: true,
        types: [],
        outDir: 'out',
      },
      files: ['sdk.ts'],
    }),
  )
  await run(process.execPath, [tsc, '-p', project])
  const { stdout } = await run(process.execPath, ['out/sdk.js'])
  const [ours, lagging, theirs, usage, theirUsage] = JSON.parse(stdout) as unknown[]
  expect(ours).toEqual(theirs)
  expect(lagging).toEqual(theirs)
  expect(usage).toEqual(theirUsage)
})
