// What updated results need of groups, plainly.
import { changeColumn } from '../../../src/batch/change.ts'
import { int64 } from '../../../src/batch/data-type.ts'
import { negated, negatedWide, retractions, RowCounts, TouchedGroups } from '../../../src/compute/updates.ts'
import { RowMultiset } from '../../../src/compute/row-multiset.ts'
import { columnOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { bytesIn } from './parquet-decode.ts'

export const touchedAgreement = agreement({
  stem: 'updates',
  kernels: ['firstSeen'],
  sample: (random, length) => Array.from({ length: 3 }, () => Array.from({ length }, () => random.int(1 + (length >> 1)))),
  reference: batches =>
    batches.map(gids => {
      const ids = [...new Set(gids)]
      return { ids, firsts: ids.map(id => gids.indexOf(id)), locals: gids.map(gid => ids.indexOf(gid)) }
    }),
  compute(device, arena, batches) {
    const touched = new TouchedGroups(device)
    const words = (address: number, count: number) => [...device.memory.uint32s(address, count)]
    const found = batches.map(gids => {
      const { ids, firsts, locals, count } = touched.find(arena, bytesIn(device, arena, new Uint8Array(Uint32Array.from(gids).buffer)), gids.length, 1 + (gids.length >> 1))
      return { ids: words(ids, count), firsts: words(firsts, count), locals: words(locals, gids.length) }
    })
    touched.close()
    return found
  },
})

export const negatedAgreement = agreement({
  stem: 'updates',
  kernels: ['negateI64', 'negateWide'],
  sample: (random, length) => Array.from({ length: 3 }, () => Array.from({ length }, () => BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | (random.int(3) === 0 ? 0n : BigInt(random.uint32()))))),
  reference: ([low, middle, high]) => ({
    whole: low!.map(value => BigInt.asIntN(64, -value)),
    wide: low!.map((word, i) => BigInt.asIntN(192, -(BigInt.asUintN(64, word) + (BigInt.asUintN(64, middle![i]!) << 64n) + (high![i]! << 128n)))),
  }),
  compute(device, arena, columns) {
    const words = columns.map(values => columnOf(device, arena, int64, values))
    const read = (values: number) => [...device.memory.int64s(values, columns[0]!.length)]
    const [low, middle, high] = negatedWide(device, arena, words).map(column => read(column.values)) as [bigint[], bigint[], bigint[]]
    return {
      whole: read(negated(device, arena, words[0]!).values),
      wide: low.map((word, i) => BigInt.asIntN(192, BigInt.asUintN(64, word) + (BigInt.asUintN(64, middle[i]!) << 64n) + (high[i]! << 128n))),
    }
  },
})

export const countsAgreement = agreement({
  stem: 'updates',
  kernels: ['countChanges', 'maskRetractions', 'maskPositive', 'sumCounts', 'repeatCounts'],
  sample: (random, length) => Array.from({ length }, () => ({ value: BigInt(random.int(1 + (length >> 2))), change: random.int(4) })),
  reference(rows) {
    const counts = new Map<bigint, number>()
    for (const { value, change } of rows) counts.set(value, (counts.get(value) ?? 0) + (change % 2 === 0 ? 1 : -1))
    const isWhole = [...counts.values()].every(count => count >= 0)
    return {
      gone: rows.map(({ change }) => change % 2),
      positive: [...counts.values()].map(count => Number(count > 0)),
      present: isWhole ? [...counts].flatMap(([value, count]) => Array.from({ length: count }, () => value)) : undefined,
    }
  },
  compute(device, arena, rows) {
    const changes = bytesIn(device, arena, Uint8Array.from(rows, row => row.change))
    const values = columnOf(device, arena, int64, rows.map(row => row.value))
    const bits = (address: number, count: number) => Array.from({ length: count }, (_, i) => (device.memory.bytes(address, (count >> 3) + 1)[i >> 3]! >> (i & 7)) & 1)
    const set = new RowMultiset(device, [{ name: changeColumn, type: int64, nullable: false }])
    set.change(arena, [values], rows.length, changes)
    const { rows: distinct, repeats } = set.present(arena)
    const all = device.memory.int64s(distinct.columns[0]!.values, distinct.rowCount)
    const counts = new RowCounts(device)
    const gids = bytesIn(device, arena, new Uint8Array(Uint32Array.from(rows, row => all.indexOf(row.value)).buffer))
    counts.add(gids, changes, rows.length, distinct.rowCount)
    const { bits: positive, some } = counts.presentOf(arena, distinct.rowCount)
    const shown = { gone: bits(retractions(device, arena, changes, rows.length), rows.length), positive: bits(positive, distinct.rowCount), present: repeats && Array.from(device.memory.uint32s(repeats.indices, repeats.rows), i => all[i]!) }
    if (some !== shown.positive.filter(bit => bit === 1).length) throw new Error(`${some} groups with rows`)
    set.close()
    counts.close()
    return shown
  },
})

export const newPairsAgreement = agreement({
  stem: 'updates',
  kernels: ['countNewPairs'],
  sample: (random, length) => {
    let next = 5
    return Array.from({ length }, () => ({ pair: random.int(3) === 0 ? next++ : random.int(next), gid: random.int(4) }))
  },
  reference: rows => Array.from({ length: 4 }, (_, gid) => rows.filter((row, i) => row.gid === gid && row.pair >= 5 && rows.findIndex(other => other.pair === row.pair) === i).length),
  compute(device, arena, rows) {
    const words = (values: readonly number[]) => bytesIn(device, arena, new Uint8Array(Uint32Array.from(values).buffer))
    const counts = arena.allocateZeroed(32)
    device.kernels.countNewPairs(words(rows.map(row => row.pair)), words(rows.map(row => row.gid)), rows.length, 5, counts)
    return Array.from(device.memory.int64s(counts, 4), Number)
  },
})
