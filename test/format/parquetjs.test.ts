// parquetjs-lite, an independent writer and reader: what it writes we read, and what we write for it (no dictionaries) it reads.
// It is old: int64 beyond 2^53 is not exact there, it reads no dictionary pages of today's writers, and no timestamps at all, its own included.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { readParquet, writeParquet } from '../support/format-files.ts'

interface Cursor {
  next(): Promise<Record<string, unknown> | null>
}
interface ParquetJs {
  ParquetSchema: new (fields: object) => object
  ParquetWriter: { openFile(schema: object, path: string, options: object): Promise<{ appendRow(row: object): Promise<void>; close(): Promise<void> }> }
  ParquetReader: { openBuffer(bytes: Buffer): Promise<{ getCursor(): Cursor; close(): Promise<void> }> }
}

const parquetjs = createRequire(import.meta.url)('parquetjs-lite') as ParquetJs
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))
const device = await createDevice()

const rows = Array.from({ length: 500 }, (_, i) => ({
  id: i - 250,
  big: 1_000_000_007 * i,
  price: i / 8,
  name: `name ${i % 40} ${'x'.repeat(i % 20)}`,
  note: i % 3 === 0 ? null : `note ${i}`,
  flag: i % 5 === 0,
  at: 1_700_000_000_000 + i,
}))

describe.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP'] as const)('parquetjs-lite, %s', codec => {
  it.each([false, true])('is read by us (data pages of version 2: %s)', async useDataPageV2 => {
    const column = (type: string, optional = false) => ({ type, compression: codec, optional })
    const schema = new parquetjs.ParquetSchema({
      id: column('INT32'),
      big: column('INT64'),
      price: column('DOUBLE'),
      name: column('UTF8'),
      note: column('UTF8', true),
      flag: column('BOOLEAN'),
      at: column('TIMESTAMP_MILLIS'),
    })
    const path = join(folder, `${codec}-${useDataPageV2}.parquet`)
    const writer = await parquetjs.ParquetWriter.openFile(schema, path, { useDataPageV2, rowGroupSize: 170 })
    for (const { note, at, ...row } of rows) await writer.appendRow({ ...row, at: new Date(at), ...(note !== null && { note }) })
    await writer.close()
    const expected = rows.map(({ id, big, price, name, note, flag, at }) => ({ id, big: BigInt(big), price, name, note, flag, at }))
    expect(readParquet(device, new Uint8Array(readFileSync(path)))).toEqual(expected)
    expect(device.pages.used()).toBe(0)
  })

  it.each([false, true])('writes repeated fields and groups that we read as lists and structs (data pages of version 2: %s)', async useDataPageV2 => {
    const column = (type: string, more: object = {}) => ({ type, compression: codec, ...more })
    const schema = new parquetjs.ParquetSchema({
      id: column('INT32'),
      tags: column('UTF8', { repeated: true }),
      stock: { repeated: true, fields: { price: column('DOUBLE', { repeated: true }), warehouse: column('UTF8', { optional: true }) } },
      size: { optional: true, fields: { width: column('INT64'), parts: column('INT32', { repeated: true }) } },
    })
    const nested = Array.from({ length: 300 }, (_, i) => ({
      id: i,
      tags: Array.from({ length: i % 4 }, (_, k) => `tag ${i * k}`),
      stock: Array.from({ length: (i * 7) % 3 }, (_, k) => ({ price: Array.from({ length: (i + k) % 5 }, (_, p) => i / (p + 1)), warehouse: k % 2 ? `warehouse ${i}` : null })),
      size: i % 5 === 0 ? null : { width: i, parts: Array.from({ length: i % 3 }, (_, k) => k) },
    }))
    const path = join(folder, `nested-${codec}-${useDataPageV2}.parquet`)
    const writer = await parquetjs.ParquetWriter.openFile(schema, path, { useDataPageV2, rowGroupSize: 110 })
    for (const { stock, size, ...row } of nested)
      await writer.appendRow({ ...row, stock: stock.map(({ price, warehouse }) => ({ price, ...(warehouse !== null && { warehouse }) })), ...(size && { size }) })
    await writer.close()
    const bytes = new Uint8Array(readFileSync(path))
    expect(readParquet(device, bytes, { batchRows: 64 })).toEqual(nested.map(({ size, ...row }) => ({ ...row, size: size && { ...size, width: BigInt(size.width) } })))
    expect(device.pages.used()).toBe(0)
  })

  it('reads what we write', async () => {
    const schema = { id: 'int32', big: 'int64', price: 'float64', name: 'utf8', note: 'utf8?', flag: 'bool' }
    const bytes = writeParquet(
      device,
      schema,
      rows.map(({ at, ...row }) => ({ ...row, big: BigInt(row.big) })),
      { compression: ({ UNCOMPRESSED: 'none', SNAPPY: 'snappy', GZIP: 'gzip' } as const)[codec], dictionary: false, rowGroupRows: 170 },
    )
    const reader = await parquetjs.ParquetReader.openBuffer(Buffer.from(bytes))
    const cursor = reader.getCursor()
    const read: unknown[] = []
    for (let row = await cursor.next(); row; row = await cursor.next()) read.push({ ...row, big: Number(row.big), note: row.note ?? null })
    await reader.close()
    expect(read).toEqual(rows.map(({ at, ...row }) => row))
  })

  it('reads what we nest, by the groups that lists and maps are of', async () => {
    const schema = { id: 'int32', tags: 'list<utf8?>?', size: 'struct<width: int64?, parts: list<int32>>?', stock: 'map<utf8, struct<price: float64, days: list<int32>?>>' }
    const nested = Array.from({ length: 300 }, (_, i) => ({
      id: i,
      tags: i % 7 === 0 ? null : Array.from({ length: i % 4 }, (_, k) => (k === 1 ? null : `tag ${i * k}`)),
      size: i % 5 === 0 ? null : { width: i % 3 ? BigInt(i) : null, parts: Array.from({ length: i % 3 }, (_, k) => k) },
      stock: new Map(Array.from({ length: (i * 7) % 3 }, (_, k) => [`${i} ${k}`, { price: i / 8, days: k ? null : Array.from({ length: i % 5 }, (_, d) => d) }] as const)),
    }))
    const bytes = writeParquet(device, schema, nested, { compression: ({ UNCOMPRESSED: 'none', SNAPPY: 'snappy', GZIP: 'gzip' } as const)[codec], dictionary: false, rowGroupRows: 110 }, 70)
    const reader = await parquetjs.ParquetReader.openBuffer(Buffer.from(bytes))
    const cursor = reader.getCursor()
    const read: unknown[] = []
    for (let row = await cursor.next(); row; row = await cursor.next()) read.push(row)
    await reader.close()
    const listOf = (items: readonly unknown[] | null) => items && { list: items.map(element => ({ element })) }
    const expected = nested.map(({ id, tags, size, stock }) => ({
      id,
      tags: listOf(tags),
      size: size && { width: size.width === null ? null : Number(size.width), parts: listOf(size.parts) },
      stock: { key_value: [...stock].map(([key, { price, days }]) => ({ key, value: { price, days: listOf(days) } })) },
    }))
    // It leaves out what is null, and what repeats no time.
    const plain = (all: unknown) => JSON.parse(JSON.stringify(all, (_, value) => (value === null || (Array.isArray(value) && value.length === 0) ? undefined : typeof value === 'bigint' ? Number(value) : value))) as unknown
    expect(plain(read)).toEqual(plain(expected))
  })
})
