// DEFLATE streams over the shared memory, a piece at a time.
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

const problems: Readonly<Record<number, string>> = {
  [-1]: 'the packed bytes end early',
  [-2]: 'there is no such kind of block',
  [-3]: 'the codes of a block are impossible',
  [-4]: 'there is no such code',
  [-5]: 'a back-reference points before the start of the output',
  [-6]: 'the length of a stored block is damaged',
}
const windowBytes = 32_768

/** What a call made of its input: bytes used and made; whether the stream has ended, or what is wrong with it. */
export interface Inflated {
  readonly taken: number
  readonly made: number
  readonly ended: boolean
  readonly wrong?: string
}

/** One stream being unpacked. Its output lies in memory of the arena it was made in; of what was made earlier, the last 32 KiB are kept for references. */
export class Inflater {
  readonly #device: Device
  readonly #state: number
  readonly #out: number
  readonly #outBytes: number
  #window = 0
  #made = 0

  /** `outBytes`: what one call makes at most, 280 or more. */
  constructor(device: Device, arena: Arena, outBytes: number) {
    this.#device = device
    this.#state = arena.allocateZeroed(device.kernels.inflateStateBytes())
    this.#out = arena.allocate(windowBytes + outBytes)
    this.#outBytes = outBytes
  }

  /** Where the last call's output begins. */
  get output(): number {
    return this.#out + this.#window
  }

  /** Begins another stream. */
  restart(): void {
    const { memory, kernels } = this.#device
    memory.bytes(this.#state, kernels.inflateStateBytes()).fill(0)
    this.#window = 0
    this.#made = 0
  }

  /** Unpacks from the bytes at `source`, which must begin with what the last call left. `isLast`: no more will come. Cost: some 0.2 GB/s of output. */
  unpack(source: number, bytes: number, isLast: boolean): Inflated {
    const { memory, kernels } = this.#device
    const before = this.#window + this.#made
    this.#window = Math.min(windowBytes, before)
    memory.bytes(this.#out, before).copyWithin(0, before - this.#window)
    const result = kernels.inflate(this.#state, source, bytes, isLast ? 1 : 0, this.output, this.#outBytes, this.#window)
    const [taken, made] = memory.int32s(this.#state + 24, 2) as unknown as [number, number]
    this.#made = made
    return { taken, made, ended: result === 2, ...(result < 0 && { wrong: problems[result]! }) }
  }
}
