// Parquet and Arrow files in memory: rows written to bytes, bytes read back to rows.
import { bytesReader, BytesSink } from '../../src/base/bytes.ts'
import type { Json } from '../../src/base/json.ts'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { parseSchema, type SchemaLike } from '../../src/batch/schema.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import { ArrowWriter } from '../../src/format/arrow/arrow-writer.ts'
import { decodeRecordBatch, selectArrowColumns } from '../../src/format/arrow/decode-record-batch.ts'
import { readArrow } from '../../src/format/arrow/read-arrow.ts'
import { ParquetWriter } from '../../src/format/parquet/parquet-writer.ts'
import type { ParquetWriteOptions } from '../../src/format/parquet/write-options.ts'
import { keySetOf, type ParquetDecryption } from '../../src/format/parquet/parquet-keys.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import type { ParquetLimits } from '../../src/format/parquet/read-pages.ts'
import { readRowGroup, type RowGroupRequest } from '../../src/format/parquet/read-row-group.ts'

export type Rows = readonly Record<string, unknown>[]

/** Hands `rows` over in batches of `batchRows`. */
export function eachBatch(device: Device, schema: SchemaLike, rows: Rows, batchRows: number, take: (batch: Batch) => void): void {
  const fields = parseSchema(schema, 'test')
  for (let at = 0; at < rows.length; at += batchRows) {
    const arena = device.arena()
    const batch = buildBatch(device, arena, fields, rows.slice(at, at + batchRows), 'test')
    try {
      take(batch)
    } finally {
      releaseBatch(device, batch)
    }
  }
}

export function writeParquet(device: Device, schema: SchemaLike, rows: Rows, options: ParquetWriteOptions = {}, batchRows = 1000): Uint8Array {
  const sink = new BytesSink()
  const writer = new ParquetWriter(device, parseSchema(schema, 'test'), sink, options)
  try {
    eachBatch(device, schema, rows, batchRows, batch => writer.write(batch))
    writer.finish()
    return sink.bytes()
  } finally {
    writer.close()
  }
}

/** All rows of the readable columns, or of `columns`. */
export function readParquet(
  device: Device,
  bytes: Uint8Array,
  {
    columns,
    batchRows = 1024,
    where = 'test.parquet',
    limits,
    int96,
    ranges,
    count,
    decryption,
  }: { columns?: readonly string[]; batchRows?: number; where?: string; limits?: ParquetLimits; int96?: 'ms' | 'us'; ranges?: RowGroupRequest['ranges']; count?: RowGroupRequest['count']; decryption?: ParquetDecryption } = {},
): PlainRow[] {
  const reader = bytesReader(bytes)
  const file = readFooter(reader, where, int96, decryption && keySetOf(decryption, where))
  const names = columns ?? file.columns.filter(c => c.unreadable === undefined).map(c => c.field.name)
  const rows: PlainRow[] = []
  let open: Arena | undefined
  try {
    for (let rowGroup = 0; rowGroup < file.rowGroups.length; rowGroup++) {
      const reading = readRowGroup({
        device,
        reader,
        file,
        where,
        rowGroup,
        columns: names,
        batchRows,
        limits,
        ranges,
        count,
        arena: () => (open = device.arena()),
        emit(batch) {
          open = undefined
          const read = rowReader(device.memory, batch)
          for (let row = 0; row < batch.rowCount; row++) rows.push(read(row))
          releaseBatch(device, batch)
        },
      })
      for (const _ of reading);
    }
  } finally {
    open?.release()
  }
  return rows
}

export function writeArrow(device: Device, schema: SchemaLike, rows: Rows, format: 'file' | 'stream' = 'file', batchRows = 1000): Uint8Array {
  const sink = new BytesSink()
  const writer = new ArrowWriter(device, parseSchema(schema, 'test'), sink, format)
  eachBatch(device, schema, rows, batchRows, batch => writer.write(batch))
  writer.finish()
  return sink.bytes()
}

/** All rows of the readable columns, or of `columns`. */
export function readArrowRows(device: Device, bytes: Uint8Array, columns?: readonly string[], where = 'test.arrow'): PlainRow[] {
  const reader = bytesReader(bytes)
  const file = readArrow(reader, where)
  const chosen = selectArrowColumns(file, columns ?? file.columns.filter(c => c.unreadable === undefined).map(c => c.field.name), where)
  const rows: PlainRow[] = []
  for (let index = 0; index < file.batches.length; index++) {
    const arena = device.arena()
    try {
      const decoded = decodeRecordBatch({ device, reader, file, where }, arena, index, chosen)
      const read = rowReader(device.memory, { fields: chosen.map(i => file.columns[i]!.field), arena: arena.address, ...decoded })
      for (let row = 0; row < decoded.rowCount; row++) rows.push(read(row))
    } finally {
      arena.release()
    }
  }
  return rows
}

/** A row's values as JSON text, exact for bigints, bytes, maps, NaN and −0. */
export function exact(value: unknown): Json {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === 'bigint') return `${v}n`
    if (v instanceof Uint8Array) return `bytes ${[...v].join(' ')}`
    if (v instanceof Map) return ['map', ...v]
    if (typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0))) return Object.is(v, -0) ? 'minus zero' : String(v)
    return v
  })
}

/** A schema of every type, and `count` rows of it with nulls and the values that break formats. */
export const allTypes = {
  flag: 'bool',
  flagN: 'bool?',
  int: 'int32',
  intN: 'int32?',
  long: 'int64',
  longN: 'int64?',
  float: 'float64',
  floatN: 'float64?',
  text: 'utf8',
  textN: 'utf8?',
  bytes: 'binary?',
  ms: 'timestamp[ms]',
  us: 'timestamp[us]?',
  ns: 'timestamp[ns]?',
  none: 'utf8?',
  unique: 'utf8',
  few: 'utf8?',
} as const satisfies SchemaLike

export function allTypesRows(count: number): Record<string, unknown>[] {
  const texts = ['', 'a', 'twelve bytes', 'thirteen byte', 'a text that is longer than a view holds', '€uro ß 😀']
  return Array.from({ length: count }, (_, i) => {
    const orNull = <T>(value: T, every: number) => (i % every === 0 ? null : value)
    return {
      flag: i % 3 === 0,
      flagN: orNull(i % 5 < 2, 4),
      int: (i * 2654435761) | 0,
      intN: orNull(i % 11, 3),
      long: BigInt(i) * 2n ** 40n * (i % 2 ? -1n : 1n),
      longN: orNull(2n ** 53n + BigInt(i % 9), 2),
      float: [NaN, -0, 0, 1.5, -1e300, i / 7, Infinity][i % 7],
      floatN: orNull(i / 3, 5),
      text: texts[i % 6],
      textN: orNull(texts[(i * 5) % 6], 3),
      bytes: orNull(Uint8Array.of(i & 255, 0, 255), 6),
      ms: 1_700_000_000_000 + i,
      us: orNull(BigInt(i) * 1_000_003n, 7),
      ns: orNull(-BigInt(i), 8),
      none: null,
      unique: `row number ${i}`,
      few: orNull(`kind ${Math.floor(i / 50) % 7}`, 10),
    }
  })
}
