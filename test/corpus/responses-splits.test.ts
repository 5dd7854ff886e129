import { describeSplits } from './splits.ts'

describeSplits('openai-responses', 14, 3500)
