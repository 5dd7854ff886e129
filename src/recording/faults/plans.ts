/** Every plan, and the way to one by its name. */
import { MisuseError } from '../../errors.ts'
import { CHAT, IDS } from './chat.ts'
import { CHAT_CALLS } from './chat-calls.ts'
import { CUTS } from './cuts.ts'
import { FOREIGN } from './foreign.ts'
import { NUMBERS } from './numbers.ts'
import { ORDER } from './order.ts'
import { whereItChanges, type FaultPlan } from './plan.ts'
import { REPEATS } from './repeats.ts'
import { REPLAYS } from './replays.ts'
import { RESPONSES } from './responses.ts'
import { TRANSPORT } from './transport.ts'

/** Every plan that there is, in the order in which they are shown. */
export const FAULT_PLANS: readonly FaultPlan[] = Object.freeze([
  ...TRANSPORT,
  ...CUTS,
  ...REPEATS,
  ...REPLAYS,
  ...[...NUMBERS, ...ORDER, ...FOREIGN, ...IDS, ...CHAT, ...CHAT_CALLS, ...RESPONSES].map((plan) =>
    plan.at === 'stream' ? whereItChanges(plan) : plan,
  ),
])

const BY_NAME: ReadonlyMap<string, FaultPlan> = new Map(FAULT_PLANS.map((plan) => [plan.name, plan]))

/** The plan of a name. Throws `MisuseError('bad_argument')` with the name that is nearest. */
export function faultPlan(name: string): FaultPlan {
  const plan = BY_NAME.get(name)
  if (plan !== undefined) return plan
  throw new MisuseError('bad_argument', `"${name}" is no fault; ${nearestTo(name, [...BY_NAME.keys()])}`)
}

/** Names the one that is most alike, and where all are. `names` are not empty. */
export function nearestTo(name: string, names: readonly string[]): string {
  const nearest = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? ''
  return `the nearest of ${names.length} is ${nearest}, and onefold fold FILE --fault list names all that fit a file`
}

/** How many characters are to be changed, added or taken away. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [index, letter] of Array.from(from.slice(0, 64)).entries()) {
    const next = [index + 1]
    for (let at = 1; at <= to.length; at += 1) {
      const replaced = (row[at - 1] ?? 0) + (to[at - 1] === letter ? 0 : 1)
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
