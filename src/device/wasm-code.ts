// A small encoder of WebAssembly: a module with one function over the shared memory, put together instruction by instruction. What it knows of the format is
// what fused pipelines (room fuse) use: 32- and 64-bit scalars and 128-bit vectors, blocks, loops and branches.
// Format: WebAssembly Core Specification 2.0, sections 5.4 (instructions) and 5.5 (modules).

import { assert } from '../base/errors.ts'

/** The types of locals. */
export type WasmType = 'i32' | 'i64' | 'f64' | 'v128'
/** A local of a function, by its number. */
export type Local = number

const typeBytes = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const
const emptyBlock = 0x40

// Instructions without immediates.
const plain = {
  return: 0x0f, drop: 0x1a, select: 0x1b,
  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_s': 0x4a, 'i32.gt_u': 0x4b, 'i32.le_u': 0x4d, 'i32.ge_u': 0x4f,
  'i64.eqz': 0x50, 'i64.ne': 0x52, 'i64.lt_s': 0x53, 'i64.lt_u': 0x54, 'i64.gt_s': 0x55,
  'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.shl': 0x74, 'i32.shr_u': 0x76,
  'i64.ctz': 0x7a, 'i64.add': 0x7c, 'i64.sub': 0x7d, 'i64.and': 0x83, 'i64.or': 0x84, 'i64.xor': 0x85, 'i64.shl': 0x86, 'i64.shr_s': 0x87, 'i64.shr_u': 0x88,
  'f64.add': 0xa0, 'f64.sub': 0xa1, 'i32.wrap_i64': 0xa7, 'i64.extend_i32_s': 0xac, 'i64.extend_i32_u': 0xad,
} as const
// Vector instructions without immediates; they begin with 0xfd.
const vector = {
  'i16x8.splat': 0x10, 'i16x8.eq': 0x2d, 'i16x8.ne': 0x2e, 'i16x8.lt_s': 0x2f, 'i16x8.gt_s': 0x31, 'i16x8.le_s': 0x33, 'i16x8.ge_s': 0x35, 'i16x8.bitmask': 0x84, 'i16x8.narrow_i32x4_s': 0x85,
  'i32x4.splat': 0x11, 'i64x2.splat': 0x12, 'f64x2.splat': 0x14,
  'i32x4.eq': 0x37, 'i32x4.ne': 0x38, 'i32x4.lt_s': 0x39, 'i32x4.gt_s': 0x3b, 'i32x4.le_s': 0x3d, 'i32x4.ge_s': 0x3f,
  'f64x2.eq': 0x47, 'f64x2.ne': 0x48, 'f64x2.lt': 0x49, 'f64x2.gt': 0x4a, 'f64x2.le': 0x4b, 'f64x2.ge': 0x4c,
  'v128.not': 0x4d, 'v128.and': 0x4e, 'v128.andnot': 0x4f, 'v128.or': 0x50, 'v128.xor': 0x51, 'v128.bitselect': 0x52, 'v128.any_true': 0x53, 'f64x2.promote_low_f32x4': 0x5f,
  'i32x4.neg': 0xa1, 'i32x4.bitmask': 0xa4, 'i32x4.extend_low_i16x8_s': 0xa7, 'i32x4.extend_high_i16x8_s': 0xa8, 'i32x4.extend_low_i16x8_u': 0xa9, 'i32x4.extend_high_i16x8_u': 0xaa,
  'i32x4.shl': 0xab, 'i32x4.add': 0xae, 'i32x4.sub': 0xb1, 'i32x4.mul': 0xb5, 'i32x4.min_s': 0xb6, 'i32x4.max_s': 0xb8,
  'i64x2.extend_low_i32x4_s': 0xc7, 'i64x2.extend_high_i32x4_s': 0xc8, 'i64x2.shr_s': 0xcc, 'i64x2.shr_u': 0xcd, 'i64x2.add': 0xce, 'i64x2.sub': 0xd1, 'i64x2.mul': 0xd5,
  'i64x2.eq': 0xd6, 'i64x2.ne': 0xd7, 'i64x2.lt_s': 0xd8, 'i64x2.gt_s': 0xd9, 'i64x2.le_s': 0xda, 'i64x2.ge_s': 0xdb,
  'i64x2.extmul_low_i32x4_s': 0xdc, 'i64x2.extmul_high_i32x4_s': 0xdd,
  'f64x2.abs': 0xec, 'f64x2.neg': 0xed, 'f64x2.add': 0xf0, 'f64x2.sub': 0xf1, 'f64x2.mul': 0xf2, 'f64x2.div': 0xf3, 'f64x2.convert_low_i32x4_s': 0xfe,
} as const
// Loads and stores: the opcode, whether it is a vector's, and the alignment as a power of two.
const access = {
  'i32.load': [0x28, false, 2], 'i64.load': [0x29, false, 3], 'f64.load': [0x2b, false, 3], 'i32.load8_u': [0x2d, false, 0],
  'i32.store': [0x36, false, 2], 'i64.store': [0x37, false, 3], 'i32.store8': [0x3a, false, 0], 'f64.store': [0x39, false, 3],
  'v128.load': [0x00, true, 0], 'i16x8.load8x8_s': [0x01, true, 0], 'i16x8.load8x8_u': [0x02, true, 0], 'i32x4.load16x4_s': [0x03, true, 0], 'i32x4.load16x4_u': [0x04, true, 0],
  'i64x2.load32x2_u': [0x06, true, 0], 'v128.load64_zero': [0x5d, true, 0], 'v128.store': [0x0b, true, 0],
} as const
const lanes = { 'i32x4.extract_lane': 0x1b, 'i64x2.extract_lane': 0x1d, 'f64x2.extract_lane': 0x21 } as const

/** Instructions without immediates, by their names in the text format. */
export type Instruction = keyof typeof plain | keyof typeof vector
/** Loads and stores. */
export type Access = keyof typeof access

/** A run of instructions. Each method adds one and gives the code back. */
export class WasmCode {
  readonly bytes: number[] = []

  do(instruction: Instruction): this {
    if (instruction in plain) this.bytes.push(plain[instruction as keyof typeof plain])
    else this.bytes.push(0xfd, ...unsigned(vector[instruction as keyof typeof vector]))
    return this
  }
  get(local: Local): this {
    this.bytes.push(0x20, ...unsigned(local))
    return this
  }
  set(local: Local): this {
    this.bytes.push(0x21, ...unsigned(local))
    return this
  }
  tee(local: Local): this {
    this.bytes.push(0x22, ...unsigned(local))
    return this
  }
  i32(value: number): this {
    this.bytes.push(0x41, ...signed(BigInt(value)))
    return this
  }
  i64(value: bigint): this {
    this.bytes.push(0x42, ...signed(value))
    return this
  }
  f64(value: number): this {
    this.bytes.push(0x44, ...new Uint8Array(new Float64Array([value]).buffer))
    return this
  }
  /** A constant of 16 bytes. */
  v128(bytes: Uint8Array): this {
    this.bytes.push(0xfd, 0x0c, ...bytes)
    return this
  }
  /** Loads from, or stores to, the address on the stack and `offset`. */
  at(instruction: Access, offset = 0): this {
    const [code, isVector, align] = access[instruction]
    if (isVector) this.bytes.push(0xfd)
    this.bytes.push(code, align, ...unsigned(offset))
    return this
  }
  lane(instruction: keyof typeof lanes, lane: number): this {
    this.bytes.push(0xfd, lanes[instruction], lane)
    return this
  }
  /** The 32-bit words of two vectors by number: 0 to 3 of the first, 4 to 7 of the second. */
  shuffle(words: readonly [number, number, number, number]): this {
    this.bytes.push(0xfd, 0x0d, ...words.flatMap(word => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]))
    return this
  }
  /** Instructions in a loop, which goes on while `branch(0)` is taken in it. */
  loop(inside: () => void): this {
    return this.#nested([0x03, emptyBlock], inside)
  }
  /** Instructions that `branch(0)` leaves. */
  block(inside: () => void): this {
    return this.#nested([0x02, emptyBlock], inside)
  }
  /** Takes the number on the stack: where it isn't 0, to the loop's beginning or the block's end, `depth` of them outward. */
  branchIf(depth: number): this {
    this.bytes.push(0x0d, depth)
    return this
  }

  #nested(head: readonly number[], inside: () => void): this {
    this.bytes.push(...head)
    inside()
    this.bytes.push(0x0b)
    return this
  }
}

/** One function: `prologue` runs once, `body` behind it. It takes an i32 (local 0) and gives an i32, which must lie on the stack at the end. */
export class WasmFunction {
  readonly prologue = new WasmCode()
  readonly body = new WasmCode()
  readonly #locals: number[] = []

  /** A new local, zero. */
  local(type: WasmType): Local {
    return this.#locals.push(typeBytes[type])
  }

  /** The module: it imports `env.memory` and exports the function as `run`. */
  module(): Uint8Array<ArrayBuffer> {
    const locals = this.#locals.flatMap(type => [1, type])
    const code = [...unsigned(this.#locals.length), ...locals, ...this.prologue.bytes, ...this.body.bytes, 0x0b]
    const memory = [...name('env'), ...name('memory'), 0x02, 0x03, 1, ...unsigned(65_536)]
    return new Uint8Array([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
      ...section(1, [1, 0x60, 1, typeBytes.i32, 1, typeBytes.i32]),
      ...section(2, [1, ...memory]),
      ...section(3, [1, 0]),
      ...section(7, [1, ...name('run'), 0, 0]),
      ...section(10, [1, ...unsigned(code.length), ...code]),
    ])
  }
}

function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...unsigned(bytes.length), ...bytes]
}

function name(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)]
}

// LEB128, as the format writes whole numbers.
function unsigned(value: number): number[] {
  assert(Number.isSafeInteger(value) && value >= 0, `an encoded module would hold ${value}`)
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    if (rest === 0) return [...bytes, low]
    bytes.push(low + 128)
  }
}

function signed(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const low = Number(rest & 127n)
    rest >>= 7n
    if ((rest === 0n && low < 64) || (rest === -1n && low >= 64)) return [...bytes, low]
    bytes.push(low + 128)
  }
}
