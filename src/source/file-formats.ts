// The formats of files that feeds read as they come, by the scans that read whole files.
import { DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { sameType } from '../batch/data-type.ts'
import { type Fields, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import type { BadRecords } from '../format/dead-letters.ts'
import { arrowEndings, arrowScan } from './arrow.ts'
import { sidePortsOf } from './bad-records.ts'
import { csvEndings, csvScan } from './csv.ts'
import { jsonFileScan, lineEndings, ndjsonScan, valueEndings } from './ndjson.ts'
import { parquetEndings, parquetScan } from './parquet.ts'
import type { ScanSourceType } from './source.ts'

/** A format of files. */
export type FeedFormat = 'ndjson' | 'json' | 'csv' | 'parquet' | 'arrow'

/** A scan's options, as users gave them, without the paths. Their schema is `schema` of text, `types` of the others. */
export interface FormatOptions {
  readonly schema?: SchemaLike
  readonly types?: SchemaLike
  readonly onError?: BadRecords
  readonly [option: string]: Json | SchemaLike | undefined
}

/** The scan of a format. */
export const scanOfFormat = { ndjson: ndjsonScan, json: jsonFileScan, csv: csvScan, parquet: parquetScan, arrow: arrowScan } as unknown as Readonly<Record<FeedFormat, ScanSourceType>>

/** The endings of a format's files in a directory. */
export const endingsOfFormat: Readonly<Record<FeedFormat, readonly string[]>> = { ndjson: lineEndings, json: valueEndings, csv: csvEndings, parquet: parquetEndings, arrow: arrowEndings }

/** The columns of files that aren't there yet: those of the schema. What Parquet and Arrow say of nulls is known only when they are read. */
export function fieldsOfFormat({ schema, types, onError }: FormatOptions, where: string): { fields: Fields; sidePorts?: Record<string, Fields> } {
  const fields = schema ? parseSchema(schema, where) : parseSchema(types ?? {}, where).map(field => ({ ...field, nullable: true }))
  return { fields, ...sidePortsOf(onError) }
}

/** The options of a scan of one file, resolved. */
export function resolveFile(format: FeedFormat, options: FormatOptions, path: string, where: string): Json {
  return scanOfFormat[format].resolve({ ...options, paths: [path], partitions: false } as unknown as Json, where).options
}

/** A file's batch in the order of the schema's columns. Throws DataError FILE_SCHEMA where the file has other ones. */
export function arranged(batch: Batch, fields: Fields, path: string, where: string): Batch {
  const columns = fields.map(({ name, type }) => {
    const index = batch.fields.findIndex(field => field.name === name)
    if (index < 0) throw new DataError('FILE_SCHEMA', `${where}: ${path} has no column "${name}"; it has ${batch.fields.map(field => field.name).join(', ')}; files of one source must have the schema's columns`)
    const found = batch.columns[index]!
    if (sameType(found.type, type)) return found
    throw new DataError('FILE_SCHEMA', `${where}: ${path}: column "${name}" is ${typeName(found.type)}, the schema says ${typeName(type)}; files of one source must have the schema's types`)
  })
  return { ...batch, fields, columns }
}
