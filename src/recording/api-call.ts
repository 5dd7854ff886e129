/** What a request to a provider asks for, by its path and body: which API, an answer or something beside it, streamed or whole. */
import { isObject, type JsonValue } from '../json.ts'
import type { Dialect } from '../message.ts'

export interface ApiCall {
  readonly dialect: Dialect
  /** `answer`: a message. `count_tokens` and `models` are what agents ask besides. */
  readonly operation: 'answer' | 'count_tokens' | 'models'
  /** Whether the answer is wanted as a stream. */
  readonly isStreamed: boolean
  /** As the path or the body names it. */
  readonly model?: string
}

interface Route {
  readonly method: 'GET' | 'POST'
  /** Matched against the end of the path, so that a gateway's prefix does not matter. The group `model` is the model's name. */
  readonly path: RegExp
  readonly dialect: Dialect
  readonly operation: ApiCall['operation']
  /** `body`: the field `stream` says it, absent means no; `body-unless-false`: absent means yes. */
  readonly streams: 'always' | 'never' | 'body' | 'body-unless-false'
}

const post = (
  path: RegExp,
  dialect: Dialect,
  streams: Route['streams'],
  operation: ApiCall['operation'] = 'answer',
): Route => ({ method: 'POST', path, dialect, operation, streams })

/** The first that fits counts. */
const ROUTES: readonly Route[] = [
  post(/\/messages\/count_tokens$/, 'anthropic-messages', 'never', 'count_tokens'),
  post(/\/chat\/completions$/, 'openai-chat', 'body'),
  post(/\/completions$/, 'openai-chat', 'body'),
  post(/\/responses$/, 'openai-responses', 'body'),
  post(/\/models\/(?<model>[^/]+):streamGenerateContent$/, 'gemini', 'always'),
  post(/\/models\/(?<model>[^/]+):generateContent$/, 'gemini', 'never'),
  post(/\/models\/(?<model>[^/]+):countTokens$/, 'gemini', 'never', 'count_tokens'),
  post(/:streamGenerateContent$/, 'gemini', 'always'),
  post(/:generateContent$/, 'gemini', 'never'),
  post(/:countTokens$/, 'gemini', 'never', 'count_tokens'),
  post(/\/interactions$/, 'gemini-interactions', 'body'),
  post(/\/model\/(?<model>[^/]+)\/converse-stream$/, 'bedrock-converse', 'always'),
  post(/\/model\/(?<model>[^/]+)\/converse$/, 'bedrock-converse', 'never'),
  post(/\/model\/(?<model>[^/]+)\/invoke-with-response-stream$/, 'bedrock-converse', 'always'),
  post(/\/model\/(?<model>[^/]+)\/invoke$/, 'bedrock-converse', 'never'),
  post(/\/conversations(\/[^/]+)?$/, 'mistral-conversations', 'body'),
  post(/\/api\/(chat|generate)$/, 'ollama', 'body-unless-false'),
  post(/\/v[12]\/chat$/, 'cohere', 'body'),
  post(/\/messages$/, 'anthropic-messages', 'body'),
  { method: 'GET', path: /\/models(\/[^/]+)?$/, dialect: 'openai-chat', operation: 'models', streams: 'never' },
]

/** What a request asks for; undefined for what is no request of a known API. `path` may have a query; `body` is the parsed body. */
export function apiCallOf(method: string, path: string, body: JsonValue | undefined): ApiCall | undefined {
  const [bare = ''] = path.split('?', 1)
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(bare) : null
    if (match === null) continue
    const model = match.groups?.model ?? (isObject(body) && typeof body.model === 'string' ? body.model : undefined)
    return {
      dialect: route.dialect,
      operation: route.operation,
      isStreamed: isStreamed(route.streams, body),
      ...(model === undefined ? {} : { model: decoded(model) }),
    }
  }
  return undefined
}

function isStreamed(streams: Route['streams'], body: JsonValue | undefined): boolean {
  const asked = isObject(body) ? body.stream : undefined
  switch (streams) {
    case 'always':
      return true
    case 'never':
      return false
    case 'body':
      return asked === true
    case 'body-unless-false':
      return asked !== false
    default: {
      const never: never = streams
      return never
    }
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
