/**
 * An emulator of four APIs on loopback: Anthropic Messages, OpenAI chat, OpenAI Responses, Gemini. It imports nothing of
 * onefold, so that what is recorded in front of it was made by somebody else.
 *
 * A request that offers the client's shell tool is answered with some text and a call of it; one that ends with the
 * result of the call, with a text that quotes the result; one that offers no such tool (a title, a summary, a probe), in
 * plain words. Streams come in pieces that respect no border of events or characters.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { anthropicSse, anthropicWhole } from './wire/anthropic.mjs'
import { chatSse, chatWhole } from './wire/chat.mjs'
import { geminiSse, geminiWhole } from './wire/gemini.mjs'
import { responsesSse, responsesWhole } from './wire/responses.mjs'

const FIRST_PIECE_AFTER_MS = 40
const PIECE_EVERY_MS = 4

const APIS = {
  'anthropic-messages': {
    sse: anthropicSse,
    whole: anthropicWhole,
    tools: (body) => (body.tools ?? []).map(({ name }) => name),
    result: ({ messages }) => {
      const last = messages?.at(-1)
      if (last?.role !== 'user' || !Array.isArray(last.content)) return undefined
      const result = last.content.find(({ type }) => type === 'tool_result')
      return result === undefined ? undefined : textOf(result.content)
    },
  },
  'openai-chat': {
    sse: chatSse,
    whole: chatWhole,
    tools: (body) => (body.tools ?? []).map((tool) => tool.function?.name),
    result: ({ messages }) =>
      lastResult(
        messages,
        ({ role }) => role === 'tool',
        'content',
        ({ role }) => role === 'assistant',
      ),
  },
  'openai-responses': {
    sse: responsesSse,
    whole: responsesWhole,
    tools: (body) => (body.tools ?? []).map(({ name, type }) => name ?? type),
    result: ({ input }) =>
      lastResult(
        Array.isArray(input) ? input : [],
        ({ type }) => type === 'function_call_output' || type === 'custom_tool_call_output',
        'output',
        ({ type, role }) => type === 'function_call' || type === 'custom_tool_call' || role === 'assistant',
      ),
  },
  gemini: {
    sse: geminiSse,
    whole: geminiWhole,
    tools: (body) =>
      (body.tools ?? []).flatMap(({ functionDeclarations = [] }) => functionDeclarations.map(({ name }) => name)),
    result: ({ contents }) => {
      const part = contents?.at(-1)?.parts?.find(({ functionResponse }) => functionResponse !== undefined)
      return part === undefined
        ? undefined
        : textOf(part.functionResponse.response?.output ?? part.functionResponse.response)
    },
  },
}

/** The text of the last result, if nothing of the model's stands behind it. */
function lastResult(items = [], isResult, field, isModel) {
  const at = items.findLastIndex(isResult)
  return at === -1 || items.slice(at).some(isModel) ? undefined : textOf(items[at][field])
}

function textOf(content) {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map((part) => part.text ?? '').join('')
  return JSON.stringify(content ?? '')
}

/** `asked` has each request with what it was taken for and the bytes that answered it. `call` is the client's shell tool as `{ name, args, quote }`: `quote` must stand in its result. */
export async function startEmulator({ call, port = 0 }) {
  const asked = []
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') process.stderr.write(`emulator: ${error.stack}\n`)
    })
  })

  async function answer(request, response) {
    const text = await textIn(request)
    const body = jsonOf(text)
    const { method, url, headers } = request
    const { kind, status = 200, whole, streamed } = replyTo({ method, url, body }, call)
    const sent = Buffer.from(streamed ?? JSON.stringify(whole))
    asked.push({ kind, method, url, headers, body: body ?? text, status, sent })
    response.setHeader('request-id', `req_${randomBytes(12).toString('hex')}`)
    if (streamed === undefined) {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(sent)
      return
    }
    response.writeHead(status, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    await wait(FIRST_PIECE_AFTER_MS)
    for (const piece of piecesOf(sent)) {
      if (response.destroyed) return
      response.write(piece)
      await wait(PIECE_EVERY_MS)
    }
    response.end()
  }

  await new Promise((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** What is answered: `whole`, or `streamed` as the text of the stream. */
function replyTo({ method, url, body }, call) {
  const [path] = url.split('?', 1)
  if (path.endsWith(':countTokens')) return { kind: 'count', whole: { totalTokens: 4242 } }
  if (path.endsWith('/count_tokens')) return { kind: 'count', whole: { input_tokens: 4242 } }
  if (method === 'GET' && path.endsWith('/models')) {
    return { kind: 'models', whole: { object: 'list', data: [], models: [], has_more: false } }
  }
  const api = method === 'POST' ? apiOf(path) : undefined
  if (api === undefined || body === undefined) {
    const error = { type: 'not_found_error', message: `no ${method} ${path}` }
    return { kind: 'other', status: 404, whole: { type: 'error', error } }
  }
  const result = api.result(body)
  const offersTool = api.tools(body).includes(call.name)
  const kind = !offersTool ? 'beside' : result === undefined ? 'question' : 'result'
  const turn = turnOf(kind, result, call)
  const about = { model: body.model ?? /models\/([^:]+)/u.exec(path)?.[1] ?? 'emulated', request: body }
  const isStreamed = body.stream === true || path.endsWith(':streamGenerateContent')
  return { kind, ...(isStreamed ? { streamed: api.sse(turn, about) } : { whole: api.whole(turn, about) }) }
}

function turnOf(kind, result, call) {
  if (kind === 'beside') return { text: 'Marker in the shell' }
  if (kind === 'question')
    return { text: 'I’ll look – naïvely – into the shell.', call: { name: call.name, args: call.args } }
  const quoted = result.includes(call.quote) ? call.quote : `no ${call.quote}, but ${result.slice(0, 2000)}`
  return { text: `The shell says “${quoted}” → done ✓` }
}

function apiOf(path) {
  if (path.endsWith('/messages')) return APIS['anthropic-messages']
  if (path.endsWith('/chat/completions')) return APIS['openai-chat']
  if (path.endsWith('/responses')) return APIS['openai-responses']
  if (/:(streamG|g)enerateContent$/u.test(path)) return APIS.gemini
  return undefined
}

/** Pieces of different lengths, so that some end inside an event, some inside a character, and some hold several events. */
function* piecesOf(bytes) {
  const lengths = [7, 211, 64, 1, 890, 33, 402]
  for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length]
    yield bytes.subarray(from, from + length)
    from += length
  }
}

async function textIn(request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

function jsonOf(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
