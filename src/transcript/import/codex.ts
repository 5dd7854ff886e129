/**
 * Session files of Codex: `sessions/Y/M/D/rollout-*.jsonl`. Records of type `response_item` are the items of the Responses API in order;
 * `event_msg` repeats them for the display, and sometimes tells more: that a command is over whose output the items do not have yet. The
 * instructions of the session stand outside of the conversation, as in the requests.
 */
import { isObject, nonEmpty, wordOf, type JsonObject } from '../../json.ts'
import { partsOf } from './blocks.ts'
import { ImportDraft } from './draft.ts'
import type { Imported } from './imported.ts'
import { importedMessage } from './message.ts'
import type { SessionFile } from './records.ts'
import { readItems } from './responses-items.ts'

export function looksLikeCodex({ records }: SessionFile): boolean {
  return records.some(
    ({ value }) => isObject(value.payload) && (value.type === 'session_meta' || value.type === 'response_item'),
  )
}

export function fromCodex(file: SessionFile): Imported {
  const draft = new ImportDraft('codex', file)
  const reader = new Rollout(draft)
  for (const { line, value } of file.records) {
    const payload = isObject(value.payload) ? value.payload : {}
    if (value.type === 'response_item') reader.item(line, payload)
    else if (value.type === 'turn_context') reader.model = nonEmpty(payload.model)
    else if (value.type === 'token_usage_record') reader.endAnswer(nonEmpty(payload.response_id))
    else if (value.type === 'compacted') reader.replace(line, payload)
    else if (value.type === 'event_msg' && payload.type === 'thread_rolled_back') reader.rollBack(payload.num_turns)
    else if (value.type === 'event_msg' && payload.type === 'item_completed') reader.shown(line, payload.item)
  }
  reader.finish()
  return draft.finish('openai-responses')
}

/** Items of the client that begin like this are no turn of the user. */
const CONTEXT =
  /^\s*<(environment_context|user_instructions|permissions|skills_instructions|turn_aborted|subagent_notification)|^# AGENTS\.md/

interface Answer {
  readonly items: JsonObject[]
  id: string | undefined
}

class Rollout {
  readonly #draft: ImportDraft
  readonly #ids = new Set<string>()
  #answer: Answer | undefined
  /** The calls that have no output yet. */
  readonly #open = new Set<string>()
  /** What the display was told of commands that are over, by the id of the call. */
  readonly #shown = new Map<string, { readonly line: number; readonly output: Output }>()
  /** Where each turn of the user begins. */
  #turns: number[] = []
  model: string | undefined

  constructor(draft: ImportDraft) {
    this.#draft = draft
  }

  item(line: number, item: JsonObject): void {
    const id = nonEmpty(item.id)
    const mark = id === undefined ? undefined : `${wordOf(item.type)} ${id}`
    if (mark !== undefined && this.#ids.has(mark)) {
      this.#draft.report('duplicate_record', line, `the item ${id} is there already`)
      return
    }
    if (mark !== undefined) this.#ids.add(mark)
    const type = typeof item.type === 'string' ? item.type : ''
    if (type === 'message' && item.role !== 'assistant') this.#clientMessage(line, item)
    else if (type.endsWith('_output')) {
      this.endAnswer(undefined)
      const call = nonEmpty(item.call_id) ?? id ?? ''
      this.#open.delete(call)
      this.#draft.addResult(line, { id: call, output: outputOf(item.output) })
    } else if (type !== '' && type !== 'ghost_snapshot') this.#answerItem(line, item)
  }

  /** The answer of the model is complete; its id may be told. */
  endAnswer(id: string | undefined): void {
    if (this.#answer !== undefined) this.#answer.id = id
    this.#answer = undefined
  }

  /** After a compaction the conversation goes on from the items that it lists; older files keep what the user said. */
  replace(line: number, { replacement_history: replacement, message }: JsonObject): void {
    const before = this.#draft.cut(0)
    this.#answer = undefined
    this.#turns = []
    this.#ids.clear()
    this.#open.clear()
    if (Array.isArray(replacement)) {
      for (const item of replacement) if (isObject(item)) this.item(line, item)
      this.#answer = undefined
      return
    }
    this.#draft.put(before.filter(({ draft }) => draft.kind === 'item'))
    this.#turns = [...this.#draft.userPlaces()]
    if (typeof message === 'string') this.#draft.add(line, { role: 'user', content: message })
  }

  /** The last turns of the user are taken back, with all that followed. */
  rollBack(turns: unknown): void {
    if (typeof turns !== 'number' || !(turns > 0)) return
    this.endAnswer(undefined)
    const place = this.#turns[Math.max(0, this.#turns.length - Math.trunc(turns))]
    if (place === undefined) return
    this.#draft.cut(place)
    this.#open.clear()
    while ((this.#turns.at(-1) ?? -1) >= place) this.#turns.pop()
  }

  #clientMessage(line: number, item: JsonObject): void {
    this.endAnswer(undefined)
    const content = partsOf(item.content, 'responses')
    const id = nonEmpty(item.id)
    const named = id === undefined ? {} : { id }
    const texts =
      typeof content === 'string' ? [content] : content.map((part) => (part.type === 'text' ? part.text : ''))
    if (item.role === 'developer' || item.role === 'system') {
      this.#draft.add(line, { role: 'system', ...named, content: texts.join('\n\n') })
      return
    }
    if (!CONTEXT.test(texts[0] ?? '')) this.#turns.push(this.#draft.length)
    this.#draft.add(line, { role: 'user', ...named, content })
  }

  /** A command is over. Its output comes as an item, but not if Codex is killed while another one runs beside it. */
  shown(line: number, item: unknown): void {
    if (!isObject(item) || item.type !== 'CommandExecution' || typeof item.aggregated_output !== 'string') return
    const id = nonEmpty(item.id)
    const isError = item.exit_code !== 0
    if (id !== undefined) {
      this.#shown.set(id, { line, output: { content: item.aggregated_output, ...(isError ? { isError } : {}) } })
    }
  }

  /** The file is over: what only the display was told is the result of the calls that have none. */
  finish(): void {
    this.endAnswer(undefined)
    for (const id of this.#open) {
      const shown = this.#shown.get(id)
      if (shown !== undefined) this.#draft.addResult(shown.line, { id, output: shown.output })
    }
  }

  #answerItem(line: number, item: JsonObject): void {
    const call = nonEmpty(item.call_id)
    if (call !== undefined) this.#open.add(call)
    if (this.#answer !== undefined) {
      this.#answer.items.push(item)
      return
    }
    const answer: Answer = { items: [item], id: undefined }
    const key = this.#draft.keyOf(nonEmpty(item.id) ?? nonEmpty(item.call_id) ?? `line-${line}`)
    const { model } = this
    this.#answer = answer
    this.#draft.addMessage(line, () => {
      const { id } = answer
      const named = { ...(id === undefined ? {} : { id }), ...(model === undefined ? {} : { model }) }
      return importedMessage({ key, ...named, dialect: 'openai-responses', ...readItems(answer.items, key) })
    })
  }
}

interface Output {
  readonly content: ReturnType<typeof partsOf>
  readonly isError?: true
}

/** An output is a text, a list of parts, or, in older files, an object with both. */
function outputOf(output: unknown): Output {
  if (!isObject(output)) return { content: partsOf(output, 'responses') }
  const isError = output.success === false
  return { content: partsOf(output.content ?? output.content_items, 'responses'), ...(isError ? { isError } : {}) }
}
