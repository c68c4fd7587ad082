import { describe, expect, it } from 'vitest'
import { limiter } from '../../src/base/limit.ts'

describe('limiter', () => {
  it('runs at most so many tasks at once, in order, and frees the place of a failed one', async () => {
    const limit = limiter(2)
    const started: number[] = []
    let running = 0
    let runningMax = 0
    const tasks = Array.from({ length: 7 }, (_, i) =>
      limit(async () => {
        started.push(i)
        runningMax = Math.max(runningMax, ++running)
        await Promise.resolve()
        running--
        if (i === 1) throw new Error('one')
        return i
      }),
    )
    const settled = await Promise.allSettled(tasks)
    expect(runningMax).toBe(2)
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(settled.map(s => s.status === 'fulfilled')).toEqual([true, false, true, true, true, true, true])
  })
})
