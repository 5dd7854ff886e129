import { describeSplits } from './splits.ts'

describeSplits('openai-chat', 16, 3500)
