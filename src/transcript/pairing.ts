/**
 * Which result answers which call. Ids repeat across turns, so the place decides first: a result right behind an answer belongs to its
 * calls. The results of an id that come later, but before the next call of that id, belong to the calls of it that are still open, the newest of
 * them if there are fewer results than calls. A result never belongs to a call that comes after it.
 */
import { equalJson, type JsonObject } from '../json.ts'
import { isClosing } from './closing.ts'
import type { Answered, Call, Element, Result, Said, Step } from './element.ts'
import type { Form, RepairContext } from './form.ts'

interface IdState {
  readonly open: Call[]
  readonly arrived: Result[]
  last: Call | undefined
  /** Calls whose only result stands in for a real one. */
  readonly standIns: Call[]
}

/** The result of every call that has one. What answers nothing, or what is answered already, is reported and left out. */
export function pair(elements: readonly Element[], form: Form, context: RepairContext): ReadonlyMap<Call, Result> {
  const answers: Answers = { known: new Map(), further: new Map() }
  const states = new Map<string, IdState>()
  let answersInARow: Said[] = []
  let run: Result[] = []
  const endRun = (): void => {
    if (run.length > 0) answerInPlace(answersInARow, run, states, { answers, form, context })
    if (run.length > 0) answersInARow = []
    run = []
  }
  for (const element of elements) {
    if (element.kind === 'result') run.push(element)
    else {
      endRun()
      if (element.kind === 'other') answersInARow = []
      else {
        // First all, then register: two calls of one message may share an id.
        for (const { id } of element.calls) resolve(states.get(id), { answers, form, context })
        for (const call of element.calls) register(states, call)
        answersInARow.push(element)
      }
    }
  }
  endRun()
  for (const state of states.values()) resolve(state, { answers, form, context })
  for (const [call, further] of answers.further) {
    const known = answers.known.get(call)
    if (known !== undefined)
      answers.known.set(call, { ...known, value: form.join(known.value, further), given: known.given ?? known })
  }
  return answers.known
}

interface Pairing {
  readonly answers: Answers
  readonly form: Form
  readonly context: RepairContext
}

interface Answers {
  readonly known: Map<Call, Result>
  /** Other results of a call that has one: joined to it at the end, all at once. */
  readonly further: Map<Call, JsonObject[]>
}

function register(states: Map<string, IdState>, call: Call): void {
  const state = states.get(call.id)
  if (state === undefined) states.set(call.id, { open: [call], arrived: [], last: undefined, standIns: [] })
  else state.open.push(call)
}

/** Gives the results that stand right behind some answers to the calls of these; the others wait for what comes. */
function answerInPlace(
  said: readonly Said[],
  run: readonly Result[],
  states: ReadonlyMap<string, IdState>,
  pairing: Pairing,
): void {
  const calls = grouped(said.flatMap((one) => one.calls))
  const messages = new Map<string, number>()
  for (const one of said) {
    for (const id of new Set(one.calls.map((call) => call.id))) messages.set(id, (messages.get(id) ?? 0) + 1)
  }
  for (const [id, results] of grouped(run)) {
    const own = calls.get(id) ?? []
    // In one message the first call was run first; of several messages the newest is the one that was run.
    const isOneMessage = messages.get(id) === 1
    const answered = isOneMessage ? own : own.slice(Math.max(0, own.length - results.length))
    for (const [index, result] of results.entries()) {
      const state = states.get(id)
      const call = answered[index]
      if (state === undefined) reportOrphan(result, pairing.context)
      else if (call !== undefined) answer(call, result, state, pairing)
      else if (isKnown(state, result, pairing)) addFurther(state, result, pairing)
      else state.arrived.push(result)
    }
  }
}

function grouped<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(item.id)
    if (group === undefined) groups.set(item.id, [item])
    else group.push(item)
  }
  return groups
}

function answer(call: Call, result: Result, state: IdState, { answers, form }: Pairing): void {
  answers.known.set(call, result)
  state.last = call
  if (isClosing(form.textOf(result.value))) state.standIns.push(call)
}

/** The result of the latest call of the id once more. */
function isKnown({ last }: IdState, { value }: Result, { answers }: Pairing): boolean {
  const known = last === undefined ? undefined : answers.known.get(last)
  return known !== undefined && equalJson(known.value, value)
}

function resolve(state: IdState | undefined, pairing: Pairing): void {
  if (state === undefined || state.arrived.length === 0) return
  const { open, arrived } = state
  const newest: Call[] = []
  while (newest.length < arrived.length) {
    const call = open.pop()
    if (call === undefined) break
    if (!pairing.answers.known.has(call)) newest.push(call)
  }
  const answered = newest.toReversed()
  for (const [index, result] of arrived.entries()) {
    const call = answered[index]
    if (call === undefined) addFurther(state, result, pairing)
    else answer(call, result, state, pairing)
  }
  arrived.length = 0
}

/** What stood in for the result of an earlier call gives way first. */
function withStandIn(state: IdState, result: Result, { answers, form }: Pairing): Call | undefined {
  if (isClosing(form.textOf(result.value))) return state.last
  for (let call = state.standIns.pop(); call !== undefined; call = state.standIns.pop()) {
    const known = answers.known.get(call)
    if (known !== undefined && isClosing(form.textOf(known.value))) return call
  }
  return state.last
}

/** A result of a call that has one: the real one counts, and of two real ones that differ neither is lost. */
function addFurther(state: IdState, result: Result, pairing: Pairing): void {
  const { answers, form, context } = pairing
  const call = isKnown(state, result, pairing) ? state.last : withStandIn(state, result, pairing)
  const known = call === undefined ? undefined : answers.known.get(call)
  if (call === undefined || known === undefined) {
    reportOrphan(result, context)
    return
  }
  const { at: message, id } = result
  const further = answers.further.get(call)
  if (further === undefined && isClosing(form.textOf(known.value)) && !isClosing(form.textOf(result.value))) {
    answers.known.set(call, result)
    context.report({
      kind: 'closing_replaced',
      message,
      call: id,
      text: `the real result of ${id} takes the place of the one that stood in for it`,
    })
  } else if (isClosing(form.textOf(result.value)) || (further === undefined && equalJson(known.value, result.value))) {
    context.report({
      kind: 'duplicate_result_dropped',
      message,
      call: id,
      text: `the call ${id} has this result already`,
    })
  } else {
    if (further === undefined) answers.further.set(call, [result.value])
    else further.push(result.value)
    context.report({
      kind: 'results_joined',
      message,
      call: id,
      text: `the call ${id} has two different results; both are in one now`,
    })
  }
}

function reportOrphan({ at: message, id }: Result, { report }: RepairContext): void {
  report({ kind: 'orphan_result_dropped', message, call: id, text: `no call before this result has the id ${id}` })
}

/** Every answer of the model with its results right behind it, in the order of the calls; calls without a result are closed with `text`. */
export function arrange(
  elements: readonly Element[],
  text: string,
  form: Form,
  context: RepairContext,
): readonly Step[] {
  const answers = pair(elements, form, context)
  const steps: Step[] = []
  for (const [index, element] of elements.entries()) {
    if (element.kind === 'other') steps.push(element)
    else if (element.kind === 'said') steps.push(exchange(element, index, elements, answers, text, form, context))
  }
  return steps
}

function exchange(
  said: Said,
  index: number,
  elements: readonly Element[],
  answers: ReadonlyMap<Call, Result>,
  text: string,
  form: Form,
  context: RepairContext,
): Step {
  const own = said.calls.flatMap((call): Answered[] => {
    const result = answers.get(call)
    return result === undefined ? [] : [{ ...result, given: result.given ?? result, call }]
  })
  const asGiven = new Map(elements.slice(index + 1, index + 1 + own.length).map((element, place) => [element, place]))
  const placeOf = (result: Result): number | undefined => asGiven.get(result.given ?? result)
  const isInPlace = form.isLoose === true || own.every((result) => placeOf(result) !== undefined)
  if (isInPlace && own.length === said.calls.length) {
    // Any order of the results is valid, and the one that was given stays.
    const results = own.toSorted((a, b) => (placeOf(a) ?? 0) - (placeOf(b) ?? 0))
    return { kind: 'exchange', said, results }
  }
  const results = said.calls.map((call): Answered => {
    const result = answers.get(call)
    if (result === undefined) {
      context.report({
        kind: 'call_closed',
        message: said.at,
        call: call.id,
        text: `the call ${call.id} of ${call.name || 'a tool without a name'} has no result`,
      })
      return { kind: 'result', at: said.at, id: call.id, value: form.closing(call, text), call }
    }
    if (form.isLoose !== true && placeOf(result) === undefined) {
      context.report({
        kind: 'result_moved',
        message: result.at,
        call: call.id,
        text: `the result of ${call.id} did not stand right behind its call`,
      })
    }
    return { ...result, call }
  })
  return { kind: 'exchange', said, results }
}
