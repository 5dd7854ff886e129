/**
 * onefold against its peers, on Node 24, since the newest of them need it: `npm run bench:peers`. Every contender's result is checked
 * before it is timed. Prints tables and writes the same as JSON to bench/results/peers.json.
 *
 *   --quick          the smaller sizes only; writes nothing
 *   --only PATTERN   only the workloads whose `dialect/label/framing` it matches; writes nothing
 *   --dist PATH      another build of onefold; writes nothing
 */
import { writeFile } from 'node:fs/promises'
import OpenAI from 'openai'
import { floorContenders } from '../contenders/floors.mjs'
import { loadOnefold, onefoldContenders } from '../contenders/onefold.mjs'
import { sdkContenders } from '../contenders/sdks.mjs'
import { describeRun } from '../machine.mjs'
import { measureWorkloads } from '../measure.mjs'
import { readOptions } from '../options.mjs'
import { printRun, printWorkload } from '../table.mjs'
import { workloadsOf } from '../workloads.mjs'
import { aiContenders } from './contenders/ai.mjs'
import { langchainContenders } from './contenders/langchain.mjs'
import { llmStreamAssembleContenders } from './contenders/llm-stream-assemble.mjs'
import { piAiContenders } from './contenders/pi-ai.mjs'
import { tanstackContenders } from './contenders/tanstack.mjs'

const QUICK = 'text of 2k tokens|tool input of 16 KB'
const REMARKS = [
  'pi-ai 0.87.1 is used: newer versions cannot be installed, since a dependency of theirs is not on npm.',
  'openai 7 has no dialect but its own two; for Anthropic Messages see the table of its SDK above.',
  'The Responses helper of openai shows tool input as raw text only, so it has no live row.',
]
const PACKAGES = [
  'ai',
  '@ai-sdk/anthropic',
  '@ai-sdk/openai',
  '@langchain/core',
  '@langchain/anthropic',
  '@langchain/openai',
  '@tanstack/ai',
  '@tanstack/ai-anthropic',
  '@tanstack/ai-openai',
  '@earendil-works/pi-ai',
  'llm-stream-assemble',
  'openai',
]

const root = new URL('../../', import.meta.url)
const { quick, only, dist, isWhole } = readOptions(root)
const onefold = onefoldContenders(await loadOnefold(dist))
const about = await describeRun(PACKAGES, new URL('bench/peers/', root))
printRun(about)

const openai = sdkContenders({ OpenAI })
const peersOf = (dialect, kind) =>
  [aiContenders, langchainContenders, tanstackContenders, piAiContenders, llmStreamAssembleContenders].flatMap(
    (contendersOf) => contendersOf(dialect)[kind],
  )
const workloads = await measureWorkloads(
  workloadsOf('peers', only ?? (quick ? QUICK : undefined)),
  ({ dialect, what }) => {
    const kind = what === 'live' ? 'live' : 'final'
    const seven = dialect === 'anthropic-messages' ? [] : openai[dialect][kind]
    return [
      ...floorContenders.filter(({ key }) => key === 'L2'),
      ...onefold[kind],
      ...seven.map((one) => ({ ...one, name: one.name.replace('openai:', 'openai 7:'), peer: 'openai 7' })),
      ...peersOf(dialect, kind),
    ]
  },
  { quick, capMs: 12_000 },
  printWorkload,
)
if (isWhole && !quick) {
  const result = { ...about, workloads, remarks: REMARKS }
  await writeFile(new URL('bench/results/peers.json', root), `${JSON.stringify(result, null, 2)}\n`)
  console.log('written: bench/results/peers.json; `node bench/report.mjs` makes docs/performance.md of it')
}
// Some peers keep timers.
process.exit(0)
