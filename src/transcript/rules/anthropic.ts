/** The rules of Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages */
import type { Rule } from '../rule.ts'
import { A10, A11, A13, A15, A16, A17, A9 } from './anthropic-content.ts'
import { A1, A12, A14, A18, A2, A3, A4, A5 } from './anthropic-pairing.ts'
import { A6, A7, A8 } from './anthropic-thinking.ts'

/** In order of their ids. All judge the history as the first-party API reads it: neighbours of the same role are one message. */
export const ANTHROPIC_RULES: readonly Rule[] = [
  A1,
  A2,
  A3,
  A4,
  A5,
  A6,
  A7,
  A8,
  A9,
  A10,
  A11,
  A12,
  A13,
  A14,
  A15,
  A16,
  A17,
  A18,
]
