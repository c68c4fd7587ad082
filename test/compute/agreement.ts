// What an entry of the catalogue is: one kernel family, a seeded sampler, the plain truth, and the same through the kernels.
import type { Random } from '../../src/base/random.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import type { Shape } from '../support/samples.ts'

/** A kernel family. `sample` draws an input; `reference` and `compute` must give deeply equal outputs (NaN equals NaN, −0 is not 0). */
export interface Agreement<Input, Output> {
  /** The stem of kernels/<stem>.ts, reference/<stem>.ts and src/compute. Several entries may share one. */
  readonly stem: string
  /** The exported kernels that `compute` runs. The test checks that every kernel of the binary is named by some entry. */
  readonly kernels: readonly string[]
  sample(random: Random, length: number, shape: Shape): Input
  reference(input: Input): Output
  /** Runs on the kernels; what it makes in `arena` dies after the comparison. */
  compute(device: Device, arena: Arena, input: Input): Output
  /** Compares where exact equality is not meant, such as float sums. Throws on a difference. */
  compare?(actual: Output, expected: Output): void
}

/** An entry with its types forgotten, as the catalogue holds it. */
export type AnyAgreement = Agreement<unknown, unknown>

/** Checks an entry's types, then forgets them. */
export function agreement<Input, Output>(entry: Agreement<Input, Output>): AnyAgreement {
  return entry as unknown as AnyAgreement
}
