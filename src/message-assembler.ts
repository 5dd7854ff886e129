/** The fold for those who have a transport of their own: no promises, no I/O. */
import type { Ending } from './assembler/state.ts'
import type { PartialInput } from './assembler/tool-input.ts'
import { definitionOf } from './dialects/definitions.ts'
import { MisuseError } from './errors.ts'
import { Fold } from './fold.ts'
import type { AssistantMessage, Dialect, MessageSnapshot } from './message.ts'
import { checkEnding, checkOptions, type FoldOptions } from './options.ts'
import type { TurnEvent } from './turn-event.ts'

/** A fold that is driven by hand: no promises, no I/O. */
export interface MessageAssembler<D extends Dialect = Dialect> {
  /** Takes one decoded event of the provider and gives the turn events that it causes. */
  receive(providerEvent: unknown): readonly TurnEvent<D>[]
  /** Ends the message; gives the last turn events, and nothing when repeated. */
  end(ending: Ending): readonly TurnEvent<D>[]
  /** True once the protocol's last event was seen. */
  readonly isTerminal: boolean
  /** The message; of several choices the first. Throws `MisuseError('not_final')` before `end`. */
  message(): AssistantMessage<D>
  /** All choices, or all messages of a source that carries many, as far as they have ended. */
  messages(): readonly AssistantMessage<D>[]
  /** As `turn.partialInput`. */
  partialInput(block: number, message?: string): PartialInput
  snapshot(): MessageSnapshot<D>
}

/**
 * An assembler for one turn of a known dialect, for those who have their own transport: give it each decoded event, then `end`.
 * Throws `MisuseError` for an unknown dialect or option.
 */
export function createAssembler<D extends Dialect>(
  options: FoldOptions<D> & { readonly dialect: D },
): MessageAssembler<D> {
  checkOptions(options)
  definitionOf(options.dialect)
  const fold = new Fold(options)
  return {
    receive: (providerEvent) => fold.receive(providerEvent),
    end(ending) {
      checkEnding(ending)
      return fold.end(ending)
    },
    get isTerminal() {
      return fold.isTerminal
    },
    message() {
      const [message] = fold.messages
      if (message === undefined) throw new MisuseError('not_final', 'the message is not final; call end() first')
      return message
    },
    messages: () => fold.messages,
    partialInput: (block, message) => fold.partialInput(block, message),
    snapshot: () => fold.snapshot(),
  }
}
