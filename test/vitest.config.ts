import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

export default defineConfig({
  root,
  resolve: { alias: [{ find: /^millrace$/, replacement: `${root}src/index.ts` }, { find: /^millrace\/ml$/, replacement: `${root}src/ml/index.ts` }] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/services/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    passWithNoTests: false,
  },
})
