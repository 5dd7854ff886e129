/**
 * Drives the real `openai` over given bytes, without a network. Version 6 is installed. Version 7 needs a newer Node than the oldest that
 * this project runs on, so it is no dependency: it is taken, where Node can load it, from the folder that `ONEFOLD_OPENAI7` names, or from
 * the benchmark's peers if they are installed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import OpenAI from 'openai'
import { isObject } from '../../src/json.ts'

export type OpenAIVersion = 'openai 6' | 'openai 7'

const PEERS = fileURLToPath(new URL('../../bench/peers/node_modules/openai', import.meta.url))
const NODE_OF_7 = 22

const SDKS: ReadonlyMap<OpenAIVersion, typeof OpenAI> = await load()

/** The versions that can be asked here. */
export const OPENAI_VERSIONS: readonly OpenAIVersion[] = [...SDKS.keys()]

export type Body = Uint8Array | ReadableStream<Uint8Array>

/** A client whose every answer is this body. */
export function clientOf(body: Body, version: OpenAIVersion = 'openai 6'): OpenAI {
  const Client = SDKS.get(version)
  if (Client === undefined) throw new Error(`${version} is not installed`)
  const response = () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  return new Client({ apiKey: 'x', maxRetries: 0, logLevel: 'off', fetch: () => Promise.resolve(response()) })
}

async function load(): Promise<ReadonlyMap<OpenAIVersion, typeof OpenAI>> {
  const sdks = new Map<OpenAIVersion, typeof OpenAI>([['openai 6', OpenAI]])
  const { ONEFOLD_OPENAI7: named } = process.env
  const folder = named ?? PEERS
  if (Number.parseInt(process.versions.node, 10) < NODE_OF_7) return sdks
  if (named === undefined && !existsSync(`${folder}/package.json`)) return sdks
  const about: unknown = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const version = isObject(about) ? about['version'] : undefined
  if (typeof version !== 'string' || !version.startsWith('7.')) throw new Error(`${folder} does not hold openai 7`)
  const entry: { default: typeof OpenAI } = await import(/* @vite-ignore */ pathToFileURL(`${folder}/index.mjs`).href)
  return sdks.set('openai 7', entry.default)
}
