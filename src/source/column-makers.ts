// The makers of made-up columns, by name: which types each makes, what it takes and what is wrong with it, and how its columns are filled.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Column, sliceColumn } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { type DataType, isInteger, isNested } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { aliasNumbers, aliasTable, chanceColumn, evenNumbers, normalColumn, type Place, sequenceColumn, uniformColumn, zipfColumn, zipfTable } from '../compute/generate.ts'
import { gatherColumn } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { fitsType, numberOf, stepOf, valueOf } from './made-values.ts'

/** How a column is made: the maker's name, its type, the share of nulls, and what that maker takes. */
export interface ColumnSpec {
  readonly name: string
  readonly maker: string
  readonly type: string
  readonly nulls?: number
  readonly [key: string]: Json | undefined
}

/** What all batches of a reader share while they are made. */
export interface Preparation {
  readonly device: Device
  /** Outlives every batch that is made. */
  readonly arena: Arena
  readonly seed: number
  readonly splitRows: number
  readonly batchRows: number
}

/** A maker. `spec` is checked before anything is prepared. */
export interface MakerType {
  readonly kind: string
  /** What `takes` takes, in words. */
  readonly types: string
  takes(type: DataType): boolean
  /** Throws PlanError GENERATE. */
  check(spec: ColumnSpec, type: DataType, rows: number, where: string): void
  /** The function that fills rows; without nulls. `seed` is the column's. */
  prepare(preparation: Preparation, spec: ColumnSpec, type: DataType, seed: bigint): (place: Place) => Column
  describe(spec: ColumnSpec): string
}

/** The error of a maker that was told something wrong. */
export function wrong(where: string, what: string, found: unknown, wanted: string): PlanError {
  return new PlanError('GENERATE', `${where}: ${what} is ${typeof found === 'object' ? JSON.stringify(found) : found}; give ${wanted}`)
}

/** Types whose values are counted: integers, decimals of up to 18 digits, dates and times, and floats. */
export function isCounted(type: DataType): boolean {
  if (type.kind === 'decimal') return type.precision <= 18
  return isInteger(type) || type.kind === 'float32' || type.kind === 'float64' || type.kind === 'date' || type.kind === 'time' || type.kind === 'timestamp' || type.kind === 'duration'
}
const countedTypes = 'integers, float32, float64, decimals of up to 18 digits, dates, times, timestamps and durations'

const sequence: MakerType = {
  kind: 'sequence',
  types: countedTypes,
  takes: isCounted,
  check(spec, type, rows, where) {
    const start = numberOf(type, spec.start)
    if (start === undefined) throw wrong(where, 'start', spec.start, `a ${typeName(type)}`)
    const step = stepOf(type, spec.step)
    if (step === undefined) throw wrong(where, 'step', spec.step, `what can be added to a ${typeName(type)}`)
    if (typeof start === 'number' || rows === 0) return
    const last = start + BigInt(step) * BigInt(rows - 1)
    if (!fitsType(type, last)) throw new PlanError('GENERATE', `${where}: the last of ${rows} values is beyond ${typeName(type)}; give fewer rows, a smaller step or a wider type`)
  },
  prepare(_, spec, type) {
    const [start, step] = [numberOf(type, spec.start)!, stepOf(type, spec.step)!]
    return place => sequenceColumn(place, type, start, step)
  },
  describe: ({ type, start, step }) => `sequence ${type} from ${start} by ${step}`,
}

const uniform: MakerType = {
  kind: 'uniform',
  types: countedTypes,
  takes: isCounted,
  check(spec, type, _rows, where) {
    const [min, max] = [boundOf(spec, 'min', type, where), boundOf(spec, 'max', type, where)]
    if (!(min < max)) throw new PlanError('GENERATE', `${where}: min is ${spec.min} and max ${spec.max}; give a max above min, which it never reaches`)
    if (typeof min === 'number' && !Number.isFinite(Number(max) - min)) throw wrong(where, 'the range', `${spec.min} to ${spec.max}`, 'finite bounds less than 1.79e308 apart')
    if (type.kind === 'float32' && !someFloat32(min as number, max as number)) throw wrong(where, 'the range', `${spec.min} to ${spec.max}`, 'bounds with a float32 between them')
  },
  prepare(_, spec, type, seed) {
    const [min, max] = [boundOf(spec, 'min', type, ''), boundOf(spec, 'max', type, '')]
    return place => uniformColumn(place, type, seed, min, max)
  },
  describe: ({ type, min, max }) => `uniform ${type} in [${min}, ${max})`,
}

// One beyond the greatest value is a bound, too.
function boundOf(spec: ColumnSpec, name: 'min' | 'max', type: DataType, where: string): bigint | number {
  const value = numberOf(type, spec[name], name === 'max')
  if (value === undefined || Number.isNaN(value)) throw wrong(where, name, spec[name], `a ${typeName(type)}`)
  return value
}

function someFloat32(min: number, max: number): boolean {
  const least = Math.fround(min)
  return least < max && (least >= min || Math.fround(max) > least) && Math.abs(max) <= 2 ** 128
}

const normal: MakerType = {
  kind: 'normal',
  types: 'float32 and float64',
  takes: type => type.kind === 'float32' || type.kind === 'float64',
  check({ mean, deviation }, _type, _rows, where) {
    if (typeof mean !== 'number' || !Number.isFinite(mean)) throw wrong(where, 'mean', mean, 'a finite number')
    if (typeof deviation !== 'number' || !(deviation >= 0) || !Number.isFinite(deviation)) throw wrong(where, 'deviation', deviation, 'a finite number, 0 or more')
  },
  prepare: (_, spec, type, seed) => place => normalColumn(place, type, seed, spec.mean as number, spec.deviation as number),
  describe: ({ type, mean, deviation }) => `normal ${type} around ${mean} by ${deviation}`,
}

const zipf: MakerType = {
  kind: 'zipf',
  types: 'integers',
  takes: isInteger,
  check({ ranks, exponent }, type, _rows, where) {
    if (typeof ranks !== 'number' || !Number.isSafeInteger(ranks) || ranks < 1) throw wrong(where, 'ranks', ranks, 'a whole number of ranks, 1 or more')
    if (!fitsType(type, BigInt(ranks))) throw wrong(where, 'ranks', ranks, `ranks that are ${typeName(type)}`)
    if (typeof exponent !== 'number' || !(exponent > 0 && exponent <= 100)) throw wrong(where, 'exponent', exponent, 'a number above 0, up to 100')
  },
  prepare({ device, arena }, spec, type, seed) {
    const [ranks, exponent] = [spec.ranks as number, spec.exponent as number]
    const table = zipfTable(device, arena, exponent, ranks)
    return place => zipfColumn(place, type, seed, exponent, ranks, 1n, table)
  },
  describe: ({ type, ranks, exponent }) => `zipf ${type} of ${ranks} ranks by ${exponent}`,
}

const chance: MakerType = {
  kind: 'chance',
  types: 'bool',
  takes: type => type.kind === 'bool',
  check({ probability }, _type, _rows, where) {
    if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) throw wrong(where, 'probability', probability, 'a number from 0 to 1')
  },
  prepare: (_, spec, _type, seed) => place => chanceColumn(place, seed, spec.probability as number),
  describe: ({ probability }) => `true by ${probability}`,
}

const valueTypes = 'bool, numbers, decimals, utf8, dates, times, timestamps and durations'
const isValued = (type: DataType) => !isNested(type) && !['null', 'binary', 'fixedBinary', 'interval'].includes(type.kind)

const constant: MakerType = {
  kind: 'constant',
  types: valueTypes,
  takes: isValued,
  check({ value }, type, _rows, where) {
    if (valueOf(type, value) === undefined) throw wrong(where, 'value', value, `a ${typeName(type)}`)
  },
  prepare({ device, arena, batchRows }, spec, type) {
    const one = dictionaryOf(device, arena, type, [spec.value])
    // Nulls are written into the views of a batch, so those can't be shared.
    if (spec.nulls !== undefined) return place => numbered(place, one, place.arena.allocateZeroed(4 * place.rows))
    const all = numbered({ device, arena, rows: batchRows }, one, arena.allocateZeroed(4 * batchRows))
    return ({ rows }) => sliceColumn(all, 0, rows)
  },
  describe: ({ type, value }) => `constant ${type} ${JSON.stringify(value)}`,
}

const choice: MakerType = {
  kind: 'choice',
  types: valueTypes,
  takes: isValued,
  check({ values, weights }, type, _rows, where) {
    if (!Array.isArray(values) || values.length === 0) throw wrong(where, 'values', values, 'at least one value to choose from')
    values.forEach((value, i) => {
      if (valueOf(type, value) === undefined) throw wrong(where, `values[${i}]`, value, `a ${typeName(type)}`)
    })
    if (weights === undefined) return
    if (!Array.isArray(weights) || weights.length !== values.length) throw new PlanError('GENERATE', `${where}: ${values.length} values and ${Array.isArray(weights) ? weights.length : 'no list of'} weights; give a weight for each value`)
    if (weights.some(weight => typeof weight !== 'number' || !(weight >= 0) || !Number.isFinite(weight)) || !weights.some(weight => (weight as number) > 0)) {
      throw wrong(where, 'weights', weights, 'finite numbers, 0 or more, one of them above 0')
    }
  },
  prepare({ device, arena }, spec, type, seed) {
    const given = spec.values as readonly Json[]
    const weightOf = new Map<Json, number>()
    given.forEach((value, i) => weightOf.set(value, (weightOf.get(value) ?? 0) + (spec.weights === undefined ? 1 : (spec.weights as number[])[i]!)))
    const dictionary = dictionaryOf(device, arena, type, [...weightOf.keys()])
    if (spec.weights === undefined && weightOf.size === given.length) return place => numbered(place, dictionary, evenNumbers(place, seed, given.length))
    const table = aliasTable(device, arena, [...weightOf.values()])
    return place => numbered(place, dictionary, aliasNumbers(place, seed, table, weightOf.size))
  },
  describe: ({ type, values, weights }) => `choice of ${(values as Json[]).length} ${type}${weights === undefined ? '' : ' by weight'}`,
}

function dictionaryOf(device: Device, arena: Arena, type: DataType, values: readonly (Json | undefined)[]): Column {
  return buildColumn(device, arena, { name: 'value', type, nullable: false }, values.map(value => valueOf(type, value)), 'generate')
}

/** Values of a dictionary by the u32 at `numbers`; texts keep them as their codes. */
export function numbered({ device, arena, rows }: Omit<Place, 'first'>, dictionary: Column, numbers: number): Column {
  const column = gatherColumn(device, arena, dictionary, numbers, rows)
  return dictionary.type.kind === 'utf8' ? { ...column, codes: { values: numbers, dictionary } } : column
}

/** Every maker but those made of another's column. */
export const plainMakers: readonly MakerType[] = [sequence, constant, uniform, normal, zipf, choice, chance]
