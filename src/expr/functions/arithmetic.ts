// Arithmetic: int32 with int32 stays int32, with int64 becomes int64, anything with float64 float64; div always gives float64.
// Integers never wrap: INT_OVERFLOW; intDiv and mod by zero are DIVIDE_BY_ZERO; floats follow IEEE 754.
import { float64, isNumeric } from '../../batch/data-type.ts'
import { type Arithmetic, arithmetic, negateOrAbs } from '../../compute/arithmetic.ts'
import { isTemporal } from '../../compute/cast-time.ts'
import type { Column } from '../../batch/batch.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { infix, prefix } from '../function.ts'
import { unify } from '../unify.ts'
import { evaluateTimes, isSpanType, negateSpan, typeTimes } from './time-arithmetic.ts'

function typeArithmetic(op: Arithmetic, args: readonly Argument[]): Signature | string | undefined {
  if (args.length !== 2 || args.some(a => a.type && !isNumeric(a.type))) return undefined
  const nullable = args.some(a => a.nullable)
  const common = unify(args, false)
  if (!common) return args.some(a => a.type) && unify(args, true) ? 'the literal does not fit int32; cast the column to int64 first' : undefined
  if (!isNumeric(common)) return args.some(a => a.literal === null) ? { args: [float64, float64], type: float64, nullable } : undefined
  if (op === 'intDiv' && common.kind === 'float64') return 'it is for integers; use div and floor'
  const type = op === 'div' ? float64 : common
  return { args: [type, type], type, nullable }
}

const levels = { add: 5, sub: 5, mul: 6, div: 6, intDiv: 6, mod: 6 } as const
const symbols = { add: '+', sub: '-', mul: '*', div: '/', intDiv: 'div', mod: '%' } as const

const binary = (name: Arithmetic): ExpressionFunction => ({
  name,
  type: args => typeTimes(name, args) ?? typeArithmetic(name, args),
  evaluate: (at, [a, b], _, type) => (isTemporal(a!.type) ? evaluateTimes(at, name as 'add', a!, b!, type) : arithmetic(at.device, at.arena, name, a!, b!, at)),
  describe: infix(symbols[name], levels[name]),
})

const unary = (name: 'neg' | 'abs'): ExpressionFunction => ({
  name,
  type(args) {
    const type = args.length === 1 ? unify(args, true) : undefined
    return type && (isNumeric(type) || (name === 'neg' && isSpanType(type))) ? { args: [type], type, nullable: args[0]!.nullable } : undefined
  },
  evaluate: (at, [a]) => isTemporal(a!.type) ? negateSpan(at, a as Column) : negateOrAbs(at.device, at.arena, name, a as Column, at),
  describe: name === 'abs' ? prefix('abs') : ([a]) => ({ text: a!.level < 8 ? `-(${a!.text})` : `-${a!.text}`, level: 7 }),
})

/** add sub mul div intDiv mod neg abs. */
export const arithmeticFunctions: readonly ExpressionFunction[] = [
  ...(['add', 'sub', 'mul', 'div', 'intDiv', 'mod'] as const).map(binary),
  unary('neg'),
  unary('abs'),
]
