// The scheduler on a virtual clock, with threads, disk and chance of a simulated machine: whatever happens to its processes, each row counts once.
// `npm run simulate -- --seeds 20000` runs many more; a seed is the whole reproduction (`--seed N` shows what happened).
import { describe, expect, it } from 'vitest'
import { tell } from './simulate.ts'

const from = Number(process.env['SIMULATE_FROM'] ?? 1)
const count = Number(process.env['SIMULATE_SEEDS'] ?? 200)
const traced = process.env['SIMULATE_TRACE'] !== undefined
const progressEvery = 500

describe('a job on a machine that fails, dies and loses power', () => {
  it(`counts each row once, whatever happens (seeds ${from} to ${from + count - 1})`, { timeout: 60_000 + 1_000 * count }, async () => {
    const failures: string[] = []
    const refusals = new Map<string, number>()
    let processes = 0
    for (let seed = from; seed < from + count; seed++) {
      const story = await tell(seed, { traced })
      processes += story.processes
      for (const code of story.refusals) refusals.set(code, (refusals.get(code) ?? 0) + 1)
      if (traced) console.log(story.trace.join('\n'))
      if (story.failure !== undefined) failures.push(`seed ${seed}: ${story.failure}`)
      if (seed % progressEvery === 0) console.log(`seed ${seed}: ${processes} processes, ${failures.length} seeds failed; ended by ${[...refusals].map(([code, times]) => `${code} ${times}`).join(', ')}`)
    }
    expect(failures).toEqual([])
    // A world without trouble would prove nothing.
    if (count >= 200) expect([...refusals.keys()]).toEqual(expect.arrayContaining(['GONE', 'DISK_SYNC', 'DISK_FULL', 'FILE_FAILED', 'TOPIC_IO', 'WORKER_DIED', 'CANCELLED']))
  })

  it('tells the same story of the same seed, event by event', async () => {
    for (const seed of [3, 8, 21]) {
      const [first, again] = [await tell(seed, { traced: true }), await tell(seed, { traced: true })]
      expect(first.trace.length).toBeGreaterThan(100)
      expect(again).toEqual(first)
    }
  })
})
