import { unread } from './unread.ts'

export const gemini = unread('gemini')
