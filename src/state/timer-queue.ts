// The timers of keys: each key and time once, the earliest first, any of them can be taken out. A heap of numbers over a hash table, all in flat arrays.
// Apache Flink keeps timers the same way (HeapPriorityQueueSet).

/** A timer: of the key numbered `gid`, in epoch milliseconds. */
export interface Timer {
  readonly gid: number
  readonly time: number
  /** How far its time had come when it was set, where it had passed the timer's; −Infinity where it hadn't. */
  readonly passed: number
}

const capacityMin = 64

/** Timers by time; those of one time in the order in which they were set. Cost: O(log timers) a change; 50 to 70 bytes a timer. */
export class TimerQueue {
  #capacity = capacityMin
  #times = new Float64Array(capacityMin)
  #gids = new Int32Array(capacityMin)
  #passed = new Float64Array(capacityMin)
  /** Rises with every timer that is set. */
  #orders = new Float64Array(capacityMin)
  /** Where a timer is in the heap. */
  #places = new Int32Array(capacityMin)
  /** Numbers of timers: `#count` of them in heap order, then those that are free. */
  #heap = Int32Array.from({ length: capacityMin }, (_, i) => i)
  /** Numbers of timers plus 1, by hash, twice as many and more; 0 is empty. */
  #slots = new Int32Array(2 * capacityMin)
  #count = 0
  #order = 0

  /** How many are set. */
  get count(): number {
    return this.#count
  }
  /** The earliest time; Infinity where there is none. */
  get least(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#times[this.#heap[0]!]!
  }

  /** Sets a timer; false where it was set already. `now`: how far its time has come. */
  add(gid: number, time: number, now = Number.NEGATIVE_INFINITY): boolean {
    if (this.#slotOf(gid, time) >= 0) return false
    if (this.#count === this.#capacity) this.#grow()
    const timer = this.#heap[this.#count]!
    this.#times[timer] = time
    this.#gids[timer] = gid
    this.#passed[timer] = time <= now ? now : Number.NEGATIVE_INFINITY
    this.#orders[timer] = this.#order++
    this.#places[timer] = this.#count
    this.#insert(timer)
    this.#rise(this.#count++)
    return true
  }

  /** Takes a timer out; false where it wasn't set. */
  delete(gid: number, time: number): boolean {
    const slot = this.#slotOf(gid, time)
    if (slot < 0) return false
    this.#remove(this.#slots[slot]! - 1, slot)
    return true
  }

  /** Takes the earliest out. There must be one. */
  pop(): Timer {
    const timer = this.#heap[0]!
    const [gid, time, passed] = [this.#gids[timer]!, this.#times[timer]!, this.#passed[timer]!]
    this.#remove(timer, this.#slotOf(gid, time))
    return { gid, time, passed }
  }

  /** All of them, in order, as if they had been set for times to come. */
  sorted(): { gids: Int32Array; times: Float64Array } {
    const timers = this.#heap.slice(0, this.#count).sort((a, b) => (this.#before(a, b) ? -1 : 1))
    return { gids: Int32Array.from(timers, timer => this.#gids[timer]!), times: Float64Array.from(timers, timer => this.#times[timer]!) }
  }

  /** Marks the keys that have timers. */
  mark(live: Uint8Array): void {
    for (let i = 0; i < this.#count; i++) live[this.#gids[this.#heap[i]!]!] = 1
  }

  /** Gives keys new numbers: `numbers[gid]`. */
  renumber(numbers: Int32Array): void {
    const { gids, times } = this.sorted()
    this.#reset(Math.max(capacityMin, this.#count))
    gids.forEach((gid, i) => this.add(numbers[gid]!, times[i]!))
  }

  #reset(capacity: number): void {
    this.#capacity = capacity
    this.#times = new Float64Array(capacity)
    this.#gids = new Int32Array(capacity)
    this.#passed = new Float64Array(capacity)
    this.#orders = new Float64Array(capacity)
    this.#places = new Int32Array(capacity)
    this.#heap = Int32Array.from({ length: capacity }, (_, i) => i)
    this.#slots = new Int32Array(slotsFor(capacity))
    this.#count = 0
    this.#order = 0
  }

  #grow(): void {
    const capacity = 2 * this.#capacity
    this.#times = grown(this.#times, new Float64Array(capacity))
    this.#gids = grown(this.#gids, new Int32Array(capacity))
    this.#passed = grown(this.#passed, new Float64Array(capacity))
    this.#orders = grown(this.#orders, new Float64Array(capacity))
    this.#places = grown(this.#places, new Int32Array(capacity))
    this.#heap = grown(this.#heap, Int32Array.from({ length: capacity }, (_, i) => i))
    this.#slots = new Int32Array(slotsFor(capacity))
    this.#capacity = capacity
    for (let i = 0; i < this.#count; i++) this.#insert(this.#heap[i]!)
  }

  #before(a: number, b: number): boolean {
    return this.#times[a]! < this.#times[b]! || (this.#times[a] === this.#times[b] && this.#orders[a]! < this.#orders[b]!)
  }

  // The timer goes to the free ones, the last of the heap to where it was.
  #remove(timer: number, slot: number): void {
    this.#empty(slot)
    const place = this.#places[timer]!
    const last = this.#heap[--this.#count]!
    this.#heap[this.#count] = timer
    if (last === timer) return
    this.#heap[place] = last
    this.#places[last] = place
    this.#rise(place)
    this.#sink(this.#places[last]!)
  }

  #rise(from: number): void {
    const timer = this.#heap[from]!
    let place = from
    for (; place > 0; ) {
      const parent = (place - 1) >> 1
      const other = this.#heap[parent]!
      if (!this.#before(timer, other)) break
      this.#put(other, place)
      place = parent
    }
    this.#put(timer, place)
  }

  #sink(from: number): void {
    const timer = this.#heap[from]!
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#count) break
      if (child + 1 < this.#count && this.#before(this.#heap[child + 1]!, this.#heap[child]!)) child++
      const other = this.#heap[child]!
      if (!this.#before(other, timer)) break
      this.#put(other, place)
      place = child
    }
    this.#put(timer, place)
  }

  #put(timer: number, place: number): void {
    this.#heap[place] = timer
    this.#places[timer] = place
  }

  #home(gid: number, time: number): number {
    const low = Math.imul(time | 0, 0x9e3779b1) ^ Math.imul(Math.floor(time / 2 ** 32) | 0, 0x85ebca6b) ^ Math.imul(gid, 0xc2b2ae35)
    return (low ^ (low >>> 15)) & (this.#slots.length - 1)
  }

  #slotOf(gid: number, time: number): number {
    const mask = this.#slots.length - 1
    for (let slot = this.#home(gid, time); ; slot = (slot + 1) & mask) {
      const timer = this.#slots[slot]! - 1
      if (timer < 0) return -1
      if (this.#gids[timer] === gid && this.#times[timer] === time) return slot
    }
  }

  #insert(timer: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#home(this.#gids[timer]!, this.#times[timer]!)
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = timer + 1
  }

  // Those behind, which were pushed on by what was in the slot, move up.
  #empty(slot: number): void {
    const mask = this.#slots.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; this.#slots[next] !== 0; next = (next + 1) & mask) {
      const timer = this.#slots[next]! - 1
      const home = this.#home(this.#gids[timer]!, this.#times[timer]!)
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#slots[hole] = timer + 1
      hole = next
    }
    this.#slots[hole] = 0
  }
}

function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(2 * capacity))
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from)
  return to
}
