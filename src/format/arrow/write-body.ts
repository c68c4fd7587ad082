// The body of a record batch: nodes and buffers of its columns, depth first, in the standard layouts.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes, childrenOf, layoutOf, type Member, valueBytes } from '../../batch/data-type.ts'
import { dataOfViews, offsetsOfViews } from '../../compute/arrow-columns.ts'
import { countNulls } from '../../compute/bitmap.ts'
import { allValid, narrowTimes } from '../../compute/encode-arrow.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

/** Buffers begin at multiples of this. */
export const alignment = 64

/** Collects columns; what must be made first lies in `arena`. */
export class Body {
  /** (rows, nulls) of each node, flat. */
  readonly nodes: number[] = []
  /** (offset, bytes) of each buffer, flat. */
  readonly buffers: number[] = []
  /** The buffers' bytes in memory. */
  readonly parts: { readonly address: number; readonly bytes: number }[] = []
  /** Bytes of the body, padding included. */
  bytes = 0
  readonly #device: Device
  readonly #arena: Arena
  constructor(device: Device, arena: Arena) {
    this.#device = device
    this.#arena = arena
  }

  /** Adds a column whose lists are rebased. `parent`: the validity of what it is a part of. Throws DataError NULL_VALUE, ARROW_SIZE naming `name`. */
  add(column: Column, { nullable }: Pick<Member, 'nullable'>, name: string, parent = 0): void {
    const { type, length } = column
    const nulls = type.kind === 'null' ? length : countNulls(this.#device, column)
    if (nulls > 0 && !nullable && type.kind !== 'null' && !allValid(this.#device, column, parent))
      throw new DataError('NULL_VALUE', `write.arrow, column "${name}": ${nulls} nulls in a column whose type allows none; declare it with ?`)
    this.nodes.push(length, nulls)
    if (type.kind === 'null') return
    this.#buffer(column.validity, nulls === 0 ? 0 : bitmapBytes(length))
    const layout = layoutOf(type)
    if (layout === 'view') this.#addStrings(column, name)
    else if (type.kind === 'time' && (type.unit === 's' || type.unit === 'ms')) this.#buffer(narrowTimes(this.#device, this.#arena, column), 4 * length)
    else if (layout !== 'children') this.#buffer(column.values, valueBytes(type, length))
    const isInRow = type.kind === 'struct'
    childrenOf(type).forEach((member, i) => this.add(column.children![i]!, member, `${name}.${member.name}`, isInRow ? column.validity : 0))
  }

  #addStrings(column: Column, name: string): void {
    const device = this.#device
    const { values, length } = column
    const offsets = this.#arena.allocate(4 * (length + 1))
    const bytes = offsetsOfViews(device, values, length, offsets)
    if (bytes >= 2 ** 31)
      throw new DataError('ARROW_SIZE', `write.arrow, column "${name}": ${length} rows hold ${bytes} bytes of text, Arrow's utf8 at most 2^31 − 1; split the values`)
    const data = this.#arena.allocate(bytes)
    dataOfViews(device, values, length, data)
    this.#buffer(offsets, 4 * (length + 1))
    this.#buffer(data, bytes)
  }

  #buffer(address: number, bytes: number): void {
    this.buffers.push(this.bytes, bytes)
    this.parts.push({ address, bytes })
    this.bytes += Math.ceil(bytes / alignment) * alignment
  }
}
