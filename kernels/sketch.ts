// HyperLogLog by group: how many different values there are, within 0.8 % (one standard error, at 2^14 registers). A group begins as a table of codes of
// 31 bits, as if there were 2^25 registers: as good as exact; it becomes registers once that is cheaper. Estimates of these by Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches" (2017), improved raw estimator: no tables of biases. Entries of 16 bytes: [address u32, log2 of slots u32 (32: registers), used u32, 0].
// Nothing here allocates: `heap` is [next u32, end u32] of zeroed bytes; where they don't suffice a kernel returns the row at which it stopped.
import { isValid } from './validity'

const indexBits: u64 = 14
const codeIndexBits: u64 = 25
const registers: i32 = 1 << 14
const denseLog: u32 = 32
const slotsLogMax: u32 = 11

// @ts-ignore: decorator
@inline function mix(word: u64): u64 {
  let x = word
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53
  return x ^ (x >> 33)
}

/** out[row] = 64 well-mixed bits of an int64. */
export function hashWords64(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), mix(load<u64>(values + (<usize>row << 3)) + 0x9e3779b97f4a7c15))
}

/** As `hashWords64`, of float64: −0 is 0, NaN is NaN. */
export function hashFloats64(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const value = load<f64>(values + (<usize>row << 3))
    const bits: u64 = value != value ? 0x7ff8000000000000 : value == 0 ? 0 : reinterpret<u64>(value)
    store<u64>(out + (<usize>row << 3), mix(bits + 0x9e3779b97f4a7c15))
  }
}

/** As `hashWords64`, of the bytes behind views. */
export function hashViews64(views: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const view = views + (<usize>row << 4)
    const length = load<u32>(view)
    let at = length <= 12 ? view + 4 : <usize>load<u32>(view, 12)
    let hash = mix(<u64>length + 0x9e3779b97f4a7c15)
    let rest = length
    for (; rest >= 8; rest -= 8) {
      hash = mix(hash ^ load<u64>(at))
      at += 8
    }
    let last: u64 = 0
    for (let i: u32 = 0; i < rest; i++) last |= <u64>load<u8>(at + i) << (<u64>i << 3)
    store<u64>(out + (<usize>row << 3), rest > 0 ? mix(hash ^ last) : hash)
  }
}

function allocate(heap: usize, bytes: u32): u32 {
  const next = load<u32>(heap)
  if (load<u32>(heap, 4) - next < bytes) return 0
  store<u32>(heap, next + bytes)
  return next
}

function putCode(table: u32, log: u32, code: u32): bool {
  const mask = (<u32>1 << log) - 1
  let at = <usize>table + (<usize>((code * 0x9e3779b1) >> (32 - log)) << 2)
  let held = load<u32>(at)
  while (held != 0 && held != code) {
    at = <usize>table + ((at + 4 - <usize>table) & (<usize>mask << 2))
    held = load<u32>(at)
  }
  if (held == 0) store<u32>(at, code)
  return held == 0
}

// @ts-ignore: decorator
@inline function raiseTo(table: u32, index: u32, rank: u32): void {
  const at = <usize>table + <usize>index
  if (<u32>load<u8>(at) < rank) store<u8>(at, <u8>rank)
}

// A code's index has 11 bits more than a register's: they are the first of the bits whose zeros are counted.
// @ts-ignore: decorator
@inline function raise(table: u32, code: u32): void {
  const low = (code >> 6) & 2047
  raiseTo(table, code >> 17, low != 0 ? clz<u32>(low) - 20 : 11 + (code & 63))
}

// False where the heap has no room.
function grow(entry: usize, heap: usize): bool {
  const table = load<u32>(entry)
  const log = load<u32>(entry, 4)
  const slots: u32 = table == 0 ? 0 : <u32>1 << log
  const nextLog = table == 0 ? 3 : log == slotsLogMax ? denseLog : log + 2
  const grown = allocate(heap, nextLog == denseLog ? <u32>registers : <u32>4 << nextLog)
  if (grown == 0) return false
  for (let i: u32 = 0; i < slots; i++) {
    const code = load<u32>(<usize>table + (<usize>i << 2))
    if (code == 0) continue
    if (nextLog == denseLog) raise(grown, code)
    else putCode(grown, nextLog, code)
  }
  store<u32>(entry, grown)
  store<u32>(entry, nextLog, 4)
  return true
}

function offer(entry: usize, code: u32, heap: usize): bool {
  const log = load<u32>(entry, 4)
  if (log == denseLog) {
    raise(load<u32>(entry), code)
    return true
  }
  const used = load<u32>(entry, 8)
  if (load<u32>(entry) == 0 || (used + 1) * 4 > <u32>3 << log) {
    if (!grow(entry, heap)) return false
    return offer(entry, code, heap)
  }
  if (putCode(load<u32>(entry), log, code)) store<u32>(entry, used + 1, 8)
  return true
}

/** Takes hashes of rows [start, rows) that aren't null. Returns where it stopped. */
export function sketchHashes(gids: usize, hashes: usize, validity: usize, start: i32, rows: i32, state: usize, heap: usize): i32 {
  for (let row = start; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const hash = load<u64>(hashes + (<usize>row << 3))
    const zeros = <u32>clz<u64>((hash << codeIndexBits) | (<u64>1 << (codeIndexBits - 1)))
    const code = (<u32>(hash >> (64 - codeIndexBits)) << 6) | (zeros + 1)
    if (!offer(state + (<usize>load<u32>(gids + (<usize>row << 2)) << 4), code, heap)) return row
  }
  return rows
}

/** Takes states: views of codes or registers. Returns where it stopped; a row may be taken again. */
export function mergeSketches(gids: usize, views: usize, start: i32, rows: i32, state: usize, heap: usize): i32 {
  for (let row = start; row < rows; row++) {
    const view = views + (<usize>row << 4)
    const length = load<u32>(view)
    if (length == 0) continue
    const from = <usize>load<u32>(view, 12)
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 4)
    if (length == <u32>registers) {
      while (load<u32>(entry, 4) != denseLog) if (!grow(entry, heap)) return row
      for (let i = 0; i < registers; i++) raiseTo(load<u32>(entry), i, load<u8>(from + <usize>i))
    } else {
      for (let at: u32 = 0; at < length; at += 4) {
        const code = load<u32>(from + at)
        if (code != 0 && !offer(entry, code, heap)) return row
      }
    }
  }
  return rows
}

/** out[gid] = a view of the group's codes or registers, where they lie. */
export function sketchViews(state: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 4)
    const table = load<u32>(entry)
    const log = load<u32>(entry, 4)
    const view = out + (<usize>gid << 4)
    store<u64>(view, 0)
    store<u64>(view, 0, 8)
    if (table == 0) continue
    store<u32>(view, log == denseLog ? <u32>registers : <u32>4 << log)
    store<u32>(view, load<u32>(table), 4)
    store<u32>(view, table, 12)
  }
}

function sigma(share: f64): f64 {
  if (share == 1) return Infinity
  let x = share
  let y: f64 = 1
  let z = share
  let before: f64
  do {
    x *= x
    before = z
    z += x * y
    y += y
  } while (z != before)
  return z
}

function tau(share: f64): f64 {
  if (share == 0 || share == 1) return 0
  let x = share
  let y: f64 = 1
  let z = 1 - share
  let before: f64
  do {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) * (1 - x) * y
  } while (z != before)
  return z / 3
}

/** out[gid] = the estimate, rounded, as int64. `counts`: 256 bytes of scratch. */
export function estimateSketches(state: usize, groups: i32, counts: usize, out: usize): void {
  const most = 65 - <i32>indexBits
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 4)
    if (load<u32>(entry, 4) != denseLog) {
      store<i64>(out + (<usize>gid << 3), load<u32>(entry, 8))
      continue
    }
    const table = <usize>load<u32>(entry)
    memory.fill(counts, 0, 256)
    for (let i = 0; i < registers; i++) {
      const at = counts + (<usize>load<u8>(table + <usize>i) << 2)
      store<i32>(at, load<i32>(at) + 1)
    }
    const size = <f64>registers
    let z = size * tau(1 - <f64>load<i32>(counts + (<usize>most << 2)) / size)
    for (let k = most - 1; k >= 1; k--) z = 0.5 * (z + <f64>load<i32>(counts + (<usize>k << 2)))
    z += size * sigma(<f64>load<i32>(counts) / size)
    store<i64>(out + (<usize>gid << 3), <i64>Math.round((size * size) / (1.3862943611198906 * z)))
  }
}
