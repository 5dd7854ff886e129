import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Measured on two cores: 24 files take 8 s in threads, 10 s in forks.
    pool: 'threads',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
