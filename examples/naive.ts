/**
 * The bad example: an agent loop over chat completions as many people write it. Do not copy it; examples/agent.ts is the one to copy.
 *
 * It takes each chunk of the body for whole lines, each end of the body for the end of the answer, each first choice for the answer, and
 * runs what it has by then. `onefold trial --cmd 'node examples/build/naive.js'` shows what comes of that.
 */
import { appendFileSync } from 'node:fs'

interface Call {
  id: string
  name: string
  arguments: string
}

const tools = [
  {
    type: 'function',
    function: {
      name: 'count',
      description: 'Appends a line to the file in ONEFOLD_TRIAL_COUNT.',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    },
  },
]
const messages: object[] = [{ role: 'user', content: process.argv[2] ?? 'hi' }]

async function ask(): Promise<{ text: string; calls: Call[] }> {
  const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({ model: 'gpt-5-mini', stream: true, tools, messages }),
  })
  if (response.body === null) throw new Error('the answer has no body')
  let text = ''
  let buffer = ''
  const calls: Call[] = []
  const decoder = new TextDecoder()
  for await (const chunk of response.body) {
    buffer += decoder.decode(chunk, { stream: true })
    const lines = buffer.split('\n')
    buffer = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data: ') || line === 'data: [DONE]') continue
      const { delta } = JSON.parse(line.slice('data: '.length)).choices[0] ?? {}
      if (delta?.content) {
        text += delta.content
        process.stdout.write(delta.content)
      }
      for (const piece of delta?.tool_calls ?? []) {
        if (piece.id) calls[piece.index] = { id: piece.id, name: piece.function.name, arguments: '' }
        const call = calls[piece.index]
        if (call) call.arguments += piece.function.arguments ?? ''
      }
    }
  }
  return { text, calls }
}

for (;;) {
  const { text, calls } = await ask()
  process.stdout.write('\n')
  if (calls.length === 0) break
  messages.push({
    role: 'assistant',
    content: text,
    tool_calls: calls.map(({ id, ...called }) => ({ id, type: 'function', function: called })),
  })
  for (const call of calls) {
    appendFileSync(process.env.ONEFOLD_TRIAL_COUNT ?? 'runs.txt', `${JSON.parse(call.arguments).text}\n`)
    messages.push({ role: 'tool', tool_call_id: call.id, content: 'counted' })
  }
}
