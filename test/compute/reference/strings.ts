// Functions of strings, plainly: JavaScript's own, over code points, and regular expressions for patterns.
import { utf8 } from '../../../src/batch/data-type.ts'
import { concatStrings, recase, stringLength, testString } from '../../../src/compute/strings.ts'
import type { Random } from '../../../src/base/random.ts'
import { mapPair, operandsOf, type Pair, samplePair } from '../../support/operands.ts'
import { columnOf, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

// Parts that occur: cut from the string itself, now and then with a change; patterns with some characters made wildcards.
function samplePart(random: Random, pair: Pair, like: boolean): Pair {
  const cut = (text: string): string => {
    const chars = [...text]
    const [start, end] = [random.int(chars.length + 1), random.int(chars.length + 1)].sort((a, b) => a - b) as [number, number]
    const part = random.int(3) === 0 ? chars.slice(0, end) : random.int(2) ? chars.slice(start) : chars.slice(start, end)
    if (!like) return part.join('')
    const pattern = part.flatMap(c => (random.int(4) === 0 ? ['_'] : random.int(5) === 0 ? ['%'] : random.int(9) === 0 ? ['\\', c] : [c])).join('')
    return random.int(2) ? `%${pattern}%` : pattern
  }
  const given = pair.a.map(v => (typeof v === 'string' ? cut(v) : v))
  return {
    ...pair,
    b:
      pair.constant === 'b'
        ? new Array(pair.a.length).fill(typeof given[0] === 'string' ? given[0] : 'a')
        : pair.b.map((v, i) => (v === null ? null : (given[i] ?? 'a'))),
  }
}

/** LIKE as a regular expression. */
export function likeText(text: string, pattern: string): boolean {
  let source = ''
  const chars = [...pattern]
  for (let i = 0; i < chars.length; i++) {
    const c = chars[i]!
    if (c === '%') source += '[^]*'
    else if (c === '_') source += '[^]'
    else source += `\\u{${(c === '\\' && i + 1 < chars.length ? chars[++i]! : c).codePointAt(0)!.toString(16)}}`
  }
  return new RegExp(`^${source}$`, 'u').test(text)
}

export const stringTestAgreement = agreement({
  stem: 'strings',
  kernels: ['containsViews', 'likeViews'],
  sample: (random: Random, length: number, shape: Shape) => ({
    part: samplePart(random, samplePair(random, utf8, length, shape), false),
    pattern: samplePart(random, samplePair(random, utf8, length, shape), true),
  }),
  reference: ({ part, pattern }) => ({
    contains: mapPair(part, (x, y) => String(x).includes(String(y))),
    starts: mapPair(part, (x, y) => String(x).startsWith(String(y))),
    ends: mapPair(part, (x, y) => String(x).endsWith(String(y))),
    like: mapPair(pattern, (x, y) => likeText(String(x), String(y))),
  }),
  compute(device, arena, { part, pattern }) {
    const [a, b] = operandsOf(device, arena, part)
    return {
      contains: valuesOf(device, testString(device, arena, 'contains', a, b)),
      starts: valuesOf(device, testString(device, arena, 'startsWith', a, b)),
      ends: valuesOf(device, testString(device, arena, 'endsWith', a, b)),
      like: valuesOf(device, testString(device, arena, 'like', ...operandsOf(device, arena, pattern))),
    } as never
  },
})

export const stringAgreement = agreement({
  stem: 'strings',
  kernels: ['lengthViews', 'heapBytesOfViews', 'lowerViews', 'upperViews', 'heapBytesOfConcat', 'concatViews'],
  sample: (random, length, shape) => ({
    values: sampleValues(random, utf8, length, shape).map(v => (typeof v === 'string' && random.int(2) ? v.toUpperCase() : v)) as (string | null)[],
    pair: samplePair(random, utf8, length, shape),
  }),
  reference: ({ values, pair }) => ({
    length: values.map(v => (v === null ? null : [...v].length)),
    lower: values.map(v => v?.toLowerCase() ?? null),
    upper: values.map(v => v?.toUpperCase() ?? null),
    both: mapPair(pair, (x, y) => String(x) + String(y)),
  }),
  compute(device, arena, { values, pair }) {
    const column = columnOf(device, arena, utf8, values)
    return {
      length: valuesOf(device, stringLength(device, arena, column)),
      lower: valuesOf(device, recase(device, arena, 'lower', column)),
      upper: valuesOf(device, recase(device, arena, 'upper', column)),
      both: valuesOf(device, concatStrings(device, arena, ...operandsOf(device, arena, pair))),
    } as never
  },
})
