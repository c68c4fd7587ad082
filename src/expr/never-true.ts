// Conditions that no row of a batch can meet, by the bounds of its columns (batch.ts › ValueRange): such a batch needs no look at its rows. What could fail is
// never left out.
import type { Column } from '../batch/batch.ts'
import { type Comparison, knownOutcome } from '../compute/compare.ts'
import type { Operand } from '../compute/operand.ts'
import type { Bound } from './function.ts'

const comparisons: readonly string[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] satisfies Comparison[]

/** True where all conditions together are true for no row; false where that is not known. Costs nothing per row. */
export function neverTrue(conditions: readonly Bound[], columns: readonly Column[]): boolean {
  for (const condition of conditions) {
    if (isNever(condition, columns)) return true
    if (!isPlain(condition)) return false
  }
  return false
}

function isNever(bound: Bound, columns: readonly Column[]): boolean {
  if (bound.kind === 'constant') return bound.constant.value !== true
  if (bound.kind === 'column') return false
  const { fn, args } = bound
  if (fn.name === 'and') return neverTrue(args, columns)
  if (fn.name === 'or') return args.every(arg => isNever(arg, columns)) && args.every(isPlain)
  const sides = args.map(arg => operandOf(arg, columns))
  const isFalse = (op: Comparison, a: Operand | undefined, b: Operand | undefined) => a !== undefined && b !== undefined && knownOutcome(op, a, b) === false
  if (fn.name === 'between') return isPlain(bound) && (isFalse('ge', sides[0], sides[1]) || isFalse('le', sides[0], sides[2]))
  return comparisons.includes(fn.name) && isFalse(fn.name as Comparison, sides[0], sides[1])
}

function operandOf(bound: Bound, columns: readonly Column[]): Operand | undefined {
  if (bound.kind === 'column') return columns[bound.index]
  if (bound.kind === 'call' || bound.constant.value === null) return undefined
  return bound.constant
}

/** True for columns, members of structs, constants, and comparisons of them, which never fail. */
export function isPlain(bound: Bound): boolean {
  return bound.kind !== 'call' || ((comparisons.includes(bound.fn.name) || ['and', 'or', 'between', 'isIn', 'isNull', 'isNotNull', 'field'].includes(bound.fn.name)) && bound.args.every(isPlain))
}
