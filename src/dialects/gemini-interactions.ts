import { unread } from './unread.ts'

export const geminiInteractions = unread('gemini-interactions')
