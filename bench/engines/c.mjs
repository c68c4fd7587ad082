// The filter suite in C, compiled with -O3 -march=native -ffast-math: the speed that a machine allows on one thread.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path => fileURLToPath(new URL(path, import.meta.url))

export async function open({ suite, rows }) {
  if (suite.name !== 'filter') throw new Error('only the filter suite has a C program')
  mkdirSync(here('../out'), { recursive: true })
  const program = here('../out/filter')
  const { status, stderr } = spawnSync('gcc', ['-O3', '-march=native', '-ffast-math', '-o', program, here('filter.c')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc: ${stderr}`)
  const child = spawn(program, [String(rows)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  let answer = ''
  return {
    version: spawnSync('gcc', ['-dumpfullversion'], { encoding: 'utf8' }).stdout.trim(),
    workers: 1,
    async run(testCase) {
      child.stdin.write(`${testCase.c}\n`)
      answer = (await lines.next()).value
    },
    async check() {
      return [1, ...answer.split(' ').map(Number)]
    },
    close: async () => child.stdin.end(),
  }
}
