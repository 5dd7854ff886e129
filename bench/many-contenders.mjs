/**
 * One turn of many: each contender reads the stream of a number to its end and gives what came of it. The official SDKs get it as the body
 * that `fetch` answers with, from one client for all turns, as a server would have it, and are asked for the final message alone, which is
 * the least that their helpers do.
 */
const HEADERS = { 'content-type': 'text/event-stream' }
const ASK = [{ role: 'user', content: 'hi' }]

/** By dialect and key: `run(open, number, dialect)`, and `read(result)`, which gives its text and the inputs of its calls. */
export function manyContenders({ Anthropic, OpenAI, onefold: { assemble, fold } }) {
  let openStream
  const respond = async (_url, { headers }) =>
    new Response(openStream(Number(new Headers(headers).get('x-number'))), { headers: HEADERS })
  const client = { apiKey: 'none', maxRetries: 0, fetch: respond }
  const anthropic = new Anthropic(client)
  const openai = new OpenAI(client)
  const sdk = (finalOf, read) => ({
    run(open, number) {
      openStream = open
      return finalOf({ headers: { 'x-number': String(number) } })
    },
    read,
  })
  const common = {
    stream: {
      async run(open, number) {
        const reader = open(number).getReader()
        while (!(await reader.read()).done);
      },
    },
    message: { run: (open, number, dialect) => fold(open(number), { dialect }), read: readMessage },
    events: {
      async run(open, number, dialect) {
        let final
        let calls = 0
        for await (const event of assemble(open(number), { dialect })) {
          if (event.type === 'tool_call') calls += 1
          if (event.type === 'message') final = event.final
        }
        if (calls !== 1) throw new Error(`turn ${number}: ${calls} calls were handed out`)
        return final
      },
      read: readMessage,
    },
  }
  const message = { model: 'bench', max_tokens: 1, messages: ASK }
  const chat = { model: 'bench', messages: ASK }
  const response = { model: 'bench', input: 'hi' }
  return {
    'anthropic-messages': {
      ...common,
      sdk: sdk((about) => anthropic.messages.stream(message, about).finalMessage(), readAnthropic),
    },
    'openai-chat': {
      ...common,
      sdk: sdk((about) => openai.chat.completions.stream(chat, about).finalChatCompletion(), readChat),
    },
    'openai-responses': {
      ...common,
      sdk: sdk((about) => openai.responses.stream(response, about).finalResponse(), readResponse),
    },
  }
}

function readMessage({ content, outcome }) {
  if (outcome.kind !== 'complete') throw new Error(`the outcome is ${JSON.stringify(outcome)}`)
  return {
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    inputs: content.flatMap((block) => (block.type === 'tool_call' ? [JSON.stringify(block.input)] : [])),
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

function readResponse({ output, output_text: text }) {
  return { text, inputs: output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : [])) }
}
