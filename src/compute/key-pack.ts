// Key columns as one 64-bit word a row, where their numbers fit: values of a range of numbers, codes of a dictionary, bools. What groups by several
// keys of high cardinality compares and moves instead of the columns.
import { allocateColumn, type Codes, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, layoutOf } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { codedColumn } from './coded.ts'

/**
 * One key in the word. Its number is value − base + 1, code + 1, or false 1 and true 2; 0 is null, of which there are none without `nulls`. A dictionary that
 * isn't kept lives in `arena`, which whoever has the pack holds. Plain data.
 */
export type KeyPart = { readonly nulls: boolean; readonly bits: number } & (
  | { readonly kind: 'number'; readonly base: string }
  | { readonly kind: 'bool' }
  | { readonly kind: 'codes'; readonly dictionary: Column; readonly arena?: number }
)

/** The keys from bit 0 on, in order. Plain data. */
export type KeyPack = readonly KeyPart[]

const signed32 = ['int32', 'date']
const signed64 = ['int64', 'time', 'timestamp', 'duration']

/** How the keys of these rows fit into a word; undefined where they don't. `keys`: the key columns of each batch, as many in each. */
export function packFor(device: Device, arena: Arena, keys: readonly (readonly Column[])[]): KeyPack | undefined {
  const parts: KeyPart[] = []
  for (let i = 0; i < (keys[0]?.length ?? 0); i++) {
    const columns = keys.map(all => all[i]!)
    const part = partFor(device, arena, columns)
    if (!part) return undefined
    parts.push({ ...part, nulls: columns.some(column => column.validity !== 0) })
  }
  return bitsOf(parts) <= 64 && parts.length > 0 ? parts : undefined
}

/** A pack that holds what either holds; undefined where none does. */
export function joinPacks(a: KeyPack, b: KeyPack): KeyPack | undefined {
  const parts: KeyPart[] = []
  for (const [i, left] of a.entries()) {
    const right = b[i]
    if (left.kind === 'number' && right?.kind === 'number') {
      const [l, r] = [rangeOf(left), rangeOf(right)]
      parts.push({ ...numberPart(l.least < r.least ? l.least : r.least, l.most > r.most ? l.most : r.most), nulls: left.nulls || right.nulls })
    } else if (right && (left.kind === 'codes' ? right.kind === 'codes' && left.dictionary.values === right.dictionary.values : right.kind === left.kind)) {
      parts.push({ ...left, nulls: left.nulls || right.nulls })
    } else return undefined
  }
  return bitsOf(parts) <= 64 ? parts : undefined
}

/** True where the words of both mean the same. */
export function samePack(a: KeyPack, b: KeyPack): boolean {
  return (
    a.length === b.length &&
    a.every((left, i) => {
      const right = b[i]!
      if (left.bits !== right.bits || left.kind !== right.kind) return false
      if (left.kind === 'number') return right.kind === 'number' && left.base === right.base
      return left.kind === 'bool' || (right.kind === 'codes' && left.dictionary.values === right.dictionary.values)
    })
  )
}

/** The address in `arena` of a u64 per row. `pack` must hold all values. Cost: 0.5–0.7 ns a row and key. */
export function packKeys(device: Device, arena: Arena, pack: KeyPack, keys: readonly Column[], rows: number): number {
  const { kernels } = device
  const words = arena.allocate(8 * rows)
  let shift = 0
  pack.forEach((part, i) => {
    const { type, values, validity, codes } = keys[i]!
    if (part.kind === 'bool') kernels.packBools(values, validity, rows, shift, words)
    else if (part.kind === 'codes') kernels.packI32(codes!.values, validity, rows, 0n, shift, words)
    else (signed32.includes(type.kind) ? kernels.packI32 : kernels.packI64)(values, validity, rows, BigInt(part.base), shift, words)
    shift += part.bits
  })
  return words
}

/** The key columns of words: the inverse of `packKeys`, in `arena`, which then holds the dictionaries; texts come with their codes. */
export function unpackKeys(device: Device, arena: Arena, pack: KeyPack, fields: readonly Field[], words: number, rows: number): Column[] {
  holdDictionaries(device, arena, pack)
  let shift = 0
  return pack.map((part, i) => {
    const validity = validityOf(device, arena, part, words, rows, shift)
    const out = unpackPart(device, arena, part, fields[i]!.type, words, rows, shift, validity)
    shift += part.bits
    return out
  })
}

/** Makes `arena` hold the dictionaries of a pack. */
export function holdDictionaries(device: Device, arena: Arena, pack: KeyPack): void {
  for (const part of pack) {
    if (part.kind !== 'codes' || part.arena === undefined) continue
    retainArena(device, part.arena)
    arena.hold(part.arena)
  }
}

/** A pack's part of a text key with another dictionary: that of all values, which lives in `arena`. */
export function withDictionary(part: KeyPart, dictionary: Column, arena: number): KeyPart {
  return { kind: 'codes', nulls: part.nulls, dictionary, arena, bits: bitsFor(BigInt(dictionary.length)) }
}

/**
 * Rewrites words in place: from what they mean by `from` to what they mean by `to`, which holds all values. `maps`: for each key the address of a u32 for each
 * number that its bits can hold, 0 first: the number by `to`; 0 where codes stay what they are. Cost: 4 ns a row and key.
 */
export function repackWords(device: Device, from: KeyPack, to: KeyPack, maps: readonly number[], words: number, rows: number): void {
  for (let at = 0; at < rows; at += sliceRows) {
    const scratch = device.arena()
    try {
      repackSlice(device, scratch, from, to, maps, words + 8 * at, Math.min(sliceRows, rows - at))
    } finally {
      scratch.release()
    }
  }
}

/** Words that are rewritten at once: they stay in the nearest caches. */
const sliceRows = 8_192

function repackSlice(device: Device, scratch: Arena, from: KeyPack, to: KeyPack, maps: readonly number[], words: number, rows: number): void {
  const { kernels } = device
  const [out, numbers] = [scratch.allocate(8 * rows), scratch.allocate(8 * rows)]
  const mapped = scratch.allocate(4 * rows)
  let shift = 0
  let shiftTo = 0
  from.forEach((part, i) => {
    const target = to[i]!
    const map = maps[i]!
    // Numbers as they are: a base of 1 leaves null 0.
    if (part.bits < 32 && target.bits < 32) {
      kernels.unpackI32(words, rows, shift, part.bits, 1n, numbers)
      if (map !== 0) kernels.gatherWord4(map, numbers, rows, mapped)
      kernels.packI32(map === 0 ? numbers : mapped, validityOf(device, scratch, part, words, rows, shift), rows, baseOf(part, target), shiftTo, out)
    } else {
      kernels.unpackI64(words, rows, shift, part.bits, 1n, numbers)
      kernels.packI64(numbers, validityOf(device, scratch, part, words, rows, shift), rows, baseOf(part, target), shiftTo, out)
    }
    shift += part.bits
    shiftTo += target.bits
  })
  device.memory.write(words, device.memory.bytes(out, 8 * rows))
}

// By which numbers are moved where the base of a range is another.
function baseOf(part: KeyPart, target: KeyPart): bigint {
  return part.kind === 'number' && target.kind === 'number' ? 1n + BigInt(target.base) - BigInt(part.base) : 1n
}

function validityOf({ kernels }: Device, scratch: Arena, part: KeyPart, words: number, rows: number, shift: number): number {
  if (!part.nulls) return 0
  const validity = scratch.allocate(bitmapBytes(rows))
  return kernels.maskPacked(words, rows, shift, part.bits, validity) === rows ? 0 : validity
}

function unpackPart(device: Device, arena: Arena, part: KeyPart, type: DataType, words: number, rows: number, shift: number, validity: number): Column {
  const { kernels } = device
  if (part.kind === 'codes') {
    const codes = arena.allocate(4 * rows)
    kernels.unpackI32(words, rows, shift, part.bits, 0n, codes)
    const { dictionary, arena: home } = part
    return codedColumn(device, arena, { type, length: rows, validity, codes: { values: codes, dictionary, ...(home === undefined ? { kept: true } : { arena: home }) } })
  }
  const out = { ...allocateColumn(arena, type, rows), validity }
  if (part.kind === 'bool') kernels.unpackBools(words, rows, shift, out.values)
  else (signed32.includes(type.kind) ? kernels.unpackI32 : kernels.unpackI64)(words, rows, shift, part.bits, BigInt(part.base), out.values)
  return out
}

/** The codes of the first of these columns, where all have codes of one dictionary that may be kept or held. */
export function sharedCodes(columns: readonly Column[]): Codes | undefined {
  const codes = columns[0]?.codes
  if (!codes || (!codes.kept && codes.arena === undefined)) return undefined
  return columns.every(column => column.codes?.dictionary.values === codes.dictionary.values) ? codes : undefined
}

function partFor(device: Device, arena: Arena, columns: readonly Column[]): KeyPart | undefined {
  const [first] = columns as [Column, ...Column[]]
  const { kind } = first.type
  if (kind === 'bool') return { kind: 'bool', bits: 2, nulls: false }
  if (layoutOf(first.type) === 'view') {
    const shared = sharedCodes(columns)
    if (!shared) return undefined
    const { dictionary, kept, arena: home } = shared
    return { kind: 'codes', dictionary, ...(!kept && { arena: home! }), bits: bitsFor(BigInt(dictionary.length)), nulls: false }
  }
  const narrow = signed32.includes(kind)
  if (!narrow && !signed64.includes(kind)) return undefined
  const out = arena.allocate(16)
  let range: { least: bigint; most: bigint } | undefined
  for (const { values, validity, length, range: known } of columns) {
    if (known) device.memory.int64s(out, 2).set([BigInt(known.min), BigInt(known.max)])
    else if ((narrow ? device.kernels.rangeI32 : device.kernels.rangeI64)(values, validity, 0, length, out) === 0) continue
    const [least, most] = device.memory.int64s(out, 2) as unknown as [bigint, bigint]
    range = { least: range && range.least < least ? range.least : least, most: range && range.most > most ? range.most : most }
  }
  return numberPart(range?.least ?? 0n, range?.most ?? 0n)
}

// From 0 on where that costs little: then the ranges of several batches are likely to be the same.
function numberPart(least: bigint, most: bigint): KeyPart & { kind: 'number' } {
  const fromZero = least >= 0n && bitsFor(most + 1n) <= bitsFor(most - least + 1n) + 1
  const base = fromZero ? 0n : least
  return { kind: 'number', base: String(base), bits: bitsFor(most - base + 1n), nulls: false }
}

function rangeOf({ base, bits }: KeyPart & { kind: 'number' }): { least: bigint; most: bigint } {
  return { least: BigInt(base), most: BigInt(base) + (1n << BigInt(bits)) - 2n }
}

// Bits of the numbers 0 to `most`.
function bitsFor(most: bigint): number {
  return most.toString(2).length
}

function bitsOf(parts: readonly KeyPart[]): number {
  return parts.reduce((bits, part) => bits + part.bits, 0)
}
