// Arithmetic. Two numbers get a common type (unify-numbers.ts); div of integers gives float64. Integers never wrap unless `overflow` says so: INT_OVERFLOW;
// intDiv and mod by zero are DIVIDE_BY_ZERO; floats follow IEEE 754. Decimals are exact: add and sub have the digits of both and one more, mul as many as
// both together, div at least 6 behind the point, and what needs more than 38 digits is DECIMAL_OVERFLOW.
import { isTemporal } from '../../compute/cast-time.ts'
import type { Column } from '../../batch/batch.ts'
import { type DataType, float64, isFloat, isInteger, isNumeric } from '../../batch/data-type.ts'
import { typeName } from '../../batch/type-name.ts'
import { type Arithmetic, arithmetic, factorial, negateOrAbs, zeroOf } from '../../compute/arithmetic.ts'
import { type Decimal, decimalArithmetic, type DecimalOperation, digitsMax, mapDecimal } from '../../compute/decimal.ts'
import type { Operand } from '../../compute/operand.ts'
import { type Overflow, overflows } from '../../compute/row-check.ts'
import type { Argument, CallOptions, Evaluation, ExpressionFunction, Signature } from '../function.ts'
import { infix, prefix } from '../function.ts'
import { type Choices, wrongOption } from '../options.ts'
import { unify } from '../unify.ts'
import { asDecimal, decimalOfLiteral } from '../unify-numbers.ts'
import { divisionChoices, domainChoices, guardDivision, settleDomain } from './domain.ts'
import { evaluateTimes, isSpanType, negateSpan, typeTimes } from './time-arithmetic.ts'

type Operation = 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod' | 'power' | 'gcd'

const choices: Record<Operation, Choices> = {
  add: { overflow: overflows },
  sub: { overflow: overflows },
  mul: { overflow: overflows },
  div: divisionChoices,
  intDiv: { overflow: overflows, ...divisionChoices },
  mod: { division: ['truncate', 'floor'], ...divisionChoices },
  power: { overflow: overflows, ...domainChoices },
  gcd: {},
}

function typeArithmetic(op: Operation, args: readonly Argument[], options: CallOptions): Signature | string | undefined {
  if (args.length !== 2 || args.some(a => a.type && !isNumeric(a.type))) return undefined
  const wrong = wrongOption(options, choices[op])
  if (wrong) return wrong
  const nullable = args.some(a => a.nullable) || options['divisionByZero'] === 'null' || options['domainError'] === 'null'
  const decimals = decimalsOf(args)
  if (decimals && op !== 'power' && op !== 'gcd') {
    const result = decimalResult(op, decimals[0]!, decimals[1]!)
    return typeof result === 'string' ? result : { args: decimals, type: result.type, nullable }
  }
  const common = unify(args, false)
  if (!common) return args.some(a => a.type) && unify(args, true) ? misfit(args) : undefined
  if (!isNumeric(common)) return args.some(a => a.literal === null) ? { args: [float64, float64], type: float64, nullable } : undefined
  if ((op === 'intDiv' || op === 'gcd') && !isInteger(common)) return op === 'gcd' ? 'it is for integers' : 'it is for integers and decimals; use div and floor'
  const type = (op === 'div' && isInteger(common)) || common.kind === 'decimal' ? float64 : common
  return { args: [type, type], type, nullable }
}

function misfit(args: readonly Argument[]): string {
  const type = args.find(a => a.type)!.type!
  return `the literal does not fit ${typeName(type)}; cast the column to ${type.kind === 'int64' || type.kind === 'uint64' ? 'float64' : 'int64'} first`
}

// Both sides as decimals, where one is, or where no integer holds both; undefined where a float is among them.
function decimalsOf(args: readonly Argument[]): Decimal[] | undefined {
  const types = args.flatMap(a => (a.type ? [a.type] : []))
  const isDecimal = types.some(t => t.kind === 'decimal') || (types.length === 2 && unify(args, false)?.kind === 'decimal')
  if (!isDecimal || types.some(isFloat)) return undefined
  const decimals = args.map(a => (a.type ? asDecimal(a.type) : a.literal === null ? digit : decimalOfLiteral(a.literal!)))
  return decimals.every(d => d !== undefined) ? decimals : undefined
}

const digit: Decimal = { kind: 'decimal', precision: 1, scale: 0 }

// `exact`: no result needs more digits than the type has.
function decimalResult(op: Operation, a: Decimal, b: Decimal): { type: Decimal; exact: boolean } | string {
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale)
  const scale = Math.max(a.scale, b.scale)
  const made = (precision: number, s: number) => ({ type: { kind: 'decimal', precision: Math.max(1, Math.min(digitsMax, precision)), scale: s } as Decimal, exact: precision <= digitsMax })
  switch (op) {
    case 'add':
    case 'sub':
      return made(whole + 1 + scale, scale)
    case 'mul':
      if (a.scale + b.scale > digitsMax) return `the result would have ${a.scale + b.scale} digits behind the point, and ${digitsMax} is the most; cast to fewer first`
      return made(a.precision + b.precision, a.scale + b.scale)
    case 'div': {
      const least = Math.max(6, a.scale)
      const wanted = Math.max(least, a.scale + b.precision + 1)
      const before = a.precision - a.scale + b.scale
      const digits = Math.min(digitsMax, Math.max(least, Math.min(wanted, digitsMax - before)))
      return made(before + digits, digits)
    }
    case 'intDiv':
      return made(a.precision - a.scale + b.scale, 0)
    default:
      return made(whole + scale, scale)
  }
}

function evaluateArithmetic(op: Operation, at: Evaluation, [a, b]: readonly Operand[], options: CallOptions, type: DataType): Operand {
  const { device, arena } = at
  const own: Arithmetic = op === 'mod' && options['division'] === 'floor' ? 'floorMod' : op
  if (type.kind === 'decimal') {
    const result = decimalResult(op, a!.type as Decimal, b!.type as Decimal) as { type: Decimal; exact: boolean }
    return guardDivision(at, [a!, b!], options, 0n, now => decimalArithmetic(device, arena, own as DecimalOperation, a!, b!, result.type, result.exact, now))
  }
  const compute = (now: Evaluation) => arithmetic(device, arena, own, a!, b!, now, options['overflow'] as Overflow | undefined)
  if (op === 'power' && isFloat(type)) return settleDomain(at, compute(at), [a!, b!], options, 'power')
  return choices[op]['divisionByZero'] ? guardDivision(at, [a!, b!], options, isInteger(type) ? zeroOf(type) : 0, compute) : compute(at)
}

const levels = { add: 5, sub: 5, mul: 6, div: 6, intDiv: 6, mod: 6 } as const
const symbols = { add: '+', sub: '-', mul: '*', div: '/', intDiv: 'div', mod: '%' } as const

const binary = (name: Operation): ExpressionFunction => ({
  name,
  type: (args, options) => typeTimes(name, args) ?? typeArithmetic(name, args, options),
  evaluate: (at, args, options, type) => (isTemporal(args[0]!.type) ? evaluateTimes(at, name as 'add', args[0]!, args[1]!, type) : evaluateArithmetic(name, at, args, options, type)),
  describe: name === 'power' || name === 'gcd' ? prefix(name) : infix(symbols[name], levels[name], name),
})

const unary = (name: 'neg' | 'abs' | 'sign'): ExpressionFunction => ({
  name,
  type(args, options) {
    const wrong = wrongOption(options, name === 'sign' ? {} : { overflow: overflows })
    const type = args.length === 1 ? unify(args, true) : undefined
    if (wrong && type) return wrong
    if (name === 'neg' && type && isSpanType(type)) return { args: [type], type, nullable: args[0]!.nullable }
    if (!type || !isNumeric(type)) return undefined
    return { args: [type], type: type.kind === 'decimal' && name === 'sign' ? digit : type, nullable: args[0]!.nullable }
  },
  evaluate(at, [a], options, type) {
    if (isTemporal(type)) return negateSpan(at, a as Column)
    if (type.kind === 'decimal') return mapDecimal(at.device, at.arena, name, a as Column, type, at)
    return negateOrAbs(at.device, at.arena, name, a as Column, at, options['overflow'] as Overflow | undefined)
  },
  // A number behind the sign would be a negative literal.
  describe:
    name === 'neg'
      ? ([a], options) => (Object.keys(options).length > 0 ? prefix('neg')([a!], options) : { text: a!.level < 8 || /^(\d|-|Infinity)/.test(a!.text) ? `-(${a!.text})` : `-${a!.text}`, level: 7 })
      : prefix(name),
})

const factorialFunction: ExpressionFunction = {
  name: 'factorial',
  type(args, options) {
    const type = args.length === 1 ? unify(args, true) : undefined
    if (!type || !isNumeric(type)) return undefined
    if (!isInteger(type) && (type.kind !== 'decimal' || type.scale > 0)) return 'it is for integers, and for decimals without digits behind the point'
    return wrongOption(options, {}) ?? { args: [type], type: type.kind === 'decimal' ? { ...type, precision: digitsMax } : type, nullable: args[0]!.nullable }
  },
  evaluate: (at, [a], _, type) =>
    type.kind === 'decimal' ? mapDecimal(at.device, at.arena, 'factorial', a as Column, type, at) : factorial(at.device, at.arena, a as Column, at),
  describe: prefix('factorial'),
}

/** add sub mul div intDiv mod power gcd neg abs sign factorial. */
export const arithmeticFunctions: readonly ExpressionFunction[] = [
  ...(['add', 'sub', 'mul', 'div', 'intDiv', 'mod', 'power', 'gcd'] as const).map(binary),
  unary('neg'),
  unary('abs'),
  unary('sign'),
  factorialFunction,
]
