// median and quantile, exact: all values are kept, and selected from at the end. Between two values they are linear. Of integers and decimals the
// result is float64, of times and durations one of these, rounded.
import { PlanError } from '../base/errors.ts'
import { type Column, allocateColumn } from '../batch/batch.ts'
import { binary, bitmapBytes, type DataType, float64, isFloat, isNumeric } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateOptions, AggregateSpec, AggregateType, InputRule, SomeGroups } from './aggregate-contract.ts'
import { gathered } from './gather.ts'
import { DigestAccumulator } from './digest-accumulator.ts'
import { KeyLog, runColumn } from './key-log.ts'
import { columnOfKeys, floatsOf, hasKeys, keysOf } from './widen.ts'

const measured: InputRule = { takes: 'numbers, times and durations', fits: type => isNumeric(type) || (hasKeys(type) && type.kind !== 'bool') }

/** The value in the middle. */
export const medianAggregate: AggregateType = {
  fn: 'median',
  inputs: [measured],
  result: ({ inputType }) => quantileType(inputType!),
  partial: (_, name) => [{ name: `${name}.values`, type: binary, nullable: false }],
  create: (device, { inputType }) => new QuantileAccumulator(device, inputType!, 0.5),
}

/** The value below which a share `q` of the values lies; with `approximate` about. */
export const quantileAggregate: AggregateType = {
  fn: 'quantile',
  inputs: [measured],
  options: ['q', 'approximate'],
  checkOptions({ q, approximate }: AggregateOptions, where: string) {
    shareOf(q, where)
    if (approximate !== undefined && typeof approximate !== 'boolean')
      throw new PlanError('AGGREGATE_OPTION', `${where}: approximate is ${JSON.stringify(approximate)}; it is true or false`)
  },
  result: ({ inputType }) => quantileType(inputType!),
  partial: (spec, name) => [{ name: `${name}.${isApproximate(spec) ? 'digest' : 'values'}`, type: binary, nullable: false }],
  create(device, spec) {
    const q = shareOf(spec.options?.['q'], spec.where ?? 'quantile')
    return isApproximate(spec) ? new DigestAccumulator(device, q) : new QuantileAccumulator(device, spec.inputType!, q)
  },
}

// Times are always exact: there is no digest of them.
function isApproximate({ options, inputType }: AggregateSpec): boolean {
  return options?.['approximate'] === true && isNumeric(inputType!)
}

function shareOf(q: unknown, where: string): number {
  if (typeof q !== 'number' || !(q >= 0 && q <= 1)) throw new PlanError('QUANTILE', `${where}: the quantile ${JSON.stringify(q)} is outside of 0 to 1; the median is 0.5`)
  return q
}

function quantileType(type: DataType): DataType {
  return isNumeric(type) ? float64 : type
}

/** A log of all values. */
class QuantileAccumulator implements Accumulator {
  readonly #log: KeyLog
  readonly #type: DataType
  readonly #q: number
  constructor(device: Device, type: DataType, q: number) {
    this.#log = new KeyLog(device)
    this.#type = type
    this.#q = q
  }
  get bytes(): number {
    return this.#log.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, _groupCount: number): void {
    const { device } = this.#log
    const arena = device.arena()
    try {
      this.#log.append(gids, this.#keys(arena, column!), column!.validity, rows)
    } finally {
      arena.release()
    }
  }

  // Decimals are compared as float64.
  #keys(arena: Arena, column: Column): number {
    const { device } = this.#log
    if (column.type.kind !== 'decimal') return keysOf(device, arena, column)
    return keysOf(device, arena, { type: float64, length: column.length, values: floatsOf(device, arena, column), validity: 0 })
  }

  merge(gids: number, [runs]: readonly Column[], rows: number): void {
    this.#log.appendRuns(gids, runs!, rows)
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return [runColumn(this.#log.device, arena, this.#log.runs(arena, groupCount), groupCount)]
  }

  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (of) return gathered(this.#log.device, arena, this.resultColumns(arena, groupCount), of)
    const { device } = this.#log
    const { kernels } = device
    const scratch = device.arena()
    try {
      const { keys, offsets } = this.#log.runs(scratch, groupCount)
      const [lows, highs, shares] = [0, 0, 0].map(() => scratch.allocate(8 * groupCount)) as [number, number, number]
      kernels.selectQuantiles(keys, offsets, groupCount, this.#q, lows, highs, shares)
      const out = allocateColumn(arena, this.#type.kind === 'date' ? { kind: 'int64' } : quantileType(this.#type), groupCount)
      if (isNumeric(this.#type)) {
        const ends = [lows, highs].map(at => this.#floats(scratch, at, groupCount))
        kernels.betweenF64(ends[0]!, ends[1]!, shares, groupCount, out.values)
      } else kernels.betweenI64(lows, highs, shares, groupCount, out.values)
      const validity = arena.allocate(bitmapBytes(groupCount))
      const some = kernels.maskRuns(offsets, groupCount, validity)
      const result = this.#type.kind === 'date' ? columnOfKeys(device, arena, this.#type, out.values, groupCount) : out
      return [{ ...result, validity: some === groupCount ? 0 : validity }]
    } finally {
      scratch.release()
    }
  }

  #floats(arena: Arena, keys: number, rows: number): number {
    const { device } = this.#log
    const type: DataType = isFloat(this.#type) || this.#type.kind === 'decimal' ? float64 : this.#type.kind === 'uint64' ? this.#type : { kind: 'int64' }
    return floatsOf(device, arena, columnOfKeys(device, arena, type, keys, rows))
  }
  reset(): void {
    this.#log.reset()
  }
  close(): void {
    this.#log.close()
  }
}
