import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { float64 } from '../../src/batch/data-type.ts'
import { createAccumulator } from '../../src/compute/accumulator.ts'
import { noPlaces } from '../../src/compute/aggregate-contract.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf, valuesOf } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })
const shapes: readonly [name: string, draw: (chance: ReturnType<typeof random>, i: number) => number][] = [
  ['uniform', chance => chance.float()],
  ['rising', (_, i) => i],
  ['exponential', chance => -Math.log(1 - chance.float())],
  ['few values', chance => chance.int(5)],
]

describe('approximate quantiles', () => {
  it.each(shapes)('of 200,000 %s values lie within 0.5 % of their rank, in bounded memory, of merged states too', (_, draw) => {
    const chance = random(3)
    const values = Array.from({ length: 200_000 }, (_, i) => draw(chance, i))
    const sorted = Float64Array.from(values).sort()
    for (const q of [0, 0.001, 0.25, 0.5, 0.99, 1]) {
      const parts = [0, 1].map(() => createAccumulator(device, { fn: 'quantile', inputType: float64, options: { q, approximate: true } }))
      for (let at = 0; at < values.length; at += 10_000) {
        const arena = device.arena()
        const gids = arena.allocateZeroed(40_000)
        parts[(at / 10_000) % 2]!.update(gids, [columnOf(device, arena, float64, values.slice(at, at + 10_000))], 10_000, 1, noPlaces)
        arena.release()
      }
      const arena = device.arena()
      parts[0]!.merge(arena.allocateZeroed(4), parts[1]!.partialColumns(arena, 1), 1, 1)
      const found = valuesOf(device, parts[0]!.resultColumns(arena, 1)[0]!)[0] as number
      const reach = Math.max(1, 0.005 * 2 * Math.sqrt(q * (1 - q)) * sorted.length)
      const place = q * (sorted.length - 1)
      expect(found).toBeGreaterThanOrEqual(sorted[Math.max(0, Math.floor(place - reach))]!)
      expect(found).toBeLessThanOrEqual(sorted[Math.min(sorted.length - 1, Math.ceil(place + reach))]!)
      expect(Math.max(...parts.map(part => part.bytes))).toBeLessThan(400_000)
      arena.release()
      for (const part of parts) part.close()
    }
    expect(device.pages.used()).toBe(0)
  })
})
