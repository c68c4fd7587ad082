// Bitmaps, plainly: a boolean a row. And its entry in the catalogue of agreements.
import { andBits, andNotBits, countBits, filledBits, notBits, orBits } from '../../../src/compute/bitmap.ts'
import { bitmapOf, bitsAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

export const countTrue = (bits: readonly boolean[]): number => bits.filter(Boolean).length
export const and = (a: readonly boolean[], b: readonly boolean[]): boolean[] => a.map((bit, i) => bit && b[i]!)
export const or = (a: readonly boolean[], b: readonly boolean[]): boolean[] => a.map((bit, i) => bit || b[i]!)
export const andNot = (a: readonly boolean[], b: readonly boolean[]): boolean[] => a.map((bit, i) => bit && !b[i]!)
export const not = (a: readonly boolean[]): boolean[] => a.map(bit => !bit)

export const bitmapAgreement = agreement({
  stem: 'bitmap',
  kernels: ['countBits', 'andBits', 'orBits', 'andNotBits', 'notBits', 'fillBits'],
  sample(random, length, shape) {
    const bits = () => Array.from({ length }, () => (shape === 'allNull' ? false : shape === 'full' ? true : random.int(2) === 1))
    return { a: bits(), b: bits() }
  },
  reference: ({ a, b }) => ({
    count: countTrue(a),
    and: and(a, b),
    or: or(a, b),
    andNot: andNot(a, b),
    not: not(a),
    ones: a.map(() => true),
    zeros: a.map(() => false),
    trimmed: true,
  }),
  compute(device, arena, { a, b }) {
    const rows = a.length
    const [left, right] = [bitmapOf(device, arena, a), bitmapOf(device, arena, b)]
    const not = notBits(device, arena, left, rows)
    const ones = filledBits(device, arena, rows, true)
    const lastBits = (address: number) => (rows & 7 ? device.memory.bytes(address + (rows >> 3), 1)[0]! >>> (rows & 7) : 0)
    return {
      count: countBits(device, left, rows),
      and: bitsAt(device, andBits(device, arena, left, right, rows), rows),
      or: bitsAt(device, orBits(device, arena, left, right, rows), rows),
      andNot: bitsAt(device, andNotBits(device, arena, left, right, rows), rows),
      not: bitsAt(device, not, rows),
      ones: bitsAt(device, ones, rows),
      zeros: bitsAt(device, filledBits(device, arena, rows, false), rows),
      trimmed: lastBits(not) === 0 && lastBits(ones) === 0,
    }
  },
})
