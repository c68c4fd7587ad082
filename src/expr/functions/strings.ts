// Functions of strings on kernels: tests, cases, lengths, slices, trimming, splitting, replacing, joining. Null where any argument is.
// Positions and lengths are characters (code points), counted from 0; negative positions count from the end.
import type { Column } from '../../batch/batch.ts'
import { binary, bool, int32, int64, utf8 } from '../../batch/data-type.ts'
import { arithmetic, negateOrAbs } from '../../compute/arithmetic.ts'
import { cast } from '../../compute/cast.ts'
import { choose } from '../../compute/choose.ts'
import { compare } from '../../compute/compare.ts'
import { truth } from '../../compute/logic.ts'
import { broadcast, type Constant, isColumn, type Operand } from '../../compute/operand.ts'
import { byteLength, indexOfText, replaceText, sliceText, splitPart, splitText, trim, type TrimSide } from '../../compute/string-parts.ts'
import { concatStrings, recase, stringLength, type StringTest, testString } from '../../compute/strings.ts'
import { overDistinct } from '../../compute/text-rows.ts'
import type { Argument, Evaluation, ExpressionFunction } from '../function.ts'
import { infix, prefix } from '../function.ts'
import { partial, strict, type Wanted } from '../typing.ts'

/** The option `ignoreCase` compares both sides in lower case. */
const test = (name: Exclude<StringTest, 'like'>): ExpressionFunction => ({
  name,
  type: args => strict(args, ['text', 'text'], bool),
  evaluate(at, [a, b], { ignoreCase }) {
    const [text, part] = ignoreCase ? [lowered(at, a!), lowered(at, b!)] : [a!, b!]
    return testString(at.device, at.arena, name, text, part)
  },
  describe: prefix(name),
})

function lowered({ device, arena }: Evaluation, operand: Operand): Operand {
  if (isColumn(operand)) return overDistinct(device, arena, operand, column => recase(device, arena, 'lower', column))
  return { ...operand, value: String(operand.value).toLowerCase() }
}

/** `like`, and `ilike` in any case. The option `escape` is the character that takes the next as it is: a backslash if absent, '' for none. */
const like = (name: 'like' | 'ilike'): ExpressionFunction => ({
  name,
  type(args, { escape = '\\' }) {
    if (typeof escape !== 'string' || !/^[\0-\x40\x5b-\x60\x7b-\x7f]?$/.test(escape)) return 'escape must be one ASCII character that is no letter, or empty for none'
    return strict(args, ['text', 'text'], bool)
  },
  evaluate(at, [a, b], { escape = '\\', ignoreCase }) {
    const [text, pattern] = name === 'ilike' || ignoreCase ? [lowered(at, a!), lowered(at, b!)] : [a!, b!]
    return testString(at.device, at.arena, 'like', text, pattern, escape === '' ? -1 : String(escape).charCodeAt(0))
  },
  describe(args, options) {
    const { escape, ...others } = options
    if (Object.keys(others).length > 0) return prefix(name)(args, options)
    const plain = infix(name, 4)(args).text
    return { text: escape === undefined ? plain : `${plain} escape '${String(escape).replaceAll("'", "''")}'`, level: 4 }
  },
})

const recasing = (name: 'lower' | 'upper'): ExpressionFunction => ({
  name,
  type: args => strict(args, ['text'], utf8),
  evaluate: ({ device, arena }, [a]) => overDistinct(device, arena, a as Column, column => recase(device, arena, name, column)),
  describe: prefix(name),
})

/** Characters, not bytes, as int32. */
const length: ExpressionFunction = {
  name: 'length',
  type: args => strict(args, ['text'], int32),
  evaluate: ({ device, arena }, [a]) => stringLength(device, arena, a as Column),
  describe: prefix('length'),
}

/** Bytes of the UTF-8, or of a binary value, as int32. */
const byteLengthFunction: ExpressionFunction = {
  name: 'byteLength',
  type: args => (args.length === 1 && args[0]!.type?.kind === 'binary' ? { args: [binary], type: int32, nullable: args[0]!.nullable } : strict(args, ['text'], int32)),
  evaluate: ({ device, arena }, [a]) => byteLength(device, arena, a as Column),
  describe: prefix('byteLength'),
}

/** Bits of the UTF-8, as int64. */
const bitLength: ExpressionFunction = {
  name: 'bitLength',
  type: args => strict(args, ['text'], int64),
  evaluate(at, [a]) {
    const bytes = cast(at.device, at.arena, byteLength(at.device, at.arena, a as Column), int64, false, at)
    return arithmetic(at.device, at.arena, 'mul', bytes, { type: int64, value: 8n }, at)
  },
  describe: prefix('bitLength'),
}

const concat: ExpressionFunction = {
  name: 'concat',
  type: args => (args.length >= 1 ? strict(args, args.map((): Wanted => 'text'), utf8) : undefined),
  evaluate: ({ device, arena, rowCount }, args) =>
    args.reduce((a, b) => concatStrings(device, arena, isColumn(a) || isColumn(b) ? a : broadcast(device, arena, a, rowCount), b)),
  describe: prefix('concat'),
}

// Further than any string reaches.
const toTheEnd: Constant = { type: int64, value: 2n ** 62n }

/** Characters [start, end), as JavaScript's slice, but by code points; `end` may be absent. */
const substring: ExpressionFunction = {
  name: 'substring',
  type: args => strict(args, args.length < 3 ? ['text', 'whole'] : ['text', 'whole', 'whole'], utf8),
  evaluate: ({ device, arena }, [a, start, end = toTheEnd]) => sliceText(device, arena, a!, start!, end),
  describe: prefix('substring'),
}

/** The first n characters; negative: all but the last. */
const left: ExpressionFunction = {
  name: 'left',
  type: args => strict(args, ['text', 'whole'], utf8),
  evaluate: ({ device, arena }, [a, count]) => sliceText(device, arena, a!, { type: int64, value: 0n }, count!),
  describe: prefix('left'),
}

/** The last n characters; negative: all but the first. */
const right: ExpressionFunction = {
  name: 'right',
  type: args => strict(args, ['text', 'whole'], utf8),
  evaluate: (at, [a, count]) => sliceText(at.device, at.arena, a!, fromTheEnd(at, count!), toTheEnd),
  describe: prefix('right'),
}

// Minus the count; the last 0 characters begin at the end, not at 0.
function fromTheEnd(at: Evaluation, count: Operand): Operand {
  const { device, arena, rowCount } = at
  if (!isColumn(count)) return count.value === 0n ? toTheEnd : { type: int64, value: -(count.value as bigint) }
  const isZero = truth(device, arena, compare(device, arena, 'eq', count, { type: int64, value: 0n }))
  return choose(device, arena, isZero, toTheEnd, negateOrAbs(device, arena, 'neg', count, at), rowCount)
}

const trimming = (name: string, side: TrimSide): ExpressionFunction => ({
  name,
  type: args => strict(args, args.length === 1 ? ['text'] : ['text', 'text'], utf8),
  evaluate: ({ device, arena }, [a, set = { type: utf8, value: whiteSpace }]) => trim(device, arena, side, a!, set),
  describe: prefix(name),
})

// What JavaScript's trim takes away: white space and line ends.
const whiteSpace = '\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'

const replace: ExpressionFunction = {
  name: 'replace',
  type: args => strict(args, ['text', 'text', 'text'], utf8),
  evaluate: ({ device, arena }, [a, from, to]) => replaceText(device, arena, a!, from!, to!),
  describe: prefix('replace'),
}

/** Characters before the first occurrence, or -1. */
const indexOf: ExpressionFunction = {
  name: 'indexOf',
  type: args => strict(args, ['text', 'text'], int32),
  evaluate: ({ device, arena }, [a, part]) => indexOfText(device, arena, a!, part!),
  describe: prefix('indexOf'),
}

const split: ExpressionFunction = {
  name: 'split',
  type: args => strict(args, ['text', 'text'], { kind: 'list', item: { type: utf8, nullable: false } }),
  evaluate: ({ device, arena }, [a, separator]) => splitText(device, arena, a!, separator!),
  describe: prefix('split'),
}

/** A part by its number from 0, negative from the end; null where there is none. */
const splitPartFunction: ExpressionFunction = {
  name: 'splitPart',
  type: (args: readonly Argument[]) => partial(args, ['text', 'text', 'whole'], utf8),
  evaluate: ({ device, arena }, [a, separator, index]) => splitPart(device, arena, a!, separator!, index!),
  describe: prefix('splitPart'),
}

/** The functions of strings that have kernels. */
export const stringFunctions: readonly ExpressionFunction[] = [
  ...(['contains', 'startsWith', 'endsWith'] as const).map(test),
  like('like'),
  like('ilike'),
  recasing('lower'),
  recasing('upper'),
  length,
  byteLengthFunction,
  bitLength,
  concat,
  substring,
  left,
  right,
  trimming('trim', 'both'),
  trimming('ltrim', 'start'),
  trimming('rtrim', 'end'),
  replace,
  indexOf,
  split,
  splitPartFunction,
]
