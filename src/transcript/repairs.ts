/** What was changed to make a history valid: a named fact for each change, plain JSON. */

export const REPAIR_KINDS = {
  call_closed: 'A call without a result was answered with an error result that says what is known.',
  result_moved: 'A result was put right behind its call.',
  orphan_result_dropped: 'A result whose call is not in the history was left out.',
  duplicate_result_dropped: 'A result that the call has already was left out.',
  results_joined: 'A second, different result of the same call was joined to the first.',
  closing_replaced: 'An error result that stood in for a missing one gave way to the real one.',
  duplicate_message_dropped: 'A message that the history has already was left out.',
  duplicate_block_dropped: 'A block or call that the message has already was left out.',
  message_dropped: 'A message without anything in it was left out.',
  block_dropped: 'A block that the provider refuses was left out.',
  block_moved: 'What followed a call within its message was put in front of it.',
  message_split: 'A message was divided where the model had begun another answer.',
  messages_merged: 'Neighbours of one role were made one message.',
  thinking_dropped: 'All the reasoning of a message was left out.',
  exchange_told: 'Calls and their results were told as text, since the reasoning that must come with them is missing.',
  reasoning_added: 'An empty reasoning field was added, which the provider demands beside calls.',
  arguments_emptied: 'Arguments that are no JSON object became an empty one.',
  id_rewritten: 'The id of a call became one that the provider takes, in the call and in its result.',
  field_dropped: 'A field that the provider does not take was left out.',
  field_added: 'A field that the provider demands was added, empty.',
  role_changed: 'Instructions that the provider does not take in this place became a user message.',
  text_trimmed: 'Blanks at the end of the last text were cut off.',
  user_inserted: 'A user message was put in where the provider demands one.',
  left_out: 'Something that this provider cannot be told was left out.',
} as const
export type RepairKind = keyof typeof REPAIR_KINDS

export interface Repair {
  readonly kind: RepairKind
  /** The index in the array that was given; of `project`, in the messages before the repair. */
  readonly message: number
  /** The index of the block, part or call within that message. */
  readonly block?: number
  /** The id of the call, as it was given. */
  readonly call?: string
  /** What was done, and why. */
  readonly text: string
}

export type Report = (repair: Repair) => void
