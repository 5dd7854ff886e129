/** OpenAI chat completions. */
import { deltasOf, newId, now, sse } from './pieces.mjs'

const usage = { prompt_tokens: 1234, completion_tokens: 56, total_tokens: 1290 }

export function chatWhole(turn, { model }) {
  return {
    id: newId('chatcmpl-'),
    object: 'chat.completion',
    created: now(),
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: turn.text,
          ...(turn.call === undefined ? {} : { tool_calls: [toolCallOf(turn.call)] }),
        },
        finish_reason: finishOf(turn),
      },
    ],
    usage,
  }
}

export function chatSse(turn, { model, request }) {
  const about = { id: newId('chatcmpl-'), object: 'chat.completion.chunk', created: now(), model }
  const chunk = (delta, finish_reason = null) => ({ ...about, choices: [{ index: 0, delta, finish_reason }] })
  const chunks = [
    chunk({ role: 'assistant', content: '' }),
    ...deltasOf(turn.text).map((content) => chunk({ content })),
  ]
  if (turn.call !== undefined) {
    const call = toolCallOf(turn.call)
    const { name, arguments: text } = call.function
    chunks.push(chunk({ tool_calls: [{ index: 0, ...call, function: { name, arguments: '' } }] }))
    for (const piece of deltasOf(text)) {
      chunks.push(chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }))
    }
  }
  chunks.push(chunk({}, finishOf(turn)))
  if (request.stream_options?.include_usage === true) chunks.push({ ...about, choices: [], usage })
  return `${sse(chunks, { named: false })}data: [DONE]\n\n`
}

const finishOf = ({ call }) => (call === undefined ? 'stop' : 'tool_calls')

function toolCallOf({ name, args }) {
  return { id: newId('call_'), type: 'function', function: { name, arguments: JSON.stringify(args) } }
}
