import { unread } from './unread.ts'

export const cohere = unread('cohere')
