// Dates to texts and back, plainly, by JavaScript's own calendar. And their entry in the catalogue of agreements.
import type { DataType } from '../../../src/batch/data-type.ts'
import { formatDay, parseDay } from '../../../src/batch/time-text.ts'
import { fromCarrier } from '../../../src/compute/carrier.ts'
import { textForm } from '../../../src/compute/text-form.ts'
import type { Random } from '../../../src/base/random.ts'
import { columnOf, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const date: DataType = { kind: 'date' }
const dayMs = 86_400_000

function sampleText(random: Random): string | null {
  const two = (below: number) => String(random.int(below)).padStart(2, '0')
  const kind = random.int(10)
  if (kind === 0) return null
  if (kind === 1) return ['', '2024-02-29', '2023-02-29', '1900-02-29', '2000-02-29', '0000-01-01', '9999-12-31', '10000-01-01', '2024-1-05', '2024/01/05', '2024-01-05T00:00:00Z', '20240105', '2024-01-0x', ' 2024-01-05'][random.int(14)]!
  return `${two(100)}${two(100)}-${two(14)}-${two(33)}`
}

export const dayTextAgreement = agreement({
  stem: 'day-text',
  kernels: ['readDays'],
  sample: (random, length) => ({
    texts: Array.from({ length }, () => sampleText(random)),
    days: Array.from({ length }, () => (random.int(8) === 0 ? null : random.int(4) === 0 ? random.uint32() - 2 ** 31 : random.int(3_000_000) - 730_000)),
  }),
  reference({ texts, days }) {
    const read = texts.map(text => (text === null ? null : (parseDay(text.trim()) ?? (/^-?\d{1,15}$/.test(text.trim()) && Number(text) % dayMs === 0 ? Number(text) / dayMs : undefined))))
    return {
      read: read.map(day => (day === null || day === undefined ? null : day * dayMs)),
      bad: read.flatMap((day, i) => (day === undefined ? [i] : [])),
      written: days.map(day => (day === null ? null : formatDay(day))),
    }
  },
  compute(device, arena, { texts, days }) {
    const { column, bad } = fromCarrier(device, arena, columnOf(device, arena, { kind: 'utf8' }, texts), date)
    const isBad = new Set(bad)
    const written = textForm(device, arena, columnOf(device, arena, date, days.map(day => (day === null ? null : day * dayMs))), 'csv')
    return { read: valuesOf(device, column).map((value, i) => (isBad.has(i) ? null : value)) as (number | null)[], bad: [...bad], written: valuesOf(device, written.column) as (string | null)[] }
  },
})
