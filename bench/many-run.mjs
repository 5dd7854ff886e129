/**
 * The parts of `npm run bench` that are not about one stream: ten thousand turns at once, and streams that never end. They can be measured
 * anew alone, over a build that is there: `node bench/many-run.mjs`.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { measureHostile } from './hostile.mjs'
import { describeRun } from './machine.mjs'
import { measureMany } from './many.mjs'
import { readOptions } from './options.mjs'
import { hostileTable, manyTable, plain } from './table.mjs'

const root = new URL('../', import.meta.url)

export async function measureManyParts({ quick, dist, dialects }) {
  const about = await describeRun(['openai', '@anthropic-ai/sdk', 'eventsource-parser'], root)
  const many = await measureMany({ quick, dist, dialects })
  return { ...about, many, hostile: await measureHostile({ quick, dist }) }
}

export function printManyParts({ many, hostile }) {
  console.log(`Many turns at once\n${plain(...manyTable(many))}\n`)
  console.log(`Streams that never end\n${plain(...hostileTable(hostile))}\n`)
}

export async function writeManyParts(result) {
  const file = new URL('bench/results/many.json', root)
  await mkdir(new URL('.', file), { recursive: true })
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { quick, dist, isWhole } = readOptions(root)
  const result = await measureManyParts({ quick, dist })
  printManyParts(result)
  if (isWhole && !quick) await writeManyParts(result)
}
