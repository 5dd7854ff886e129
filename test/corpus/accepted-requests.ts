/** The requests of the corpus, and the few that a lax rule flags with good reason although somebody accepted them. */
import { isObject, type JsonObject } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'

export interface AcceptedRequest {
  readonly stream: CorpusStream
  readonly request: JsonObject
  readonly messages: readonly JsonObject[]
}

/** Findings by the file of the stream: `rule@message.block call`. One that is no longer found fails the test. */
export type Flagged = Readonly<Record<string, readonly string[]>>

/** Baseten minted this id of 46 characters and takes it back. The rule is OpenAI's: to OpenAI the history could not go as it is. */
export const CHAT_REQUEST_EXCEPTIONS: Flagged = {
  'openai-compatible/baseten/braintrustdata-lingua__glmToolCallWithLeadingTextRequest-baseten-followup-response-streaming.ndjson':
    ['O5@1.0 chatcmpl-tool-4b8dd01b191c422896d832037529d23e'],
}

/** The requests whose history is a list; a request may be a text or a prompt. */
export function messagesOf(streams: readonly CorpusStream[], field: 'messages' | 'input'): readonly AcceptedRequest[] {
  return streams.flatMap((stream) => {
    const messages = stream.request?.[field]
    if (stream.request === undefined || !Array.isArray(messages)) return []
    return [{ stream, request: stream.request, messages: messages.filter(isObject) }]
  })
}

export function flaggedRequests(
  requests: readonly AcceptedRequest[],
  names: (request: AcceptedRequest) => readonly string[],
): Flagged {
  const flagged = requests.map((request) => [request.stream.file, names(request)] as const)
  return Object.fromEntries(flagged.filter(([, found]) => found.length > 0))
}
