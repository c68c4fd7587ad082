// sum and mean. Integer sums are exact at any size on the way and independent of row order; only the result must fit an int64.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, int64 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateType, InputRule } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'

const numbers: InputRule = { takes: 'numbers', fits: type => ['int32', 'int64', 'float64'].includes(type.kind) }

function summing(fn: 'sum' | 'mean'): AggregateType {
  return {
    fn,
    inputs: [numbers],
    result: ({ inputType }) => (fn === 'sum' && inputType!.kind !== 'float64' ? int64 : float64),
    partial: ({ inputType }, name) => sumFields(inputType!, name),
    create: (device, { inputType, where }) => new SumAccumulator(device, fn, inputType!, where ?? fn),
  }
}

/** The sum: of integers an int64, exact; of float64 a float64. */
export const sumAggregate = summing('sum')
/** The mean, as float64. */
export const meanAggregate = summing('mean')

/** Up to this many groups, rows are dealt to four banks so that they don't wait for each other's stores. */
const bankedGroupsMax = 32

/** [sum, count] per group; for int64 [low sum, high sum, count]. */
class SumAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #fn: 'sum' | 'mean'
  readonly #type: DataType
  readonly #kind: 'int32' | 'int64' | 'float64'
  readonly #shift: number
  readonly #where: string
  constructor(device: Device, fn: 'sum' | 'mean', type: DataType, where: string) {
    this.#fn = fn
    this.#type = type
    this.#kind = type.kind as 'int32' | 'int64' | 'float64'
    this.#shift = this.#kind === 'int64' ? 5 : 4
    this.#where = where
    this.#state = new EntryState(device, 1 << this.#shift)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const { values, validity } = column!
    const state = this.#state.ensure(groupCount)
    if (this.#kind === 'int64') return kernels.sumI64(gids, values, validity, rows, state)
    const banked = groupCount <= bankedGroupsMax && rows >= 8 * groupCount
    const banks = banked ? this.#state.scratch(64 * groupCount) : 0
    if (this.#kind === 'int32') kernels.sumI32(gids, values, validity, rows, state, banks, groupCount)
    else kernels.sumF64(gids, values, validity, rows, state, banks, groupCount)
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const add = this.#kind === 'float64' ? kernels.addWordsF64 : kernels.addWordsI64
    partial.forEach((column, word) => add(gids, column.values, rows, state + 8 * word, this.#shift))
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const state = this.#state.ensure(groupCount)
    return sumFields(this.#type, '').map((field, word) => {
      const out = allocateColumn(arena, field.type, groupCount)
      this.#state.device.kernels.takeWords(state + 8 * word, groupCount, this.#shift, out.values)
      return out
    })
  }

  resultColumns(arena: Arena, groupCount: number): Column[] {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const counts = state + (this.#kind === 'int64' ? 16 : 8)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = kernels.maskWords(counts, groupCount, this.#shift, validity)
    const mean = this.#fn === 'mean'
    const out = allocateColumn(arena, mean || this.#kind === 'float64' ? float64 : int64, groupCount)
    if (!mean && this.#kind !== 'int64') kernels.takeWords(state, groupCount, 4, out.values)
    else if (this.#kind === 'int32') kernels.meansI64(state, 4, counts, 4, groupCount, out.values)
    else if (this.#kind === 'float64') kernels.meansF64(state, groupCount, out.values)
    else if (mean) kernels.meansWide(state, groupCount, out.values)
    else if (kernels.sumsWide(state, groupCount, out.values) >= 0)
      throw new DataError('SUM_OVERFLOW', `${this.#where}: the sum does not fit an int64; the values of a group add up to more than 2^63; cast the column to float64 before summing`)
    return [{ ...out, validity: some === groupCount ? 0 : validity }]
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}

// The state as fields; see the entries in kernels/aggregate.ts.
function sumFields(input: DataType, name: string): Field[] {
  const field = (suffix: string, type: DataType) => ({ name: name + suffix, type, nullable: false })
  if (input.kind === 'int64') return [field('.low', int64), field('.high', int64), field('.count', int64)]
  const type = input.kind === 'int32' ? int64 : float64
  return [field('.sum', type), field('.count', type)]
}
