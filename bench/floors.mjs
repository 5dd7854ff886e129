/**
 * What any reader of these bytes must do at least, each step on top of the one before: L0 decode, L1 split into events, L2 JSON.parse,
 * L3 append. Each in its fastest honest form: a chunk is decoded once and scanned once, whatever is cut by its end waits as a rope, and
 * nothing is kept that the step does not need.
 */

/** L0: decode. */
export function decode(chunks) {
  const utf8 = new TextDecoder()
  let length = 0
  for (const chunk of chunks) length += utf8.decode(chunk, { stream: true }).length
  return length
}

/** L1: decode and split; `onData` gets the data of each event. */
export function split(chunks, onData) {
  const utf8 = new TextDecoder()
  let pending = ''
  let endsInLine = false
  for (const chunk of chunks) {
    const text = utf8.decode(chunk, { stream: true })
    let start = 0
    if (endsInLine && text.charCodeAt(0) === 10) {
      onData(dataOf(pending))
      pending = ''
      start = 1
    }
    for (let end = text.indexOf('\n\n', start); end !== -1; end = text.indexOf('\n\n', start)) {
      onData(dataOf(pending === '' ? text.slice(start, end) : pending + text.slice(start, end)))
      pending = ''
      start = end + 2
    }
    if (start < text.length) pending += text.slice(start)
    endsInLine = pending !== '' && text.charCodeAt(text.length - 1) === 10
  }
}

function dataOf(event) {
  return event.slice(event.indexOf('data: ') + 6)
}

/** L2: decode, split and parse; `onPayload` gets each payload. */
export function parse(chunks, onPayload) {
  split(chunks, (data) => onPayload(data === '[DONE]' ? data : JSON.parse(data)))
}

/** L3: and append each delta to the string of its block. */
export function append(chunks, dialect) {
  const reader = { text: '', inputs: [] }
  const read = APPENDERS[dialect]
  parse(chunks, (payload) => read(payload, reader))
  return reader
}

const APPENDERS = {
  'anthropic-messages'(payload, reader) {
    if (payload.type === 'content_block_start' && payload.content_block.type === 'tool_use') reader.inputs.push('')
    if (payload.type !== 'content_block_delta') return
    const { delta } = payload
    if (delta.type === 'text_delta') reader.text += delta.text
    else if (delta.type === 'input_json_delta') reader.inputs[reader.inputs.length - 1] += delta.partial_json
  },
  'openai-chat'(payload, reader) {
    const delta = payload === '[DONE]' ? undefined : payload.choices[0]?.delta
    if (delta?.content) reader.text += delta.content
    for (const call of delta?.tool_calls ?? []) {
      reader.inputs[call.index] = (reader.inputs[call.index] ?? '') + call.function.arguments
    }
  },
  'openai-responses'(payload, reader) {
    if (payload.type === 'response.output_text.delta') reader.text += payload.delta
    else if (payload.type === 'response.output_item.added' && payload.item.type === 'function_call')
      reader.inputs.push('')
    else if (payload.type === 'response.function_call_arguments.delta')
      reader.inputs[reader.inputs.length - 1] += payload.delta
  },
}

/** The chunks as a stream that gives one when it is asked for one. */
export function streamOf(chunks) {
  let at = 0
  return new ReadableStream(
    { pull: (to) => (at < chunks.length ? to.enqueue(chunks.at(at++)) : to.close()) },
    { highWaterMark: 0 },
  )
}
