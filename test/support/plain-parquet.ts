// A plain writer of nested Parquet files, for tests: what is in each page is chosen by chance, so that every way to cut and encode a column occurs.
import { gzipSync } from 'node:zlib'
import type { Random } from '../../src/base/random.ts'
import { codecs, physicalTypes } from '../../src/format/parquet/metadata.ts'
import { ThriftWriter } from '../../src/format/parquet/write-thrift.ts'
import { encodeRuns } from '../compute/reference/parquet-decode.ts'
import { packFromTop } from '../compute/reference/parquet-levels.ts'
import { type PlainElement, type PlainLeaf, shred } from './plain-dremel.ts'

/** What is left to chance where it isn't given. */
export interface PlainParquetOptions {
  readonly random: Random
  readonly version?: 1 | 2
  readonly rowGroupRows?: number
  /** Entries of a page at most; 20 by default. */
  readonly pageEntries?: number
  readonly dictionary?: boolean
  readonly codec?: 'UNCOMPRESSED' | 'GZIP'
}

/** A file of records, which are objects by element. */
export function plainParquet(schema: readonly PlainElement[], records: readonly Record<string, unknown>[], options: PlainParquetOptions): Uint8Array {
  const step = options.rowGroupRows ?? Math.max(1, records.length)
  const groups = Array.from({ length: Math.ceil(records.length / step) }, (_, g) => records.slice(g * step, (g + 1) * step))
  return parquetOfLeaves(schema, groups.map(rows => ({ rows: rows.length, leaves: shred(schema, rows) })), options)
}

/** A chunk that was written. */
export interface PlainChunk {
  readonly leaf: PlainLeaf
  readonly codec: string
  readonly offset: number
  readonly dictionaryBytes: number
  readonly bytes: number
}

/** A file of row groups whose levels and values are given, true or not. */
export function parquetOfLeaves(schema: readonly PlainElement[], groups: readonly { readonly rows: number; readonly leaves: readonly PlainLeaf[] }[], options: PlainParquetOptions): Uint8Array {
  const file: number[] = [...new TextEncoder().encode('PAR1')]
  const written = groups.map(({ rows, leaves }) => ({ rows, chunks: leaves.map(leaf => writeChunk(file, leaf, options)) }))
  const footer = footerOf(schema, written)
  file.push(...footer, ...u32(footer.length), ...new TextEncoder().encode('PAR1'))
  return Uint8Array.from(file)
}

function writeChunk(file: number[], leaf: PlainLeaf, options: PlainParquetOptions): PlainChunk {
  const { random } = options
  const version = options.version ?? (1 + random.int(2))
  const codec = options.codec ?? (random.int(2) ? 'GZIP' : 'UNCOMPRESSED')
  const dictionary = (options.dictionary ?? random.int(2) === 1) && !['BOOLEAN', 'DOUBLE'].includes(leaf.physical) ? [...new Set(leaf.values)] : undefined
  const offset = file.length
  if (dictionary) {
    const body = plain(leaf, dictionary)
    const packed = pack(body, codec)
    file.push(...pageHeader(2, body.length, packed.length, thrift => thrift.begin(7).i32(1, dictionary.length).i32(2, 0).end()), ...packed)
  }
  const dictionaryBytes = file.length - offset
  let value = 0
  for (let start = 0; start < leaf.definitions.length; ) {
    const end = pageEnd(leaf, start, version, options)
    const count = leaf.definitions.slice(start, end).filter(d => d === leaf.definition).length
    const values = leaf.values.slice(value, value + count)
    file.push(...page(leaf, start, end, version, codec, dictionary ? indices(values, dictionary) : plain(leaf, values), dictionary ? 8 : 0, options))
    value += count
    start = end
  }
  return { leaf, codec, offset, dictionaryBytes, bytes: file.length - offset }
}

// Pages of version 2 end with a row; those of version 1 anywhere.
function pageEnd({ repetitions }: PlainLeaf, start: number, version: number, { random, pageEntries = 20 }: PlainParquetOptions): number {
  let end = Math.min(repetitions.length, start + 1 + random.int(pageEntries))
  while (version === 2 && end < repetitions.length && repetitions[end] !== 0) end++
  return end
}

function page(leaf: PlainLeaf, start: number, end: number, version: number, codec: string, values: number[], encoding: number, { random }: PlainParquetOptions): number[] {
  const count = end - start
  const repetitions = leaf.repetitions.slice(start, end)
  const definitions = leaf.definitions.slice(start, end)
  if (version === 2) {
    const [r, d] = [leaf.repetition > 0 ? levels(random, repetitions, leaf.repetition) : [], leaf.definition > 0 ? levels(random, definitions, leaf.definition) : []]
    const isPacked = random.int(2) === 1
    const packed = isPacked ? pack(values, codec) : values
    const nulls = definitions.filter(level => level < leaf.definition).length
    const rows = repetitions.filter(level => level === 0).length
    const total = r.length + d.length
    const header = pageHeader(3, total + values.length, total + packed.length, thrift =>
      thrift.begin(8).i32(1, count).i32(2, nulls).i32(3, rows).i32(4, encoding).i32(5, d.length).i32(6, r.length).bool(7, isPacked).end(),
    )
    return [...header, ...r, ...d, ...packed]
  }
  const isOld = random.int(3) === 0
  const levels1 = (list: number[], most: number) => {
    if (most === 0) return []
    if (isOld) return packFromTop(list, widthOf(most))
    const bytes = levels(random, list, most)
    return [...u32(bytes.length), ...bytes]
  }
  const body = [...levels1(repetitions, leaf.repetition), ...levels1(definitions, leaf.definition), ...values]
  const packed = pack(body, codec)
  const kind = isOld ? 4 : 3
  return [...pageHeader(0, body.length, packed.length, thrift => thrift.begin(5).i32(1, count).i32(2, encoding).i32(3, kind).i32(4, kind).end()), ...packed]
}

/** What stands before a page. */
export function pageHeader(type: number, bytes: number, packed: number, fill: (thrift: ThriftWriter) => void): number[] {
  const thrift = new ThriftWriter()
  thrift.i32(1, type).i32(2, bytes).i32(3, packed)
  fill(thrift)
  return [...thrift.finish()]
}

const widthOf = (most: number) => 32 - Math.clz32(most)
const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]
const pack = (bytes: number[], codec: string) => (codec === 'GZIP' ? [...gzipSync(Uint8Array.from(bytes))] : bytes)

// Runs as chance has it; a repeated run only where levels do repeat.
function levels(random: Random, list: readonly number[], most: number): number[] {
  const plan: number[] = []
  for (let at = 0; at < list.length; ) {
    let same = 1
    while (at + same < list.length && list[at + same] === list[at]) same++
    const run = random.int(2) === 0 ? -(1 + random.int(same)) : 8 * (1 + random.int(4))
    plan.push(run)
    at += Math.abs(run)
  }
  return encodeRuns([...list], widthOf(most), plan)
}

function indices(values: readonly unknown[], dictionary: readonly unknown[]): number[] {
  const width = widthOf(Math.max(1, dictionary.length - 1))
  return [width, ...encodeRuns(values.map(value => dictionary.indexOf(value)), width, [8 * Math.ceil(values.length / 8)])]
}

function plain({ physical }: PlainLeaf, values: readonly unknown[]): number[] {
  if (physical === 'BOOLEAN') return encodeBits(values as boolean[])
  return values.flatMap(value => {
    switch (physical) {
      case 'INT32':
        return u32(value as number)
      case 'INT64':
        return [...new Uint8Array(BigInt64Array.of(value as bigint).buffer)]
      case 'DOUBLE':
        return [...new Uint8Array(Float64Array.of(value as number).buffer)]
      default: {
        const bytes = [...new TextEncoder().encode(value as string)]
        return [...u32(bytes.length), ...bytes]
      }
    }
  })
}

function encodeBits(values: readonly boolean[]): number[] {
  return Array.from({ length: Math.ceil(values.length / 8) }, (_, i) => values.slice(8 * i, 8 * i + 8).reduce((sum, bit, k) => sum | (Number(bit) << k), 0))
}

/** The end of a file. */
export function footerOf(schema: readonly PlainElement[], groups: readonly { rows: number; chunks: readonly PlainChunk[] }[]): Uint8Array {
  const thrift = new ThriftWriter()
  const flat = (element: PlainElement): PlainElement[] => [element, ...(element.children ?? []).flatMap(flat)]
  thrift.i32(1, 1).structs(2, [{ name: 'schema', repetition: 'required', children: schema } as PlainElement].flatMap(flat), element => {
    if (element.physical) thrift.i32(1, physicalTypes.indexOf(element.physical))
    if (element.width) thrift.i32(2, element.width)
    thrift.i32(3, ['required', 'optional', 'repeated'].indexOf(element.repetition)).binary(4, element.name)
    if (element.children) thrift.i32(5, element.children.length)
    if (element.converted !== undefined) thrift.i32(6, element.converted)
  })
  thrift.i64(3, groups.reduce((sum, { rows }) => sum + rows, 0)).structs(4, groups, ({ rows, chunks }) => {
    thrift.structs(1, chunks, ({ leaf, codec, offset, dictionaryBytes, bytes }) => {
      thrift.i64(2, offset).begin(3).i32(1, physicalTypes.indexOf(leaf.physical)).i32s(2, [0, 3]).texts(3, leaf.path).i32(4, codecs.indexOf(codec as 'GZIP'))
      thrift.i64(5, leaf.definitions.length).i64(6, bytes).i64(7, bytes).i64(9, offset + dictionaryBytes)
      if (dictionaryBytes > 0) thrift.i64(11, offset)
      writeStatistics(thrift, leaf)
      thrift.end()
    })
    thrift.i64(2, chunks.reduce((sum, { bytes }) => sum + bytes, 0)).i64(3, rows)
  })
  return thrift.finish()
}

// Of whole numbers only, of which most tests of skipping are.
function writeStatistics(thrift: ThriftWriter, leaf: PlainLeaf): void {
  if (leaf.physical !== 'INT32' && leaf.physical !== 'INT64') return
  const sorted = [...(leaf.values as (number | bigint)[])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  thrift.begin(12).i64(3, leaf.definitions.length - sorted.length)
  if (sorted.length > 0) thrift.binary(5, Uint8Array.from(plain(leaf, [sorted.at(-1)]))).binary(6, Uint8Array.from(plain(leaf, [sorted[0]])))
  thrift.end()
}
