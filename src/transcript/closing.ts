/** The words for a call that has no result of its own. Models act on them, so they say only what is known. */
import type { Unanswered } from './items.ts'

export const CLOSING_TEXTS: Readonly<Record<Unanswered, string>> = {
  interrupted:
    'The tool was interrupted before its result was recorded. Whether it took effect is unknown: do not assume that it did.',
  cancelled: 'The user cancelled this tool call before it finished. Whether it took effect is unknown.',
  not_started: 'The tool was not run: the call was cut off before it was complete.',
  running: 'The tool is still running; its result is not known yet.',
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(CLOSING_TEXTS))

/** True for a text with which a call was closed here before: a real result takes its place. */
export function isClosing(text: string | undefined): boolean {
  return text !== undefined && KNOWN.has(text)
}
