// Texts padded and turned round, and patterns of LIKE in parts, plainly: arrays of code points, and regular expressions.
import { int64, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { testString } from '../../../src/compute/strings.ts'
import { padText, reverseText } from '../../../src/compute/text-forms.ts'
import type { Random } from '../../../src/base/random.ts'
import type { Operand } from '../../../src/compute/operand.ts'
import { constantOf } from '../../support/operands.ts'
import { columnOf, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const patterns = ['%', '%%', 'a%', '%a', '%a%', 'a%b', '%a%b%', '%é%€', 'ab%a%b', '%twelve bytes%', 'a%a', '%😀%😀%']
const pieces = ['a', 'b', 'ab', 'é', '€', '😀']

interface Input {
  readonly texts: readonly Value[]
  readonly lengths: readonly Value[]
  readonly fills: readonly Value[]
  readonly constant: boolean
}

function sample(random: Random, length: number, shape: Shape): Input {
  const constant = random.int(2) === 0
  const side = (make: () => Value) => {
    const first = make()
    return Array.from({ length }, () => (constant ? first : shape === 'nulls' && random.int(5) === 0 ? null : make()))
  }
  const texts = sampleValues(random, utf8, length, shape).map(v => (v !== null && random.int(2) === 0 ? Array.from({ length: random.int(20) }, () => pieces[random.int(6)]).join('') : v))
  return { texts, lengths: side(() => BigInt(random.int(30) - 3)), fills: side(() => ['', ' ', '0', 'ab', 'é😀'][random.int(5)]!), constant }
}

function padded(text: string, length: number, fill: string, isLeft: boolean): string {
  const chars = [...text]
  if (length <= chars.length || fill === '') return length >= chars.length ? text : chars.slice(0, Math.max(0, length)).join('')
  const extra = [...fill.repeat(length)].slice(0, length - chars.length).join('')
  return isLeft ? extra + text : text + extra
}

function pad({ texts, lengths, fills }: Input, isLeft: boolean): Value[] {
  return texts.map((text, i) => (text === null || lengths[i] === null || fills[i] === null ? null : padded(text as string, Number(lengths[i]), fills[i] as string, isLeft)))
}

function isLike(text: string, pattern: string): boolean {
  return new RegExp(`^${pattern.split('%').join('[^]*')}$`, 'u').test(text)
}

export const textFormsAgreement = agreement<Input, unknown>({
  stem: 'text-forms',
  kernels: ['heapBytesOfPad', 'padViews', 'reverseViews', 'likePartsViews'],
  sample,
  reference: input => ({
    pads: [pad(input, true), pad(input, false)],
    reversed: input.texts.map(text => (text === null ? null : [...(text as string)].reverse().join(''))),
    like: patterns.map(pattern => input.texts.map(text => (text === null ? null : isLike(text as string, pattern)))),
  }),
  compute(device, arena, { texts, lengths, fills, constant }) {
    const column = columnOf(device, arena, utf8, texts)
    const isConstant = constant && texts.length > 0
    const length: Operand = isConstant ? constantOf(int64, lengths[0]!) : columnOf(device, arena, int64, lengths)
    const fill: Operand = isConstant ? constantOf(utf8, fills[0]!) : columnOf(device, arena, utf8, fills)
    const tooLong = (characters: number): never => {
      throw new RangeError(`${characters} characters`)
    }
    return {
      pads: (['left', 'right'] as const).map(side => valuesOf(device, padText(device, arena, side, [column, length, fill], tooLong))),
      reversed: valuesOf(device, reverseText(device, arena, column)),
      like: patterns.map(pattern => valuesOf(device, testString(device, arena, 'like', column, constantOf(utf8, pattern)))),
    }
  },
})
