/**
 * The loop that many programs have, with the care that it usually gets: the text of every text delta, a call when the
 * provider says that it is over, a finished message at the provider's last event. `onefold start` shows the same.
 */
import { callOf, failed, neutral } from '../neutral.mjs'

export const plainLoop = {
  key: 'plain',
  name: 'plain loop',
  packages: [],
  dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
  how: 'reads lines, appends deltas, runs a call where its block (in chat: its message) ends',
  async run({ dialect, response }) {
    const state = { text: '', thinking: '', calls: [], finished: 0, stop: undefined, tools: [] }
    try {
      for await (const payload of payloadsIn(response().body)) READERS[dialect](payload, state)
    } catch (error) {
      return failed(error, { ...state, ran: state.calls })
    }
    return neutral(state)
  },
}

async function* payloadsIn(body) {
  const utf8 = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += utf8.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop()
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue
      const data = line.slice('data: '.length)
      yield data === '[DONE]' ? data : JSON.parse(data)
    }
  }
}

const READERS = {
  'anthropic-messages'(event, state) {
    if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
      state.tool = { name: event.content_block.name, json: '' }
    }
    if (event.type === 'content_block_delta') {
      if (event.delta.type === 'text_delta') state.text += event.delta.text
      if (event.delta.type === 'thinking_delta') state.thinking += event.delta.thinking
      if (event.delta.type === 'input_json_delta') state.tool.json += event.delta.partial_json
    }
    if (event.type === 'content_block_stop' && state.tool !== undefined) {
      state.calls.push(callOf(state.tool.name, JSON.parse(state.tool.json || '{}')))
      state.tool = undefined
    }
    if (event.type === 'message_delta') state.stop = event.delta.stop_reason
    if (event.type === 'message_stop') state.finished += 1
  },
  'openai-chat'(chunk, state) {
    if (chunk === '[DONE]') {
      state.finished += 1
      return
    }
    const choice = chunk.choices[0]
    if (choice === undefined) return
    if (choice.delta.content) state.text += choice.delta.content
    if (choice.delta.reasoning_content) state.thinking += choice.delta.reasoning_content
    for (const call of choice.delta.tool_calls ?? []) {
      const tool = (state.tools[call.index] ??= { name: call.function.name, json: '' })
      tool.json += call.function.arguments
    }
    if (choice.finish_reason) state.stop = choice.finish_reason
    if (choice.finish_reason !== 'tool_calls') return
    for (const { name, json } of state.tools) state.calls.push(callOf(name, JSON.parse(json || '{}')))
  },
  'openai-responses'(event, state) {
    if (event.type === 'response.output_text.delta') state.text += event.delta
    if (event.type === 'response.reasoning_summary_text.delta') state.thinking += event.delta
    if (event.type === 'response.output_item.done' && event.item.type === 'function_call') {
      state.calls.push(callOf(event.item.name, JSON.parse(event.item.arguments || '{}')))
    }
    if (event.type !== 'response.completed') return
    state.stop = event.response.status
    state.finished += 1
  },
}
