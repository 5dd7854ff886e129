/** The streams of the corpus as onefold takes them, and what each is to it. */
import { expect } from 'vitest'
import { isObject } from '../../src/json.ts'
import type { Dialect } from '../../src/message.ts'
import type { Source } from '../../src/source.ts'
import type { CorpusStream } from '../support/corpus.ts'

/** How many streams of which dialect of the corpus there are, and what they are to onefold. */
export const DIALECTS: Readonly<Record<string, { readonly streams: number; readonly dialect: Dialect }>> = {
  'anthropic-messages': { streams: 320, dialect: 'anthropic-messages' },
  'bedrock-converse': { streams: 40, dialect: 'bedrock-converse' },
  cohere: { streams: 14, dialect: 'cohere' },
  gemini: { streams: 250, dialect: 'gemini' },
  mistral: { streams: 64, dialect: 'openai-chat' },
  'openai-chat': { streams: 268, dialect: 'openai-chat' },
  'openai-compatible': { streams: 394, dialect: 'openai-chat' },
  'openai-responses': { streams: 295, dialect: 'openai-responses' },
  'other/bedrock-invoke-amazon': { streams: 4, dialect: 'text-generation' },
  'other/bedrock-invoke-anthropic': { streams: 36, dialect: 'anthropic-messages' },
  'other/bedrock-invoke-cohere': { streams: 3, dialect: 'text-generation' },
  'other/bedrock-invoke-meta': { streams: 2, dialect: 'text-generation' },
  'other/bedrock-invoke-nova': { streams: 6, dialect: 'bedrock-converse' },
  'other/gemini-interactions': { streams: 7, dialect: 'gemini-interactions' },
  'other/ollama': { streams: 16, dialect: 'ollama' },
  'other/openai-assistants': { streams: 1, dialect: 'openai-assistants' },
  'other/openai-completions': { streams: 12, dialect: 'openai-chat' },
  'other/tgi': { streams: 1, dialect: 'text-generation' },
}

export function familyOf({ dialect }: CorpusStream): string {
  return dialect.startsWith('openai-compatible/') ? 'openai-compatible' : dialect
}

/** Claude's text completions, which came before its messages. */
const COMPLETIONS = /bedrock-anthropic-invoke-stream\.ndjson$|Test-Anthropic-with-AWS-Bedrock-Instrumentatio-49875168/

export function dialectOf(stream: CorpusStream): Dialect {
  if (COMPLETIONS.test(stream.file)) return 'text-generation'
  return DIALECTS[familyOf(stream)]?.dialect ?? expect.fail(`nobody says what ${stream.dialect} is`)
}

/** As it would come: bytes, or the objects that an SDK makes of them. */
export function sourceOf(stream: CorpusStream): Source {
  if (stream.hasFrames) return stream.readRaw()
  if (stream.framing !== 'json-array-of-chunks') return stream.read()
  const lines = new TextDecoder().decode(stream.read()).split('\n').filter(Boolean)
  const objects = lines.map((line): unknown => JSON.parse(line)).filter(isObject)
  expect(objects, stream.file).toHaveLength(lines.length)
  return objects
}
