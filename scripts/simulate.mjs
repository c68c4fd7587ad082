// `npm run simulate -- --seeds 20000 [--from N] [--jobs 2]`: tells so many stories of the simulated machine (test/simulation) and says which fail.
// `npm run simulate -- --seed N`: tells one, with all that happened.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, jobs: { type: 'string' } } })
const number = (name, text, or) => {
  const value = Number(text ?? or)
  if (Number.isSafeInteger(value) && value >= 1) return value
  console.error(`simulate: --${name} ${text} is no whole number from 1 on`)
  process.exit(2)
}
const one = values.seed !== undefined
const from = number('seed or --from', values.seed ?? values.from, 1)
const seeds = one ? 1 : number('seeds', values.seeds, 2_000)
const jobs = Math.min(seeds, one ? 1 : number('jobs', values.jobs, availableParallelism()))

const root = fileURLToPath(new URL('..', import.meta.url))
const tests = ['run', '--config', 'test/vitest.config.ts', 'test/simulation/simulation', '-t', 'counts each row once', '--disable-console-intercept']
const run = job => {
  const start = from + Math.floor((seeds * job) / jobs)
  const env = { ...process.env, SIMULATE_FROM: start, SIMULATE_SEEDS: from + Math.floor((seeds * (job + 1)) / jobs) - start, ...(one && { SIMULATE_TRACE: '1' }) }
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...tests], { cwd: root, stdio: 'inherit', env })
  return new Promise(resolve => child.on('close', code => resolve(code ?? 1)))
}
const codes = await Promise.all(Array.from({ length: jobs }, (_, job) => run(job)))
process.exit(Math.max(...codes))
