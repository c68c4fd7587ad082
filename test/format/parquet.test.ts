// Parquet, written and read by our own code: every type, every codec at hand, batches that don't fit pages, and what is refused.
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader, BytesSink } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { binary, isNested } from '../../src/batch/data-type.ts'
import { parseSchema, schemaText } from '../../src/batch/schema.ts'
import { parseType, typeName } from '../../src/batch/type-name.ts'
import { fromStored } from '../../src/compute/parquet-convert.ts'
import { createDevice } from '../../src/device/device.ts'
import { canPack } from '../../src/format/decompress.ts'
import { ParquetWriter } from '../../src/format/parquet/parquet-writer.ts'
import { checkParquetWrite } from '../../src/format/parquet/write-options.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { ThriftReader } from '../../src/format/parquet/read-thrift.ts'
import { ThriftWriter } from '../../src/format/parquet/write-thrift.ts'
import { allTypes, allTypesRows, eachBatch, exact, readParquet, writeParquet } from '../support/format-files.ts'
import { columnOf, sampleTypes, sampleValues, shapes, valuesOf } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

const codecs = (['none', 'snappy', 'gzip', 'zstd', 'lz4'] as const).filter(c => c !== 'gzip' || canPack())

describe('parquet', () => {
  it.each(codecs)('reads what it wrote with %s, null for null and bit for bit', compression => {
    const rows = allTypesRows(5000)
    const bytes = writeParquet(device, allTypes, rows, { compression, rowGroupRows: 2100 }, 777)
    expect(exact(readParquet(device, bytes))).toBe(exact(rows))
  })

  it.each([1, 7, 64, 1000])('gives the same rows in batches of %i, written in batches of 7', batchRows => {
    const rows = allTypesRows(500)
    const bytes = writeParquet(device, allTypes, rows, { rowGroupRows: 130 }, 7)
    expect(exact(readParquet(device, bytes, { batchRows }))).toBe(exact(rows))
  })

  it('holds every flat type, with and without dictionaries, null for null', () => {
    const types = sampleTypes.filter(type => !isNested(type) && !['duration', 'interval'].includes(type.kind) && !('unit' in type && type.unit === 's'))
    const names = [...types.map(type => typeName(type)), 'decimal(4, 4)', 'time[ns]', 'time[ms]']
    for (const dictionary of [true, false]) {
      for (const shape of shapes) {
        const schema = Object.fromEntries(names.map((name, i) => [`c${i}`, `${name}?`]))
        const columns = names.map((name, i) => sampleValues(random(i), parseType(name, 'test').type, 300, shape))
        const rows = Array.from({ length: 300 }, (_, row) => Object.fromEntries(columns.map((values, i) => [`c${i}`, values[row]])))
        const bytes = writeParquet(device, schema, rows, { dictionary, rowGroupRows: 130 }, 77)
        const fields = readFooter(bytesReader(bytes), 'x').columns.map(c => c.field)
        expect(schemaText(fields)).toEqual(Object.fromEntries(Object.entries(schema).map(([name, type]) => [name, type.replace('ns, Europe/Berlin', 'ns')])))
        for (const batchRows of [9, 1_024]) expect(readParquet(device, bytes, { batchRows })).toEqual(rows)
      }
    }
  })

  it.each([
    ['duration[ms]', 'TYPE_UNSUPPORTED', /write\.parquet, column "c": columns of type duration\[ms\] are not taken here/],
    ['list<interval?>', 'TYPE_UNSUPPORTED', /column "c\.list\.element": columns of type interval are not taken here/],
    ['struct<a: int8, b: map<utf8, time[s]>>', 'TYPE', /column "c\.b\.key_value\.value": Parquet has no time\[s\]; cast it to time\[ms\]/],
    ['list<struct<>>', 'TYPE', /column "c\.list\.element": Parquet has no struct without members; give it one/],
    ['map<null, int8>', 'TYPE', /column "c": Parquet has no map whose keys are of type null/],
    ['time[s]', 'TYPE', /Parquet has no time\[s\]; cast it to time\[ms\]/],
    ['timestamp[s]', 'TYPE', /Parquet has no timestamp\[s\]; cast it to timestamp\[ms\]/],
  ])('refuses %s before it writes', (type, code, message) => {
    const check = () => checkParquetWrite({}, parseSchema({ c: type }, 'test'), 'write.parquet')
    expect(check).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('refuses decimals that are larger than 16 bytes hold', () => {
    const arena = device.arena()
    const bytes = (...head: number[]) => Uint8Array.from([...head, ...new Array(17 - head.length).fill(0)])
    const as = (values: Uint8Array[]) => fromStored(device, arena, columnOf(device, arena, binary, values), { kind: 'decimal', precision: 38, scale: 0 })
    expect(as([Uint8Array.of(1), bytes(1)])).toEqual({ beyond: 1 })
    expect(as([bytes(255, 127)])).toEqual({ beyond: 0 })
    expect(as([bytes(0, 128)])).toEqual({ beyond: 0 })
    const good = as([Uint8Array.of(255), bytes(0, 0, 1), Uint8Array.of(), Uint8Array.of(0, 128)])
    expect('beyond' in good ? good : valuesOf(device, good)).toEqual(['-1', String(2n ** 112n), '0', '128'])
    const nanos = (day: number, of: bigint) => new Uint8Array(BigUint64Array.of(of, BigInt(day)).buffer).slice(0, 12)
    const times = (values: Uint8Array[]) => fromStored(device, arena, columnOf(device, arena, binary, values), { kind: 'timestamp', unit: 'ns' })
    expect(times([nanos(2_440_588, 0n), nanos(2_600_000, 0n)])).toEqual({ beyond: 1 })
    const read = times([nanos(2_440_589, 5n), nanos(2_440_587, 0n)])
    expect('beyond' in read ? read : valuesOf(device, read)).toEqual([86_400_000_000_005n, -86_400_000_000_000n])
    arena.release()
  })

  it('writes no rows as a file with a schema', () => {
    const bytes = writeParquet(device, allTypes, [])
    expect(readFooter(bytesReader(bytes), 'empty').columns.map(c => c.field)).toEqual(parseSchema(allTypes, 'test'))
    expect(readParquet(device, bytes)).toEqual([])
  })

  it('falls back to plain pages where a dictionary grows too large', () => {
    const rows = Array.from({ length: 120_000 }, (_, i) => ({
      id: i < 20_000 ? i % 9000 : i,
      name: i < 20_000 ? `n${i % 9000}` : `name ${i} ${'x'.repeat(i % 40)}`,
    }))
    const bytes = writeParquet(device, { id: 'int32', name: 'utf8' }, rows, { rowGroupRows: 200_000 }, 16_000)
    expect(exact(readParquet(device, bytes))).toBe(exact(rows))
  })

  it('writes a text larger than a page', () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({ text: 'ab'.repeat(i * 40_000) + i }))
    expect(exact(readParquet(device, writeParquet(device, { text: 'utf8' }, rows)))).toBe(exact(rows))
  })

  it('ends a row group where its whole pages hold as many bytes as were asked for, looking every 16,384 rows', () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => ({ text: `${i} ${'x'.repeat(100)}`, l: [i] }))
    const bytes = writeParquet(device, { text: 'utf8', l: 'list<int32>' }, rows, { rowGroupBytes: '1MiB', compression: 'none' }, 40_000)
    expect(readFooter(bytesReader(bytes), 'x').rowGroups.map(group => group.rowCount)).toEqual([32_768, 7_232])
    expect(exact(readParquet(device, bytes))).toBe(exact(rows))
  })

  it('notes bounds and nulls in the footer, and leaves bounds out where there is a NaN', () => {
    const rows = [
      { a: 5, f: 1.5, n: 0, s: 'b' },
      { a: -7, f: NaN, n: 2, s: null },
      { a: 3, f: 0, n: 1, s: 'a' },
    ]
    const bytes = writeParquet(device, { a: 'int32', f: 'float64', n: 'float64', s: 'utf8?' }, rows)
    const le = (...numbers: number[]) => new Uint8Array(Int32Array.from(numbers).buffer)
    const found = statistics(bytes)
    expect(found[0]).toEqual({ nulls: 0, least: le(-7), most: le(5) })
    expect(found[1]).toEqual({ nulls: 0 })
    expect(found[2]).toEqual({ nulls: 0, least: new Uint8Array(Float64Array.of(-0).buffer), most: new Uint8Array(Float64Array.of(2).buffer) })
    expect(found[3]).toEqual({ nulls: 1, least: Uint8Array.of(97), most: Uint8Array.of(98) })
  })

  it('goes on with a file after its checkpoint', () => {
    const rows = allTypesRows(900)
    const fields = parseSchema(allTypes, 'test')
    const first = new BytesSink()
    const writer = new ParquetWriter(device, fields, first)
    eachBatch(device, allTypes, rows.slice(0, 500), 100, batch => writer.write(batch))
    const state = JSON.parse(JSON.stringify(writer.checkpoint()))
    eachBatch(device, allTypes, rows.slice(0, 300), 100, batch => writer.write(batch))
    writer.close()
    const second = new BytesSink()
    second.append(first.bytes().subarray(0, state.bytes))
    const resumed = new ParquetWriter(device, fields, second, {}, 'test', state)
    eachBatch(device, allTypes, rows.slice(500), 100, batch => resumed.write(batch))
    resumed.finish()
    resumed.close()
    expect(exact(readParquet(device, second.bytes()))).toBe(exact(rows))
  })

  it('reads only the columns that are asked for', () => {
    const rows = allTypesRows(3000)
    const bytes = writeParquet(device, allTypes, rows, { compression: 'none' })
    const reader = bytesReader(bytes)
    let fetched = 0
    const counting = {
      size: reader.size,
      read: (start: number, end: number) => {
        fetched += end - start
        return reader.read(start, end)
      },
    }
    expect(readFooter(counting, 'counted').rowCount).toBe(3000)
    expect(fetched).toBeLessThanOrEqual(Math.min(bytes.length, 65_536))
    expect(exact(readParquet(device, bytes, { columns: ['few', 'int'] }))).toBe(exact(rows.map(({ few, int }) => ({ few, int }))))
  })

  it('refuses a null in a column that allows none', () => {
    const sink = new BytesSink()
    const writer = new ParquetWriter(device, parseSchema({ a: 'int32' }, 'test'), sink)
    expect(() => {
      eachBatch(device, { a: 'int32?' }, [{ a: 1 }, { a: null }], 2, batch => writer.write(batch))
      writer.finish()
    }).toThrow(/column "a": 1 nulls/)
    writer.close()
  })

  it.each([
    ['COMPRESSION', { compression: 'lzo' as never }, { a: 'int32' }],
    ['ROW_GROUP_ROWS', { rowGroupRows: 0 }, { a: 'int32' }],
    ['BYTES', { rowGroupBytes: 'much' }, { a: 'int32' }],
    ['TYPE', {}, { a: 'timestamp[s]' }],
    ['NO_COLUMNS', {}, {}],
  ])('refuses to write with %s', (code, options, schema) => {
    expect(() => new ParquetWriter(device, parseSchema(schema as Record<string, string>, 'test'), new BytesSink(), options)).toThrow(
      expect.objectContaining({ code }),
    )
  })
})

describe('parquet, broken', () => {
  const bytes = writeParquet(
    device,
    { a: 'int32', b: 'utf8?' },
    Array.from({ length: 100 }, (_, i) => ({ a: i, b: i % 2 ? `text ${i}` : null })),
    { compression: 'none' },
  )

  it.each([
    ['PARQUET_MAGIC', bytes.subarray(0, 8)],
    ['PARQUET_MAGIC', bytes.subarray(0, bytes.length - 1)],
    ['PARQUET_FOOTER', edited(bytes, -5, 255)],
    ['ENCRYPTED', edited(bytes, -1, 69)],
  ])('is told as %s', (code, broken) => {
    expect(() => readParquet(device, broken)).toThrow(expect.objectContaining({ code, name: 'DataError' }))
  })

  it('names file, row group, column and byte', () => {
    expect(() => readParquet(device, edited(bytes, 4, 255), { where: 'trades.parquet' })).toThrow(
      /^trades\.parquet, row group 0, column "a", byte \d+: .+; .+$/,
    )
  })

  it('names the column that is not there, and the nearest', () => {
    expect(() => readParquet(device, bytes, { columns: ['aa'] })).toThrow(/no column "aa"; the input has a, b; did you mean "a"\?/)
  })

  it('refuses a page above the limit', () => {
    expect(() => readParquet(device, bytes, { limits: { pageBytesMax: 100 } })).toThrow(expect.objectContaining({ code: 'PAGE_SIZE' }))
  })

  it('refuses metadata that is nested without end', () => {
    expect(() => new ThriftReader(new Uint8Array(100).fill(0x1c), 'x').struct(() => false)).toThrow(expect.objectContaining({ code: 'THRIFT' }))
    const lists = new ThriftReader(new Uint8Array(100).fill(0x19), 'x')
    expect(() => lists.struct(() => false)).toThrow(expect.objectContaining({ code: 'THRIFT' }))
  })

  it('refuses a list that promises more than the bytes hold', () => {
    const reader = new ThriftReader(Uint8Array.of(0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f, 0, 0), 'x')
    expect(() => reader.struct(() => false)).toThrow(/promises \d+ items/)
  })
})

describe('thrift', () => {
  it('reads back what it writes', () => {
    const bytes = new ThriftWriter()
      .i32(1, -5)
      .i64(2, 2 ** 45)
      .bool(20, true)
      .binary(21, 'ä')
      .i32s(
        22,
        Array.from({ length: 20 }, (_, i) => i),
      )
      .begin(40)
      .i32(1, 7)
      .end()
      .finish()
    const found: Record<number, unknown> = {}
    const reader = new ThriftReader(bytes, 'x')
    reader.struct((id, type) => {
      if (id <= 2) found[id] = reader.int()
      else if (id === 20) found[id] = reader.bool(type)
      else if (id === 21) found[id] = reader.text()
      else if (id === 22) found[id] = reader.list(() => reader.int()).length
      else return false
      return true
    })
    expect(found).toEqual({ 1: -5, 2: 2 ** 45, 20: true, 21: 'ä', 22: 20 })
    expect(reader.position).toBe(bytes.length)
  })
})

function edited(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return bytes.with(at < 0 ? bytes.length + at : at, value)
}

// The statistics of the first row group's columns, read here by hand.
function statistics(bytes: Uint8Array): { nulls?: number; least?: Uint8Array; most?: Uint8Array }[] {
  const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
  const reader = new ThriftReader(bytes.subarray(bytes.length - 8 - length), 'x')
  const found: { nulls?: number; least?: Uint8Array; most?: Uint8Array }[] = []
  const enter = (wanted: number, inner: () => void) =>
    reader.struct(id => {
      if (id !== wanted) return false
      inner()
      return true
    })
  enter(4, () =>
    reader.list(() =>
      enter(1, () =>
        reader.list(() =>
          enter(3, () =>
            enter(12, () => {
              const one: (typeof found)[number] = {}
              found.push(one)
              reader.struct(id => {
                if (id === 3) one.nulls = reader.int()
                else if (id === 5) one.most = reader.binary().slice()
                else if (id === 6) one.least = reader.binary().slice()
                else return false
                return true
              })
            }),
          ),
        ),
      ),
    ),
  )
  return found
}
