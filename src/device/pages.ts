// The page allocator of the one shared memory: a bitmap of 64 KiB pages in the memory itself, under a short spin lock, so that
// every thread sees the same pages. Everything else (arenas, tables) is cut from what this hands out.
import { assert, DeviceError } from '../base/errors.ts'

/** Bytes of a WASM page, the unit of `allocate`. */
export const pageBytes = 65_536
/** Pages 0..reservedPages are the kernels' static data and the control block; they are never handed out. */
export const reservedPages = 4
const pagesMax = 65_536
// Control block, in 32-bit words from its start.
const controlPage = 2
const lockWord = 0
const usedWord = 1
const highWaterWord = 2
const hintWord = 3
const limitWord = 4
/** Counts what was given back while somebody waits for it. */
const freedWord = 5
const waitersWord = 6
const bitmapWord = 64

/** Hands out runs of pages. Safe to use from any number of threads over one memory; no call blocks for longer than a bitmap scan. */
export interface Pages {
  /** The byte address of `count` contiguous pages, not zeroed. Throws DeviceError MEMORY_FULL at the limit. Cost: a scan of the bitmap. */
  allocate(count: number): number
  /** Gives back what `allocate(count)` returned. */
  free(address: number, count: number): void
  /** Lets `allocate` wait at the limit, so long as other threads give pages back at least every `ms`. Not on the engine's thread, which must never block. */
  waitAtLimit(ms: number): void
  /** Pages in use now, by all threads. */
  used(): number
  /** The most pages that were in use at once, ever or since `restartHighWater`. */
  highWater(): number
  /** The most pages that may be in use. */
  limit(): number
  restartHighWater(): void
}

/** The allocator over `memory`; `limitPages` is set by whoever creates the memory, and kept for all threads. */
export function pagesOf(memory: WebAssembly.Memory, limitPages?: number): Pages {
  const pages = new BitmapPages(memory)
  if (limitPages !== undefined) pages.limitTo(Math.min(limitPages, pagesMax))
  return pages
}

class BitmapPages implements Pages {
  readonly #memory: WebAssembly.Memory
  #words: Int32Array
  #waitMs = 0

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
    this.#words = view(memory)
  }

  limitTo(pages: number): void {
    Atomics.store(this.#words, limitWord, pages)
  }

  limit(): number {
    return Atomics.load(this.#words, limitWord)
  }

  waitAtLimit(ms: number): void {
    this.#waitMs = ms
  }

  allocate(count: number): number {
    assert(count > 0, `allocate(${count}) pages`)
    for (;;) {
      const freed = Atomics.load(this.#words, freedWord)
      try {
        return this.#allocate(count)
      } catch (error) {
        if (this.#waitMs === 0 || !(error instanceof DeviceError && error.code === 'MEMORY_FULL') || !this.#wait(freed)) throw error
      }
    }
  }

  // False where nobody has given anything back since `freed` was read, for too long.
  #wait(freed: number): boolean {
    const words = this.#words
    Atomics.add(words, waitersWord, 1)
    const outcome = Atomics.wait(words, freedWord, freed, this.#waitMs)
    Atomics.sub(words, waitersWord, 1)
    return outcome !== 'timed-out'
  }

  #allocate(count: number): number {
    this.#lock()
    try {
      const words = this.#words
      const limit = words[limitWord]!
      const start = this.#findRun(count, Math.max(words[hintWord]!, reservedPages), limit)
      if (start < 0) throw full(words[usedWord]!, count, limit)
      const end = start + count
      if (end * pageBytes > this.#memory.buffer.byteLength) {
        growTo(this.#memory, end)
        this.#words = view(this.#memory)
      }
      this.#mark(start, count, true)
      return start * pageBytes
    } finally {
      this.#unlock()
    }
  }

  free(address: number, count: number): void {
    this.#lock()
    this.#mark(address / pageBytes, count, false)
    this.#unlock()
    Atomics.add(this.#words, freedWord, 1)
    if (Atomics.load(this.#words, waitersWord) > 0) Atomics.notify(this.#words, freedWord)
  }

  used(): number {
    return Atomics.load(this.#words, usedWord)
  }

  highWater(): number {
    return Atomics.load(this.#words, highWaterWord)
  }

  restartHighWater(): void {
    this.#lock()
    this.#words[highWaterWord] = this.#words[usedWord]!
    this.#unlock()
  }

  #lock(): void {
    while (Atomics.compareExchange(this.#words, lockWord, 0, 1) !== 0);
  }

  #unlock(): void {
    Atomics.store(this.#words, lockWord, 0)
  }

  // All pages before the hint are in use, and searches begin there: that the first run that is long enough is taken keeps what is in use together.
  #mark(start: number, count: number, used: boolean): void {
    const words = this.#words
    for (let page = start; page < start + count; page++) {
      const word = bitmapWord + (page >>> 5)
      if (used) words[word]! |= 1 << (page & 31)
      else words[word]! &= ~(1 << (page & 31))
    }
    words[usedWord]! += used ? count : -count
    words[highWaterWord] = Math.max(words[highWaterWord]!, words[usedWord]!)
    const hint = Math.max(words[hintWord]!, reservedPages)
    words[hintWord] = used ? (start === hint ? start + count : hint) : Math.min(hint, start)
  }

  #findRun(count: number, from: number, to: number): number {
    const words = this.#words
    let start = from
    let page = from
    while (page < to) {
      const word = words[bitmapWord + (page >>> 5)]!
      if ((page & 31) === 0 && word === -1) {
        page += 32
        start = page
      } else if (((word >>> (page & 31)) & 1) === 0) {
        page++
        if (page - start === count) return start
      } else {
        page++
        start = page
      }
    }
    return -1
  }
}

function view(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, controlPage * pageBytes, pageBytes / 4)
}

// Growth is by at least an eighth, so that n allocations cost O(log n) growths.
function growTo(memory: WebAssembly.Memory, pages: number): void {
  const now = memory.buffer.byteLength / pageBytes
  const wanted = Math.min(pagesMax, Math.max(pages, now + (now >>> 3)))
  try {
    memory.grow(wanted - now)
  } catch {
    try {
      memory.grow(Math.max(0, pages - memory.buffer.byteLength / pageBytes))
    } catch (cause) {
      throw new DeviceError('MEMORY_GROW', `device: the memory can't grow from ${now} to ${pages} pages of 64 KiB; free memory on this machine or lower the memory option`, { cause })
    }
  }
}

function full(used: number, count: number, limit: number): DeviceError {
  const mib = (pages: number) => `${(pages / 16).toFixed(1)} MiB`
  return new DeviceError('MEMORY_FULL', `device: ${mib(count)} asked for while ${mib(used)} of ${mib(limit)} are in use; raise the memory option or let the job hold less`)
}
