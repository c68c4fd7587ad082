// Kleene logic, and tests for null, truth and kinds of numbers. `and` and `or` evaluate their right side only for the rows that the left side leaves open, so
// x != 0 and 10 div x > 2 never divides by zero.
import type { Column } from '../../batch/batch.ts'
import { bool, float64, isFloat, isNumeric } from '../../batch/data-type.ts'
import { andBits, filledBits, notBits, xorBits } from '../../compute/bitmap.ts'
import { negateOrAbs } from '../../compute/arithmetic.ts'
import { compare } from '../../compute/compare.ts'
import { falsehood, isNull, logic, not, truth } from '../../compute/logic.ts'
import { bothValid, broadcast, isColumn, type Operand } from '../../compute/operand.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { bracket, infix, prefix } from '../function.ts'

function typeLogic(args: readonly Argument[], count: number): Signature | string | undefined {
  if (args.length !== count) return undefined
  const isBool = (a: Argument) => (a.type ? a.type.kind === 'bool' : a.literal === null || typeof a.literal === 'boolean')
  return args.every(isBool) ? { args: args.map(() => bool), type: bool, nullable: args.some(a => a.nullable) } : 'both sides must be bool'
}

const connective = (name: 'and' | 'or'): ExpressionFunction => ({
  name,
  type: args => typeLogic(args, 2),
  evaluateLazily(at, [left, right], evaluate) {
    const { device, arena, rowCount } = at
    const a = broadcast(device, arena, evaluate(left!, at.active), rowCount)
    const settled = name === 'and' ? falsehood(device, arena, a) : truth(device, arena, a)
    const open = andBits(device, arena, at.active, notBits(device, arena, settled, rowCount), rowCount)
    return logic(device, arena, name, a, broadcast(device, arena, evaluate(right!, open), rowCount))
  },
  describe: infix(name, name === 'or' ? 1 : 2, name),
})

/** One and not the other; null where either is. */
const xor: ExpressionFunction = {
  name: 'xor',
  type: args => typeLogic(args, 2),
  evaluate({ device, arena, rowCount }, args) {
    const [a, b] = args.map(arg => broadcast(device, arena, arg, rowCount))
    return { type: bool, length: rowCount, values: xorBits(device, arena, a!.values, b!.values, rowCount), validity: bothValid(device, arena, a!, b!) }
  },
  describe: prefix('xor'),
}

/** True and the right side not. */
const andNot: ExpressionFunction = {
  name: 'andNot',
  type: args => typeLogic(args, 2),
  evaluateLazily(at, [left, right], evaluate) {
    const { device, arena, rowCount } = at
    const a = broadcast(device, arena, evaluate(left!, at.active), rowCount)
    const open = andBits(device, arena, at.active, notBits(device, arena, falsehood(device, arena, a), rowCount), rowCount)
    return logic(device, arena, 'and', a, not(device, arena, broadcast(device, arena, evaluate(right!, open), rowCount)))
  },
  describe: prefix('andNot'),
}

const truthTests = { isTrue: [truth, false], isNotTrue: [truth, true], isFalse: [falsehood, false], isNotFalse: [falsehood, true] } as const

const truthTest = (name: keyof typeof truthTests, words: string): ExpressionFunction => ({
  name,
  type: args => {
    const signature = typeLogic(args, 1)
    return typeof signature === 'object' ? { ...signature, nullable: false } : signature
  },
  evaluateLazily(at, [arg], evaluate) {
    const { device, arena, rowCount } = at
    const [bits, inverted] = truthTests[name]
    const found = bits(device, arena, broadcast(device, arena, evaluate(arg!, at.active), rowCount))
    return { type: bool, length: rowCount, values: inverted ? notBits(device, arena, found, rowCount) : found, validity: 0 }
  },
  describe: ([a]) => ({ text: `${bracket(a!, 5)} is ${words}`, level: 4 }),
})

const negation: ExpressionFunction = {
  name: 'not',
  type: args => typeLogic(args, 1),
  evaluate: ({ device, arena, rowCount }, [a]) => not(device, arena, broadcast(device, arena, a!, rowCount)),
  describe: ([a]) => ({ text: `not ${bracket(a!, 4)}`, level: 3 }),
}

const nullTest = (name: 'isNull' | 'isNotNull'): ExpressionFunction => ({
  name,
  type: args => (args.length === 1 ? { args: [args[0]!.type ?? bool], type: bool, nullable: false } : undefined),
  evaluateLazily(at, [arg], evaluate) {
    const value = evaluate(arg!, at.active)
    if (!isColumn(value)) return { type: bool, value: (value.value === null) === (name === 'isNull') }
    return isNull(at.device, at.arena, value, name === 'isNull')
  },
  describe: ([a]) => ({ text: `${bracket(a!, 5)} is ${name === 'isNull' ? '' : 'not '}null`, level: 4 }),
})

/** What a number may be beside a finite one; null where it is null. Integers and decimals are always finite. */
const kindTest = (name: 'isNaN' | 'isFinite' | 'isInfinite'): ExpressionFunction => ({
  name,
  type([arg], _) {
    const type = arg?.type ?? (typeof arg?.literal === 'number' || arg?.literal === null || (typeof arg?.literal === 'object' && 'float64' in arg.literal) ? float64 : undefined)
    return arg && type && isNumeric(type) ? { args: [type], type: bool, nullable: arg.nullable } : undefined
  },
  evaluate({ device, arena, rowCount }, [a], _, __) {
    const column = a as Column
    if (!isFloat(column.type)) return { type: bool, length: rowCount, values: filledBits(device, arena, rowCount, name === 'isFinite'), validity: column.validity }
    if (name === 'isNaN') return compare(device, arena, 'ne', column, column)
    const size = negateOrAbs(device, arena, 'abs', column, { active: 0, where: name })
    const infinity: Operand = { type: column.type, value: Number.POSITIVE_INFINITY }
    return compare(device, arena, name === 'isFinite' ? 'lt' : 'eq', size, infinity)
  },
  describe: prefix(name),
})

/** and or xor andNot not, isNull isNotNull, isTrue isNotTrue isFalse isNotFalse, isNaN isFinite isInfinite. */
export const logicFunctions: readonly ExpressionFunction[] = [
  connective('and'),
  connective('or'),
  xor,
  andNot,
  negation,
  nullTest('isNull'),
  nullTest('isNotNull'),
  truthTest('isTrue', 'true'),
  truthTest('isNotTrue', 'not true'),
  truthTest('isFalse', 'false'),
  truthTest('isNotFalse', 'not false'),
  kindTest('isNaN'),
  kindTest('isFinite'),
  kindTest('isInfinite'),
]
