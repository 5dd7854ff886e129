/** What the words of the table mean, as checks. Each gives what is wrong, in one sentence, or nothing. */
import type { CompleteToolCall, ContentBlock } from '../../src/message.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { judge, type Judged, type JudgedMessage } from '../../src/recording/faults/judge.ts'
import type { Expectation } from '../../src/recording/faults/plan.ts'

export type Wrong = string | undefined

/** By the word of the table; `allowed` says what the plan may change besides. */
export function meets(word: string, clean: Judged, broken: Judged, allowed: Expectation): Wrong {
  switch (word) {
    case 'same':
    case 'toolkept':
      return judged(clean, broken, { ...allowed, effect: 'same' })
    case 'error':
    case 'incomplete':
      return failsVisibly(clean, broken, allowed)
    case 'same or error':
    case 'same or error or late':
      return isWhole(broken) ? isOneWhole(clean, broken, allowed) : failsVisibly(clean, broken, allowed)
    case 'info':
      return judged(clean, broken, { effect: 'undecidable' })
    default:
      return `the table expects "${word}", which nobody has said the meaning of`
  }
}

export function judged(clean: Judged, broken: Judged, expectation: Expectation): Wrong {
  const verdict = judge(clean, broken, expectation)
  return verdict.kind === 'held' ? undefined : verdict.reason
}

/** The failure is visible in the outcome, what came is there, and nothing else. */
function failsVisibly(clean: Judged, broken: Judged, allowed: Expectation): Wrong {
  if (isWhole(broken)) return 'the outcome is complete'
  return judged(clean, broken, { ...allowed, effect: 'lossy' })
}

function isWhole({ messages }: Judged): boolean {
  return messages.every(({ outcome }) => outcome.kind === 'complete')
}

/** One complete message with all of the content and the stop reason; of the usage what came. */
function isOneWhole(clean: Judged, broken: Judged, allowed: Expectation): Wrong {
  const told = {
    ...broken,
    messages: broken.messages.map((message, index) => withUsageOf(message, clean.messages[index])),
  }
  return judged(clean, told, { ...allowed, effect: 'same', alters: [...(allowed.alters ?? []), 'wire'] })
}

function withUsageOf(message: JudgedMessage, clean: JudgedMessage | undefined): JudgedMessage {
  const { usage: _usage, rawUsage: _raw, ...rest } = message
  return {
    ...rest,
    usage: clean?.usage ?? {},
    ...(clean?.rawUsage === undefined ? {} : { rawUsage: clean.rawUsage }),
  }
}

/** What was shown of a message by a number of its events is in the other one too: all that came is kept. */
export function keeps(shown: readonly ContentBlock[], message: JudgedMessage | undefined): Wrong {
  for (const [index, block] of shown.entries()) {
    const kept = message?.content[index]
    if (kept === undefined) return `block ${index}, which had come, is missing`
    if (kept.type !== block.type) return `block ${index} had come as ${block.type} and is ${kept.type}`
    if (!textOf(kept).startsWith(textOf(block))) return `block ${index} has lost text that had come`
  }
  return undefined
}

export function textOf(block: ContentBlock): string {
  if (block.type === 'tool_call') return block.arguments
  return 'text' in block ? (block.text ?? '') : ''
}

export function callsIn(events: readonly TurnEvent[]): readonly CompleteToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}

export function countOf(events: readonly TurnEvent[], type: TurnEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

/** The first thing that is wrong. */
export function firstOf(...wrongs: readonly Wrong[]): Wrong {
  return wrongs.find((wrong) => wrong !== undefined)
}

export function expects(claim: boolean, otherwise: string): Wrong {
  return claim ? undefined : otherwise
}

/** Whether two plain values are the same as JSON. */
export function areSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
