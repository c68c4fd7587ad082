// sum and mean. Whole numbers, decimals and durations are summed exactly at any size on the way; only the result must fit. Floats are summed with
// what rounding loses kept beside, so that the order of rows doesn't show within 1e-12.
import { DataError, PlanError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, int64, isFloat, isInteger, isNumeric } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateOptions, AggregateType, InputRule, SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'
import { floatsOf, wordsOf } from './widen.ts'

const uint64: DataType = { kind: 'uint64' }
const summable: InputRule = { takes: 'numbers and durations', fits: type => isNumeric(type) || type.kind === 'duration' }
const averaged: InputRule = { takes: 'numbers, times and durations', fits: type => summable.fits(type) || type.kind === 'time' || type.kind === 'timestamp' }

/** The sum: int64 of signed integers, uint64 of unsigned ones, decimal(38, s) of decimals, durations of durations, exact; float64 of floats. */
export const sumAggregate: AggregateType = {
  fn: 'sum',
  inputs: [summable],
  options: ['overflow'],
  checkOptions({ overflow }: AggregateOptions, where: string) {
    if (overflow !== undefined && overflow !== 'error' && overflow !== 'wrap')
      throw new PlanError('AGGREGATE_OPTION', `${where}: overflow is ${JSON.stringify(overflow)}; it is 'error' or 'wrap'`)
  },
  result: ({ inputType }) => sumType(inputType!),
  partial: ({ inputType }, name) => sumFields(inputType!, name),
  create(device, { inputType, options, where = 'sum' }) {
    if (options?.overflow === 'wrap' && inputType!.kind === 'decimal')
      throw new PlanError('AGGREGATE_OPTION', `${where}: decimals don't wrap; leave overflow out, or cast the column to int64 or float64 before summing`)
    return new SumAccumulator(device, 'sum', inputType!, where, options?.overflow === 'wrap')
  },
}

/** The mean: float64; of times and durations one of these, rounded. */
export const meanAggregate: AggregateType = {
  fn: 'mean',
  inputs: [averaged],
  result: ({ inputType }) => (isNumeric(inputType!) ? float64 : inputType!),
  partial: ({ inputType }, name) => sumFields(inputType!, name),
  create: (device, { inputType, where }) => new SumAccumulator(device, 'mean', inputType!, where ?? 'mean', false),
}

type Form = 'narrow' | 'wide' | 'unsigned' | 'decimal' | 'float'

// How values are summed: in one word; as halves, signed or not; in three words; with the rest beside.
function formOf(type: DataType): Form {
  if (type.kind === 'decimal') return 'decimal'
  if (isFloat(type)) return 'float'
  if (type.kind === 'uint64') return 'unsigned'
  return isInteger(type) && type.kind !== 'int64' ? 'narrow' : 'wide'
}

function sumType(type: DataType): DataType {
  if (type.kind === 'decimal') return { kind: 'decimal', precision: 38, scale: type.scale }
  if (isFloat(type)) return float64
  if (!isInteger(type)) return type
  return type.kind.startsWith('u') ? uint64 : int64
}

// The state as fields; see the entries in kernels/aggregate.ts and sums.ts.
function sumFields(input: DataType, name: string): Field[] {
  const field = (suffix: string, type: DataType) => ({ name: name + suffix, type, nullable: false })
  switch (formOf(input)) {
    case 'narrow':
      return [field('.sum', int64), field('.count', int64)]
    case 'wide':
    case 'unsigned':
      return [field('.low', int64), field('.high', int64), field('.count', int64)]
    case 'decimal':
      return [field('.low', int64), field('.middle', int64), field('.high', int64), field('.count', int64)]
    case 'float':
      return [field('.sum', float64), field('.rest', float64), field('.count', float64)]
  }
}

/** Up to this many groups, rows are dealt to four banks so that they don't wait for each other's stores. */
const bankedGroupsMax = 32

/** A sum and a count per group. */
class SumAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #fn: 'sum' | 'mean'
  readonly #type: DataType
  readonly #form: Form
  readonly #shift: number
  readonly #where: string
  readonly #wraps: boolean
  constructor(device: Device, fn: 'sum' | 'mean', type: DataType, where: string, wraps: boolean) {
    this.#fn = fn
    this.#type = type
    this.#form = formOf(type)
    this.#shift = this.#form === 'narrow' ? 4 : 5
    this.#where = where
    this.#wraps = wraps
    this.#state = new EntryState(device, 1 << this.#shift)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.#state
    const { kernels } = device
    const { validity, type, narrow } = column!
    const state = this.#state.ensure(groupCount)
    const banked = groupCount <= bankedGroupsMax && rows >= 8 * groupCount
    const banks = banked ? this.#state.scratch((4 << this.#shift) * groupCount) : 0
    if (narrow) return kernels.sumNarrow(gids, narrow.values, narrow.bits, validity, rows, state, banks, groupCount)
    if (this.#form === 'decimal') return kernels.sumD128(gids, column!.values, validity, rows, state)
    const arena = device.arena()
    try {
      if (this.#form === 'float') kernels.sumF64(gids, floatsOf(device, arena, column!), validity, rows, state, banks, groupCount)
      else if (type.kind === 'int32') kernels.sumI32(gids, column!.values, validity, rows, state, banks, groupCount)
      else if (this.#form === 'narrow') this.#addNarrow(gids, arena, column!, rows, state, banks, groupCount)
      else if (this.#form === 'unsigned') kernels.sumU64(gids, column!.values, validity, rows, state)
      else kernels.sumI64(gids, wordsOf(device, arena, column!), validity, rows, state)
    } finally {
      arena.release()
    }
  }

  #addNarrow(gids: number, arena: Arena, { type, values, validity }: Column, rows: number, state: number, banks: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const out = arena.allocate(8 * rows)
    if (type.kind === 'uint32') {
      kernels.widenU32(values, rows, out)
      return kernels.sumWords(gids, out, validity, rows, state)
    }
    const widen = { int8: kernels.widenI8, uint8: kernels.widenU8, int16: kernels.widenI16, uint16: kernels.widenU16 }[type.kind as 'int8']
    widen(values, rows, out)
    kernels.sumI32(gids, out, validity, rows, state, banks, groupCount)
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const [a, b, c, d] = partial.map(column => column.values)
    if (this.#form === 'float') return kernels.mergeSumsF64(gids, a!, b!, c!, rows, state)
    if (this.#form === 'decimal') return kernels.mergeSumsD128(gids, a!, b!, c!, d!, rows, state)
    partial.forEach((column, word) => kernels.addWordsI64(gids, column.values, rows, state + 8 * word, this.#shift))
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const state = this.#state.ensure(groupCount)
    return sumFields(this.#type, '').map((field, word) => {
      const out = allocateColumn(arena, field.type, groupCount)
      this.#state.device.kernels.takeWords(state + 8 * word, groupCount, this.#shift, out.values)
      return out
    })
  }

  resultColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const { kernels } = this.#state.device
    const state = this.#state.entries(arena, groups, of)
    const counts = state + { narrow: 8, float: 16, wide: 16, unsigned: 16, decimal: 24 }[this.#form]
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = kernels.maskWords(counts, groupCount, this.#shift, validity)
    const mean = this.#fn === 'mean'
    const type = mean ? meanAggregate.result({ fn: 'mean', inputType: this.#type }) : sumType(this.#type)
    const out = allocateColumn(arena, type, groupCount)
    if (this.#form === 'float') kernels.totalsF64(state, groupCount, mean ? 1 : 0, out.values)
    else if (mean) this.#means(state, counts, groupCount, out)
    else if (this.#sums(state, groupCount, out) >= 0 && !this.#wraps) throw this.#overflow()
    return [{ ...out, validity: some === groupCount ? 0 : validity }]
  }

  #means(state: number, counts: number, groupCount: number, out: Column): void {
    const { kernels } = this.#state.device
    if (this.#form === 'narrow') kernels.meansI64(state, 4, counts, 4, groupCount, out.values)
    else if (this.#form === 'decimal') kernels.meansD128(state, groupCount, 10 ** (this.#type as { scale: number }).scale, out.values)
    else if (out.type.kind !== 'float64') kernels.meansRounded(state, groupCount, out.values)
    else kernels.meansWide(state, groupCount, out.values)
  }

  // The first group whose sum does not fit, or −1.
  #sums(state: number, groupCount: number, out: Column): number {
    const { kernels } = this.#state.device
    if (this.#form === 'decimal') return kernels.sumsD128(state, groupCount, out.values)
    if (this.#form === 'unsigned') return kernels.sumsWideU64(state, groupCount, out.values)
    if (this.#form === 'wide') return kernels.sumsWide(state, groupCount, out.values)
    kernels.takeWords(state, groupCount, 4, out.values)
    return -1
  }

  #overflow(): DataError {
    const type = sumType(this.#type)
    const limit = type.kind === 'decimal' ? '38 digits' : type.kind === 'uint64' ? '2^64' : '2^63'
    const fix = type.kind === 'decimal' ? 'cast the column to float64' : `give { overflow: 'wrap' }, or cast the column to float64 or decimal(38, 0)`
    return new DataError('SUM_OVERFLOW', `${this.#where}: the sum does not fit ${article(typeName(type))}; the values of a group add up to more than ${limit}; ${fix} before summing`)
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}

function article(name: string): string {
  return /^[aeio]/.test(name) ? `an ${name}` : `a ${name}`
}
