// Each bug that is planted is found by the seeds that the suite runs.
import { describe, expect, it } from 'vitest'
import { bugs } from './planted.ts'
import { tell } from './simulate.ts'

const seeds = 200

describe('the simulation finds, within 200 seeds, that', () => {
  it.each(Object.keys(bugs))('%s', async name => {
    const { plant, undo } = bugs[name]!()
    try {
      let seed = 1
      while (seed <= seeds && (await tell(seed, plant && { plant })).failure === undefined) seed++
      expect(seed, 'the seed that finds it').toBeLessThanOrEqual(seeds)
    } finally {
      undo?.()
    }
  })
})
