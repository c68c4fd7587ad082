// Spans of time as ISO 8601 text: 'P1Y2M10DT2H30M', 'PT0.25S', '-PT5S'. For durations days have 24 hours and there are no months.
import type { TimeUnit } from './data-type.ts'
import { unitsPerSecond } from './time-text.ts'
import type { Interval } from './value.ts'

const pattern =
  /^([+-]?)P(?:([+-]?\d{1,12})Y)?(?:([+-]?\d{1,12})M)?(?:([+-]?\d{1,12})W)?(?:([+-]?\d{1,12})D)?(T(?:([+-]?\d{1,15})H)?(?:([+-]?\d{1,15})M)?(?:([+-]?\d{1,19})(?:[.,](\d{1,9}))?S)?)?$/i
const short = /^(-?\d{1,15})\s*(ms|s|m|h|d)$/
const shortNanos = { ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n, d: 86_400_000_000_000n } as const
const int32Max = 2 ** 31 - 1

/** The interval that ISO 8601 text names; undefined where it is none, or too large. A sign before P is of all parts. */
export function parseInterval(text: string): Interval | undefined {
  const match = pattern.exec(text.trim())
  if (!match || /[PT]$/i.test(match[0])) return undefined
  const sign = match[1] === '-' ? -1 : 1
  const number = (at: number) => Number(match[at] ?? 0)
  const months = sign * (number(2) * 12 + number(3))
  const days = sign * (number(4) * 7 + number(5))
  const seconds = BigInt(match[9] ?? 0)
  const fraction = BigInt((match[10] ?? '').padEnd(9, '0')) * (match[9]?.startsWith('-') ? -1n : 1n)
  const nanoseconds = BigInt(sign) * (BigInt(match[7] ?? 0) * shortNanos.h + BigInt(match[8] ?? 0) * shortNanos.m + seconds * shortNanos.s + fraction)
  if (Math.abs(months) > int32Max || Math.abs(days) > int32Max || BigInt.asIntN(64, nanoseconds) !== nanoseconds) return undefined
  return { months: months + 0, days: days + 0, nanoseconds }
}

/** The inverse of `parseInterval`: P14M3DT1.5S; nothing at all is PT0S. */
export function formatInterval({ months, days, nanoseconds }: Interval): string {
  const date = `${months ? `${months}M` : ''}${days ? `${days}D` : ''}`
  return `P${date}${nanoseconds !== 0n || date === '' ? `T${secondsText(nanoseconds)}S` : ''}`
}

/** The count of `unit` that an ISO duration without months, or '90s' as options are written, names; undefined where it is none or has digits finer than `unit`. */
export function parseSpan(text: string, unit: TimeUnit): bigint | undefined {
  const brief = short.exec(text.trim())
  const whole = brief ? { months: 0, days: 0, nanoseconds: BigInt(brief[1]!) * shortNanos[brief[2] as keyof typeof shortNanos] } : parseInterval(text)
  if (whole?.months !== 0) return undefined
  const nanos = whole.nanoseconds + BigInt(whole.days) * shortNanos.d
  const scale = unitsPerSecond.ns / unitsPerSecond[unit]
  return nanos % scale === 0n ? nanos / scale : undefined
}

/** A duration as ISO text in seconds: PT90.5S. */
export function formatSpan(value: bigint, unit: TimeUnit): string {
  return `PT${secondsText(value * (unitsPerSecond.ns / unitsPerSecond[unit]))}S`
}

function secondsText(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos
  const fraction = String(size % unitsPerSecond.ns).padStart(9, '0').replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${size / unitsPerSecond.ns}${fraction ? `.${fraction}` : ''}`
}
