// Flink in a JVM of its own, a query a process: engines/flink/*.java are compiled by the first call, the jars are put into out/flink/lib by npm run bench:setup. Its settings
// are those of the published runs (checkpoints every 30 s, mini-batches of 2 s), and beyond them what made it faster here: rows are reused between operators, the parallel collector.
// FLINK_STATE=rocksdb keeps state as the published runs do instead of in the heap; FLINK_OPTIONS="reuse=false" and JAVA_OPTIONS="-XX:+UseG1GC" are handed on.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const sources = here('flink')
const [jars, classes] = [here('../out/flink/lib'), here('../out/flink/classes')]
const opens = ['java.lang', 'java.util', 'java.nio', 'java.time'].map(name => `--add-opens=java.base/${name}=ALL-UNNAMED`)
let compiled = false

export const isPresent = () => existsSync(jars)

/** What kind of state store is used. */
export const stateStore = process.env.FLINK_STATE ?? 'hashmap'

/** Runs FlinkNexmark with `options` (see there) and gives what it says of each query. */
export async function runFlink(options) {
  if (!compiled) compile()
  const given = { sql: here('flink/nexmark.sql'), state: stateStore, ...options }
  const words = [...Object.entries(given).map(([name, value]) => `${name}=${value}`), ...wordsOf('FLINK_OPTIONS', '')]
  const classPath = [classes, sources, `${jars}/*`].join(delimiter)
  const args = [`-Xmx${process.env.FLINK_HEAP ?? '6g'}`, ...wordsOf('JAVA_OPTIONS', '-XX:+UseParallelGC'), ...opens, '-cp', classPath, 'FlinkNexmark', ...words]
  const child = spawn('java', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise(resolve => child.on('close', resolve))
  const said = []
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('{')) said.push(JSON.parse(line))
  const code = await ended
  // What it didn't come to: most of all, a heap that is full.
  for (const query of given.queries.split(',')) if (!said.some(answer => answer.query === query)) said.push({ query, error: `the process of flink ended with ${code}` })
  return said
}

const wordsOf = (name, otherwise) => (process.env[name] ?? otherwise).split(' ').filter(Boolean)

function compile() {
  mkdirSync(classes, { recursive: true })
  const files = readdirSync(sources).filter(name => name.endsWith('.java')).map(name => `${sources}/${name}`)
  const { status, stderr, error } = spawnSync('javac', ['-nowarn', '-d', classes, '-cp', `${jars}/*`, ...files], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`javac: ${error?.message ?? stderr}`)
  compiled = true
}
