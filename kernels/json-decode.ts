// JSON objects to columns, one pass over the bytes: the schema says what each value must be, so no tree and no index is built. The key that
// followed this one in the record before is tried first; only where that fails is the key looked up.
// A record that is refused leaves no trace in the columns; see src/compute/json.ts for the tables.
import { collectRest } from './json-rest'
import { JsonMember, JsonScope, lookUp, MEMBER_BYTES, SCOPE_BYTES } from './json-scope'
import { JsonField, markNull, storeCommon, storeValue, STRUCT, unmark } from './json-values'
import { captureString, CUT_OFF, DEPTH, DEPTH_MAX, fail, JsonJob, MISSING, NO_COLON, NO_COMMA, NO_KEY, NO_OBJECT, NULL, NULL_RECORD, PAUSE, skipSpace, skipValue, TRAILING, TYPE, UNKNOWN } from './json-text'

// The first 16 bytes of `"name":`, and which of them count; all of them, and none as in JSON, where the name has more than 13.
const QUOTED: usize = 32
const QUOTED_MASK: usize = 48

/**
 * Decodes records from `next` on, as a JsonJob says. Returns the number of records done: fewer than `recordCount` where the errors, the float
 * list or the text buffer are full; then they are to be emptied, and the call made again.
 */
export function decodeJson(at: usize): i32 {
  const job = changetype<JsonJob>(at)
  for (; job.next < job.recordCount; job.next++) {
    if (job.errorCount == job.errorMax) break
    job.stamp += 2
    job.present = 0
    job.slowStart = job.slowCount
    job.errorField = -1
    const text = job.text
    job.restCount = 0
    let p: usize = 0
    if (locate(job)) {
      p = decodeRecord(job)
      if (p != 0 && job.restCount) p = collectRest(job)
      if (p != 0 && job.present != job.fieldCount) p = fillNulls(job)
    } else p = job.nullRows ? clearRow(job) : fail(job, NULL_RECORD, job.start)
    if (p != 0) {
      store<i32>(job.rowOf + (<usize>job.row << 2), job.next)
      job.row++
      continue
    }
    job.text = text
    job.slowCount = job.slowStart
    if (job.errorCode == PAUSE) break
    const error = job.errors + (<usize>(job.errorCount++) << 4)
    store<i32>(error, job.next)
    store<i32>(error, <i32>(job.errorAt - job.start), 4)
    store<i32>(error, job.errorCode, 8)
    store<i32>(error, job.errorField, 12)
  }
  return job.next
}

// Finds the record's bytes; false for a null.
// @ts-ignore: decorator
@inline function locate(job: JsonJob): bool {
  const record = <usize>job.next
  if (job.recordKind == 0) {
    const pair = job.records + (record << 3)
    job.start = load<u32>(pair)
    job.end = job.start + load<u32>(pair, 4)
    return true
  }
  const view = job.records + (record << 4)
  const bytes = load<u32>(view)
  job.start = bytes <= 12 ? view + 4 : <usize>load<u32>(view, 12)
  job.end = job.start + bytes
  return job.recordValidity == 0 || ((load<u8>(job.recordValidity + (record >> 3)) >> <u8>(record & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function decodeRecord(job: JsonJob): usize {
  let p = job.start
  const end = job.end
  if (p == end || load<u8>(p) <= 32) p = skipSpace(job, p)
  if (p >= end) return fail(job, CUT_OFF, end)
  if (job.anyRoot) p = skipValue(job, p, 0)
  else if (job.valueRoot) p = changetype<JsonField>(job.fields).type == STRUCT ? storeStruct(job, p, 1, 0) : storeValue(job, p, 0, 0)
  else if (load<u8>(p) == 123) p = decodeObject(job, p + 1, 0, 1)
  else {
    p = skipValue(job, p, 0)
    if (p != 0) return fail(job, NO_OBJECT, job.start)
  }
  if (p == 0) return 0
  if (p < end) {
    p = skipSpace(job, p)
    if (p != end) return fail(job, TRAILING, p)
  }
  return p > end ? fail(job, CUT_OFF, end) : p
}

// Clears the bits of the columns that the record left out or set to null. A struct that lacks a member which must be there is bad.
function fillNulls(job: JsonJob): usize {
  const stamp = job.stamp
  const count = job.fieldCount
  // The struct outside all others that was met last, and where the columns below it end.
  let outer = 0
  let outerEnd = 0
  for (let i = 0; i < count; i++) {
    const field = fieldAt(job, i)
    const below = field.type == STRUCT ? field.detail : 0
    if (field.stamp == (stamp | 1)) {
      if (field.type != STRUCT) continue
      if (i >= outerEnd) {
        outer = i
        outerEnd = i + below + 1
      }
      if (isBad(job, field)) i += below
      continue
    }
    if (field.nullable && (field.stamp == stamp || !job.strict || (job.unknown == 2 && i == job.rest))) {
      i += below
      continue
    }
    if (i >= outerEnd) {
      job.errorField = i
      return fail(job, field.stamp == stamp ? NULL : MISSING, job.start)
    }
    setBad(job, outer, 1)
    i = outerEnd - 1
  }
  for (let i = 0; i < count; i++) {
    const field = fieldAt(job, i)
    const isStruct = field.type == STRUCT
    if (field.stamp != (stamp | 1)) field.clear(job.row)
    else if (!isStruct || !isBad(job, field)) continue
    if (!isStruct) continue
    // Its members are null too, or zero.
    const end = i + field.detail
    while (i < end) fieldAt(job, ++i).zero(job.row)
  }
  return 1
}

// @ts-ignore: decorator
@inline function fieldAt(job: JsonJob, index: i32): JsonField {
  return changetype<JsonField>(job.fields + (<usize>index << 5))
}

// Whether a struct that has a value has one that is none of its type.
function isBad(job: JsonJob, field: JsonField): bool {
  return ((load<u8>(field.values + (<usize>job.row >> 3)) >> <u8>(job.row & 7)) & 1) != 0
}

function setBad(job: JsonJob, index: i32, bad: u32): void {
  const byte = fieldAt(job, index).values + (<usize>job.row >> 3)
  const bit = <u32>job.row & 7
  store<u8>(byte, (<u32>load<u8>(byte) & ~(<u32>1 << bit)) | (bad << bit))
  job.sawBad |= <i32>bad
}

// Makes the row at hand one of nulls, or zeros.
function clearRow(job: JsonJob): usize {
  for (let i = 0; i < job.fieldCount; i++) fieldAt(job, i).zero(job.row)
  return 1
}

// From behind a { to behind its }. `depth` counts the objects that are open, this one included.
function decodeObject(job: JsonJob, p: usize, scopeIndex: usize, depth: i32): usize {
  if (depth > DEPTH_MAX) return fail(job, DEPTH, p)
  const scope = changetype<JsonScope>(job.scopes + scopeIndex * SCOPE_BYTES)
  if (scope.stamp == job.stamp) forget(job, scope)
  scope.stamp = job.stamp
  const end = job.end
  const members = job.tables + scope.members
  // Where the guess at the next member lies, to be corrected.
  let guess = changetype<usize>(scope) + offsetof<JsonScope>('first')
  if (load<u8>(p) <= 32) p = skipSpace(job, p)
  if (load<u8>(p) == 125) return p + 1
  while (true) {
    let at = members + <usize>load<i32>(guess) * MEMBER_BYTES
    let isOther = isOtherKey(p, at)
    if (isOther && load<u8>(p) <= 32) {
      p = skipSpace(job, p)
      isOther = isOtherKey(p, at)
    }
    if (isOther) {
      if (load<u8>(p) != 34 || p >= end) return fail(job, NO_KEY, p)
      const key = p
      p = captureString(job, p + 1)
      if (p == 0) return 0
      const found = lookUp(job, scope)
      if (found < 0 && job.unknown) {
        if (job.unknown == 1) return fail(job, UNKNOWN, key)
        job.restCount += scopeIndex == 0 ? 1 : 0
      }
      if (found >= 0) store<i32>(guess, found)
      at = found < 0 ? 0 : members + <usize>found * MEMBER_BYTES
      if (load<u8>(p) != 58) {
        p = skipSpace(job, p)
        if (load<u8>(p) != 58) return fail(job, NO_COLON, p)
      }
      p++
      p = decodeValue(job, p, at, depth)
    } else {
      const member = changetype<JsonMember>(at)
      p += <usize>member.nameBytes + 3
      const kind = member.kind
      if (kind == 2 && load<u8>(p) == 123 && p < end) p = storeObject(job, p, member.target, depth)
      else {
        const next = storeCommon(job, p, member.target, kind, end)
        p = next == 0 ? decodeValue(job, p, at, depth) : next
      }
    }
    if (p == 0) return 0
    if (at != 0) guess = at + offsetof<JsonMember>('next')
    let c = load<u8>(p)
    if (c <= 32) {
      p = skipSpace(job, p)
      c = load<u8>(p)
    }
    if (c != 44) return c == 125 ? p + 1 : fail(job, NO_COMMA, p)
    if (p >= end) return fail(job, CUT_OFF, end)
    p++
  }
}

// Whether `p` isn't at the key of the member at `at` and a colon.
// @ts-ignore: decorator
@inline function isOtherKey(p: usize, at: usize): bool {
  return v128.any_true(v128.and(v128.xor(v128.load(p), v128.load(at, QUOTED)), v128.load(at, QUOTED_MASK)))
}

// The value of a key, with the space before it; `at` is its member, or 0.
function decodeValue(job: JsonJob, p: usize, at: usize, depth: i32): usize {
  if (load<u8>(p) <= 32) p = skipSpace(job, p)
  if (p >= job.end) return fail(job, CUT_OFF, p)
  if (at == 0) return skipValue(job, p, depth)
  const member = changetype<JsonMember>(at)
  if (member.kind == 2) return storeStruct(job, p, member.target, depth)
  if (member.kind != 1) return storeValue(job, p, member.target, depth)
  return load<u8>(p) == 123 ? decodeObject(job, p + 1, member.target, depth + 1) : mappedScalar(job, p, member.target, depth)
}

// The value of a mapped object's key that is no object: null leaves the columns below it null.
function mappedScalar(job: JsonJob, p: usize, scopeIndex: i32, depth: i32): usize {
  const scope = changetype<JsonScope>(job.scopes + <usize>scopeIndex * SCOPE_BYTES)
  if (scope.stamp == job.stamp) forget(job, scope)
  const next = skipValue(job, p, depth)
  if (next == 0 || load<u8>(p) == 110) return next
  job.errorField = load<i32>(job.tables + scope.columns)
  return fail(job, TYPE, p)
}

// A struct's value at `p` (no space before it). One that is JSON, but none of its type, is marked bad, and its members are as if never met: a key that comes
// again may still replace it.
function storeStruct(job: JsonJob, p: usize, scopeIndex: i32, depth: i32): usize {
  return load<u8>(p) == 123 ? storeObject(job, p, scopeIndex, depth) : storeOther(job, p, scopeIndex, depth)
}

// The same, of an object.
// @ts-ignore: decorator
@inline function storeObject(job: JsonJob, p: usize, scopeIndex: i32, depth: i32): usize {
  const next = decodeObject(job, p + 1, scopeIndex, depth + 1)
  if (next == 0) return storeOther(job, p, scopeIndex, depth)
  const scope = changetype<JsonScope>(job.scopes + <usize>scopeIndex * SCOPE_BYTES)
  meet(job, scope.column, 0)
  return next
}

// The same, of what is no object, or no object of the struct's type.
function storeOther(job: JsonJob, p: usize, scopeIndex: i32, depth: i32): usize {
  const scope = changetype<JsonScope>(job.scopes + <usize>scopeIndex * SCOPE_BYTES)
  if (load<u8>(p) == 123) {
    if (job.errorCode == PAUSE) return 0
    job.errorField = -1
  }
  if (scope.stamp == job.stamp) forget(job, scope)
  if (load<u32>(p) == 0x6c6c756e) {
    markNull(job, scope.column)
    return p + 4
  }
  const next = skipValue(job, p, depth)
  if (next != 0) meet(job, scope.column, 1)
  return next
}

// A struct has a value.
// @ts-ignore: decorator
@inline function meet(job: JsonJob, index: i32, bad: u32): void {
  const field = fieldAt(job, index)
  if (field.stamp != (job.stamp | 1)) {
    field.stamp = job.stamp | 1
    job.present++
  }
  // The bits are zero at first.
  if (bad || job.sawBad) setBad(job, index, bad)
}

// A key that comes again replaces the object before: its columns are as if never met.
function forget(job: JsonJob, scope: JsonScope): void {
  for (let i: usize = 0; i < <usize>scope.columnCount; i++) unmark(job, load<u32>(job.tables + scope.columns + (i << 2)))
}
