// Decodes a column of JSON records (the values of a topic) into columns, beside metadata of the record. Bad records fail the job, are left out and
// counted, or leave by the side output 'deadLetters' with what is wrong with them.
import { DataError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Batch, type Column, column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { valueReader, viewBytes } from '../batch/read-values.ts'
import { type Field, fieldOf, type Fields, isHidden, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import { JsonDecoder } from '../compute/json.ts'
import type { RecordError } from '../compute/json-errors.ts'
import { type JsonField, jsonFields } from '../compute/json-tables.ts'
import { type BadRecords, deadLetterBatch, deadLetterFields, excerpt } from '../format/dead-letters.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { OperatorContext, OperatorType } from './operator.ts'

/**
 * Parameters of `decodeJson`. `column` holds the records; `keep` names columns to carry along; `nested` and `paths` are as in `JsonPaths`. For keys of topics:
 * `prefix` stands before the names of what is decoded; `nulls: 'empty'` takes a null record for an object without keys; `letter` is the column whose
 * bytes are a dead letter's value, with the broken record beside it.
 */
export interface DecodeJsonParams {
  readonly column: string
  readonly schema: SchemaLike
  readonly keep?: readonly string[]
  readonly onError?: BadRecords
  readonly nested?: boolean
  readonly paths?: { readonly [column: string]: string }
  readonly prefix?: string
  readonly nulls?: 'empty'
  readonly letter?: string
  readonly [key: string]: Json | undefined
}

/** Rows in source order: the schema's columns, then the kept and the hidden ones. Counts `badRecords`. */
export const decodeJsonOperator: OperatorType<DecodeJsonParams> = {
  kind: 'decodeJson',
  inputCount: 1,
  placement: () => 'any',
  fields([input], params, where) {
    const source = fieldOf(input!, params.column, where)
    if (source.type.kind !== 'binary' && source.type.kind !== 'utf8') {
      throw new PlanError('JSON_COLUMN', `${where}: column "${params.column}" is ${typeName(source.type)}; JSON is decoded from binary or utf8 columns`)
    }
    const fields = decoded(params, where)
    const kept = carried(input!, params, where)
    const clash = kept.find(k => fields.some(f => f.name === k.name))
    if (clash)
      throw new PlanError(
        'COLUMN_CLASH',
        `${where}: "${clash.name}" is a column of the schema and of the record's metadata; rename it in the schema or leave it out of the metadata`,
      )
    new JsonDecoder(fields, where)
    return [...fields.map(({ name, type, nullable }) => ({ name, type, nullable })), ...kept]
  },
  sidePorts([input], params): Record<string, Fields> {
    return params.onError === 'deadLetters' ? { deadLetters: [...deadLetterFields, ...letterExtras(input!, params)] } : {}
  },
  describe: ({ column: name, schema }) => `JSON in ${name} → ${Object.keys(schema).join(', ')}`,
  create(context, params, [input]) {
    const decoder = new JsonDecoder(decoded(params, context.where), context.where)
    const kept = carried(input!, params, context.where)
    return {
      push(batch, out) {
        const { device, arena } = context
        const given = column(batch, params.column, context.where)
        const records = params.nulls === 'empty' ? withoutNulls(device, arena, given) : given
        const { batch: rows, rowOfRecord, errors } = decoder.decode(device, arena, { column: records })
        holdViews(device, arena, batch)
        if (errors.length > 0) {
          if ((params.onError ?? 'fail') === 'fail') throw failure(context, params, batch, errors[0]!)
          context.count('badRecords', errors.length)
        }
        if (rows.rowCount > 0) {
          const beside = kept.map(field => {
            const whole = column(batch, field.name, context.where)
            return errors.length === 0 ? whole : gatherColumn(device, arena, whole, rowOfRecord, rows.rowCount)
          })
          out.emit({ fields: [...rows.fields, ...kept], rowCount: rows.rowCount, columns: [...rows.columns, ...beside], arena: arena.address })
        }
        if (errors.length > 0 && params.onError === 'deadLetters') out.emit(deadLetters(context, params, batch, input!, errors), 'deadLetters')
      },
    }
  },
}

function decoded(params: DecodeJsonParams, where: string): JsonField[] {
  const fields = jsonFields(parseSchema(params.schema, where), { nested: params.nested, paths: params.paths }, where)
  const { prefix } = params
  return prefix === undefined ? fields : fields.map(field => ({ ...field, name: prefix + field.name, path: field.path ?? [field.name] }))
}

// Null records as `{}`.
function withoutNulls(device: Device, arena: Arena, records: Column): Column {
  if (records.validity === 0) return records
  const { length } = records
  const values = arena.allocate(16 * length)
  const views = device.memory.int32s(values, 4 * length)
  views.set(device.memory.int32s(records.values, 4 * length))
  const validity = device.memory.bytes(records.validity, bitmapBytes(length))
  for (let row = 0; row < length; row++) if (((validity[row >>> 3]! >>> (row & 7)) & 1) === 0) views.set(emptyObject, 4 * row)
  return { ...records, values, validity: 0 }
}

const emptyObject = [2, 0x7d7b, 0, 0]

function carried(input: Fields, params: DecodeJsonParams, where: string): Field[] {
  return [...(params.keep ?? []).map(name => fieldOf(input, name, where)), ...input.filter(f => isHidden(f.name))]
}

// A kept column whose name a dead letter has already is left out of it.
function letterExtras(input: Fields, params: DecodeJsonParams): Field[] {
  const broken = params.letter === undefined ? [] : [params.column]
  return [...broken, ...(params.keep ?? [])].map(name => fieldOf(input, name, 'decodeJson')).filter(f => !deadLetterFields.some(d => d.name === f.name))
}

function deadLetters(context: OperatorContext, params: DecodeJsonParams, batch: Batch, input: Fields, errors: readonly RecordError[]): Batch {
  const { device, arena } = context
  const numbers = arena.allocate(4 * errors.length)
  device.memory.uint32s(numbers, errors.length).set(errors.map(e => e.record))
  const take = (source: Column) => gatherColumn(device, arena, source, numbers, errors.length)
  const extra = letterExtras(input, params).map(field => ({ field, column: take(column(batch, field.name, context.where)) }))
  return deadLetterBatch(device, arena, errors, take(column(batch, params.letter ?? params.column, context.where)), e => e.byte, extra)
}

function failure(context: OperatorContext, params: DecodeJsonParams, batch: Batch, error: RecordError): DataError {
  const { memory } = context.device
  const bytes = viewBytes(memory, column(batch, params.column, context.where).values + 16 * error.record)
  const places = (params.keep ?? [])
    .filter(name => ['partition', 'offset', 'file'].includes(name))
    .map(name => `${name} ${valueReader(memory, column(batch, name, context.where))(error.record)}`)
  const place = places.length > 0 ? places.join(', ') : `record ${error.record} of a batch of ${batch.rowCount}`
  const found = excerpt(context.device, bytes.byteOffset, bytes.length)
  return new DataError(
    error.code,
    `${context.where}, ${place}: ${error.message}; found ${found}; fix the producer or the schema, or pass onError 'skip' or { deadLetters }`,
  )
}
