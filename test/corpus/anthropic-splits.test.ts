import { describeSplits } from './splits.ts'

describeSplits('anthropic-messages', 25)
