// Every Nexmark query × batches {1, 7, 1024} × workers {1, 2, 3} × {no restart, restart at a random point and another parallelism}: the same rows. Of its 18 ways
// each query takes two here, other ones for each, so that all occur; NEXMARK=all takes all, SEED=n restarts elsewhere.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeEngines, type Frame, type JobOptions, sink } from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import { queries } from '../../bench/nexmark/queries.ts'
import { random } from '../../src/base/random.ts'
import { naiveQueries } from '../support/naive-nexmark.ts'
import { differences, houseOf, lineOf, none, rowsOf } from '../support/nexmark-house.ts'

afterAll(closeEngines)

const seed = Number(process.env.SEED ?? 1)
const takesAll = process.env.NEXMARK === 'all'
const ways = [1, 7, 1024].flatMap(batchRows => [1, 2, 3].flatMap(workers => [false, true].map(restarts => ({ batchRows, workers, restarts }))))

/** Restarts of jobs that were under way. */
let cutOff = 0
const soon = () => new Promise(resolve => setTimeout(resolve, 1))

// q12's bids by their bidder: the windows of the clock in which they fell are known to the clock alone.
function perBidder(lines: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const line of lines) {
    const [, count, bidder] = /^bid_count=(\d+) bidder=(\d+) /.exec(line)!
    counts.set(bidder!, (counts.get(bidder!) ?? 0) + Number(count))
  }
  return [...counts].map(([bidder, count]) => `${bidder}: ${count}`)
}

/** A sink whose rows are there once their epoch is committed. */
class Committed {
  readonly #epochs = new Map<number, readonly string[]>()

  get lines(): string[] {
    return [...this.#epochs.values()].flat()
  }

  /** The sink of one attempt. */
  attempt() {
    const pending: string[] = []
    return sink({
      name: 'committed',
      delivery: 'transactional',
      changes: 'net',
      write: batch => {
        for (const row of batch.rows()) pending.push(lineOf(row))
      },
      prepare: () => pending.splice(0),
      commit: (epoch, lines) => void this.#epochs.set(epoch, lines as string[]),
    })
  }
}

// Runs until so many rows are read, makes a checkpoint, goes on, and is cut off; then another run, on other threads, goes on from there.
async function withRestart(query: Frame<any>, options: JobOptions, stopAt: number, others: number): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'))
  const checkpoint = { dir, every: '1h' } as const
  const committed = new Committed()
  try {
    let ended = false
    const first = await query.to(committed.attempt()).start({ ...options, checkpoint })
    const done = first.done.then(() => (ended = true), () => {})
    while (!ended && first.metrics().rowsRead < stopAt) await soon()
    if (await first.checkpoint().then(() => !ended, () => false)) cutOff++
    await first.stop({ drain: false }).catch(() => {})
    await done
    await query.to(committed.attempt()).run({ ...options, workers: others, checkpoint })
    return committed.lines
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

describe(`Nexmark in every way${takesAll ? '' : ' (two ways a query; NEXMARK=all for all)'}, seed ${seed}`, async () => {
  const house = houseOf({ events: 3_000, seed: 3, rate: 75, disorder: 60, doubleBidderOffset: false })
  const rows = await rowsOf(house)
  const chance = random(seed)

  describe.each(Object.entries(queries).map(([name, query], i) => [name, query as (given: typeof house) => Frame<any>, i] as const))('%s', (name, query, i) => {
    const seen = name === 'q12' ? perBidder : (lines: string[]) => lines
    const expected = seen(naiveQueries[name]!(rows, 0).map(lineOf))
    const some = takesAll ? ways : [ways[(7 * i) % 18]!, ways[(7 * i + 9) % 18]!]
    it.each(some)('in batches of $batchRows on $workers workers, restarts: $restarts', async ({ batchRows, workers, restarts }) => {
      const others = 1 + ((workers + chance.int(2)) % 3)
      const options = { batchRows, workers, mode: 'stream' as const }
      const lines = restarts ? await withRestart(query(house), options, chance.int(rows.bids.length), others) : (await query(house).collect(options)).toArray().map(lineOf)
      expect(differences(seen(lines), expected)).toEqual(none)
    })
  })

  it('restarts jobs that are under way', () => expect(cutOff).toBeGreaterThan(3))
})
