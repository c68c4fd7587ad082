// The levels of the page being written, and where pages of nested columns are cut. A flat column's are its validity bitmap, as it is; those of a leaf inside
// lists and structs are a byte each until the page is full.
import { bitmapBytes } from '../../batch/data-type.ts'
import { appendBitRange } from '../../compute/parquet-encode.ts'
import { encodeLevels, levelBytesMax } from '../../compute/parquet-shred.ts'
import { setBits } from '../../compute/parquet.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'

/** Levels of a flat column of at most `rowsMax` rows a page: one bit each. */
export class FlatLevels {
  readonly #device: Device
  readonly #nullable: boolean
  readonly #rowsMax: number
  readonly #bits: Scratch
  constructor(device: Device, nullable: boolean, rowsMax: number) {
    this.#device = device
    this.#nullable = nullable
    this.#rowsMax = rowsMax
    this.#bits = new Scratch(device)
    this.clear()
  }

  /** Appends the `count` bits from bit `bit` on behind `before` earlier ones; `bits` 0 is all ones. Returns how many are 1. */
  append(before: number, bits: number, bit: number, count: number): number {
    const place = this.#place()
    if (bits !== 0) return appendBitRange(this.#device, bits, bit, count, place, before)
    setBits(this.#device, place, before, count)
    return count
  }

  /** The levels as a page has them in front of its values, which begin at `end`: [bytes u32][one run], all valid, all null, or a bit each. Returns their bytes. */
  writeBefore(end: number, count: number, present: number): number {
    if (!this.#nullable) return 0
    const { memory } = this.#device
    const same = present === count ? 1 : present === 0 ? 0 : undefined
    const groups = bitmapBytes(count)
    const header = same === undefined ? varint(groups * 2 + 1) : runOf(count, same)
    const bytes = header.length + (same === undefined ? groups : 0)
    const out = memory.bytes(end - 4 - bytes, 4 + bytes)
    out.set([...uint32(bytes), ...header])
    if (same === undefined) out.set(memory.bytes(this.#place(), groups), 4 + header.length)
    return 4 + bytes
  }

  /** Forgets them: a page begins. */
  clear(): void {
    this.#device.memory.bytes(this.#place(), bitmapBytes(this.#rowsMax) + 64).fill(0)
  }

  /** Gives the memory back. */
  close(): void {
    this.#bits.close()
  }

  #place(): number {
    return this.#bits.ensure(bitmapBytes(this.#rowsMax))
  }
}

type Kind = 'repetition' | 'definition'

// What an address of 0 stands for: see `Entries`.
const ungiven = { repetition: 0, definition: 255 } as const

/** Levels of a leaf inside lists and structs; pages may hold any number. `definition` and `repetition` are the greatest ones. */
export class NestedLevels {
  readonly #device: Device
  readonly #most: Readonly<Record<Kind, number>>
  readonly #levels: Readonly<Record<Kind, Scratch>>
  // How many levels lie there; those behind were not given.
  readonly #known: Record<Kind, number> = { repetition: 0, definition: 0 }
  readonly #encoded: Scratch
  constructor(device: Device, most: Readonly<Record<Kind, number>>) {
    this.#device = device
    this.#most = most
    this.#levels = { repetition: new Scratch(device), definition: new Scratch(device) }
    this.#encoded = new Scratch(device)
  }

  /** Appends `count` levels behind `before` earlier ones: addresses as in `Entries`. */
  append(before: number, { repetitions, definitions }: { readonly repetitions: number; readonly definitions: number }, count: number): void {
    this.#append('repetition', before, repetitions, count)
    this.#append('definition', before, definitions, count)
  }

  #append(kind: Kind, before: number, levels: number, count: number): void {
    if (levels === 0) return
    const place = this.#settled(kind, before, count)
    this.#device.memory.write(place + before, this.#device.memory.bytes(levels, count))
    this.#known[kind] = before + count
  }

  // The levels' place, with those filled in up to `before` that nobody gave, and room for `more`.
  #settled(kind: Kind, before: number, more: number): number {
    const known = this.#known[kind]
    const place = this.#levels[kind].grow(before + more, known)
    if (known < before) this.#device.memory.bytes(place + known, before - known).fill(ungiven[kind])
    return place
  }

  /** All levels as a page has them in front of its values: repetition, then definition, each behind its bytes (u32). The address is valid until the next call. */
  encode(count: number): { readonly address: number; readonly bytes: number } {
    const kinds = (['repetition', 'definition'] as const).filter(kind => this.#most[kind] > 0)
    const address = this.#encoded.ensure(kinds.reduce((sum, kind) => sum + 4 + levelBytesMax(count, this.#most[kind]), 0))
    let at = address
    for (const kind of kinds) {
      const bytes = this.#encode(kind, count, at + 4)
      this.#device.memory.write(at, Uint8Array.from(uint32(bytes)))
      at += 4 + bytes
    }
    return { address, bytes: at - address }
  }

  #encode(kind: Kind, count: number, out: number): number {
    const most = this.#most[kind]
    if (this.#known[kind] > 0) return encodeLevels(this.#device, this.#settled(kind, count, 0), count, most, out)
    const run = runOf(count, Math.min(ungiven[kind], most))
    this.#device.memory.write(out, Uint8Array.from(run))
    return run.length
  }

  /** Forgets them: a page begins. */
  clear(): void {
    this.#known.repetition = 0
    this.#known.definition = 0
  }

  /** Gives the memory back. */
  close(): void {
    this.#levels.repetition.close()
    this.#levels.definition.close()
    this.#encoded.close()
  }
}

function runOf(count: number, value: number): number[] {
  return [...varint(count * 2), value]
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]
}

function uint32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]
}
