/**
 * What a contender made of a stream, in one form for all:
 *
 * - `text`, `thinking`: all of it, joined
 * - `calls`: the calls in the result, each as a line of name and arguments
 * - `ran`: the calls that were handed out: run by the library, or in a result that the library does not itself call failed
 *   or incomplete
 * - `stop`: why the model stopped, in the library's own word; undefined if the library does not know
 * - `finished`: how often there was a finished message
 * - `error`: what was thrown or reported as an error
 * - `isAbnormal`: the library's own word for the end says that it is no normal one
 * - `isTold`: it says in another way that something is missing or could not be read
 * - `echoes`: events by which the library says that a call or a message is finished
 * - `usage`: as the library has it
 */
export function neutral(result) {
  const { text = '', thinking = '', calls = [], stop, finished = 1, error, usage } = result
  const { isAbnormal = false, isTold = false, echoes = 0 } = result
  const { ran = isAbnormal || error !== undefined ? [] : calls } = result
  return {
    text,
    thinking,
    calls,
    ran,
    ...(stop === undefined || stop === null || stop === '' ? {} : { stop: String(stop) }),
    finished,
    ...(error === undefined ? {} : { error }),
    isAbnormal,
    isTold,
    echoes,
    ...(usage === undefined ? {} : { usage }),
  }
}

/** A result that is an error and nothing else. */
export function failed(error, rest = {}) {
  return neutral({ ...rest, finished: 0, error: error instanceof Error ? error.message : String(error) })
}

/** A call as a line that is the same for equal arguments, in whatever order their keys stand. */
export function callOf(name, input) {
  return `${name} ${JSON.stringify(sorted(input))}`
}

/** The same where the arguments are text; nothing at all is `{}`. */
export function callOfText(name, json) {
  try {
    return callOf(name, json === '' ? {} : JSON.parse(json))
  } catch {
    return `${name} ${json}`
  }
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, of]) => [key, sorted(of)]),
  )
}

/** The text of a field in all parts of a type. */
export function joined(parts, type, field = 'text') {
  return parts.flatMap((part) => (part.type === type ? [part[field] ?? ''] : [])).join('')
}
