/** The ids of calls as the provider takes them: characters, length, and no two alike where it demands that. */
import type { Call, Exchange, Step } from './element.ts'
import type { Form, IdPolicy, RepairContext } from './form.ts'

/** The same history always gets the same ids, and a longer one the same for what it had before. */
export function withIds(steps: readonly Step[], form: Form, context: RepairContext): readonly Step[] {
  const isUnique = form.ids.isUnique || context.facts.profile === 'strict'
  const everywhere = new IdSet(form.ids)
  return steps.map((step) => {
    if (step.kind === 'other' || step.said.calls.length === 0) return step
    return withIdsFrom(step, isUnique ? everywhere : new IdSet(form.ids), form, context)
  })
}

function withIdsFrom(step: Exchange, known: IdSet, form: Form, context: RepairContext): Exchange {
  const { said } = step
  const ids = new Map<Call, string>()
  for (const call of said.calls) {
    const id = call.kind === undefined || !KEEPS_ID.has(call.kind) ? known.allot(call.id) : call.id
    ids.set(call, id)
    if (id === call.id) continue
    context.report({ kind: 'id_rewritten', message: said.at, call: call.id, text: `${call.id} is sent as ${id}` })
  }
  if (said.calls.every((call) => ids.get(call) === call.id)) return step
  const values = form.withCallIds(
    said,
    said.calls.map((call) => ids.get(call) ?? call.id),
  )
  const results = step.results.map((result) => {
    const id = ids.get(result.call) ?? result.id
    return id === result.id ? result : { ...result, id, value: form.withResultId(result.value, id) }
  })
  return { ...step, said: { ...said, values }, results }
}

/** Kinds of calls that have no id: what stands for it is a name. */
const KEEPS_ID: ReadonlySet<string> = new Set(['named', 'legacy'])

/** Ids that are taken. */
export class IdSet {
  readonly #policy: IdPolicy
  readonly #taken = new Set<string>()
  /** The first number that may be free, by what stands before it. */
  readonly #next = new Map<string, number>()

  constructor(policy: IdPolicy) {
    this.#policy = policy
  }

  /** The id, as near to the given one as the policy and the ids before it allow. */
  allot(given: string): string {
    const { foreign, maxLength } = this.#policy
    const base = given.replaceAll(foreign, '_').slice(0, maxLength) || 'call'
    const id = this.#taken.has(base) ? this.#numbered(base) : base
    this.#taken.add(id)
    return id
  }

  /** Long ids that differ only at their end share what is left of them beside a number, and its count. */
  #numbered(base: string): string {
    for (let digits = 1; ; digits += 1) {
      const stem = base.slice(0, this.#policy.maxLength - digits - 1)
      const end = 10 ** digits
      for (let ordinal = Math.max(2, end / 10, this.#next.get(stem) ?? 0); ordinal < end; ordinal += 1) {
        const id = `${stem}_${ordinal}`
        if (this.#taken.has(id)) continue
        this.#next.set(stem, ordinal + 1)
        return id
      }
      if ((this.#next.get(stem) ?? 0) < end) this.#next.set(stem, end)
    }
  }
}
