// Parts of strings, plainly: arrays of code points, split and join.
import { int64, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { byteLength, indexOfText, replaceText, sliceText, splitPart, splitText, trim } from '../../../src/compute/string-parts.ts'
import type { Random } from '../../../src/base/random.ts'
import type { Operand } from '../../../src/compute/operand.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { constantOf } from '../../support/operands.ts'
import { columnOf, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

interface Input {
  readonly texts: readonly Value[]
  /** Short strings that occur in `texts` here and there: parts to look for, sets to trim. */
  readonly parts: readonly Value[]
  readonly by: readonly Value[]
  readonly starts: readonly Value[]
  readonly ends: readonly Value[]
  /** Whether parts, by, starts and ends are one value each, their first. */
  readonly constant: boolean
}

const few = ['a', 'ab', 'b', 'é', '€', '😀', '', 'a😀', 'aa']

function sample(random: Random, length: number, shape: Shape): Input {
  const constant = random.int(2) === 0
  const side = (make: () => Value) => {
    const first = make()
    return Array.from({ length }, () => (constant ? first : shape === 'nulls' && random.int(5) === 0 ? null : make()))
  }
  const piece = () => few[random.int(few.length)]!
  const texts = sampleValues(random, utf8, length, shape).map(v => (v !== null && random.int(3) > 0 ? Array.from({ length: random.int(12) }, piece).join('') : v))
  const number = () => (random.int(20) === 0 ? -(2n ** 63n) : random.int(20) === 0 ? 2n ** 63n - 1n : BigInt(random.int(24) - 8))
  return { texts, parts: side(piece), by: side(piece), starts: side(number), ends: side(number), constant }
}

type Texts = (text: string, part: string, by: string, start: bigint, end: bigint) => Value

function each(input: Input, used: readonly ('parts' | 'by' | 'starts' | 'ends')[], f: Texts): Value[] {
  return input.texts.map((text, i) => {
    if (text === null || used.some(name => input[name][i] === null)) return null
    return f(text as string, input.parts[i] as string, input.by[i] as string, input.starts[i] as bigint, input.ends[i] as bigint)
  })
}

function slice(text: string, start: bigint, end: bigint): string {
  const chars = [...text]
  const at = (n: bigint) => Math.max(0, Number(n < 0n ? n + BigInt(chars.length) : n))
  return chars.slice(at(start), Math.max(at(start), at(end))).join('')
}

function trimmed(text: string, set: string, start: boolean, end: boolean): string {
  const chars = [...text]
  const members = [...set]
  while (start && chars.length > 0 && members.includes(chars[0]!)) chars.shift()
  while (end && chars.length > 0 && members.includes(chars[chars.length - 1]!)) chars.pop()
  return chars.join('')
}

/** Between separators; an empty one gives characters, and an empty string is one empty part. */
export function partsOf(text: string, separator: string): string[] {
  return text === '' ? [''] : separator === '' ? [...text] : text.split(separator)
}

function part(text: string, separator: string, index: bigint): Value {
  const parts = partsOf(text, separator)
  return parts[Number(index < 0n ? index + BigInt(parts.length) : index)] ?? null
}

function lists(device: Device, column: ReturnType<typeof splitText>): Value[][] {
  const items = valuesOf(device, column.children![0]!)
  const offsets = [...device.memory.int32s(column.values, column.length + 1)]
  return Array.from({ length: column.length }, (_, row) => items.slice(offsets[row], offsets[row + 1]))
}

export const stringPartsAgreement = agreement({
  stem: 'string-parts',
  kernels: [
    'byteLengthViews',
    'sliceViews',
    'trimViews',
    'indexOfViews',
    'splitPartViews',
    'splitOffsets',
    'splitViews',
    'heapBytesOfReplace',
    'replaceViews',
  ],
  sample,
  reference: (input: Input) => ({
    bytes: each(input, [], text => new TextEncoder().encode(text).length),
    slice: each(input, ['starts', 'ends'], (text, _part, _by, start, end) => slice(text, start, end)),
    trim: (['start', 'end', 'both'] as const).map(side => each(input, ['parts'], (text, set) => trimmed(text, set, side !== 'end', side !== 'start'))),
    index: each(input, ['parts'], (text, p) => (text.includes(p) ? [...text.slice(0, text.indexOf(p))].length : -1)),
    part: each(input, ['parts', 'starts'], (text, separator, _by, start) => part(text, separator, start)),
    split: each(input, ['parts'], (text, separator) => partsOf(text, separator) as never).map(parts => parts ?? []),
    replace: each(input, ['parts', 'by'], (text, p, by) => (p === '' ? text : text.replaceAll(p, () => by))),
    clean: true,
  }),
  compute(device: Device, arena: Arena, input: Input) {
    const texts = columnOf(device, arena, utf8, input.texts)
    const isConstant = input.constant && input.texts.length > 0
    const side = (name: 'parts' | 'by' | 'starts' | 'ends'): Operand => {
      const type = name === 'parts' || name === 'by' ? utf8 : int64
      return isConstant ? constantOf(type, input[name][0]!) : columnOf(device, arena, type, input[name])
    }
    const [parts, by, starts, ends] = [side('parts'), side('by'), side('starts'), side('ends')]
    const sliced = sliceText(device, arena, texts, starts, ends)
    const replaced = replaceText(device, arena, texts, parts, by)
    const views = device.memory.uint32s(replaced.values, 4 * replaced.length)
    const replacedValues = valuesOf(device, replaced)
    return {
      bytes: valuesOf(device, byteLength(device, arena, texts)),
      slice: valuesOf(device, sliced),
      trim: (['start', 'end', 'both'] as const).map(s => valuesOf(device, trim(device, arena, s, texts, parts))),
      index: valuesOf(device, indexOfText(device, arena, texts, parts)),
      part: valuesOf(device, splitPart(device, arena, texts, parts, starts)),
      split: lists(device, splitText(device, arena, texts, parts)) as never,
      replace: replacedValues,
      clean: replacedValues.every((value, row) => value !== null || views.subarray(4 * row, 4 * row + 4).every(word => word === 0)),
    }
  },
})
