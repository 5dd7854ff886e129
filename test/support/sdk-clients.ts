/** The official SDKs as clients of a server: a question, and a loop with two tools. */
import type Anthropic from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import { isObject, type JsonValue } from '../../src/json.ts'
import type { WritableDialect } from '../../src/index.ts'

export interface ToolRun {
  readonly name: string
  readonly input: unknown
}

/** What came out of a tool loop: the last text, what the tools were called with, the answers. */
export interface Looped {
  readonly text: string
  readonly tools: readonly ToolRun[]
  readonly answers: readonly unknown[]
}

interface Client {
  ask(isStreamed: boolean): Promise<unknown>
  loop(isStreamed: boolean): Promise<Looped>
}

export interface SdkClient {
  readonly name: string
  readonly dialect: WritableDialect
  open(url: string): Client
  readonly errors: readonly {
    readonly status: number
    readonly type: new (...args: never[]) => Error
    readonly body: JsonValue
  }[]
}

interface Sdks {
  readonly Anthropic: typeof Anthropic
  readonly OpenAI: typeof OpenAI
}

const QUESTION = 'Two coffees at 3.20 and a cake at 4.50: what do they cost? Note that I paid.'
const SCHEMA = { type: 'object' as const }
/** More than the two that there are, so that a loop that never ends is seen. */
const MAX_TURNS = 4

export function clientsOf({ Anthropic: AnthropicSdk, OpenAI: OpenAISdk }: Sdks): readonly SdkClient[] {
  const anthropicBody = (type: string): JsonValue => ({ type: 'error', error: { type, message: 'in the way' } })
  const openaiBody = (type: string): JsonValue => ({ error: { type, message: 'in the way', code: null, param: null } })
  const openaiErrors = [
    { status: 429, type: OpenAISdk.RateLimitError, body: openaiBody('rate_limit_error') },
    { status: 503, type: OpenAISdk.InternalServerError, body: openaiBody('server_error') },
    { status: 401, type: OpenAISdk.AuthenticationError, body: openaiBody('invalid_request_error') },
    { status: 400, type: OpenAISdk.BadRequestError, body: openaiBody('invalid_request_error') },
  ]
  const openaiAt = (url: string): OpenAI =>
    new OpenAISdk({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 0, logLevel: 'off' })
  return [
    {
      name: '@anthropic-ai/sdk',
      dialect: 'anthropic-messages',
      open: (url) => anthropicClient(new AnthropicSdk({ apiKey: 'x', baseURL: url, maxRetries: 0, logLevel: 'off' })),
      errors: [
        { status: 429, type: AnthropicSdk.RateLimitError, body: anthropicBody('rate_limit_error') },
        { status: 529, type: AnthropicSdk.InternalServerError, body: anthropicBody('overloaded_error') },
        { status: 401, type: AnthropicSdk.AuthenticationError, body: anthropicBody('authentication_error') },
        { status: 400, type: AnthropicSdk.BadRequestError, body: anthropicBody('invalid_request_error') },
      ],
    },
    { name: 'openai, chat', dialect: 'openai-chat', open: (url) => chatClient(openaiAt(url)), errors: openaiErrors },
    {
      name: 'openai, Responses',
      dialect: 'openai-responses',
      open: (url) => responsesClient(openaiAt(url)),
      errors: openaiErrors,
    },
  ]
}

function anthropicClient({ messages: api }: Anthropic): Client {
  const send = (messages: Anthropic.MessageParam[], isStreamed: boolean): Promise<Anthropic.Message> => {
    const tools = ['add', 'write_note'].map((name) => ({ name, input_schema: SCHEMA }))
    const request = { model: 'any', max_tokens: 1024, messages, tools }
    return isStreamed ? api.stream(request).finalMessage() : api.create(request)
  }
  return {
    ask: (isStreamed) => send([{ role: 'user', content: QUESTION }], isStreamed),
    loop: async (isStreamed) => {
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: QUESTION }]
      const looped = { text: '', tools: new Array<ToolRun>(), answers: new Array<unknown>() }
      while (looped.answers.length < MAX_TURNS) {
        const answer = await send(messages, isStreamed)
        looped.answers.push(answer)
        messages.push({ role: 'assistant', content: answer.content })
        looped.text = answer.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
        const results: Anthropic.ToolResultBlockParam[] = []
        for (const block of answer.content) {
          if (block.type !== 'tool_use') continue
          looped.tools.push({ name: block.name, input: block.input })
          results.push({ type: 'tool_result', tool_use_id: block.id, content: 'done' })
        }
        if (answer.stop_reason !== 'tool_use') break
        messages.push({ role: 'user', content: results })
      }
      return looped
    },
  }
}

function chatClient({ chat: { completions: api } }: OpenAI): Client {
  const send = (messages: OpenAI.ChatCompletionMessageParam[], isStreamed: boolean): Promise<OpenAI.ChatCompletion> => {
    const tools = ['add', 'write_note'].map((name) => ({
      type: 'function' as const,
      function: { name, parameters: SCHEMA },
    }))
    const request = { model: 'any', messages, tools }
    return isStreamed ? api.stream(request).finalChatCompletion() : api.create(request)
  }
  return {
    ask: (isStreamed) => send([{ role: 'user', content: QUESTION }], isStreamed),
    loop: async (isStreamed) => {
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: QUESTION }]
      const looped = { text: '', tools: new Array<ToolRun>(), answers: new Array<unknown>() }
      while (looped.answers.length < MAX_TURNS) {
        const [choice] = (await send(messages, isStreamed)).choices
        if (choice === undefined) break
        const { message } = choice
        looped.answers.push({ ...message, finish: choice.finish_reason })
        messages.push(message)
        looped.text = message.content ?? ''
        for (const call of message.tool_calls ?? []) {
          if (call.type !== 'function') continue
          looped.tools.push({ name: call.function.name, input: JSON.parse(call.function.arguments) })
          messages.push({ role: 'tool', tool_call_id: call.id, content: 'done' })
        }
        if (choice.finish_reason !== 'tool_calls') break
      }
      return looped
    },
  }
}

function responsesClient({ responses: api }: OpenAI): Client {
  const send = (
    input: OpenAI.Responses.ResponseInputItem[],
    isStreamed: boolean,
  ): Promise<OpenAI.Responses.Response> => {
    const tools = ['add', 'write_note'].map((name) => ({
      type: 'function' as const,
      name,
      parameters: SCHEMA,
      strict: false,
    }))
    const request = { model: 'any', input, tools }
    return isStreamed ? api.stream(request).finalResponse() : api.create(request)
  }
  return {
    ask: async (isStreamed) => {
      const response = await send([{ role: 'user', content: QUESTION }], isStreamed)
      // To this SDK one that broke off is an answer like any other; its caller has to look at the status.
      if (response.status !== 'completed') throw new Error(`the response is ${response.status}`)
      return response
    },
    loop: async (isStreamed) => {
      const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: QUESTION }]
      const looped = { text: '', tools: new Array<ToolRun>(), answers: new Array<unknown>() }
      while (looped.answers.length < MAX_TURNS) {
        const { output, output_text: text } = await send(input, isStreamed)
        looped.answers.push(output.map((item) => (isObject(item) ? { ...item } : item)))
        looped.text = text
        const calls = output.filter((item) => item.type === 'function_call')
        for (const { call_id: id, name, arguments: json } of calls) {
          looped.tools.push({ name, input: JSON.parse(json) })
          input.push({ type: 'function_call', call_id: id, name, arguments: json })
          input.push({ type: 'function_call_output', call_id: id, output: 'done' })
        }
        if (calls.length === 0) break
      }
      return looped
    },
  }
}
