// product, and the bits that all, any or an odd number of values have: aggregates that fold each value into one word.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, isInteger, isNumeric } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateType, InputRule } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'
import { columnOfWords, floatsOf, wordsOf } from './widen.ts'

const numbers: InputRule = { takes: 'numbers', fits: isNumeric }
const integers: InputRule = { takes: 'integers', fits: isInteger }

/** The product, as float64. */
export const productAggregate: AggregateType = {
  fn: 'product',
  inputs: [numbers],
  result: () => float64,
  partial: (_, name) => [{ name, type: float64, nullable: true }],
  create: device => new FoldAccumulator(device, float64, 0x3ff0_0000_0000_0000n, 'productF64'),
}

function bits(fn: string, fresh: bigint, kernel: 'andI64' | 'orI64' | 'xorI64'): AggregateType {
  return {
    fn,
    inputs: [integers],
    result: ({ inputType }) => inputType!,
    partial: ({ inputType }, name) => [{ name, type: inputType!, nullable: true }],
    create: (device, { inputType }) => new FoldAccumulator(device, inputType!, fresh, kernel),
  }
}

/** The bits that all values have. */
export const bitAndAggregate = bits('bitAnd', -1n, 'andI64')
/** The bits that any value has. */
export const bitOrAggregate = bits('bitOr', 0n, 'orI64')
/** The bits that an odd number of values has. */
export const bitXorAggregate = bits('bitXor', 0n, 'xorI64')

/** [word, any] per group; the result has `type`. */
class FoldAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #type: DataType
  readonly #kernel: 'productF64' | 'andI64' | 'orI64' | 'xorI64'
  constructor(device: Device, type: DataType, fresh: bigint, kernel: 'productF64' | 'andI64' | 'orI64' | 'xorI64') {
    this.#type = type
    this.#kernel = kernel
    this.#state = new EntryState(device, 16, [fresh, 0n])
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.#state
    const state = this.#state.ensure(groupCount)
    const arena = device.arena()
    try {
      const words = this.#kernel === 'productF64' ? floatsOf(device, arena, column!) : wordsOf(device, arena, column!)
      device.kernels[this.#kernel](gids, words, column!.validity, rows, state)
    } finally {
      arena.release()
    }
  }
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.update(gids, partial, rows, groupCount)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.resultColumns(arena, groupCount)
  }
  resultColumns(arena: Arena, groupCount: number): Column[] {
    const { device } = this.#state
    const { kernels } = device
    const state = this.#state.ensure(groupCount)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = kernels.maskWords(state + 8, groupCount, 4, validity)
    const words = arena.allocate(8 * groupCount)
    kernels.takeWords(state, groupCount, 4, words)
    return [{ ...columnOfWords(device, arena, this.#type, words, groupCount), validity: some === groupCount ? 0 : validity }]
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}
