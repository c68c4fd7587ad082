// Sessions: per key a list of intervals of times no more than a gap apart. Row by row, in source order, each row finds or makes its
// session; what needs care (a merge, a result that is due at once) stops the run before the row, which is then taken alone.

// @ts-ignore: decorator
@inline const none: i64 = i64.MIN_VALUE

// The table: [slots i32][capacity i32][stopped because i32][merged from i32][late i32][without time i32][due i32][0 i32][least end i64][0 i64],
// then a slot: [start i64][last i64][key i32][next i32][state i32][0 i32]. Slots are never used again.
const headerBytes: usize = 48
const slotBytes: usize = 32
const open: i32 = 0
const fired: i32 = 1
const gone: i32 = 2

// @ts-ignore: decorator
@inline function slotAt(table: usize, slot: i32): usize {
  return table + headerBytes + <usize>slot * slotBytes
}

/**
 * ids[row] = the slot of the row's session, or −1 late, −3 without time. `heads`: per key the first slot, or −1. `watermarks` 0: nothing is late.
 * A session [start, last + gap) takes a row within the gap while last + gap − 1 + lateness > the row's watermark. Returns the row before which it
 * stopped, with the reason in the table: 1 it merges two sessions, 2 its result is due (lateness only), 3 the table is full; 0 and `end` if none.
 * With `alone` only row `start` is taken, merged if it must; the table then says which slot was merged away (or −1) and whether the result is due.
 */
export function assignSessions(
  keys: usize, times: usize, watermarks: usize, start: i32, end: i32, gapMs: f64, latenessMs: f64, alone: i32, heads: usize, table: usize, ids: usize,
): i32 {
  const gap = <i64>gapMs
  const lateness = <i64>latenessMs
  store<i32>(table, 0, 8)
  store<i32>(table, -1, 12)
  store<i32>(table, 0, 24)
  for (let row = start; row < end; row++) {
    const out = ids + (<usize>row << 2)
    const time = load<i64>(times + (<usize>row << 3))
    if (time == none) {
      store<i32>(out, -3)
      store<i32>(table, load<i32>(table, 20) + 1, 20)
      continue
    }
    const watermark = watermarks == 0 ? none : load<i64>(watermarks + (<usize>row << 3))
    const head = heads + (<usize>load<i32>(keys + (<usize>row << 2)) << 2)
    // Of the sessions that the row touches (two at most), the earlier and the later.
    let mine = -1
    let other = -1
    let link = head
    for (let slot = load<i32>(link); slot >= 0; slot = load<i32>(link)) {
      const at = slotAt(table, slot)
      if (load<i32>(at, 24) == gone) {
        store<i32>(link, load<i32>(at, 20))
        continue
      }
      link = at + 20
      const last = load<i64>(at, 8)
      if (watermark != none && last + gap - 1 + lateness <= watermark) continue
      if (time < load<i64>(at) - gap || time > last + gap) continue
      if (mine < 0) mine = slot
      else other = slot
    }
    if (other >= 0 && load<i64>(slotAt(table, other)) < load<i64>(slotAt(table, mine))) {
      const earlier = other
      other = mine
      mine = earlier
    }
    if (mine < 0 && watermark != none && time + gap - 1 + lateness <= watermark) {
      store<i32>(out, -1)
      store<i32>(table, load<i32>(table, 16) + 1, 16)
      continue
    }
    const due = watermark != none && lateness > 0 && isDue(table, mine, other, time, gap, watermark)
    if (!alone && (other >= 0 || due)) {
      store<i32>(table, other >= 0 ? 1 : 2, 8)
      return row
    }
    if (mine < 0) {
      mine = openSession(table, load<i32>(keys + (<usize>row << 2)), time, head)
      if (mine < 0) {
        store<i32>(table, 3, 8)
        return row
      }
    }
    const at = slotAt(table, mine)
    store<i64>(at, min(load<i64>(at), time))
    store<i64>(at, max(load<i64>(at, 8), time), 8)
    if (other >= 0) {
      const from = slotAt(table, other)
      store<i64>(at, min(load<i64>(at), load<i64>(from)))
      store<i64>(at, max(load<i64>(at, 8), load<i64>(from, 8)), 8)
      store<i32>(from, gone, 24)
      store<i32>(table, other, 12)
    }
    if (alone) {
      store<i32>(at, open, 24)
      store<i32>(table, watermark != none && load<i64>(at, 8) + gap - 1 <= watermark ? 1 : 0, 24)
    }
    store<i64>(table, min(load<i64>(table, 32), load<i64>(at, 8) + gap), 32)
    store<i32>(out, mine)
  }
  return end
}

// Whether the row makes, or joins, a session whose end its watermark has passed.
// @ts-ignore: decorator
@inline function isDue(table: usize, mine: i32, other: i32, time: i64, gap: i64, watermark: i64): bool {
  if (mine < 0) return time + gap - 1 <= watermark
  if (load<i64>(slotAt(table, mine), 8) + gap - 1 <= watermark) return true
  return other >= 0 && load<i64>(slotAt(table, other), 8) + gap - 1 <= watermark
}

function openSession(table: usize, key: i32, time: i64, head: usize): i32 {
  const slot = load<i32>(table)
  if (slot == load<i32>(table, 4)) return -1
  const at = slotAt(table, slot)
  store<i64>(at, time)
  store<i64>(at, time, 8)
  store<i32>(at, key, 16)
  store<i32>(at, load<i32>(head), 20)
  store<i32>(at, open, 24)
  store<i32>(head, slot)
  store<i32>(table, slot + 1)
  return slot
}

/**
 * Marks as fired the open sessions whose end − 1 has been reached by `watermark` (a whole number, or infinite), and writes their slots in order; returns
 * how many. Sessions past their lateness are gone. Sets the table's least end to that of what is left.
 */
export function fireSessions(table: usize, watermark: f64, gapMs: f64, latenessMs: f64, out: usize): i32 {
  const gap = <i64>gapMs
  const lateness = <i64>latenessMs
  const now: i64 = watermark > 9e15 ? i64.MAX_VALUE : <i64>watermark
  const count = load<i32>(table)
  let due = 0
  let least = i64.MAX_VALUE
  for (let slot = 0; slot < count; slot++) {
    const at = slotAt(table, slot)
    const state = load<i32>(at, 24)
    if (state == gone) continue
    const end = load<i64>(at, 8) + gap
    if (end - 1 <= now && state == open) {
      store<i32>(out + (<usize>due << 2), slot)
      due++
      store<i32>(at, fired, 24)
    }
    if (end - 1 + lateness <= now) store<i32>(at, gone, 24)
    else least = min(least, load<i32>(at, 24) == open ? end : end + lateness)
  }
  store<i64>(table, least, 32)
  return due
}

/** The slots that are not gone, in order; returns how many. */
export function liveSessions(table: usize, out: usize): i32 {
  const count = load<i32>(table)
  let live = 0
  for (let slot = 0; slot < count; slot++) {
    if (load<i32>(slotAt(table, slot), 24) == gone) continue
    store<i32>(out + (<usize>live << 2), slot)
    live++
  }
  return live
}

/** Takes sessions apart: for each slot its key, start, last time and whether it was fired (a byte each, 0 or 1). */
export function readSessions(table: usize, slots: usize, count: i32, keys: usize, starts: usize, lasts: usize, firedBytes: usize): void {
  for (let i = 0; i < count; i++) {
    const at = slotAt(table, load<i32>(slots + (<usize>i << 2)))
    store<i32>(keys + (<usize>i << 2), load<i32>(at, 16))
    store<i64>(starts + (<usize>i << 3), load<i64>(at))
    store<i64>(lasts + (<usize>i << 3), load<i64>(at, 8))
    store<u8>(firedBytes + i, <u8>(load<i32>(at, 24) == fired))
  }
}

/** Puts sessions back, slots 0 … count − 1; the table has room and the heads are −1. Slot i comes before later slots of its key. */
export function writeSessions(table: usize, count: i32, keys: usize, starts: usize, lasts: usize, firedBytes: usize, gapMs: f64, heads: usize): void {
  let least = i64.MAX_VALUE
  for (let i = count - 1; i >= 0; i--) {
    const at = slotAt(table, i)
    const key = load<i32>(keys + (<usize>i << 2))
    const head = heads + (<usize>key << 2)
    store<i64>(at, load<i64>(starts + (<usize>i << 3)))
    store<i64>(at, load<i64>(lasts + (<usize>i << 3)), 8)
    store<i32>(at, key, 16)
    store<i32>(at, load<i32>(head), 20)
    store<i32>(at, load<u8>(firedBytes + i) == 1 ? fired : open, 24)
    store<i32>(head, i)
    least = min(least, load<i64>(at, 8) + <i64>gapMs)
  }
  store<i32>(table, count)
  store<i64>(table, least, 32)
}
