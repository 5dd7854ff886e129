import { unread } from './unread.ts'

export const textGeneration = unread('text-generation')
