/** Recordings as files: names, numbers, modes, and what happens where nothing can be written. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { recordingFolder } from '../../src/node/recording-folder.ts'
import { parseRecording, type RecordingHeader } from '../../src/recording/format.ts'

const root = mkdtempSync(join(tmpdir(), 'onefold-folder-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const header = (more: object = {}): RecordingHeader => ({ onefold: 1, provenance: { kind: 'captured' }, ...more })
const bytes = new TextEncoder().encode('data: 1\n\n')

test('numbers follow the requests and go on behind what is there; nothing is overwritten', async () => {
  const folder = join(root, 'numbers')
  mkdirSync(folder)
  writeFileSync(join(folder, '0007-x.recording'), 'mine')
  const sink = recordingFolder(folder)
  writeFileSync(join(folder, '0009-stream.recording'), 'also mine')
  const second = sink.open(header({ order: 2 }))
  const first = sink.open(header({ order: 1, dialect: 'openai-chat' }))
  second.chunk({ ms: 1, bytes })
  first.end('eof', 1)
  second.end('reset', 2)
  await sink.close()
  expect(readdirSync(folder).toSorted()).toEqual([
    '0007-x.recording',
    '0008-openai-chat.recording',
    '0009-stream.recording',
    '0010-stream.recording',
  ])
  expect(readFileSync(join(folder, '0009-stream.recording'), 'utf8')).toBe('also mine')
  expect(parseRecording(readFileSync(join(folder, '0010-stream.recording'), 'utf8'))).toMatchObject({
    chunks: [{ bytes }],
    ending: 'reset',
    endMs: 2,
  })
  expect(sink.files.map(({ ending, chunks }) => [ending, chunks])).toEqual([
    ['eof', 0],
    ['reset', 1],
  ])
  expect(statSync(join(folder, '0010-stream.recording')).mode & 0o777).toBe(0o600)
})

test.each([
  ['../../etc/passwd', '/v1/messages'],
  ['a\u0000b\n/..', '/v1/messages'],
  ['x'.repeat(500), '/v1/messages'],
  ['..', '/../../..'],
])('the model %j and the path %s lead to no other folder', async (model, path) => {
  const folder = mkdtempSync(join(root, 'names-'))
  const sink = recordingFolder(folder)
  sink.open(header({ request: { method: 'POST', path, body: { model } } })).end('eof')
  await sink.close()
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^0001-[A-Za-z0-9._-]{1,150}\.recording$/)])
})

test('a name of the caller stands in the place of the usual one, leads to no other folder, and may be none', async () => {
  const folder = mkdtempSync(join(root, 'named-'))
  const names = ['../../my name', '..', 'a/b\u0000.recording']
  const sink = recordingFolder(folder, { nameOf: ({ order = 0 }) => names[order - 1] ?? '' })
  for (const order of [1, 2, 3]) sink.open(header({ order, dialect: 'openai-chat' })).end('eof')
  await sink.close()
  expect(readdirSync(folder).toSorted()).toEqual([
    '0001-my-name.recording',
    '0002-openai-chat.recording',
    '0003-a-b-.recording.recording',
  ])
})

test('a folder that is gone is told once, and disturbs nobody', async () => {
  const folder = join(root, 'gone')
  const told: string[] = []
  const sink = recordingFolder(folder, { onError: (error) => void told.push(error.message) })
  rmSync(folder, { recursive: true })
  for (let index = 0; index < 3; index += 1) {
    const writer = sink.open(header())
    writer.chunk({ ms: 0, bytes })
    writer.end('eof')
  }
  await sink.close()
  expect(told).toEqual([expect.stringContaining('the folder is gone')])
})

test('a path that is no folder is misuse', () => {
  writeFileSync(join(root, 'file'), '')
  expect(() => recordingFolder(join(root, 'file'))).toThrow(expect.objectContaining({ code: 'file_not_found' }))
})

test('a header that cannot be written leaves no file and keeps nobody waiting', async () => {
  const folder = join(root, 'header')
  const sink = recordingFolder(folder)
  expect(() => sink.open(header({ response: { status: 999 } }))).toThrow(/not an HTTP status/)
  await sink.close()
  expect([readdirSync(folder), sink.files]).toEqual([[], []])
})

test('what is not over ends with abort when the folder is closed, and what comes later is told once', async () => {
  const told: string[] = []
  const sink = recordingFolder(join(root, 'unfinished'), { onError: (error) => void told.push(error.message) })
  const writers = [sink.open(header()), sink.open(header())]
  for (const writer of writers) writer.chunk({ ms: 1, bytes })
  await sink.close()
  expect(sink.files.map(({ ending, isWhole }) => [ending, isWhole])).toEqual([
    ['abort', true],
    ['abort', true],
  ])
  for (const { path } of sink.files) {
    expect(parseRecording(readFileSync(path, 'utf8'))).toMatchObject({ chunks: [{ bytes }], ending: 'abort' })
  }
  writers[0]?.end('abort')
  expect(told).toEqual([])
  writers[1]?.chunk({ ms: 2, bytes })
  writers[1]?.end('eof')
  expect(told).toEqual([expect.stringContaining('after the folder was closed')])
})

test('a recording that begins after the folder was closed is told, and still written', async () => {
  const told: string[] = []
  const folder = join(root, 'late')
  const sink = recordingFolder(folder, { onError: (error) => void told.push(error.message) })
  await sink.close()
  sink.open(header()).end('eof')
  await sink.close()
  expect(told).toEqual([expect.stringContaining('after the folder was closed')])
  expect(parseRecording(readFileSync(sink.files[0]?.path ?? '', 'utf8')).ending).toBe('eof')
})

test('a folder within folders that are not there is made, and none in /proc', () => {
  const deep = join(root, 'a/b/c/')
  recordingFolder(deep)
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o700)
  expect(statSync(deep).isDirectory()).toBe(true)
  expect(() => recordingFolder(join(root, 'file/below'))).toThrow(/is no folder/)
  expect(() => recordingFolder('/proc/onefold/x')).toThrow(expect.objectContaining({ code: 'file_not_found' }))
})
