// min and max of what fits into a word, and of decimals; every and any of conditions, which are the least and the greatest of bools. Values are
// compared by their keys (widen.ts): NaN above every number, −0 below 0. Texts have text-extreme-accumulator.ts.
import { type Column, allocateColumn } from '../batch/batch.ts'
import { type DataType, int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, type InputRule, noPlaces, type RowPlaces, type SomeGroups } from './aggregate-contract.ts'
import { rowNumbers } from './gather.ts'
import { equalType, fromForm, orderForm } from './key-form.ts'
import { hasNarrow, type NarrowColumn, narrowColumn, wordsOfNarrow } from './narrow.ts'
import { isOrdered } from './sort.ts'
import { TextExtremeAccumulator } from './text-extreme-accumulator.ts'
import { ValueAccumulator } from './value-accumulator.ts'
import { columnOfKeys, hasKeys, keysOf } from './widen.ts'

const ordered: InputRule = { takes: 'what has an order: numbers, times, bools, texts and bytes', fits: isOrdered }
const conditions: InputRule = { takes: 'conditions, which are bool', fits: type => type.kind === 'bool' }

function extreme(fn: string, least: boolean, rule: InputRule): AggregateType {
  return {
    fn,
    inputs: [rule],
    result: ({ inputType }) => inputType!,
    partial: ({ inputType }, name) => [{ name, type: inputType!, nullable: true }],
    create(device, { inputType }) {
      const type = inputType!
      if (hasKeys(type)) return new ExtremeAccumulator(device, least, type)
      if (type.kind === 'decimal') return new DecimalExtremeAccumulator(device, least, type)
      const texts = new TextExtremeAccumulator(device, least ? 'min' : 'max', equalType(type))
      return type.kind === 'utf8' || type.kind === 'binary' ? texts : new FormAccumulator(device, texts, type)
    },
  }
}

/** The least value. */
export const minAggregate = extreme('min', true, ordered)
/** The greatest value. */
export const maxAggregate = extreme('max', false, ordered)
/** Whether a condition is true in every row. */
export const everyAggregate = extreme('every', true, conditions)
/** Whether a condition is true in any row. */
export const anyAggregate = extreme('any', false, conditions)

/** Values of other types, by their form in order. */
class FormAccumulator implements Accumulator {
  readonly #device: Device
  readonly #forms: Accumulator
  readonly #type: DataType
  constructor(device: Device, forms: Accumulator, type: DataType) {
    this.#device = device
    this.#forms = forms
    this.#type = type
  }
  get bytes(): number {
    return this.#forms.bytes
  }
  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number, places: RowPlaces): void {
    const scratch = this.#device.arena()
    try {
      this.#forms.update(gids, [orderForm(this.#device, scratch, column!, 'min')], rows, groupCount, places)
    } finally {
      scratch.release()
    }
  }
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.update(gids, partial, rows, groupCount, noPlaces)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.resultColumns(arena, groupCount)
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    return this.#forms.resultColumns(arena, groupCount, of).map(form => fromForm(this.#device, arena, form, this.#type, true))
  }
  reset(): void {
    this.#forms.reset()
  }
  close(): void {
    this.#forms.close()
  }
}

/** [best key, any] per group. */
class ExtremeAccumulator extends ValueAccumulator {
  readonly #least: boolean
  readonly #type: DataType
  constructor(device: Device, least: boolean, type: DataType) {
    super(device, 16, least ? 2n ** 63n - 1n : -(2n ** 63n))
    this.#least = least
    this.#type = type
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.state
    const { kernels } = device
    const { values, validity, type } = column!
    const state = this.state.ensure(groupCount)
    const least = this.#least
    if (type.kind === 'int32' || type.kind === 'float64') {
      const best = type.kind === 'int32' ? (least ? kernels.minI32 : kernels.maxI32) : least ? kernels.minF64 : kernels.maxF64
      best(gids, values, validity, rows, state, groupCount)
      return
    }
    const arena = device.arena()
    try {
      const best = least ? kernels.minI64 : kernels.maxI64
      best(gids, keysOf(device, arena, column!), validity, rows, state, groupCount)
    } finally {
      arena.release()
    }
  }

  protected valueColumn(arena: Arena, state: number, groupCount: number): Column {
    return columnOfKeys(this.state.device, arena, this.#type, this.words(arena, state, groupCount), groupCount)
  }
}

/** [best decimal, any] per group. */
class DecimalExtremeAccumulator extends ValueAccumulator {
  readonly #least: boolean
  readonly #type: DataType
  constructor(device: Device, least: boolean, type: DataType) {
    super(device, 32)
    this.#least = least
    this.#type = type
  }
  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.state.device
    const best = this.#least ? kernels.minD128 : kernels.maxD128
    if (hasNarrow(column!) && rows >= 4 * groupCount) this.#updateNarrow(gids, column, rows, groupCount)
    else best(gids, column!.values, column!.validity, rows, this.state.ensure(groupCount))
  }

  // The best of these rows per group as words; then one decimal a group.
  #updateNarrow(gids: number, column: NarrowColumn, rows: number, groupCount: number): void {
    const { device } = this.state
    const arena = device.arena()
    const words = new ExtremeAccumulator(device, this.#least, int64)
    try {
      const values = wordsOfNarrow(device, arena, column)
      words.update(gids, [{ type: int64, length: rows, values, validity: column.validity }], rows, groupCount)
      const [found] = words.resultColumns(arena, groupCount)
      const best = narrowColumn(device, arena, { type: this.#type, length: groupCount, validity: found!.validity, narrow: { values: found!.values, bits: 64 } })
      const merge = this.#least ? device.kernels.minD128 : device.kernels.maxD128
      merge(rowNumbers(device, arena, groupCount), best.values, best.validity, groupCount, this.state.ensure(groupCount))
    } finally {
      words.close()
      arena.release()
    }
  }
  protected valueColumn(arena: Arena, state: number, groupCount: number): Column {
    const out = allocateColumn(arena, this.#type, groupCount)
    this.state.device.kernels.takeViews(state, groupCount, out.values)
    return out
  }
}
