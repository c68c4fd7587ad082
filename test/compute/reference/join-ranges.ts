// Stored rows within bounds, plainly: every pair is looked at. Its entry in the catalogue of agreements.
import { float64, int32, int64 } from '../../../src/batch/data-type.ts'
import { keyForm } from '../../../src/compute/join-keys.ts'
import { type RangeForm, rangePairs, rangeWords } from '../../../src/compute/join-ranges.ts'
import { buildOrdered } from '../../../src/compute/join-sorted.ts'
import { ChunkStore } from '../../../src/compute/join-store.ts'
import { columnOf, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

type Value = number | bigint | null
type Row = readonly [key: number | null, a: Value, b: Value, c: Value]

const holds = (stored: Value, bound: Value, isLower: boolean, strict: boolean): boolean =>
  stored !== null && bound !== null && (isLower ? stored > bound || (!strict && stored === bound) : stored < bound || (!strict && stored === bound))

interface RangeSample {
  readonly floats: boolean
  readonly left: readonly Row[]
  readonly right: readonly Row[]
  readonly keyed: boolean
  readonly lower: { readonly strict: boolean } | undefined
  readonly upper: { readonly strict: boolean } | undefined
  readonly second: { readonly strict: boolean; readonly isLower: boolean } | undefined
  readonly single: boolean
  readonly pairsMax: number
}

// Columns of both sides: a key, and three values. Bounds of stored 1 are own 1 and 2; the bound of stored 2 is own 3.
function pairsWithin({ left, right, keyed, lower, upper, second, single }: RangeSample): [number, number][] {
  return left.flatMap((l, i) => {
    const found = right.flatMap((r, j): [number, number][] => {
      const key = !keyed || (l[0] !== null && l[0] === r[0])
      const first = (!lower || holds(r[1], l[1], true, lower.strict)) && (!upper || holds(r[1], l[2], false, upper.strict))
      return key && first && (!second || holds(r[2], l[3], second.isLower, second.strict)) ? [[i, j]] : []
    })
    return single ? found.slice(0, 1).map(([row]): [number, number] => [row, -1]) : found
  })
}

/** Bounds of one value on either side and of a second one, with keys and without; cut into parts of any size. */
export const rangeAgreement = agreement({
  stem: 'join-ranges',
  kernels: ['raiseLevel', 'joinRanges', 'turnI64'],
  sample(random, length): RangeSample {
    const floats = random.int(2) === 0
    const spread = [4, 30, 3000][random.int(3)]!
    const value = (): Value => {
      if (random.int(9) === 0) return null
      if (floats) return [Number.NaN, -0, Number.POSITIVE_INFINITY, 0][random.int(60)] ?? (random.int(spread) - spread / 2) / 4
      return [2n ** 63n - 1n, -(2n ** 63n)][random.int(60)] ?? BigInt(random.int(spread) - spread / 2)
    }
    const side = (rows: number): Row[] => Array.from({ length: rows }, () => [random.int(6) === 0 ? null : random.int(2), value(), value(), value()])
    const end = () => (random.int(4) === 0 ? undefined : { strict: random.int(2) === 0 })
    const [lower, upper] = [end(), end()]
    return {
      floats,
      left: side(Math.min(length, 60)),
      right: side(Math.min(length, 900)),
      keyed: random.int(3) === 0,
      lower: lower ?? (upper ? undefined : { strict: false }),
      upper,
      second: random.int(3) === 0 ? undefined : { strict: random.int(2) === 0, isLower: random.int(2) === 0 },
      single: random.int(4) === 0,
      pairsMax: 1 + random.int(200),
    }
  },
  reference: pairsWithin,
  compute(device, arena, sample) {
    const { floats, left, right, keyed, lower, upper, second, single, pairsMax } = sample
    const type = floats ? float64 : int64
    const types = [int32, type, type, type]
    const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
    const columns = (rows: readonly Row[]) => types.map((type, i) => columnOf(device, arena, type, rows.map(row => row[i]!)))
    const store = new ChunkStore(device, fields)
    for (let at = 0; at < right.length; at += 70) store.add({ fields, rowCount: Math.min(70, right.length - at), columns: columns(right.slice(at, at + 70)), arena: arena.address })
    const form = rangeWords(type, type)!
    const range: RangeForm = {
      first: { stored: 1, form, ...(lower && { lower: { own: 1, ...lower } }), ...(upper && { upper: { own: 2, ...upper } }) },
      ...(second && { second: { stored: 2, form, [second.isLower ? 'lower' : 'upper']: { own: 3, strict: second.strict } } }),
    }
    const keys = keyed ? [0] : []
    const table = buildOrdered(device, store, keys, keyed ? [keyForm(int32, int32)!] : [], { marks: false, range })
    const holder = device.arena()
    holder.hold(table.arena)
    try {
      const own = columns(left)
      const found: [number, number][] = []
      // A table of few rows a key isn't sorted: nothing to compare then.
      if (!table.sorted) return pairsWithin(sample)
      for (const pairs of rangePairs(device, arena, table, range, keys.map(i => own[i]!), own, left.length, pairsMax, single)) {
        const ids = uint32sAt(device, pairs.right, pairs.count)
        uint32sAt(device, pairs.left, pairs.count).forEach((row, i) => found.push([row, single ? -1 : ids[i]!]))
      }
      return found
    } finally {
      holder.release()
      store.close()
    }
  },
})
