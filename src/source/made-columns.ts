// One column of made-up rows: its description as plain data is checked here, named for `explain`, and made ready to be filled batch by batch.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { Column } from '../batch/batch.ts'
import { layoutOf } from '../batch/data-type.ts'
import { type Field, isHidden } from '../batch/schema.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import { chanceBits, clearViews, type Place, seedOf } from '../compute/generate.ts'
import { type ColumnSpec, type MakerType, plainMakers, type Preparation } from './column-makers.ts'
import { text } from './text-maker.ts'

/** Every maker. A new one is its entry in column-makers.ts or a file, and its place here. */
const makerTypes: readonly MakerType[] = [...plainMakers, text]

/** The field of a column. Throws PlanError GENERATE naming the column and what of it is wrong. */
export function checkColumn(spec: ColumnSpec, rows: number, where: string): Field {
  const place = `${where}, column "${spec.name}"`
  if (isHidden(spec.name)) throw new PlanError('HIDDEN_NAME', `${place}: names that begin with $ are Millrace's own; rename it`)
  const maker = makerTypes.find(type => type.kind === spec.maker)
  if (!maker) {
    const names = makerTypes.map(type => type.kind)
    throw new PlanError('GENERATE', `${place}: ${spec.maker === undefined ? 'no maker of columns given' : `no maker "${spec.maker}"`}; there are ${names.join(', ')}${didYouMean(String(spec.maker), names)}`)
  }
  const { type, nullable } = parseType(spec.type, place)
  const { nulls = 0 } = spec
  if (typeof nulls !== 'number' || !(nulls >= 0 && nulls <= 1)) throw new PlanError('GENERATE', `${place}: nulls is ${nulls}; give the share of nulls, from 0 to 1`)
  if (nullable) throw new PlanError('GENERATE', `${place}: type is ${spec.type}; give '${typeName(type)}' and the share of nulls, such as nulls: 0.1`)
  if (!maker.takes(type)) throw new PlanError('GENERATE', `${place}: ${spec.maker} makes no ${typeName(type)}; it makes ${maker.types}`)
  maker.check(spec, type, rows, place)
  return { name: spec.name, type, nullable: spec.nulls !== undefined }
}

/** The function that makes rows of a column. */
export function prepareColumn(preparation: Preparation, spec: ColumnSpec, { type }: Field): (place: Place) => Column {
  const { device, seed } = preparation
  const maker = makerTypes.find(m => m.kind === spec.maker)!
  const make = maker.prepare(preparation, spec, type, seedOf(seed, spec.name))
  const { nulls } = spec
  if (nulls === undefined) return make
  const nullSeed = seedOf(seed, spec.name, 'nulls')
  return place => {
    const validity = chanceBits(place, nullSeed, 1 - nulls)
    const column = make(place)
    if (layoutOf(type) === 'view') clearViews(device, column, validity)
    return { ...column, validity }
  }
}

/** A column as `explain` shows it. */
export function describeColumn(spec: ColumnSpec): string {
  const maker = makerTypes.find(m => m.kind === spec.maker)
  return `${spec.name} ${maker ? maker.describe(spec) : spec.maker}${spec.nulls === undefined ? '' : `, nulls ${spec.nulls}`}`
}
