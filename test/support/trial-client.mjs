/**
 * A small client for `onefold trial`, with the vices that its arguments name. It reads the Messages API event by event, and the last
 * argument is its prompt.
 */
import { appendFileSync } from 'node:fs'

const vices = new Set(process.argv.slice(2, -1))
const url = process.env.ANTHROPIC_BASE_URL
const tools = [
  { name: 'look', input_schema: { type: 'object', properties: {} } },
  { name: 'note', input_schema: { type: 'object', properties: { line: { type: 'string' } }, required: ['line'] } },
  {
    name: 'bash',
    input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  },
]
const offered = vices.has('no-counter') ? tools.slice(0, 1) : vices.has('own-tool') ? tools.slice(0, 2) : tools.slice(2)
const messages = [{ role: 'user', content: process.argv.at(-1) }]

const post = (path, body) =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

if (vices.has('besides')) {
  const text = async (body) =>
    (await (await post('/v1/messages', { model: 'm', messages, ...body })).json()).content[0].text
  const counted = await (await post('/v1/messages/count_tokens', { model: 'm', messages })).json()
  const models = await (await fetch(`${url}/v1/models`)).json()
  const head = await fetch(url, { method: 'HEAD' })
  const none = await fetch(`${url}/v1/nothing`)
  const title = await text({ max_tokens: 100 })
  const probe = await text({ max_tokens: 1, tools: offered })
  process.stderr.write(
    `${JSON.stringify([counted.input_tokens > 0, models.object, head.status, none.status, title === probe && title.length > 0])}\n`,
  )
}
if (vices.has('hang-first')) await new Promise((resolve) => setTimeout(resolve, 60_000))

async function read(response) {
  if (!response.ok) throw new Error(`refused: ${await response.text()}`)
  const message = { content: [], stop: undefined }
  let buffer = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    buffer += chunk
    for (let end = buffer.indexOf('\n\n'); end !== -1; end = buffer.indexOf('\n\n')) {
      const event = JSON.parse(/^data: (.*)$/m.exec(buffer.slice(0, end))[1])
      buffer = buffer.slice(end + 2)
      if (event.type === 'content_block_start') message.content[event.index] = { ...event.content_block, json: '' }
      if (event.type === 'content_block_delta') {
        message.content[event.index].text += event.delta.text ?? ''
        message.content[event.index].json += event.delta.partial_json ?? ''
      }
      if (event.type === 'message_delta') message.stop = event.delta.stop_reason
    }
  }
  for (const block of message.content) if (block.type === 'tool_use') block.input = parse(block.json)
  return message
}

function parse(json) {
  try {
    return JSON.parse(json)
  } catch {
    // A reader of partial JSON makes an input of what there is.
    return vices.has('runs-cut-calls') ? JSON.parse(`${json}"}`) : undefined
  }
}

function run({ name, input }) {
  const text = name === 'bash' ? /^echo (\S+) >>/.exec(input.command)?.[1] : input.line
  appendFileSync(process.env.ONEFOLD_TRIAL_COUNT, `${text}\n`)
}

for (let cuts = 0; ;) {
  const request = { model: 'm', max_tokens: 1000, stream: !vices.has('whole'), tools: offered, messages }
  const response = await post('/v1/messages', request)
  if (vices.has('whole')) break
  const { content, stop } = await read(response)
  if (stop === undefined) {
    for (const block of content) if (block.input !== undefined && vices.has('runs-before-the-end')) run(block)
    for (const block of content) if (block.input !== undefined && vices.has('runs-cut-calls')) run(block)
    if (vices.has('hangs-on-cut')) await new Promise((resolve) => setTimeout(resolve, 60_000))
    process.stderr.write('the answer was cut\n')
    cuts += 1
    if (vices.has('gives-up') && cuts === 3) process.exit(1)
    continue
  }
  for (const block of content) if (block.type === 'text') process.stdout.write(`${String(block.text)}\n`)
  if (stop !== 'tool_use') break
  const calls = content.filter(({ type }) => type === 'tool_use')
  for (const call of calls) run(call)
  const said = content.map(({ json: _json, text, ...rest }) => (rest.type === 'text' ? { type: 'text', text } : rest))
  messages.push({ role: 'assistant', content: said })
  const results = calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'done' }))
  messages.push({ role: 'user', content: vices.has('forgets-a-result') ? results.slice(1) : results })
}
if (vices.has('wild')) {
  process.stdout.write('\u001b]0;owned\u0007\n')
  process.exit(3)
}
