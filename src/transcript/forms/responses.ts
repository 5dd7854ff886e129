/** Histories in the form of OpenAI's Responses API: a flat list of items. */
import { equalJson, isObject, nonEmpty, type JsonObject, type JsonValue, wordOf } from '../../json.ts'
import type { Call, Element, Said, Step } from '../element.ts'
import type { Form, RepairContext } from '../form.ts'
import { closingItem, idOfCall, outputField, outputFor } from './responses-calls.ts'

export const responsesForm: Form = {
  read,
  write,
  isLoose: true,
  closing: closingItem,
  textOf: (item) => {
    const { output } = item
    return typeof output === 'string' ? output : undefined
  },
  join: (first, others) => ({ ...first, output: joined([first, ...others].map(({ output }) => output)) }),
  withCallIds,
  withResultId: (item, id) => ({ ...item, [outputField(item)]: id }),
  ids: { foreign: /[^\x21-\x7e]/g, maxLength: 64, isUnique: true },
}

type Kind = 'output' | 'result' | 'other' | 'reasoning' | 'call'

/** Which side of the conversation an item is of. */
function kindOf(item: JsonObject): Kind | undefined {
  const { type, role } = item
  if (type === undefined || type === 'message') {
    if (role === 'assistant') return 'output'
    return role === 'user' || role === 'system' || role === 'developer' ? 'other' : undefined
  }
  if (typeof type !== 'string') return undefined
  if (type === 'reasoning') return 'reasoning'
  if (type.endsWith('_output')) return typeof item[outputField(item)] === 'string' ? 'result' : undefined
  if (idOfCall(item) !== undefined) return 'call'
  return role === undefined && !type.endsWith('_response') ? 'output' : 'other'
}

function read(items: readonly JsonObject[], context: RepairContext): readonly Element[] {
  const elements: Element[] = []
  const seen = new Map<string, JsonObject>()
  const called = new Set(items.map(idOfCall))
  let run: Run[] = []
  let isCallAlone = false
  const endRun = (): void => {
    const own = isCallAlone ? withoutCallId(run, context) : run
    const said = saidOf(own, context)
    if (said !== undefined) elements.push(said)
    if (run.length > 0) isCallAlone = run.at(-1)?.isReasoning === true
    run = []
  }
  for (const [at, given] of items.entries()) {
    const item = mendItem(given, at, seen, context)
    if (item === undefined) continue
    const kind = kindOf(item)
    if (kind === 'result') {
      endRun()
      const id = wordOf(item[outputField(item)])
      // Its call is in the answer that the provider has stored.
      if (context.facts.continues === true && !called.has(id)) elements.push({ kind: 'other', at, value: item })
      else elements.push({ kind: 'result', at, id, value: withOutput(item) })
    } else if (kind === 'other') {
      endRun()
      elements.push({ kind: 'other', at, value: item })
    } else run.push({ at, item, isReasoning: kind === 'reasoning' && nonEmpty(item.id) !== undefined })
  }
  endRun()
  return elements
}

const withOutput = (item: JsonObject): JsonObject =>
  item.type === 'function_call_output' && item.output === undefined ? { ...item, output: '' } : item

interface Run {
  readonly at: number
  readonly item: JsonObject
  readonly isReasoning: boolean
}

/** A call whose reasoning stood elsewhere, and is left out there, is not the item that the provider has stored under its id. */
function withoutCallId(run: readonly Run[], { report }: RepairContext): Run[] {
  const [first] = run
  if (first === undefined || idOfCall(first.item) === undefined || nonEmpty(first.item.id) === undefined)
    return [...run]
  const { id, ...item } = first.item
  report({
    kind: 'field_dropped',
    message: first.at,
    text: `the reasoning of ${wordOf(id)} is left out, so it goes without its id`,
  })
  return [{ ...first, item }, ...run.slice(1)]
}

/** Reasoning that the provider has stored is refused where nothing follows it. */
function saidOf(run: readonly Run[], { report }: RepairContext): Said | undefined {
  let end = run.length
  while (end > 0 && run[end - 1]?.isReasoning === true) end -= 1
  for (const { at } of run.slice(end)) {
    report({ kind: 'thinking_dropped', message: at, text: 'reasoning is refused without what it led to' })
  }
  const kept = run.slice(0, end)
  const [first] = kept
  if (first === undefined) return undefined
  const calls = kept.flatMap(({ item }): Call[] => {
    const id = idOfCall(item)
    if (id === undefined) return []
    return [{ id, name: nonEmpty(item.name) ?? wordOf(item.type), kind: wordOf(item.type) }]
  })
  return { kind: 'said', at: first.at, values: kept.map(({ item }) => item), calls }
}

function mendItem(
  given: JsonObject,
  at: number,
  seen: Map<string, JsonObject>,
  context: RepairContext,
): JsonObject | undefined {
  const kind = kindOf(given)
  const isMessage = given.type === undefined || given.type === 'message'
  const { content } = given
  const isEmpty = isMessage && (Array.isArray(content) ? content.length === 0 : typeof content !== 'string')
  if (kind === undefined || isEmpty) {
    const text = kind === undefined ? 'an item needs a type, or a role' : 'nothing in the message can be sent'
    context.report({ kind: 'message_dropped', message: at, text })
    return undefined
  }
  if (kind === 'call' && NAMED.has(given.type) && nonEmpty(given.name) === undefined) {
    context.report({ kind: 'block_dropped', message: at, text: 'a call needs the name of a tool' })
    return undefined
  }
  const shaped = withFields(withParts(given, at, context), at, kind, context)
  const id = nonEmpty(shaped.id)
  if (id === undefined || shaped.type === 'local_shell_call_output') return shaped
  const known = seen.get(id)
  if (known === undefined) {
    seen.set(id, shaped)
    return shaped
  }
  if (kind === 'reasoning' || equalJson(known, shaped) || isSameCall(known, shaped)) {
    const text = `the history has the item ${id} already`
    context.report({ kind: 'duplicate_message_dropped', message: at, text })
    return undefined
  }
  context.report({
    kind: 'field_dropped',
    message: at,
    text: `two different items have the id ${id}; this one goes without`,
  })
  const { id: _dropped, ...rest } = shaped
  return rest
}

/** The status of an item changes as it is streamed; its call does not. */
const isSameCall = (a: JsonObject, b: JsonObject): boolean =>
  idOfCall(a) !== undefined &&
  a.type === b.type &&
  idOfCall(a) === idOfCall(b) &&
  a.arguments === b.arguments &&
  a.input === b.input

const NAMED: ReadonlySet<unknown> = new Set(['function_call', 'custom_tool_call'])

/** The parts of a message, under the types that its side of the conversation has. */
function withParts(item: JsonObject, at: number, { report }: RepairContext): JsonObject {
  if ((item.type !== undefined && item.type !== 'message') || !Array.isArray(item.content)) return item
  const wanted = item.role === 'assistant' ? 'output_text' : 'input_text'
  const content = item.content.flatMap((part): JsonValue[] => {
    if (!isObject(part) || typeof part.type !== 'string') return []
    return TEXTS.has(part.type) && part.type !== wanted ? [{ ...part, type: wanted }] : [part]
  })
  if (content.length === item.content.length && content.every((part, place) => part === partAt(item, place)))
    return item
  report({ kind: 'block_dropped', message: at, text: `a part is an object with a type, and a text here is ${wanted}` })
  return { ...item, content }
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'input_text', 'output_text'])
const partAt = ({ content }: JsonObject, place: number): JsonValue | undefined =>
  Array.isArray(content) ? content[place] : undefined

function withFields(given: JsonObject, at: number, kind: Kind, { report }: RepairContext): JsonObject {
  let item = given
  if (given.id !== undefined && nonEmpty(given.id) === undefined && given.type !== 'item_reference') {
    const { id: _empty, ...rest } = given
    report({ kind: 'field_dropped', message: at, text: 'an id is a text that is not empty, or is not there' })
    item = rest
  }
  if (item.type === 'custom_tool_call' && typeof item.input !== 'string') {
    report({ kind: 'arguments_emptied', message: at, text: 'the input of a custom tool is a text' })
    return { ...item, input: JSON.stringify(item.input ?? '') }
  }
  if (kind === 'reasoning' && !Array.isArray(item.summary)) {
    report({ kind: 'field_added', message: at, text: 'a reasoning item needs a summary, if only an empty one' })
    return { ...item, summary: [] }
  }
  if (item.type !== 'function_call') return item
  const { arguments: text } = item
  if (typeof text === 'string') return item
  report({
    kind: 'arguments_emptied',
    message: at,
    call: wordOf(item.call_id),
    text: 'the arguments of a call are a text',
  })
  return { ...item, arguments: isObject(text) ? JSON.stringify(text) : '{}' }
}

function joined(outputs: readonly (JsonValue | undefined)[]): JsonValue {
  if (outputs.every((output) => typeof output === 'string')) return outputs.filter(Boolean).join('\n\n')
  return outputs.flatMap(partsOf)
}

function partsOf(output: JsonValue | undefined): JsonValue[] {
  if (Array.isArray(output)) return output
  if (isObject(output)) return [output]
  return typeof output === 'string' && output !== '' ? [{ type: 'input_text', text: output }] : []
}

function write(steps: readonly Step[]): readonly JsonObject[] {
  const placed = steps.flatMap((step) => {
    if (step.kind === 'other') return [{ at: step.at, item: step.value }]
    const said = step.said.values.map((item) => ({ at: step.said.at, item }))
    return [
      ...said,
      ...step.results.map(({ at, call, id, value }) => ({ at, item: outputFor({ ...call, id }, value) })),
    ]
  })
  // An output stays where it was given; one that closes a call has the place of the call.
  return placed.toSorted((a, b) => a.at - b.at).map(({ item }) => item)
}

function withCallIds({ values }: Said, ids: readonly string[]): readonly JsonObject[] {
  let next = 0
  return values.map((item) => {
    const known = idOfCall(item)
    if (known === undefined) return item
    const id = ids[next++]
    return id === undefined || id === known ? item : { ...item, call_id: id }
  })
}
