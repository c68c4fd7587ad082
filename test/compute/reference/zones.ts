// Zones, plainly: what Intl says of each time.
import type { Value } from '../../../src/batch/read-values.ts'
import { type DataType, int64, type TimeUnit } from '../../../src/batch/data-type.ts'
import { fixedOffset } from '../../../src/compute/zones.ts'
import { fromLocal, toLocal } from '../../../src/compute/time.ts'
import { addInterval } from '../../../src/compute/time-arithmetic.ts'
import type { Random } from '../../../src/base/random.ts'
import { plusMonths } from '../../support/plain-calendar.ts'
import { columnOf, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Casablanca', 'America/Sao_Paulo', 'Europe/Dublin', 'Pacific/Apia', '-03:30']
const units = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const

interface Input {
  readonly zone: string
  readonly unit: TimeUnit
  /** Seconds since the epoch. */
  readonly seconds: readonly (number | null)[]
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** The offset from UTC at a second, by Intl. */
export function offsetAt(zone: string, seconds: number): number {
  const fixed = fixedOffset(zone)
  if (fixed !== undefined) return fixed
  let format = formats.get(zone)
  if (!format) formats.set(zone, (format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })))
  const parts = format.formatToParts(seconds * 1000)
  const part = (type: string) => Number(parts.find(p => p.type === type)!.value)
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) / 1000 - seconds
}

// The offset from before a change decides where both or neither fit.
function utcOf(zone: string, local: number): number {
  const before = offsetAt(zone, local - 90_000)
  const after = offsetAt(zone, local + 90_000)
  if (before === after || offsetAt(zone, local - before) === before) return local - before
  return offsetAt(zone, local - after) === after ? local - after : local - before
}

function sample(random: Random, length: number, shape: Shape): Input {
  const zone = zones[random.int(zones.length)]!
  const unit = (['s', 'ms', 'us', 'ns'] as const)[random.int(4)]!
  // Rules that the zone has not announced can't be told beyond 2100; nanoseconds end in 2262.
  const years = zone === 'Africa/Casablanca' ? 170 : unit === 'ns' ? 310 : 450
  const second = () => {
    const any = Math.floor(random.float() * years * 31_556_952) - 70 * 31_556_952
    if (random.int(2)) return any
    // Near the changes of a year.
    const from = Date.UTC(new Date(any * 1000).getUTCFullYear(), 0, 1) / 1000
    for (let day = 0; day < 365; day += 5) if (offsetAt(zone, from + day * 86_400) !== offsetAt(zone, from + (day + 5) * 86_400)) return from + day * 86_400 + random.int(5 * 86_400)
    return any
  }
  const seconds = Array.from({ length: Math.min(length, 65) }, second)
  return { zone, unit, seconds: Array.from({ length }, (_, i) => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : seconds[i % seconds.length]! + Math.floor(i / 65))) }
}

export const zoneAgreement = agreement({
  stem: 'time',
  kernels: ['shiftTimes', 'hasCalendarParts'],
  sample,
  reference: ({ zone, unit, seconds }: Input) => {
    const map = (f: (s: number) => number) => seconds.map((s): Value => (s === null ? null : BigInt(f(s)) * BigInt(units[unit])))
    // A month and a day by the local clock, then an hour; or the hour alone.
    const later = (s: number, i: number) => (i % 2 ? s : utcOf(zone, Number(plusMonths(BigInt(s + offsetAt(zone, s)), 1n, 86_400n)) + 86_400)) + 3600
    return {
      local: map(s => s + offsetAt(zone, s)),
      utc: map(s => utcOf(zone, s)),
      sums: seconds.map((s, i): Value => (s === null ? null : BigInt(later(s, i)) * BigInt(units[unit]))),
    }
  },
  compute(device, arena, { zone, unit, seconds }: Input) {
    const counts = columnOf(device, arena, int64, seconds.map(s => (s === null ? null : BigInt(s) * BigInt(units[unit]))))
    const plain: DataType = { kind: 'timestamp', unit }
    const zoned: DataType = { kind: 'timestamp', unit, zone }
    const spans = seconds.map((_, i) => (i % 2 ? { months: 0, days: 0, nanoseconds: 3_600_000_000_000n } : { months: 1, days: 1, nanoseconds: 3_600_000_000_000n }))
    const intervals = columnOf(device, arena, { kind: 'interval' }, spans)
    return {
      sums: valuesOf(device, { ...addInterval(device, arena, { ...counts, type: zoned }, intervals, 1, { active: 0, where: 'test' }), type: int64 }),
      local: valuesOf(device, { ...toLocal(device, arena, { ...counts, type: zoned }), type: int64 }),
      utc: valuesOf(device, { ...fromLocal(device, arena, { ...counts, type: plain }, zone), type: int64 }),
    } as never
  },
})
