// Looking into a store or table that is much larger than caches: rows go bucket by bucket, so that few pages are looked at at a time (kernels/join-buckets.ts).
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

const bucketBits = 11
const countBytes = 4 * 2 ** bucketBits
// Below this many stored rows columns lie in pages that the processor knows by heart; below this many rows a bucket has too few.
const storedMin = 1 << 20
const rowsMin = 4_096

/** Places to look at, bucket by bucket, and the rows that they are for: addresses of `count` u32 each. */
export interface Buckets {
  readonly places: number
  readonly rows: number
  readonly count: number
}

/** True where `rows` rows that look into a store of `stored` rows should go by buckets. */
export function worthBuckets(stored: number, rows: number): boolean {
  return stored >= storedMin && rows >= rowsMin
}

function shiftOf(places: number): number {
  return Math.max(0, Math.ceil(Math.log2(places)) - bucketBits)
}

/** Stored ids below `limit` by buckets. Cost: about 3 ns a row. */
export function idBuckets(device: Device, arena: Arena, ids: number, count: number, limit: number): Buckets {
  const [places, rows] = [arena.allocate(4 * count), arena.allocate(4 * count)]
  device.kernels.bucketIds(ids, count, shiftOf(limit), arena.allocate(countBytes), places, rows)
  return { places, rows, count }
}

/** The entries of a table's array that whole numbers mean, by buckets; rows that mean none are left out. */
export function arrayBuckets(device: Device, arena: Arena, keys: { readonly kind: string; readonly values: number; readonly validity: number }, count: number, table: number): Buckets {
  const [places, rows] = [arena.allocate(4 * count), arena.allocate(4 * count)]
  const entries = device.memory.uint32s(table, 5)[4]!
  const found = device.kernels[keys.kind === 'int32' ? 'bucketArrayI32' : 'bucketArrayI64'](keys.values, keys.validity, count, table, shiftOf(entries), arena.allocate(countBytes), places, rows)
  return { places, rows, count: found }
}
