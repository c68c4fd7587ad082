// Rows that wait for their time, plainly. And the entry of kernels/due-rows.ts in the catalogue of agreements.
import { int64, utf8 } from '../../../src/batch/data-type.ts'
import { DueRows } from '../../../src/compute/due-rows.ts'
import { gatherBatch } from '../../../src/compute/gather.ts'
import { columnOf, rowsOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const fields = [{ name: 'row', type: int64, nullable: false }, { name: 'text', type: utf8, nullable: false }]
const textOf = (row: number) => (row % 3 === 0 ? `${row}` : `row ${row} with a text of some length`)

export const dueRowsAgreement = agreement({
  stem: 'due-rows',
  kernels: ['pushDue', 'countDue', 'popDue', 'markWaiting'],
  sample(random, length, shape) {
    const span = shape === 'extreme' ? 2 ** 40 : shape === 'few' ? 5 : 1_000
    const counts = Array.from({ length: 6 }, () => random.int(Math.min(length, 2_000) + 1))
    return counts.map(count => ({ times: Array.from({ length: count }, () => random.int(span) - span / 4), limit: Math.floor(random.int(span) - span / 3) }))
  },
  // After each batch: what is due, by time, those of one time as they came, and how many wait.
  reference(steps) {
    let waiting: { row: number; time: number }[] = []
    let next = 0
    return steps.map(({ times, limit }) => {
      waiting.push(...times.map(time => ({ row: next++, time: Math.floor(time) })))
      const due = waiting.filter(({ time }) => time <= limit).sort((a, b) => a.time - b.time || a.row - b.row)
      waiting = waiting.filter(({ time }) => time > limit)
      return { due: due.map(({ row, time }) => `${time} ${textOf(row)}`), waiting: waiting.length }
    })
  },
  compute(device, arena, steps) {
    const rows = new DueRows(device, fields)
    let next = 0
    const found = steps.map(({ times, limit }, step) => {
      const numbers = times.map(() => next++)
      const values = arena.allocate(8 * times.length)
      device.memory.int64s(values, times.length).set(times.map(time => BigInt(Math.floor(time))))
      rows.insert({ columns: [columnOf(device, arena, int64, numbers.map(BigInt)), columnOf(device, arena, utf8, numbers.map(textOf))], rowCount: times.length }, values)
      const taken = rows.take(arena, BigInt(limit))
      const due = rowsOf(device, gatherBatch(device, arena, rows.rows(), taken.ids, taken.count)).map((row, i) => `${device.memory.int64s(taken.times, taken.count)[i]} ${String(row[1])}`)
      rows.compact(step % 2 === 0)
      return { due, waiting: rows.rowCount }
    })
    rows.close()
    return found
  },
})
