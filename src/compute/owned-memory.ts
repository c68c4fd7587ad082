// Memory of things that outlive a micro-batch: hash tables, accumulators, stored rows. Small pieces share pages, large ones are page runs
// that go back one by one when their owner grows.
import { assert } from '../base/errors.ts'
import { pageBytes } from '../device/pages.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

const smallBytesMax = 16_384
const paddingBytes = 64

/** An allocator whose pieces can be given back singly. Owned by one thread; `close` gives everything back. */
export class OwnedMemory {
  readonly #device: Device
  #arena: Arena | undefined
  readonly #runs = new Map<number, number>()
  /** Free small pieces by the logarithm of their size. */
  readonly #free = new Map<number, number[]>()
  #bytes = 0
  constructor(device: Device) {
    this.#device = device
  }

  /** Bytes handed out and not given back, padding included. */
  get bytes(): number {
    return this.#bytes
  }

  /** The address of `bytes` bytes, 64-byte aligned, padded by 64 bytes, not zeroed. Throws DeviceError MEMORY_FULL. */
  allocate(bytes: number): number {
    assert(bytes >= 0 && bytes <= 0xffff_0000, `allocate(${bytes}) bytes`)
    if (bytes > smallBytesMax) {
      const pages = Math.ceil((bytes + paddingBytes) / pageBytes)
      const address = this.#device.pages.allocate(pages)
      this.#runs.set(address, pages)
      this.#bytes += pages * pageBytes
      return address
    }
    const size = sizeClass(bytes)
    this.#bytes += 1 << size
    const again = this.#free.get(size)?.pop()
    if (again !== undefined) return again
    this.#arena ??= this.#device.arena()
    return this.#arena.allocate(1 << size)
  }

  /** As `allocate`, and zeroed. */
  allocateZeroed(bytes: number): number {
    const address = this.allocate(bytes)
    this.#device.memory.zero(address, bytes + paddingBytes)
    return address
  }

  /** Gives back what `allocate(bytes)` returned; address 0 is allowed and does nothing. */
  free(address: number, bytes: number): void {
    if (address === 0) return
    const pages = this.#runs.get(address)
    if (pages !== undefined) {
      this.#runs.delete(address)
      this.#device.pages.free(address, pages)
      this.#bytes -= pages * pageBytes
      return
    }
    const size = sizeClass(bytes)
    this.#bytes -= 1 << size
    const list = this.#free.get(size)
    if (list) list.push(address)
    else this.#free.set(size, [address])
  }

  /** A piece of `bytes` with the first `used` bytes of the old piece, which is given back. */
  grow(address: number, oldBytes: number, used: number, bytes: number): number {
    const grown = this.allocate(bytes)
    if (used > 0) this.#device.memory.bytes(grown, used).set(this.#device.memory.bytes(address, used))
    this.free(address, oldBytes)
    return grown
  }

  /** Gives everything back. Idempotent. */
  close(): void {
    for (const [address, pages] of this.#runs) this.#device.pages.free(address, pages)
    this.#runs.clear()
    this.#free.clear()
    this.#arena?.release()
    this.#arena = undefined
    this.#bytes = 0
  }
}

function sizeClass(bytes: number): number {
  return Math.max(6, 32 - Math.clz32(Math.max(0, bytes - 1)))
}
