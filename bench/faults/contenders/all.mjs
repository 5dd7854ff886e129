/** Every contender, in the order of the tables. */
import { ai } from './ai.mjs'
import { anthropicSdk } from './anthropic-sdk.mjs'
import { langchain } from './langchain.mjs'
import { llmStreamAssemble } from './llm-stream-assemble.mjs'
import { onefold } from './onefold.mjs'
import { openaiSdk } from './openai-sdk.mjs'
import { piAi } from './pi-ai.mjs'
import { plainLoop } from './plain-loop.mjs'
import { tanstack } from './tanstack.mjs'

/** @param build of onefold: what its `index.js` exports */
export function contendersOf(build) {
  return [onefold(build), anthropicSdk, openaiSdk, ai, langchain, tanstack, piAi, llmStreamAssemble, plainLoop]
}
