// Comparisons whose result is the same for all rows, by the range of a column: what lets a filter skip a batch, or keep it whole.
import { isColumn, type Operand } from './operand.ts'

type Op = 'eq' | 'ne' | 'lt' | 'le'

/** Whether a `op` b is true, or false, for every row that isn't null; undefined where it depends on the row, or nothing is known. Sides of one type, decimals excepted. */
export function rangeOutcome(op: Op, a: Operand, b: Operand): boolean | undefined {
  if (isColumn(a)) return isColumn(b) ? undefined : outcome(op, a.range, b.value, true)
  return isColumn(b) ? outcome(op, b.range, a.value, false) : undefined
}

/** As `rangeOutcome`, of a range and a constant; `first`: the range stands on the left. */
export function outcome(op: Op, range: { readonly min: number | bigint; readonly max: number | bigint } | undefined, value: unknown, first: boolean): boolean | undefined {
  if (!range || (typeof value !== 'bigint' && (typeof value !== 'number' || Number.isNaN(value)))) return undefined
  const { min, max } = range
  if (op === 'eq' || op === 'ne') {
    if (value < min || value > max) return op === 'ne'
    // Numbers and bigints compare exactly by order; equality would ask for one type.
    return min >= value && max <= value ? op === 'eq' : undefined
  }
  const holds = (x: number | bigint) => (op === 'lt' ? (first ? x < value : value < x) : first ? x <= value : value <= x)
  const least = holds(min)
  return least === holds(max) ? least : undefined
}
