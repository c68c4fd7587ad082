import { describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Batch, Column } from '../../src/batch/batch.ts'
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

  test('come with wide values for narrow ones, also inside a struct, a slice at a time', async () => {
    const device = await createDevice()
    const arena = device.arena()
    const rowCount = 1_000
    const money = { kind: 'decimal' as const, precision: 12, scale: 2 }
    const values = arena.allocate(2 * rowCount)
    const view = device.memory.bytes(values, 2 * rowCount)
    const numbers = new DataView(view.buffer, view.byteOffset, view.byteLength)
    for (let i = 0; i < rowCount; i++) numbers.setInt16(2 * i, i * 7 - 3_000, true)
    const narrow: Column = { type: money, length: rowCount, values: 0, validity: 0, narrow: { values, bits: 16 }, range: { min: -3_000, max: 3_993 } }
    const inside = { kind: 'struct' as const, members: [{ name: 'm', type: money, nullable: false }] }
    const both = [
      { name: 'money', type: money, nullable: false },
      { name: 'box', type: inside, nullable: false },
    ]
    const columns: Column[] = [narrow, { type: inside, length: rowCount, values: 0, validity: 0, children: [narrow] }]
    const options = keptOptions(device, arena, both, [{ fields: both, rowCount, columns, arena: 0 }]) as Parameters<typeof keptScan.splits>[0]
    const seen: bigint[][] = [[], []]
    const emit = (batch: Batch) => {
      const [plain, box] = batch.columns as [Column, Column]
      expect(plain.range).toEqual({ min: -3_000, max: 3_993 })
      for (const [i, column] of [plain, box.children![0]!].entries()) {
        expect(column.length).toBe(batch.rowCount)
        const wide = device.memory.int64s(column.values, 2 * batch.rowCount)
        for (let row = 0; row < batch.rowCount; row++) seen[i]!.push(wide[2 * row]!)
      }
    }
    for (const split of keptScan.splits(options)) exhaust(keptScan.read({ device, where: 'cache', shared: 0, batchRows: 192, arena: () => arena, emit, count: () => {} }, options, split, undefined))
    const expected = Array.from({ length: rowCount }, (_, i) => BigInt(i * 7 - 3_000))
    expect(seen).toEqual([expected, expected])
    arena.release()
  })

  test('come with the columns that are asked for, whatever lies between them', async () => {
    const device = await createDevice()
    const arena = device.arena()
    const list = { kind: 'list' as const, item: { type: { kind: 'int32' as const }, nullable: false } }
    const money = { kind: 'decimal' as const, precision: 12, scale: 2 }
    const text = { kind: 'utf8' as const }
    const word = (length: number): Column => ({ type: fields[0]!.type, length, values: arena.allocateZeroed(4 * length), validity: 0 })
    const columns: Column[] = [
      { type: list, length: 64, values: arena.allocateZeroed(4 * 65), validity: 0, children: [word(7)] },
      { ...word(64), range: { min: 3, max: 5 } },
      { type: text, length: 64, values: arena.allocateZeroed(16 * 64), validity: 0, codes: { values: arena.allocateZeroed(4 * 64), dictionary: { type: text, values: arena.allocateZeroed(16), length: 1, validity: 0 }, kept: true } },
      { type: money, length: 64, values: 0, validity: 0, narrow: { values: arena.allocateZeroed(64), bits: 8 }, range: { min: 0, max: 1 } },
      { ...word(64), range: { min: 8, max: 9 } },
    ]
    const five = columns.map(({ type }, i) => ({ name: `c${i}`, type, nullable: false }))
    const options = keptOptions(device, arena, five, [{ fields: five, rowCount: 64, columns, arena: 0 }]) as Parameters<typeof keptScan.splits>[0]
    for (const wanted of [[4], [1, 4], [0, 2], [0, 1, 2, 3, 4], [3], []]) {
      const seen: Batch[] = []
      const context = { device, where: 'cache', shared: 0, batchRows: 64, arena: () => device.arena(), emit: (batch: Batch) => void seen.push(batch), count: () => {} }
      exhaust(keptScan.read(context, options, keptScan.splits(options)[0]!, wanted.map(i => `c${i}`)))
      expect(seen[0]!.columns.map(({ type, values, range, codes }) => ({ type, values, range, codes }))).toEqual(
        wanted.map(i => ({ type: columns[i]!.type, values: i === 3 ? expect.any(Number) : columns[i]!.values, range: columns[i]!.range, codes: columns[i]!.codes })),
      )
      if (wanted.includes(0)) expect(seen[0]!.columns[0]!.children![0]!.length).toBe(7)
    }
    arena.release()
  })

  test('end splits where batches end, unless too little is in them', async () => {
    const device = await createDevice()
    const arena = device.arena()
    const splitsOf = (sizes: readonly number[]) => {
      const batches = sizes.map(rowCount => ({ fields, rowCount, columns: [{ type: fields[0]!.type, length: rowCount, values: 0, validity: 0 }], arena: 0 }))
      return keptScan.splits(keptOptions(device, arena, fields, batches) as Parameters<typeof keptScan.splits>[0])
    }
    expect(splitsOf([40_000, 60_000])).toEqual([
      { batch: 0, start: 0, batchEnd: 0, end: 40_000 },
      { batch: 1, start: 0, batchEnd: 1, end: 60_000 },
    ])
    expect(splitsOf([100, 100, 100])).toEqual([{ batch: 0, start: 0, batchEnd: 2, end: 100 }])
    expect(splitsOf([100_000])).toEqual([
      { batch: 0, start: 0, batchEnd: 0, end: 65_536 },
      { batch: 0, start: 65_536, batchEnd: 0, end: 100_000 },
    ])
    arena.release()
  })

  test('are split into at most a few dozen pieces for each thread to take', () => {
    expect(keptSplitRows(1_000)).toBe(65_536)
    expect(keptSplitRows(1e7)).toBe(625_024)
    expect(keptSplitRows(1e9)).toBe(2 ** 20)
  })
})
