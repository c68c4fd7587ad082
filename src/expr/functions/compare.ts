// Comparisons: eq ne lt le gt ge, eqNullSafe neNullSafe, between, isIn. Null where either side is, but for the null-safe ones; NaN as IEEE 754 says; strings by
// code points; numbers of different types exactly, so that no side is rounded to the other's type.
import { bool, type DataType, float64, int64, isFloat, isInteger, isNumeric } from '../../batch/data-type.ts'
import { andBits, notBits, orBits } from '../../compute/bitmap.ts'
import { isTemporal } from '../../compute/cast-time.ts'
import { differInUnit } from '../../compute/compare-times.ts'
import { compare, comparesMixed, type Comparison } from '../../compute/compare.ts'
import { isNull, logic } from '../../compute/logic.ts'
import { isMember } from '../../compute/member.ts'
import { broadcast, type Constant, isColumn } from '../../compute/operand.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { bracket, infix } from '../function.ts'
import { wrongOption } from '../options.ts'
import { besideLiteral, constantOf, literalType, unify } from '../unify.ts'
import { asDecimal, decimalOfLiteral, widerNumber } from '../unify-numbers.ts'

/** The types that two values are compared as. They differ only for decimals, for 64-bit integers and decimals beside floats or each other, and for times in units. */
export function comparedTypes(a: Argument, b: Argument): readonly [DataType, DataType] | undefined {
  if (a.type && b.type) return comparedColumns(a.type, b.type)
  if (!a.type && b.type) {
    const turned = comparedTypes(b, a)
    return turned && [turned[1], turned[0]]
  }
  if (a.type && b.literal !== null) {
    const literal = b.literal!
    if (a.type.kind === 'decimal') {
      const decimal = decimalOfLiteral(literal)
      if (decimal) return [a.type, decimal]
    }
    if (isInteger(a.type) && isNumeric(literalType(literal)) && !constantOf(literal, a.type)) return comparedColumns(a.type, literalType(literal))
    const type = besideLiteral(a.type, literal, true)
    return type && ((isFloat(type) && isInteger(a.type)) || isTemporal(type) ? comparedColumns(a.type, type) : [type, type])
  }
  const type = unify([a, b], true)
  return type && [type, type]
}

function comparedColumns(a: DataType, b: DataType): readonly [DataType, DataType] | undefined {
  if (isNumeric(a) && isNumeric(b) && a.kind !== b.kind) {
    if ((a.kind === 'decimal' || b.kind === 'decimal') && !isFloat(a) && !isFloat(b)) return [asDecimal(a), asDecimal(b)]
    if (isFloat(a) !== isFloat(b)) return [besideFloat(a), besideFloat(b)]
    // An integer of fewer bits than the uint64 beside it.
    const [wideA, wideB] = [isInteger(a) && a.kind !== 'uint64' ? int64 : a, isInteger(b) && b.kind !== 'uint64' ? int64 : b]
    if (widerNumber(a, b).kind === 'decimal' && comparesMixed(wideA, wideB)) return [wideA, wideB]
  } else if ((a.kind === 'decimal' && b.kind === 'decimal') || differInUnit(a, b)) return [a, b]
  else if (a.kind === 'date' && b.kind === 'timestamp') return [days, b]
  else if (a.kind === 'timestamp' && b.kind === 'date') return [a, days]
  const type = unify([{ type: a, nullable: false }, { type: b, nullable: false }], true)
  return type && [type, type]
}

// A day is its midnight, which fits seconds.
const days: DataType = { kind: 'timestamp', unit: 's' }

function besideFloat(type: DataType): DataType {
  return type.kind === 'int64' ? int64 : type.kind === 'uint64' || type.kind === 'decimal' ? type : float64
}

function typeComparison(args: readonly Argument[], nullable = args.some(a => a.nullable)): Signature | undefined {
  const types = args.length === 2 ? comparedTypes(args[0]!, args[1]!) : undefined
  return types && { args: types, type: bool, nullable }
}

const symbols: Record<Comparison, string> = { eq: '=', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' }

const comparison = (name: Comparison): ExpressionFunction => ({
  name,
  type: (args, options) => wrongOption(options, {}) ?? typeComparison(args),
  evaluate: ({ device, arena }, [a, b]) => compare(device, arena, name, a!, b!),
  describe: infix(symbols[name], 4, name),
})

/** Equal, or both null; never null itself. */
const nullSafe = (name: 'eqNullSafe' | 'neNullSafe'): ExpressionFunction => ({
  name,
  type: (args, options) => wrongOption(options, {}) ?? typeComparison(args, false),
  evaluateLazily(at, args, evaluate) {
    const { device, arena, rowCount } = at
    const [left, right] = args.map(arg => evaluate(arg, at.active))
    const isNullConstant = [left!, right!].map(o => !isColumn(o) && o.value === null)
    const equal = (() => {
      if (isNullConstant[0] || isNullConstant[1]) {
        const other = broadcast(device, arena, isNullConstant[0] ? right! : left!, rowCount)
        return isNull(device, arena, other, true).values
      }
      const [a, b] = [broadcast(device, arena, left!, rowCount), broadcast(device, arena, right!, rowCount)]
      const same = compare(device, arena, 'eq', a, b)
      const bothValid = andBits(device, arena, same.values, same.validity, rowCount)
      if (a.validity === 0 || b.validity === 0) return bothValid
      const bothNull = notBits(device, arena, orBits(device, arena, a.validity, b.validity, rowCount), rowCount)
      return orBits(device, arena, bothValid, bothNull, rowCount)
    })()
    return { type: bool, length: rowCount, values: name === 'eqNullSafe' ? equal : notBits(device, arena, equal, rowCount), validity: 0 }
  },
  describe: infix(name === 'eqNullSafe' ? 'is not distinct from' : 'is distinct from', 4, name),
})

/** low <= x and x <= high. */
const between: ExpressionFunction = {
  name: 'between',
  type(args, options) {
    if (args.length !== 3) return undefined
    const wrong = wrongOption(options, {})
    const [low, high] = [comparedTypes(args[0]!, args[1]!), comparedTypes(args[0]!, args[2]!)]
    if (wrong || !low || !high) return wrong
    const nullable = args.some(a => a.nullable)
    if (sameText(low[0], high[0])) return { args: [low[0], low[1], high[1]], type: bool, nullable }
    const type = unify(args, true)
    return type && { args: args.map(() => type), type: bool, nullable }
  },
  evaluate({ device, arena, rowCount }, [x, low, high]) {
    const value = isColumn(x!) || (isColumn(low!) && isColumn(high!)) ? x! : broadcast(device, arena, x!, rowCount)
    return logic(device, arena, 'and', compare(device, arena, 'ge', value, low!), compare(device, arena, 'le', value, high!))
  },
  describe: ([x, low, high]) => ({ text: `${bracket(x!, 5)} between ${bracket(low!, 5)} and ${bracket(high!, 5)}`, level: 4 }),
}

function sameText(a: DataType, b: DataType): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The first argument equals one of the others, which are literals and not null. Numbers that its type doesn't have are equal to none of its values. */
const isIn: ExpressionFunction = {
  name: 'isIn',
  type(args, options) {
    const [x, ...members] = args
    if (!x || members.some(a => a.type !== undefined)) return undefined
    if (members.some(a => a.literal === null)) return 'null is in no list; use isNull()'
    const wrong = wrongOption(options, {})
    if (wrong) return wrong
    const own = x.type
    if (!own || !isNumeric(own)) {
      const type = unify(args, true)
      return type && { args: args.map(() => type), type: bool, nullable: x.nullable }
    }
    const types = members.map(m => (constantOf(m.literal!, own) ? own : isNumeric(literalType(m.literal!)) ? literalType(m.literal!) : undefined))
    return types.every(t => t !== undefined) ? { args: [own, ...types], type: bool, nullable: x.nullable } : undefined
  },
  evaluate({ device, arena, rowCount }, [x, ...members]) {
    const column = broadcast(device, arena, x!, rowCount)
    const possible = members.filter(m => sameText(m.type, column.type) || m.type.kind === column.type.kind)
    return isMember(
      device,
      arena,
      column,
      possible.map(m => (m as Constant).value),
    )
  },
  describe: ([x, ...members]) => ({ text: `${bracket(x!, 5)} in (${members.map(m => m.text).join(', ')})`, level: 4 }),
}

/** The comparisons. */
export const compareFunctions: readonly ExpressionFunction[] = [
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const).map(comparison),
  nullSafe('eqNullSafe'),
  nullSafe('neNullSafe'),
  between,
  isIn,
]
