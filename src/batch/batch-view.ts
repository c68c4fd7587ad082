// A batch as user code sees it: in `mapBatches`, `batches()` and in sinks. It reads the shared memory directly and lives until the
// next step; `retain()` copies nothing and keeps it until `release()`.
import { PlanError } from '../base/errors.ts'
import type { Device } from '../device/device.ts'
import { changeColumn } from './change.ts'
import { type Batch, type Column, column, releaseBatch, retainBatch } from './batch.ts'
import { buildColumn } from './build-columns.ts'
import { type DataType, sameType } from './data-type.ts'
import { parseType, typeName } from './type-name.ts'
import { typeOfValues } from './value-type.ts'
import { type PlainRow, rowReader, type Value, valueReader } from './read-values.ts'
import { visible } from './schema.ts'
import type { Arena } from '../device/arena.ts'

/** A column as user code sees it. Reads throw nothing and are valid as long as the batch. */
export class ColumnView {
  readonly #device: Device
  readonly #column: Column
  readonly #read: (row: number) => Value
  constructor(device: Device, source: Column) {
    this.#device = device
    this.#column = source
    this.#read = valueReader(device.memory, source)
  }
  get length(): number {
    return this.#column.length
  }
  get type(): string {
    return typeName(this.#column.type)
  }
  /** The value of a row; null for a null. */
  get(row: number): Value {
    return this.#read(row)
  }
  toArray(): Value[] {
    return Array.from({ length: this.length }, (_, row) => this.#read(row))
  }
  /** A fresh array of the column as float64; nulls are NaN, int64 beyond 2^53 is rounded. Cost: one pass. */
  toFloat64Array(): Float64Array {
    if (this.#column.type.kind === 'float64' && this.#column.validity === 0) return this.#device.memory.float64s(this.#column.values, this.length).slice()
    return Float64Array.from({ length: this.length }, (_, row) => {
      const value = this.#read(row)
      return value === null ? Number.NaN : Number(value)
    })
  }
}

/** A batch as user code sees it. `batch` and `device` are there for sinks and sources that work on columns themselves. */
export class BatchView {
  readonly batch: Batch
  readonly device: Device
  readonly #arena: Arena | undefined
  /** `arena` is where `withColumn` allocates; a view without one is read-only. */
  constructor(device: Device, batch: Batch, arena?: Arena) {
    this.device = device
    this.batch = batch
    this.#arena = arena
  }
  get numRows(): number {
    return this.batch.rowCount
  }
  /**
   * What each row is, where rows change earlier ones: 0 inserted, 1 the row that was before an update, 2 the row that is after it, 3 deleted; odd ones take back a row that was given, all of
   * whose columns they have. Undefined where rows only add up. Valid as long as the batch.
   */
  get changes(): Int8Array | undefined {
    const at = this.batch.fields.findIndex(field => field.name === changeColumn)
    if (at < 0) return undefined
    const { buffer, byteOffset } = this.device.memory.bytes(this.batch.columns[at]!.values, this.numRows)
    return new Int8Array(buffer, byteOffset, this.numRows)
  }
  get columnNames(): string[] {
    return visible(this.batch.fields).map(f => f.name)
  }
  /** A column by name. Throws PlanError NO_COLUMN. */
  column(name: string): ColumnView {
    return new ColumnView(this.device, column(this.batch, name, 'batch'))
  }
  /** The rows as plain objects, made one by one. */
  *rows(): Generator<PlainRow> {
    const read = rowReader(this.device.memory, this.batch)
    for (let row = 0; row < this.numRows; row++) yield read(row)
  }
  [Symbol.iterator](): Generator<PlainRow> {
    return this.rows()
  }
  /** This batch with a column added or replaced. `values`: any typed array, or an array of values whose type is seen or given by `type`. Throws DataError for values that don't fit. */
  withColumn(name: string, values: ArrayLike<unknown>, type?: string): BatchView {
    if (!this.#arena) throw new PlanError('READ_ONLY', `batch: withColumn("${name}") on a batch that is only lent for reading; use mapBatches`)
    if (values.length !== this.numRows) throw new PlanError('COLUMN_LENGTH', `batch: column "${name}" has ${values.length} values, the batch has ${this.numRows} rows; give one value a row`)
    const parsed = type === undefined ? inferred(values, name) : parseType(type, `batch, column "${name}"`)
    const at = this.batch.fields.findIndex(f => f.name === name)
    const field = { name, type: parsed.type, nullable: parsed.nullable }
    const built = buildColumn(this.device, this.#arena, field, values, 'mapBatches')
    if (!type) field.nullable = built.validity !== 0
    const put = <T>(list: readonly T[], item: T) => (at < 0 ? [...list, item] : list.with(at, item))
    return new BatchView(this.device, { ...this.batch, fields: put(this.batch.fields, field), columns: put(this.batch.columns, built), arena: this.#arena.address }, this.#arena)
  }
  /** Keeps the batch beyond the next step; each call needs a `release()`. */
  retain(): this {
    retainBatch(this.device, this.batch)
    return this
  }
  release(): void {
    releaseBatch(this.device, this.batch)
  }
}

function inferred(values: ArrayLike<unknown>, name: string): { type: DataType; nullable: boolean } {
  const found = typeOfValues(values)
  if (!found) throw new PlanError('COLUMN_TYPE', `batch: the type of column "${name}" can't be seen from its values; pass it as the third argument`)
  return { ...found, nullable: true }
}

/** True where both batches have the same visible columns of the same types. */
export function sameFields(a: Batch['fields'], b: Batch['fields']): boolean {
  const left = visible(a)
  const right = visible(b)
  return left.length === right.length && left.every((f, i) => f.name === right[i]!.name && sameType(f.type as DataType, right[i]!.type))
}
