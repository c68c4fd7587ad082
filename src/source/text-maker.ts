// The maker of texts around numbers, such as 'id%010d': the numbers come from a maker of integers. Few different ones make a dictionary first.
import { PlanError } from '../base/errors.ts'
import type { DataType } from '../batch/data-type.ts'
import { isInteger } from '../batch/data-type.ts'
import { parseType } from '../batch/type-name.ts'
import { type Place, sequenceColumn, textColumn, type TextPattern, uniformColumn, zipfColumn, zipfTable } from '../compute/generate.ts'
import type { Column } from '../batch/batch.ts'
import { type ColumnSpec, type MakerType, numbered, plainMakers, type Preparation, wrong } from './column-makers.ts'
import { numberOf } from './made-values.ts'

const int64: DataType = { kind: 'int64' }
const uint32: DataType = { kind: 'uint32' }
const widthMax = 256

/** Texts of a pattern with one place for a number. */
export const text: MakerType = {
  kind: 'text',
  types: 'utf8',
  takes: type => type.kind === 'utf8',
  check(spec, _type, rows, where) {
    if (patternOf(spec.pattern) === undefined) throw wrong(where, 'pattern', JSON.stringify(spec.pattern), `a text with one %d, such as 'id%010d' (%% for a percent sign, at most ${widthMax} wide)`)
    const of = innerOf(spec)
    const maker = plainMakers.find(type => type.kind === of?.maker)
    const type = of && maker ? parseType(of.type, where).type : undefined
    if (!of || !maker || !type || !isInteger(type) || type.kind === 'uint64' || !maker.takes(type)) throw new PlanError('GENERATE', `${where}: the numbers of a text come from ${of ? `${of.maker} of ${of.type}` : 'no maker'}; give a maker of integers, such as generate.sequence()`)
    if (of.nulls !== undefined) throw new PlanError('GENERATE', `${where}: the numbers of a text have nulls; give nulls to the text instead`)
    maker.check(of, type, rows, where)
  },
  prepare(preparation, spec, _type, seed) {
    const { device } = preparation
    const pattern = patternOf(spec.pattern)!
    const of = innerOf(spec)!
    const few = fewNumbers(preparation, of, seed)
    if (few) {
      const whole = { device, arena: preparation.arena, first: 0, rows: few.count }
      const dictionary = textColumn(device, preparation.arena, sequenceColumn(whole, int64, few.least, 1n), pattern)
      return place => numbered(place, dictionary, few.numbers(place).values)
    }
    const make = plainMakers.find(type => type.kind === of.maker)!.prepare(preparation, of, int64, seed)
    return place => textColumn(device, place.arena, make(place), pattern)
  },
  describe: spec => `text ${JSON.stringify(spec.pattern)} of ${plainMakers.find(type => type.kind === innerOf(spec)?.maker)?.describe(innerOf(spec)!) ?? 'nothing'}`,
}

// Numbers that repeat often enough within a split for their texts to be made once: how many there are, and their distance from the least.
function fewNumbers({ device, arena, splitRows }: Preparation, of: ColumnSpec, seed: bigint): { count: number; least: bigint; numbers: (place: Place) => Column } | undefined {
  const countMax = splitRows / 16
  if (of.maker === 'uniform') {
    const [min, max] = [numberOf(int64, of.min) as bigint, numberOf(int64, of.max, true) as bigint]
    if (max - min > countMax) return undefined
    return { count: Number(max - min), least: min, numbers: place => uniformColumn(place, uint32, seed, 0n, max - min) }
  }
  if (of.maker !== 'zipf' || (of.ranks as number) > countMax) return undefined
  const table = zipfTable(device, arena, of.exponent as number, of.ranks as number)
  return { count: of.ranks as number, least: 1n, numbers: place => zipfColumn(place, uint32, seed, of.exponent as number, of.ranks as number, 0n, table) }
}

function innerOf(spec: ColumnSpec): ColumnSpec | undefined {
  const { of } = spec
  return typeof of === 'object' && of !== null && !Array.isArray(of) ? { name: spec.name, ...(of as unknown as Omit<ColumnSpec, 'name'>) } as ColumnSpec : undefined
}

function patternOf(pattern: unknown): TextPattern | undefined {
  const match = typeof pattern === 'string' ? /^((?:[^%]|%%)*)%(0?)(\d*)d((?:[^%]|%%)*)$/s.exec(pattern) : null
  if (!match || Number(match[3]) > widthMax) return undefined
  const [head, tail] = [match[1]!.replaceAll('%%', '%'), match[4]!.replaceAll('%%', '%')]
  return { head, tail, width: Number(match[3]), zeros: match[2] === '0' }
}
