// variance and stddev of numbers, corr and covariance of pairs of them: one pass, numerically stable at any distance from 0 (kernels/spread.ts).
import { PlanError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, float64, isNumeric } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateOptions, AggregateType, InputRule, SomeGroups } from './aggregate-contract.ts'
import { andBits } from './bitmap.ts'
import { EntryState } from './entry-state.ts'
import { floatsOf } from './widen.ts'

const numbers: InputRule = { takes: 'numbers', fits: isNumeric }
const spreadWords = ['.count', '.mean', '.squares']
const pairWords = ['.count', '.x', '.y', '.xx', '.yy', '.xy']

function checkPopulation({ population }: AggregateOptions, where: string): void {
  if (population !== undefined && typeof population !== 'boolean')
    throw new PlanError('AGGREGATE_OPTION', `${where}: population is ${JSON.stringify(population)}; it is true, or false for a sample`)
}

function spread(fn: 'variance' | 'stddev'): AggregateType {
  return {
    fn,
    inputs: [numbers],
    nulls: 'always',
    options: ['population'],
    checkOptions: checkPopulation,
    result: () => float64,
    partial: (_, name) => spreadWords.map(word => ({ name: name + word, type: float64, nullable: false })),
    create: (device, { options }) => new SpreadAccumulator(device, options?.['population'] === true, fn === 'stddev'),
  }
}

/** The variance, of a sample unless `population`: null of fewer than two values (of a population: of none). */
export const varianceAggregate = spread('variance')
/** The root of the variance. */
export const stddevAggregate = spread('stddev')

function pairs(fn: 'corr' | 'covariance', options: readonly string[]): AggregateType {
  return {
    fn,
    inputs: [numbers, numbers],
    nulls: 'always',
    options,
    checkOptions: checkPopulation,
    result: () => float64,
    partial: (_, name) => pairWords.map(word => ({ name: name + word, type: float64, nullable: false })),
    create: (device, spec) => new PairAccumulator(device, fn, spec.options?.['population'] === true),
  }
}

/** Pearson's correlation of the rows where both are not null: null of fewer than two, or where either does not vary. */
export const corrAggregate = pairs('corr', [])
/** The covariance, of a sample unless `population`, of the rows where both are not null. */
export const covarianceAggregate = pairs('covariance', ['population'])

/** [count, shift, sums of distances and squares, with their rests] per group. */
class SpreadAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #population: boolean
  readonly #root: boolean
  constructor(device: Device, population: boolean, root: boolean) {
    this.#population = population
    this.#root = root
    this.#state = new EntryState(device, 64)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }
  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.#state
    const state = this.#state.ensure(groupCount)
    const arena = device.arena()
    try {
      device.kernels.addSpreadF64(gids, floatsOf(device, arena, column!), column!.validity, rows, state, groupCount)
    } finally {
      arena.release()
    }
  }
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    const [counts, means, squares] = partial.map(column => column.values)
    this.#state.device.kernels.mergeSpread(gids, counts!, means!, squares!, rows, this.#state.ensure(groupCount))
  }
  partialColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const out = spreadWords.map(() => allocateColumn(arena, float64, groupCount))
    const [counts, means, squares] = out.map(column => column.values)
    this.#state.device.kernels.takeSpread(this.#state.entries(arena, groups, of), groupCount, counts!, means!, squares!)
    return out
  }
  resultColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const [counts, , squares] = this.partialColumns(arena, groups, of)
    return [spreadColumn(this.#state.device, arena, counts!, squares!, groupCount, this.#population, this.#root)]
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}

function spreadColumn(device: Device, arena: Arena, counts: Column, squares: Column, groups: number, population: boolean, root: boolean): Column {
  const out = allocateColumn(arena, float64, groups)
  const validity = arena.allocate(bitmapBytes(groups))
  const some = device.kernels.spreadsF64(counts.values, squares.values, groups, population ? 0 : 1, root ? 1 : 0, out.values, validity)
  return { ...out, validity: some === groups ? 0 : validity }
}

/** As `SpreadAccumulator`, of pairs. */
class PairAccumulator implements Accumulator {
  readonly #state: EntryState
  readonly #fn: 'corr' | 'covariance'
  readonly #population: boolean
  constructor(device: Device, fn: 'corr' | 'covariance', population: boolean) {
    this.#fn = fn
    this.#population = population
    this.#state = new EntryState(device, 128)
  }
  get bytes(): number {
    return this.#state.memory.bytes
  }
  update(gids: number, [x, y]: readonly Column[], rows: number, groupCount: number): void {
    const { device } = this.#state
    const state = this.#state.ensure(groupCount)
    const arena = device.arena()
    try {
      const both = andBits(device, arena, x!.validity, y!.validity, rows)
      device.kernels.addPairsF64(gids, floatsOf(device, arena, x!), floatsOf(device, arena, y!), both, rows, state, groupCount)
    } finally {
      arena.release()
    }
  }
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    const [counts, x, y, xx, yy, xy] = partial.map(column => column.values)
    this.#state.device.kernels.mergePairs(gids, counts!, x!, y!, xx!, yy!, xy!, rows, this.#state.ensure(groupCount))
  }
  partialColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const out = pairWords.map(() => allocateColumn(arena, float64, groupCount))
    const [counts, x, y, xx, yy, xy] = out.map(column => column.values)
    this.#state.device.kernels.takePairs(this.#state.entries(arena, groups, of), groupCount, counts!, x!, y!, xx!, yy!, xy!)
    return out
  }
  resultColumns(arena: Arena, groups: number, of?: SomeGroups): Column[] {
    const groupCount = of?.rows ?? groups
    const { device } = this.#state
    const [counts, , , xx, yy, xy] = this.partialColumns(arena, groups, of)
    if (this.#fn === 'covariance') return [spreadColumn(device, arena, counts!, xy!, groupCount, this.#population, false)]
    const out = allocateColumn(arena, float64, groupCount)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = device.kernels.correlationsF64(counts!.values, xx!.values, yy!.values, xy!.values, groupCount, out.values, validity)
    return [{ ...out, validity: some === groupCount ? 0 : validity }]
  }
  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
  }
}
