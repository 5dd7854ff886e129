/** Every plan, and the way to one by its name. */
import { MisuseError } from '../../errors.ts'
import { nearest } from '../../nearest.ts'
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
  return `the nearest of ${names.length} is ${nearest(name, names)?.name ?? ''}, and onefold fold FILE --fault list names all that fit a file`
}
