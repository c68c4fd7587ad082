// Files in folders that are named for values: day=2026-01-01/part-00001-0.parquet. Any scan of files is wrapped so that what its paths say becomes
// columns behind those of the files; the same value for all rows of a file.
import type { Json } from '../base/json.ts'
import { DataError } from '../base/errors.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { type Field, type Fields, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { storedBy } from '../batch/stored-value.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import type { ValueBounds } from '../batch/value-bounds.ts'
import { gatherColumn } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import { isPartitionType, partitionType, partitionValue, readSegment } from '../format/partition-path.ts'
import type { FetchedOptions } from './fetched-files.ts'
import { filesByPath } from './file-list.ts'
import { packFields, unpackFields } from './merge-fields.ts'
import type { ScanContext, ScanSourceType } from './source.ts'

/** What users may give beside a scan's own options, and what `resolve` adds. */
export interface PartitionOptions {
  /** False takes folders' names for names only. */
  readonly partitions?: boolean
  /** Types by name: those of partition columns among them hold, in place of what the values look like; others are left out. */
  readonly types?: SchemaLike
  readonly found?: FoundPartitions
}

/** The partition columns, and their values' texts by file, in the order of the scan's files. `order`: all columns' names. */
interface FoundPartitions {
  readonly fields: readonly { readonly name: string; readonly type: string }[]
  readonly texts: Readonly<Record<string, readonly (string | null)[]>>
  readonly order: readonly string[]
}

interface FileOptions extends PartitionOptions, FetchedOptions {
  readonly paths: readonly string[]
  readonly schema?: SchemaLike
  readonly files?: readonly { readonly path: string }[]
}

/** The scan with the columns of its paths. A file's own column of the same name is taken instead. */
export function withPartitions<O extends Json>(scan: ScanSourceType<O>, endings: readonly string[]): ScanSourceType<O> {
  return {
    ...scan,
    resolve(options, where) {
      const { partitions = true, paths, schema, types = schema, fetched } = options as unknown as FileOptions
      const values = partitions === false ? new Map<string, Map<string, string | null>>() : valuesByFile(paths, endings, where, fetched)
      if (values.size === 0) return scan.resolve(options, where)
      const names = [...new Set([...values.values()].flatMap(segments => [...segments.keys()]))].filter(name => !types || Object.hasOwn(types, name))
      const own = schema && Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)))
      const inner = scan.resolve({ ...(options as object), paths: [...values.keys()], ...(own && { schema: own }) } as unknown as O, where)
      const { files } = inner.options as unknown as FileOptions
      const texts = Object.fromEntries(names.filter(name => !inner.fields.some(f => f.name === name)).map(name => [name, files!.map(({ path }) => values.get(path)?.get(name) ?? null)]))
      const found = Object.entries(texts).map(([name, all]) => partitionField(name, all, types, where))
      checkValues(found, texts, files!, where)
      const fields = schema ? parseSchema(schema, where).map(f => [...inner.fields, ...found].find(other => other.name === f.name)!) : [...inner.fields, ...found]
      const packed: FoundPartitions = { fields: packFields(found), texts, order: fields.map(f => f.name) }
      return { ...inner, fields, options: { ...(inner.options as object), paths, ...(schema && { schema: own }), found: packed } as unknown as O }
    },
    bounds(options, split, columns) {
      const { found } = options as unknown as FileOptions
      const own = found ? unpackFields(found.fields).filter(f => columns.includes(f.name)) : []
      const others = columns.filter(name => !own.some(f => f.name === name))
      const inner = scan.bounds && others.length > 0 ? scan.bounds(options, split, others) : {}
      return { ...inner, ...Object.fromEntries(own.map(field => [field.name, partitionBounds(field, found!.texts[field.name]![split['file'] as number]!)])) }
    },
    pieces(options, split, columns) {
      const { found } = options as unknown as FileOptions
      const own = found ? unpackFields(found.fields).filter(f => columns.includes(f.name)) : []
      const others = columns.filter(name => !own.some(f => f.name === name))
      const known = Object.fromEntries(own.map(field => [field.name, partitionBounds(field, found!.texts[field.name]![split['file'] as number]!)]))
      return others.length > 0 ? scan.pieces?.(options, split, others)?.map(piece => ({ ...piece, bounds: { ...piece.bounds, ...known } })) : undefined
    },
    read(context, options, split, columns) {
      const { found } = options as unknown as FileOptions
      if (!found || found.fields.length === 0) return scan.read(context, options, split, columns)
      const fields = unpackFields(found.fields)
      const mine = columns?.filter(name => !fields.some(f => f.name === name))
      // Where only the paths' columns are needed, one of the files' tells how many rows there are.
      const read = mine?.length === 0 ? found.order.filter(name => !fields.some(f => f.name === name)).slice(0, 1) : mine
      const wanted = found.order.filter(name => !columns || columns.includes(name))
      const value = (name: string) => found.texts[name]![split['file'] as number]!
      return scan.read(addingColumns(context, fields, value, wanted), options, split, read)
    },
  }
}

// All rows of a file have the one value.
function partitionBounds({ type }: Field, text: string | null): ValueBounds {
  if (text === null) return { nulls: 'all' }
  const value = storedBy(type)(partitionValue(text, type))
  return value === undefined ? {} : { least: value, greatest: value, nulls: 'none' }
}

// Of each file the names and texts of the folders between what was asked for and the file; empty where no file has any.
function valuesByFile(paths: readonly string[], endings: readonly string[], where: string, fetched: number | undefined): Map<string, Map<string, string | null>> {
  const found = new Map<string, Map<string, string | null>>()
  for (const { path, root } of filesByPath(paths, endings, where, fetched)) {
    const folders = path.slice(root.length).split('/').slice(0, -1)
    found.set(path, new Map(folders.flatMap(folder => (readSegment(folder) ? [[readSegment(folder)!.name, readSegment(folder)!.text] as const] : []))))
  }
  return [...found.values()].some(segments => segments.size > 0) ? found : new Map()
}

function partitionField(name: string, texts: readonly (string | null)[], types: SchemaLike | undefined, where: string): Field {
  const given = types?.[name]
  if (given === undefined) return { name, type: partitionType(texts.filter(text => text !== null)), nullable: texts.includes(null) }
  const field = { name, ...parseType(given, `${where}, column "${name}"`) }
  if (isPartitionType(field.type)) return field
  throw new DataError('PARTITION_VALUE', `${where}, column "${name}": names of folders can't be read as ${given}; read them as utf8, or pass partitions: false`)
}

// All values are tried before anything runs, so that an error names the file.
function checkValues(fields: readonly Field[], texts: FoundPartitions['texts'], files: readonly { readonly path: string }[], where: string): void {
  for (const { name, type, nullable } of fields) {
    const fits = partitionTest(type)
    texts[name]!.forEach((text, file) => {
      const problem = text === null ? !nullable && 'there is no value in the path' : !fits(text) && `the path has "${text}"`
      if (problem)
        throw new DataError('PARTITION_VALUE', `${where}: ${files[file]!.path}, column "${name}": ${problem}, and the schema says ${typeName(type, nullable)}; correct the schema, or pass partitions: false`)
    })
  }
}

function partitionTest(type: Field['type']): (text: string) => boolean {
  const stored = storedBy(type)
  return text => stored(partitionValue(text, type)) !== undefined
}

// The context of a scan whose batches get the columns of their file's path, and keep those that are wanted, in order.
function addingColumns(context: ScanContext, fields: readonly Field[], textOf: (name: string) => string | null, wanted: readonly string[]): ScanContext {
  let last: Arena | undefined
  const added = fields.filter(f => wanted.includes(f.name))
  return {
    ...context,
    arena: () => (last = context.arena()),
    emit(batch, port) {
      if (port !== undefined) return context.emit(batch, port)
      const { arena, batch: held } = writable(context, batch, last)
      const columns = new Map<string, Column>(held.fields.map((f, i) => [f.name, held.columns[i]!]))
      for (const field of added) columns.set(field.name, repeated(context, arena, field, partitionValue(textOf(field.name), field.type), held.rowCount))
      const all = [...held.fields, ...added]
      const inOrder: Fields = wanted.map(name => all.find(f => f.name === name)!)
      context.emit({ ...held, fields: inOrder, columns: wanted.map(name => columns.get(name)!) })
    },
  }
}

// The arena of the batch where this reader made it; else one that keeps the batch's own.
function writable({ device }: ScanContext, batch: Batch, last: Arena | undefined): { arena: Arena; batch: Batch } {
  if (last && last.address === batch.arena) return { arena: last, batch }
  const arena = device.arena()
  arena.hold(batch.arena)
  return { arena, batch: { ...batch, arena: arena.address } }
}

function repeated({ device, where }: ScanContext, arena: Arena, field: Field, value: unknown, rows: number): Column {
  const one = buildColumn(device, arena, field, [value], where)
  return gatherColumn(device, arena, one, arena.allocateZeroed(4 * rows), rows)
}
