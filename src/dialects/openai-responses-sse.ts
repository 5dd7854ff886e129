/** A message of the dialect `openai-responses` as the event stream that the API would have sent. */
import { copyFields, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, OutcomeError } from '../message.ts'
import { hasBegun } from './begun.ts'
import { reportsError } from './error.ts'
import { openaiCodeOf } from './openai-error.ts'
import { TEXT_EVENTS } from './openai-responses-events.ts'
import { heldFields, textFieldOf } from './openai-responses-forms.ts'
import { itemsOf, toResponse } from './openai-responses-native.ts'
import { piecesOf, sseEvent } from './sse-text.ts'

type Payload = JsonObject & { type: string }

/** What of a response is known only at its end. */
const KNOWN_LAST: readonly string[] = ['usage', 'completed_at', 'incomplete_details', 'error']
const LAST_STATUS: ReadonlySet<unknown> = new Set(['completed', 'incomplete', 'failed', 'cancelled'])

/** The prefix of the events of an item's one text, by the item's type. */
const EVENT_OF_TYPE: ReadonlyMap<string, string> = new Map(
  [...TEXT_EVENTS].map(([event, { type }]): [string, string] => [type, event]),
)

/** The events, each with its blank line, numbered from 0. Of a message that is not complete none says that it ended. */
export function responsesEvents(message: AssistantMessage): readonly string[] {
  const payloads = hasBegun(message)
    ? [...beginningOf(message), ...outputOf(message), ...audioOf(message), ...endOf(message)]
    : errorOf(message)
  return payloads.map((payload, number) => sseEvent(payload.type, { ...payload, sequence_number: number }))
}

/** Whether the last event, which holds everything once more, comes. */
function isOver({ outcome, wire }: AssistantMessage): boolean {
  return outcome.kind === 'complete' || (outcome.kind === 'failed' && LAST_STATUS.has(wire.status))
}

function beginningOf(message: AssistantMessage): readonly Payload[] {
  const whole: JsonObject = { ...toResponse(message), output: [] }
  if (isOver(message)) {
    whole.status = 'in_progress'
    for (const name of KNOWN_LAST) if (whole[name] !== undefined) whole[name] = null
  }
  return [
    { type: 'response.created', response: whole },
    { type: 'response.in_progress', response: copyFields(whole) },
  ]
}

function outputOf(message: AssistantMessage): readonly Payload[] {
  const items = itemsOf(message)
  return items.flatMap(({ item, blocks }, index) => {
    const isCut = blocks.some((block) => block.type === 'tool_call' && block.state === 'partial')
    const isLast = index === items.length - 1
    const isDone = isOver(message) || (item.status === undefined ? !isLast && !isCut : item.status !== 'in_progress')
    return itemEvents(item, index, isDone)
  })
}

function itemEvents(item: JsonObject, index: number, isDone: boolean): readonly Payload[] {
  const at = { ...(typeof item.id === 'string' ? { item_id: item.id } : {}), output_index: index }
  return [
    { type: 'response.output_item.added', output_index: index, item: openedItem(item) },
    ...innerEvents(item, at, isDone),
    ...(isDone ? [{ type: 'response.output_item.done', output_index: index, item }] : []),
  ]
}

/** An item as it stands before its deltas. */
function openedItem(item: JsonObject): JsonObject {
  const type = typeof item.type === 'string' ? item.type : ''
  const opened = {
    ...copyFields(item, heldFields(type)),
    ...(item.status === undefined ? {} : { status: 'in_progress' }),
  }
  if (type === 'message') return { ...opened, content: [] }
  if (type === 'reasoning') return { ...opened, ...(item.summary === undefined ? {} : { summary: [] }) }
  const field = textFieldOf(type)
  return field === undefined ? opened : { ...opened, [field]: '' }
}

function innerEvents(item: JsonObject, at: JsonObject, isDone: boolean): readonly Payload[] {
  if (item.type === 'message')
    return partsIn(item.content, isDone, (part, index, isPartDone) =>
      partEvents(part, { ...at, content_index: index }, isPartDone),
    )
  if (item.type === 'reasoning') {
    return [
      ...partsIn(item.summary, isDone || Array.isArray(item.content), (part, index, isPartDone) =>
        summaryEvents(part, { ...at, summary_index: index }, isPartDone),
      ),
      ...partsIn(item.content, isDone, (part, index, isPartDone) =>
        reasoningEvents(part, { ...at, content_index: index }, isPartDone),
      ),
    ]
  }
  const type = typeof item.type === 'string' ? item.type : ''
  const field = textFieldOf(type)
  const event = EVENT_OF_TYPE.get(type)
  const text = field === undefined ? undefined : item[field]
  if (field === undefined || event === undefined || typeof text !== 'string') return []
  return [
    ...piecesOf(text).map((delta) => ({ type: `${event}.delta`, ...at, delta })),
    ...(isDone ? [{ type: `${event}.done`, ...at, [field]: text }] : []),
  ]
}

/** Of an item that is not done the last part may not be done. */
function partsIn(
  list: JsonValue | undefined,
  isDone: boolean,
  write: (part: JsonObject, index: number, isDone: boolean) => readonly Payload[],
): readonly Payload[] {
  const parts = Array.isArray(list) ? list : []
  return parts.flatMap((part, index) => write(isObject(part) ? part : {}, index, isDone || index < parts.length - 1))
}

function partEvents(part: JsonObject, at: JsonObject, isDone: boolean): readonly Payload[] {
  const { added, inner, done } = partForms(part, at)
  return [
    { type: 'response.content_part.added', ...at, part: added },
    ...inner,
    ...(isDone ? [...done, { type: 'response.content_part.done', ...at, part }] : []),
  ]
}

function partForms(
  part: JsonObject,
  at: JsonObject,
): { added: JsonObject; inner: readonly Payload[]; done: readonly Payload[] } {
  if (part.type === 'output_text' && typeof part.text === 'string') {
    const { text, annotations, logprobs } = part
    const notes = Array.isArray(annotations) ? annotations : []
    return {
      added: { ...part, text: '', annotations: [], ...(logprobs === undefined ? {} : { logprobs: [] }) },
      inner: [
        ...piecesOf(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
        ...notes.map((annotation, index) => ({
          type: 'response.output_text.annotation.added',
          ...at,
          annotation_index: index,
          annotation,
        })),
      ],
      done: [{ type: 'response.output_text.done', ...at, text, logprobs: Array.isArray(logprobs) ? logprobs : [] }],
    }
  }
  if (part.type === 'refusal' && typeof part.refusal === 'string') {
    const { refusal } = part
    return {
      added: { ...part, refusal: '' },
      inner: piecesOf(refusal).map((delta) => ({ type: 'response.refusal.delta', ...at, delta })),
      done: [{ type: 'response.refusal.done', ...at, refusal }],
    }
  }
  return { added: part, inner: [], done: [] }
}

function summaryEvents(part: JsonObject, at: JsonObject, isDone: boolean): readonly Payload[] {
  const text = typeof part.text === 'string' ? part.text : ''
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    ...piecesOf(text).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
    ...(isDone
      ? [
          { type: 'response.reasoning_summary_text.done', ...at, text },
          { type: 'response.reasoning_summary_part.done', ...at, part },
        ]
      : []),
  ]
}

function reasoningEvents(part: JsonObject, at: JsonObject, isDone: boolean): readonly Payload[] {
  const text = typeof part.text === 'string' ? part.text : ''
  return [
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...piecesOf(text).map((delta) => ({ type: 'response.reasoning_text.delta', ...at, delta })),
    ...(isDone
      ? [
          { type: 'response.reasoning_text.done', ...at, text },
          { type: 'response.content_part.done', ...at, part },
        ]
      : []),
  ]
}

/** What is heard belongs to no item. */
function audioOf({ content }: AssistantMessage): readonly Payload[] {
  return content.flatMap((block) => {
    if (block.type !== 'media' || block.wire.item !== undefined) return []
    return [
      ...(block.data === undefined ? [] : [{ type: 'response.audio.delta', delta: block.data }]),
      ...piecesOf(block.text ?? '').map((delta) => ({ type: 'response.audio.transcript.delta', delta })),
    ]
  })
}

function endOf(message: AssistantMessage): readonly Payload[] {
  if (!isOver(message)) return errorOf(message)
  const { status, event: beside } = message.wire
  const name = typeof status === 'string' && LAST_STATUS.has(status) ? status : 'completed'
  return [{ ...(isObject(beside) ? copyFields(beside) : {}), type: `response.${name}`, response: toResponse(message) }]
}

function errorOf({ outcome }: AssistantMessage): readonly Payload[] {
  return outcome.kind === 'failed' ? [errorEvent(outcome.error)] : []
}

/** The provider's own words, where they report an error; else the same in the form of the API. */
function errorEvent(error: OutcomeError): Payload {
  const { body } = error
  if (isObject(body) && reportsError({ payload: body })) return { ...copyFields(body), type: 'error' }
  return { type: 'error', code: openaiCodeOf(error), message: error.message, param: null }
}
