// Columns out of nothing: every value is a function of a seed and the row's number, whatever the batches. A seed is 64 bits, see `seedOf`.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bool, type DataType, utf8, valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Rows first, first + 1, … of a column, to be made in `arena`. */
export interface Place {
  readonly device: Device
  readonly arena: Arena
  readonly first: number
  readonly rows: number
}

/** The seed of a stream of draws: a hash of all of `parts` (FNV-1a, 64 bits). */
export function seedOf(...parts: readonly (string | number)[]): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(JSON.stringify(parts))) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return BigInt.asIntN(64, hash)
}

/** start + row · step. Integers, decimals and times: bigints in the type's unit, which must not leave 64 bits; floats: numbers, each product and sum rounded. */
export function sequenceColumn({ device, arena, first, rows }: Place, type: DataType, start: bigint | number, step: bigint | number): Column {
  const out = allocateColumn(arena, type, rows)
  const width = valueBytes(type, 1)
  if (typeof start === 'number') device.kernels.sequenceFloats(start, Number(step), first, rows, width, out.values)
  else device.kernels.sequenceInts(start, BigInt(step), first, rows, width, out.values)
  return out
}

/** Evenly distributed in [min, max): integers, decimals and times as bigints, floats as numbers. */
export function uniformColumn({ device, arena, first, rows }: Place, type: DataType, seed: bigint, min: bigint | number, max: bigint | number): Column {
  const out = allocateColumn(arena, type, rows)
  const width = valueBytes(type, 1)
  if (typeof min === 'bigint') {
    device.kernels.uniformInts(seed, first, BigInt.asIntN(64, min), BigInt.asIntN(64, BigInt(max) - min), rows, width, out.values)
  } else {
    const least = width === 4 ? float32From(min) : min
    device.kernels.uniformFloats(seed, first, least, Number(max) - least, floatBelow(Number(max), width), rows, width, out.values)
  }
  return out
}

/** Normal float32 or float64. */
export function normalColumn({ device, arena, first, rows }: Place, type: DataType, seed: bigint, mean: number, deviation: number): Column {
  const out = allocateColumn(arena, type, rows)
  device.kernels.normalFloats(seed, first, mean, deviation, rows, valueBytes(type, 1), out.values)
  return out
}

/** Ranks 1 to `ranks` less 1 plus `base`, rank k as often as k^-exponent says. `table` as `zipfTable` made it. */
export function zipfColumn({ device, arena, first, rows }: Place, type: DataType, seed: bigint, exponent: number, ranks: number, base: bigint, table: number): Column {
  const out = allocateColumn(arena, type, rows)
  device.kernels.zipfInts(seed, first, exponent, ranks, table, Math.min(ranks, zipfTableRanks), base, rows, valueBytes(type, 1), out.values)
  return out
}

/** Ranks of a Zipf distribution that a draw finds by one look into a table; those beyond cost some 60 ns. */
const zipfTableRanks = 4096

/** The address of the table for `zipfColumn`. Cost: 0.2 ms at most. */
export function zipfTable(device: Device, arena: Arena, exponent: number, ranks: number): number {
  const count = Math.min(ranks, zipfTableRanks)
  const entries = count + (ranks > count ? 1 : 0)
  const weights = arena.allocate(8 * (count + 1))
  device.kernels.zipfWeights(exponent, ranks, count, weights)
  return aliasTable(device, arena, device.memory.float64s(weights, entries).slice())
}

/** Walker's table of `weights` by Vose's method: what `aliasColumn` draws numbers from. Weights are not negative, and not all 0. */
export function aliasTable(device: Device, arena: Arena, weights: ArrayLike<number>): number {
  const count = weights.length
  const address = arena.allocate(8 * count)
  const words = device.memory.uint32s(address, 2 * count)
  let total = 0
  for (let i = 0; i < count; i++) total += weights[i]!
  const shares = Float64Array.from(weights, weight => (weight / total) * count)
  const [small, large]: [number[], number[]] = [[], []]
  for (let i = 0; i < count; i++) (shares[i]! < 1 ? small : large).push(i)
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop()!, large.pop()!]
    words[2 * less] = Math.floor(shares[less]! * 2 ** 32)
    words[2 * less + 1] = more
    shares[more] = shares[more]! + shares[less]! - 1
    ;(shares[more]! < 1 ? small : large).push(more)
  }
  for (const i of [...small, ...large]) words.set([0xffffffff, i], 2 * i)
  return address
}

/** The address of `rows` u32: numbers of the `count` entries of a table of `aliasTable`. */
export function aliasNumbers({ device, arena, first, rows }: Place, seed: bigint, table: number, count: number): number {
  const out = arena.allocate(4 * rows)
  device.kernels.aliasNumbers(seed, first, table, count, rows, out)
  return out
}

/** The address of `rows` u32 in [0, count), all as likely. */
export function evenNumbers({ device, arena, first, rows }: Place, seed: bigint, count: number): number {
  const out = arena.allocate(4 * rows)
  device.kernels.uniformInts(seed, first, 0n, BigInt(count), rows, 4, out)
  return out
}

/** True with a probability. */
export function chanceColumn(place: Place, seed: bigint, probability: number): Column {
  return { type: bool, length: place.rows, values: chanceBits(place, seed, probability), validity: 0 }
}

/** The address of a bitmap, a bit a row that is 1 with a probability. */
export function chanceBits({ device, arena, first, rows }: Place, seed: bigint, probability: number): number {
  const out = arena.allocateZeroed(Math.ceil(rows / 8))
  device.kernels.chanceBits(seed, first, Math.ceil(probability * 2 ** 53), rows, out)
  return out
}

/** Zeroes 16-byte views where `validity` says null. */
export function clearViews(device: Device, { values, length }: Column, validity: number): void {
  device.kernels.clearViews(values, validity, length)
}

/** A text around a number: what stands before and behind, and how the number is filled up on the left. */
export interface TextPattern {
  readonly head: string
  readonly tail: string
  readonly width: number
  /** Zeros behind the sign; blanks before it otherwise. */
  readonly zeros: boolean
}

/** Texts of int64 in `arena`. */
export function textColumn(device: Device, arena: Arena, { values, length, validity }: Column, pattern: TextPattern): Column {
  const [head, tail] = [pattern.head, pattern.tail].map(part => {
    const bytes = new TextEncoder().encode(part)
    const address = arena.allocate(bytes.length)
    device.memory.write(address, bytes)
    return { address, count: bytes.length }
  }) as [{ address: number; count: number }, { address: number; count: number }]
  const out = allocateColumn(arena, utf8, length)
  const bytesMax = head.count + Math.max(20, pattern.width) + tail.count
  const heap = bytesMax > 12 ? arena.allocate(bytesMax * length) : 0
  device.kernels.formatTexts(values, length, head.address, head.count, tail.address, tail.count, pattern.width, pattern.zeros ? 1 : 0, out.values, heap)
  return { ...out, validity }
}

// The least float32 that is not below `value`.
function float32From(value: number): number {
  const rounded = Math.fround(value)
  return rounded >= value ? rounded : neighbour32(rounded, 1)
}

// The greatest float of 4 or 8 bytes below `value`.
function floatBelow(value: number, width: number): number {
  if (width === 4) {
    const rounded = Math.fround(value)
    return rounded < value ? rounded : neighbour32(rounded, -1)
  }
  const words = new BigInt64Array(new Float64Array([value]).buffer)
  if (value === 0) return -Number.MIN_VALUE
  words[0] = words[0]! + (value > 0 ? -1n : 1n)
  return new Float64Array(words.buffer)[0]!
}

function neighbour32(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149
  const words = new Int32Array(new Float32Array([value]).buffer)
  words[0] = words[0]! + (value > 0 ? direction : -direction)
  return new Float32Array(words.buffer)[0]!
}
