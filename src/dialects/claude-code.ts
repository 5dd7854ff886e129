import { unread } from './unread.ts'

export const claudeCode = unread('claude-code')
