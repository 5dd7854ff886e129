/** Histories that callers hand in: arrays of whatever. */
import { MisuseError } from '../errors.ts'
import { TooDeepError, copyJson, isObject, wordOf, type JsonObject } from '../json.ts'
import { checkNames } from '../options.ts'
import { TARGETS, type RequestFacts, type Target } from './target.ts'

/** A copy that shares nothing with what was given; what is no object becomes an empty one, which the rules then name. */
export function copyHistory(messages: readonly unknown[]): readonly JsonObject[] {
  const given: unknown = messages
  if (!Array.isArray(given)) {
    throw new MisuseError('bad_argument', `messages must be an array of the provider’s messages, not ${wordOf(given)}`)
  }
  return given.map((message, index) => {
    try {
      const copy = copyJson(message)
      return isObject(copy) ? copy : {}
    } catch (error) {
      if (!(error instanceof TooDeepError)) throw error
      throw new MisuseError('bad_argument', `messages[${index}] is ${error.message}`, { cause: error })
    }
  })
}

const FACTS: ReadonlySet<string> = new Set([
  'profile',
  'thinking',
  'tools',
  'continues',
] satisfies (keyof RequestFacts)[])

/** Throws `MisuseError` for a target or facts that do not exist. */
export function checkTarget(target: Target, facts: RequestFacts): void {
  if (!TARGETS.includes(target)) {
    throw new MisuseError('bad_option', `there is no target ${wordOf(target)}; there are ${TARGETS.join(', ')}`)
  }
  checkNames(facts, FACTS)
  const { profile, thinking, tools, continues } = facts
  if (profile !== undefined && profile !== 'lax' && profile !== 'strict') {
    throw new MisuseError('bad_option', `the option profile is lax or strict, not ${wordOf(profile)}`)
  }
  for (const [name, fact] of Object.entries({ thinking, tools, continues })) {
    if (fact !== undefined && typeof fact !== 'boolean') {
      throw new MisuseError('bad_option', `the option ${name} is true or false, not ${wordOf(fact)}`)
    }
  }
}
