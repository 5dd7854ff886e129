/** The session files that real agents left behind: what is read from them, whole, cut anywhere and damaged. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ContentBlock } from '../../src/message.ts'
import { closeSession } from '../../src/transcript/import/closing.ts'
import type { Imported, ImportedItem } from '../../src/transcript/import/imported.ts'
import { importSession } from '../../src/transcript/import/session.ts'
import type { ToolOutput } from '../../src/transcript/items.ts'
import { describeShared } from '../support/corpus.ts'

const SESSIONS = new URL('../../../shared/sessions/', import.meta.url)

function readSession(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, SESSIONS)))
}

function imported(file: string | Uint8Array): Imported {
  return importSession(file) ?? expect.fail('no agent is known that writes such a file')
}

function textOf(content: ToolOutput['content']): string {
  return typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : '?')).join('|')
}

function said(content: ToolOutput['content']): string {
  return textOf(content).trim().split('\n')[0]?.slice(0, 24) ?? ''
}

function blockText(block: ContentBlock): string {
  if (block.type === 'tool_call') return `${block.name} ${block.id}`
  return block.type === 'text' ? `"${block.text}"` : block.type
}

/** `line role what`; a star marks a piece of a message. */
function short({ line, item, isFragment }: ImportedItem): string {
  switch (item.role) {
    case 'user':
    case 'system':
      return `${line} ${item.role} ${said(item.content)}`
    case 'assistant':
      return `${line} assistant${isFragment === true ? '*' : ''} ${item.message.content.map(blockText).join(', ')}`
    case 'tool':
      return `${line} ${item.isError === true ? 'error' : 'result'} ${said(item.content)}`
    case 'note':
      return `${line} note`
    default: {
      const never: never = item
      return never
    }
  }
}

/** The provider's ids of the calls without a result. */
function openCalls({ items }: Imported): readonly string[] {
  const answered = new Set(items.flatMap(({ item }) => (item.role === 'tool' ? [item.call] : [])))
  return items.flatMap(({ item }) =>
    item.role === 'assistant'
      ? item.message.content.flatMap((block) =>
          block.type === 'tool_call' && !answered.has(block.key) ? [block.id] : [],
        )
      : [],
  )
}

interface Row {
  readonly items: readonly string[]
  readonly open?: readonly string[]
  readonly target: Imported['target']
  readonly problems?: readonly string[]
}

const FILES: Readonly<Record<string, Row>> = {
  'claude/finished-tool-turn.jsonl': {
    target: 'anthropic',
    items: [
      '3 user say hello',
      '21 assistant* "Running it."',
      '22 assistant* Bash toolu_000001yw50ms',
      '23 result tool-ran',
      '30 assistant "Hello from the mock — done."',
    ],
  },
  'claude/killed-in-tool.jsonl': {
    target: 'anthropic',
    items: ['3 user say hello', '21 assistant* "Running it."', '22 assistant* Bash toolu_000001fpx48s'],
    open: ['toolu_000001fpx48s'],
  },
  // The file was written before the result of the fast one.
  'claude/killed-in-one-of-two-tools.jsonl': {
    target: 'anthropic',
    items: [
      '3 user say hello',
      '21 assistant* "Running it."',
      '22 assistant* Bash toolu_000002ufiaf5',
      '23 assistant* Bash toolu_b000002ufiaf5',
    ],
    open: ['toolu_000002ufiaf5', 'toolu_b000002ufiaf5'],
  },
  'claude/killed-mid-tool-json.jsonl': { target: 'anthropic', items: ['3 user say hello'] },
  'codex/finished-tool-turn.jsonl': {
    target: 'openai-responses',
    items: [
      '3 system <skills_instructions>',
      '4 user <environment_context>',
      '8 user say hello',
      '11 assistant "Running it.", exec_command call_000001h0is0l',
      '15 result Chunk ID: 66c0cc',
      '18 assistant "Hello from the mock — done."',
    ],
  },
  'codex/killed-in-tool.jsonl': {
    target: 'openai-responses',
    items: [
      '3 system <skills_instructions>',
      '4 user <environment_context>',
      '8 user say hello',
      '11 assistant "Running it.", exec_command call_0000011sczil',
    ],
    open: ['call_0000011sczil'],
  },
  // The output of the fast one was only shown when Codex was killed.
  'codex/killed-in-one-of-two-tools.jsonl': {
    target: 'openai-responses',
    items: [
      '3 system <skills_instructions>',
      '4 user <environment_context>',
      '8 user say hello',
      '11 assistant "Running it.", exec_command call_000002begjwu, exec_command call_b000002begjwu',
      '15 result fast',
    ],
    open: ['call_000002begjwu'],
  },
  'codex/killed-mid-tool-json.jsonl': {
    target: 'openai-responses',
    items: [
      '3 system <skills_instructions>',
      '4 user <environment_context>',
      '8 user say hello',
      '11 assistant "Running it."',
    ],
  },
  'kimi/finished-tool-turn.jsonl': {
    target: 'kimi',
    items: [
      '6 user say hello',
      '8 user <system-reminder>',
      '9 user <system-reminder>',
      '12 assistant "Running it.", Bash call_000001p62l3x',
      '19 result tool-ran',
      '21 assistant "Hello from the mock — done."',
    ],
  },
  'kimi/killed-in-tool.jsonl': {
    target: 'kimi',
    items: [
      '6 user say hello',
      '8 user <system-reminder>',
      '9 user <system-reminder>',
      '12 assistant "Running it.", Bash call_000001r4a91x',
    ],
    open: ['call_000001r4a91x'],
  },
  'kimi/killed-in-one-of-two-tools.jsonl': {
    target: 'kimi',
    items: [
      '6 user say hello',
      '8 user <system-reminder>',
      '9 user <system-reminder>',
      '12 assistant "Running it.", Bash call_000002a4clc5, Bash call_b000002a4clc5',
    ],
    open: ['call_000002a4clc5', 'call_b000002a4clc5'],
  },
  'kimi/killed-mid-tool-json.jsonl': {
    target: 'kimi',
    items: ['6 user say hello', '8 user <system-reminder>', '9 user <system-reminder>'],
  },
  'kimi/replayed-tool-block.jsonl': {
    target: 'anthropic',
    items: [
      '6 user say hello',
      '8 user <system-reminder>',
      '9 user <system-reminder>',
      '12 assistant "Running it.", Bash toolu_000002uproi4',
    ],
    open: ['toolu_000002uproi4'],
    problems: ['19 duplicate_record'],
  },
  'gemini/finished-tool-turn.jsonl': {
    target: 'gemini',
    items: [
      '2 user <session_context>',
      '3 user say hello',
      '7 assistant "Running it.", run_shell_command run_shell_command__run_shell_command_1795174556326_0',
      '7 result <untrusted_context>',
      '10 assistant "Hello from the mock — done."',
    ],
  },
  // Gemini CLI writes no call before its result: nothing is open in these files.
  'gemini/killed-in-tool.jsonl': {
    target: 'gemini',
    items: ['2 user <session_context>', '3 user say hello', '5 assistant "Running it."'],
  },
  'gemini/killed-in-one-of-two-tools.jsonl': {
    target: 'gemini',
    items: ['2 user <session_context>', '3 user say hello', '5 assistant "Running it."'],
  },
  'gemini/killed-mid-tool-json.jsonl': {
    target: 'gemini',
    items: ['2 user <session_context>', '3 user say hello'],
  },
  'pi/finished-tool-turn.jsonl': {
    target: 'openai-chat',
    items: [
      '4 user say hello',
      '5 assistant "Running it.", bash call_0000013zxadu',
      '6 result tool-ran',
      '7 assistant "Hello from the mock — done."',
    ],
  },
  'pi/killed-in-tool.jsonl': {
    target: 'openai-chat',
    items: ['4 user say hello', '5 assistant "Running it.", bash call_000001qyeuwi'],
    open: ['call_000001qyeuwi'],
  },
  'pi/killed-in-one-of-two-tools.jsonl': {
    target: 'openai-chat',
    items: ['4 user say hello', '5 assistant "Running it.", bash call_000002ynthzb, bash call_b000002ynthzb'],
    open: ['call_000002ynthzb', 'call_b000002ynthzb'],
  },
  'qwen/finished-tool-turn.jsonl': {
    target: 'openai-chat',
    items: [
      '1 user say hello',
      '4 assistant "Running it.", run_shell_command call_000001qiwiqx',
      '6 result Command: echo tool-ran >',
      '8 assistant "Hello from the mock — done."',
    ],
  },
  'qwen/killed-in-tool.jsonl': {
    target: 'openai-chat',
    items: ['1 user say hello', '4 assistant "Running it.", run_shell_command call_000001rf9vyt'],
    open: ['call_000001rf9vyt'],
  },
  'qwen/killed-in-one-of-two-tools.jsonl': {
    target: 'openai-chat',
    items: [
      '1 user say hello',
      '4 assistant "Running it.", run_shell_command call_000002t7e5u3, run_shell_command call_b000002t7e5u3',
    ],
    open: ['call_000002t7e5u3', 'call_b000002t7e5u3'],
  },
  'qwen/killed-mid-tool-json.jsonl': { target: 'openai-chat', items: ['1 user say hello'] },
}

const AGENT_OF: Readonly<Record<string, Imported['agent']>> = {
  claude: 'claude-code',
  codex: 'codex',
  kimi: 'kimi-code',
  gemini: 'gemini-cli',
  pi: 'pi',
  qwen: 'qwen-code',
}

function kindsOf({ problems }: Imported): readonly string[] {
  return problems.map(({ line, kind }) => `${line} ${kind}`)
}

/** The files with their records: where in the bytes each begins and ends. */
function boundsOf(bytes: Uint8Array): readonly { readonly start: number; readonly end: number }[] {
  const bounds: { start: number; end: number }[] = []
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (end > start) bounds.push({ start, end })
    start = end + 1
  }
  if (start < bytes.length) bounds.push({ start, end: bytes.length })
  return bounds
}

/** All offsets within the last two records and a few in each of the others; every byte of what is not ASCII. */
function cutsOf(bytes: Uint8Array): readonly number[] {
  const bounds = boundsOf(bytes)
  const cuts = new Set<number>()
  for (const { start, end } of bounds)
    for (const at of [start, start + 1, (start + end) >> 1, end - 1, end]) cuts.add(at)
  const last = bounds.at(-2) ?? { start: 0 }
  const from = Math.max(last.start, bytes.length - 3000)
  for (let at = from; at <= bytes.length; at += 1) cuts.add(at)
  for (const [at, byte] of bytes.entries()) if (byte > 127) cuts.add(at)
  return [...cuts].toSorted((a, b) => a - b)
}

describeShared('sessions', 'the session files', () => {
  const files = readdirSync(SESSIONS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'))

  it('are all in the list here', () => {
    expect(files.toSorted()).toEqual(Object.keys(FILES).toSorted())
  })

  describe.each(Object.entries(FILES))('%s', (file, row) => {
    it('gives the conversation that the agent holds', () => {
      const session = imported(readSession(file))
      expect({
        agent: session.agent,
        target: session.target,
        items: session.items.map(short),
        open: openCalls(session),
        problems: kindsOf(session),
      }).toEqual({
        agent: AGENT_OF[file.split('/')[0] ?? ''],
        target: row.target,
        items: row.items,
        open: row.open ?? [],
        problems: row.problems ?? [],
      })
    })

    it('B18, cut at any byte: what stands before the cut is there, and a cut within a record is reported', () => {
      const bytes = readSession(file)
      const bounds = boundsOf(bytes)
      const known = new Map<number, Imported | undefined>()
      for (const cut of cutsOf(bytes)) {
        const whole = bounds.filter(({ end }) => end <= cut).length
        const isWithin = bounds.some(({ start, end }) => start < cut && cut < end)
        if (!known.has(whole)) known.set(whole, importSession(bytes.slice(0, bounds[whole - 1]?.end ?? 0)))
        const before = known.get(whole)
        const session = importSession(bytes.slice(0, cut))
        expect(session?.items, `cut at ${cut}`).toEqual(before?.items)
        const torn = session?.problems.filter(({ kind }) => kind === 'torn_tail').map(({ line }) => line)
        expect(torn, `cut at ${cut}`).toEqual(session === undefined ? undefined : isWithin ? [whole + 1] : [])
      }
      expect(known.get(bounds.length)?.items.map(short)).toEqual(row.items)
    })

    it('B18, with a line lost to NULs, garbage or a cut: everything that stands on other lines is there', () => {
      const text = new TextDecoder().decode(readSession(file))
      const lines = text.split('\n').filter(Boolean)
      const told = new Set(imported(text).items.map(({ line }) => line))
      const untold = lines.findIndex((_, index) => index > 0 && !told.has(index + 1))
      if (untold === -1) {
        expect(file).toMatch(/^qwen|^pi/)
        return
      }
      for (const junk of ['\0'.repeat(300), 'not JSON', lines[untold]?.slice(0, -2) ?? '', '[]', 'null', '}{']) {
        const session = imported([...lines.slice(0, untold), junk, ...lines.slice(untold + 1), ''].join('\n'))
        const items = session.items.map(short)
        expect(items, junk.slice(0, 10)).toEqual(row.items)
        expect(kindsOf(session)).toContain(`${untold + 1} damaged_line`)
      }
    })

    it('R22, with all records glued into one line: the same conversation, and a report', () => {
      const text = new TextDecoder().decode(readSession(file))
      const glued = imported(text.replaceAll('\n', ''))
      expect(glued.items.map((item) => short({ ...item, line: 1 }))).toEqual(
        row.items.map((item) => item.replace(/^\d+/, '1')),
      )
      expect(kindsOf(glued)).toContain('1 glued_records')
      expect(openCalls(glued)).toEqual(row.open ?? [])
    })

    it('with a BOM, CRLF and blank lines: the same conversation, and no report', () => {
      const text = new TextDecoder().decode(readSession(file))
      const session = imported(`\uFEFF${text.replaceAll('\n', '\r\n')}\r\n\r\n`)
      expect(session.items).toEqual(imported(text).items)
      expect(kindsOf(session)).toEqual(row.problems ?? [])
    })

    it('a torn tail that the next record was glued to: that record is read, the torn one is reported', () => {
      const lines = new TextDecoder().decode(readSession(file)).split('\n').filter(Boolean)
      const last = lines.at(-1) ?? ''
      const torn = last.slice(0, last.length >> 1)
      const glued = imported(`${[...lines.slice(0, -1), `${torn}${last}`].join('\n')}\n`)
      const isKnownShape = lines
        .slice(0, -1)
        .some((line) => Object.keys(JSON.parse(line)).join() === Object.keys(JSON.parse(last)).join())
      const whole = imported(`${lines.slice(0, isKnownShape ? lines.length : -1).join('\n')}\n`)
      expect(glued.items).toEqual(whole.items)
      expect(kindsOf(glued)).toContain(`${lines.length} damaged_line`)
    })

    it('every record written twice: everything once', () => {
      const lines = new TextDecoder().decode(readSession(file)).split('\n').filter(Boolean)
      const session = imported(lines.flatMap((line) => [line, line]).join('\n'))
      expect(session.items.map(short).map(strip)).toEqual(row.items.map(strip))
      expect(openCalls(session)).toEqual(row.open ?? [])
    })

    it('closed: it reads without a problem, every call has a result, and nothing else changed', () => {
      const text = new TextDecoder().decode(readSession(file))
      const closed = closeSession(text, ({ name }) => `${name} was interrupted`) ?? expect.fail('nothing was written')
      const session = imported(closed)
      expect(session.problems).toEqual([])
      expect(openCalls(session)).toEqual([])
      const added = new Set(session.items.flatMap(({ item }) => (isClosing(item) ? [item] : [])))
      expect(added.size).toBe((row.open ?? []).length)
      const before = imported(text).items.map(({ item }) => item)
      expect(session.items.flatMap(({ item }) => (added.has(item) ? [] : [item]))).toEqual(before)
      expect(closeSession(closed, () => 'again')).toBe(closed)
    })
  })
})

function strip(item: string): string {
  return item.replace(/^\d+ /, '')
}

function isClosing(item: ImportedItem['item']): boolean {
  return item.role === 'tool' && textOf(item.content).endsWith('was interrupted')
}
