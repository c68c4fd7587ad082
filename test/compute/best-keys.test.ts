import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { float64, int32 } from '../../src/batch/data-type.ts'
import { BestKeys } from '../../src/compute/best-keys.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf, uint32sAt } from '../support/samples.ts'
import { compareCells } from './reference/sort.ts'

const device = await createDevice()

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('best keys', () => {
  it.each([[true, true], [true, false], [false, true], [false, false]])('drop only rows that k earlier ones of their group beat; descending %s, nulls first %s', (descending, nullsFirst) => {
    const draw = random(17)
    for (const k of [1, 2, 5]) {
      const best = new BestKeys(device, k, { descending, nullsFirst })
      const seen: { group: number; key: number | null }[] = []
      let kept = 0
      for (let batch = 0; batch < 4; batch++) {
        const groups = Array.from({ length: 300 }, () => draw.int(3 + 4 * batch))
        const keys = groups.map(() => [null, Number.NaN, draw.int(50) / 8, -draw.float()][draw.int(4)]!)
        const arena = device.arena()
        const gids = columnOf(device, arena, int32, groups).values
        const { indices, rows } = best.thin(arena, gids, 3 + 4 * batch, columnOf(device, arena, float64, keys))
        const chosen = new Set(uint32sAt(device, indices, rows))
        keys.forEach((key, row) => {
          const better = seen.filter(other => other.group === groups[row] && compareCells(other.key, key, { descending, nullsFirst }) < 0).length
          // What is no number may stay longer than it need.
          if (better < k || (key !== null && !Number.isNaN(key))) expect(chosen.has(row), `${key} after ${better} better ones`).toBe(better < k)
          seen.push({ group: groups[row]!, key })
        })
        kept += rows
        arena.release()
      }
      expect(kept).toBeLessThan(800)
      expect(best.bytes).toBeGreaterThan(0)
      best.close()
    }
  })
})
