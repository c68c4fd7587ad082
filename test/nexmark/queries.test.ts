// Every Nexmark query over 100,000 events against a naive computation over the same events.
import { closeEngines, type Frame } from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import { queries } from '../../bench/nexmark/queries.ts'
import type { Clock } from '../../src/base/clock.ts'
import { naiveQueries } from '../support/naive-nexmark.ts'
import { differences, houseOf, lineOf, none, rowsOf } from '../support/nexmark-house.ts'

afterAll(closeEngines)

const now = 1_000_000_007_000
// q12 asks the clock: of an engine of its own, which is opened with this one.
const stopped: Clock = { now: () => now, elapsed: () => performance.now(), sleep: async () => {} }

describe('Nexmark over 100,000 events, a little out of order', async () => {
  const options = { events: 100_000, seed: 11, rate: 1_000, disorder: 700 }
  const house = houseOf(options)
  const rows = await rowsOf(house)

  it('has rows of all kinds', () => {
    expect([rows.persons.length, rows.auctions.length, rows.bids.length]).toEqual([2_000, 6_000, 92_000])
  })

  it.each(Object.entries(queries))('%s gives what the naive computation gives, in batch and as a stream', async (name, query) => {
    // Bids of persons who are known begin after 50,000 events; from then on each has many rows.
    const few = name === 'q23' ? houseOf({ ...options, events: 60_000 }) : house
    const expected = naiveQueries[name]!(few === house ? rows : await rowsOf(few), now).map(lineOf)
    expect(expected.length).toBeGreaterThan(name === 'q15' ? 0 : 4)
    const frame = query(few) as Frame<any>
    for (const mode of ['batch', 'stream'] as const) {
      if (mode === 'stream' && frame.explain() === frame.explain({ mode })) continue
      const table = await frame.collect({ mode, ...(name === 'q12' ? { clock: stopped, memory: '1GiB' } : { workers: 2 }) })
      expect(differences(table.toArray().map(lineOf), expected), mode).toEqual(none)
    }
  })
})
