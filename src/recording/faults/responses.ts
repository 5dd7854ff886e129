/** The shapes in which servers that follow the Responses API leave out or change what the protocol has. */
import { equalJson, isObject, type JsonObject } from '../../json.ts'
import { does, haveSameBlocks, isTerminal, type Meaning } from './meaning.ts'
import { isInOrder } from './numbering.ts'
import { renumbered } from './numbers.ts'
import { WHOLE, type Alteration, type FaultPlan } from './plan.ts'
import { withPayload, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

interface Shape extends Pick<FaultPlan, 'name' | 'about'> {
  readonly alters?: readonly Alteration[]
  readonly fits: (stream: FaultStream) => boolean
  readonly change: (stream: FaultStream) => FaultStream
}

function shaping({ name, about, alters, fits, change }: Shape): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: { 'openai-responses': 'same' },
    ...(alters === undefined ? {} : { alters }),
    places: (stream) => (fits(stream) ? WHOLE : []),
    apply: change,
  }
}

/** The stream with each payload rewritten that is an object. */
function mapPayloads(stream: FaultStream, map: (payload: JsonObject, index: number) => JsonObject): FaultStream {
  return stream.with({
    events: stream.events.map((event, index) => {
      if (!isObject(event.payload)) return event
      const payload = map(event.payload, index)
      return payload === event.payload ? event : withPayload(event, payload)
    }),
  })
}

function typeOf({ payload, name }: SseEvent): string {
  return isObject(payload) && typeof payload.type === 'string' ? payload.type : (name ?? '')
}

/** The keys of the blocks that some of the events give whole. */
function wholeIn(stream: FaultStream, wanted: (meaning: Meaning, index: number) => boolean): Set<string> {
  return new Set(
    stream.meanings
      .filter(wanted)
      .flatMap(({ operations }) =>
        operations.flatMap((operation) => (operation.op === 'snapshot' ? [operation.key] : [])),
      ),
  )
}

function keysIn({ meanings }: FaultStream): Set<string> {
  return new Set(
    meanings.flatMap(({ operations }) =>
      operations.flatMap((operation) =>
        operation.op === 'open' || operation.op === 'append' || operation.op === 'snapshot' ? [operation.key] : [],
      ),
    ),
  )
}

/** Whether every item was given whole before the last event. */
function isToldByItems(whole: FaultStream): boolean {
  const stream = whole.untilEnd
  const told = stream.meanings.filter((meaning, index) => isKept(stream.events[index], meaning))
  if (!haveSameBlocks(stream.meanings, told)) return false
  const given = wholeIn(stream, (_, index) => isEventOfItem(stream.events[index], 'done'))
  const all = keysIn(stream)
  return isInOrder(stream) && all.size > 0 && [...all].every((key) => given.has(key))
}

function isEventOfItem(event: SseEvent | undefined, what: 'added' | 'done'): boolean {
  return event !== undefined && typeOf(event) === `response.output_item.${what}`
}

/** Whether every event about an item says the place of the item, so that its id is not needed. */
function isIndexed({ events }: FaultStream): boolean {
  return events.every(
    ({ payload }) =>
      !isObject(payload) || !('item' in payload || 'item_id' in payload) || typeof payload.output_index === 'number',
  )
}

/** Whether no two items have one place. */
function areApart(stream: FaultStream): boolean {
  const added = stream.events.filter((event) => isEventOfItem(event, 'added'))
  const places = added.map(({ payload }) => (isObject(payload) ? payload.output_index : undefined))
  return new Set(places).size === places.length
}

/** Whether the last event holds the same items that were given whole before: what is encrypted may differ. */
function isSaidTwice({ untilEnd }: FaultStream): boolean {
  const { events, landmarks } = untilEnd
  const last = events[landmarks.over]?.payload
  const output = isObject(last) && isObject(last.response) ? last.response.output : undefined
  if (!Array.isArray(output)) return false
  const done = events.flatMap(({ payload }) => (isObject(payload) && 'item' in payload ? [payload.item ?? null] : []))
  return output.every((item) => done.some((other) => equalJson(item, other)))
}

const emptyOutput = shaping({
  name: 'empty-output',
  about: 'the output in the last event is an empty list',
  fits: (stream) => isToldByItems(stream) && stream.meanings.some(isTerminal) && isSaidTwice(stream),
  change: (stream) =>
    mapPayloads(stream, (payload, index) => {
      const meaning = stream.meanings[index]
      if (meaning === undefined || !isTerminal(meaning) || !isObject(payload.response)) return payload
      return { ...payload, response: { ...payload.response, output: [] } }
    }),
})

const noDeltas = shaping({
  name: 'no-deltas',
  about: 'items are only opened and given whole, and no event tells what is in between',
  fits: isToldByItems,
  change: (stream) =>
    renumbered(
      stream.with({
        events: stream.events.filter((event, index) => isKept(event, stream.meanings[index])),
      }),
    ),
})

/** Whether the event is about an item as a whole, or about none. */
function isKept(event: SseEvent | undefined, meaning: Meaning | undefined): boolean {
  const isOfItem = isEventOfItem(event, 'added') || isEventOfItem(event, 'done')
  return isOfItem || meaning === undefined || isTerminal(meaning) || !isOfBlock(meaning)
}

function isOfBlock(meaning: Meaning): boolean {
  return (['open', 'append', 'list', 'patch', 'snapshot'] as const).some((op) => does(meaning, op))
}

const rotatingIds = shaping({
  name: 'ids-change',
  about: 'an id of the response or of an item is another one each time, as behind a proxy of GitHub Copilot',
  alters: ['wire'],
  // Another id in an event that begins the message again would mean another message.
  fits: (stream) => isIndexed(stream) && areApart(stream) && stream.beginnings === 1,
  change: (stream) => {
    const seen = new Set<string>()
    const kept = idsOfProviderCalls(stream)
    let count = 0
    const renamed = (id: string): string => {
      count += 1
      if (kept.has(id)) return id
      if (seen.has(id)) return `${id}-${count}`
      seen.add(id)
      return id
    }
    return mapPayloads(stream, (payload) => {
      const { response, item, item_id: itemId } = payload
      return {
        ...payload,
        ...(typeof itemId === 'string' ? { item_id: renamed(itemId) } : {}),
        ...(isObject(item) ? { item: withId(item, renamed) } : {}),
        ...(isObject(response) ? { response: renamedResponse(response, renamed) } : {}),
      }
    })
  },
})

/** A call that the provider runs has no other id than its item: with another one it would be another call. */
function idsOfProviderCalls({ events }: FaultStream): Set<string> {
  return new Set(
    events.flatMap(({ payload }) => {
      const { id, type, call_id: callId } = isObject(payload) && isObject(payload.item) ? payload.item : {}
      const isCall = typeof type === 'string' && type.endsWith('_call') && callId === undefined
      return isCall && typeof id === 'string' ? [id] : []
    }),
  )
}

function withId(value: JsonObject, renamed: (id: string) => string): JsonObject {
  return typeof value.id === 'string' ? { ...value, id: renamed(value.id) } : value
}

function renamedResponse(response: JsonObject, renamed: (id: string) => string): JsonObject {
  const { output } = response
  if (!Array.isArray(output)) return withId(response, renamed)
  return { ...withId(response, renamed), output: output.map((item) => (isObject(item) ? withId(item, renamed) : item)) }
}

const noItemIds = shaping({
  name: 'item-ids-absent',
  about: 'no delta and no event that ends a part has the id of its item',
  fits: (stream) =>
    isIndexed(stream) &&
    areApart(stream) &&
    stream.events.some(({ payload }) => isObject(payload) && 'item_id' in payload),
  change: (stream) =>
    mapPayloads(stream, (payload) => {
      if (!('item_id' in payload)) return payload
      const { item_id: _id, ...rest } = payload
      return rest
    }),
})

export const RESPONSES: readonly FaultPlan[] = [emptyOutput, noDeltas, rotatingIds, noItemIds]
