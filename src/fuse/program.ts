// What a fused pipeline computes: conditions, keys, and aggregates of expressions, all over the columns of one input; and the sums that these need.
import type { DataType } from '../batch/data-type.ts'
import { isFloat } from '../batch/data-type.ts'
import type { Bound } from '../expr/function.ts'
import { rangeOf } from './value.ts'

/** The aggregates that can be fused. */
export type FusedFunction = 'count' | 'sum' | 'mean' | 'min' | 'max'

/** An aggregate; a count without input counts rows. */
export interface FusedAggregate {
  readonly fn: FusedFunction
  readonly input?: Bound
}

/** Rows for which all conditions are true. Equal parts of expressions must be one object (`expr/share.ts`). `keys` are columns, `types` those of all columns. */
export interface FusedProgram {
  readonly conditions: readonly Bound[]
  readonly keys: readonly number[]
  readonly aggregates: readonly FusedAggregate[]
  readonly types: readonly DataType[]
}

/** One number that is kept per group: rows, or values that aren't null; a sum of whole numbers or of floats; the least or the greatest, floats by their keys. */
export interface Sum {
  readonly kind: 'count' | 'whole' | 'float' | 'least' | 'greatest'
  /** Absent: all rows. */
  readonly of?: Bound
}

/** The sums of a program, each once, the count of rows first; and of each aggregate the number of its sum and of its count. */
export interface SumPlan {
  readonly sums: readonly Sum[]
  readonly aggregates: readonly { readonly sum: number; readonly count: number }[]
}

/** Bytes that a sum takes in the state of a group: whole sums a 128-bit number, floats the sum and what rounding lost, all others an int64 and nothing. */
export const sumBytes = 16

/** What the least and the greatest are before any value. */
export const freshExtremes = { least: 2n ** 63n - 1n, greatest: -(2n ** 63n) } as const

/** The sums behind a program's aggregates; undefined where the type of an input has none. */
export function planSums({ aggregates }: FusedProgram): SumPlan | undefined {
  const sums: Sum[] = [{ kind: 'count' }]
  const take = (sum: Sum) => {
    const at = sums.findIndex(other => other.kind === sum.kind && other.of === sum.of)
    return at >= 0 ? at : sums.push(sum) - 1
  }
  const planned = aggregates.map(({ fn, input }) => {
    const count = input?.nullable ? take({ kind: 'count', of: input }) : 0
    if (fn === 'count' || !input) return { sum: count, count }
    const kind = kindOf(fn, input.type)
    return kind && { sum: take({ kind, of: input }), count }
  })
  return planned.every(found => found !== undefined) ? { sums, aggregates: planned as SumPlan['aggregates'] } : undefined
}

function kindOf(fn: FusedFunction, type: DataType): Sum['kind'] | undefined {
  if (type.kind === 'float16') return undefined
  if (fn === 'min' || fn === 'max') return isFloat(type) || (rangeOf(type) && type.kind !== 'decimal') ? (fn === 'min' ? 'least' : 'greatest') : undefined
  if (isFloat(type)) return 'float'
  return rangeOf(type) && type.kind !== 'date' ? 'whole' : undefined
}
