/** The streams that are broken: whole ones of each dialect, the same for every contender. */
import { readFile } from 'node:fs/promises'

/** One of each kind that a program meets every day. */
const CASES = {
  'anthropic-messages': ['text', 'thinking-and-text', 'one-tool', 'parallel-tools'],
  'openai-chat': ['text', 'thinking-and-text', 'one-tool', 'text-and-two-tools'],
  'openai-responses': ['long-text-with-emoji-and-cjk', 'reasoning-summary', 'one-tool', 'parallel-tools'],
}

export const DIALECTS = Object.keys(CASES)

/** More places than these are thinned out evenly, for every contender in the same way. */
export const MOST_PLACES = 12

/** Plans that say nothing about a reader here, with the reason. */
export const LEFT_OUT = {
  stall: 'it is a minute of waiting, and only a limit in time, which is off here, could tell it from a slow answer',
}

/**
 * Where a stream breaks its protocol and yet has everything, a reader may give the clean result, as the plan says that
 * onefold does, or refuse it aloud: nobody loses a point by an error there. The same where what is lost is not judged.
 */
const EITHER = {
  'data-only': ['anthropic-messages'],
  'names-only': DIALECTS,
  'missing-terminal-eof': ['anthropic-messages'],
  'missing-terminal-reset': DIALECTS,
  'no-last-blank-line': DIALECTS,
  'cut-after-stop-eof': DIALECTS,
  'cut-after-stop-reset': DIALECTS,
  'late-delta': DIALECTS,
  'error-after-end': DIALECTS,
  'malformed-event': DIALECTS,
  'malformed-in-call': DIALECTS,
  'call-id-changes': DIALECTS,
  'arguments-as-object': DIALECTS,
  'swap-numbered': DIALECTS,
  'late-numbered': DIALECTS,
  'drop-numbered': DIALECTS,
}

/**
 * @param root folder of the project
 * @param onefold build of it: what `index.js` and `faults.js` export
 * @returns for each dialect its recordings, each with the plans that fit it and the places where they strike
 */
export async function readStreams(root, { readRecording, fold, replay }, { FAULT_PLANS, expectationOf, placesOf }) {
  const streams = []
  for (const dialect of DIALECTS) {
    for (const name of CASES[dialect]) {
      const file = `recordings/${dialect}/${name}.recording`
      const recording = withNumbers(readRecording(await readFile(new URL(file, root)), { name: file }), dialect)
      const message = await fold(replay(recording))
      const faults = FAULT_PLANS.flatMap((plan) => {
        const expectation = expectationOf(plan, dialect)
        if (expectation === undefined || expectation.effect === 'undecidable' || plan.name in LEFT_OUT) return []
        const places = spread(placesOf(recording, plan), MOST_PLACES)
        const effect = EITHER[plan.name]?.includes(dialect) === true ? 'either' : expectation.effect
        return places.length === 0 ? [] : [{ plan, expectation: { ...expectation, effect }, places }]
      })
      streams.push({ dialect, name, recording, faults, tools: toolsOf(message), message })
    }
  }
  return streams
}

/** The tools that a message calls, each with the type of its arguments. */
function toolsOf({ content }) {
  const calls = content.filter(({ type }) => type === 'tool_call')
  return [...new Map(calls.map((call) => [call.name, { name: call.name, fields: fieldsOf(call) }])).values()]
}

function fieldsOf({ input }) {
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, typeof value]))
}

/** OpenAI numbers the events of a response; the mock server that some of these were captured from does not. */
function withNumbers(recording, dialect) {
  const body = recording.chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('')
  if (dialect !== 'openai-responses' || body.includes('"sequence_number"')) return recording
  let number = 0
  const numbered = body.replaceAll(/^data: \{(.*)\}$/gm, (_, fields) => {
    number += 1
    return `data: {${fields},"sequence_number":${number - 1}}`
  })
  return { ...recording, chunks: [{ ms: 0, bytes: new TextEncoder().encode(numbered) }] }
}

/** So many of them, evenly, the first and the last among them. */
function spread(places, most) {
  if (places.length <= most) return places
  return Array.from({ length: most }, (_, index) => places[Math.round((index * (places.length - 1)) / (most - 1))])
}
