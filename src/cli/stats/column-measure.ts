// What of a column's values a histogram counts: the numbers themselves, times as counts of their unit, lengths of what has one.
import { type DataType, isFloat, isInteger } from '../../batch/data-type.ts'
import { formatSpan } from '../../batch/duration-text.ts'
import { formatDay, formatTime, unitsPerSecond } from '../../batch/time-text.ts'
import { formatTimestamp } from '../../batch/timestamp-text.ts'
import { callExpression, columnExpression, type Expression } from '../../expr/expression.ts'
import { ExprValue } from '../../frame/expr.ts'
import type { AnyExpr } from '../../frame/resolve-types.ts'
import { type BinEdges, calendarEdges, clockEdges, numberEdges, wholeEdges } from './bin-edges.ts'

/** A measure of a column's values. */
export interface Measure {
  /** What is counted: values themselves, or lengths, in these units. */
  readonly of: 'value' | 'characters' | 'bytes' | 'items'
  /** The measure of a row; null where the row is. Of floats it may be no finite number, which has no place among the others. */
  readonly value: Expression
  readonly isFloat: boolean
  /** Edges from the least to the greatest measure. */
  edges(least: number | bigint, greatest: number | bigint, bins: number): BinEdges<number | bigint>
  /** An edge as JSON has it: as `min` and `max` are told. */
  text(edge: number | bigint): string
}

const call = callExpression
const daySeconds = 86_400n

/** An expression as aggregates take it. */
export function exprOf(expression: Expression): AnyExpr {
  return new ExprValue(expression) as unknown as AnyExpr
}

/** The measure of a column; undefined of types without one: booleans, which have two values, structs, intervals. */
export function measureOf(name: string, type: DataType): Measure | undefined {
  const column = columnExpression(name)
  if (isFloat(type)) return { of: 'value', value: column, isFloat: true, edges: (a, b, bins) => numberEdges(a as number, b as number, bins), text: String }
  if (type.kind === 'decimal') return { of: 'value', value: call('cast', [column], { to: 'float64' }), isFloat: true, edges: (a, b, bins) => numberEdges(a as number, b as number, bins), text: String }
  if (isInteger(type)) return whole('value', column)
  return timeMeasure(column, type) ?? lengthMeasure(column, type)
}

function whole(of: Measure['of'], value: Expression): Measure {
  return { of, value, isFloat: false, edges: (a, b, bins) => wholeEdges(BigInt(a), BigInt(b), bins), text: String }
}

function timeMeasure(column: Expression, type: DataType): Measure | undefined {
  const count = { of: 'value', value: call('cast', [column], { to: 'int64' }), isFloat: false } as const
  switch (type.kind) {
    case 'date':
      return { ...count, edges: (a, b, bins) => calendarEdges(BigInt(a), BigInt(b), 'day', bins), text: edge => formatDay(Number(edge)) }
    case 'timestamp':
      return { ...count, edges: (a, b, bins) => calendarEdges(BigInt(a), BigInt(b), type.unit, bins), text: edge => formatTimestamp(BigInt(edge), type.unit) }
    case 'time':
      return { ...count, edges: (a, b, bins) => clockEdges(BigInt(a), BigInt(b), type.unit, bins), text: edge => (BigInt(edge) === daySeconds * unitsPerSecond[type.unit] ? '24:00:00' : formatTime(BigInt(edge), type.unit)) }
    case 'duration':
      return { ...count, edges: (a, b, bins) => clockEdges(BigInt(a), BigInt(b), type.unit, bins), text: edge => formatSpan(BigInt(edge), type.unit) }
    default:
      return undefined
  }
}

function lengthMeasure(column: Expression, type: DataType): Measure | undefined {
  switch (type.kind) {
    case 'utf8':
      return whole('characters', call('length', [column]))
    case 'binary':
      return whole('bytes', call('byteLength', [column]))
    case 'list':
    case 'map':
      return whole('items', call('length', [column]))
    default:
      return undefined
  }
}
