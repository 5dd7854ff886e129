import { unread } from './unread.ts'

export const mistralConversations = unread('mistral-conversations')
