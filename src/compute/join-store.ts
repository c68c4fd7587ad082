// The stored side of a join: rows in chunks of up to 65,536. A large batch is a chunk as it is: kept alive, not copied; small ones are copied together.
// Rows are known by their ids, chunk << 16 | row of the chunk. What other threads need of it is plain data.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Batch, type Column, sliceBatch } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { type Arena, arenaCovers, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Buckets, idBuckets, worthBuckets } from './join-buckets.ts'
import { concatBatches } from './concat.ts'
import { gatherColumn, gatherOwned, rowNumbers } from './gather.ts'
import { nullColumn } from './null-column.ts'
import { RowStore } from './row-store.ts'

/** The most rows of a chunk. */
export const chunkRowsMax = 65_536
// A batch of fewer rows is copied: it may hold more memory than its rows.
const chunkRowsMin = 32_768
const chunksMax = 65_535

/** A column of the store: addresses of lists with an address a chunk, the last one that of a null; or, for types whose rows aren't of one size, the whole column. */
export interface StoredColumn {
  readonly values: number
  readonly validity: number
  readonly hasNulls: boolean
  readonly children?: readonly StoredColumn[]
  readonly whole?: Column
}

/** A sealed store, as plain data. `arena` keeps it alive. `firsts`: the address of the number of the first row of each chunk. */
export interface StoredRows {
  readonly rowCount: number
  readonly chunkRows: readonly number[]
  readonly firsts: number
  readonly columns: readonly StoredColumn[]
  readonly arena: number
}

/** The id that stands for a row of nulls. */
export function absentId({ chunkRows }: StoredRows): number {
  return (chunkRows.length << 16) >>> 0
}

/** Takes rows and keeps them until it is closed. */
export class ChunkStore {
  readonly fields: Fields
  readonly #device: Device
  readonly #arena: Arena
  readonly #chunks: Batch[] = []
  #tail: RowStore
  #rowCount = 0
  #bytes = 0
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.fields = fields
    this.#arena = device.arena()
    this.#tail = new RowStore(device, fields)
  }

  get rowCount(): number {
    return this.#rowCount
  }
  /** Bytes held, those of batches that are kept alive for it included; not those that live on anyway (`cache`). */
  get bytes(): number {
    return this.#bytes + this.#tail.bytes
  }

  /** Adds the rows of `batch`, whose columns are those of `fields`. */
  add(batch: Batch): void {
    this.#rowCount += batch.rowCount
    for (let start = 0; start < batch.rowCount; start += chunkRowsMax) {
      const part = batch.rowCount <= chunkRowsMax ? batch : sliceBatch(batch, start, Math.min(batch.rowCount, start + chunkRowsMax))
      if (part.rowCount >= chunkRowsMin) this.#keep(part)
      else this.#copy(part)
    }
  }

  /** The chunks so far, the last rows among them. Their number of rows is fixed by this: later rows begin a new one. */
  chunks(): readonly Batch[] {
    this.#sealTail()
    return this.#chunks
  }

  /** The store as other threads see it; its arena has one reference more. Nothing may be added afterwards. */
  seal(): StoredRows {
    const device = this.#device
    const chunks = this.chunks()
    assert(chunks.length <= chunksMax, `${chunks.length} chunks in the store of a join`)
    const firsts = this.#arena.allocate(4 * (chunks.length + 1))
    let first = 0
    const numbers = [...chunks, { rowCount: 0 }].map(({ rowCount }) => {
      first += rowCount
      return first - rowCount
    })
    device.memory.uint32s(firsts, numbers.length).set(numbers)
    const columns = this.fields.map((field, i) => this.#listed(field.type, chunks.map(chunk => chunk.columns[i]!)))
    retainArena(device, this.#arena.address)
    return { rowCount: this.#rowCount, chunkRows: chunks.map(chunk => chunk.rowCount), firsts, columns, arena: this.#arena.address }
  }

  /** Gives its reference up; sealed rows live on with theirs. */
  close(): void {
    this.#tail.close()
    this.#arena.release()
  }

  #keep(part: Batch): void {
    this.#sealTail()
    if (part.arena !== 0) {
      retainArena(this.#device, part.arena)
      this.#arena.hold(part.arena)
      this.#bytes += part.columns.reduce((sum, column) => sum + (arenaCovers(this.#device, part.arena, column.values) ? columnBytes(this.#device, column) : 0), 0)
    }
    this.#chunks.push({ ...part, fields: this.fields })
  }

  #copy(part: Batch): void {
    if (this.#tail.rowCount + part.rowCount > chunkRowsMax) this.#sealTail()
    this.#tail.append(part)
  }

  #sealTail(): void {
    const rows = this.#tail.rowCount
    if (rows === 0) return
    const scratch = this.#device.arena()
    try {
      const chunk = gatherOwned(this.#device, this.#arena, this.#tail.batch(), rowNumbers(this.#device, scratch, rows), rows)
      this.#chunks.push(chunk)
      this.#bytes += chunk.columns.reduce((sum, column) => sum + columnBytes(this.#device, column), 0)
    } finally {
      scratch.release()
    }
    this.#tail.clear()
  }

  #listed(type: DataType, parts: readonly Column[]): StoredColumn {
    const device = this.#device
    const layout = layoutOf(type)
    const hasNulls = parts.some(part => part.validity !== 0)
    if (layout === 'list' || type.kind === 'fixedList') {
      const fields = [{ name: 'whole', type, nullable: true }]
      const last = nullColumn(this.#arena, type, 1)
      const batches = [...parts, last].map(column => ({ fields, rowCount: column.length, columns: [column], arena: this.#arena.address }))
      return { values: 0, validity: 0, hasNulls, whole: concatBatches(device, this.#arena, fields, batches).columns[0]! }
    }
    const none = this.#arena.allocateZeroed(Math.max(64, layout === 'children' ? 0 : valueBytes(type, 1)))
    const list = (addresses: readonly number[]) => {
      const address = this.#arena.allocate(4 * (addresses.length + 1))
      device.memory.uint32s(address, addresses.length + 1).set([...addresses, none])
      return address
    }
    const children = layout === 'children' ? childrenOf(type).map((child, i) => this.#listed(child.type, parts.map(part => part.children![i]!))) : undefined
    return { values: list(parts.map(part => part.values)), validity: list(parts.map(part => part.validity)), hasNulls, ...(children && { children }) }
  }
}

function columnBytes(device: Device, column: Column): number {
  const { type, length, values, validity, children } = column
  const own = valueBytes(type, length) + (validity === 0 ? 0 : bitmapBytes(length))
  if (layoutOf(type) === 'view') return own + device.kernels.countViewBytes(values, length)
  return own + (children ?? []).reduce((sum, child) => sum + columnBytes(device, child), 0)
}

/** The places of the rows of ids among all rows of the store, as int32 at an address in `arena`; one past the last for the row of nulls. */
export function flatRowNumbers(device: Device, arena: Arena, store: StoredRows, ids: number, rows: number): number {
  const numbers = arena.allocate(4 * rows)
  device.kernels.flattenIds(store.firsts, ids, rows, numbers)
  return numbers
}

const spreadBy = { word4: 'spreadChunked4', word8: 'spreadChunked8', word16: 'spreadChunked16', view: 'spreadChunked16' } as const

/** The ids by buckets where the store is so large that each column should be taken that way. */
export function storedBuckets(device: Device, arena: Arena, store: StoredRows, ids: number, rows: number): Buckets | undefined {
  return worthBuckets(store.rowCount, rows) ? idBuckets(device, arena, ids, rows, absentId(store) + 1) : undefined
}

/**
 * The values of a stored column for `rows` ids at the address `ids`; `absent` where some of them may be the id of a row of nulls. Views still point at
 * the store's bytes: keep its arena. `buckets`: the ids by buckets, where they are worth it (`storedBuckets`). Cost: 1–2 ns a row where chunks are in cache, up to 10 where each is a miss.
 */
export function takeStored(device: Device, arena: Arena, store: StoredRows, column: StoredColumn, type: DataType, ids: number, rows: number, absent: boolean, buckets?: Buckets): Column {
  const { kernels } = device
  if (column.whole) {
    return gatherColumn(device, arena, column.whole, flatRowNumbers(device, arena, store, ids, rows), rows)
  }
  if (layoutOf(type) === 'none') return allocateColumn(arena, type, rows)
  const validity = column.hasNulls || absent ? arena.allocate(bitmapBytes(rows)) : 0
  const valid = validity === 0 ? rows : kernels.takeChunkedBits(column.validity, ids, rows, validity)
  const kept = valid === rows ? 0 : validity
  if (column.children) {
    const children = column.children.map((child, i) => takeStored(device, arena, store, child, childrenOf(type)[i]!.type, ids, rows, absent))
    return { type, length: rows, values: 0, validity: kept, children }
  }
  const layout = layoutOf(type)
  const values = arena.allocate(layout === 'bit' ? bitmapBytes(rows) : valueBytes(type, rows))
  const out: Column = { type, length: rows, values, validity: kept }
  const spread = buckets && spreadBy[layout as keyof typeof spreadBy]
  if (spread) {
    kernels[spread](column.values, buckets.places, buckets.rows, rows, values)
    return out
  }
  switch (layout) {
    case 'bit':
      kernels.takeChunkedBits(column.values, ids, rows, values)
      return out
    case 'word1':
      kernels.takeChunked1(column.values, ids, rows, values)
      return out
    case 'word2':
      kernels.takeChunked2(column.values, ids, rows, values)
      return out
    case 'word4':
      kernels.takeChunked4(column.values, ids, rows, values)
      return out
    case 'word8':
      kernels.takeChunked8(column.values, ids, rows, values)
      return out
    case 'word16':
    case 'view':
      kernels.takeChunked16(column.values, ids, rows, values)
      return out
    default:
      kernels.takeChunkedFixed(column.values, ids, rows, valueBytes(type, 1), values)
      return out
  }
}
