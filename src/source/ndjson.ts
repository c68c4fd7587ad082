// NDJSON files as a scan: a split is some 16 MiB of a file, from the first line that begins in it to the end of the last one that does.
import { statSync } from 'node:fs'
import type { Json } from '../base/json.ts'
import { parseSchema, type SchemaLike } from '../batch/schema.ts'
import { JsonDecoder } from '../compute/json.ts'
import { jsonFields } from '../compute/json-tables.ts'
import type { Device } from '../device/device.ts'
import type { BadRecords } from '../format/dead-letters.ts'
import { inferJsonSchema } from '../format/json/infer-schema.ts'
import { type Lines, LineReader } from '../format/json/line-reader.ts'
import { decodedFields, emitText, type RecordPlace, sidePortsOf, wantedColumns } from './bad-records.ts'
import { listFiles } from './file-list.ts'
import { packFields, unpackFields } from './merge-fields.ts'
import { withPartitions } from './partitioned.ts'
import type { ScanContext, ScanSourceType } from './source.ts'
import { isPacked, openText, sampleText, type TextFile } from './text-file.ts'

/** What users give, and what `resolve` adds. `nested`: a dot in a column's name leads into an object. `columnPaths`: dotted paths by column. `splitBytes`: 16 MiB unless said. */
export interface NdjsonScanOptions {
  readonly paths: readonly string[]
  readonly schema?: SchemaLike
  readonly nested?: boolean
  readonly columnPaths?: { readonly [column: string]: string }
  readonly onError?: BadRecords
  readonly splitBytes?: number
  readonly files?: readonly { readonly path: string; readonly bytes: number }[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

const endings = ['.ndjson', '.jsonl', '.ndjson.gz', '.jsonl.gz', '.ndjson.zst', '.jsonl.zst']
const chunkBytesFirst = 1 << 20
const chunkBytesMin = 1 << 16
const chunkBytesMax = 8 << 20

/** The scan behind `read.ndjson`. Without a schema, that of the first file's first MiB. */
export const ndjsonScan: ScanSourceType<NdjsonScanOptions & Json> = withPartitions<NdjsonScanOptions & Json>({
  kind: 'ndjson',
  resolve(options, where) {
    const files = listFiles(options.paths, endings, where).map(path => ({ path, bytes: statSync(path).size }))
    const fields = options.schema ? parseSchema(options.schema, where) : inferred(files, where)
    new JsonDecoder(jsonFields(fields, { nested: options.nested, paths: options.columnPaths }, where), where)
    return { options: { ...(options as NdjsonScanOptions), files, fields: packFields(fields) }, fields, ...sidePortsOf(options.onError) }
  },
  splits(options) {
    const splitBytes = options.splitBytes ?? 16 << 20
    return options.files!.flatMap(({ path, bytes }, file) => {
      const count = isPacked(path) ? Math.min(bytes, 1) : Math.ceil(bytes / splitBytes)
      return Array.from({ length: count }, (_, i) => ({ file, start: i * splitBytes, end: i === count - 1 ? -1 : (i + 1) * splitBytes }))
    })
  },
  *read(context, options, split, columns) {
    const { path } = options.files![split.file as number]!
    const file = openText(context.device, path, context.where)
    try {
      const end = (split.end as number) < 0 ? file.size : (split.end as number)
      const start = lineStart(file, split.start as number, end)
      if (start < end) yield* readLines(context, options, file, path, start, end, columns)
    } finally {
      file.close()
    }
  },
  describe: options => `read.ndjson ${options.paths.join(', ')}`,
}, endings)

function inferred(files: readonly { path: string; bytes: number }[], where: string) {
  const { path } = files.find(f => f.bytes > 0) ?? files[0]!
  const { bytes, isWhole } = sampleText(path, where)
  return inferJsonSchema(bytes, isWhole && files.length === 1, `${where}: ${path}`)
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

// Chunks grow and shrink so that each makes about a batch.
function* readLines(
  context: ScanContext,
  options: NdjsonScanOptions,
  file: TextFile,
  path: string,
  start: number,
  end: number,
  columns: readonly string[] | undefined,
): Generator<void> {
  const { device, where, batchRows } = context
  const fields = decodedFields(unpackFields(options.fields!), columns)
  const decoder = new JsonDecoder(jsonFields(fields, { nested: options.nested, paths: options.columnPaths }, where), where)
  const reader = new LineReader(device, { where: `${where}: ${path}`, position: start })
  let chunkBytes = chunkBytesFirst
  for (let at = start; reader.position < end && (at < file.size || reader.carried > 0); ) {
    const arena = context.arena()
    const wanted = Math.max(0, Math.min(at < end ? end - at : chunkBytesMin, file.size - at, chunkBytes - reader.carried))
    const address = reader.reserve(arena, wanted)
    const count = file.readInto(device.memory.bytes(address, wanted), at)
    at = count < wanted ? file.size : at + count
    const lines = linesBefore(device, reader.take(arena, count, at >= file.size, batchRows), end)
    const lineBytes = (reader.position - lines.position) / lines.count
    chunkBytes = lines.count === 0 ? chunkBytes * 2 : Math.min(chunkBytesMax, Math.max(chunkBytesMin, Math.ceil(lineBytes * batchRows * 1.02)))
    const { batch, errors } = decoder.decode(device, arena, lines)
    emitText(context, arena, wantedColumns(batch, columns), errors, error => placeOf(device, lines, error.record), { path, onError: options.onError })
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
