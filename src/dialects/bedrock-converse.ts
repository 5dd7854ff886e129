import { unread } from './unread.ts'

export const bedrockConverse = unread('bedrock-converse')
