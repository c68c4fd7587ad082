// Sessions: per key a list of spans that no row connects. Each row spans from its time to a gap later, and makes one session of all that it touches, row by row in source order.
// With lateness, a row whose result is due at once stops the run before it, and is then taken alone.

// @ts-ignore: decorator
@inline const none: i64 = i64.MIN_VALUE

// The table: [slots i32][capacity i32][stopped because i32][late i32][without time i32][due i32][least end i64],
// then a slot: [start i64][end i64][key i32][next i32][state i32][parent i32]. A slot is never used again; a merged one's parent took it over,
// but its rows stay counted under it until the session fires.
const headerBytes: usize = 32
const slotBytes: usize = 32
const open: i32 = 0
const fired: i32 = 1
const gone: i32 = 2
const merged: i32 = 3

// @ts-ignore: decorator
@inline function slotAt(table: usize, slot: i32): usize {
  return table + headerBytes + <usize>slot * slotBytes
}

/**
 * ids[row] = the slot of the row's session, or −1 late, −3 without time. `gaps`: an int64 a row, above 0, or 0 where all are `gapMs`. `heads`: per key the first slot, or −1.
 * `watermarks` 0: nothing is late. A row at t with gap g makes or joins a session [start, end) with start ≤ t + g and t ≤ end while end − 1 + lateness > the row's watermark.
 * Returns the row before which it stopped, with the reason in the table: 1 its session's result is due already (with lateness only), 2 the table is full; 0 and `end` if none.
 * With `alone` only row `start` is taken, due or not; the table then says whether its result is due.
 */
export function assignSessions(
  keys: usize, times: usize, watermarks: usize, gaps: usize, start: i32, end: i32, gapMs: f64, latenessMs: f64, alone: i32, heads: usize, table: usize, ids: usize,
): i32 {
  const lateness = <i64>latenessMs
  let gap = <i64>gapMs
  store<i32>(table, 0, 8)
  store<i32>(table, 0, 20)
  for (let row = start; row < end; row++) {
    const out = ids + (<usize>row << 2)
    const time = load<i64>(times + (<usize>row << 3))
    if (time == none) {
      store<i32>(out, -3)
      store<i32>(table, load<i32>(table, 16) + 1, 16)
      continue
    }
    if (gaps != 0) gap = load<i64>(gaps + (<usize>row << 3))
    const watermark = watermarks == 0 ? none : load<i64>(watermarks + (<usize>row << 3))
    const head = heads + (<usize>load<i32>(keys + (<usize>row << 2)) << 2)
    // Of the sessions that the row touches the earliest, how many there are, and whether a result of one is due.
    let mine = -1
    let touched = 0
    let due = false
    let link = head
    for (let slot = load<i32>(link); slot >= 0; slot = load<i32>(link)) {
      const at = slotAt(table, slot)
      if (load<i32>(at, 24) >= gone) {
        store<i32>(link, load<i32>(at, 20))
        continue
      }
      link = at + 20
      const until = load<i64>(at, 8)
      if (watermark != none && until - 1 + lateness <= watermark) continue
      if (time + gap < load<i64>(at) || time > until) continue
      touched++
      due = due || (watermark != none && until - 1 <= watermark)
      if (mine < 0 || load<i64>(at) < load<i64>(slotAt(table, mine))) mine = slot
    }
    if (mine < 0 && watermark != none && time + gap - 1 + lateness <= watermark) {
      store<i32>(out, -1)
      store<i32>(table, load<i32>(table, 12) + 1, 12)
      continue
    }
    if (!alone && lateness > 0 && watermark != none && (due || (mine < 0 && time + gap - 1 <= watermark))) {
      store<i32>(table, 1, 8)
      return row
    }
    if (mine < 0) {
      mine = openSession(table, load<i32>(keys + (<usize>row << 2)), time, time + gap, head)
      if (mine < 0) {
        store<i32>(table, 2, 8)
        return row
      }
    }
    const at = slotAt(table, mine)
    if (touched > 1) takeOver(table, mine, load<i32>(head), time, time + gap, watermark == none ? none : watermark - lateness + 1)
    store<i64>(at, min(load<i64>(at), time))
    store<i64>(at, max(load<i64>(at, 8), time + gap), 8)
    if (alone) {
      store<i32>(at, open, 24)
      store<i32>(table, watermark != none && load<i64>(at, 8) - 1 <= watermark ? 1 : 0, 20)
    }
    store<i64>(table, min(load<i64>(table, 24), load<i64>(at, 8)), 24)
    store<i32>(out, mine)
  }
  return end
}

// `mine` takes over the others of its key, from `slot` on, that the span touches and that end after `over`.
function takeOver(table: usize, mine: i32, first: i32, time: i64, until: i64, over: i64): void {
  const at = slotAt(table, mine)
  for (let slot = first; slot >= 0; slot = load<i32>(slotAt(table, slot), 20)) {
    const from = slotAt(table, slot)
    if (slot == mine || load<i32>(from, 24) >= gone || load<i64>(from, 8) <= over || until < load<i64>(from) || time > load<i64>(from, 8)) continue
    store<i64>(at, max(load<i64>(at, 8), load<i64>(from, 8)), 8)
    store<i32>(from, merged, 24)
    store<i32>(from, mine, 28)
  }
}

function openSession(table: usize, key: i32, time: i64, end: i64, head: usize): i32 {
  const slot = load<i32>(table)
  if (slot == load<i32>(table, 4)) return -1
  const at = slotAt(table, slot)
  store<i64>(at, time)
  store<i64>(at, end, 8)
  store<i32>(at, key, 16)
  store<i32>(at, load<i32>(head), 20)
  store<i32>(at, open, 24)
  store<i32>(head, slot)
  store<i32>(table, slot + 1)
  return slot
}

// The session that took over a merged slot.
// @ts-ignore: decorator
@inline function rootOf(table: usize, slot: i32): i32 {
  while (load<i32>(slotAt(table, slot), 24) == merged) slot = load<i32>(slotAt(table, slot), 28)
  return slot
}

/**
 * Fires the open sessions whose end − 1 has been reached by `watermark` (a whole number, or infinite): writes their slots to `due`, in order, and
 * returns how many. groups[slot] = the place in `due` of the session that the slot is part of, or −1. Sessions past their lateness are gone, and the
 * table's least end is that of what is left. Merged slots go with the session that took them over.
 */
export function fireSessions(table: usize, watermark: f64, latenessMs: f64, due: usize, groups: usize): i32 {
  const lateness = <i64>latenessMs
  const now: i64 = watermark > 9e15 ? i64.MAX_VALUE : <i64>watermark
  const count = load<i32>(table)
  let fires = 0
  let least = i64.MAX_VALUE
  for (let slot = 0; slot < count; slot++) {
    const at = slotAt(table, slot)
    const state = load<i32>(at, 24)
    store<i32>(groups + (<usize>slot << 2), -1)
    if (state >= gone) continue
    const end = load<i64>(at, 8)
    if (end - 1 <= now && state == open) {
      store<i32>(due + (<usize>fires << 2), slot)
      store<i32>(groups + (<usize>slot << 2), fires)
      store<i32>(at, fired, 24)
      fires++
    }
    least = min(least, load<i32>(at, 24) == open ? end : end + lateness)
  }
  for (let slot = 0; slot < count; slot++) {
    const at = slotAt(table, slot)
    const state = load<i32>(at, 24)
    if (state == merged) {
      const root = rootOf(table, slot)
      store<i32>(at, root, 28)
      store<i32>(groups + (<usize>slot << 2), load<i32>(groups + (<usize>root << 2)))
    } else if (state == fired && now - lateness >= load<i64>(at, 8) - 1) store<i32>(at, gone, 24)
  }
  for (let slot = 0; slot < count; slot++) {
    const at = slotAt(table, slot)
    if (load<i32>(at, 24) == merged && load<i32>(slotAt(table, load<i32>(at, 28)), 24) == gone) store<i32>(at, gone, 24)
  }
  store<i64>(table, least, 24)
  return fires
}

/**
 * The sessions that are not gone: writes their slots to `live`, in order, and returns how many. groups[slot] = the place in `live` of the session that
 * the slot is part of, or −1.
 */
export function liveSessions(table: usize, live: usize, groups: usize): i32 {
  const count = load<i32>(table)
  let total = 0
  for (let slot = 0; slot < count; slot++) {
    store<i32>(groups + (<usize>slot << 2), -1)
    if (load<i32>(slotAt(table, slot), 24) >= gone) continue
    store<i32>(groups + (<usize>slot << 2), total)
    store<i32>(live + (<usize>total << 2), slot)
    total++
  }
  for (let slot = 0; slot < count; slot++) {
    if (load<i32>(slotAt(table, slot), 24) == merged) store<i32>(groups + (<usize>slot << 2), load<i32>(groups + (<usize>rootOf(table, slot) << 2)))
  }
  return total
}

/** Takes sessions apart: for each slot its key, start, end and whether it was fired (an int32, 0 or 1). */
export function readSessions(table: usize, slots: usize, count: i32, keys: usize, starts: usize, ends: usize, firedFlags: usize): void {
  for (let i = 0; i < count; i++) {
    const at = slotAt(table, load<i32>(slots + (<usize>i << 2)))
    store<i32>(keys + (<usize>i << 2), load<i32>(at, 16))
    store<i64>(starts + (<usize>i << 3), load<i64>(at))
    store<i64>(ends + (<usize>i << 3), load<i64>(at, 8))
    store<i32>(firedFlags + (<usize>i << 2), i32(load<i32>(at, 24) == fired))
  }
}

/** Adds sessions behind the slots that are there; the table has room for them. */
export function writeSessions(table: usize, count: i32, keys: usize, starts: usize, ends: usize, firedFlags: usize, heads: usize): void {
  const first = load<i32>(table)
  for (let i = 0; i < count; i++) {
    const at = slotAt(table, first + i)
    const key = load<i32>(keys + (<usize>i << 2))
    const head = heads + (<usize>key << 2)
    const end = load<i64>(ends + (<usize>i << 3))
    store<i64>(at, load<i64>(starts + (<usize>i << 3)))
    store<i64>(at, end, 8)
    store<i32>(at, key, 16)
    store<i32>(at, load<i32>(head), 20)
    store<i32>(at, load<i32>(firedFlags + (<usize>i << 2)) == 1 ? fired : open, 24)
    store<i32>(head, first + i)
    store<i64>(table, min(load<i64>(table, 24), end), 24)
  }
  store<i32>(table, first + count)
}

/** Of ids that may be negative: writes `start` + the place of each that isn't, and the id itself; returns how many. Room for all and one more. */
export function selectKeptI32(ids: usize, rows: i32, start: i32, places: usize, kept: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    const id = load<i32>(ids + (<usize>row << 2))
    store<i32>(places + (<usize>count << 2), start + row)
    store<i32>(kept + (<usize>count << 2), id)
    count += i32(id >= 0)
  }
  return count
}

/** The first row that has a time and no gap above 0; `rows` where there is none. */
export function findGap(gaps: usize, times: usize, rows: i32): i32 {
  let row = 0
  while (row < rows && (load<i64>(gaps + (<usize>row << 3)) > 0 || load<i64>(times + (<usize>row << 3)) == none)) row++
  return row
}
