// Stored rows that end with event time, plainly. And the entries of kernels/timed-rows.ts in the catalogue of agreements.
import { int64 } from '../../../src/batch/data-type.ts'
import { gatherBatch } from '../../../src/compute/gather.ts'
import { moveTimes, TimedRows } from '../../../src/compute/timed-rows.ts'
import { setTimeAt, timeAt } from '../../../src/compute/window.ts'
import { columnOf, rowsOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const fields = ['key', 'row', '$until'].map(name => ({ name, type: int64, nullable: false }))

interface Row {
  readonly row: number
  readonly key: number
  readonly until: number
  met: boolean
}

export const timedRowsAgreement = agreement({
  stem: 'timed-rows',
  kernels: ['markNew', 'takeDue', 'selectAlive'],
  sample(random, length, shape) {
    const span = shape === 'extreme' ? 2 ** 40 : 1_000
    const row = (i: number): Row => ({ row: i, key: random.int(shape === 'few' ? 3 : 40), until: random.int(span), met: random.int(4) === 0 })
    const watermarks = Array.from({ length: 4 }, () => random.int(span)).sort((a, b) => a - b)
    return { rows: Array.from({ length: Math.min(length, 300) }, (_, i) => row(i)), watermarks, probes: Array.from({ length: 20 }, () => random.int(40)), keepsUnmet: random.int(2) === 0 }
  },
  // At each watermark: the rows that newly meet a probe, those that are due, and those that are left.
  reference({ rows, watermarks, probes, keepsUnmet }) {
    let stored = rows.map(row => ({ ...row }))
    return watermarks.map((watermark, step) => {
      const found = stored.filter(row => !row.met && probes[step] === row.key)
      for (const row of found) row.met = true
      const due = stored.filter(row => !row.met && row.until <= watermark)
      for (const row of due) row.met = true
      const later = stored.filter(row => !row.met).map(row => row.until)
      stored = stored.filter(row => row.until > watermark || (keepsUnmet && !row.met))
      return { found: found.map(row => row.row), due: due.map(row => row.row), left: stored.map(row => row.row), least: later.length > 0 ? Math.min(...later) : Number.POSITIVE_INFINITY }
    })
  },
  compute(device, arena, { rows, watermarks, probes, keepsUnmet }) {
    const store = new TimedRows(device, { fields, keys: [0], keyTypes: [int64], marks: true, keepsUnmet })
    const numbers = (ids: number, count: number) => rowsOf(device, gatherBatch(device, arena, store.rows(), ids, count)).map(row => Number(row[1]))
    const columns = [rows.map(row => BigInt(row.key)), rows.map(row => BigInt(row.row)), rows.map(row => BigInt(row.until))].map(values => columnOf(device, arena, int64, values))
    const met = arena.allocate(rows.length)
    device.memory.bytes(met, rows.length).set(rows.map(row => Number(row.met)))
    store.insert(arena, { fields, rowCount: rows.length, columns, arena: arena.address }, met)
    const result = watermarks.map((watermark, step) => {
      const found: number[] = []
      for (const { left, right, count } of store.probe(arena, [columnOf(device, arena, int64, [BigInt(probes[step]!)])], 1, 7)) {
        const fresh = store.markNew(right, left, count)
        if (fresh > 0 && device.memory.uint32s(left, 1)[0] !== 0) throw new Error('the numbers beside them stay beside them')
        found.push(...numbers(right, fresh))
      }
      const taken = store.takeDue(arena, watermark)
      const due = numbers(taken.ids, taken.count)
      const anyUnmet = [...device.memory.bytes(store.marks, store.rowCount)].includes(0)
      store.compact(watermark, true)
      return { found, due, left: rowsOf(device, store.rows()).map(row => Number(row[1])), least: anyUnmet ? leastUnmet(store, device) : Number.POSITIVE_INFINITY }
    })
    store.close()
    return result
  },
})

function leastUnmet(store: TimedRows, device: Parameters<typeof timeAt>[0]): number {
  const untils = store.rows().columns.at(-1)!.values
  const marks = [...device.memory.bytes(store.marks, store.rowCount)]
  return Math.min(...marks.flatMap((met, row) => (met ? [] : [timeAt(device, untils + 8 * row)])))
}

export const shiftAgreement = agreement({
  stem: 'timed-rows',
  kernels: ['moveTimes'],
  sample: (random, length) => ({ times: Array.from({ length }, () => (random.int(5) === 0 ? Number.NEGATIVE_INFINITY : random.int(10_000) - 5_000)), by: random.int(2_000) - 1_000 }),
  reference: ({ times, by }) => times.map(time => time + by),
  compute(device, arena, { times, by }) {
    const at = arena.allocate(8 * times.length)
    times.forEach((time, i) => setTimeAt(device, at + 8 * i, time))
    const out = moveTimes(device, arena, at, times.length, by)
    return times.map((_, i) => timeAt(device, out + 8 * i))
  },
})

export const timedRowsAgreements = [timedRowsAgreement, shiftAgreement]
