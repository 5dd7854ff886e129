/** What is typed behind the options of `onefold compare`. Each throws `MisuseError` that names the option, the value and what it takes. */
import { checkPrices } from '../compare/compare.ts'
import { ASPECTS, type Aspect, type PriceTable } from '../compare/comparison.ts'
import { counted } from '../compare/units.ts'
import { DIALECT_NAMES, isDialect } from '../dialects/definitions.ts'
import { MisuseError } from '../errors.ts'
import { brokenLine, parseJson } from '../json.ts'
import type { Dialect } from '../message.ts'
import { nearest } from '../nearest.ts'
import { readBytes } from '../node/recording-files.ts'
import { shortLabels } from './side-labels.ts'

export function aspectsOf(lists: readonly string[]): readonly Aspect[] {
  const names = lists
    .flatMap((list) => list.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = names.find((name) => !isAspect(name))
  if (unknown !== undefined || (lists.length > 0 && names.length === 0)) {
    throw new MisuseError(
      'bad_option',
      `--ignore ${unknown ?? ''}: it takes ${ASPECTS.join(', ')}, with commas between them${meant(unknown ?? '')}`,
    )
  }
  return [...new Set(names.filter(isAspect))]
}

/** What else would be all of it is no slip of the finger. */
function meant(name: string): string {
  const near = nearest(name, ASPECTS)
  return near === undefined || near.distance > 2 || near.distance >= name.length ? '' : `; did you mean ${near.name}?`
}

function isAspect(name: string): name is Aspect {
  return ASPECTS.some((aspect) => aspect === name)
}

export function dialectOf(name: string | undefined): Dialect | undefined {
  if (name === undefined || isDialect(name)) return name
  throw new MisuseError('unknown_dialect', `--dialect ${name}: onefold reads ${DIALECT_NAMES.join(', ')}`)
}

export function millisecondsOf(text: string): number {
  const ms = text.trim() === '' ? NaN : Number(text)
  if (Number.isFinite(ms) && ms >= 0) return ms
  throw new MisuseError('bad_option', `--tolerance ${text}: it must be milliseconds, 0 or more`)
}

export function labelsOf(
  labels: readonly string[] | undefined,
  paths: readonly string[],
  kind: 'files' | 'folders',
): readonly string[] {
  if (labels === undefined) return shortLabels(paths, kind)
  if (labels.length !== paths.length) {
    throw new MisuseError(
      'bad_argument',
      `--label is there ${often(labels.length)} for ${counted(paths.length, 'side')}: give it once for each, or not at all`,
    )
  }
  const twice = labels.find((label, place) => labels.indexOf(label) !== place)
  if (twice === undefined) return labels
  const times = often(labels.filter((label) => label === twice).length)
  throw new MisuseError('bad_argument', `--label ${twice} is there ${times}: give each side its own`)
}

function often(times: number): string {
  return times === 1 ? 'once' : times === 2 ? 'twice' : counted(times, 'time')
}

export function referenceOf(name: string | undefined, paths: readonly string[], labels: readonly string[]): number {
  if (name === undefined) return 0
  const named = [paths.indexOf(name), labels.indexOf(name)].find((place) => place >= 0)
  if (named !== undefined) return named
  const number = /^\d+$/.test(name) ? Number(name) : 0
  if (number >= 1 && number <= paths.length) return number - 1
  throw new MisuseError(
    'bad_option',
    `--reference ${name}: it must be a number from 1 to ${paths.length}, or one of ${[...new Set([...paths, ...labels])].join(', ')}`,
  )
}

/** Throws `MisuseError` that names the file and the place in it. */
export async function readPrices(file: string): Promise<PriceTable> {
  const text = new TextDecoder().decode(await readBytes(file))
  const prices: unknown = parseJson(text)
  if (prices === undefined)
    throw new MisuseError(
      'bad_option',
      `${file}: not JSON (line ${brokenLine(text) ?? text.split('\n').length}); --prices takes { "model": { "input": 3, "output": 15 } }`,
    )
  try {
    checkPrices(prices)
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error
    throw new MisuseError(error.code, `${file}: ${error.message}`, { cause: error })
  }
  return prices
}

/** A whole number of at least 1. */
export function positiveOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (number > 0) return number
  throw new MisuseError('bad_option', `--${option} ${text}: it must be a whole number of at least 1`)
}
