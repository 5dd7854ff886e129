/** The form of each format. */
import type { Form } from './form.ts'
import { anthropicForm } from './forms/anthropic.ts'
import { chatForm } from './forms/chat.ts'
import { geminiForm } from './forms/gemini.ts'
import { responsesForm } from './forms/responses.ts'
import type { Format } from './target.ts'

export const FORMS: Readonly<Record<Format, Form>> = {
  anthropic: anthropicForm,
  chat: chatForm,
  responses: responsesForm,
  gemini: geminiForm,
}
