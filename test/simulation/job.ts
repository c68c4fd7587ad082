// The job that is simulated, and what it must give: windows by key over a topic with disorder and poison, joined with a second topic, to files and a topic.
import { random } from '../../src/base/random.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { col, count, job, max, read, sink, sum, topic, tumble, write } from '../../src/index.ts'
import { neededColumns } from '../../src/plan/needed-columns.ts'
import { optimizePlan } from '../../src/plan/optimize.ts'
import { planFingerprint } from '../../src/plan/plan.ts'
import { type Bindings, type ResolvedPlan, resolvePlan } from '../../src/plan/resolve.ts'
import { cutStages, type StagePlan } from '../../src/plan/stages.ts'

export const root = '/disk'
export const partitions = 2
const windowMs = 100
const boundMs = 30
const startMs = Date.UTC(2026, 0, 1)

/** A record of a topic. */
export interface Entry {
  readonly partition: number
  readonly value: string
}

/** The input of one run, and the output that it must have. */
export interface Rows {
  readonly events: readonly Entry[]
  readonly names: readonly Entry[]
  readonly expected: Output
}

/** Lines of JSON, sorted. */
export interface Output {
  readonly sums: readonly string[]
  readonly joined: readonly string[]
  readonly late: readonly string[]
  readonly dead: readonly string[]
}

const topics = `${root}/topics`
const events = topic('events', { dir: topics, partitions })
const names = topic('names', { dir: topics, partitions: 1 })
export const joinedTopic = topic('joined', { dir: topics, partitions: 1 })

/**
 * What the job is like. `remote`: windows go to a system behind a network, too. `streams`: its input is taken to go on for ever, so that both sides of its join are kept; else one is a table that the other waits for.
 * `asks`: an answer from outside is awaited for each window. `sink`: part files, part files in folders by key, one file, or part files that go on over epochs.
 */
export interface Shape {
  readonly streams: boolean
  readonly asks: boolean
  readonly remote: boolean
  readonly sink: 'parts' | 'folders' | 'file' | 'rolled' | 'rolledFolders'
}

/** What is behind the network, as the world at hand has it: who answers, and a system that takes rows in two phases. */
export interface Outside {
  answer(): Promise<void>
  /** Keeps rows under an id; again does nothing. */
  stage(id: string, rows: readonly string[]): Promise<void>
  /** Shows them; again does nothing. */
  commit(id: string): Promise<void>
}
export const network: { outside: Outside; readonly unsent: Map<number, string[]> } = { outside: { answer: async () => {}, stage: async () => {}, commit: async () => {} }, unsent: new Map() }

const remote = sink({
  name: 'remote',
  delivery: 'transactional',
  write(batch, { epoch }) {
    const rows = [...batch.rows()].map(row => sumLine(row['k'], Number(row['window_end']), row['n'], row['total'], row['top']))
    network.unsent.set(epoch, [...(network.unsent.get(epoch) ?? []), ...rows])
  },
  async prepare(epoch) {
    const id = crypto.randomUUID()
    await network.outside.stage(id, network.unsent.get(epoch) ?? [])
    network.unsent.delete(epoch)
    return id
  },
  commit: (_epoch, id) => network.outside.commit(id as string),
})

/** A window's row as a line. */
export function sumLine(...values: unknown[]): string {
  return JSON.stringify(values.map(Number))
}

const sinks = {
  parts: write.ndjson(`${root}/sums/`),
  folders: write.ndjson(`${root}/sums/`, { partitionBy: ['k'] }),
  file: write.ndjson(`${root}/sums.ndjson`),
  rolled: write.ndjson(`${root}/sums/`, { roll: { every: 40, size: 400 } }),
  rolledFolders: write.ndjson(`${root}/sums/`, { partitionBy: ['k'], roll: 40 }),
}

function frames({ asks, remote: hasRemote, sink: kind }: Shape) {
  const windows = read
    .topic(events, { format: 'json', schema: { k: 'int32', v: 'int64', at: 'timestamp[ms]' }, until: 'end', onError: { deadLetters: write.ndjson(`${root}/dead/`) } })
    .watermark('at', { bound: boundMs })
    .groupBy('k', tumble('at', windowMs))
    .agg({ n: count(), total: sum('v'), top: max('v') })
    .late(write.ndjson(`${root}/late/`, kind === 'rolled' ? { roll: { size: 100 } } : {}))
    .named('windows')
  const answered = async ({ total }: { total: bigint | null }) => network.outside.answer().then(() => ({ twice: 2n * (total ?? 0n) }))
  const sums = asks ? windows.mapAsync(answered, { adds: { twice: 'int64' }, capacity: 3 }).filter(col('twice').eq(col('total').mul(2))).drop('twice') : windows
  const known = read.topic(names, { format: 'json', schema: { id: 'int32', name: 'utf8' }, until: 'end' })
  const joined = sums.join(known, { left: 'k', right: 'id' }).select('k', 'total', 'name')
  return job({ sums: sums.to(sinks[kind]), joined: joined.to(write.topic(joinedTopic)), ...(hasRemote && { remote: sums.to(remote) }) })
}

/** The job's plan, cut for so many threads. */
export interface CutJob {
  readonly stages: StagePlan
  readonly resolved: ResolvedPlan
  readonly bindings: Bindings
  readonly fingerprint: string
}
const cut = new Map<string, CutJob>()

/** Plans the job as the engine does; once for each way. */
export function plannedJob(workers: number, shape: Shape): CutJob {
  const key = JSON.stringify([workers, shape])
  const known = cut.get(key)
  if (known) return known
  const { plan, bindings } = buildPlan(frames(shape).roots)
  const physical = shape.streams ? { ...plan, streams: true as const } : plan
  const optimized = optimizePlan(physical, resolvePlan(physical, bindings), bindings, { keepsState: true, threads: workers })
  const columns = neededColumns(optimized.resolved)
  const { resolved } = optimized
  const made = { stages: cutStages(resolved, workers, columns), resolved, bindings, fingerprint: planFingerprint(physical) }
  cut.set(key, made)
  return made
}

/** Rows by chance, of which some come late and some are poison; and what a naive interpreter makes of them. */
export function makeRows(seed: number, rowCount: number): Rows {
  const chance = random(seed)
  const entries: Entry[] = []
  for (let i = 0; i < rowCount; i++) {
    const partition = chance.int(partitions)
    if (chance.int(25) === 0) entries.push({ partition, value: chance.int(2) === 0 ? `poison ${i}` : `{"k": "no number", "v": ${i}}` })
    else {
      const at = startMs + i * 5 - (chance.int(12) === 0 ? chance.int(250) : chance.int(30))
      entries.push({ partition, value: JSON.stringify({ k: chance.int(6), v: chance.int(1000), at: new Date(at).toISOString() }) })
    }
  }
  const known = Array.from({ length: 9 }, (_, i) => ({ partition: 0, value: JSON.stringify({ id: i % 7, name: `name ${i}` }) }))
  return { events: entries, names: known, expected: interpret(entries, known) }
}

function interpret(entries: readonly Entry[], known: readonly Entry[]): Output {
  const newest = new Array<number>(partitions).fill(Number.NEGATIVE_INFINITY)
  const windows = new Map<string, { k: number; end: number; n: number; total: number; top: number }>()
  const dead: string[] = []
  const late: string[] = []
  for (const { partition, value } of entries) {
    const row = parse(value)
    if (!row) {
      dead.push(JSON.stringify(value))
      continue
    }
    const at = Date.parse(row.at)
    const watermark = Math.min(...newest) - boundMs - 1
    newest[partition] = Math.max(newest[partition]!, at)
    const end = Math.floor(at / windowMs) * windowMs + windowMs
    if (end - 1 <= watermark) {
      late.push(JSON.stringify([row.k, row.v, at]))
      continue
    }
    const window = windows.get(`${row.k}/${end}`) ?? { k: row.k, end, n: 0, total: 0, top: row.v }
    windows.set(`${row.k}/${end}`, { ...window, n: window.n + 1, total: window.total + row.v, top: Math.max(window.top, row.v) })
  }
  const sums = [...windows.values()]
  const pairs = known.flatMap(({ value }) => {
    const { id, name } = JSON.parse(value) as { id: number; name: string }
    return sums.filter(({ k }) => k === id).map(({ k, total }) => JSON.stringify([k, total, name]))
  })
  return { sums: sums.map(({ k, end, n, total, top }) => sumLine(k, end, n, total, top)).sort(), joined: pairs.sort(), late: late.sort(), dead: dead.sort() }
}

function parse(value: string): { k: number; v: number; at: string } | undefined {
  try {
    const row = JSON.parse(value) as { k: unknown; v: number; at: string }
    return typeof row.k === 'number' ? { ...row, k: row.k } : undefined
  } catch {
    return undefined
  }
}
