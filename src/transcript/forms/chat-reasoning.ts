/** Some vendors refuse a history that does not give their own reasoning back. */
import type { JsonObject } from '../../json.ts'
import type { Exchange, Step } from '../element.ts'
import type { RepairContext } from '../form.ts'
import { carriesReasoning } from '../rules/chat-messages.ts'

/** The field is added, empty, wherever the vendor demands it and the history has none. */
export function withReasoning(steps: readonly Step[], context: RepairContext): readonly Step[] {
  const { target, facts } = context
  if (target !== 'kimi' && target !== 'deepseek') return steps
  const answers = steps.filter((step) => step.kind === 'exchange')
  if (!(facts.thinking ?? answers.some(({ said }) => said.values.some(carriesReasoning)))) return steps
  const demanding = target === 'kimi' ? new Set(answers.filter(hasCalls)) : inExchangesWithCalls(steps)
  return steps.map((step) => {
    if (step.kind === 'other' || !demanding.has(step) || step.said.values.every(carriesReasoning)) return step
    const text = 'with reasoning on, the answer must have its field, if only empty'
    context.report({ kind: 'reasoning_added', message: step.said.at, text })
    return { ...step, said: { ...step.said, values: step.said.values.map(withField) } }
  })
}

const hasCalls = ({ said }: Exchange): boolean => said.calls.length > 0

/** DeepSeek asks for the reasoning of all answers between two messages of the user, if there is a call among them. */
function inExchangesWithCalls(steps: readonly Step[]): ReadonlySet<Exchange> {
  const demanding = new Set<Exchange>()
  let run: Exchange[] = []
  const endRun = (): void => {
    if (run.some(hasCalls)) for (const answer of run) demanding.add(answer)
    run = []
  }
  for (const step of steps) {
    if (step.kind === 'exchange') run.push(step)
    else if (step.value.role === 'user') endRun()
  }
  endRun()
  return demanding
}

const withField = (message: JsonObject): JsonObject =>
  carriesReasoning(message) ? message : { ...message, reasoning_content: '' }
