// The bits of integers: bitAnd bitOr bitXor bitNot, and shifts by an int32. Two integers get a common type; decimals without digits behind the point
// count as integers of 128 bits.
import type { Column } from '../../batch/batch.ts'
import { type DataType, int32, isInteger } from '../../batch/data-type.ts'
import { bitNot, type BitOperation, bitwise, type Shift, shift } from '../../compute/bitwise.ts'
import { type Decimal, rescaleChecked } from '../../compute/decimal.ts'
import type { Argument, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'
import { wrongOption } from '../options.ts'
import { unify } from '../unify.ts'

const hasBits = (type: DataType) => isInteger(type) || (type.kind === 'decimal' && type.scale === 0)
const takesBits = (a: Argument | undefined): a is Argument => a !== undefined && (a.type === undefined || hasBits(a.type))

const operation = (name: BitOperation): ExpressionFunction => ({
  name,
  type(args, options) {
    const type = args.length === 2 && args.every(takesBits) ? unify(args, false) : undefined
    if (!type || !hasBits(type)) return undefined
    return wrongOption(options, {}) ?? { args: [type, type], type, nullable: args.some(a => a.nullable) }
  },
  evaluate(at, [a, b], _, type) {
    const out = bitwise(at.device, at.arena, name, a!, b!)
    // Bits of two numbers within the digits may make one beyond them.
    return type.kind === 'decimal' ? rescaleChecked(at.device, at.arena, out, type as Decimal, { down: 0, up: 0, rounding: 'zero' }, name, at) : out
  },
  describe: prefix(name),
})

const not: ExpressionFunction = {
  name: 'bitNot',
  type(args, options) {
    const type = args.length === 1 ? unify(args, true) : undefined
    return type && isInteger(type) ? (wrongOption(options, {}) ?? { args: [type], type, nullable: args[0]!.nullable }) : undefined
  },
  evaluate: ({ device, arena }, [a]) => bitNot(device, arena, a as Column),
  describe: prefix('bitNot'),
}

const shifting = (name: Shift): ExpressionFunction => ({
  name,
  type(args, options) {
    const [value, count] = args
    if (args.length !== 2 || !takesBits(value) || !takesBits(count)) return undefined
    const type = unify([value], true)
    const by = unify([count], true)
    if (!type || !by || !isInteger(type) || !isInteger(by)) return args.some(a => a.literal === null) ? { args: [int32, int32], type: int32, nullable: true } : undefined
    return wrongOption(options, {}) ?? { args: [type, int32], type, nullable: args.some(a => a.nullable) }
  },
  evaluate: (at, [a, b]) => shift(at.device, at.arena, name, a!, b!, at),
  describe: prefix(name),
})

/** bitAnd bitOr bitXor bitNot shiftLeft shiftRight shiftRightUnsigned. */
export const bitwiseFunctions: readonly ExpressionFunction[] = [
  ...(['bitAnd', 'bitOr', 'bitXor'] as const).map(operation),
  not,
  ...(['shiftLeft', 'shiftRight', 'shiftRightUnsigned'] as const).map(shifting),
]
