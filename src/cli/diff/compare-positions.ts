// The rows of two frames beside each other by their positions: both are read at once, and what lies side by side in memory is compared column by column.
// Memory: a few batches of each. Only the rows that are shown become objects.
import type { BatchView } from '../../batch/batch-view.ts'
import { type Column, column as columnOf } from '../../batch/batch.ts'
import { int64 } from '../../batch/data-type.ts'
import { valueReader } from '../../batch/read-values.ts'
import type { Field } from '../../batch/schema.ts'
import type { Value } from '../../batch/value.ts'
import { countBits, orBits } from '../../compute/bitmap.ts'
import { columnRange } from '../../compute/gather.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { bindCondition } from '../../expr/bind.ts'
import { evaluateMask } from '../../expr/evaluate.ts'
import type { FrameValue } from '../../frame/frame.ts'
import type { JobOptions } from '../../frame/run.ts'
import { column, differs, selection } from './column-pairs.ts'
import type { CompareOptions, Comparison, ShownRows } from './compare-by-key.ts'

/** Compares. Rows have their number, from 1, for a key. */
export async function comparePositions(a: FrameValue, b: FrameValue, options: CompareOptions, runOptions: JobOptions): Promise<Comparison> {
  const [left, right] = [new RowStream(a, 'a', options, runOptions), new RowStream(b, 'b', options, { ...runOptions, progress: undefined })]
  const changes = new Changes(options)
  try {
    for (;;) {
      // One after the other, so that neither is in the middle of a step where the other fails; jobs read ahead meanwhile.
      const moreLeft = await left.fill()
      const moreRight = await right.fill()
      if (!moreLeft || !moreRight) break
      const rows = Math.min(left.left, right.left)
      changes.look(left, right, rows)
      left.skip(rows)
      right.skip(rows)
    }
    return { rows: { a: left.rows, b: right.rows }, repeats: { a: none, b: none }, onlyA: await left.rest(), onlyB: await right.rest(), changed: changes.result }
  } finally {
    await left.close()
    await right.close()
  }
}

const none = { keys: 0, rows: 0 }
const rowField: Field = { name: 'k0', type: int64, nullable: false }

// One side: its columns by the pairs' numbers, and how far it was read.
class RowStream {
  readonly #batches: AsyncGenerator<BatchView>
  readonly #fields: readonly Field[]
  readonly #limit: number
  #view: BatchView | undefined
  #at = 0
  rows = 0

  constructor(frame: FrameValue, side: 'a' | 'b', { pairs, limit }: CompareOptions, runOptions: JobOptions) {
    this.#batches = frame.select(selection(pairs.map((pair, i) => [`${side}${i}`, column(pair.name)]))).batches(runOptions)
    this.#fields = pairs.map((pair, i) => ({ ...pair[side], name: `${side}${i}` }))
    this.#limit = limit
  }

  /** Whether there are rows left, which are then at hand. */
  async fill(): Promise<boolean> {
    while (!this.#view || this.left === 0) {
      const { value, done } = await this.#batches.next()
      if (done) return false
      this.#view = value
      this.#at = 0
      this.rows += value.numRows
    }
    return true
  }

  get device(): Device {
    return this.#view!.device
  }
  get left(): number {
    return this.#view!.numRows - this.#at
  }
  /** The number of the row at hand. */
  get row(): number {
    return this.rows - this.left + 1
  }
  get fields(): readonly Field[] {
    return this.#fields
  }
  columns(arena: Arena, rows: number): Column[] {
    const { batch, device } = this.#view!
    return this.#fields.map(field => columnRange(device, arena, columnOf(batch, field.name, 'diff'), this.#at, this.#at + rows))
  }
  skip(rows: number): void {
    this.#at += rows
  }

  /** Counts all that is left, and keeps the first of it. */
  async rest(): Promise<Comparison['onlyA']> {
    let count = 0
    const rows: Value[][] = []
    while (await this.fill()) {
      const kept = Math.min(this.left, this.#limit - rows.length)
      for (let i = 0; i < kept; i++) rows.push([this.row + i, ...this.#fields.map(field => this.#view!.column(field.name).get(this.#at + i))])
      count += this.left
      this.skip(this.left)
    }
    return { count, first: { fields: [rowField, ...this.#fields], rows } }
  }

  async close(): Promise<void> {
    await this.#batches.return(undefined)
  }
}

// What differs, so far.
class Changes {
  readonly #options: CompareOptions
  readonly #columns: number[]
  readonly #rows: Value[][] = []
  readonly #fields: readonly Field[]
  #count = 0

  constructor(options: CompareOptions) {
    const { pairs } = options
    this.#options = options
    this.#columns = pairs.map(() => 0)
    this.#fields = [rowField, ...pairs.map((pair, i) => ({ ...pair.a, name: `a${i}` })), ...pairs.map((pair, i) => ({ ...pair.b, name: `b${i}` })), ...pairs.map((_, i) => ({ name: `d${i}`, type: { kind: 'bool' } as const, nullable: false }))]
  }

  look(left: RowStream, right: RowStream, rows: number): void {
    const { pairs, tolerance } = this.#options
    const { device } = left
    const arena = device.arena()
    try {
      const columns = [...left.columns(arena, rows), ...right.columns(arena, rows)]
      const fields = [...left.fields, ...right.fields]
      const batch = { fields, rowCount: rows, columns, arena: arena.address }
      const masks = pairs.map((pair, i) => evaluateMask(device, arena, bindCondition(differs(pair, column(`a${i}`), column(`b${i}`), tolerance), fields, 'diff'), batch, 'diff'))
      const counts = masks.map(mask => countBits(device, mask, rows))
      counts.forEach((count, i) => (this.#columns[i]! += count))
      if (counts.every(count => count === 0)) return
      const differing = masks.reduce((all, mask) => orBits(device, arena, all, mask, rows))
      this.#count += countBits(device, differing, rows)
      this.#show(device, columns, masks, differing, rows, left.row)
    } finally {
      arena.release()
    }
  }

  get result(): Comparison['changed'] {
    const first: ShownRows = { fields: this.#fields, rows: this.#rows }
    return { count: this.#count, columns: this.#columns, first }
  }

  #show(device: Device, columns: readonly Column[], masks: readonly number[], differing: number, rows: number, firstRow: number): void {
    const isSet = (mask: number, row: number) => (device.memory.bytes(mask + (row >> 3), 1)[0]! & (1 << (row & 7))) !== 0
    const read = columns.map(of => valueReader(device.memory, of))
    for (let row = 0; row < rows && this.#rows.length < this.#options.limit; row++)
      if (isSet(differing, row)) this.#rows.push([firstRow + row, ...read.map(value => value(row)), ...masks.map(mask => isSet(mask, row))])
  }
}
