import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = fileURLToPath(new URL('src', import.meta.url))

export default defineConfig({
  // What the examples import by name is what stands here, built or not.
  resolve: {
    alias: [
      { find: /^onefold$/, replacement: `${source}/index.ts` },
      { find: /^onefold\/node$/, replacement: `${source}/node/index.ts` },
      { find: /^onefold\/(anthropic|openai|faults|vitest)$/, replacement: `${source}/$1.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Measured on two cores: 24 files take 8 s in threads, 10 s in forks.
    pool: 'threads',
    // No test changes what another file sees, and loading all modules anew for each file is a sixth of the time.
    isolate: false,
    // The default leaves one core idle; of two that is half.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
