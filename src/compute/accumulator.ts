// Aggregates by group number: the catalogue of functions, and which accumulator, types and states come of one over given columns.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { type DataType, rowCount64 } from '../batch/data-type.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import type { Field } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateOptions, AggregateSpec, AggregateType } from './aggregate-contract.ts'
import { countAggregate } from './count-accumulator.ts'
import { approxCountDistinctAggregate } from './sketch-accumulator.ts'
import { countDistinctAggregate, modeAggregate } from './distinct-accumulator.ts'
import { anyAggregate, everyAggregate, maxAggregate, minAggregate } from './extreme-accumulator.ts'
import { bitAndAggregate, bitOrAggregate, bitXorAggregate, productAggregate } from './fold-accumulator.ts'
import { listAggregate } from './list-accumulator.ts'
import { anyValueAggregate, argMaxAggregate, argMinAggregate, firstAggregate, lastAggregate } from './pick-accumulator.ts'
import { medianAggregate, quantileAggregate } from './quantile-accumulator.ts'
import { corrAggregate, covarianceAggregate, stddevAggregate, varianceAggregate } from './spread-accumulator.ts'
import { meanAggregate, sumAggregate } from './sum-accumulator.ts'
import { topKAggregate, topKByAggregate } from './top-accumulator.ts'

export type { Accumulator, AggregateOptions, AggregateSpec } from './aggregate-contract.ts'

const types: readonly AggregateType[] = [
  countAggregate,
  sumAggregate,
  meanAggregate,
  minAggregate,
  maxAggregate,
  anyAggregate,
  everyAggregate,
  varianceAggregate,
  stddevAggregate,
  corrAggregate,
  covarianceAggregate,
  medianAggregate,
  quantileAggregate,
  topKAggregate,
  topKByAggregate,
  countDistinctAggregate,
  approxCountDistinctAggregate,
  modeAggregate,
  listAggregate,
  firstAggregate,
  lastAggregate,
  anyValueAggregate,
  argMinAggregate,
  argMaxAggregate,
  productAggregate,
  bitAndAggregate,
  bitOrAggregate,
  bitXorAggregate,
]
const typeByFn = new Map(types.map(type => [type.fn, type]))

/** The aggregates' names. */
export const aggregateNames: readonly string[] = types.map(type => type.fn)

/** An aggregate by name. Throws PlanError AGGREGATE. */
export function aggregateOf(fn: string, where: string): AggregateType {
  const type = typeByFn.get(fn)
  if (!type) throw new PlanError('AGGREGATE', `${where}: no aggregate "${fn}"; there are ${aggregateNames.join(', ')}${didYouMean(fn, aggregateNames)}`)
  return type
}

/** An accumulator without groups. Throws PlanError AGGREGATE_TYPE where the function does not apply to the types, AGGREGATE_OPTION for wrong options. */
export function createAccumulator(device: Device, spec: AggregateSpec): Accumulator {
  return checked(spec).create(device, spec)
}

/** The type of an aggregate's result. Throws as `createAccumulator`. */
export function aggregateType(spec: AggregateSpec): DataType {
  return checked(spec).result(spec)
}

/** The fields of the state of an accumulator of `spec`, with names that begin with `name`. Throws as `createAccumulator`. */
export function partialFieldsOf(spec: AggregateSpec, name: string): Field[] {
  return checked(spec).partial(spec, name)
}

/** Whether an aggregate's result may be null, where its columns may (`ofNullable`) or there may be no rows. */
export function isNullable(fn: string, ofNullable: boolean): boolean {
  const nulls = typeByFn.get(fn)?.nulls
  return nulls === undefined ? ofNullable : nulls === 'always'
}

const countMark = '#'

/** The types that a spec reads, as text that `parseInputTypes` takes: states carry it in their columns' names. */
export function inputTypesText({ inputType, argTypes = [] }: AggregateSpec): string {
  return inputType ? [inputType, ...argTypes].map(type => typeName(type) + (type.kind === 'int64' && type.asNumber ? countMark : '')).join('\u0002') : ''
}

/** The inverse of `inputTypesText`. */
export function parseInputTypes(text: string): Pick<AggregateSpec, 'inputType' | 'argTypes'> {
  if (text === '') return {}
  const [inputType, ...argTypes] = text.split('\u0002').map(name => (name.endsWith(countMark) ? rowCount64 : parseType(name, 'state').type))
  return { inputType: inputType!, ...(argTypes.length > 0 && { argTypes }) }
}

function checked(spec: AggregateSpec): AggregateType {
  const { fn, inputType, argTypes = [], options, where } = spec
  const place = where ?? fn
  const type = aggregateOf(fn, place)
  checkOptions(type, options ?? {}, place)
  if (fn === 'count' && !inputType) return type
  const given = inputType ? [inputType, ...argTypes] : []
  if (given.length < type.inputs.length) throw new PlanError('AGGREGATE_TYPE', `${place}: ${fn} needs ${columns(type.inputs.length)}; write ${fn}('column')`)
  if (given.length > type.inputs.length) throw new PlanError('AGGREGATE_TYPE', `${place}: ${fn} takes ${columns(type.inputs.length)}; ${given.length} are given; leave out the rest`)
  given.forEach((input, i) => {
    const rule = type.inputs[i]!
    if (!rule.fits(input)) throw new PlanError('AGGREGATE_TYPE', `${place}: ${fn} does not apply to ${typeName(input)}; it takes ${rule.takes}`)
  })
  return type
}

function columns(count: number): string {
  return count === 1 ? 'a column' : `${count} columns`
}

function checkOptions(type: AggregateType, options: AggregateOptions, where: string): void {
  const known = type.options ?? []
  const unknown = Object.keys(options).find(name => !known.includes(name))
  if (unknown !== undefined)
    throw new PlanError('AGGREGATE_OPTION', `${where}: ${type.fn} has no option "${unknown}"; ${known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'}${didYouMean(unknown, known)}`)
  type.checkOptions?.(options, where)
}
