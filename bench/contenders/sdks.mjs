/**
 * The official SDKs' own streams, behind a `fetch` that answers with the recorded chunks: their events alone, and their whole message.
 * `live` is what an SDK itself offers of tool input while it streams; the Responses helper has only the raw text.
 */
import { streamOf } from '../floors.mjs'
import { touch } from './onefold.mjs'

const HEADERS = { 'content-type': 'text/event-stream' }
const ASK = [{ role: 'user', content: 'hi' }]
const PARAMETERS = { type: 'object', properties: {} }
const responder =
  ({ chunks }) =>
  async () =>
    new Response(streamOf(chunks), { headers: HEADERS })

async function count(stream) {
  let events = 0
  for await (const _event of await stream) events += 1
  return events
}

export function sdkContenders({ Anthropic, OpenAI }) {
  const anthropic = (workload) => new Anthropic({ apiKey: 'none', maxRetries: 0, fetch: responder(workload) })
  const openai = (workload) => new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: responder(workload) })
  const message = { model: 'bench', max_tokens: 1, messages: ASK }
  const chat = { model: 'bench', messages: ASK }
  const response = { model: 'bench', input: 'hi' }
  const strict = [{ type: 'function', function: { name: 'write_file', strict: true, parameters: PARAMETERS } }]

  return {
    'anthropic-messages': {
      final: [
        {
          name: '@anthropic-ai/sdk: messages.create, events only',
          key: 'sdk create',
          run: (workload) => count(anthropic(workload).messages.create({ ...message, stream: true })),
          // The SDK keeps pings to itself.
          read: (events) => ({ events: events + 1 }),
        },
        {
          name: '@anthropic-ai/sdk: messages.stream, finalMessage()',
          key: 'sdk stream',
          run: (workload) => anthropic(workload).messages.stream(message).finalMessage(),
          read: readAnthropic,
        },
      ],
      live: [
        {
          name: '@anthropic-ai/sdk: messages.stream, inputJson snapshots',
          key: 'sdk live',
          async run(workload) {
            const stream = anthropic(workload).messages.stream(message)
            let reads = 0
            let last
            stream.on('inputJson', (_delta, snapshot) => {
              reads += touch((last = snapshot))
            })
            return { final: await stream.finalMessage(), reads, last }
          },
          read: ({ final, reads, last }) => ({ ...readAnthropic(final), reads, last: JSON.stringify(last) }),
        },
      ],
    },
    'openai-chat': {
      final: [
        {
          name: 'openai: chat.completions.create, events only',
          key: 'sdk create',
          run: (workload) => count(openai(workload).chat.completions.create({ ...chat, stream: true })),
          // The SDK keeps [DONE] to itself.
          read: (events) => ({ events: events + 1 }),
        },
        {
          name: 'openai: chat.completions.stream, finalChatCompletion()',
          key: 'sdk stream',
          run: (workload) => openai(workload).chat.completions.stream(chat).finalChatCompletion(),
          read: readChat,
        },
      ],
      live: [
        {
          name: 'openai: chat.completions.stream, parsed_arguments of a strict tool',
          key: 'sdk live',
          async run(workload) {
            const stream = openai(workload).chat.completions.stream({ ...chat, tools: strict })
            let reads = 0
            let last
            stream.on('tool_calls.function.arguments.delta', ({ parsed_arguments: parsed }) => {
              reads += touch((last = parsed))
            })
            return { final: await stream.finalChatCompletion(), reads, last }
          },
          read: ({ final, reads, last }) => ({ ...readChat(final), reads, last: JSON.stringify(last) }),
        },
      ],
    },
    'openai-responses': {
      final: [
        {
          name: 'openai: responses.create, events only',
          key: 'sdk create',
          run: (workload) => count(openai(workload).responses.create({ ...response, stream: true })),
          read: (events) => ({ events }),
        },
        {
          name: 'openai: responses.stream, finalResponse()',
          key: 'sdk stream',
          run: (workload) => openai(workload).responses.stream(response).finalResponse(),
          read: ({ output, output_text: text }) => ({
            text,
            inputs: output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : [])),
          }),
        },
      ],
      live: [],
    },
  }
}

function readAnthropic({ content }) {
  return {
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    inputs: content.flatMap((block) => (block.type === 'tool_use' ? [JSON.stringify(block.input)] : [])),
  }
}

function readChat({ choices }) {
  const { content, tool_calls: calls } = choices[0].message
  return { text: content ?? '', inputs: (calls ?? []).map((call) => call.function.arguments) }
}
