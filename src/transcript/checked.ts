/** What callers add to a transcript, checked and copied. */
import { MisuseError } from '../errors.ts'
import { deepFreeze, isObject, wordOf } from '../json.ts'
import { checkMessages } from '../options.ts'
import type { Entry } from './entry.ts'
import type { Note, Part, SystemMessage, ToolOutput, UserMessage } from './items.ts'

/** A copy of a message that is not the model's. Throws `MisuseError('bad_argument')` for what is none. */
export function checkedSaid(given: UserMessage | SystemMessage | Note): UserMessage | SystemMessage | Note {
  const { role } = given
  if (role !== 'user' && role !== 'system' && role !== 'note') {
    throw new MisuseError(
      'bad_argument',
      `a transcript takes messages of the roles user, system and note, messages that fold gave, and results through settle(); not the role ${wordOf(role)}`,
    )
  }
  const known = ['role', 'id', ...(role === 'note' ? ['note'] : ['content', 'native'])]
  const foreign = Object.keys(given).find((name) => !known.includes(name))
  if (foreign !== undefined) {
    throw new MisuseError('bad_argument', `a ${role} message has ${known.join(', ')}, and no ${foreign}`)
  }
  if (given.role === 'note' && given.note === undefined) {
    throw new MisuseError('bad_argument', 'a note has its content, any JSON, under note')
  }
  if (given.id !== undefined && (typeof given.id !== 'string' || given.id === '')) {
    throw new MisuseError('bad_argument', 'the id of a message is a text that is not empty')
  }
  if (given.role === 'system' && typeof given.content !== 'string') {
    throw new MisuseError('bad_argument', `the content of a system message is a text, not ${wordOf(given.content)}`)
  }
  if (given.role === 'user') checkContent(given.content, 'a user message')
  return frozenCopy(given)
}

/** A copy of what a tool gave back; a text stands for its content. */
export function checkedOutput(given: ToolOutput | string): ToolOutput {
  if (typeof given === 'string') return deepFreeze({ content: given })
  const output: unknown = given
  if (!isObject(output)) {
    throw new MisuseError('bad_argument', `a result is a text or { content, isError }, not ${wordOf(output)}`)
  }
  checkContent(given.content, 'a result')
  const { isError } = given
  if (isError !== undefined && typeof isError !== 'boolean') {
    throw new MisuseError('bad_argument', `isError is true or false, not ${wordOf(isError)}`)
  }
  const { content, own, native } = given
  return frozenCopy({
    content,
    ...(isError === undefined ? {} : { isError }),
    ...(own === undefined ? {} : { own }),
    ...(native === undefined ? {} : { native }),
  })
}

/** A copy that nobody can change. Throws `MisuseError('bad_argument')` for what is no plain JSON. */
export function frozenCopy<T extends object>(given: T): T {
  try {
    return deepFreeze(structuredClone(given))
  } catch (error) {
    throw new MisuseError('bad_argument', `a transcript takes plain JSON: ${String(error)}`, { cause: error })
  }
}

function checkContent(given: string | readonly Part[], what: string): void {
  if (typeof given === 'string') return
  const content: unknown = given
  if (!Array.isArray(content)) {
    throw new MisuseError('bad_argument', `the content of ${what} is a text or a list of parts, not ${wordOf(content)}`)
  }
  for (const [index, part] of content.entries()) {
    const place = `part ${index} of ${what}`
    if (!isObject(part)) throw new MisuseError('bad_argument', `${place} is an object with a type, not ${wordOf(part)}`)
    if (part.type === 'text' && typeof part.text === 'string') continue
    if (
      part.type === 'media' &&
      typeof part.mediaType === 'string' &&
      (typeof part.data === 'string' || typeof part.url === 'string')
    ) {
      continue
    }
    if (part.type === 'native' && typeof part.format === 'string' && isObject(part.value)) continue
    throw new MisuseError(
      'bad_argument',
      `${place} is { type: 'text', text }, { type: 'media', mediaType, data or url } or { type: 'native', format, value }`,
    )
  }
}

/** A copy of an entry that was read back. Throws `MisuseError('bad_argument')` for what is none. */
export function checkedEntry(given: Entry, index: number): Entry {
  const entry: unknown = given
  if (!isObject(entry) || typeof entry.key !== 'string' || !isEntry(given)) {
    throw new MisuseError('bad_argument', `entries[${index}] is no entry of a transcript; give what entries() gave`)
  }
  return frozenCopy(given)
}

function isEntry(entry: Entry): boolean {
  switch (entry.type) {
    case 'user':
    case 'system':
    case 'note':
      checkedSaid(entry.message)
      return entry.type === entry.message.role
    case 'answer':
      checkMessages([entry.message])
      return true
    case 'result':
      checkedOutput(entry.output)
      return typeof entry.call === 'string'
    case 'unanswered':
      return typeof entry.call === 'string'
    case 'retraction':
      return true
    default:
      return false
  }
}
