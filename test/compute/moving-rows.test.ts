// Moving rows of random nested types: taken, filtered, cut, put end to end, stored, chosen. The rows stay what they were.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { type Batch, sliceBatch } from '../../src/batch/batch.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { choose } from '../../src/compute/choose.ts'
import { compactBatch } from '../../src/compute/compact.ts'
import { concatBatches } from '../../src/compute/concat.ts'
import { gatherBatch, gatherOwned } from '../../src/compute/gather.ts'
import { nullColumn } from '../../src/compute/null-column.ts'
import { partitionBatch } from '../../src/compute/partition.ts'
import { RowStore } from '../../src/compute/row-store.ts'
import { createDevice } from '../../src/device/device.ts'
import { bitmapOf, columnOf, randomType, rowsOf, sampleTypes, sampleValues, shapes, valuesOf } from '../support/samples.ts'

const device = await createDevice()
afterAll(() => expect(device.pages.used()).toBe(0))

const draw = random(23)
const types = [...sampleTypes, ...Array.from({ length: 20 }, () => randomType(draw, 3))]
const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))

function tableOf(seed: number, rows: number) {
  const columns = types.map((type, i) => sampleValues(random(seed + i), type, rows, shapes[(seed + i) % shapes.length]!))
  return { rows: Array.from({ length: rows }, (_, row) => columns.map(values => values[row]!)), columns }
}

function batchOf(seed: number, rowCount: number): { batch: Batch; rows: unknown[][]; release(): void } {
  const arena = device.arena()
  const { rows, columns } = tableOf(seed, rowCount)
  return { batch: { fields, rowCount, columns: columns.map((values, i) => columnOf(device, arena, types[i]!, values)), arena: arena.address }, rows, release: () => arena.release() }
}

describe(`rows of ${types.length} types`, () => {
  it('are taken by number, twice over, from slices too', () => {
    for (let seed = 0; seed < 8; seed++) {
      const { batch, rows, release } = batchOf(seed, 200)
      const arena = device.arena()
      const part = sliceBatch(batch, 64 * (seed % 3), 200)
      const own = rows.slice(64 * (seed % 3))
      const numbers = Array.from({ length: 150 }, () => draw.int(own.length))
      const indices = columnOf(device, arena, { kind: 'uint32' }, numbers).values
      const taken = gatherBatch(device, arena, part, indices, numbers.length)
      const again = gatherOwned(device, arena, taken, columnOf(device, arena, { kind: 'uint32' }, [3, 3, 149]).values, 3)
      release()
      expect(rowsOf(device, taken)).toEqual(numbers.map(n => own[n]))
      expect(rowsOf(device, again)).toEqual([3, 3, 149].map(i => own[numbers[i]!]))
      arena.release()
    }
  })

  it('are filtered and put end to end in any pieces', () => {
    for (let seed = 0; seed < 6; seed++) {
      const arena = device.arena()
      const parts = [0, 1, 70, 129].map((count, i) => batchOf(100 * seed + i, count))
      const kept = parts.map(({ batch, rows }) => {
        const mask = rows.map(() => draw.int(3) > 0)
        return { batch: compactBatch(device, arena, batch, bitmapOf(device, arena, mask)), rows: rows.filter((_, i) => mask[i]) }
      })
      const cut = sliceBatch(parts[3]!.batch, 64, 129)
      const all = concatBatches(device, arena, fields, [...kept.map(k => k.batch), cut])
      for (const part of parts) part.release()
      expect(rowsOf(device, all)).toEqual([...kept.flatMap(k => k.rows), ...parts[3]!.rows.slice(64)])
      arena.release()
    }
  })

  it('are stored, batch after batch', () => {
    const store = new RowStore(device, fields)
    expect(rowsOf(device, store.batch())).toEqual([])
    const expected: unknown[][] = []
    for (let seed = 0; seed < 12; seed++) {
      const { batch, rows, release } = batchOf(seed, [0, 1, 300, 65, 7][seed % 5]!)
      const from = batch.rowCount > 64 ? 64 : 0
      store.append(sliceBatch(batch, from, batch.rowCount))
      expected.push(...rows.slice(from))
      release()
    }
    expect(rowsOf(device, store.batch())).toEqual(expected)
    store.clear()
    expect([store.rowCount, store.bytes]).toEqual([0, 0])
    const { batch, rows, release } = batchOf(3, 5)
    store.append(batch)
    release()
    expect(rowsOf(device, store.batch())).toEqual(rows)
    store.close()
  })

  it('go to the instance of their key, whatever its type', () => {
    const { batch, rows, release } = batchOf(2, 180)
    for (const field of fields) {
      const arena = device.arena()
      const parts = partitionBatch(device, arena, batch, [field.name], 3)
      const found = parts.flatMap(part => (part ? rowsOf(device, part) : []))
      expect(found.length, typeName(field.type)).toBe(rows.length)
      expect(new Set(found.map(row => inspect(row)))).toEqual(new Set(rows.map(row => inspect(row))))
      arena.release()
    }
    release()
  })

  it('are chosen row by row, nulls among them', () => {
    const arena = device.arena()
    const mask = Array.from({ length: 90 }, () => draw.int(2) === 1)
    types.forEach((type, i) => {
      const values = [1, 2].map(seed => sampleValues(random(seed + i), type, 90, seed === 1 ? 'nulls' : 'few'))
      const [a, b] = values.map(v => columnOf(device, arena, type, v)) as [Batch['columns'][0], Batch['columns'][0]]
      const bits = bitmapOf(device, arena, mask)
      expect(valuesOf(device, choose(device, arena, bits, a, b, 90))).toEqual(mask.map((bit, row) => values[bit ? 0 : 1]![row]))
      expect(valuesOf(device, choose(device, arena, bits, a, { type, value: null }, 90))).toEqual(mask.map((bit, row) => (bit ? values[0]![row] : null)))
      expect(valuesOf(device, nullColumn(arena, type, 5))).toEqual([null, null, null, null, null])
    })
    arena.release()
  })
})

function inspect(row: unknown[]): string {
  return JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v instanceof Map ? [...v] : Object.is(v, -0) ? '-0' : typeof v === 'number' && !Number.isFinite(v) ? String(v) : v))
}
