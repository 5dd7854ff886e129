/** The rows of the table about OpenAI Responses. */
import { isObject, type JsonObject } from '../../src/json.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import { payloadAt, rewritten, typeAt } from './answers.ts'
import type { Case } from './cases.ts'
import { COMMON, empty, maxTokens, proto } from './common-rows.ts'
import { areSame, callsIn, expects, firstOf, meets, textOf } from './expectations.ts'
import { byPlan, declareRows, wholly, type Rows } from './trials.ts'

/** The places of the events whose type fits. */
const at =
  (type: RegExp, count = 1) =>
  ({ stream }: Case, place: number): boolean =>
    [...Array(count).keys()].every((more) => type.test(typeAt(stream, place - 1 + more)))

const DELTA = /\.delta$/
const PART = /\.(content_part|output_text|refusal|\w*arguments|\w*input|\w*code|reasoning\w*)\.(added|done)$/

/** The case with another last event. */
function endingWith(
  { stream }: Case,
  change: (event: JsonObject, response: JsonObject) => JsonObject,
): ReturnType<typeof foldStream> {
  return foldStream(
    rewritten(stream, (payload) =>
      payload.type === 'response.completed' && isObject(payload.response) ? change(payload, payload.response) : payload,
    ),
  )
}

const isCompleted = ({ stream }: Case): boolean =>
  stream.events.some((_, index) => payloadAt(stream, index).type === 'response.completed')

const ROWS: Rows = {
  ...COMMON,
  'response.completed x2': byPlan('repeat-terminal'),
  'response.completed x2 (next sequence_number)': byPlan('repeat-terminal-next-number'),
  'output_item.done x2 (same seq)': byPlan('repeat-numbered', { where: at(/output_item\.done$/) }),
  'output_item.added x2 (same seq)': byPlan('repeat-numbered', { where: at(/output_item\.added$/) }),
  'delta x2 (same sequence_number)': byPlan('repeat-numbered', { where: at(DELTA) }),
  'part/text/arguments done/added x2 (same seq)': byPlan('repeat-numbered', { where: at(PART) }),
  'response.created x2 (same seq)': byPlan('repeat-numbered', { where: at(/^response\.created$/) }),
  'two deltas swapped (sequence_number out of order)': byPlan('swap-numbered', { where: at(DELTA, 2) }),
  'one delta missing (sequence_number gap)': byPlan('drop-numbered', { where: at(DELTA) }),
  'no sequence_number at all': byPlan('no-numbers'),
  'whole sequence replayed after response.completed': byPlan('replay-after-end'),
  'prefix k then whole sequence again (same id, seq restarts)': byPlan('replay-prefix'),
  'overlap: resume from event k-3 (starting_after reconnect)': byPlan('resume-with-overlap'),
  'response.completed with output: []': byPlan('empty-output'),
  'response.incomplete (max_output_tokens)': wholly(isCompleted, (one) => {
    const { messages, events } = endingWith(one, (event, response) => ({
      ...event,
      type: 'response.incomplete',
      response: { ...response, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    }))
    const texts = one.clean.messages[0]?.content.map(textOf)
    return firstOf(
      expects(areSame(messages[0]?.content.map(textOf), texts), 'the content is not kept'),
      expects(messages[0]?.stop.reason === 'max_tokens', `the stop reason is ${messages[0]?.stop.reason}`),
      expects(callsIn(events).length === 0, 'a call was handed out'),
    )
  }),
  'response.failed': wholly(isCompleted, (one, expected) => {
    const broken = endingWith(one, (event, response) => ({
      ...event,
      type: 'response.failed',
      response: { ...response, status: 'failed', error: { code: 'server_error', message: 'it broke' } },
    }))
    const texts = one.clean.messages[0]?.content.map(textOf)
    return firstOf(
      meets(expected, one.clean, broken, { effect: 'lossy' }),
      expects(areSame(broken.messages[0]?.content.map(textOf), texts), 'the content is not kept'),
    )
  }),
  'unknown event type': byPlan('unknown-item-event'),
  'unknown event type (no output_index)': byPlan('unknown-event'),
  'item_id/response.id different on every event (GitHub Copilot proxy)': byPlan('ids-change'),
  'item_id missing on delta/done events (compatible servers)': byPlan('item-ids-absent'),
  'unknown output item type': byPlan('unknown-block-last'),
  'no deltas, only output_item.added/done + completed': byPlan('no-deltas'),
  '__proto__ key in tool JSON': proto,
  'tool with empty args': empty(),
  'tool JSON truncated at max_tokens': maxTokens,
  'interleaved function calls': byPlan('interleaved'),
}

declareRows('OpenAI Responses', 'responses', 'openai-responses', ROWS)
