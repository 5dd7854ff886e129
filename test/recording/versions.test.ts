/** docs/recordings.md, "Versions": a test for each of its sentences that says what a reader or a writer does. */
import { expect, it } from 'vitest'
import { formatRecording, parseRecording, RECORDING_VERSION } from '../../src/recording/format.ts'

const header = (version: number, more = ''): string =>
  `{"onefold":${version},"provenance":{"kind":"handwritten"}${more}}`
const END = '{"end":"eof"}'
const read = (...lines: string[]): ReturnType<typeof parseRecording> => parseRecording(lines.join('\n'), { name: 'x' })

it('a reader accepts its own version and all older ones', () => {
  for (let version = 1; version <= RECORDING_VERSION; version += 1) {
    expect(read(header(version), END).ending).toBe('eof')
  }
})

it.each([RECORDING_VERSION + 1, 99])(
  'a reader refuses the newer version %i, naming both, and says to update',
  (version) => {
    const says = `x, line 1: its format has version ${version}, and this onefold reads versions up to ${RECORDING_VERSION}. Update onefold.`
    expect(() => read(header(version), '{"a new":"kind of line"}', END)).toThrow(says)
  },
)

it('a new key in the header needs no new version: it is kept, and written again', () => {
  const text = `${header(RECORDING_VERSION, ',"mine":{"deep":[1]},"response":{"status":200,"mine":2},"request":{"mine":3}')}\n${END}\n`
  expect(parseRecording(text).header).toMatchObject({
    mine: { deep: [1] },
    response: { mine: 2 },
    request: { mine: 3 },
  })
  expect(parseRecording(formatRecording(parseRecording(text)))).toEqual(parseRecording(text))
})

it.each([
  ['a new kind of line', '{"note":"x"}', END],
  ['a new element of a chunk', '[1,"a",{"redacted":true},2]', END],
  ['a new key of a chunk', '[1,"a",{"mine":1}]', END],
  ['a new key of the end', '[1,"a"]', '{"end":"eof","mine":1}'],
  ['a new way to end', '[1,"a"]', '{"end":"other"}'],
])('%s needs a new version: a reader refuses what it does not know there', (_name, ...lines) => {
  expect(() => read(header(RECORDING_VERSION), ...lines)).toThrow(/^x, line \d/)
})
