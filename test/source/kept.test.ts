import { describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Batch } from '../../src/batch/batch.ts'
import { createDevice } from '../../src/device/device.ts'
import { keptOptions, keptScan, keptSplitRows } from '../../src/source/kept.ts'
import { exhaust } from '../support/exhaust.ts'

const fields = [{ name: 'n', type: { kind: 'int32' as const }, nullable: false }]

describe('rows kept in memory', () => {
  test('are handed out once each, in order, whatever the batches and slices', async () => {
    const device = await createDevice()
    for (let seed = 1; seed <= 20; seed++) {
      const chance = random(seed)
      const sizes = Array.from({ length: 1 + chance.int(6) }, () => chance.int(seed % 3 === 0 ? 200_000 : 300))
      const arena = device.arena()
      let next = 0
      const batches: Batch[] = sizes.map(rowCount => {
        const values = arena.allocate(4 * rowCount)
        const view = device.memory.int32s(values, rowCount)
        for (let i = 0; i < rowCount; i++) view[i] = next++
        return { fields, rowCount, columns: [{ type: fields[0]!.type, length: rowCount, values, validity: 0 }], arena: 0 }
      })
      const options = keptOptions(device, arena, fields, batches) as Parameters<typeof keptScan.splits>[0]
      let expected = 0
      let wrong = 0
      for (const split of keptScan.splits(options)) {
        const emit = (batch: Batch) => {
          expect((batch.columns[0]!.values - batches[0]!.columns[0]!.values) % 4).toBe(0)
          for (const n of device.memory.int32s(batch.columns[0]!.values, batch.rowCount)) if (n !== expected++) wrong++
        }
        exhaust(keptScan.read({ device, where: 'cache', shared: 0, batchRows: 1 + chance.int(70_000), arena: () => arena, emit, count: () => {} }, options, split, undefined))
      }
      expect({ seed, expected, wrong }).toEqual({ seed, expected: next, wrong: 0 })
      arena.release()
    }
  })

  test('are split into at most a few dozen pieces for each thread to take', () => {
    expect(keptSplitRows(1_000)).toBe(65_536)
    expect(keptSplitRows(1e7)).toBe(625_024)
    expect(keptSplitRows(1e9)).toBe(2 ** 20)
  })
})
