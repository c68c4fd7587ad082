// Looking into large stores bucket by bucket, plainly: the same as looking row by row. And its entry in the catalogue of agreements.
import { int32, int64 } from '../../../src/batch/data-type.ts'
import { arrayBuckets, idBuckets } from '../../../src/compute/join-buckets.ts'
import { columnOf, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const none = 0xffff_ffff

export const bucketsAgreement = agreement({
  stem: 'join-buckets',
  kernels: ['bucketIds', 'bucketArrayI32', 'bucketArrayI64', 'probeBuckets', 'fillBuckets', 'spreadChunked4', 'spreadChunked8', 'spreadChunked16'],
  sample(random, length) {
    const minimum = random.int(100) - 50
    const size = 1 + random.int(5000)
    const key = () => (random.int(8) === 0 ? null : minimum - 10 + random.int(size + 20))
    return { minimum, size, wide: random.int(2) === 1, stored: Array.from({ length }, key), probes: Array.from({ length }, key), words: Array.from({ length: Math.max(1, length) * 4 }, () => random.uint32()), picks: Array.from({ length }, () => random.int(length)) }
  },
  // Stored rows are entered from the last to the first, so that the first of a key stands in the array and the others are linked behind it.
  reference({ minimum, size, stored, probes, words, picks }) {
    const inside = (key: number | null): key is number => key !== null && key >= minimum && key < minimum + size
    const rowsOf = (key: number | null) => stored.flatMap((other, row) => (inside(key) && other === key ? [row] : []))
    const take = (width: number) => picks.map(pick => words.slice(pick * width, pick * width + width))
    return { heads: probes.map(key => rowsOf(key)[0] ?? none), chains: probes.map(rowsOf), taken: [take(1), take(2), take(4)] }
  },
  compute(device, arena, { minimum, size, wide, stored, probes, words, picks }) {
    const { kernels, memory } = device
    const [table, array, links] = [arena.allocateZeroed(64), arena.allocate(4 * size), arena.allocate(4 * stored.length)]
    memory.uint32s(array, size).fill(none)
    memory.uint32s(links, stored.length).fill(none)
    const header = memory.uint32s(table, 16)
    ;[header[3], header[4]] = [array, size]
    memory.int64s(table + 24, 1)[0] = BigInt(minimum)
    const keysOf = (keys: readonly (number | null)[]) => {
      const column = columnOf(device, arena, wide ? int64 : int32, wide ? keys.map(key => (key === null ? null : BigInt(key))) : keys)
      return { kind: wide ? 'word' : 'int32', values: column.values, validity: column.validity }
    }
    const filling = arrayBuckets(device, arena, keysOf(stored), stored.length, table)
    // Where a key comes twice it stops, and goes on with links.
    const left = kernels.fillBuckets(table, filling.places, filling.rows, filling.count, 0)
    memory.uint32s(table, 16)[8] = links
    kernels.fillBuckets(table, filling.places, filling.rows, left, 0)
    const heads = arena.allocate(4 * probes.length)
    const probing = arrayBuckets(device, arena, keysOf(probes), probes.length, table)
    kernels.probeBuckets(table, probing.places, probing.rows, probing.count, probes.length, heads)
    const found = uint32sAt(device, heads, probes.length)
    const next = uint32sAt(device, links, stored.length)
    const chain = (id: number): number[] => (id === none ? [] : [id, ...chain(next[id]!)])
    const chunks = arena.allocate(8)
    const values = arena.allocate(16 * Math.max(1, stored.length))
    memory.uint32s(values, words.length).set(words)
    memory.uint32s(chunks, 1)[0] = values
    const ids = arena.allocate(4 * picks.length)
    memory.uint32s(ids, picks.length).set(picks)
    const buckets = idBuckets(device, arena, ids, picks.length, Math.max(1, stored.length))
    const taken = [1, 2, 4].map(width => {
      const out = arena.allocate(4 * width * picks.length)
      kernels[width === 1 ? 'spreadChunked4' : width === 2 ? 'spreadChunked8' : 'spreadChunked16'](chunks, buckets.places, buckets.rows, picks.length, out)
      const all = uint32sAt(device, out, width * picks.length)
      return picks.map((_, i) => all.slice(i * width, i * width + width))
    })
    return { heads: found, chains: found.map(chain), taken }
  },
})
