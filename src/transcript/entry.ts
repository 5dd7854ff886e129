/** The records of a transcript, and what becomes of something that is offered to it. */
import type { AssistantMessage } from '../message.ts'
import type { Note, SystemMessage, ToolOutput, Unanswered, UserMessage } from './items.ts'

/** One record of what happened, plain JSON. */
export type Entry =
  | { readonly type: 'user'; readonly key: string; readonly message: UserMessage }
  | { readonly type: 'system'; readonly key: string; readonly message: SystemMessage }
  | { readonly type: 'note'; readonly key: string; readonly message: Note }
  /** A message of the model; of several with one key the last counts, and a fragment adds to it. */
  | { readonly type: 'answer'; readonly key: string; readonly message: AssistantMessage; readonly isFragment?: true }
  | { readonly type: 'result'; readonly key: string; readonly call: string; readonly output: ToolOutput }
  | { readonly type: 'unanswered'; readonly key: string; readonly call: string; readonly why: Unanswered }
  | { readonly type: 'retraction'; readonly key: string }

/** What became of something that was offered. */
export type Added =
  /** It is new. */
  | { readonly kind: 'added'; readonly key: string }
  /** The transcript has it already; nothing was changed. */
  | { readonly kind: 'unchanged'; readonly key: string }
  /** It is a longer version of what the transcript had, or a further piece of it, and counts from now on. */
  | { readonly kind: 'extended'; readonly key: string }
  /** It takes the place of an earlier attempt, which was retracted. */
  | { readonly kind: 'replaced'; readonly key: string; readonly retracted: string }
  /** It is retracted: by this, or it was before and stays so. */
  | { readonly kind: 'retracted'; readonly key: string }
  /** It says something else under the same key. What the transcript had stays; `text` says what to do. */
  | { readonly kind: 'conflict'; readonly key: string; readonly text: string }
