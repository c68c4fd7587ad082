// Comparisons: eq ne lt le gt ge, between, isIn. Null where either side is; NaN as IEEE 754 says; strings by code points.
import { bool } from '../../batch/data-type.ts'
import { compare, type Comparison, isMember } from '../../compute/compare.ts'
import { logic } from '../../compute/logic.ts'
import { broadcast, type Constant, isColumn } from '../../compute/operand.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { infix } from '../function.ts'
import { unify } from '../unify.ts'

function typeComparison(args: readonly Argument[]): Signature | undefined {
  const type = unify(args, true)
  return type && { args: args.map(() => type), type: bool, nullable: args.some(a => a.nullable) }
}

const symbols: Record<Comparison, string> = { eq: '=', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' }

const comparison = (name: Comparison): ExpressionFunction => ({
  name,
  type: args => (args.length === 2 ? typeComparison(args) : undefined),
  evaluate: ({ device, arena }, [a, b]) => compare(device, arena, name, a!, b!),
  describe: infix(symbols[name], 4),
})

/** low <= x and x <= high. */
const between: ExpressionFunction = {
  name: 'between',
  type: args => (args.length === 3 ? typeComparison(args) : undefined),
  evaluate({ device, arena, rowCount }, [x, low, high]) {
    const value = isColumn(x!) || (isColumn(low!) && isColumn(high!)) ? x! : broadcast(device, arena, x!, rowCount)
    return logic(device, arena, 'and', compare(device, arena, 'ge', value, low!), compare(device, arena, 'le', value, high!))
  },
  describe: ([x, low, high]) => ({ text: `${x!.text} between ${low!.text} and ${high!.text}`, level: 4 }),
}

/** The first argument equals one of the others, which are literals and not null. */
const isIn: ExpressionFunction = {
  name: 'isIn',
  type(args) {
    if (args.length === 0 || args.slice(1).some(a => a.type !== undefined)) return undefined
    if (args.slice(1).some(a => a.literal === null)) return 'null is in no list; use isNull()'
    return typeComparison(args)
  },
  evaluate({ device, arena, rowCount }, [x, ...members]) {
    return isMember(
      device,
      arena,
      broadcast(device, arena, x!, rowCount),
      members.map(m => (m as Constant).value),
    )
  },
  describe: ([x, ...members]) => ({ text: `${x!.text} in (${members.map(m => m.text).join(', ')})`, level: 4 }),
}

/** The comparisons. */
export const compareFunctions: readonly ExpressionFunction[] = [...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const).map(comparison), between, isIn]
