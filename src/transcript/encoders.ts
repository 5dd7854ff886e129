/** The encoder of each format. */
import { anthropicEncoder } from './encode/anthropic.ts'
import { chatEncoder } from './encode/chat.ts'
import { geminiEncoder } from './encode/gemini.ts'
import { responsesEncoder } from './encode/responses.ts'
import type { Encoder } from './encoder.ts'
import type { Format } from './target.ts'

export const ENCODERS: Readonly<Record<Format, Encoder>> = {
  anthropic: anthropicEncoder,
  chat: chatEncoder,
  responses: responsesEncoder,
  gemini: geminiEncoder,
}
