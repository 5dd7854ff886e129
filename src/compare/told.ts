/** How facts of a turn are told to a person, for a terminal and a page alike. */
import type { BlockKind, Outcome, Stop } from '../message.ts'
import { duration } from './units.ts'

/** What others wrote, as it came: who shows it makes it harmless, and cuts it at `most` characters. */
export interface Foreign {
  readonly foreign: string
  readonly most: number
}

/** A fact in a few words. */
export interface Told {
  readonly parts: readonly (string | Foreign)[]
  /** Whether it is as it should be; absent of what can be neither. */
  readonly isGood?: boolean
  /** What somebody said of it in words of their own, where there is room. */
  readonly note?: Foreign
}

/** What the wire did not say. */
export const NOT_TOLD = 'not told'

export const KIND_NAMES: Readonly<Record<BlockKind, string>> = {
  text: 'text',
  refusal: 'refusal',
  thinking: 'thinking',
  tool_call: 'tool call',
  tool_result: 'tool result',
  media: 'media',
  other: 'other block',
}

/** Nothing that names anything has more characters. */
export const LONGEST_NAME = 1000

export function foreignPart(foreign: string, most: number = 60): Foreign {
  return { foreign, most }
}

/** How a message ended; as a note the words of its error. A message may be from a file: no word of it is trusted. */
export function outcomeTold(outcome: Outcome): Told {
  switch (outcome.kind) {
    case 'complete':
      return { parts: ['complete'], isGood: true }
    case 'truncated':
      return bad(['truncated by ', foreignPart(outcome.by)], outcome.error.message)
    case 'aborted':
      return bad(['aborted by ', foreignPart(outcome.by)], outcome.reason)
    case 'timed_out':
      return bad(['timed out: ', foreignPart(outcome.budget), `, silent for ${duration(outcome.silenceMs)}`])
    case 'failed': {
      const { class: errorClass, status, message } = outcome.error
      const code = status === undefined ? [] : [`, HTTP ${status}`]
      return bad(['failed: ', foreignPart(errorClass.replaceAll('_', ' ')), ...code], message)
    }
    default: {
      const never: never = outcome
      return never
    }
  }
}

function bad(parts: Told['parts'], note: string = ''): Told {
  return { parts, isGood: false, ...(note === '' ? {} : { note: foreignPart(note, 200) }) }
}

/** Why a message stopped; as a note the provider's own word, where it is another. */
export function stopTold({ reason, raw, sequence }: Stop): Told {
  const at = sequence === null ? [] : [', at ', foreignPart(JSON.stringify(sequence))]
  return { parts: [reason, ...at], ...(raw === null || raw === reason ? {} : { note: foreignPart(raw, LONGEST_NAME) }) }
}
