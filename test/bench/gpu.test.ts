import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openTestGpu, skipReason } from '../support/software-gpu.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const opened = await openTestGpu()
if (typeof opened !== 'string') opened.close()
const skipped = skipReason(existsSync(`${root}dist/compute/gpu-gemm.js`) ? opened : 'dist/ is not built (npm run build)')

test.skipIf(skipped)(`the GPU bench checks its results and prints one JSON object${skipped ? ` (skipped, ${skipped})` : ''}`, { timeout: 180_000 }, () => {
  const args = ['bench/gpu.mjs', '--rows', '1000', '--gemm', '70', '--repeats', '1']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 170_000 })
  expect(status, stderr).toBe(0)
  const { results } = JSON.parse(stdout) as { results: { family: string }[] }
  expect(results.map(r => r.family)).toEqual(['transfer', 'filter', 'filterFloat', 'aggregate', 'aggregateFloat', 'window', 'gemm'])
})
