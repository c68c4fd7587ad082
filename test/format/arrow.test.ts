// Arrow IPC, written and read by our own code and by apache-arrow: every type, files and streams, dictionaries, and what is refused.
import * as arrow from 'apache-arrow'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader, BytesSink } from '../../src/base/bytes.ts'
import { DataError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { sliceBatch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { ArrowWriter } from '../../src/format/arrow/arrow-writer.ts'
import { decodeRecordBatch } from '../../src/format/arrow/decode-record-batch.ts'
import { FlatTable } from '../../src/format/arrow/read-flat.ts'
import { readArrow } from '../../src/format/arrow/read-arrow.ts'
import { FlatWriter } from '../../src/format/arrow/write-flat.ts'
import { columnsOfArrow } from '../../src/frame/arrow.ts'
import { allTypes, allTypesRows, exact, readArrowRows, writeArrow } from '../support/format-files.ts'
import { randomType, sampleTypes, sampleValues, shapes, uint32sAt, valuesOf } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

describe.each(['file', 'stream'] as const)('an arrow %s', format => {
  it('is read as it was written, null for null and bit for bit', () => {
    const rows = allTypesRows(3000)
    const bytes = writeArrow(device, allTypes, rows, format, 700)
    expect(readArrow(bytesReader(bytes), 'x').columns.map(c => c.field)).toEqual(parseSchema(allTypes, 'test'))
    expect(exact(readArrowRows(device, bytes))).toBe(exact(rows))
  })

  it('is read by apache-arrow', () => {
    const rows = allTypesRows(1000)
    const table = arrow.tableFromIPC(writeArrow(device, allTypes, rows, format, 300))
    expect(table.numRows).toBe(1000)
    expect(table.schema.fields.map(f => `${f.name} ${f.type} ${f.nullable}`)).toEqual([
      'flag Bool false',
      'flagN Bool true',
      'int Int32 false',
      'intN Int32 true',
      'long Int64 false',
      'longN Int64 true',
      'float Float64 false',
      'floatN Float64 true',
      'text Utf8 false',
      'textN Utf8 true',
      'bytes Binary true',
      'ms Timestamp<MILLISECOND, UTC> false',
      'us Timestamp<MICROSECOND, UTC> true',
      'ns Timestamp<NANOSECOND, UTC> true',
      'none Utf8 true',
      'unique Utf8 false',
      'few Utf8 true',
    ])
    for (const name of ['flag', 'flagN', 'int', 'intN', 'long', 'longN', 'float', 'floatN', 'text', 'textN', 'bytes', 'ms', 'none', 'unique', 'few']) {
      const column = table.getChild(name)!
      expect(exact(Array.from({ length: 1000 }, (_, i) => column.get(i))), name).toBe(exact(rows.map(row => row[name])))
    }
  })

  it('has no rows where there were none', () => {
    const bytes = writeArrow(device, allTypes, [], format)
    expect(readArrowRows(device, bytes)).toEqual([])
    expect(arrow.tableFromIPC(bytes).schema.fields.length).toBe(17)
  })

  it('by apache-arrow is read, every type as its own and dictionaries looked up', () => {
    const words = ['a', 'a word that is longer than a view', null, 'a', 'b']
    const table = new arrow.Table({
      i8: arrow.vectorFromArray([1, -2, null, 127, -128], new arrow.Int8()),
      u16: arrow.vectorFromArray([1, 65535, null, 0, 3], new arrow.Uint16()),
      u32: arrow.vectorFromArray([1, 4294967295, null, 0, 3], new arrow.Uint32()),
      f32: arrow.vectorFromArray([1, 0.1, null, -0, 3], new arrow.Float32()),
      word: arrow.vectorFromArray(words, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
      plain: arrow.vectorFromArray(words, new arrow.Utf8()),
      large: arrow.vectorFromArray(words, new arrow.LargeUtf8()),
      day: arrow.vectorFromArray([0, 86_400_000, null, 0, -86_400_000], new arrow.DateDay()),
      list: arrow.vectorFromArray([[1], null, [], [2], [3]], new arrow.List(new arrow.Field('item', new arrow.Int32()))),
    })
    const bytes = arrow.tableToIPC(table, format)
    expect(exact(readArrowRows(device, bytes))).toBe(
      exact(
        [0, 1, 2, 3, 4].map(i => ({
          i8: [1, -2, null, 127, -128][i],
          u16: [1, 65535, null, 0, 3][i],
          u32: [1, 4294967295, null, 0, 3][i],
          f32: [1, Math.fround(0.1), null, -0, 3][i],
          word: words[i],
          plain: words[i],
          large: words[i],
          day: [0, 86_400_000, null, 0, -86_400_000][i],
          list: [[1], null, [], [2], [3]][i],
        })),
      ),
    )
  })

  it('holds columns of every type, nested to any depth, from batches and slices of them', () => {
    const draw = random(17)
    for (let round = 0; round < 25; round++) {
      const types = round === 0 ? sampleTypes : [randomType(draw, 4), randomType(draw, 3)]
      const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
      const columns = types.map(type => sampleValues(draw, type, 200, shapes[draw.int(shapes.length)]!))
      const rows = Array.from({ length: 200 }, (_, row) => Object.fromEntries(columns.map((values, i) => [`c${i}`, values[row]])))
      const sink = new BytesSink()
      const writer = new ArrowWriter(device, fields, sink, format)
      const arena = device.arena()
      const batch = buildBatch(device, arena, fields, rows, 'test')
      for (const [start, end] of [[0, 64], [64, 190], [128, 200]] as const) writer.write(sliceBatch(batch, start, end))
      writer.finish()
      arena.release()
      const expected = [...rows.slice(0, 190), ...rows.slice(128)]
      expect(readArrow(bytesReader(sink.bytes()), 'x').columns.map(c => c.field)).toEqual(fields)
      expect(readArrowRows(device, sink.bytes())).toEqual(expected)
      if (round > 0) continue
      const table = arrow.tableFromIPC(sink.bytes())
      expect(table.numRows).toBe(expected.length)
      for (const name of Object.keys(rows[0]!)) expect(columnsOfArrow(table)[name], name).toEqual(expected.map(row => row[name]))
    }
    expect(device.pages.used()).toBe(0)
  })

  it('gives texts of dictionaries their numbers', () => {
    const words = Array.from({ length: 40 }, (_, i) => ['one', 'a word that is longer than a view', 'three'][i % 3]!)
    const table = new arrow.Table({ word: arrow.vectorFromArray(words, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8())) })
    const arena = device.arena()
    const reader = bytesReader(arrow.tableToIPC(table, format))
    const { columns } = decodeRecordBatch({ device, reader, file: readArrow(reader, 'x'), where: 'x' }, arena, 0, [0])
    const { codes } = columns[0]!
    expect(valuesOf(device, columns[0]!)).toEqual(words)
    expect(uint32sAt(device, codes!.values, 40).map(code => valuesOf(device, codes!.dictionary)[code])).toEqual(words)
    arena.release()
  })
})

describe('arrow, broken', () => {
  const bytes = writeArrow(
    device,
    { a: 'int32', b: 'utf8?' },
    Array.from({ length: 100 }, (_, i) => ({ a: i, b: i % 2 ? `text ${i}` : null })),
  )

  it.each([
    ['ARROW_MAGIC', bytes.subarray(0, 4)],
    ['ARROW_MAGIC', bytes.subarray(0, bytes.length - 1)],
    ['ARROW_FOOTER', bytes.with(bytes.length - 7, 127)],
    ['ARROW_MAGIC', new TextEncoder().encode('{"a":1}\n{"a":2}\n')],
  ])('is told as %s', (code, broken) => {
    expect(() => readArrowRows(device, broken)).toThrow(expect.objectContaining({ code, name: 'DataError' }))
  })

  it('is refused or read, whatever bytes of nested columns are changed', () => {
    const schema = { l: 'list<struct<a: utf8?, b: list<int8>, c: list<int16, 2>?>?>', m: 'map<utf8, decimal(9, 2)?>?', n: 'null?', i: 'interval?' }
    const row = (i: number) => ({ l: [{ a: 'a text of twenty bytes', b: [i, 2], c: [1, i] }, null], m: new Map([['k', '1.25']]), i: { months: i, days: 1, nanoseconds: 2n } })
    const good = writeArrow(device, schema, [row(1), { l: [] }, row(3)])
    const draw = random(3)
    for (let round = 0; round < 1_500; round++) {
      const bad = good.slice()
      for (let flips = 1 + draw.int(2); flips > 0; flips--) bad[draw.int(bad.length)] = [0, 1, 2, 127, 128, 255, draw.int(256)][draw.int(7)]!
      try {
        readArrowRows(device, bad)
      } catch (error) {
        expect(error).toBeInstanceOf(DataError)
      }
    }
    expect(device.pages.used()).toBe(0)
  })

  it('names file, record batch and byte', () => {
    const column = readArrow(bytesReader(bytes), 'x')
    // The last offset of column b points far behind its bytes.
    const offsets = column.batches[0]!.bodyStart + 448 + 64
    const broken = bytes.slice()
    new DataView(broken.buffer).setInt32(offsets + 4 * 90, 1e9, true)
    expect(() => readArrowRows(device, broken, ['b'], 'x.arrow')).toThrow(/^x\.arrow, record batch 0, byte \d+: .+"b".+; .+$/)
  })

  it('does not follow tables that point at each other without end', () => {
    // One field whose children are 200 times itself would be 200^64 fields.
    const flat = new FlatWriter()
    let child = flat.table([
      [2, 'u8', 13],
      [3, 'place', flat.table([])],
    ])
    for (let depth = 0; depth < 60; depth++)
      child = flat.table([
        [2, 'u8', 13],
        [3, 'place', flat.table([])],
        [5, 'place', flat.places(Array<number>(200).fill(child))],
      ])
    const schema = flat.table([
      [0, 'i16', 0],
      [1, 'place', flat.places([child])],
    ])
    const metadata = flat.finish(
      flat.table([
        [0, 'i16', 4],
        [1, 'u8', 1],
        [2, 'place', schema],
        [3, 'i64', 0],
      ]),
    )
    const stream = new Uint8Array(8 + metadata.length)
    new DataView(stream.buffer).setInt32(0, -1, true)
    new DataView(stream.buffer).setInt32(4, metadata.length, true)
    stream.set(metadata, 8)
    expect(() => readArrow(bytesReader(stream), 'x')).toThrow(expect.objectContaining({ code: 'ARROW_SCHEMA' }))
  })
})

describe('flatbuffers', () => {
  it('reads back what it writes', () => {
    const flat = new FlatWriter()
    const inner = flat.table([[0, 'i64', 2 ** 45 + 3]])
    const root = flat.table([
      [0, 'i16', -2],
      [2, 'place', flat.text('ä text')],
      [3, 'u8', 1],
      [4, 'place', flat.places([inner, inner])],
      [5, 'place', flat.longs([1, -1, 2 ** 40, 4], 2)],
    ])
    const table = FlatTable.root(flat.finish(root), 'x')
    expect([table.i16(0), table.i32(1, 7), table.text(2), table.bool(3), table.tables(4).map(t => t.i64(0)), table.longs(5, 2), table.table(9)]).toEqual([
      -2,
      7,
      'ä text',
      true,
      [2 ** 45 + 3, 2 ** 45 + 3],
      [1, -1, 2 ** 40, 4],
      undefined,
    ])
  })
})
