// Emits vector instructions over parts: what expressions and sums have in common. Constants are made once, before the loop.
import { type Instruction, type Local, WasmFunction } from '../device/wasm-code.ts'
import type { Parts, Value } from './value.ts'
import { isWithin } from './value.ts'

/** The function that is being made. */
export class Emitter {
  readonly fn = new WasmFunction()
  /** Holds a bit of 1 once a row has met something that only the interpreter can tell of; set with the first check. */
  trouble: Local | undefined
  /** The rows that there are, in an iteration behind the last eight: others are no trouble. */
  tail: Parts | undefined
  readonly #constants = new Map<string, Local>()

  /** A part for each of `count`; `build` leaves a vector on the stack. */
  each(count: number, build: (part: number) => void): Parts {
    return Array.from({ length: count }, (_, part) => {
      build(part)
      const local = this.fn.local('v128')
      this.fn.body.set(local)
      return local
    })
  }

  /** `op` of two values' parts, as many on both sides. */
  binary(op: Instruction, a: Parts, b: Parts): Parts {
    return this.each(a.length, i => this.fn.body.get(a[i]!).get(b[i]!).do(op))
  }

  unary(op: Instruction, a: Parts): Parts {
    return this.each(a.length, i => this.fn.body.get(a[i]!).do(op))
  }

  /** Where `mask` is 1 that of `a`, else that of `b`. */
  select(mask: Parts, a: Parts, b: Parts): Parts {
    const bits = this.asMask(mask, a.length)
    return this.each(a.length, i => this.fn.body.get(a[i]!).get(b[i]!).get(bits[i]!).do('v128.bitselect'))
  }

  /** A whole number in every lane, `count` times the same vector. */
  whole(lane: 'i32' | 'i64', value: bigint): Parts {
    const local = this.#constant(`${lane} ${value}`, () => {
      if (lane === 'i32') this.fn.prologue.i32(Number(value)).do('i32x4.splat')
      else this.fn.prologue.i64(value).do('i64x2.splat')
    })
    return Array(lane === 'i32' ? 2 : 4).fill(local)
  }

  /** A whole number in eight lanes of 16 bits. */
  short(value: bigint): Parts {
    return [this.#constant(`i16 ${value}`, () => this.fn.prologue.i32(Number(value)).do('i16x8.splat'))]
  }

  float(value: number): Parts {
    const key = Object.is(value, -0) ? '-0' : String(value)
    return Array(4).fill(this.#constant(`f64 ${key}`, () => this.fn.prologue.f64(value).do('f64x2.splat')))
  }

  /** 32-bit words, one a lane. */
  words(words: readonly [number, number, number, number]): Local {
    return this.#constant(`words ${words.join()}`, () => this.fn.prologue.v128(new Uint8Array(new Int32Array(words).buffer)))
  }

  /** A mask that is the same everywhere. */
  mask(isTrue: boolean): Parts {
    return this.whole('i32', isTrue ? -1n : 0n)
  }

  /** The lowest eight bits of a number as a mask. */
  bitsAsMask(bits: Local): Parts {
    const all = this.fn.local('v128')
    this.fn.body.get(bits).do('i32x4.splat').set(all)
    const ones = [this.words([1, 2, 4, 8]), this.words([16, 32, 64, 128])]
    return this.each(2, i => this.fn.body.get(all).get(ones[i]!).do('v128.and').get(ones[i]!).do('i32x4.eq'))
  }

  /** A mask in one, two or four parts. */
  asMask(parts: Parts, count: number): Parts {
    if (parts.length === count) return parts
    const { body } = this.fn
    if (parts.length + count === 5) return this.asMask(this.asMask(parts, 2), count)
    if (count === 1) return this.each(1, () => body.get(parts[0]!).get(parts[1]!).do('i16x8.narrow_i32x4_s'))
    if (parts.length === 1) return this.each(2, i => body.get(parts[0]!).do(`i32x4.extend_${i === 0 ? 'low' : 'high'}_i16x8_s`))
    if (count === 4) return this.each(4, i => body.get(parts[i >> 1]!).get(parts[i >> 1]!).shuffle(i % 2 === 0 ? [0, 0, 1, 1] : [2, 2, 3, 3]))
    return this.each(2, i => body.get(parts[2 * i]!).get(parts[2 * i + 1]!).shuffle([0, 2, 4, 6]))
  }

  /** Both masks, in as many parts as the one with fewer has; one that is absent is true everywhere. */
  both(a: Parts | undefined, b: Parts | undefined): Parts | undefined {
    if (!a || !b) return a ?? b
    const count = Math.min(a.length, b.length)
    return this.binary('v128.and', this.asMask(a, count), this.asMask(b, count))
  }

  /** A whole number with 64 bits a lane. */
  wide({ lane, parts }: Value): Parts {
    if (lane !== 'i32') return parts
    return this.each(4, i => this.fn.body.get(parts[i >> 1]!).do(i % 2 === 0 ? 'i64x2.extend_low_i32x4_s' : 'i64x2.extend_high_i32x4_s'))
  }

  /** A whole number as float64, exactly; undefined where it may have more than 51 bits. */
  asFloat({ lane, parts, range }: Value): Parts | undefined {
    const { body } = this.fn
    if (lane === 'f64') return parts
    if (lane === 'i32') {
      return this.each(4, i => {
        body.get(parts[i >> 1]!)
        if (i % 2 === 1) body.get(parts[i >> 1]!).shuffle([2, 3, 2, 3])
        body.do('f64x2.convert_low_i32x4_s')
      })
    }
    if (!range || !isWithin(range, { least: -(2n ** 51n), most: 2n ** 51n })) return undefined
    // A float64 with this exponent has whole steps: the number is added to its bits and the float taken off again.
    const [bits, float] = [this.whole('i64', 0x4338_0000_0000_0000n), this.float(6_755_399_441_055_744)]
    return this.binary('f64x2.sub', this.binary('i64x2.add', parts, bits), float)
  }

  /** Floats as whole numbers in the order that min and max have: NaN, of which there is one, above all, −0 below 0. As in kernels/aggregate.ts. */
  orderKeys(parts: Parts): Parts {
    const { body } = this.fn
    const nan = this.whole('i64', 0x7ff8_0000_0000_0000n)[0]!
    const [most, one] = [this.whole('i64', 2n ** 63n - 1n)[0]!, this.fn.local('v128')]
    return this.each(parts.length, i => {
      body.get(nan).get(parts[i]!).get(parts[i]!).get(parts[i]!).do('f64x2.ne').do('v128.bitselect').tee(one)
      body.get(one).i32(63).do('i64x2.shr_s').get(most).do('v128.and').do('v128.xor')
    })
  }

  /** Notes the rows of a mask as trouble. */
  note(mask: Parts): void {
    const { body } = this.fn
    this.trouble ??= this.fn.local('v128')
    for (const part of this.both(mask, this.tail)!) body.get(this.trouble).get(part).do('v128.or').set(this.trouble)
  }

  #constant(key: string, build: () => void): Local {
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    build()
    const local = this.fn.local('v128')
    this.fn.prologue.set(local)
    this.#constants.set(key, local)
    return local
  }
}
