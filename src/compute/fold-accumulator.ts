// product, and the bits that all, any or an odd number of values have: aggregates that fold each value into one word.
import type { Column } from '../batch/batch.ts'
import { type DataType, float64, isInteger, isNumeric } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { AggregateType, InputRule } from './aggregate-contract.ts'
import { ValueAccumulator } from './value-accumulator.ts'
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
class FoldAccumulator extends ValueAccumulator {
  readonly #type: DataType
  readonly #kernel: 'productF64' | 'andI64' | 'orI64' | 'xorI64'
  constructor(device: Device, type: DataType, fresh: bigint, kernel: 'productF64' | 'andI64' | 'orI64' | 'xorI64') {
    super(device, 16, fresh)
    this.#type = type
    this.#kernel = kernel
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.state
    const state = this.state.ensure(groupCount)
    const arena = device.arena()
    try {
      const words = this.#kernel === 'productF64' ? floatsOf(device, arena, column!) : wordsOf(device, arena, column!)
      device.kernels[this.#kernel](gids, words, column!.validity, rows, state)
    } finally {
      arena.release()
    }
  }
  protected valueColumn(arena: Arena, state: number, groupCount: number): Column {
    return columnOfWords(this.state.device, arena, this.#type, this.words(arena, state, groupCount), groupCount)
  }
}
