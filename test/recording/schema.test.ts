import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import { parseRecording, RECORDING_EXTENSION } from '../../src/recording/format.ts'

const schema: unknown = JSON.parse(readFileSync('recordings/recording.schema.json', 'utf8'))
if (typeof schema !== 'object' || schema === null) throw new Error('the schema is not an object')
// Strict tuples would ask for minItems equal to the length, and the mark is optional.
const isLine = new Ajv2020({ strict: true, strictTuples: false }).compile(schema)

const HEADER = '{"onefold":1,"provenance":{"kind":"handwritten"}}'
const END = '{"end":"eof"}'

/** What the reader says of one line, put where its kind belongs. */
function readerAccepts(line: string): boolean {
  const isObject = line.startsWith('{')
  const texts = line.startsWith('{"end"') ? [HEADER, line] : isObject ? [line, END] : [HEADER, line, END]
  try {
    return parseRecording(texts.join('\n')).problems.length === 0
  } catch {
    return false
  }
}

const good = [
  HEADER,
  '{"onefold":1,"dialect":"","request":{},"provenance":{"kind":"derived","from":"","note":""}}',
  '{"onefold":1,"response":{"status":529,"contentType":"","more":1},"provenance":{"kind":"derived","more":1},"more":1}',
  '{"onefold":1,"recordedAt":"2026-11-20T13:50:48Z","recordedBy":"me","provenance":{"kind":"captured"}}',
  '{"onefold":1,"recordedAt":"2026-11-20T13:50:48.123+01:00","provenance":{"kind":"captured"}}',
  '[0,""]',
  '[12.5,"text 😀"]',
  '[12,"text",{"redacted":true}]',
  '[12,null,""]',
  '[12,null,"8J8="]',
  '[12,null,"8A=="]',
  '[12,null,"7aCA",{"redacted":true}]',
  '{"end":"eof"}',
  '{"end":"reset","ms":0}',
  '{"end":"abort","ms":12.5}',
]

const bad = [
  '{}',
  '{"onefold":1}',
  '{"onefold":2,"provenance":{"kind":"captured"}}',
  '{"onefold":"1","provenance":{"kind":"captured"}}',
  '{"onefold":1,"provenance":"captured"}',
  '{"onefold":1,"provenance":{}}',
  '{"onefold":1,"provenance":{"kind":"real"}}',
  '{"onefold":1,"provenance":{"kind":"captured","from":1}}',
  '{"onefold":1,"provenance":{"kind":"captured","note":null}}',
  '{"onefold":1,"dialect":null,"provenance":{"kind":"captured"}}',
  '{"onefold":1,"request":[],"provenance":{"kind":"captured"}}',
  '{"onefold":1,"response":{},"provenance":{"kind":"captured"}}',
  '{"onefold":1,"response":{"status":"200"},"provenance":{"kind":"captured"}}',
  '{"onefold":1,"response":{"status":200.5},"provenance":{"kind":"captured"}}',
  '{"onefold":1,"response":{"status":99},"provenance":{"kind":"captured"}}',
  '{"onefold":1,"response":{"status":600},"provenance":{"kind":"captured"}}',
  '{"onefold":1,"response":{"status":200,"contentType":1},"provenance":{"kind":"captured"}}',
  '{"onefold":1,"recordedAt":"yesterday","provenance":{"kind":"captured"}}',
  '{"onefold":1,"recordedAt":1,"provenance":{"kind":"captured"}}',
  '{"onefold":1,"recordedBy":1,"provenance":{"kind":"captured"}}',
  '[]',
  '[1]',
  '["1","text"]',
  '[-1,"text"]',
  '[1e999,"text"]',
  '[1,2]',
  '[1,null]',
  '[1,null,2]',
  '[1,"text","8A=="]',
  '[1,"text",null]',
  '[1,"text",{}]',
  '[1,"text",{"redacted":false}]',
  '[1,"text",{"redacted":true,"more":1}]',
  '[1,"text",{"redacted":true},1]',
  '[1,"\\ud83d"]',
  '[1,null,"8J8"]',
  '[1,null,"8J9="]',
  '[1,null,"8B=="]',
  '[1,null,"8J8=\\n"]',
  '[1,null,"-_8="]',
  '{"end":"done"}',
  '{"end":null}',
  '{"end":"eof","ms":-1}',
  '{"end":"eof","ms":null}',
  '{"end":"eof","more":1}',
  '7',
  'null',
]

it.each(good)('the schema and the reader accept %s', (line) => {
  expect({ schema: isLine(JSON.parse(line)), reader: readerAccepts(line) }).toEqual({ schema: true, reader: true })
})

it.each(bad)('the schema and the reader refuse %s', (line) => {
  expect({ schema: isLine(JSON.parse(line)), reader: readerAccepts(line) }).toEqual({ schema: false, reader: false })
})

it('every recording of the project and of its documentation is valid by the schema and for the reader', () => {
  const shown = /```jsonl\n(.*?)```/s.exec(readFileSync('docs/recordings.md', 'utf8'))?.[1] ?? ''
  const files = readdirSync('recordings', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(RECORDING_EXTENSION))
    .map((path) => [path, readFileSync(join('recordings', path), 'utf8')] as const)

  const findings = [['docs/recordings.md', shown] as const, ...files].flatMap(([name, text]) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    const byTheSchema = lines
      .filter((line) => !isLine(JSON.parse(line)))
      .map((line) => `${name}: not in the schema: ${line}`)
    return [
      ...byTheSchema,
      ...parseRecording(text, { name }).problems.map((problem) => `${name}: ${JSON.stringify(problem)}`),
    ]
  })
  expect(findings).toEqual([])
})
