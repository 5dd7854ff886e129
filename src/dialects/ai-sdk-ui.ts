import { unread } from './unread.ts'

export const aiSdkUi = unread('ai-sdk-ui')
