// An arena holds what one micro-batch allocates and is released as one. Its header lies in the shared memory, so any thread can
// retain and release it by address alone; only the thread that made it allocates from it.
//
// header (4 KiB): [references i32][runs i32][holds i32][next header u32] then runs as (address u32, pages u32), holds growing down
import { assert } from '../base/errors.ts'
import { type Pages, pageBytes } from './pages.ts'

const headerBytes = 4_096
const slotsWord = 4
const slotsEnd = headerBytes / 4
const slabBytesMin = pageBytes
const slabBytesMax = 16 * pageBytes
/** Every chunk starts at a multiple of this, and is followed by at least as many bytes of padding. */
export const alignBytes = 64

/** What an arena needs of its memory: pages, and a current view of its words. */
export interface ArenaHost {
  readonly pages: Pages
  words(): Int32Array
}

/** A bump allocator over page runs, reference-counted from any thread. */
export class Arena {
  /** The header's address: the arena's identity, which travels with batches between threads. */
  readonly address: number
  readonly #host: ArenaHost
  #next: number
  #end: number
  #slabBytes = slabBytesMin
  #isReleased = false
  /** What has pages of its own. */
  readonly #large: number[] = []

  /** Starts with one reference, the maker's. */
  constructor(host: ArenaHost) {
    this.#host = host
    this.address = host.pages.allocate(1)
    const words = host.words()
    words.fill(0, this.address / 4, this.address / 4 + slotsWord)
    Atomics.store(words, this.address / 4, 1)
    pushRun(words, this.address, this.address, 1)
    this.#next = this.address + headerBytes
    this.#end = this.address + pageBytes
  }

  /** The address of `bytes` bytes, 64-byte aligned, with ≥ 64 bytes of padding after them that kernels may read and write. Not zeroed. */
  allocate(bytes: number): number {
    assert(bytes >= 0 && bytes <= 0xffff_0000, `allocate(${bytes}) bytes`)
    const whole = ceilTo(bytes, alignBytes) + alignBytes
    if (this.#next + whole > this.#end) {
      if (whole > slabBytesMax / 4) {
        const large = this.#run(whole)
        this.#large.push(large)
        return large
      }
      this.#slabBytes = Math.min(slabBytesMax, this.#slabBytes * 2)
      const bytesOfSlab = Math.max(this.#slabBytes, ceilTo(whole, pageBytes))
      this.#next = this.#run(bytesOfSlab)
      this.#end = this.#next + bytesOfSlab
    }
    const address = this.#next
    this.#next += whole
    return address
  }

  /** As `allocate`, and zeroed, padding included. */
  allocateZeroed(bytes: number): number {
    const address = this.allocate(bytes)
    const whole = ceilTo(bytes, alignBytes) + alignBytes
    new Float64Array(this.#host.words().buffer, address, whole / 8).fill(0)
    return address
  }

  /** Gives back the pages behind the first `bytes` bytes, and their padding, of what `allocate` gave at `address`, where that has pages of its own, as more than 256 KiB have; else does nothing. Cost: a look at the arena's runs. */
  shrink(address: number, bytes: number): void {
    if (!this.#large.includes(address)) return
    const count = Math.ceil((ceilTo(bytes, alignBytes) + alignBytes) / pageBytes)
    const words = this.#host.words()
    for (let header = this.address; header !== 0; header = words[header / 4 + 3]! >>> 0) {
      const first = header / 4 + slotsWord
      for (let run = first; run < first + 2 * words[header / 4 + 1]!; run += 2) {
        if (words[run]! >>> 0 !== address) continue
        const behind = words[run + 1]! - count
        if (behind <= 0) return
        words[run + 1] = count
        return this.#host.pages.free(address + count * pageBytes, behind)
      }
    }
  }

  /** Keeps the arena at `address` alive for as long as this one lives; takes over one of its references. */
  hold(address: number): void {
    if (address === 0 || address === this.address) return
    const words = this.#host.words()
    if (room(words, this.address) < 1) chain(this.#host, this.address)
    const header = firstWithRoom(words, this.address)
    const count = words[header / 4 + 2]!
    words[header / 4 + slotsEnd - 1 - count] = address
    words[header / 4 + 2] = count + 1
  }

  /** Gives up the maker's reference. */
  release(): void {
    this.#isReleased = true
    releaseArena(this.#host, this.address)
  }

  /** True once the maker's reference is gone; others may still keep the arena alive. */
  get isReleased(): boolean {
    return this.#isReleased
  }

  #run(bytes: number): number {
    const count = Math.ceil(bytes / pageBytes)
    const address = this.#host.pages.allocate(count)
    const words = this.#host.words()
    if (room(words, this.address) < 2) chain(this.#host, this.address)
    pushRun(words, firstWithRoom(words, this.address), address, count)
    return address
  }
}

/** Adds a reference to the arena at `address`; 0 (no arena: memory that outlives the run) is allowed and does nothing. */
export function retainArena(host: ArenaHost, address: number): void {
  if (address === 0) return
  const before = Atomics.add(host.words(), address / 4, 1)
  assert(before > 0, `an arena was retained after its release (at ${address})`)
}

/** Drops a reference; at the last one the arena's pages go back, and the arenas it held are released. */
export function releaseArena(host: ArenaHost, address: number): void {
  if (address === 0) return
  const words = host.words()
  const before = Atomics.sub(words, address / 4, 1)
  assert(before > 0, `an arena was released twice (at ${address})`)
  if (before !== 1) return
  const runs: [number, number][] = []
  const holds: number[] = []
  for (let header = address; header !== 0; header = words[header / 4 + 3]! >>> 0) {
    const base = header / 4
    for (let i = 0; i < words[base + 1]!; i++) runs.push([words[base + slotsWord + 2 * i]! >>> 0, words[base + slotsWord + 2 * i + 1]!])
    for (let i = 0; i < words[base + 2]!; i++) holds.push(words[base + slotsEnd - 1 - i]! >>> 0)
  }
  for (const [run, count] of runs) host.pages.free(run, count)
  for (const held of holds) releaseArena(host, held)
}

/** True where `target` lies in memory of the arena at `address`, or of one that it holds; false for memory that outlives them. */
export function arenaCovers(host: ArenaHost, address: number, target: number): boolean {
  if (address === 0) return false
  const words = host.words()
  for (let header = address; header !== 0; header = words[header / 4 + 3]! >>> 0) {
    const base = header / 4
    for (let i = 0; i < words[base + 1]!; i++) {
      const start = words[base + slotsWord + 2 * i]! >>> 0
      if (target >= start && target < start + words[base + slotsWord + 2 * i + 1]! * pageBytes) return true
    }
    for (let i = 0; i < words[base + 2]!; i++) if (arenaCovers(host, words[base + slotsEnd - 1 - i]! >>> 0, target)) return true
  }
  return false
}

/** The memory that goes with the arena at `address`: its pages, and those of all arenas that it holds, whoever else holds them. Of 0 none. */
export function arenaBytes(host: ArenaHost, address: number): number {
  const words = host.words()
  let bytes = 0
  for (let header = address; header !== 0; header = words[header / 4 + 3]! >>> 0) {
    const base = header / 4
    for (let i = 0; i < words[base + 1]!; i++) bytes += words[base + slotsWord + 2 * i + 1]! * pageBytes
    for (let i = 0; i < words[base + 2]!; i++) bytes += arenaBytes(host, words[base + slotsEnd - 1 - i]! >>> 0)
  }
  return bytes
}

/** The arena at `address` and all that it holds, each once with the bytes of its own pages. Of 0 none. */
export function arenasOf(host: ArenaHost, address: number): Map<number, number> {
  const found = new Map<number, number>()
  const words = host.words()
  const waiting = address === 0 ? [] : [address]
  for (let arena = waiting.pop(); arena !== undefined; arena = waiting.pop()) {
    if (found.has(arena)) continue
    let bytes = 0
    for (let header = arena; header !== 0; header = words[header / 4 + 3]! >>> 0) {
      const base = header / 4
      for (let i = 0; i < words[base + 1]!; i++) bytes += words[base + slotsWord + 2 * i + 1]! * pageBytes
      for (let i = 0; i < words[base + 2]!; i++) waiting.push(words[base + slotsEnd - 1 - i]! >>> 0)
    }
    found.set(arena, bytes)
  }
  return found
}

function ceilTo(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}

function room(words: Int32Array, address: number): number {
  const base = firstWithRoom(words, address) / 4
  return slotsEnd - slotsWord - 2 * words[base + 1]! - words[base + 2]!
}

function firstWithRoom(words: Int32Array, address: number): number {
  let header = address
  while (words[header / 4 + 3] !== 0) header = words[header / 4 + 3]! >>> 0
  return header
}

function pushRun(words: Int32Array, header: number, run: number, count: number): void {
  const base = header / 4
  const at = words[base + 1]!
  words[base + slotsWord + 2 * at] = run
  words[base + slotsWord + 2 * at + 1] = count
  words[base + 1] = at + 1
}

// A full header gets a successor on a page of its own, which lists itself among its runs.
function chain(host: ArenaHost, address: number): void {
  const next = host.pages.allocate(1)
  const words = host.words()
  words.fill(0, next / 4, next / 4 + slotsWord)
  words[firstWithRoom(words, address) / 4 + 3] = next
  pushRun(words, next, next, 1)
}
