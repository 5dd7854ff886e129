/** The rows of the table about Anthropic Messages. */
import { isObject } from '../../src/json.ts'
import type { Folding } from '../../src/recording/faults/folding.ts'
import { eventBehind } from '../../src/recording/faults/transport.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import { payloadAt } from './answers.ts'
import type { Case } from './cases.ts'
import { COMMON, empty, keptTwice, maxTokens, proto } from './common-rows.ts'
import { areSame, expects, firstOf, textOf, type Wrong } from './expectations.ts'
import { byPlan, declareRows, each, type Rows, type Trial } from './trials.ts'

const STRAY = ' stray words'

/** What comes of a text delta that nobody expects behind an event. */
function strayDelta({ stream }: Case, place: number, index: number): Folding {
  const delta = { type: 'content_block_delta', index, delta: { type: 'text_delta', text: STRAY } }
  return foldStream(stream.with({ events: stream.events.toSpliced(place, 0, eventBehind(stream, place, delta)) }))
}

/** The words are in a block of their own, at the end of their own block, or the failure is visible; all else is as it was. */
function isSomewhere({ clean }: Case, { messages }: Folding, own?: number): Wrong {
  const [message] = messages
  if (message === undefined || message.outcome.kind !== 'complete') return undefined
  const texts = message.content.map(textOf)
  const before = clean.messages[0]?.content.map(textOf) ?? []
  const isInOwn = own !== undefined && areSame(texts, before.with(own, `${before[own] ?? ''}${STRAY}`))
  const at = texts.indexOf(STRAY)
  const isApart = at !== -1 && areSame(texts.toSpliced(at, 1), before)
  return firstOf(
    expects(areSame(texts, before) || isInOwn || isApart, `the texts are ${JSON.stringify(texts)}`),
    expects(message.anomalies.length > 0, 'no anomaly tells of it'),
  )
}

/** Behind the end of each text block. */
const lateDelta: Trial = (one) => {
  const ends = [...one.stream.events.keys()].filter((index) => {
    const { type, index: block } = payloadAt(one.stream, index)
    return type === 'content_block_stop' && isText(one, block)
  })
  return {
    unit: 'event',
    places: ends.map((index) => index + 1),
    at(place) {
      const { index } = payloadAt(one.stream, place - 1)
      return isSomewhere(one, strayDelta(one, place, Number(index)), blockAt(one, place))
    },
  }
}

function isText({ stream }: Case, index: unknown): boolean {
  return [...stream.events.keys()].some((at) => {
    const { type, index: other, content_block: block } = payloadAt(stream, at)
    return type === 'content_block_start' && other === index && isObject(block) && block.type === 'text'
  })
}

/** The ordinal of the block that the event in a place is about. */
function blockAt({ stream }: Case, place: number): number {
  const { index } = payloadAt(stream, place - 1)
  const starts = [...stream.events.keys()].filter((at) => payloadAt(stream, at).type === 'content_block_start')
  return starts.findIndex((at) => payloadAt(stream, at).index === index)
}

/** For an index that no block has, behind each event between the begin and the stop reason. */
const ghostDelta: Trial = (one) => ({
  unit: 'event',
  places: [...Array(one.stream.landmarks.stopped).keys()].map((index) => index + 1),
  at: (place) => isSomewhere(one, strayDelta(one, place, 99)),
})

const ROWS: Rows = {
  ...COMMON,
  'no message_stop (eof)': byPlan('missing-terminal-eof'),
  'no message_stop (reset)': byPlan('missing-terminal-reset'),
  'message_stop x2': byPlan('repeat-terminal'),
  'message_delta x2': byPlan('repeat-stop'),
  'content_block_stop x2': byPlan('repeat-close'),
  'content_block_start x2 (same index)': byPlan('repeat-open'),
  'message_start x2 (same id)': byPlan('repeat-begin'),
  'content delta x2 (undecidable)': keptTwice,
  'message_stop x5 with pings between': byPlan('repeat-terminal-with-pings'),
  'message_delta+message_stop pair x2': byPlan('repeat-ending'),
  'whole sequence replayed after message_stop': byPlan('replay-after-end'),
  'prefix k then whole sequence again (same id)': byPlan('replay-prefix'),
  'tail from event k repeated after message_stop': byPlan('replay-tail-after-end'),
  'ping flood (200 per event)': byPlan('ping-flood'),
  'unknown event type': byPlan('unknown-event'),
  'unknown delta type': byPlan('unknown-delta'),
  'unknown block type (last)': byPlan('unknown-block-last'),
  'unknown block type (first)': byPlan('unknown-block-first'),
  'content_block index starts at 1': byPlan('index-from-1'),
  'all content_block_stop missing': byPlan('missing-closes'),
  'text delta after its block stop': each(lateDelta, byPlan('late-delta')),
  'delta for an index never started': ghostDelta,
  'signature_delta x2': byPlan('repeat-signature'),
  'content_block index gap (0,3)': byPlan('index-gaps'),
  'content_block_stop missing before the next start': byPlan('missing-close'),
  'interleaved blocks': byPlan('interleaved'),
  '__proto__ key in tool JSON': proto,
  'tool JSON truncated at max_tokens': maxTokens,
  'tool with no input_json_delta (empty args)': empty(),
  'tool with only "" input_json_delta': empty('', ''),
}

declareRows('Anthropic Messages', 'anthropic', 'anthropic-messages', ROWS)
