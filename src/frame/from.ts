// Frames over what the program holds: rows, columns, an apache-arrow table, an (async) iterable, or a source of its own.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Field, type Fields, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { typeOfValues } from '../batch/value-type.ts'
import type { UserSink } from '../sink/user-sink.ts'
import type { UserSource } from '../source/user-source.ts'
import type { ValuesOptions } from '../source/values.ts'
import { columnsOfArrow, fieldsOfArrow, isArrowTable } from './arrow.ts'
import { sourcesOfArrow } from './arrow-input.ts'
import { frameOf, type FrameValue } from './frame.ts'
import type { SinkLike } from './node.ts'
import { Table } from './table.ts'
import type { Row, Schema } from './types.ts'

const sourceMark = Symbol('millrace.source')

/** Declares a source of one's own. The type of `position` follows from `start`, that of the rows from `schema`. */
export function source<const S extends Schema, P>(definition: UserSource<S, P, Row<NoInfer<S>>>): UserSource<S, P, Row<NoInfer<S>>> {
  return Object.assign(definition, { [sourceMark]: true })
}

/** Declares a sink of one's own, for `frame.to(…)`. */
export function sink(definition: UserSink): SinkLike & UserSink {
  return { ...definition, sink: 'user', options: null, bound: definition }
}

/**
 * A frame over `data`. Without a schema, fields follow from the values (`batch/value-type.ts › typeOfValues`): bigint is int64, number float64, an array of
 * objects a list of structs, Int8Array int8; those of an apache-arrow table are its own. Iterables need a schema; an async one is taken to be endless unless `bounded`. Throws PlanError FROM.
 */
export function fromData(data: unknown, options: { schema?: SchemaLike; bounded?: boolean } = {}): FrameValue {
  if (typeof data === 'object' && data !== null && (sourceMark in data || ('splits' in data && 'read' in data))) return feed('user', data)
  const fields = options.schema ? parseSchema(options.schema, 'from') : undefined
  if (data instanceof Table) return values({ fields: fields ?? parseSchema(data.schema, 'from'), rows: data.toArray(), bounded: true })
  if (isArrowTable(data)) return values(fields ? { fields, columns: columnsOfArrow(data), bounded: true } : { fields: fieldsOfArrow(data), columns: sourcesOfArrow(data), bounded: true })
  if (Array.isArray(data)) return values({ fields: fields ?? fieldsOfRows(data), rows: data as Record<string, unknown>[], bounded: true })
  if (typeof data === 'object' && data !== null && (Symbol.asyncIterator in data || Symbol.iterator in data)) {
    if (!fields) throw new PlanError('FROM', 'from: an iterable needs a schema, since its rows are not there yet; give from(iterable, { schema: { … } })')
    return values({ fields, iterable: data as AsyncIterable<unknown>, bounded: options.bounded ?? !(Symbol.asyncIterator in data) })
  }
  if (typeof data === 'object' && data !== null) {
    const columns = data as Record<string, ArrayLike<unknown>>
    return values({ fields: fields ?? Object.entries(columns).map(([name, column]) => fieldOfColumn(name, column)), columns, bounded: true })
  }
  throw new PlanError('FROM', `from: ${typeof data} given; give rows, columns by name, a table, an iterable or a source`)
}

function feed(kind: string, bound: unknown): FrameValue {
  return frameOf({ node: 'feed', label: 'from', kind, params: null as Json, inputs: [], side: [], bound })
}

function values(options: ValuesOptions): FrameValue {
  return feed('values', options)
}

function fieldsOfRows(rows: readonly unknown[]): Fields {
  const names = new Set<string>()
  for (const row of rows) for (const name of Object.keys((row ?? {}) as object)) names.add(name)
  if (names.size === 0) throw new PlanError('FROM', 'from: the rows have no columns to learn a schema from; give from(rows, { schema: { … } })')
  return [...names].map(name => fieldOfColumn(name, rows.map(row => (row as Record<string, unknown>)[name])))
}

function fieldOfColumn(name: string, column: ArrayLike<unknown>): Field {
  const found = typeOfValues(column)
  if (!found) throw new PlanError('FROM', `from: every value of column "${name}" is null or of no known type; give from(data, { schema: { ${name}: 'utf8?', … } })`)
  return { name, ...found }
}
