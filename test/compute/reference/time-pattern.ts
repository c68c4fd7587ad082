// Times by patterns, plainly: written from the fields of a JavaScript Date, read by time-pattern.ts.
import { type DataType, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { formatDay } from '../../../src/batch/time-text.ts'
import { formatTimestamp } from '../../../src/batch/timestamp-text.ts'
import { cast } from '../../../src/compute/cast.ts'
import { formatTimes, parseTimes } from '../../../src/compute/time-format.ts'
import { dayNames, daysOfDate, monthNames, type Piece, piecesOf, readTime } from '../../../src/compute/time-pattern.ts'
import type { Random } from '../../../src/base/random.ts'
import { columnOf, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const date: DataType = { kind: 'date' }
const stampMs: DataType = { kind: 'timestamp', unit: 'ms' }
const written = ['%Y-%m-%d %H:%M:%S.%3f', '%y%m%d', '%d %b %Y, %I:%M %p', '%A, %-d %B', '%a %e', '%j/%u/%w/%q', '%f|%9f|%%', '%-Y %-m %-H %-M %-S %-I %-j', 'a text that is longer than four bytes: %H', '%Z%z%:z', 'é€%m']
const read = ['%Y-%m-%d %H:%M:%S', '%d.%m.%y', '%Y%j', '%I:%M %p  %m/%d/%Y', '%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%e', '%H h %m-%d %Y']

interface Input {
  readonly days: readonly Value[]
  readonly times: readonly Value[]
  readonly texts: readonly (readonly (string | null)[])[]
}

const pad = (value: number, width: number) => (value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0'))

function show(ms: number, pattern: string): string {
  const at = new Date(ms)
  const year = at.getUTCFullYear()
  const weekday = (at.getUTCDay() + 6) % 7
  const millis = ((ms % 1000) + 1000) % 1000
  const values: Record<string, readonly [value: number, width: number]> = {
    m: [at.getUTCMonth() + 1, 2], d: [at.getUTCDate(), 2], H: [at.getUTCHours(), 2], M: [at.getUTCMinutes(), 2], S: [at.getUTCSeconds(), 2], I: [((at.getUTCHours() + 11) % 12) + 1, 2],
    j: [Math.floor(ms / 86_400_000) - daysOfDate(year, 1, 1) + 1, 3], u: [weekday + 1, 1], w: [at.getUTCDay(), 1], q: [Math.floor(at.getUTCMonth() / 3) + 1, 1], y: [((year % 100) + 100) % 100, 2],
  }
  const texts: Record<string, string> = {
    b: monthNames[at.getUTCMonth()]!.slice(0, 3), B: monthNames[at.getUTCMonth()]!, a: dayNames[weekday]!.slice(0, 3), A: dayNames[weekday]!, p: at.getUTCHours() < 12 ? 'AM' : 'PM',
    e: String(at.getUTCDate()).padStart(2), Z: 'UTC', z: '+0000', ':z': '+00:00', '%': '%',
  }
  return pattern.replace(/%(-?)([369]?)(:z|[a-zA-Z%])/g, (_, bare: string, count: string, code: string) => {
    if (code === 'f') return pad(millis, 3).padEnd(9, '0').slice(0, Number(count || 6))
    if (code === 'Y') return (year > 9999 && !bare ? '+' : '') + (bare ? String(year) : pad(year, 4))
    const value = values[code]
    return value ? (bare ? String(value[0]) : pad(value[0], value[1])) : texts[code]!
  })
}

function spoilt(random: Random, text: string): string {
  const at = random.int(text.length + 1)
  return random.int(3) > 0 ? text : text.slice(0, at) + [' ', '', '9', 'x', 'é'][random.int(5)] + text.slice(at + random.int(2))
}

function sample(random: Random, length: number, shape: Shape): Input {
  const times = sampleValues(random, stampMs, length, shape).map(v => (v === null || shape === 'extreme' ? v : (v as number) * (random.int(3) === 0 ? 4_000 : 1)))
  const year = (v: Value) => new Date(v as number).getUTCFullYear()
  const texts = read.map(pattern => times.map(v => (v === null ? null : year(v) < 0 || year(v) > 9999 ? 'no time' : spoilt(random, show(v as number, pattern.replace('  ', ' '))))))
  return { days: sampleValues(random, date, length, shape), times, texts }
}

function parsed(text: string | null, pattern: string): number | null {
  const time = text === null ? undefined : readTime(piecesOf(pattern) as readonly Piece[], text)
  return time === undefined ? null : (time.days * 86_400 + time.seconds) * 1000 + Math.floor(time.nanos / 1e6)
}

const isOfDate = (v: Value) => Math.abs(v as number) <= 8.64e15

export const timePatternAgreement = agreement<Input, unknown>({
  stem: 'time-pattern',
  kernels: ['formatTimeViews', 'parseTimeViews', 'viewTimes', 'viewDays'],
  sample,
  reference: ({ days, times, texts }) => ({
    written: written.map(pattern => times.map(v => (v === null ? null : show(v as number, pattern)))),
    days: days.map(v => (v === null || !isOfDate(v) ? null : show(v as number, '%Y/%m/%d %3f'))),
    read: texts.map((column, i) => column.map(text => parsed(text, read[i]!))),
    texts: [days.map(v => (v === null ? null : formatDay((v as number) / 86_400_000))), times.map(v => (v === null ? null : formatTimestamp(BigInt(v as number), 'ms')))],
  }),
  compute(device, arena, { days, times, texts }) {
    const [dayColumn, timeColumn] = [columnOf(device, arena, date, days), columnOf(device, arena, stampMs, times)]
    const check = { active: 0, where: 'test' }
    return {
      written: written.map(pattern => valuesOf(device, formatTimes(device, arena, timeColumn, pattern))),
      days: valuesOf(device, formatTimes(device, arena, dayColumn, '%Y/%m/%d %3f')).map((text, row) => (isOfDate(days[row]!) ? text : null)),
      read: texts.map((column, i) => valuesOf(device, parseTimes(device, arena, columnOf(device, arena, utf8, column), read[i]!, stampMs, true, check))),
      texts: [dayColumn, timeColumn].map(column => valuesOf(device, cast(device, arena, column, utf8, false, check))),
    }
  },
})
