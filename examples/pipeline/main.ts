// `npm start`: runs the main job on embedded defaults, kills it once in the middle, lets it resume, and proves the result against a naive
// interpreter. `--kafka HOST:PORT` and `--elastic URL` put real servers at its ends.
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generate, topic } from 'millrace'
import { fillKafka, readBack } from './ends.ts'
import { type ExpectedRow, oracle, type RawRecord } from './oracle.ts'
import { printModel, printProof, printResult } from './report.ts'

const help = `usage: npm start -- [options]

  --events N       events of the auction house (400,000)
  --workers N      worker threads (2)
  --seed N         another auction house (1)
  --kafka HOST     read and write topics of a real Kafka, such as localhost:9092
  --elastic URL    write results to a real Elasticsearch or OpenSearch
  --dir DIR        keep topics, state and results there (a temporary directory)
  --no-kill        don't kill the job in the middle
`

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '400000' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    kafka: { type: 'string' },
    elastic: { type: 'string' },
    dir: { type: 'string' },
    'no-kill': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}

const partitions = 4
const events = Number(values.events)
const dir = values.dir ?? (await mkdtemp(join(tmpdir(), 'millrace-pipeline-')))
const onServers = values.kafka !== undefined || values.elastic !== undefined
const places = { dir, kafka: values.kafka, elastic: values.elastic, ...(onServers && { run: Date.now().toString(36) }) }

/** What the job's process tells while it works. */
export interface JobNews {
  readonly rowsRead: number
  readonly progress: number | undefined
  readonly elapsedMs: number
  readonly checkpoints: number
  readonly done?: { readonly counts: Readonly<Record<string, number>>; readonly rowsWritten: number }
}

/** Runs the job in a process of its own, until its end or until `killAt` of its input. */
function runJob(killAt: number): Promise<JobNews | 'killed'> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('job.js', import.meta.url)), [JSON.stringify({ places, workers: Number(values.workers) })], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let last: JobNews | undefined
    child.on('message', (news: JobNews) => {
      last = news
      showProgress(news)
      if (!news.done && news.checkpoints > 0 && (news.progress ?? 0) >= killAt) child.kill('SIGKILL')
    })
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed')
      else if (code === 0 && last?.done) resolve(last)
      else reject(new Error(`the job ended with ${signal ?? code}`))
    })
  })
}

function showProgress({ rowsRead, progress, elapsedMs, checkpoints }: JobNews): void {
  const share = Math.min(1, progress ?? 0)
  const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '·')
  const line = `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${rowsRead.toLocaleString('en')} records  ${Math.round(rowsRead / (elapsedMs / 1000) || 0).toLocaleString('en')}/s  ${checkpoints} checkpoints`
  if (process.stderr.isTTY) process.stderr.write(`\r${line}\x1b[K`)
  else if (Date.now() - lastLineAt > 2000) {
    lastLineAt = Date.now()
    process.stderr.write(`${line}\n`)
  }
}
let lastLineAt = 0

console.log(`An auction house of ${events.toLocaleString('en')} events in ${partitions} partitions, out of order, every 1,000th broken${places.kafka ? `, in Kafka at ${places.kafka}` : ''}`)
// Kafka's partitions arrive in no common order, so there the disorder stays within the watermark's bound: what is late would depend on the network.
const disorder = places.kafka ? 1_500 : 7_000
const records: RawRecord[] = []
const house = topic('auction-house', { dir: join(dir, 'topics'), partitions })
for (const chunk of generate.nexmarkJson({ events, seed: Number(values.seed), rate: 2_000, disorder, partitions, poisonEvery: 1_000 })) {
  for (const { partition, value } of chunk) records.push({ partition, value: value as Uint8Array })
  if (places.kafka) await fillKafka(places.kafka, chunk, partitions, places)
  else await house.append(chunk)
}

const started = Date.now()
let outcome = await runJob(values['no-kill'] ? 2 : 0.5)
if (outcome === 'killed') {
  if (process.stderr.isTTY) process.stderr.write('\n')
  console.log(`killed with SIGKILL after ${((Date.now() - started) / 1000).toFixed(1)} s; resuming from the last checkpoint`)
  outcome = await runJob(2)
}
if (process.stderr.isTTY) process.stderr.write('\n')
const seconds = (Date.now() - started) / 1000

const expected = oracle(records, partitions)
const { table, topicRows, deadLetters, late } = await readBack(places)
printResult(table as ExpectedRow[])
printModel(table as ExpectedRow[])
console.log(`${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s, restart included: ${Math.round(events / seconds).toLocaleString('en')}/s on ${values.workers} workers`)
const isProven = printProof(expected, table as ExpectedRow[], topicRows, deadLetters, late)
if (!values.dir) await rm(dir, { recursive: true, force: true })
process.exit(isProven ? 0 : 1)
