/**
 * The AI SDK with its two providers, whose newest versions need a newer Node than the oldest that this project runs on, so they are no
 * dependencies: they are taken, where Node can load them, from the folder `node_modules` that `ONEFOLD_AI_SDK` names, or from the
 * benchmark's peers if they are installed.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { WritableDialect } from '../../src/index.ts'

const { ONEFOLD_AI_SDK: named } = process.env
const FOLDER = named ?? fileURLToPath(new URL('../../bench/peers/node_modules', import.meta.url))
const NODE_OF_AI = 22

/** Why the AI SDK cannot be asked here, if so. */
export const missing: string | undefined =
  Number.parseInt(process.versions.node, 10) < NODE_OF_AI
    ? `it needs Node ${NODE_OF_AI}`
    : existsSync(`${FOLDER}/@ai-sdk/anthropic/package.json`)
      ? undefined
      : `there is no ${FOLDER}/@ai-sdk/anthropic`

interface Result {
  readonly text: string | PromiseLike<string>
  readonly steps: readonly unknown[] | PromiseLike<readonly unknown[]>
}
interface AiSdk {
  streamText(options: object): Result & { readonly textStream: AsyncIterable<string> }
  generateText(options: object): Promise<Result>
  tool(options: object): object
  jsonSchema(schema: object): object
  stepCountIs(count: number): unknown
}
type Model = (name: string) => object
interface Providers {
  createAnthropic(options: object): Model
  createOpenAI(options: object): { readonly chat: Model; readonly responses: Model }
}

async function load<T>(name: string): Promise<T> {
  const path = createRequire(`${FOLDER}/none.js`).resolve(name)
  const loaded: T = await import(/* @vite-ignore */ pathToFileURL(path).href)
  return loaded
}

export interface Ran {
  readonly text: string
  readonly steps: number
  readonly tools: readonly { readonly name: string; readonly input: unknown }[]
}

/** Runs a tool loop of at most four steps against a server. Rejects with what the AI SDK throws. */
export async function runLoop(url: string, dialect: WritableDialect, isStreamed: boolean): Promise<Ran> {
  const { streamText, generateText, tool, jsonSchema, stepCountIs } = await load<AiSdk>('ai')
  const tools: { name: string; input: unknown }[] = []
  const toolOf = (name: string): object =>
    tool({
      inputSchema: jsonSchema({ type: 'object' }),
      execute: (input: unknown) => {
        tools.push({ name, input })
        return 'done'
      },
    })
  let failed: unknown
  const options = {
    model: await modelOf(url, dialect),
    prompt: 'What do they cost? Note that I paid.',
    tools: { add: toolOf('add'), write_note: toolOf('write_note') },
    stopWhen: stepCountIs(4),
    maxRetries: 0,
    maxOutputTokens: 1024,
    onError: ({ error }: { error: unknown }) => {
      failed = error
    },
  }
  const result = isStreamed ? await read(streamText(options)) : await generateText(options)
  if (failed !== undefined) throw failed instanceof Error ? failed : new Error(JSON.stringify(failed))
  return { text: await result.text, steps: (await result.steps).length, tools }
}

async function read(result: ReturnType<AiSdk['streamText']>): Promise<Result> {
  for await (const _text of result.textStream);
  return result
}

async function modelOf(url: string, dialect: WritableDialect): Promise<object> {
  const at = { apiKey: 'x', baseURL: `${url}/v1` }
  if (dialect === 'anthropic-messages') {
    return (await load<Providers>('@ai-sdk/anthropic')).createAnthropic(at)('any')
  }
  const openai = (await load<Providers>('@ai-sdk/openai')).createOpenAI(at)
  return dialect === 'openai-chat' ? openai.chat('any') : openai.responses('any')
}
