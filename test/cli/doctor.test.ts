/** `onefold doctor` as it is run: its report, its exit codes, what it writes and what it leaves alone. `npm test` builds it first. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { doctorCommand } from '../../src/cli/doctor.ts'
import { keptConsole } from '../support/console.ts'
import { describeShared } from '../support/corpus.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const SESSIONS = new URL('../../../shared/sessions/', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'onefold-doctor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Result {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** What does not depend on the program is asked of the command itself: to start a program takes ten times as long. */
async function doctor(args: readonly string[]): Promise<Result> {
  const { console, kept } = keptConsole()
  return { code: await doctorCommand.run(args, console), ...kept }
}

function asProgram(args: readonly string[], input = ''): Promise<Result> {
  const child = spawn(process.execPath, [main, 'doctor', ...args], { cwd: folder })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.on('error', () => undefined).end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const call = { id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } }
const BROKEN = `${JSON.stringify(
  {
    model: 'gpt-5',
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: null, tool_calls: [call] },
    ],
  },
  null,
  2,
)}\n`
const HEALTHY = JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'hi' }] })

describe('onefold doctor', () => {
  test('tells the rule, the place, what the provider would answer and the repair; exit code 1', async () => {
    const { code, out, err } = await asProgram([file('broken.json', BROKEN)])
    expect(err).toBe('')
    expect(code).toBe(1)
    expect(out).toContain('a request, by the rules of openai-chat: 2 messages, 1 call, 1 of them open')
    expect(out).toContain('open call   read c1 (messages[1])')
    expect(out).toContain('O1: Each tool call is answered')
    expect(out).toContain("the provider would answer: An assistant message with 'tool_calls' must be followed")
    expect(out).toContain('the repair: call_closed: the call c1 of read has no result')
  })

  test('says that nothing is wrong; exit code 0', async () => {
    const { code, out } = await asProgram([file('healthy.json', HEALTHY)])
    expect(code).toBe(0)
    expect(out).toContain('nothing is wrong')
  })

  test('--json gives a line for each file, and the worst exit code counts', async () => {
    const { code, out } = await doctor(['--json', file('broken.json', BROKEN), file('healthy.json', HEALTHY)])
    expect(code).toBe(1)
    const reports = out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(reports).toMatchObject([
      {
        isHealthy: false,
        target: 'openai-chat',
        findings: [{ rule: 'O1', call: 'c1', tool: 'read' }],
        isRepairable: true,
      },
      { isHealthy: true, findings: [], open: [] },
    ])
  })

  test('reads the standard input, and --target says by whose rules', async () => {
    const { code, out } = await asProgram(['-', '--target', 'kimi'], BROKEN)
    expect(code).toBe(1)
    expect(out).toContain('by the rules of kimi')
  })

  test('--strict finds what only gateways refuse', async () => {
    const users = file(
      'users.json',
      '{"max_tokens":1,"system":"","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}',
    )
    expect((await doctor([users])).code).toBe(0)
    expect((await doctor([users, '--strict'])).out).toContain('A13')
  })

  test('no control character of a file reaches the terminal', async () => {
    const evil = { role: 'tool', tool_call_id: '\u001b]0;owned\u0007', content: '\u001b[2J' }
    const { out } = await asProgram([file('evil.json', JSON.stringify([{ role: 'user', content: 'x' }, evil]))])
    expect(out).toContain(String.raw`\u001b]0;owned\u0007`)
    // oxlint-disable-next-line no-control-regex -- finding them is the purpose
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  test('--write keeps the original, and what it writes beside it is healthy and as private', async () => {
    const path = file('mine.json', BROKEN)
    chmodSync(path, 0o600)
    const { code, out } = await doctor([path, '--write'])
    expect(code).toBe(1)
    expect(out).toContain('read again: nothing is wrong with it')
    expect(readFileSync(path, 'utf8')).toBe(BROKEN)
    const written = join(folder, 'mine.repaired.json')
    expect(statSync(written).mode & 0o777).toBe(0o600)
    expect(readFileSync(written, 'utf8')).toMatch(
      /^\{\n {2}"model": "gpt-5",\n {2}"messages": \[\n {4}\{\n {6}"role": "user"/,
    )
    expect((await doctor([written])).code).toBe(0)
    // Written again it is the same file.
    expect((await doctor([path, '--write'])).code).toBe(1)
  })

  test('--write never writes over another file', async () => {
    const path = file('two.json', BROKEN)
    const other = file('two.repaired.json', 'mine')
    const { code, err } = await asProgram([path, '--write'])
    expect(code).toBe(2)
    expect(err).toContain('move it away')
    expect(readFileSync(other, 'utf8')).toBe('mine')
  })

  test('--write writes nothing beside a healthy file', async () => {
    await doctor([file('fine.json', HEALTHY), '--write'])
    expect(readdirSync(folder)).not.toContain('fine.repaired.json')
  })

  test.each([
    [[], 'name a session file'],
    [['none.json'], 'there is no such file'],
    [['a-folder'], 'it is a folder'],
    [['text.txt'], 'text.txt: it is not JSON'],
    [['cut.json'], 'it may be cut off'],
    [['deep.json'], 'nested deeper'],
    [['text.txt', '--target', 'gpt'], '--target gpt: there are anthropic'],
    [['-', '--write'], '--write needs a file'],
    [['--nonsense'], 'nonsense'],
  ])('exit code 2 and what to do for %j', async (args, message) => {
    mkdirSync(join(folder, 'a-folder'), { recursive: true })
    file('text.txt', 'hello')
    file('cut.json', BROKEN.slice(0, -20))
    file('deep.json', `[{"role":"user","content":${'['.repeat(700)}${']'.repeat(700)}}]`)
    const { code, err, out } = await asProgram(args)
    expect(err).toContain(message)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  test('a file that cannot be read does not stop the others', async () => {
    const { code, out } = await asProgram(['none.json', file('healthy.json', HEALTHY)])
    expect(code).toBe(2)
    expect(out).toContain('nothing is wrong')
    expect(out).toContain('2 files: 1 healthy, 0 not, 1 not read')
  })
})

describeShared('sessions', 'onefold doctor on a real session', () => {
  test.each([
    ['claude/finished-tool-turn.jsonl', []],
    ['claude/killed-in-tool.jsonl', ['Bash toolu_000001fpx48s (line 22)']],
    ['codex/killed-in-one-of-two-tools.jsonl', ['exec_command call_000002begjwu']],
    ['kimi/killed-in-tool.jsonl', ['Bash call_000001r4a91x (line 18)']],
    ['pi/killed-in-tool.jsonl', ['bash call_000001qyeuwi']],
    ['qwen/killed-in-tool.jsonl', ['run_shell_command call_000001rf9vyt']],
    ['gemini/finished-tool-turn.jsonl', []],
  ])('%s: names the open calls; what --write writes is healthy', async (name, open) => {
    const bytes = readFileSync(new URL(name, SESSIONS))
    const path = file(name.replace('/', '-'), bytes)
    const { code, out } = await doctor([path, '--write'])
    expect(code).toBe(open.length > 0 ? 1 : 0)
    for (const one of open) expect(out).toContain(`open call   ${one}`)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    if (open.length === 0) return
    expect(out).toContain('read again: nothing is wrong with it')
    expect(out).toContain('while the agent is not running')
    expect((await doctor([path.replace('.jsonl', '.repaired.jsonl')])).code).toBe(0)
  })

  test('B18: a torn tail is reported beside what stands before it', async () => {
    const bytes = readFileSync(new URL('kimi/killed-in-tool.jsonl', SESSIONS))
    const { code, out } = await doctor([file('torn.jsonl', Buffer.concat([bytes, Buffer.from('{"type":"con')]))])
    expect(code).toBe(1)
    expect(out).toContain('torn_tail: the file ends within a record')
    expect(out).toContain('open call   Bash call_000001r4a91x')
  })
})
