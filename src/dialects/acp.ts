import { unread } from './unread.ts'

export const acp = unread('acp')
