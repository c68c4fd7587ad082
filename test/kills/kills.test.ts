// A job from a topic to files over 200,000 rows is killed with -9 at random moments, most of them within a checkpoint or its commit, and started again
// until it is done: then it has written what a naive interpreter gives, each poisoned row is a dead letter once, and nothing was thrown.
// `npm run test:kills` does it a thousand times. Needs dist/.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import { topic } from '../../src/index.ts'

const killsWanted = Number(process.env['KILLS'] ?? 20)
const seed = Number(process.env['SEED'] ?? 1)
const rowCount = 200_000
const partitions = 4
const windowMs = 10_000
const boundMs = 2_000
const startMs = Date.UTC(2026, 0, 1)
const library = new URL('../../dist/index.js', import.meta.url).href
const program = fileURLToPath(new URL('job.mjs', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'millrace-kills-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Written {
  readonly sums: readonly string[]
  readonly late: readonly string[]
  readonly dead: readonly string[]
}

// One row in a thousand is poison; one in fifty comes up to five seconds late, which is too late for some.
async function writeTopic(chance: Random): Promise<Written> {
  const events = topic('events', { dir: join(folder, 'topics'), partitions })
  const windows = new Map<string, { n: number; total: number; top: number }>()
  const newest = new Array<number>(partitions).fill(Number.NEGATIVE_INFINITY)
  const [dead, late]: [string[], string[]] = [[], []]
  for (let start = 0; start < rowCount; start += 1_000) {
    const records = Array.from({ length: 1_000 }, (_, i) => {
      const partition = chance.int(partitions)
      if ((start + i) % 1_000 === 500) {
        const value = chance.int(2) === 0 ? `{"k": ${start + i}, "v"` : `{"k": "key ${start + i}", "v": 1}`
        dead.push(value)
        return { partition, value }
      }
      const row = { k: chance.int(50), v: chance.int(1_000_000), at: startMs + (start + i) * 2 - chance.int(chance.int(50) === 0 ? 5_000 : 1_500) }
      const watermark = Math.min(...newest) - boundMs - 1
      newest[partition] = Math.max(newest[partition]!, row.at)
      const end = Math.floor(row.at / windowMs) * windowMs + windowMs
      if (end - 1 <= watermark) late.push(JSON.stringify([row.k, row.v, row.at]))
      else {
        const window = windows.get(`${row.k}/${end}`)
        windows.set(`${row.k}/${end}`, { n: (window?.n ?? 0) + 1, total: (window?.total ?? 0) + row.v, top: Math.max(window?.top ?? 0, row.v) })
      }
      return { partition, value: JSON.stringify({ ...row, at: new Date(row.at).toISOString() }) }
    })
    await events.append(records)
  }
  const sums = [...windows].map(([key, { n, total, top }]) => JSON.stringify([...key.split('/').map(Number), n, total, top]))
  return { sums: sums.sort(), late: late.sort(), dead: dead.sort() }
}

function readBack(where: string): Written {
  const rows = (name: string) => {
    const path = join(where, name)
    const parts = existsSync(path) ? readdirSync(path).filter(part => part.startsWith('part-')) : []
    return parts.flatMap(part => readFileSync(join(path, part), 'utf8').split('\n').filter(Boolean)).map(line => JSON.parse(line) as Record<string, unknown>)
  }
  return {
    sums: rows('out').map(row => JSON.stringify([row['k'], Date.parse(String(row['window_end'])), row['n'], row['total'], row['top']])).sort(),
    late: rows('late').map(row => JSON.stringify([row['k'], row['v'], Date.parse(String(row['at']))])).sort(),
    dead: rows('dead').map(row => String(row['value'])).sort(),
  }
}

const manifestOf = (where: string, epoch: number) => join(where, 'state', 'kills', `epoch-${epoch}`, 'manifest.json')

// The newest epoch that was begun; 0 where there is none.
function newestEpoch(where: string): number {
  const home = join(where, 'state', 'kills')
  const epochs = existsSync(home) ? readdirSync(home).flatMap(name => (name.startsWith('epoch-') ? Number(name.slice(6)) : [])) : []
  return Math.max(0, ...epochs)
}

// What the process was at, by what it left: an epoch without a manifest, or one whose files don't all have their names.
function killedIn(where: string): 'checkpoint' | 'commit' | 'flow' {
  const newest = newestEpoch(where)
  if (newest === 0) return 'flow'
  const manifest = manifestOf(where, newest)
  if (!existsSync(manifest)) return 'checkpoint'
  const { sinks } = (JSON.parse(readFileSync(manifest, 'utf8')) as { manifest: { sinks: Record<string, { parts?: { temp: string }[] }> } }).manifest
  const temps = Object.values(sinks).flatMap(({ parts = [] }) => parts.map(({ temp }) => temp))
  return temps.some(temp => ['out', 'late', 'dead'].some(name => existsSync(join(where, name, temp)))) ? 'commit' : 'flow'
}

/** A life of the job: how it ended, and what it said. */
interface Life {
  readonly isKilled: boolean
  readonly isDone: boolean
  readonly said: string
}

// Kills `ms` after the process has said that it works, and, where a commit is waited for, as soon as a further manifest is there; unless it is done by then.
function live(where: string, facts: object, ms: number, inCommit: boolean): Promise<Life> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, library, where, JSON.stringify(facts)], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { out: '', error: '' }
    let timer: NodeJS.Timeout | undefined
    const isDone = () => said.out.includes('done\n')
    const kill = () => !isDone() && child.kill('SIGKILL')
    const killInCommit = (epoch: number): void => {
      const newest = newestEpoch(where)
      if (isDone() || (newest > epoch && existsSync(manifestOf(where, newest)))) kill()
      else if (child.exitCode === null) setImmediate(killInCommit, epoch)
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text
      if (!timer && said.out.includes('working\n')) timer = setTimeout(() => (inCommit ? killInCommit(newestEpoch(where)) : kill()), ms)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.error += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ isKilled: signal === 'SIGKILL', isDone: code === 0 && said.out.endsWith('done\n'), said: said.out.replaceAll(/(working|done)\n/g, '') + said.error })
    })
  })
}

it(`counts each row once, however often the job is killed (${killsWanted} times, SEED=${seed})`, { timeout: 60_000 + 3_000 * killsWanted }, async () => {
  const chance = random(seed)
  const expected = await writeTopic(chance)
  expect([expected.late.length, expected.dead.length]).toEqual([expect.toSatisfy((count: number) => count > 100), rowCount / 1_000])
  let kills = 0
  const within = { checkpoint: 0, commit: 0, flow: 0 }
  for (let run = 0; kills < killsWanted; run++) {
    const where = join(folder, `run-${run}`)
    mkdirSync(where)
    for (let isDone = false; !isDone; ) {
      const facts = { workers: 1 + chance.int(2), batchRows: [128, 256, 512][chance.int(3)]!, pauseMs: chance.int(20) }
      // The last run goes to its end in peace.
      const life = await live(where, facts, kills < killsWanted ? chance.int(250) : 600_000, chance.int(2) === 0)
      expect(life, `run ${run}, after ${kills} kills`).toMatchObject({ said: '' })
      expect(life.isKilled || life.isDone).toBe(true)
      isDone = life.isDone
      if (!life.isKilled) continue
      within[killedIn(where)]++
      if (++kills % 50 === 0) console.log(`${kills} kills in ${run + 1} runs: ${within.checkpoint} within a checkpoint, ${within.commit} within a commit`)
    }
    expect(readBack(where)).toEqual(expected)
    rmSync(where, { recursive: true })
  }
  // Kills that hit nothing would prove nothing.
  expect(within.checkpoint + within.commit).toBeGreaterThan(killsWanted / 10)
  if (killsWanted >= 100) expect(within.commit).toBeGreaterThan(killsWanted / 50)
})
