// min and max of numbers, times and bools. float64 is compared as ordered bits: NaN above every number, −0 below 0.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, type InputRule, noPlaces, type RowPlaces } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'
import { equalType, fromForm, orderForm } from './key-form.ts'
import { isOrdered } from './sort.ts'
import { TextExtremeAccumulator } from './text-extreme-accumulator.ts'

const shift = 4
const ordered: InputRule = { takes: 'what has an order: numbers, times, bools, texts and bytes', fits: isOrdered }

function extreme(fn: 'min' | 'max'): AggregateType {
  return {
    fn,
    inputs: [ordered],
    result: ({ inputType }) => inputType!,
    partial: ({ inputType }, name) => [{ name, type: inputType!, nullable: true }],
    create: (device, { inputType }) => {
      const form = inputType!.kind === 'timestamp' ? inputType! : equalType(inputType!)
      const inner = form.kind === 'utf8' || form.kind === 'binary' ? new TextExtremeAccumulator(device, fn, form) : new ExtremeAccumulator(device, fn, form)
      return form === inputType ? inner : new FormAccumulator(device, inner, inputType!)
    },
  }
}

/** The least value. */
export const minAggregate = extreme('min')
/** The greatest value. */
export const maxAggregate = extreme('max')

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
  resultColumns(arena: Arena, groupCount: number): Column[] {
    return this.#forms.resultColumns(arena, groupCount).map(form => fromForm(this.#device, arena, form, this.#type, true))
  }
  reset(): void {
    this.#forms.reset()
  }
  close(): void {
    this.#forms.close()
  }
}

/** [best, any] per group. */
class ExtremeAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #fn: 'min' | 'max'
  readonly #type: DataType
  constructor(device: Device, fn: 'min' | 'max', type: DataType) {
    this.#fn = fn
    this.#type = type
    this.#state = new EntryState(device, 16, [fn === 'min' ? 2n ** 63n - 1n : -(2n ** 63n), 0n])
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const { validity } = column!
    const least = this.#fn === 'min'
    const { kind } = this.#type
    let { values } = column!
    if (kind === 'bool') {
      values = this.#state.scratch(4 * rows)
      kernels.expandBits(column!.values, rows, values)
    }
    const state = this.#state.ensure(groupCount)
    if (kind === 'int32' || kind === 'bool') (least ? kernels.minI32 : kernels.maxI32)(gids, values, validity, rows, state)
    else if (kind === 'float64') (least ? kernels.minF64 : kernels.maxF64)(gids, values, validity, rows, state)
    else (least ? kernels.minI64 : kernels.maxI64)(gids, values, validity, rows, state)
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    this.update(gids, partial, rows, groupCount)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return this.resultColumns(arena, groupCount)
  }

  resultColumns(arena: Arena, groupCount: number): Column[] {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = kernels.maskWords(state + 8, groupCount, shift, validity)
    const out = allocateColumn(arena, this.#type, groupCount)
    const { kind } = this.#type
    if (kind === 'float64') kernels.takeOrderedF64(state, groupCount, shift, out.values)
    else if (kind === 'int32' || kind === 'bool') {
      const words = arena.allocate(8 * groupCount)
      kernels.takeWords(state, groupCount, shift, words)
      if (kind === 'bool') kernels.packWords(words, groupCount, out.values)
      else kernels.narrowI64(words, groupCount, out.values)
    } else kernels.takeWords(state, groupCount, shift, out.values)
    return [{ ...out, validity: some === groupCount ? 0 : validity }]
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}
