// Comparing and cutting sorted rows, plainly. And their entries in the catalogue of agreements.
import { bool, float64, int32, int64, timestampMs, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { keyTable, type SortKey } from '../../../src/compute/sort.ts'
import { concatRanges } from '../../../src/compute/sorted-rows.ts'
import { columnOf, rowsOf, sampleValues } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { compareCells } from './sort.ts'

const types = [bool, int32, int64, float64, utf8, timestampMs]
const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))

interface Way {
  readonly at: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

function compareAll(left: readonly Value[][], a: number, right: readonly Value[][], b: number, keys: readonly Way[]): number {
  for (const { at, ...way } of keys) {
    const order = compareCells(left[at]![a]!, right[at]![b]!, way)
    if (order !== 0) return Math.sign(order)
  }
  return 0
}

const inOrder = (table: readonly Value[][], keys: readonly Way[]) => table[0]!.map((_, row) => row).sort((a, b) => compareAll(table, a, table, b, keys))

export const keysAgreement = agreement({
  stem: 'keys',
  kernels: ['compareRows', 'countBefore', 'markChanges'],
  sample(random, length, shape) {
    const tables = [0, 1].map(() => types.map(type => sampleValues(random, type, length, shape)))
    const way = (at: number) => ({ at, descending: random.int(2) === 1, nullsFirst: random.int(2) === 1 })
    const keys = [...types.keys()].map(at => [way(at)])
    return { tables, keys: [...keys, [way(0), way(4), way(1)]] }
  },
  reference: ({ tables: [left, right], keys }) =>
    keys.map(list => {
      const order = inOrder(left!, list)
      return {
        compared: left![0]!.map((_, i) => compareAll(left!, i, right!, i, list)),
        before: right![0]!.map((_, i) => [0, 1].map(equal => order.filter(row => compareAll(left!, row, right!, i, list) < equal).length)),
        changes: order.map((row, i) => i === 0 || compareAll(left!, order[i - 1]!, left!, row, list) !== 0),
      }
    }),
  compute(device, arena, { tables: [left, right], keys }) {
    const { kernels, memory } = device
    const rows = left![0]!.length
    return keys.map(list => {
      const order = inOrder(left!, list)
      const table = (values: readonly Value[][]): number =>
        keyTable(device, arena, list.map(({ at, ...way }): SortKey => ({ column: columnOf(device, arena, types[at]!, values[at]!), ...way })))
      const [own, other] = [table(left!), table(right!)]
      const sorted = table(left!.map(values => order.map(row => values[row]!)))
      const indices = arena.allocate(4 * rows)
      memory.uint32s(indices, rows).set(order)
      const bits = arena.allocateZeroed(Math.ceil(rows / 8))
      const changed = kernels.markChanges(own, list.length, indices, rows, bits)
      const changes = order.map((_, i) => ((memory.bytes(bits, Math.ceil(rows / 8))[i >>> 3]! >>> (i & 7)) & 1) === 1)
      const again = arena.allocateZeroed(Math.ceil(rows / 8))
      if (kernels.markChanges(sorted, list.length, 0, rows, again) !== changed) throw new RangeError('markChanges counts otherwise where rows lie in order')
      if (changed !== changes.filter(Boolean).length) throw new RangeError(`markChanges counted ${changed}`)
      return {
        compared: order.map((_, i) => Math.sign(kernels.compareRows(own, i, other, i, list.length))),
        before: order.map((_, i) => [0, 1].map(equal => kernels.countBefore(sorted, 0, rows, other, i, list.length, equal))),
        changes,
      }
    })
  },
})

export const rangesAgreement = agreement({
  stem: 'gather',
  kernels: ['appendBitsFrom'],
  sample(random, length, shape) {
    const tables = [0, 1, 2].map(i => types.map(type => sampleValues(random, type, length, i === 1 ? 'full' : shape)))
    return { tables, cuts: tables.map(() => [random.int(length + 1), random.int(length + 1)].sort((a, b) => a - b) as [number, number]) }
  },
  reference: ({ tables, cuts }) => tables.flatMap((table, i) => table[0]!.map((_, row) => table.map(values => values[row]!)).slice(...cuts[i]!)),
  compute(device, arena, { tables, cuts }) {
    const ranges = tables.map((table, i) => {
      const columns = table.map((values, c) => columnOf(device, arena, types[c]!, values))
      return { batch: { fields, rowCount: table[0]!.length, columns, arena: arena.address }, start: cuts[i]![0], end: cuts[i]![1] }
    })
    return rowsOf(device, concatRanges(device, arena, fields, ranges))
  },
})
