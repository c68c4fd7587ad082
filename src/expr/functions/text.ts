// Functions of strings beyond those of strings.ts: padding and reversing by kernels; repeating, title case, joining with a separator, hex and base64.
// Null where any argument is, unless a function says otherwise.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { int32, utf8 } from '../../batch/data-type.ts'
import type { Constant } from '../../compute/operand.ts'
import { broadcast, isColumn, type Operand } from '../../compute/operand.ts'
import { padText, reverseText } from '../../compute/text-forms.ts'
import { joinTexts, mapToText, mapToValues, overDistinct } from '../../compute/text-rows.ts'
import type { Evaluation, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'
import { partial, strict, type Wanted } from '../typing.ts'

// Longer texts fit neither JavaScript's strings nor a batch.
const lengthMax = 2 ** 28

function checkedLength(at: Evaluation, fn: string, characters: number): void {
  if (characters > lengthMax) tooLong(at, fn, characters)
}

function tooLong(at: Evaluation, fn: string, characters: number): never {
  throw new DataError('TEXT_SIZE', `${at.where}: ${fn} would make a text of ${characters} characters, at most ${lengthMax} are made; check the count`)
}

const padding = (name: 'lpad' | 'rpad'): ExpressionFunction => ({
  name,
  type: args => strict(args, args.length === 2 ? ['text', 'whole'] : ['text', 'whole', 'text'], utf8),
  evaluate: (at, [a, length, fill = { type: utf8, value: ' ' } as Constant]) =>
    padText(at.device, at.arena, name === 'lpad' ? 'left' : 'right', [a!, length!, fill], characters => tooLong(at, name, characters)),
  describe: prefix(name),
})

/** The text n times, '' for 0 and below. */
const repeat: ExpressionFunction = {
  name: 'repeat',
  type: args => strict(args, ['text', 'whole'], utf8),
  evaluate: (at, [a, count]) =>
    mapToText(at.device, at.arena, 'repeat', [a!, count!], (text: string, times: bigint) => {
      if (text === '' || times <= 0n) return ''
      checkedLength(at, 'repeat', text.length * Number(times))
      return text.repeat(Number(times))
    }),
  describe: prefix('repeat'),
}

const ofEach = (name: string, f: (text: string) => string): ExpressionFunction => ({
  name,
  type: args => strict(args, ['text'], utf8),
  evaluate: ({ device, arena }, [a]) => overDistinct(device, arena, a as Column, column => mapToText(device, arena, name, [column], f)),
  describe: prefix(name),
})

const reverse: ExpressionFunction = {
  name: 'reverse',
  type: args => strict(args, ['text'], utf8),
  evaluate: ({ device, arena }, [a]) => overDistinct(device, arena, a as Column, column => reverseText(device, arena, column)),
  describe: prefix('reverse'),
}

const titled = (word: string) => {
  const [first = ''] = word
  return first.toUpperCase() + word.slice(first.length).toLowerCase()
}
const words = /[\p{L}\p{N}\p{M}'’]+/gu

/** The parts that are not null, with a separator between them; null only where the separator is. */
const concatWs: ExpressionFunction = {
  name: 'concatWs',
  type(args) {
    const signature = args.length >= 1 ? strict(args, args.map((): Wanted => 'text'), utf8) : undefined
    return signature && { ...signature, nullable: args[0]!.nullable }
  },
  evaluateLazily({ device, arena, rowCount, active }, args, evaluate) {
    const [separator, ...parts] = args.map(arg => evaluate(arg, active))
    if (!isColumn(separator!) && separator!.value === null) return { type: utf8, value: null }
    const columns: Operand[] = parts.filter(part => isColumn(part) || part.value !== null)
    return joinTexts(device, arena, broadcast(device, arena, separator!, rowCount), columns)
  },
  describe: prefix('concatWs'),
}

/** The number of the first character (its code point), 0 for ''. */
const ascii: ExpressionFunction = {
  name: 'ascii',
  type: args => strict(args, ['text'], int32),
  evaluate: ({ device, arena }, [a]) => mapToValues(device, arena, int32, [a!], (text: string) => text.codePointAt(0) ?? 0),
  describe: prefix('ascii'),
}

/** The character of a code point; null where there is none. */
const chr: ExpressionFunction = {
  name: 'chr',
  type: args => partial(args, ['whole'], utf8),
  evaluate: ({ device, arena }, [a]) =>
    mapToText(device, arena, 'chr', [a!], (code: bigint) =>
      code >= 0n && code <= 0x10ffffn && (code < 0xd800n || code > 0xdfffn) ? String.fromCodePoint(Number(code)) : null,
    ),
  describe: prefix('chr'),
}

/** The functions of strings that have no kernels. */
export const textFunctions: readonly ExpressionFunction[] = [
  padding('lpad'),
  padding('rpad'),
  repeat,
  reverse,
  ofEach('capitalize', titled),
  ofEach('title', text => text.replace(words, titled)),
  concatWs,
  ascii,
  chr,
]
