// The columns that a file carries beside those that a schema asks for.
import { sameType } from '../../batch/data-type.ts'
import type { Field, Fields } from '../../batch/schema.ts'
import { typeName } from '../../batch/type-name.ts'
import type { Problems } from './problems.ts'

/** Tells of columns that a schema has and a file lacks, or has of another type; gives those that must have no nulls. */
export function compareSchema(columns: readonly { readonly field: Field }[], schema: Fields | undefined, problems: Problems): Set<string> {
  for (const { name, type, nullable } of schema ?? []) {
    const found = columns.find(column => column.field.name === name)?.field
    if (!found) problems.add('SCHEMA', `there is no column "${name}", which the schema has as ${typeName(type, nullable)}`, { column: name })
    else if (!sameType(found.type, type)) problems.add('SCHEMA', `column "${name}" is ${typeName(found.type, found.nullable)}, the schema says ${typeName(type, nullable)}`, { column: name })
  }
  return new Set((schema ?? []).flatMap(({ name, nullable }) => (nullable ? [] : [name])))
}
