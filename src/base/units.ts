// Durations and byte sizes as people write them: '10s', '5m', '512MiB'.
import { PlanError } from './errors.ts'

/** Milliseconds, or a number with a unit: ms, s, m, h, d. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration; may be negative ('-5s'). Throws PlanError DURATION naming `where` otherwise. */
export function parseDuration(duration: Duration | string, where: string): number {
  if (typeof duration === 'number' && Number.isFinite(duration)) return duration
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(String(duration))
  if (!match) throw new PlanError('DURATION', `${where}: "${duration}" is not a duration; write milliseconds or a number with ms, s, m, h or d, as in '10s'`)
  return Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs])
}

/** So many seconds, in milliseconds. */
export function seconds(count: number): number {
  return count * 1_000
}

const unitBytes: Record<string, number> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 }

/** Bytes of a size such as '512MiB' or 1048576. Throws PlanError BYTES naming `where` otherwise. */
export function parseBytes(size: number | string, where: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMG]?i?B?)\s*$/i.exec(String(size))
  const unit = match ? unitBytes[match[2]!.toUpperCase()] : undefined
  if (!match || unit === undefined) throw new PlanError('BYTES', `${where}: "${size}" is not a size; write bytes or a number with KiB, MiB or GiB, as in '512MiB'`)
  return Math.floor(Number(match[1]) * unit)
}

/** A duration for people: 950 ms, 3.2 s, 4m05s. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)}m${String(Math.round((ms % 60_000) / 1_000)).padStart(2, '0')}s`
}

/** A byte count for people: 950 B, 3.2 MiB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024
    unit++
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`
}

/** A count for people: 12,345,678. */
export function formatCount(count: number): string {
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ',')
}
