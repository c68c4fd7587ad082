// Random places of a large store or table in an order that memory likes: rows are put into up to 2,048 buckets by where they will look, so that what
// follows looks at a few pages at a time, and its results go back to where they belong, in the cache. Within a bucket rows keep their order.
import { isValid } from './validity'

const none: u32 = 0xffffffff
const buckets = 2048

// Turns counts into the buckets' starts.
// @ts-ignore: decorator
@inline function sumUp(counts: usize): i32 {
  let at: u32 = 0
  for (let bucket = 0; bucket < buckets; bucket++) {
    const count = load<u32>(counts + (<usize>bucket << 2))
    store<u32>(counts + (<usize>bucket << 2), at)
    at += count
  }
  return <i32>at
}

// @ts-ignore: decorator
@inline function put(counts: usize, bucket: u32, place: u32, row: i32, places: usize, rows: usize): void {
  const counter = counts + (<usize>bucket << 2)
  const at = <usize>load<u32>(counter)
  store<u32>(counter, <u32>at + 1)
  store<u32>(places + (at << 2), place)
  store<i32>(rows + (at << 2), row)
}

/** Ids by id >> shift, which is below 2,048, and the rows they are of. `counts` is 8 KiB of scratch. */
export function bucketIds(ids: usize, count: i32, shift: u32, counts: usize, places: usize, rows: usize): void {
  memory.fill(counts, 0, buckets * 4)
  for (let i = 0; i < count; i++) {
    const counter = counts + (<usize>(load<u32>(ids + (<usize>i << 2)) >> shift) << 2)
    store<u32>(counter, load<u32>(counter) + 1)
  }
  sumUp(counts)
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    put(counts, id >> shift, id, i, places, rows)
  }
}

// @ts-ignore: decorator
@inline function bucketArray<T>(values: usize, validity: usize, count: i32, table: usize, shift: u32, counts: usize, places: usize, rows: usize): i32 {
  const size = <u64>load<u32>(table, 16)
  const minimum = load<u64>(table, 24)
  memory.fill(counts, 0, buckets * 4)
  for (let row = 0; row < count; row++) {
    const index = <u64>(<i64>load<T>(values + <usize>row * sizeof<T>())) - minimum
    if (index >= size || !isValid(validity, row)) continue
    const counter = counts + (<usize>(<u32>index >> shift) << 2)
    store<u32>(counter, load<u32>(counter) + 1)
  }
  const total = sumUp(counts)
  for (let row = 0; row < count; row++) {
    const index = <u64>(<i64>load<T>(values + <usize>row * sizeof<T>())) - minimum
    if (index >= size || !isValid(validity, row)) continue
    put(counts, <u32>index >> shift, <u32>index, row, places, rows)
  }
  return total
}

/** Entries of a table's array (join-table.ts) that the keys mean, by entry >> shift, and their rows; nulls and keys outside are left out. Returns how many. */
export function bucketArrayI32(values: usize, validity: usize, count: i32, table: usize, shift: u32, counts: usize, places: usize, rows: usize): i32 {
  return bucketArray<i32>(values, validity, count, table, shift, counts, places, rows)
}

/** As `bucketArrayI32`, of 64-bit numbers. */
export function bucketArrayI64(values: usize, validity: usize, count: i32, table: usize, shift: u32, counts: usize, places: usize, rows: usize): i32 {
  return bucketArray<i64>(values, validity, count, table, shift, counts, places, rows)
}

/** heads[rows[i]] = the array's entry places[i]; the others of `count` rows are `none`. */
export function probeBuckets(table: usize, places: usize, rows: usize, found: i32, count: i32, heads: usize): void {
  const array = <usize>load<u32>(table, 12)
  memory.fill(heads, 0xff, <usize>count << 2)
  for (let i = 0; i < found; i++) store<u32>(heads + (<usize>load<u32>(rows + (<usize>i << 2)) << 2), load<u32>(array + (<usize>load<u32>(places + (<usize>i << 2)) << 2)))
}

/** Enters ids first + rows[i] at the array's entries places[i], the last one first. Returns how many are left where a key comes twice without links. */
export function fillBuckets(table: usize, places: usize, rows: usize, count: i32, first: u32): i32 {
  const array = <usize>load<u32>(table, 12)
  const links = <usize>load<u32>(table, 32)
  for (let i = count - 1; i >= 0; i--) {
    const slot = array + (<usize>load<u32>(places + (<usize>i << 2)) << 2)
    const id = first + load<u32>(rows + (<usize>i << 2))
    const before = load<u32>(slot)
    if (before != none) {
      if (links == 0) return i + 1
      store<u32>(links + (<usize>id << 2), before)
    }
    store<u32>(slot, id)
  }
  return 0
}

// @ts-ignore: decorator
@inline function spread<T>(chunks: usize, ids: usize, rows: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    const value = load<T>(<usize>load<u32>(chunks + (<usize>(id >> 16) << 2)) + <usize>(id & 0xffff) * sizeof<T>())
    store<T>(out + <usize>load<u32>(rows + (<usize>i << 2)) * sizeof<T>(), value)
  }
}

/** out[rows[i]] = the value of ids[i] in a chunked store (join-chunks.ts), of four bytes. */
export function spreadChunked4(chunks: usize, ids: usize, rows: usize, count: i32, out: usize): void {
  spread<u32>(chunks, ids, rows, count, out)
}

/** As `spreadChunked4`, of eight bytes. */
export function spreadChunked8(chunks: usize, ids: usize, rows: usize, count: i32, out: usize): void {
  spread<u64>(chunks, ids, rows, count, out)
}

/** As `spreadChunked4`, of 16 bytes. */
export function spreadChunked16(chunks: usize, ids: usize, rows: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    const value = v128.load(<usize>load<u32>(chunks + (<usize>(id >> 16) << 2)) + (<usize>(id & 0xffff) << 4))
    v128.store(out + (<usize>load<u32>(rows + (<usize>i << 2)) << 4), value)
  }
}
