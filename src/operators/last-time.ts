// How far a watermark, in milliseconds, reaches in times of another unit.
import type { TimeUnit } from '../batch/data-type.ts'

const perMs = { us: 1_000n, ns: 1_000_000n } as const
const [least, greatest] = [-(2n ** 63n), 2n ** 63n - 1n]

/** The last time of a unit that the watermark has passed; the greatest int64 for Infinity, the least for −Infinity. */
export function lastTime(watermark: number, unit: TimeUnit): bigint {
  if (!Number.isFinite(watermark)) return watermark > 0 ? greatest : least
  if (unit === 's') return BigInt(Math.floor(watermark / 1000))
  const ms = BigInt(Math.floor(watermark))
  const last = unit === 'ms' ? ms : (ms + 1n) * perMs[unit] - 1n
  return last > greatest ? greatest : last < least ? least : last
}
