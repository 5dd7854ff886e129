/** What a reader of somebody's own made of a broken stream, measured by what a careful reader makes of the clean one. */
import { equalJson, type JsonValue } from '../json.ts'
import type { Folding } from '../recording/faults/folding.ts'
import type { Verdict } from '../recording/faults/judge.ts'
import type { Expectation } from '../recording/faults/plan.ts'

/** What every reader can say of an answer, whatever its own form. */
export interface ReadAnswer {
  /** All text of the answer, without thinking. */
  readonly text: string
  /** The calls that it would run, or has run, in order; one that it runs twice stands here twice. */
  readonly calls: readonly { readonly name: string; readonly input: JsonValue }[]
  /** Whether it takes the answer for whole: it threw nothing, and tells its user of nothing missing. */
  readonly isComplete: boolean
}

/** The clean stream's answer: its first message. */
export function answerOf({ messages, events }: Folding): ReadAnswer {
  const message = messages[0]
  const texts = message?.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])) ?? []
  const calls = events.flatMap((event) =>
    event.type === 'tool_call' && event.message === message?.key
      ? [{ name: event.call.name, input: event.call.input }]
      : [],
  )
  return { text: texts.join(''), calls, isComplete: message?.outcome.kind === 'complete' }
}

/**
 * `same`: the text, the calls and the claim to be whole are those of the clean stream. `lossy`: it does not claim to be whole unless nothing
 * of these is missing, its text is what came of the clean one, and no call is another, or runs more often. `undecidable`: nothing is asked.
 */
export function judgeAnswer(clean: ReadAnswer, read: ReadAnswer, { effect }: Expectation): Verdict {
  const reason = faultOf(clean, read, effect)
  return reason === undefined ? { kind: 'held' } : { kind: 'failed', reason }
}

function faultOf(clean: ReadAnswer, read: ReadAnswer, effect: Expectation['effect']): string | undefined {
  if (effect === 'undecidable') return undefined
  const strange = strangeCall(clean, read)
  if (strange !== undefined) return strange
  const difference = differenceOf(clean, read)
  if (effect === 'lossy' && !read.isComplete) {
    return isPartOf(read.text, clean.text) ? undefined : 'the text is not what was sent: something is doubled or added'
  }
  if (effect === 'lossy') {
    return difference === undefined ? undefined : `it claims to be whole, but ${difference}`
  }
  if (difference !== undefined) return difference
  if (read.isComplete === clean.isComplete) return undefined
  return clean.isComplete ? 'it does not claim to be whole, though nothing is lost' : 'it claims to be whole'
}

/** A call that nobody sent, or one that would run more often than it was sent. */
function strangeCall(clean: ReadAnswer, read: ReadAnswer): string | undefined {
  const left = [...clean.calls]
  for (const { name, input } of read.calls) {
    const index = left.findIndex((call) => call.name === name && equalJson(call.input, input))
    if (index !== -1) {
      left.splice(index, 1)
      continue
    }
    const wasSent = clean.calls.some((call) => call.name === name && equalJson(call.input, input))
    return wasSent ? `a call of ${name} runs more often than it was sent` : `a call of ${name} is not one that was sent`
  }
  return undefined
}

function differenceOf(clean: ReadAnswer, read: ReadAnswer): string | undefined {
  if (read.text !== clean.text) {
    if (isPartOf(read.text, clean.text)) return 'text is missing'
    return read.text.length > clean.text.length ? 'text is doubled or added' : 'the text is other than was sent'
  }
  const missing = clean.calls.length - read.calls.length
  return missing > 0 ? `${missing} of ${clean.calls.length} calls are missing` : undefined
}

/** Whether a text is the whole with nothing but omissions. */
function isPartOf(text: string, whole: string): boolean {
  let at = 0
  for (const char of text) {
    at = whole.indexOf(char, at) + 1
    if (at === 0) return false
  }
  return true
}
