// Columns for the GPU tests: values with nulls written into a plain shared memory, and seeded samples of them.
import type { Random } from '../../src/base/random.ts'
import type { GpuSource, GpuSourceKind } from '../../src/compute/gpu-column.ts'
import { Memory } from '../../src/device/memory.ts'
import type { Values } from '../compute/reference/gpu-groups.ts'

/** A memory that only tests allocate from, 64-byte aligned and padded like an arena's chunks. */
export class ColumnMemory {
  readonly memory = new Memory(new WebAssembly.Memory({ initial: 1, maximum: 16_384, shared: true }))
  #next = 64

  /** The address of so many bytes. */
  allocate(bytes: number): number {
    const address = this.#next
    this.#next += Math.ceil(bytes / 64) * 64 + 64
    const short = this.#next - this.memory.wasm.buffer.byteLength
    if (short > 0) this.memory.wasm.grow(Math.ceil(short / 65_536))
    return address
  }

  /** Writes a column. Bytes behind nulls, and bits past the last row, are set to ones: a kernel that reads them shows it. */
  column(kind: GpuSourceKind, values: Values): GpuSource {
    const { memory } = this
    const { length } = values
    const wide = kind === 'int64' || kind === 'float64'
    const address = this.allocate(length * (wide ? 8 : 4))
    const filled = values.map(value => value ?? (kind === 'int64' ? -1n : -1))
    if (kind === 'int64') memory.int64s(address, length).set(filled.map(BigInt))
    else if (kind === 'float64') memory.float64s(address, length).set(filled as number[])
    else if (kind === 'float32') memory.float32s(address, length).set(filled as number[])
    else memory.int32s(address, length).set(filled as number[])
    if (!values.includes(null)) return { kind, length, values: address, validity: 0 }
    const validity = this.allocate(Math.ceil(length / 8))
    const bits = memory.bytes(validity, Math.ceil(length / 8) + 4).fill(255)
    values.forEach((value, row) => {
      if (value === null) bits[row >> 3]! &= ~(1 << (row & 7))
    })
    return { kind, length, values: address, validity }
  }
}

/** Values of a kind: mostly of ordinary size, some extreme; `nulls` is the share of nulls. Floats are float32 values. */
export function sampleValues(chance: Random, kind: GpuSourceKind, length: number, nulls: number): (number | bigint | null)[] {
  return Array.from({ length }, () => {
    if (chance.float() < nulls) return null
    const extreme = chance.int(16) === 0
    if (kind === 'int64') return extreme ? [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n][chance.int(4)]! : BigInt(chance.int(2 ** 40)) - 2n ** 39n
    if (kind === 'int32') return extreme ? [2 ** 31 - 1, -(2 ** 31), 0, -1][chance.int(4)]! : chance.int(2_000) - 1_000
    return Math.fround(extreme ? [3e38, -3e38, 1e-42, -0, 0, 2 ** -126][chance.int(6)]! : (chance.float() - 0.5) * 10 ** chance.int(6))
  })
}
