// A schema: the ordered fields of a batch, as plain data. A field whose name begins with $ is hidden: the engine carries it
// (`$watermark`), row-wise operators keep it, and users, sinks and results never see it.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { DataType } from './data-type.ts'
import { parseType, typeName } from './type-name.ts'

/** A column's name, type and nullability. */
export interface Field {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
}

/** Fields in order; names are unique. */
export type Fields = readonly Field[]

/** A schema as users write it: names to type names. */
export interface SchemaLike {
  readonly [column: string]: string
}

/** Fields of a user's schema. Throws PlanError TYPE or HIDDEN_NAME naming `where`. */
export function parseSchema(schema: SchemaLike, where: string): Field[] {
  return Object.entries(schema).map(([name, text]) => {
    if (isHidden(name)) throw new PlanError('HIDDEN_NAME', `${where}: the column name "${name}" begins with $, which Millrace keeps for itself; rename it`)
    return { name, ...parseType(text, `${where}, column "${name}"`) }
  })
}

/** The inverse of `parseSchema`; hidden fields are left out. */
export function schemaText(fields: Fields): Record<string, string> {
  return Object.fromEntries(visible(fields).map(f => [f.name, typeName(f.type, f.nullable)]))
}

/** True for fields that only the engine sees. */
export function isHidden(name: string): boolean {
  return name.startsWith('$')
}

/** The fields users see. */
export function visible(fields: Fields): Field[] {
  return fields.filter(f => !isHidden(f.name))
}

/** The position of a column. Throws PlanError NO_COLUMN, which lists the columns and the nearest name. */
export function columnIndex(fields: Fields, name: string, where: string): number {
  const index = fields.findIndex(f => f.name === name)
  if (index < 0) throw noColumn(name, fields, where)
  return index
}

/** A field by name. Throws as `columnIndex`. */
export function fieldOf(fields: Fields, name: string, where: string): Field {
  return fields[columnIndex(fields, name, where)]!
}

/** The error for a name that isn't there. */
export function noColumn(name: string, fields: Fields, where: string): PlanError {
  const names = visible(fields).map(f => f.name)
  return new PlanError('NO_COLUMN', `${where}: no column "${name}"; the input has ${names.join(', ') || 'no columns'}${didYouMean(name, names)}`)
}
