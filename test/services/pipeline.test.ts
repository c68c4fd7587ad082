// The main job between a real Kafka and a real Elasticsearch: 200,000 records in 4 partitions, out of order, one in a thousand broken; the
// job is killed with −9 ten times at random. What is in the index and the topic must be the naive interpreter's rows, once each.
import { fork, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { fillKafka, fromJson, readBack } from '../../examples/pipeline/ends.ts'
import { oracle, type RawRecord } from '../../examples/pipeline/oracle.ts'
import { differences } from '../../examples/pipeline/report.ts'
import { random } from '../../src/base/random.ts'
import { generate } from '../../src/frame/generate.ts'
import { elasticClassPath, type ElasticServer, startElastic } from './elastic-server.ts'
import { kafkaClassPath, type KafkaServer, startKafka } from './kafka-server.ts'

const events = Number(process.env.EVENTS ?? 200_000)
const kills = Number(process.env.KILLS ?? 10)
const partitions = 4
const seed = Number(process.env.SEED ?? 5)
const missing = [kafkaClassPath(), elasticClassPath()].find(c => 'reason' in c && c.reason)
const reason = missing && 'reason' in missing ? missing.reason : undefined

let kafka: KafkaServer | undefined
let elastic: ElasticServer | undefined
let dir: string | undefined
afterAll(async () => {
  await Promise.all([kafka?.stop(), elastic?.stop()])
  if (dir) await rm(dir, { recursive: true, force: true })
})

interface News {
  readonly rowsRead: number
  readonly checkpoints: number
  readonly done?: object
}

/** Runs the job's process; kills it once `killWhen` says so. */
function runJob(places: object, killWhen: (news: News) => boolean): Promise<'killed' | 'done'> {
  return new Promise((resolve, reject) => {
    const script = new URL('../../dist/examples/pipeline/job.js', import.meta.url)
    const child = fork(script, [JSON.stringify({ places, workers: 2, batchRows: 256 })], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let isDone = false
    child.on('message', (news: News) => {
      isDone ||= news.done !== undefined
      if (!isDone && killWhen(news)) child.kill('SIGKILL')
    })
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed')
      else if (code === 0 && isDone) resolve('done')
      else reject(new Error(`the job ended with ${signal ?? code}`))
    })
  })
}

const nothing = { lost: 0, doubled: 0, unknown: 0, different: 0 }

describe.skipIf(reason !== undefined)(`the main job on real servers${reason ? ` (${reason})` : ''}`, () => {
  test(`killed ${kills} times, it loses nothing and doubles nothing (SEED=${seed})`, { timeout: 900_000 }, async () => {
    dir = await mkdtemp(join(tmpdir(), 'millrace-services-'))
    ;[kafka, elastic] = await Promise.all([startKafka(), startElastic()])
    const places = { dir, kafka: kafka.plain, elastic: elastic.url }
    const records: RawRecord[] = []
    for (const chunk of generate.nexmarkJson({ events, seed, rate: 2_000, disorder: 1_500, partitions, poisonEvery: 1_000 })) {
      await fillKafka(kafka.plain, chunk, partitions, places)
      for (const { partition, value } of chunk) records.push({ partition, value: value as Uint8Array })
    }
    const chance = random(seed)
    let killed = 0
    while (killed < kills) {
      // In turn: at any moment after the first rows, and at a random one after a commit, so that progress is made and broken off everywhere.
      const atNews = 1 + chance.int(6)
      const behindCommit = killed % 3 === 2
      let count = 0
      const outcome = await runJob(places, ({ rowsRead, checkpoints }) => (behindCommit ? checkpoints > 0 : rowsRead > 0) && ++count >= atNews)
      if (outcome === 'done') break
      killed++
    }
    expect(killed).toBe(kills)
    expect(await runJob(places, () => false)).toBe('done')

    const expected = oracle(records, partitions)
    const { table } = await readBack(places)
    // Kafka's own consumer reads the topics, so that the proof doesn't rest on our reader.
    const valuesOf = (name: string) => kafka!.consumeWithJava(name, 10 * events).map(line => line.slice(line.indexOf('\t') + 1))
    const topicRows = valuesOf('auctions-scored').map(value => fromJson(JSON.parse(value)))
    const deadLetters = valuesOf('auction-house-dead').length
    expect(expected.late).toBe(0)
    expect(expected.rows.length).toBeGreaterThan(events / 100)
    expect({ index: differences(expected.rows, table), topic: differences(expected.rows, topicRows) }).toEqual({ index: nothing, topic: nothing })
    expect({ index: table.length, topic: topicRows.length }).toEqual({ index: expected.rows.length, topic: expected.rows.length })
    expect(deadLetters).toBe(expected.deadLetters)
    expect(expected.deadLetters).toBe(events / 1_000)
  })

  test('npm start on the same servers proves itself, killed once', { timeout: 300_000 }, () => {
    const script = fileURLToPath(new URL('../../dist/examples/pipeline/main.js', import.meta.url))
    const run = spawnSync(process.execPath, [script, '--events', '60000', '--kafka', kafka!.plain, '--elastic', elastic!.url], { encoding: 'utf8', timeout: 240_000 })
    expect(run.stdout + run.stderr).not.toContain('✗')
    expect(run.stdout.match(/✓/g)).toHaveLength(4)
    expect(run.status).toBe(0)
  })
})
