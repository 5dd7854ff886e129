/**
 * Session files of Kimi Code: `agents/<agent>/wire.jsonl`, protocols 1.4 and 1.5. Each step of its loop is one message of the model, told by
 * loop events; `turn.prompt` and `agent.message.appended` repeat for others what the `context.*` records say.
 */
import { isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock } from '../../message.ts'
import type { Target } from '../target.ts'
import { callBlock, DIALECT_OF, partsOf } from './blocks.ts'
import { ImportDraft } from './draft.ts'
import type { Imported } from './imported.ts'
import { importedMessage } from './message.ts'
import type { SessionFile, SessionRecord } from './records.ts'

const PROTOCOL = /^1\.[0-5]$/

export function looksLikeKimiCode({ records }: SessionFile): boolean {
  return records.some(
    ({ value }) =>
      (value.type === 'metadata' && typeof value.protocol_version === 'string') ||
      (value.type === 'context.append_message' && isObject(value.message)) ||
      (value.type === 'context.append_loop_event' && isObject(value.event)),
  )
}

export function fromKimiCode(file: SessionFile): Imported {
  const draft = new ImportDraft('kimi-code', file)
  const reader = new Wire(draft, file)
  for (const record of file.records) {
    const { line, value } = record
    if (reader.isRepeated(record)) {
      draft.report('duplicate_record', line, 'the record is there already')
      continue
    }
    switch (value.type) {
      case 'metadata':
        if (!PROTOCOL.test(wordOf(value.protocol_version))) {
          draft.report('unknown_version', line, `protocol ${wordOf(value.protocol_version)} is not known here`)
        }
        break
      case 'llm.request':
        reader.request(value)
        break
      case 'context.append_message':
        if (isObject(value.message)) reader.message(line, value.message)
        break
      case 'context.append_loop_event':
        if (isObject(value.event)) reader.event(line, value.event)
        break
      case 'context.clear':
        reader.cut(0)
        break
      case 'context.undo':
        reader.undo(value.count)
        break
      case 'context.apply_compaction':
        reader.compact(line, value)
        break
      default:
    }
  }
  return draft.finish(reader.target)
}

interface Step {
  readonly key: string
  readonly content: ContentBlock[]
  readonly calls: Set<string>
  ordinal: number
  id: string | undefined
  stop: string | undefined
  model: string | undefined
  target: Target
}

class Wire {
  readonly #draft: ImportDraft
  readonly #isDamaged: boolean
  #steps = new Map<string, Step>()
  readonly #seen = new Set<string>()
  /** The keys of the calls, by the uuid of their events. */
  readonly #calls = new Map<string, string>()
  /** Where each message stands that a user has typed. */
  #prompts: number[] = []
  #model: string | undefined
  target: Target = 'kimi'

  constructor(draft: ImportDraft, file: SessionFile) {
    this.#draft = draft
    this.#isDamaged = file.problems.some(({ kind }) => kind === 'damaged_line')
  }

  /** Records that have ids are known by them, all others by what they say and when. */
  isRepeated({ value, text }: SessionRecord): boolean {
    const said = value.type === 'context.append_message' ? value.message : value.event
    const { type, uuid, id } = isObject(said) ? said : {}
    if (!isObject(said) || type === 'step.end') return false
    const name = nonEmpty(uuid) ?? nonEmpty(id)
    const mark = name === undefined ? text : `${wordOf(type)} ${name}`
    if (this.#seen.has(mark)) return true
    this.#seen.add(mark)
    return false
  }

  request({ provider, model }: JsonObject): void {
    this.#model = nonEmpty(model)
    this.target = targetOf(wordOf(provider), wordOf(model))
  }

  message(line: number, message: JsonObject): void {
    const id = nonEmpty(message.id)
    const named = id === undefined ? {} : { id }
    const content = partsOf(message.content, 'chat')
    switch (message.role) {
      case 'user': {
        const kind = isObject(message.origin) ? message.origin.kind : 'user'
        if (kind === 'user') this.#prompts.push(this.#draft.length)
        this.#draft.add(line, { role: 'user', ...named, content })
        break
      }
      case 'system': {
        const texts = typeof content === 'string' ? [content] : content.map((p) => (p.type === 'text' ? p.text : ''))
        this.#draft.add(line, { role: 'system', ...named, content: texts.join('\n\n') })
        break
      }
      case 'tool':
        this.#draft.addResult(line, {
          id: nonEmpty(message.toolCallId) ?? '',
          output: { content, ...(message.isError === true ? { isError: true } : {}) },
        })
        break
      case 'assistant':
        this.#answer(line, message, id)
        break
      default:
    }
  }

  event(line: number, event: JsonObject): void {
    switch (event.type) {
      case 'step.begin':
        this.#begin(line, wordOf(event.uuid))
        break
      case 'content.part':
        if (isObject(event.part)) this.#part(line, event, event.part)
        break
      case 'tool.call':
        this.#call(line, event)
        break
      case 'tool.result':
        this.#result(line, event)
        break
      case 'step.end': {
        const step = this.#steps.get(wordOf(event.uuid))
        if (step === undefined) break
        step.id = nonEmpty(event.messageId)
        step.stop = nonEmpty(event.rawFinishReason) ?? nonEmpty(event.finishReason)
        break
      }
      default:
    }
  }

  /** What stood from there on is taken back; events of its steps belong to nothing any more. */
  cut(from: number): void {
    this.#draft.cut(from)
    while ((this.#prompts.at(-1) ?? -1) >= from) this.#prompts.pop()
    if (from === 0) this.#steps = new Map()
  }

  undo(count: unknown): void {
    const turns = typeof count === 'number' && count >= 1 ? Math.trunc(count) : 0
    const place = turns === 0 ? undefined : this.#prompts[Math.max(0, this.#prompts.length - turns)]
    if (place !== undefined) this.cut(place)
  }

  /** The first messages become a summary. Later versions keep none of the others but some of what the user said. */
  compact(line: number, record: JsonObject): void {
    const { contextSummary, summary, compactedCount: compacted, keptUserMessageCount: kept } = record
    const content = nonEmpty(contextSummary) ?? nonEmpty(summary)
    if (content === undefined) return
    const { keptHeadUserMessageCount: head } = record
    const prompts = this.#prompts
    const all = this.#draft.cut(0)
    this.#prompts = []
    this.#steps = new Map()
    if (typeof kept !== 'number') {
      this.#draft.add(line, { role: 'user', content })
      this.#draft.put(typeof compacted === 'number' && compacted >= 0 ? all.slice(compacted) : [])
      return
    }
    const first = typeof head === 'number' ? Math.min(head, kept) : 0
    const last = Math.max(first, prompts.length - Math.max(0, kept - first))
    for (const place of [...prompts.slice(0, first), ...prompts.slice(last)]) {
      const drafted = all[place]
      if (drafted === undefined) continue
      this.#prompts.push(this.#draft.length)
      this.#draft.put([drafted])
    }
    this.#draft.add(line, { role: 'user', content })
  }

  #begin(line: number, uuid: string): Step {
    const step: Step = {
      key: this.#draft.keyOf(uuid),
      content: [],
      calls: new Set(),
      ordinal: 0,
      id: undefined,
      stop: undefined,
      model: undefined,
      target: this.target,
    }
    this.#steps.set(uuid, step)
    this.#draft.addMessage(line, () => {
      if (step.content.length === 0) return undefined
      const { key, content, id, stop, model, target } = step
      return importedMessage({
        key,
        ...(id === undefined ? {} : { id }),
        dialect: DIALECT_OF[target],
        ...(model === undefined ? {} : { model }),
        content,
        ...(stop === undefined ? {} : { stop }),
      })
    })
    return step
  }

  /** Kimi Code leaves out events of a step that it does not know. Where the file is damaged, its begin may be what was lost. */
  #stepOf(line: number, event: JsonObject): Step | undefined {
    const uuid = wordOf(event.stepUuid)
    const known = this.#steps.get(uuid)
    if (known !== undefined) return this.#answeredBy(known)
    this.#draft.report('orphan_record', line, `an event of the step ${uuid}, which has not begun`)
    return this.#isDamaged && typeof event.stepUuid === 'string' ? this.#answeredBy(this.#begin(line, uuid)) : undefined
  }

  /** The request of a step is told after its begin. */
  #answeredBy(step: Step): Step {
    if (step.content.length > 0) return step
    step.model = this.#model
    step.target = this.target
    return step
  }

  #part(line: number, event: JsonObject, part: JsonObject): void {
    const step = this.#stepOf(line, event)
    step?.content.push(partBlock(part, step.target))
  }

  #call(line: number, event: JsonObject): void {
    const step = this.#stepOf(line, event)
    if (step === undefined) return
    const id = nonEmpty(event.toolCallId)
    if (id !== undefined && step.calls.has(id)) {
      this.#draft.report('duplicate_record', line, `the call ${id} is in its step already`)
      const first = step.content.find((block) => block.type === 'tool_call' && block.id === id)
      if (first?.type === 'tool_call') this.#calls.set(wordOf(event.uuid), first.key)
      return
    }
    if (id !== undefined) step.calls.add(id)
    const key = `${step.key}#${step.ordinal}`
    this.#calls.set(wordOf(event.uuid), key)
    step.ordinal += 1
    step.content.push(callBlock({ key, id, name: nonEmpty(event.name) ?? '', input: event.args ?? {} }))
  }

  #result(line: number, event: JsonObject): void {
    const result = isObject(event.result) ? event.result : {}
    const call = this.#calls.get(wordOf(event.parentUuid))
    const id = nonEmpty(event.toolCallId)
    this.#draft.addResult(line, {
      ...(call === undefined ? {} : { call }),
      ...(id === undefined ? {} : { id }),
      output: { content: partsOf(result.output, 'chat'), ...(result.isError === true ? { isError: true } : {}) },
    })
  }

  /** A message of the model that did not come from its loop here, such as one of a forked session. */
  #answer(line: number, message: JsonObject, id: string | undefined): void {
    const key = this.#draft.keyOf(id ?? `line-${line}`)
    const { content: said } = message
    const parts: JsonValue = typeof said === 'string' ? [{ type: 'text', text: said }] : (said ?? [])
    const content = (Array.isArray(parts) ? parts : []).filter(isObject).map((part) => partBlock(part, this.target))
    const calls = (Array.isArray(message.toolCalls) ? message.toolCalls : []).filter(isObject)
    for (const [ordinal, call] of calls.entries()) {
      const inner = isObject(call.function) ? call.function : call
      const name = nonEmpty(inner.name) ?? ''
      content.push(callBlock({ key: `${key}#${ordinal}`, id: nonEmpty(call.id), name, input: inner.arguments ?? {} }))
    }
    if (content.length === 0) return
    const named = id === undefined ? {} : { id }
    this.#draft.addMessage(line, () => importedMessage({ key, ...named, dialect: DIALECT_OF[this.target], content }))
  }
}

function partBlock(part: JsonObject, target: Target): ContentBlock {
  if (part.type === 'think') {
    const text = typeof part.think === 'string' ? part.think : ''
    const encrypted = nonEmpty(part.encrypted)
    if (encrypted === undefined) return { type: 'thinking', text, wire: {} }
    return {
      type: 'thinking',
      text,
      ...(target === 'openai-responses' ? { encrypted } : { signature: encrypted }),
      wire: {},
    }
  }
  if (typeof part.text === 'string') return { type: 'text', text: part.text, wire: {} }
  return { type: 'other', wire: part }
}

function targetOf(provider: string, model: string): Target {
  if (/anthropic/.test(provider)) return 'anthropic'
  if (/responses/.test(provider)) return 'openai-responses'
  if (/google|gemini|vertex/.test(provider)) return 'gemini'
  if (/kimi|moonshot/.test(provider) || /kimi|moonshot/i.test(model)) return 'kimi'
  return /deepseek/i.test(model) ? 'deepseek' : 'openai-chat'
}
