import { unread } from './unread.ts'

export const openaiAssistants = unread('openai-assistants')
