/** What whoever records may say, checked before anything is recorded: a wrong word must not be noticed by the recordings that are missing. */
import { MisuseError } from '../errors.ts'
import { checkNames } from '../options.ts'
import type { RecordOptions } from './recorder.ts'
import { createRedactor, type Redactor } from './redact.ts'

const NAMES: readonly (keyof RecordOptions)[] = ['redact', 'secrets', 'recordedBy', 'onError', 'clock', 'date']

/**
 * The redactor of these options, which may have `others` besides. Throws `MisuseError('bad_option')` for an option that there is not, and for
 * a pattern that is none.
 */
export function checkedRedactor(options: RecordOptions, others: readonly string[]): Redactor {
  checkNames(options, [...others, ...NAMES])
  for (const name of ['redact', 'secrets'] as const) {
    // What is handed in may be the secret: it is not repeated.
    if (options[name] !== undefined && !Array.isArray(options[name])) {
      throw new MisuseError(
        'bad_option',
        `${name}: it is no list; write ${name}: [${name === 'redact' ? '/…/' : "'…'"}]`,
      )
    }
  }
  return createRedactor([], options)
}
