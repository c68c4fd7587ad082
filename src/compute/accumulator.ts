// Aggregates by group number: which accumulator does a function over a type, and which types and states come of it.
import { PlanError } from '../base/errors.ts'
import { type DataType, float64, int64, isNumeric, rowCount64 } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Field } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import type { Accumulator, AggregateFunction, AggregateSpec } from './aggregate-contract.ts'
import { CountAccumulator, countFields } from './count-accumulator.ts'
import { ExtremeAccumulator } from './extreme-accumulator.ts'
import { SumAccumulator, sumFields } from './sum-accumulator.ts'
import { TextExtremeAccumulator } from './text-extreme-accumulator.ts'

export type { Accumulator, AggregateFunction, AggregateSpec } from './aggregate-contract.ts'

/** An accumulator without groups. Throws PlanError AGGREGATE_TYPE where the function does not apply to the type. */
export function createAccumulator(device: Device, spec: AggregateSpec): Accumulator {
  const type = aggregateInput(spec)
  if (spec.fn === 'count') return new CountAccumulator(device)
  if (spec.fn === 'sum' || spec.fn === 'mean') return new SumAccumulator(device, spec.fn, type!, spec.where ?? spec.fn)
  return type!.kind === 'utf8' || type!.kind === 'binary' ? new TextExtremeAccumulator(device, spec.fn, type!) : new ExtremeAccumulator(device, spec.fn, type!)
}

/** The type of an aggregate's result: count int64, a number to rows; sum int64 or float64; mean float64; min, max the input's. Throws as `createAccumulator`. */
export function aggregateType(spec: AggregateSpec): DataType {
  const type = aggregateInput(spec)
  if (spec.fn === 'count') return rowCount64
  if (spec.fn === 'mean') return float64
  return spec.fn === 'sum' && type!.kind !== 'float64' ? int64 : type!
}

/** The fields of the state of an accumulator of `spec`, as its `partialFields`. Throws as `createAccumulator`. */
export function partialFieldsOf(spec: AggregateSpec, name: string): Field[] {
  const type = aggregateInput(spec)
  if (spec.fn === 'count') return countFields(name)
  if (spec.fn === 'sum' || spec.fn === 'mean') return sumFields(type!, name)
  return [{ name, type: type!, nullable: true }]
}

/** The spec of an accumulator that can take the state in `fields`, which `partialFields(name)` of one of `fn` gave. */
export function specOfPartial(fn: AggregateFunction, name: string, fields: readonly Field[], where?: string): AggregateSpec {
  const field = (suffix: string) => fields.find(f => f.name === name + suffix)
  const place = where === undefined ? {} : { where }
  if (fn === 'count') return { fn, ...place }
  if (fn === 'min' || fn === 'max') return { fn, inputType: field('')!.type, ...place }
  return { fn, inputType: field('.high') ? int64 : field('.sum')!.type.kind === 'float64' ? float64 : { kind: 'int32' }, ...place }
}

function aggregateInput({ fn, inputType, where }: AggregateSpec): DataType | undefined {
  if (fn === 'count') return inputType
  if (!inputType) throw new PlanError('AGGREGATE_TYPE', `${where ?? fn}: ${fn} needs a column; write ${fn}('column')`)
  if ((fn === 'sum' || fn === 'mean') && !isNumeric(inputType))
    throw new PlanError('AGGREGATE_TYPE', `${where ?? fn}: ${fn} does not apply to ${typeName(inputType)}; it takes int32, int64 and float64`)
  return inputType
}
