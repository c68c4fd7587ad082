// Memory behind the entries of an accumulator whose groups hold more than an entry has room for: heaps that kernels fill from their beginning, each twice as
// large as the one before, given up together.
import type { EntryState } from './entry-state.ts'

const heapBytesMax = 1 << 22

/** The heaps of one `EntryState`, in its memory. */
export class EntryHeaps {
  /** Where kernels find the address of the next free byte and of the newest heap's end, both 0 while there is none. */
  readonly address: number
  readonly #state: EntryState
  readonly #bytesFirst: number
  readonly #zeroed: boolean
  #heaps: { readonly address: number; readonly bytes: number }[] = []
  /** `bytesFirst`: the size of the first heap; `zeroed`: whether they are handed out so. */
  constructor(state: EntryState, bytesFirst: number, zeroed: boolean) {
    this.#state = state
    this.#bytesFirst = bytesFirst
    this.#zeroed = zeroed
    this.address = state.memory.allocateZeroed(8)
  }

  /** Adds a heap. Throws DeviceError MEMORY_FULL. */
  grow(): void {
    const { memory, device } = this.#state
    const bytes = Math.min(heapBytesMax, 2 * (this.#heaps.at(-1)?.bytes ?? this.#bytesFirst / 2))
    const address = this.#zeroed ? memory.allocateZeroed(bytes) : memory.allocate(bytes)
    this.#heaps.push({ address, bytes })
    device.memory.uint32s(this.address, 2).set([address, address + bytes])
  }

  /** Gives all heaps back. */
  reset(): void {
    for (const { address, bytes } of this.#heaps.splice(0)) this.#state.memory.free(address, bytes)
    this.#state.device.memory.uint32s(this.address, 2).fill(0)
  }

  /** Forgets them: the memory of the state is given back as a whole. */
  close(): void {
    this.#heaps = []
  }
}
