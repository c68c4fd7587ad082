// NDJSON files as a scan: a split is 8 to 32 MiB of a file, from the first line that begins in it to the end of the last one that does. Files that are one
// array of objects, or objects over several lines, are read from their start to their end.
import type { Json } from '../base/json.ts'
import { utf8 } from '../batch/data-type.ts'
import { type Field, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { JsonDecoder, type KeyRules } from '../compute/json.ts'
import { jsonFields } from '../compute/json-tables.ts'
import type { Device } from '../device/device.ts'
import type { BadRecords } from '../format/dead-letters.ts'
import { inferJsonSchema, inferValuesSchema } from '../format/json/infer-schema.ts'
import { LineReader, type Lines } from '../format/json/line-reader.ts'
import { ValueReader } from '../format/json/value-reader.ts'
import type { TextEncoding } from '../format/transcode.ts'
import { decodedFields, emitText, type RecordPlace, sidePortsOf, wantedColumns } from './bad-records.ts'
import { type FetchedOptions, fetchedFile } from './fetched-files.ts'
import { fileBytes, listFiles } from './file-list.ts'
import { packFields, unpackFields } from './merge-fields.ts'
import { withPartitions } from './partitioned.ts'
import type { ScanContext, ScanSourceType } from './source.ts'
import { textSplitBytes } from './split-size.ts'
import { isPacked, openText, sampleText, type TextFile } from './text-file.ts'

/** A file: its records are lines, or values wherever they end, as those of an array. */
export interface JsonFile {
  readonly path: string
  readonly bytes: number
  readonly splitBytes: number
  readonly form: 'lines' | 'values'
  readonly encoding: TextEncoding
}

/** What users give, and what `resolve` adds. `nested`: a dot in a column's name leads into an object. `columnPaths`: dotted paths by column. `splitBytes`: by the length of the lines unless said. */
export interface NdjsonScanOptions extends KeyRules, FetchedOptions {
  readonly paths: readonly string[]
  readonly schema?: SchemaLike
  readonly nested?: boolean
  readonly columnPaths?: { readonly [column: string]: string }
  readonly onError?: BadRecords
  readonly splitBytes?: number
  readonly files?: readonly JsonFile[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

/** What names of NDJSON files end in. */
export const lineEndings: readonly string[] = ['.ndjson', '.jsonl'].flatMap(ending => [ending, `${ending}.gz`, `${ending}.zst`])
/** What names of JSON files end in. */
export const valueEndings: readonly string[] = ['.json', '.json.gz', '.json.zst']
const chunkBytesFirst = 1 << 20
const chunkBytesMin = 1 << 16
/** What lies in the nearer caches while its rows are decoded and go through the next steps: 8 MiB make NDJSON to Parquet a tenth slower. */
const chunkBytesMax = 2 << 20

function jsonScan(kind: 'ndjson' | 'json', endings: readonly string[]): ScanSourceType<NdjsonScanOptions & Json> {
  return withPartitions<NdjsonScanOptions & Json>({ kind, ...scanOf(kind, endings) }, endings)
}

const scanOf = (kind: 'ndjson' | 'json', endings: readonly string[]): Omit<ScanSourceType<NdjsonScanOptions & Json>, 'kind'> => ({
  resolve(options, where) {
    let fields = options.schema ? parseSchema(options.schema, where) : undefined
    const { fetched } = options
    const paths = listFiles(options.paths, endings, where, fetched)
    const files = paths.map((path): JsonFile => {
      const size = fileBytes(path, where, fetched)
      if (size === 0) return { path, bytes: 0, splitBytes: 1, form: 'lines', encoding: 'utf-8' }
      const { bytes, isWhole, encoding } = sampleText(path, where, undefined, fetched)
      const form = kind === 'json' || isArray(bytes) ? 'values' : 'lines'
      const infer = form === 'values' ? inferValuesSchema : inferJsonSchema
      fields ??= withRest(infer(bytes, isWhole && paths.length === 1, `${where}: ${path}`), options.unknown)
      return { path, bytes: size, splitBytes: options.splitBytes ?? textSplitBytes(bytes, size), form, encoding }
    })
    fields ??= inferJsonSchema(new Uint8Array(0), true, `${where}: ${paths[0]}`)
    decoderOf(options, fields, where)
    return { options: { ...(options as NdjsonScanOptions), files, fields: packFields(fields) } as unknown as NdjsonScanOptions & Json, fields, ...sidePortsOf(options.onError) }
  },
  splits(options) {
    return options.files!.flatMap(({ path, bytes, splitBytes, form, encoding }, file) => {
      const isWhole = isPacked(path) || fetchedFile(path, options.fetched) !== undefined || form === 'values' || encoding !== 'utf-8'
      const count = isWhole ? Math.min(bytes, 1) : Math.ceil(bytes / splitBytes)
      return Array.from({ length: count }, (_, i) => ({ file, start: i * splitBytes, end: i === count - 1 ? -1 : (i + 1) * splitBytes }))
    })
  },
  *read(context, options, split, columns) {
    const { path, form, encoding } = options.files![split.file as number]!
    const file = openText(context.device, path, context.where, encoding, options.fetched)
    try {
      const end = (split.end as number) < 0 ? file.size : (split.end as number)
      const start = lineStart(file, split.start as number, end)
      if (start < end) yield* readRecords({ context, options, file, path, form, encoding }, start, end, columns)
    } finally {
      file.close()
    }
  },
  describe: options => `read.${kind} ${options.paths.join(', ')}`,
})

/** The scan behind `read.ndjson`: a file that begins with [ is one array. Without a schema, that of the first file's first MiB. */
export const ndjsonScan = jsonScan('ndjson', lineEndings)

/** The scan behind `read.json`: one array, or values one after the other. */
export const jsonFileScan = jsonScan('json', valueEndings)

function decoderOf(options: NdjsonScanOptions, fields: readonly Field[], where: string): JsonDecoder {
  return new JsonDecoder(jsonFields(fields, { nested: options.nested, paths: options.columnPaths }, where), where, { unknown: options.unknown, missing: options.missing })
}

// The column for unknown keys comes last where no schema names it.
function withRest(fields: Field[], unknown: KeyRules['unknown']): Field[] {
  return typeof unknown !== 'object' || fields.some(f => f.name === unknown.collect) ? fields : [...fields, { name: unknown.collect, type: utf8, nullable: true }]
}

function isArray(sample: Uint8Array): boolean {
  const first = sample.findIndex((byte, i) => byte > 32 && !(i < 3 && byte >= 0x80))
  return sample[first] === 0x5b
}

// The first byte in [start, end) that begins a line, or `end`.
function lineStart(file: TextFile, start: number, end: number): number {
  if (start === 0) return 0
  const block = new Uint8Array(4_096)
  for (let at = start - 1; at < end; ) {
    const count = file.readInto(block, at)
    const found = block.subarray(0, count).indexOf(10)
    if (found >= 0) return Math.min(at + found + 1, end)
    if (count === 0) return end
    at += count
  }
  return end
}

interface Reading {
  readonly context: ScanContext
  readonly options: NdjsonScanOptions
  readonly file: TextFile
  readonly path: string
  readonly form: JsonFile['form']
  readonly encoding: TextEncoding
}

// Chunks grow and shrink so that each makes about a batch, or one of fewer rows where lines are long.
function* readRecords({ context, options, file, path, form, encoding }: Reading, start: number, end: number, columns: readonly string[] | undefined): Generator<void | Promise<void>> {
  const { device, where } = context
  const { unknown, missing, onError, fetched } = options
  const fields = unpackFields(options.fields!)
  // Which keys are known must not depend on which columns are asked for.
  const decoder = decoderOf(options, decodedFields(fields, unknown || missing ? undefined : columns), where)
  const place = `${where}: ${path}`
  const reader = form === 'values' ? new ValueReader(device, { where: place }) : new LineReader(device, { where: place, position: start })
  let chunkBytes = chunkBytesFirst
  for (let at = start; reader.position < end && (at < file.size || reader.carried > 0); ) {
    const wanted = Math.max(0, Math.min(at < end ? end - at : chunkBytesMin, file.size - at, chunkBytes - reader.carried))
    if (file.ready) yield* file.ready(wanted)
    const arena = context.arena()
    const address = reader.reserve(arena, wanted)
    const count = file.readInto(device.memory.bytes(address, wanted), at)
    at = count < wanted ? file.size : at + count
    const lines = linesBefore(device, reader.take(arena, count, at >= file.size, context.batchRows), end)
    const taken = reader.position - lines.position
    const lineBytes = taken / Math.max(1, lines.count)
    chunkBytes = taken === 0 ? chunkBytes * 2 : Math.min(chunkBytesMax, Math.max(chunkBytesMin, Math.ceil(lineBytes * context.batchRows * 1.02)))
    const { batch, errors } = decoder.decode(device, arena, lines)
    emitText(context, arena, wantedColumns(batch, columns), errors, error => placeOf(device, lines, error.record), { path, encoding, fetched, onError })
    yield
  }
}

// Lines that begin before byte `end` of the file.
function linesBefore(device: Device, lines: Lines, end: number): Lines {
  const pairs = device.memory.uint32s(lines.pairs, 2 * lines.count)
  let count = lines.count
  while (count > 0 && pairs[2 * count - 2]! - lines.address + lines.position >= end) count--
  return { ...lines, count }
}

function placeOf(device: Device, lines: Lines, record: number): RecordPlace {
  const [address, bytes] = device.memory.uint32s(lines.pairs + 8 * record, 2)
  return { address: address!, bytes: bytes!, position: address! - lines.address + lines.position }
}
