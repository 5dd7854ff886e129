/** The package as a user gets it: packed, installed in an empty project without the peers, type-checked, and run on loopback. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
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
const BY_PATH = [
  ['/v1/messages', recording],
  ['/chat/completions', join(root, 'recordings/openai-chat/one-tool.recording')],
  ['/responses', join(root, 'recordings/openai-responses/one-tool.recording')],
] as const

let project = ''
let server: Server
let baseUrl = ''

async function run(
  command: string,
  args: readonly string[],
  cwd = project,
): Promise<{ stdout: string; stderr: string }> {
  const keys = { ANTHROPIC_API_KEY: 'none', OPENAI_API_KEY: 'none' }
  const env = { ...process.env, ...keys, ANTHROPIC_BASE_URL: baseUrl, OPENAI_BASE_URL: baseUrl, NO_COLOR: '1' }
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
  const bodies = await Promise.all(
    BY_PATH.map(async ([path, file]) => ({ path, chunks: (await readRecordingFile(file)).chunks })),
  )
  server = createServer((request, response) => {
    request.resume()
    const body = bodies.find(({ path }) => request.url?.startsWith(path))
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/event-stream', 'request-id': 'req_1' })
    for (const { bytes } of body?.chunks ?? []) response.write(bytes)
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

test('the package brings five dependencies, with what those need, and no peer', async () => {
  const { stdout } = await run('npm', ['ls', '--all', '--parseable'])
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('node_modules/').at(-1))
  expect(names.slice(1).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
    '@smithy/core',
    '@smithy/types',
    'ansi-regex',
    'ansi-styles',
    'diff',
    'eventsource-parser',
    'get-east-asian-width',
    'onefold',
    'string-width',
    'strip-ansi',
    'tslib',
    'wrap-ansi',
  ])
})

test('every name of the entry, of comparisons and of the faults, type-checks without the peers, without @types/node and with skipLibCheck: false', async () => {
  const program = `import * as onefold from 'onefold'
import { compare, type Comparison } from 'onefold/compare'
import { FAULT_PLANS, type FaultPlan } from 'onefold/faults'
const compared: (turns: readonly onefold.AssistantMessage[]) => Comparison = compare
const turn: onefold.Turn = onefold.assemble('')
const plans: readonly FaultPlan[] = FAULT_PLANS
void turn.message()
void plans
void compared
`
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

/** Type-checks a program strictly, compiles and runs it in the user's project; gives the JSON that it prints. */
async function printed(name: string, program: string): Promise<unknown> {
  const lib = ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable']
  await writeFile(join(project, `${name}.ts`), program)
  expect(await typeCheck(`${name}.ts`, { lib, types: [] })).toBe('')
  await typeCheck(`${name}.ts`, { lib, types: [], noEmit: false, outDir: 'out' })
  const { stdout } = await run(process.execPath, [`out/${name}.js`])
  const value: unknown = JSON.parse(stdout)
  return value
}

test('the official SDK of Anthropic beside it gives the same message', async () => {
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '@anthropic-ai/sdk@1.11.0'])
  const pairs = await printed(
    'anthropic',
    `import Anthropic from '@anthropic-ai/sdk'
import { assemble, fold } from 'onefold'
import { toNative } from 'onefold/anthropic'

const client = new Anthropic()
const params = { model: 'claude-sonnet-4-5', max_tokens: 16, messages: [{ role: 'user' as const, content: 'hi' }] }
const ours = toNative(await assemble(client.messages.create({ ...params, stream: true })).message())
const lagging = toNative(await fold(client.messages.stream(params)))
const theirs: Anthropic.Message = await client.messages.stream(params).finalMessage()
console.log(JSON.stringify([
  { ours: ours.content, theirs: theirs.content },
  { ours: lagging.content, theirs: theirs.content },
  { ours: ours.usage, theirs: theirs.usage },
]))
`,
  )
  expect(pairs).toHaveLength(3)
  for (const { ours, theirs } of pairs as { ours: unknown; theirs: unknown }[]) expect(ours).toEqual(theirs)
})

test('the official SDK of OpenAI beside it gives the same completion and the same response', async () => {
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', 'openai@6.49.0'])
  const pairs = await printed(
    'openai',
    `import OpenAI from 'openai'
import { assemble, fold, type AssistantMessage } from 'onefold'
import { toNative } from 'onefold/openai'

const client = new OpenAI()
const chat = { model: 'gpt-5', messages: [{ role: 'user' as const, content: 'hi' }] }
const asked = { model: 'gpt-5', input: 'hi' }

const turn = assemble(client.chat.completions.create({ ...chat, stream: true }), { dialect: 'openai-chat' })
const completion: OpenAI.ChatCompletion = toNative(await turn.messages())
const found: OpenAI.ChatCompletion | OpenAI.Responses.Response = toNative(await fold(client.chat.completions.stream(chat)))
const response: OpenAI.Responses.Response = toNative(
  await fold(client.responses.create({ ...asked, stream: true }), { dialect: 'openai-responses' }),
)
const message: AssistantMessage = await fold(client.responses.stream(asked))
const theirs = await client.chat.completions.stream(chat).finalChatCompletion()
const theirResponse = await client.responses.stream(asked).finalResponse()
const choices = theirs.choices.map(({ message: { parsed: _parsed, ...message }, ...choice }) => ({
  ...choice,
  message: {
    ...message,
    tool_calls: message.tool_calls?.map((call) =>
      call.type === 'function' ? { ...call, function: { name: call.function.name, arguments: call.function.arguments } } : call,
    ),
  },
}))
const output = theirResponse.output.map((item) =>
  item.type === 'function_call' ? { ...item, parsed_arguments: undefined } : item,
)
console.log(JSON.stringify([
  { ours: completion.choices, theirs: choices },
  { ours: 'choices' in found ? found.choices : [], theirs: choices },
  { ours: response.output, theirs: output },
  { ours: toNative(message), theirs: response },
]))
`,
  )
  expect(pairs).toHaveLength(4)
  for (const { ours, theirs } of pairs as { ours: unknown; theirs: unknown }[]) expect(ours).toEqual(theirs)
})

test('the types of the matchers are there whatever a program imports first', async () => {
  for (const name of ['vitest', '@types'])
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name))
  const program = `import 'onefold/vitest'
import { expect } from 'vitest'
const isJudged: Promise<void> = expect(new Response('')).toBeComplete()
void isJudged
`
  await writeFile(join(project, 'matchers.test.ts'), program)
  // vitest's own declarations are not for the library alone.
  expect(await typeCheck('matchers.test.ts', { types: ['node'], skipLibCheck: true })).toBe('')
})
