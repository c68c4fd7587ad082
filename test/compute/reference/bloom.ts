// Bloom filters, plainly.
import { xxhash64 } from '../../../src/base/xxhash64.ts'
import { binary } from '../../../src/batch/data-type.ts'
import { addToBloom, bloomRate, foldBloom, hashValues, passBloom, widenHashes } from '../../../src/compute/bloom.ts'
import { columnOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { sampleStrings } from './parquet-bytes.ts'
import { bytesIn } from './parquet-decode.ts'

const salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31]

function plainFilter(hashes: readonly bigint[], blocks: number): number[] {
  const words = Array<number>(8 * blocks).fill(0)
  for (const hash of hashes) {
    const block = Number(((hash >> 32n) * BigInt(blocks)) >> 32n)
    salts.forEach((salt, i) => (words[8 * block + i]! |= 1 << (Math.imul(Number(hash & 0xffffffffn), salt) >>> 27)))
  }
  return words.map(word => word >>> 0)
}

const ones = (word: number): number => (word === 0 ? 0 : (word & 1) + ones(word >>> 1))

function plainRate(words: readonly number[]): number {
  const blocks = Array.from({ length: words.length / 8 }, (_, b) => words.slice(8 * b, 8 * b + 8).reduce((rate, word) => rate * (ones(word) / 32), 1))
  return blocks.reduce((sum, rate) => sum + rate, 0) / blocks.length
}

export const hashAgreement = agreement({
  stem: 'bloom',
  kernels: ['hashFixed', 'hashViews'],
  sample: (random, length, shape) => ({ words: Array.from({ length }, () => random.uint32()), strings: sampleStrings(random, length, shape) }),
  reference({ words, strings }) {
    const bytes = new Uint8Array(Uint32Array.from(words).buffer)
    const each = (width: number) => Array.from({ length: Math.floor(bytes.length / width) }, (_, i) => xxhash64(bytes.subarray(i * width, (i + 1) * width)))
    return { four: each(4), eight: each(8), strings: strings.map(s => xxhash64(Uint8Array.from(s, c => c.charCodeAt(0)))) }
  },
  compute(device, arena, { words, strings }) {
    const source = bytesIn(device, arena, new Uint8Array(Uint32Array.from(words).buffer))
    const views = columnOf(device, arena, binary, strings.map(s => Uint8Array.from(s, c => c.charCodeAt(0)))).values
    const out = arena.allocate(8 * words.length)
    const hashes = (layout: 'word4' | 'word8' | 'view', at: number, count: number) => {
      hashValues(device, layout, at, count, out)
      return Array.from(device.memory.int64s(out, count), hash => BigInt.asUintN(64, hash))
    }
    return { four: hashes('word4', source, words.length), eight: hashes('word8', source, words.length >> 1), strings: hashes('view', views, strings.length) }
  },
})

export const filterAgreement = agreement({
  stem: 'bloom',
  kernels: ['addToBloom', 'bloomRate', 'foldBloom'],
  sample: (random, length) => ({ hashes: Array.from({ length }, () => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())), blocks: 2 ** (1 + random.int(6)) }),
  reference({ hashes, blocks }) {
    const [filter, folded] = [plainFilter(hashes, blocks), plainFilter(hashes, blocks / 2)]
    return { filter, folded, rates: [plainRate(filter), plainRate(folded), plainRate(folded)].map(rate => rate.toPrecision(9)) }
  },
  compute(device, arena, { hashes, blocks }) {
    const source = bytesIn(device, arena, new Uint8Array(BigUint64Array.from(hashes).buffer))
    const at = arena.allocateZeroed(32 * blocks)
    const words = (count: number) => [...device.memory.uint32s(at, 8 * count)]
    addToBloom(device, source, hashes.length, at, blocks)
    const filter = words(blocks)
    const rates = [bloomRate(device, at, blocks, 1), bloomRate(device, at, blocks, 2)]
    foldBloom(device, at, blocks)
    return { filter, folded: words(blocks / 2), rates: [...rates, bloomRate(device, at, blocks / 2, 1)].map(rate => rate.toPrecision(9)) }
  },
})

export const passAgreement = agreement({
  stem: 'bloom',
  kernels: ['widenHashes', 'passBloom'],
  sample: (random, length) => ({ added: Array.from({ length: length >> 1 }, () => random.uint32()), asked: Array.from({ length }, () => random.uint32()), blocks: 1 + random.int(40) }),
  reference({ added, asked, blocks }) {
    const widened = (hashes: readonly number[]) => hashes.map(hash => BigInt.asUintN(64, BigInt(hash) * 0x9e3779b97f4a7c15n))
    const filter = plainFilter(widened(added), blocks)
    const isIn = (hash: bigint) => salts.every((salt, i) => (filter[8 * Number(((hash >> 32n) * BigInt(blocks)) >> 32n) + i]! >>> (Math.imul(Number(hash & 0xffffffffn), salt) >>> 27)) & 1)
    return { widened: widened(asked), passed: [...widened([...added, ...asked]).entries()].filter(([, hash]) => isIn(hash)).map(([i]) => i) }
  },
  compute(device, arena, { added, asked, blocks }) {
    const all = bytesIn(device, arena, new Uint8Array(Uint32Array.from([...added, ...asked]).buffer))
    const count = added.length + asked.length
    const hashes = widenHashes(device, arena, all, count)
    const filter = arena.allocateZeroed(32 * blocks)
    addToBloom(device, hashes, added.length, filter, blocks)
    const { indices, rows } = passBloom(device, arena, hashes, count, filter, blocks)
    return {
      widened: Array.from(device.memory.int64s(hashes + 8 * added.length, asked.length), hash => BigInt.asUintN(64, hash)),
      passed: [...device.memory.uint32s(indices, rows)],
    }
  },
})
