/** What the numbers were measured on, and with which versions. */
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

export async function describeRun(packages, root) {
  const versions = {}
  for (const name of packages) {
    const file = new URL(`node_modules/${name}/package.json`, root)
    versions[name] = JSON.parse(await readFile(file, 'utf8')).version
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    v8: process.versions.v8,
    versions,
    machine: {
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      /** Of the last minute before the start: above 0.5 something else was running. */
      load: Number(loadavg()[0].toFixed(2)),
    },
    garbageCollection: 'natural',
  }
}
