// DEFLATE, plainly: a reader of one bit at a time over arrays, by RFC 1951.
import { constants, deflateRawSync } from 'node:zlib'
import { Inflater } from '../../../src/compute/inflate.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { agreement } from '../agreement.ts'

const lengthExtras = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]
const distanceExtras = Array.from({ length: 30 }, (_, i) => (i < 4 ? 0 : (i >> 1) - 1))
const sums = (extras: readonly number[], first: number) => extras.map((_, i) => extras.slice(0, i).reduce((sum, extra) => sum + 2 ** extra, first))
const lengthStarts = [...sums(lengthExtras, 3), 258]
const distanceStarts = sums(distanceExtras, 1)
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

class Broken extends Error {}

/** What packed bytes stand for; undefined where they are broken or cut. */
export function plainInflate(packed: Uint8Array): number[] | undefined {
  try {
    return new Bits(packed).all()
  } catch (error) {
    if (error instanceof Broken) return undefined
    throw error
  }
}

type Codes = ReadonlyMap<string, number>

class Bits {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }
  #bit(): number {
    if (this.#at >= 8 * this.#bytes.length) throw new Broken()
    const bit = (this.#bytes[this.#at >> 3]! >> (this.#at & 7)) & 1
    this.#at++
    return bit
  }
  #number(bits: number): number {
    return Array.from({ length: bits }, () => this.#bit()).reduce((sum, bit, i) => sum + bit * 2 ** i, 0)
  }
  #symbol(codes: Codes): number {
    for (let code = ''; code.length < 15; ) {
      code += this.#bit()
      const symbol = codes.get(code)
      if (symbol !== undefined) return symbol
    }
    throw new Broken()
  }

  all(): number[] {
    const out: number[] = []
    for (;;) {
      const isLast = this.#bit() === 1
      const kind = this.#number(2)
      if (kind === 3) throw new Broken()
      if (kind === 0) this.#stored(out)
      else {
        const [literals, distances] = kind === 1 ? [codesOf([...fill(8, 144), ...fill(9, 112), ...fill(7, 24), ...fill(8, 8)]), codesOf(fill(5, 30))] : this.#header()
        this.#symbols(out, literals, distances)
      }
      if (isLast) return out
    }
  }

  #stored(out: number[]): void {
    while (this.#at % 8 !== 0) this.#bit()
    const [length, check] = [this.#number(16), this.#number(16)]
    if (length + check !== 65_535) throw new Broken()
    for (let i = 0; i < length; i++) out.push(this.#number(8))
  }

  #header(): [Codes, Codes] {
    const [literals, distances, count] = [this.#number(5) + 257, this.#number(5) + 1, this.#number(4) + 4]
    if (literals > 286 || distances > 30) throw new Broken()
    const lengths = fill(0, 19)
    for (let i = 0; i < count; i++) lengths[order[i]!] = this.#number(3)
    if (spaceLeft(lengths) !== 0) throw new Broken()
    const codes = codesOf(lengths)
    const all: number[] = []
    while (all.length < literals + distances) {
      const symbol = this.#symbol(codes)
      if (symbol < 16) all.push(symbol)
      else if (symbol === 16) {
        if (all.length === 0) throw new Broken()
        all.push(...fill(all.at(-1)!, this.#number(2) + 3))
      } else all.push(...fill(0, symbol === 17 ? this.#number(3) + 3 : this.#number(7) + 11))
    }
    const parts = [all.slice(0, literals), all.slice(literals)] as const
    if (all.length > literals + distances || all[256] === 0) throw new Broken()
    for (const part of parts) if (spaceLeft(part) < 0 || (spaceLeft(part) > 0 && part.reduce((a, b) => a + b, 0) > 1)) throw new Broken()
    return [codesOf(parts[0]), codesOf(parts[1])]
  }

  #symbols(out: number[], literals: Codes, distances: Codes): void {
    for (;;) {
      const symbol = this.#symbol(literals)
      if (symbol === 256) return
      if (symbol < 256) {
        out.push(symbol)
        continue
      }
      if (symbol > 285) throw new Broken()
      const length = lengthStarts[symbol - 257]! + this.#number(lengthExtras[symbol - 257] ?? 0)
      const code = this.#symbol(distances)
      const distance = distanceStarts[code]! + this.#number(distanceExtras[code]!)
      if (distance > out.length) throw new Broken()
      for (let i = 0; i < length; i++) out.push(out[out.length - distance]!)
    }
  }
}

const fill = (value: number, count: number): number[] => Array.from({ length: count }, () => value)
const spaceLeft = (lengths: readonly number[]) => 1 - lengths.reduce((sum, length) => sum + (length === 0 ? 0 : 2 ** -length), 0)

function codesOf(lengths: readonly number[]): Codes {
  const codes = new Map<string, number>()
  let next = 0
  for (let length = 1; length <= 15; length++) {
    for (const [symbol, own] of lengths.entries()) if (own === length) codes.set((next++).toString(2).padStart(length, '0'), symbol)
    next *= 2
  }
  return codes
}

interface Input {
  readonly packed: Uint8Array
  /** Bytes handed over at once. */
  readonly piece: number
}

export const inflateAgreement = agreement<Input, number[] | undefined>({
  stem: 'inflate',
  kernels: ['inflate', 'inflateStateBytes'],
  sample(random, length, shape) {
    const alphabet = shape === 'full' ? 256 : shape === 'few' ? 3 : shape === 'allNull' ? 1 : 60
    const skew = () => Math.floor(alphabet * random.float() ** 3)
    const some = Array.from({ length: 3 * length }, skew)
    const text = shape === 'extreme' ? [...some, ...Array.from({ length: 20 }, (_, i) => some.slice(i, i + length)).flat()] : some
    const strategy = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE][random.int(4)]!
    const packed = Uint8Array.from(deflateRawSync(Uint8Array.from(text), { level: random.int(10), strategy, memLevel: 1 + random.int(9) }))
    if (random.int(4) === 0) packed[random.int(packed.length)]! ^= 1 << random.int(8)
    return { packed: random.int(5) === 0 ? packed.subarray(0, random.int(packed.length)) : packed, piece: [700, 1_000, 5_000, 100_000][random.int(4)]! }
  },
  reference: ({ packed }) => plainInflate(packed),
  compute(device: Device, arena: Arena, { packed, piece }) {
    const inflater = new Inflater(device, arena, 300)
    const source = arena.allocate(packed.length)
    device.memory.write(source, packed)
    const out: number[] = []
    for (let at = 0; ; ) {
      const bytes = Math.min(piece, packed.length - at)
      const { taken, made, ended, wrong } = inflater.unpack(source + at, bytes, at + bytes === packed.length)
      if (wrong !== undefined) return undefined
      out.push(...device.memory.bytes(inflater.output, made))
      at += taken
      if (ended) return out
    }
  },
})
