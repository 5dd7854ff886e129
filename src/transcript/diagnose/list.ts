/** A list of messages as it would be sent: its calls, which of them are open, and where each thing is. */
import type { JsonObject } from '../../json.ts'
import type { Call } from '../element.ts'
import { FORMS } from '../forms.ts'
import { pair } from '../pairing.ts'
import type { Finding } from '../rule.ts'
import { FORMAT_OF, type Format, type Target } from '../target.ts'
import type { OpenCallAt, Place } from './diagnosis.ts'
import type { Located } from './findings.ts'

/** Where the message with that index is. */
export type PlaceOfMessage = (message: number) => Place

const FIELD_OF: Readonly<Record<Format, string>> = {
  anthropic: 'messages',
  chat: 'messages',
  responses: 'input',
  gemini: 'contents',
}

/** `path` leads to the list; without one it is called as the API calls it. */
export function listPlaces(path: readonly string[], target: Target): PlaceOfMessage {
  const name = path.length === 0 ? FIELD_OF[FORMAT_OF[target]] : path.join('.')
  return (message) => ({ path: `${name}[${message}]` })
}

export class ListHistory {
  readonly calls: number
  readonly open: readonly OpenCallAt[]
  readonly #names = new Map<string, string>()
  readonly #target: Target
  readonly #placeOf: PlaceOfMessage

  constructor(messages: readonly JsonObject[], target: Target, placeOf: PlaceOfMessage) {
    this.#target = target
    this.#placeOf = placeOf
    const form = FORMS[FORMAT_OF[target]]
    const silent = { target, facts: {}, report: () => {} }
    const elements = form.read(messages, silent)
    const answers = pair(elements, form, silent)
    const calls = elements.flatMap((element): { readonly call: Call; readonly at: number }[] =>
      element.kind === 'said' ? element.calls.map((call) => ({ call, at: element.at })) : [],
    )
    for (const { call } of calls) this.#names.set(call.id, call.name)
    this.calls = calls.length
    this.open = calls.flatMap(({ call, at }) =>
      answers.has(call) ? [] : [{ call: call.id, tool: call.name, place: placeOf(at) }],
    )
  }

  locate({ message, block, call }: Finding): Located {
    const place = this.#placeOf(message)
    const tool = call === undefined ? undefined : this.#names.get(call)
    if (place.path === undefined || block === undefined) return { place, tool }
    return { place: { ...place, path: `${place.path}.${this.#blocksField(call)}[${block}]` }, tool }
  }

  #blocksField(call: string | undefined): string {
    const format = FORMAT_OF[this.#target]
    if (format === 'gemini') return 'parts'
    return format === 'chat' && call !== undefined ? 'tool_calls' : 'content'
  }
}
