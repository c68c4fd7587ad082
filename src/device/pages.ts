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
const bitmapWord = 64

/** Hands out runs of pages. Safe to use from any number of threads over one memory; no call blocks for longer than a bitmap scan. */
export interface Pages {
  /** The byte address of `count` contiguous pages, not zeroed. Throws DeviceError MEMORY_FULL at the limit. Cost: a scan of the bitmap. */
  allocate(count: number): number
  /** Gives back what `allocate(count)` returned. */
  free(address: number, count: number): void
  /** Pages in use now, by all threads. */
  used(): number
  /** The most pages that were ever in use at once. */
  highWater(): number
}

/** The allocator over `memory`; `limitPages` is set by whoever creates the memory, and kept for all threads. */
export function pagesOf(memory: WebAssembly.Memory, limitPages?: number): Pages {
  let words = view(memory)
  if (limitPages !== undefined) Atomics.store(words, limitWord, Math.min(limitPages, pagesMax))

  const lock = () => {
    while (Atomics.compareExchange(words, lockWord, 0, 1) !== 0);
  }
  const unlock = () => Atomics.store(words, lockWord, 0)

  const isFree = (page: number) => ((words[bitmapWord + (page >>> 5)]! >>> (page & 31)) & 1) === 0
  const mark = (start: number, count: number, used: boolean) => {
    for (let page = start; page < start + count; page++) {
      const word = bitmapWord + (page >>> 5)
      if (used) words[word]! |= 1 << (page & 31)
      else words[word]! &= ~(1 << (page & 31))
    }
  }

  const findRun = (count: number, from: number, to: number): number => {
    let start = from
    let page = from
    while (page < to) {
      if ((page & 31) === 0 && words[bitmapWord + (page >>> 5)] === -1) {
        page += 32
        start = page
      } else if (isFree(page)) {
        page++
        if (page - start === count) return start
      } else {
        page++
        start = page
      }
    }
    return -1
  }

  return {
    allocate(count) {
      assert(count > 0, `allocate(${count}) pages`)
      lock()
      try {
        const limit = words[limitWord]!
        const hint = Math.max(words[hintWord]!, reservedPages)
        let start = findRun(count, hint, limit)
        if (start < 0) start = findRun(count, reservedPages, limit)
        if (start < 0) throw full(words[usedWord]!, count, limit)
        const end = start + count
        const grown = end * pageBytes - memory.buffer.byteLength
        if (grown > 0) {
          growTo(memory, end)
          words = view(memory)
        }
        mark(start, count, true)
        words[hintWord] = end
        words[usedWord]! += count
        if (words[usedWord]! > words[highWaterWord]!) words[highWaterWord] = words[usedWord]!
        return start * pageBytes
      } finally {
        unlock()
      }
    },
    free(address, count) {
      lock()
      const start = address / pageBytes
      mark(start, count, false)
      words[usedWord]! -= count
      if (start < words[hintWord]!) words[hintWord] = start
      unlock()
    },
    used: () => Atomics.load(words, usedWord),
    highWater: () => Atomics.load(words, highWaterWord),
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
