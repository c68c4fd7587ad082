// Stored rows that may be taken back, plainly. And the entry of kernels/changing-rows.ts in the catalogue of agreements.
import { float64, int64, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { ChangingRows, countPartners } from '../../../src/compute/changing-rows.ts'
import { gatherBatch } from '../../../src/compute/gather.ts'
import { columnOf, keyText, rowsOf, sampleValues, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const types = [int64, utf8, float64]
const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))

export const changingRowsAgreement = agreement({
  stem: 'changing-rows',
  kernels: ['keepAlive', 'keepEqualHashes', 'takeAlive', 'addDegrees'],
  sample(random, length, shape) {
    const rows = Math.min(length, 200)
    const texts = sampleValues(random, utf8, 3, shape)
    const all = Array.from({ length: rows }, (): Value[] => [BigInt(random.int(5)), texts[random.int(3)]!, [null, 0, Number.NaN, 2.5][random.int(4)]!])
    return { rows: all, taken: all.filter(() => random.int(3) === 0), probes: [0n, 3n], keys: [0] }
  },
  reference({ rows, taken, probes }) {
    const held = rows.map(row => ({ row, degree: 0 }))
    const meet = () => probes.map(key => held.filter(({ row }) => row[0] === key))
    const turned = meet().flatMap(found => found.filter(stored => stored.degree++ === 0).map(({ row }) => keyText(row)))
    for (const row of taken) held.splice(held.findIndex(other => keyText(other.row) === keyText(row)), 1)
    const back = meet().flatMap(found => found.filter(stored => --stored.degree === 0).map(({ row }) => keyText(row)))
    return { turned: turned.sort(), taken: taken.length, back: back.sort(), left: held.map(({ row }) => keyText(row)).sort() }
  },
  compute(device, arena, { rows, taken, probes, keys }) {
    const store = new ChangingRows(device, { fields, keys, keyTypes: [int64] })
    const batch = (of: readonly Value[][]) => ({ fields, rowCount: of.length, columns: types.map((type, i) => columnOf(device, arena, type, of.map(row => row[i]!))), arena: arena.address })
    const texts = (ids: number, count: number) => rowsOf(device, gatherBatch(device, arena, store.rows(), ids, count)).map(row => keyText(row.slice(0, 3)))
    const meet = (by: 1 | -1) => {
      const counts = arena.allocateZeroed(8)
      const found: string[] = []
      for (const { left, right, count } of store.probe(arena, [columnOf(device, arena, int64, probes)], probes.length)) {
        countPartners(device, arena, left, count, counts)
        const turned = store.count(arena, right, count, by)
        found.push(...texts(turned.ids, turned.count))
      }
      if (uint32sAt(device, counts, 2).reduce((sum, n) => sum + n, 0) !== found.length) throw new Error('each stored row that is met turns once')
      return found.sort()
    }
    store.insert(arena, batch(rows), arena.allocateZeroed(4 * rows.length))
    const turned = meet(1)
    const [marks, degrees] = [arena.allocateZeroed(taken.length), arena.allocate(4 * taken.length)]
    const gone = store.take(arena, batch(taken), marks, degrees)
    if (device.memory.bytes(marks, taken.length).includes(0) || uint32sAt(device, degrees, taken.length).some((degree, i) => degree !== Number(probes.includes(taken[i]![0] as bigint)))) throw new Error('each row takes one, with its partners')
    const back = meet(-1)
    store.compact(true)
    const left = rowsOf(device, store.rows()).map(row => keyText(row.slice(0, 3))).sort()
    store.close()
    return { turned, taken: gone, back, left }
  },
})
