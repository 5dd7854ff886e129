/**
 * Lets the AI SDK itself make its streams, of a model that plays parts by rote. No TypeScript: the types of `ai` do not compile under the
 * options of this project.
 */
import { jsonSchema, readUIMessageStream, stepCountIs, streamText, tool } from 'ai'

const inputSchema = jsonSchema({ type: 'object', properties: { city: { type: 'string' } } })

const TOOLS = {
  /** The SDK runs it. */
  weather: tool({ inputSchema, execute: ({ city = '' }) => Promise.resolve({ city, degrees: 20 }) }),
  breaks: tool({ inputSchema, execute: () => Promise.reject(new Error('out of order')) }),
  /** It has results before its last. */
  steps: tool({
    inputSchema,
    async *execute() {
      yield 'half'
      await Promise.resolve()
      yield 'whole'
    },
  }),
  /** The caller runs it. */
  ask: tool({ inputSchema }),
  /** Somebody has to agree first. */
  danger: tool({ inputSchema, needsApproval: true, execute: () => Promise.resolve('done') }),
}

function modelOf(steps) {
  let next = 0
  return {
    specificationVersion: 'v3',
    provider: 'by-rote',
    modelId: 'model-1',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('it only streams')),
    doStream() {
      const step = steps[next] ?? []
      next += 1
      return step instanceof Error ? Promise.reject(step) : Promise.resolve({ stream: ReadableStream.from(step) })
    },
  }
}

export function play({ steps }, options = {}) {
  return streamText({
    model: modelOf(steps),
    prompt: 'go',
    tools: TOOLS,
    stopWhen: stepCountIs(5),
    maxRetries: 0,
    onError: () => undefined,
    ...options,
  })
}

/** What the SDK's own reader makes of the chunks: the last state of the message, and the errors that it told. */
export async function accumulated(chunks) {
  let last = null
  const errors = []
  const states = readUIMessageStream({ stream: ReadableStream.from(chunks), onError: (error) => errors.push(error) })
  for await (const state of states) last = state
  return { message: JSON.parse(JSON.stringify(last)), errors }
}
