import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default defineConfig({
  root,
  resolve: { alias: [{ find: /^millrace$/, replacement: `${root}src/index.ts` }, { find: /^millrace\/ml$/, replacement: `${root}src/ml/index.ts` }] },
  test: {
    include: ['test/services/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
    passWithNoTests: false,
  },
})
