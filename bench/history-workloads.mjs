/** Conversations of an agent of any length, the same each time: what `fold` gave, what the user said, what the tools gave back. */
import { WORDS } from './wire/answer.mjs'
import { chance } from './wire/chance.mjs'

/** Of a conversation in one of these, every target but one is another provider. */
const DIALECT = 'anthropic-messages'
/** A call in so many has no result in the broken history. */
const MISSING = 10
/** As agents that count their calls anew in each session: the ids come again. */
const REPEATED_IDS = 50

/**
 * What happens until there are `size` messages: a question, rounds of thinking and one or two calls with their results, a plain answer.
 *
 * @returns steps of `add` (a message) or `settle` (the block of a call, and `output`)
 */
export function conversationOf(size, idOf = (ordinal) => `toolu_${ordinal}`) {
  const below = chance(7)
  const words = (count) => Array.from({ length: count }, () => WORDS[below(WORDS.length)]).join(' ')
  const steps = []
  let calls = 0
  while (steps.length < size) {
    steps.push({ add: words(30) })
    for (let rounds = below(5); rounds >= 0 && steps.length < size; rounds -= 1) {
      const turn = `turn-${steps.length}`
      const blocks = Array.from({ length: rounds === 0 ? 0 : 1 + below(2) }, (_, at) => {
        const input = { path: `src/${words(1)}.ts`, pattern: words(4), limit: below(1000) }
        calls += 1
        return callOf(`${turn}/0#${at}`, idOf(calls), input)
      })
      steps.push({ add: answerOf(turn, [thinkingOf(words(40), turn), textOf(words(25)), ...blocks]) })
      for (const block of blocks) steps.push({ settle: block, output: words(60) })
    }
  }
  return steps
}

/** The same as a transcript. */
export function transcriptOf({ Transcript }, steps) {
  const transcript = new Transcript()
  for (const { add, settle, output } of steps) {
    if (settle === undefined) transcript.add(add)
    else transcript.settle(settle, output)
  }
  return transcript
}

/** The history of a target as a session might hold it: results are missing, and ids are there again and again. */
export function brokenOf(onefold, size, target) {
  const steps = conversationOf(size, (ordinal) => `toolu_${ordinal % REPEATED_IDS}`)
  const { messages } = onefold.project(transcriptOf(onefold, steps), target)
  let results = 0
  const isKept = (value) => !isResult(value) || ++results % MISSING !== 0
  return messages.flatMap((message) => {
    if (!isKept(message)) return []
    const [name, parts] = Object.entries(message).find(([, value]) => Array.isArray(value)) ?? []
    if (name === undefined || name === 'tool_calls') return [withRepeatedIds(message)]
    const kept = parts.filter(isKept)
    return kept.length === 0 ? [] : [withRepeatedIds({ ...message, [name]: kept })]
  })
}

const isResult = ({ type, role, functionResponse }) =>
  type === 'tool_result' || type === 'function_call_output' || role === 'tool' || functionResponse !== undefined

/** The ids as they came: the projection made each its own. */
function withRepeatedIds(message) {
  return JSON.parse(JSON.stringify(message).replaceAll(/(toolu_\d+)_\d+"/gu, '$1"'))
}

const textOf = (text) => ({ type: 'text', text, wire: {} })

const thinkingOf = (text, turn) => ({ type: 'thinking', text, signature: `signature of ${turn}`, wire: {} })

const callOf = (key, id, input) => ({
  type: 'tool_call',
  key,
  id,
  idSource: 'wire',
  name: 'search',
  arguments: JSON.stringify(input),
  origin: 'client',
  state: 'complete',
  input,
  wire: {},
})

function answerOf(turn, content) {
  const reason = content.some(({ type }) => type === 'tool_call') ? 'tool_calls' : 'end_turn'
  return {
    key: `${turn}/0`,
    id: `msg_${turn}`,
    idSource: 'wire',
    turn,
    attempt: 1,
    dialect: DIALECT,
    content,
    stop: { reason, raw: null, sequence: null },
    outcome: { kind: 'complete' },
    usage: {},
    anomalies: [],
    wire: {},
  }
}
