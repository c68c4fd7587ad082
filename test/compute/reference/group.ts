// Grouping, plainly: a Map from the keys' text to a number. And its entries in the catalogue of agreements.
import { bool, type DataType, float64, int32, int64, utf8 } from '../../../src/batch/data-type.ts'
import type { Column } from '../../../src/batch/batch.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import type { Random } from '../../../src/base/random.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { dictionaryCodes } from '../../../src/compute/dictionary-codes.ts'
import { GroupTable } from '../../../src/compute/group-table.ts'
import { columnOf, rowsOf, sampleValues, type Shape, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

/** A key's identity: NaN is NaN, −0 is 0, null is null, 1 is not '1'. */
export const keyText = (key: readonly Value[]): string =>
  key.map(value => (value === null ? 'null' : typeof value === 'string' ? JSON.stringify(value) : `${typeof value}:${value === 0 ? 0 : value}`)).join('|')

/** gids of rows in order of first sight, and the first row of each group. */
export function groupRows(rows: readonly (readonly Value[])[]): { gids: number[]; firsts: number[] } {
  const known = new Map<string, number>()
  const firsts: number[] = []
  const gids = rows.map((row, i) => {
    const text = keyText(row)
    let gid = known.get(text)
    if (gid === undefined) {
      known.set(text, (gid = known.size))
      firsts.push(i)
    }
    return gid
  })
  return { gids, firsts }
}

interface Sample {
  batches: Value[][][]
  strangers: Value[][]
}

const transpose = (table: readonly Value[][]): Value[][] => table[0]!.map((_, row) => table.map(values => values[row]!))

// Keys come in three batches, so that tables grow between and within calls; the strangers are looked up.
function sampler(types: readonly DataType[], limit?: number) {
  const draw = (random: Random, length: number, shape: Shape) =>
    types.map(type => sampleValues(random, type, length, shape).map(value => (limit && typeof value === 'number' ? value % limit : value)))
  return (random: Random, length: number, shape: Shape): Sample => ({ batches: [1, 3, 2].map(times => draw(random, length * times, shape)), strangers: draw(random, length, shape === 'full' ? 'nulls' : shape) })
}

function reference({ batches, strangers }: Sample) {
  const rows = batches.flatMap(transpose)
  const { gids, firsts } = groupRows(rows)
  const known = new Map(firsts.map((row, gid) => [keyText(rows[row]!), gid]))
  return {
    gids,
    keys: firsts.map(row => rows[row]!.map(value => (value === 0 ? 0 : value))),
    found: transpose(strangers).map(row => (row.includes(null) ? 0xffffffff : (known.get(keyText(row)) ?? 0xffffffff))),
    again: gids.slice(0, batches[0]![0]!.length),
  }
}

// The columns of a batch; `coded`: with codes by a dictionary that lies in `arena`.
function columnsOf(device: Device, own: Arena, arena: Arena, types: readonly DataType[], values: readonly Value[][], coded: boolean): Column[] {
  return values.map((v, i) => {
    const column = columnOf(device, own, types[i]!, v)
    if (!coded) return column
    const making = dictionaryCodes(device, arena, [column])
    let step = making.next()
    while (!step.done) step = making.next()
    return { ...column, ...(step.value && { codes: step.value[0]! }) }
  })
}

function compute(types: readonly DataType[], coded: boolean) {
  return (device: Device, arena: Arena, { batches, strangers }: Sample) => {
    const fields = types.map((type, i) => ({ name: `k${i}`, type, nullable: true }))
    const table = new GroupTable(device, fields)
    const run = (values: readonly Value[][], how: 'find' | 'lookup') => {
      const own = device.arena() // freed at once, so that keys which were not copied would be overwritten
      const rows = values[0]!.length
      const gids = uint32sAt(device, table[how](own, columnsOf(device, own, arena, types, values, coded), rows), rows)
      if (rows > 0) device.memory.bytes(own.address + 4096, 40_000).fill(0x5a)
      own.release()
      return gids
    }
    try {
      const gids = batches.flatMap(batch => run(batch, 'find'))
      const columns = table.keyColumns(arena)
      const keys = rowsOf(device, { fields, rowCount: table.groupCount, columns, arena: 0 })
      const found = run(strangers, 'lookup')
      table.reset()
      return { gids, keys, found, again: run(batches[0]!, 'find') }
    } finally {
      table.close()
    }
  }
}

const entry = (types: readonly DataType[], kernels: readonly string[], limit?: number, coded = false) =>
  agreement({ stem: 'group', kernels, sample: sampler(types, limit), reference, compute: compute(types, coded) })

export const groupAgreements = [
  entry([int32], ['findProbingI32', 'lookupI32', 'rehashWords', 'rangeI32', 'narrowI64']),
  entry([int32], ['findDirectI32'], 1000),
  entry([int64], ['findProbingI64', 'findDirectI64', 'lookupI64', 'rangeI64']),
  entry([float64], ['findProbingF64', 'lookupF64']),
  entry([bool], ['expandBits', 'packWords']),
  entry([utf8], ['findViews', 'lookupViews', 'rehashViews', 'copyViews', 'countViewBytes']),
  entry([utf8], ['numberCodes', 'findCodes', 'lookupCodes'], undefined, true),
  entry([utf8, int32], ['findPairs', 'lookupPairs', 'rehashPairs', 'splitPairs'], 30),
  entry([int32, utf8, bool, float64], ['pairWords']),
]
