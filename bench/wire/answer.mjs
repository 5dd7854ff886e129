/**
 * What the streams say: text in deltas of one token each, tool input as JSON text in deltas of 20 characters on average. Only the sizes
 * matter to the bench; words and code are made up, with the share of punctuation, line ends and non-ASCII of ordinary answers.
 */
import { chance } from './chance.mjs'

export const WORDS = [
  'the of and to in is that it for as with on be this are by an or from at not which have one can if but all their we will each how',
  'about up out them then she many some so these would other into has more her two like him see time could no make than first been',
  'its who now people my made over did down only way find use may water long little very after words called just where most know',
  'function value return stream message event block buffer index result error handle parse state table row column query request',
  'important however therefore because although between different example system process information available development',
]
  .join(' ')
  .split(' ')
const MARKS = [',', '.', '.\n\n', ':', ' —', '’s', ' (', ')', '`', '\n- ', ' é', ' 42']

/** Deltas of one token each. */
export function textDeltas(tokens, seed = 1) {
  const below = chance(seed)
  return Array.from({ length: tokens }, () =>
    below(7) === 0 ? MARKS[below(MARKS.length)] : ` ${WORDS[below(WORDS.length)]}`,
  )
}

/** One long string, as of a tool that writes a file. */
export function fileInput(size, seed = 2) {
  const below = chance(seed)
  const lines = []
  for (let length = 0; length < size;) {
    const line = `${' '.repeat(2 * below(4))}const ${WORDS[below(WORDS.length)]} = "${WORDS[below(WORDS.length)]}" // ${WORDS[below(WORDS.length)]}`
    lines.push(line)
    length += JSON.stringify(line).length
  }
  return { path: 'src/report/summary.ts', content: lines.join('\n') }
}

/** Many small values, as of a tool that takes records. */
export function recordsInput(size, seed = 3) {
  const below = chance(seed)
  const records = []
  for (let length = 0; length < size;) {
    const record = {
      line: below(100_000),
      name: WORDS[below(WORDS.length)],
      isNew: below(2) === 0,
      score: below(1000) / 10,
      tags: [],
    }
    records.push(record)
    length += JSON.stringify(record).length + 1
  }
  return { path: 'data/records.json', records }
}

/** A JSON text in deltas of 8 to 32 characters. */
export function inputDeltas(input, seed = 4) {
  const below = chance(seed)
  const text = JSON.stringify(input)
  const deltas = []
  for (let at = 0; at < text.length;) {
    const end = at + 8 + below(25)
    deltas.push(text.slice(at, end))
    at = end
  }
  return deltas
}
