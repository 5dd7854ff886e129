/** A stream folded at once, as a test or the command line wants it: every event, every message, no waiting. */
import type { Anomaly } from '../../anomaly.ts'
import type { Ending } from '../../assembler/state.ts'
import { Fold } from '../../fold.ts'
import type { AssistantMessage } from '../../message.ts'
import type { FoldOptions } from '../../options.ts'
import type { TurnEvent } from '../../turn-event.ts'
import type { RecordedEnding, Recording } from '../format.ts'

/** What came of a stream. */
export interface Folding {
  readonly messages: readonly AssistantMessage[]
  /** Everything that was told live, in order. */
  readonly events: readonly TurnEvent[]
  /** Of the turn, after its messages. */
  readonly anomalies: readonly Anomaly[]
}

/** Folds the chunks of a recording without waiting for anything, also what comes after the protocol's last event. */
export function foldAtOnce(
  { chunks, ending }: Pick<Recording, 'chunks' | 'ending'>,
  options: FoldOptions = {},
): Folding {
  const fold = new Fold(options)
  const events: TurnEvent[] = []
  for (const { bytes } of chunks) for (const event of fold.push(bytes)) events.push(event)
  for (const event of fold.end(endingOf(ending))) events.push(event)
  return { messages: fold.messages, events, anomalies: fold.anomalies }
}

/** How a recording ended, as what ends a fold. */
export function endingOf(ending: RecordedEnding): Ending {
  switch (ending) {
    case 'eof':
      return { kind: 'complete' }
    case 'reset':
      return { kind: 'truncated', message: 'the recorded connection was reset' }
    case 'abort':
      return { kind: 'aborted', by: 'caller', reason: 'the recorded client aborted the request' }
    default: {
      const never: never = ending
      return never
    }
  }
}
