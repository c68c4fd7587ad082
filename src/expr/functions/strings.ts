// Functions of strings: lower upper length contains startsWith endsWith like concat substring. Null where any argument is.
import type { Column } from '../../batch/batch.ts'
import { bool, type DataType, int32, utf8 } from '../../batch/data-type.ts'
import { broadcast, isColumn } from '../../compute/operand.ts'
import { concatStrings, recase, stringLength, type StringTest, substring, testString } from '../../compute/strings.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { infix, prefix } from '../function.ts'

const isText = (a: Argument) => (a.type ? a.type.kind === 'utf8' : a.literal === null || typeof a.literal === 'string')

function typeStrings(args: readonly Argument[], count: number, type: DataType): Signature | undefined {
  return args.length === count && args.every(isText) ? { args: args.map(() => utf8), type, nullable: args.some(a => a.nullable) } : undefined
}

const test = (name: StringTest): ExpressionFunction => ({
  name,
  type: args => typeStrings(args, 2, bool),
  evaluate: ({ device, arena }, [a, b]) => testString(device, arena, name, a!, b!),
  describe: name === 'like' ? infix('like', 4) : prefix(name),
})

const recasing = (name: 'lower' | 'upper'): ExpressionFunction => ({
  name,
  type: args => typeStrings(args, 1, utf8),
  evaluate: ({ device, arena }, [a]) => recase(device, arena, name, a as Column),
  describe: prefix(name),
})

/** Characters, not bytes, as int32. */
const length: ExpressionFunction = {
  name: 'length',
  type: args => typeStrings(args, 1, int32),
  evaluate: ({ device, arena }, [a]) => stringLength(device, arena, a as Column),
  describe: prefix('length'),
}

const concat: ExpressionFunction = {
  name: 'concat',
  type: args => (args.length >= 1 ? typeStrings(args, args.length, utf8) : undefined),
  evaluate: ({ device, arena, rowCount }, args) =>
    args.reduce((a, b) => concatStrings(device, arena, isColumn(a) || isColumn(b) ? a : broadcast(device, arena, a, rowCount), b)),
  describe: prefix('concat'),
}

/** Characters [start, end) counted from 0, as JavaScript's, but by code points; `end` may be absent. */
const substringFunction: ExpressionFunction = {
  name: 'substring',
  type(args, { start, end }) {
    const ok = (n: unknown) => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 2 ** 31
    if (!ok(start) || (end !== undefined && !ok(end))) return 'start and end must be whole numbers from 0'
    return typeStrings(args, 1, utf8)
  },
  evaluate: ({ device, arena }, [a], { start, end }) => substring(device, arena, a as Column, start as number, (end ?? 2 ** 31 - 1) as number),
  byPosition: { operands: 1, options: ['start', 'end'] },
  describe: ([a], { start, end }) => ({ text: `substring(${a!.text}, ${start}${end === undefined ? '' : `, ${end}`})`, level: 9 }),
}

/** The functions of strings. */
export const stringFunctions: readonly ExpressionFunction[] = [
  ...(['contains', 'startsWith', 'endsWith', 'like'] as const).map(test),
  recasing('lower'),
  recasing('upper'),
  length,
  concat,
  substringFunction,
]
