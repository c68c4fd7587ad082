// Parts of times, plainly: those of JavaScript's Date in UTC.
import { timestampMs } from '../../../src/batch/data-type.ts'
import { extract, type TimePart, truncate, type TruncateUnit } from '../../../src/compute/time.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const unitMs: Record<TruncateUnit, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }
const plainParts: Record<TimePart, (d: Date) => number> = {
  year: d => d.getUTCFullYear(),
  month: d => d.getUTCMonth() + 1,
  day: d => d.getUTCDate(),
  hour: d => d.getUTCHours(),
  minute: d => d.getUTCMinutes(),
  second: d => d.getUTCSeconds(),
  dayOfWeek: d => ((d.getUTCDay() + 6) % 7) + 1,
}
const units = Object.keys(unitMs) as TruncateUnit[]
const parts = Object.keys(plainParts) as TimePart[]

export const timeAgreement = agreement({
  stem: 'time',
  kernels: ['truncateI64', 'extractI64'],
  // Times on both sides of 1970, over some 80,000 years.
  sample: (random, length, shape) =>
    sampleValues(random, timestampMs, length, shape).map(v =>
      v === null || shape === 'extreme' ? v : ((v as number) - 2 ** 31) * (random.int(2) ? 1 : 600),
    ) as (number | null)[],
  reference: values => ({
    truncated: units.map(unit => values.map(v => (v === null ? null : Math.floor(v / unitMs[unit]) * unitMs[unit]))),
    parts: parts.map(part => values.map(v => (v === null ? null : plainParts[part](new Date(v))))),
  }),
  compute(device, arena, values) {
    const column = columnOf(device, arena, timestampMs, values)
    // Truncation below the first day of JavaScript's Date has no Date to compare with, so numbers are.
    return {
      truncated: units.map(unit => valuesOf(device, truncate(device, arena, column, unit))),
      parts: parts.map(part => valuesOf(device, extract(device, arena, column, part))),
    } as never
  },
})
