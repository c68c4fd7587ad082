// The page index of a chunk being written (apache/parquet-format, PageIndex.md): where its pages lie and at which rows they begin, and the bounds of their values.
import type { Device } from '../../device/device.ts'
import type { StoredAs } from './column-type.ts'
import { ThriftWriter } from './write-thrift.ts'
import { boundOrder, WrittenBounds, type WrittenEnds } from './written-bounds.ts'

/** A page in its chunk: bytes with the header, and rows that begin in it. */
export interface WrittenPage {
  readonly bytes: number
  readonly rows: number
}

interface PageEntry extends WrittenPage {
  readonly nulls: number
  /** Undefined of a page of nulls alone. */
  readonly ends: WrittenEnds | undefined
}

/** Gathers what the index of a chunk says. Memory: some 100 bytes a page. */
export class ChunkPages {
  readonly #stored: StoredAs
  /** Of the page at hand. */
  readonly bounds: WrittenBounds
  readonly #all: WrittenBounds
  #pages: PageEntry[] = []
  #hasBounds = true
  constructor(device: Device, stored: StoredAs) {
    this.#stored = stored
    this.bounds = new WrittenBounds(device, stored)
    this.#all = new WrittenBounds(device, stored)
  }

  /** Ends the page at hand, of so many entries, of which so many are null. */
  add(bytes: number, rows: number, entries: number, nulls: number): void {
    const { ends } = this.bounds
    if (!ends && nulls < entries) this.#hasBounds = false
    this.#pages.push({ bytes, rows, nulls, ends })
    this.#all.merge(this.bounds)
    this.bounds.clear()
  }

  /** Pages so far. */
  get pages(): readonly WrittenPage[] {
    return this.#pages
  }

  /** The bounds of all of them. */
  get ends(): WrittenEnds | undefined {
    return this.#all.ends
  }

  /** The ColumnIndex; undefined where a page of values has no bounds. */
  columnIndex(): Uint8Array | undefined {
    if (!this.#hasBounds || this.#pages.length === 0 || !this.#stored.hasBounds) return undefined
    const none = new Uint8Array()
    const thrift = new ThriftWriter()
    thrift.bools(1, this.#pages.map(({ ends }) => ends === undefined))
    thrift.binaries(2, this.#pages.map(({ ends }) => ends?.least ?? none))
    thrift.binaries(3, this.#pages.map(({ ends }) => ends?.most ?? none))
    thrift.i32(4, this.#boundaryOrder())
    thrift.i64s(5, this.#pages.map(({ nulls }) => nulls))
    return thrift.finish()
  }

  /** Begins another chunk. */
  clear(): void {
    this.bounds.clear()
    this.#all.clear()
    this.#pages = []
    this.#hasBounds = true
  }

  // 0 without an order, 1 ascending, 2 descending; pages of nulls alone stand anywhere.
  #boundaryOrder(): number {
    const order = boundOrder(this.#stored)
    const known = this.#pages.flatMap(({ ends }) => ends ?? [])
    const goes = (sign: number) => known.every(({ least, most }, i) => i === 0 || (sign * order(known[i - 1]!.least, least) <= 0 && sign * order(known[i - 1]!.most, most) <= 0))
    return goes(1) ? 1 : goes(-1) ? 2 : 0
  }
}

/** The OffsetIndex of a chunk whose first data page lies at `offset`. */
export function offsetIndex(pages: readonly WrittenPage[], offset: number): Uint8Array {
  const thrift = new ThriftWriter()
  let [at, row] = [offset, 0]
  thrift.structs(1, pages, ({ bytes, rows }) => {
    thrift.i64(1, at).i32(2, bytes).i64(3, row)
    at += bytes
    row += rows
  })
  return thrift.finish()
}
