// The tables by which keys of JSON objects are found; src/compute/json-tables.ts lays them out.
import { JsonJob } from './json-text'

/** A key that a column or a mapped object hangs on; 64 bytes. `name` counts from the tables' start, and is followed by ≥ 16 bytes. */
@unmanaged export class JsonMember {
  target: i32
  /** 0: a column; 1: an object that is mapped; 2: a struct; columns too: 3 utf8 of strings, 4 int64, 5 int32, float64 and timestamps. `target` is the column's number, or the scope's. */
  kind: i32
  nameBytes: i32
  name: usize
  /** The member expected after this one. */
  next: i32
}
/** Kinds of members from this one on are columns whose values are mostly stored at once: see `storeCommon`. */
export const TEXT_MEMBER: i32 = 3
/** An int64. */
export const INT_MEMBER: i32 = 4
/** Bytes of a JsonMember. */
export const MEMBER_BYTES: usize = 64

/**
 * A mapped object or a struct; 32 bytes. `column`: a struct's own, of bits: 1 where its value is none of its type. `slots`: a hash table of u16,
 * member + 1 or 0; `columns`: the u32 numbers of all columns below, a struct's own among them.
 */
@unmanaged export class JsonScope {
  members: usize
  column: i32
  first: i32
  slots: usize
  slotMask: i32
  stamp: i32
  columns: usize
  columnCount: i32
}
/** Bytes of a JsonScope. */
export const SCOPE_BYTES: usize = 32

/** The member whose name is the string that was captured last, or -1. */
export function lookUp(job: JsonJob, scope: JsonScope): i32 {
  const key = job.stringAt
  const bytes = <u32>job.stringBytes
  let head = load<u32>(key)
  let tail = head
  if (bytes < 4) {
    head &= bytes ? <u32>0xffffffff >> ((4 - bytes) << 3) : 0
    tail = head
  } else tail = load<u32>(key + bytes - 4)
  let hash = (head ^ rotl<u32>(tail, 13) ^ (bytes * 0x9e3779b1)) * 0x85ebca6b
  hash ^= hash >> 15
  const mask = <u32>scope.slotMask
  const slots = job.tables + scope.slots
  const members = job.tables + scope.members
  let slot = hash & mask
  while (true) {
    const index = <i32>load<u16>(slots + (<usize>slot << 1)) - 1
    if (index < 0) return -1
    const member = changetype<JsonMember>(members + <usize>index * MEMBER_BYTES)
    if (member.nameBytes == <i32>bytes && memory.compare(job.tables + member.name, key, bytes) == 0) return index
    slot = (slot + 1) & mask
  }
}
