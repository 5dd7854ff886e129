/** What both benchmarks are asked for on the command line. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/**
 * @param root folder of the project, whose build is measured unless another one is named
 * @returns `quick`, `only`, `dist`, and `isWhole`: whether the result is worth keeping
 */
export function readOptions(root) {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, dist: { type: 'string' } },
  })
  const { quick, only } = values
  const dist = values.dist === undefined ? new URL('dist', root).pathname : resolve(values.dist)
  return { quick, only, dist, isWhole: only === undefined && values.dist === undefined }
}
