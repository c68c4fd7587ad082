// Taking, filtering and joining end to end, plainly: arrays of rows. And their entries in the catalogue of agreements.
import type { Value } from '../../../src/batch/read-values.ts'
import type { Batch } from '../../../src/batch/batch.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { compactBatch } from '../../../src/compute/compact.ts'
import { concatBatches } from '../../../src/compute/concat.ts'
import { gatherBatch, rowNumbers } from '../../../src/compute/gather.ts'
import { checkOffsets, indicesWithin, listItemsOfViews } from '../../../src/compute/arrow-columns.ts'
import type { Random } from '../../../src/base/random.ts'
import { bitmapOf, columnOf, rowsOf, uint32sAt, sampleTypes, sampleValues, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const types = sampleTypes
const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))

/** One array of values per type. */
export function sampleTable(random: Random, length: number, shape: Shape): Value[][] {
  return types.map(type => sampleValues(random, type, length, shape))
}

function batchOf(device: Device, arena: Arena, table: readonly Value[][]): Batch {
  return { fields, rowCount: table[0]!.length, columns: table.map((values, i) => columnOf(device, arena, types[i]!, values)), arena: arena.address }
}

export const rowsOfTable = (table: readonly Value[][]): Value[][] => table[0]!.map((_, row) => table.map(values => values[row]!))

export const gatherAgreement = agreement({
  stem: 'gather',
  kernels: ['gatherWord4', 'gatherWord8', 'gatherView', 'gatherBits', 'fillIndices', 'gatherWord1', 'gatherWord2', 'gatherFixed', 'gatherOffsets', 'listItems', 'fixedItems'],
  sample(random, length, shape) {
    return { table: sampleTable(random, length, shape), indices: Array.from({ length }, () => random.int(length)) }
  },
  reference: ({ table, indices }) => ({ rows: indices.map(index => rowsOfTable(table)[index]!), numbers: indices.map((_, i) => i + 5) }),
  compute(device, arena, { table, indices }) {
    const at = arena.allocate(4 * indices.length)
    device.memory.uint32s(at, indices.length).set(indices)
    const numbers = rowNumbers(device, arena, indices.length, 5)
    return { rows: rowsOf(device, gatherBatch(device, arena, batchOf(device, arena, table), at, indices.length)), numbers: [...device.memory.uint32s(numbers, indices.length)] }
  },
})

export const compactAgreement = agreement({
  stem: 'gather',
  kernels: ['selectBits'],
  sample(random, length, shape) {
    const keep = random.int(4)
    return { table: sampleTable(random, length, shape), mask: Array.from({ length }, () => keep === 3 || random.int(4) <= keep) }
  },
  reference: ({ table, mask }) => rowsOfTable(table).filter((_, row) => mask[row]),
  compute: (device, arena, { table, mask }) => rowsOf(device, compactBatch(device, arena, batchOf(device, arena, table), bitmapOf(device, arena, mask))),
})

export const concatAgreement = agreement({
  stem: 'gather',
  kernels: ['appendBits', 'appendOnes', 'shiftOffsets'],
  sample(random, length, shape) {
    const cuts = [random.int(length + 1), random.int(length + 1), random.int(length + 1)].sort((a, b) => a - b)
    return [0, ...cuts].map((start, i) => sampleTable(random, (cuts[i] ?? length) - start, i === 1 ? 'full' : shape))
  },
  reference: tables => tables.flatMap(rowsOfTable),
  compute(device, arena, tables) {
    const parts = tables.map(table => {
      const own = device.arena()
      return { own, batch: batchOf(device, own, table) }
    })
    const all = concatBatches(device, arena, fields, parts.map(part => part.batch))
    for (const part of parts) part.own.release()
    return rowsOf(device, all)
  },
})

// Lists given by a start and a size each, some of which may lie outside, as files have them.
export const listViewAgreement = agreement({
  stem: 'nested',
  kernels: ['checkOffsets', 'greatestU32', 'listViewOffsets', 'listViewItems'],
  sample(random, length) {
    const items = random.int(40)
    const wrong = random.int(4) === 0
    return {
      items,
      lists: Array.from({ length }, () => {
        const start = random.int(items + 1)
        return { start, size: random.int(items - start + 1) + (wrong ? random.int(2) : 0) }
      }),
      offsets: Array.from({ length: length + 1 }, (_, i) => i * 2 + (wrong ? random.int(5) - 2 : 0)),
    }
  },
  reference: ({ items, lists, offsets }) => ({
    lists: lists.every(({ start, size }) => start + size <= items) ? lists.map(({ start, size }) => Array.from({ length: size }, (_, i) => start + i)) : undefined,
    ends: offsets.every((offset, i) => offset >= (offsets[i - 1] ?? 0)) && offsets.at(-1)! <= 2 * lists.length,
    within: lists.every(({ start }) => start < items),
  }),
  compute(device, arena, { items, lists, offsets }) {
    const u32s = (values: readonly number[]) => {
      const at = arena.allocate(4 * values.length)
      device.memory.int32s(at, values.length).set(values)
      return at
    }
    const starts = u32s(lists.map(l => l.start))
    const found = listItemsOfViews(device, arena, starts, u32s(lists.map(l => l.size)), lists.length, items, 1 << 20)
    const ends = found && uint32sAt(device, found.offsets, lists.length + 1)
    return {
      lists: found && lists.map((_, i) => uint32sAt(device, found.items, found.count).slice(ends![i]!, ends![i + 1]!)),
      ends: checkOffsets(device, u32s(offsets), lists.length, 2 * lists.length),
      within: indicesWithin(device, starts, lists.length, items),
    }
  },
})
