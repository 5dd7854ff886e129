import { unread } from './unread.ts'

export const aiSdk = unread('ai-sdk')
