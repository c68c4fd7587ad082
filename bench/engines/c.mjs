// The filter suite in C, compiled with -O3 -march=native -ffast-math: the speed that a machine allows on one thread. And a fixed loop, to tell how fast it is now.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path => fileURLToPath(new URL(path, import.meta.url))

function compile(name) {
  mkdirSync(here('../out'), { recursive: true })
  const program = here(`../out/${name}`)
  const { status, stderr, error } = spawnSync('gcc', ['-O3', '-march=native', '-ffast-math', '-o', program, here(`${name}.c`)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`)
  return program
}

/** Seconds that 2^24 rounds of loop.c take, the least of five; undefined where there is no C compiler. */
export function fixedLoopSeconds() {
  try {
    return Number(spawnSync(compile('loop'), { encoding: 'utf8' }).stdout.split(' ')[0])
  } catch {
    return undefined
  }
}

export async function open({ suite, rows }) {
  if (suite.name !== 'filter') throw new Error('only the filter suite has a C program')
  const program = compile('filter')
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
