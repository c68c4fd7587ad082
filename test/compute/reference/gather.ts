// Taking, filtering and joining end to end, plainly: arrays of rows. And their entries in the catalogue of agreements.
import type { Value } from '../../../src/batch/read-values.ts'
import type { Batch } from '../../../src/batch/batch.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { compactBatch } from '../../../src/compute/compact.ts'
import { concatBatches } from '../../../src/compute/concat.ts'
import { gatherBatch, rowNumbers } from '../../../src/compute/gather.ts'
import type { Random } from '../../../src/base/random.ts'
import { bitmapOf, columnOf, rowsOf, sampleTypes, sampleValues, type Shape } from '../../support/samples.ts'
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
