/** The option `--redact`: what else is secret. */
import { MisuseError } from '../errors.ts'

/** A pattern as it is typed: `/…/` with flags is a regular expression, everything else a text. Throws `MisuseError('bad_option')`. */
export function patternOf(text: string): string | RegExp {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? []
  if (source === undefined) return text
  try {
    return new RegExp(source, flags)
  } catch (error) {
    // The pattern may hold the secret: it is not repeated.
    const why = error instanceof SyntaxError && !error.message.includes(source) ? `: ${error.message}` : ''
    throw new MisuseError('bad_option', `--redact: a pattern is not a regular expression${why}`, { cause: error })
  }
}
