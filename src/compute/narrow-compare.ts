// Comparisons of decimals by their narrow values, as comparisons of integers.
import type { Column } from '../batch/batch.ts'
import { type DataType, int32, int64 } from '../batch/data-type.ts'
import { boundsOf, hasNarrow, type NarrowColumn } from './narrow.ts'
import { type Constant, isColumn, type Operand } from './operand.ts'
import { outcome } from './range-compare.ts'

type Op = 'eq' | 'ne' | 'lt' | 'le'

const types: Record<8 | 16 | 32 | 64, DataType> = { 8: { kind: 'int8' }, 16: { kind: 'int16' }, 32: int32, 64: int64 }

/** What is to be done instead of comparing two decimals: compare integers, or nothing, where all rows have one result. */
export type NarrowComparison = { readonly op: Op; readonly a: Operand; readonly b: Operand } | { readonly always: boolean }

/** How a `op` b of decimals is computed by narrow values; undefined where they are missing, or two columns have them in different scales or widths. */
export function narrowComparison(op: Op, a: Operand, b: Operand): NarrowComparison | undefined {
  if (isColumn(a) && isColumn(b)) {
    if (!hasNarrow(a) || !hasNarrow(b) || a.narrow.bits !== b.narrow.bits || scaleOf(a.type) !== scaleOf(b.type)) return undefined
    return { op, a: integers(a), b: integers(b) }
  }
  const [column, constant] = isColumn(a) ? [a, b as Constant] : [b as Column, a]
  if (!hasNarrow(column) || typeof constant.value !== 'bigint') return undefined
  return withConstant(op, column, constant.value, scaleOf(constant.type) - scaleOf(column.type), isColumn(a))
}

// In units of the column; a constant between two of them is rounded down, and then no value is equal to it. `first`: the column stands on the left.
function withConstant(op: Op, column: NarrowColumn, constant: bigint, digitsMore: number, first: boolean): NarrowComparison {
  const power = 10n ** BigInt(Math.abs(digitsMore))
  const rest = digitsMore > 0 ? ((constant % power) + power) % power : 0n
  const value = digitsMore > 0 ? (constant - rest) / power : constant * power
  if (rest !== 0n && (op === 'eq' || op === 'ne')) return { always: op === 'ne' }
  // x < 2.5 as x <= 2, and 2.5 <= x as 2 < x.
  const own = rest === 0n ? op : first ? 'le' : 'lt'
  const always = outcome(own, boundsOf(column), value, first)
  if (always !== undefined) return { always }
  const type = types[column.narrow.bits]
  const side = { type, value: type.kind === 'int64' ? value : Number(value) }
  return first ? { op: own, a: integers(column), b: side } : { op: own, a: side, b: integers(column) }
}

function integers({ narrow, length, validity }: NarrowColumn): Column {
  return { type: types[narrow.bits], length, values: narrow.values, validity }
}

function scaleOf(type: DataType): number {
  return type.kind === 'decimal' ? type.scale : 0
}
