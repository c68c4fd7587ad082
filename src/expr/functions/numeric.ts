// Functions of one or two numbers. floor, ceil, trunc and round leave integers as they are (round to tens excepted), and decimals exact; the others give
// float64, but float32 and float16 of those. Outside its domain a function gives NaN, unless the option `domainError` says otherwise.
import type { Column } from '../../batch/batch.ts'
import { type DataType, float64, isFloat, isInteger, isNumeric } from '../../batch/data-type.ts'
import { type Decimal, digitsMax, rescaleChecked } from '../../compute/decimal.ts'
import { floatArithmetic, type FunctionOfTwo } from '../../compute/floats.ts'
import { roundIntegers } from '../../compute/integers.ts'
import { numeric, type NumericFunction, numericFunctionNames, round } from '../../compute/numeric.ts'
import { bothValid, type Operand } from '../../compute/operand.ts'
import { type Rounding, roundings } from '../../compute/rounding.ts'
import type { Argument, Evaluation, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'
import { type Choices, wrongOption } from '../options.ts'
import { unify } from '../unify.ts'
import { domainChoices, logarithmChoices, settleDomain, settleLogZero } from './domain.ts'

const wholes: Record<string, Rounding> = { floor: 'down', ceil: 'up', trunc: 'zero' }
const logarithms = ['ln', 'log2', 'log10']
const total = ['exp', 'cbrt', 'sin', 'cos', 'tan', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'radians', 'degrees']

function numberType(args: readonly Argument[]): DataType | undefined {
  const type = unify(args, true)
  return type && (isNumeric(type) || args.every(a => a.literal === null)) ? (isNumeric(type) ? type : float64) : undefined
}

const whole = (name: 'floor' | 'ceil' | 'trunc'): ExpressionFunction => ({
  name,
  type(args, options) {
    const from = args.length === 1 ? numberType(args) : undefined
    if (!from) return undefined
    // The whole part of 9.9, rounded up, has a digit more.
    const type: DataType = from.kind === 'decimal' && from.scale > 0 ? { kind: 'decimal', precision: from.precision - from.scale + 1, scale: 0 } : from
    return wrongOption(options, {}) ?? { args: [from], type, nullable: args[0]!.nullable }
  },
  evaluate(at, [a], _, type) {
    const column = a as Column
    if (isFloat(type)) return numeric(at.device, at.arena, name, column)
    if (column.type.kind !== 'decimal' || column.type.scale === 0) return column
    return rescaleChecked(at.device, at.arena, column, type as Decimal, { down: column.type.scale, up: 0, rounding: wholes[name]! }, name, at)
  },
  describe: prefix(name),
})

const numericFunction = (name: NumericFunction): ExpressionFunction => {
  const choices: Choices = logarithms.includes(name) ? logarithmChoices : total.includes(name) ? {} : domainChoices
  return {
    name,
    type(args, options) {
      const from = args.length === 1 ? numberType(args) : undefined
      if (!from) return undefined
      const type = isFloat(from) ? from : float64
      return wrongOption(options, choices) ?? { args: [type], type, nullable: args[0]!.nullable || Object.values(options).includes('null') }
    },
    evaluate(at, [a], options) {
      const column = a as Column
      const out = settleDomain(at, numeric(at.device, at.arena, name, column), [column], options, name)
      return settleLogZero(at, out, column, options, name)
    },
    describe: prefix(name),
  }
}

const ofTwo = (name: 'log' | 'atan2'): ExpressionFunction => ({
  name,
  type(args, options) {
    const from = args.length === 2 ? numberType(args) : undefined
    if (!from) return undefined
    const type = isFloat(from) ? from : float64
    return wrongOption(options, name === 'log' ? logarithmChoices : {}) ?? { args: [type, type], type, nullable: args.some(a => a.nullable) || Object.values(options).includes('null') }
  },
  evaluate(at, [a, b], options) {
    // The kernel wants the base first.
    const out = name === 'log' ? computed(at, name, b!, a!) : computed(at, name, a!, b!)
    return settleLogZero(at, settleDomain(at, out, [a!, b!], options, name), a!, options, name)
  },
  describe: prefix(name),
})

function computed({ device, arena }: Evaluation, op: FunctionOfTwo, a: Operand, b: Operand): Column {
  return { ...floatArithmetic(device, arena, op, a, b), validity: bothValid(device, arena, a, b) }
}

/** The option `digits` is a whole number, 0 if absent; below 0 it rounds to tens, hundreds … `rounding` says what becomes of halves. */
const roundFunction: ExpressionFunction = {
  name: 'round',
  type(args, options) {
    const { digits = 0 } = options
    if (!Number.isInteger(digits) || Math.abs(digits as number) > 300) return 'digits must be a whole number from -300 to 300'
    const from = args.length === 1 ? numberType(args) : undefined
    const wrong = wrongOption(options, { digits: 'any', rounding: roundings })
    if (!from || wrong) return wrong
    const type: DataType = from.kind === 'decimal' && (digits as number) < from.scale ? { ...from, precision: Math.min(digitsMax, from.precision + 1) } : from
    return { args: [from], type, nullable: args[0]!.nullable }
  },
  evaluate(at, [a], { digits, rounding }, type) {
    const column = a as Column
    const [places, way] = [(digits ?? 0) as number, (rounding ?? 'half-away') as Rounding]
    if (isFloat(type)) return round(at.device, at.arena, column, places, way)
    if (isInteger(type)) return roundIntegers(at.device, at.arena, column, Math.max(0, -places), way, at)
    const dropped = Math.min(digitsMax, (type as Decimal).scale - places)
    return dropped <= 0 ? column : rescaleChecked(at.device, at.arena, column, type as Decimal, { down: dropped, up: dropped, rounding: way }, 'round', at)
  },
  byPosition: { operands: 1, options: ['digits'] },
  describe: prefix('round', ['digits']),
}

/** floor ceil trunc round, sqrt cbrt exp ln log log2 log10, trigonometry and hyperbolics, radians degrees atan2. */
export const numericFunctions: readonly ExpressionFunction[] = [
  ...(['floor', 'ceil', 'trunc'] as const).map(whole),
  ...numericFunctionNames.filter(name => !Object.hasOwn(wholes, name)).map(numericFunction),
  ofTwo('log'),
  ofTwo('atan2'),
  roundFunction,
]
