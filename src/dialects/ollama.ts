import { unread } from './unread.ts'

export const ollama = unread('ollama')
