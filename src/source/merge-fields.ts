// Several files as one table: their columns are matched by name, and must have the same types.
import { DataError } from '../base/errors.ts'
import { sameType } from '../batch/data-type.ts'
import { parseType, typeName } from '../batch/type-name.ts'
import type { Field, Fields } from '../batch/schema.ts'

/** The columns of all files, in the first one's order; nullable where any file's is. Throws DataError SCHEMA_MISMATCH naming file and column. */
export function mergeFields(files: readonly { readonly path: string; readonly fields: Fields }[], where: string): Field[] {
  const [first, ...others] = files
  const merged = first!.fields.map(field => ({ ...field }))
  for (const { path, fields } of others) {
    const extra = fields.find(f => !merged.some(m => m.name === f.name))
    if (extra) throw mismatch(where, path, extra.name, `it is there, and not in ${first!.path}`)
    for (const field of merged) {
      const found = fields.find(f => f.name === field.name)
      if (!found) throw mismatch(where, path, field.name, `it is missing, and is in ${first!.path}`)
      if (!sameType(found.type, field.type)) throw mismatch(where, path, field.name, `it is ${typeName(found.type)}, in ${first!.path} ${typeName(field.type)}`)
      field.nullable ||= found.nullable
    }
  }
  return merged
}

function mismatch(where: string, path: string, column: string, what: string): DataError {
  return new DataError('SCHEMA_MISMATCH', `${where}: ${path}, column "${column}": ${what}; read files with other columns separately`)
}

/** Fields as plain data, for a scan's options. */
export function packFields(fields: Fields): { name: string; type: string }[] {
  return fields.map(f => ({ name: f.name, type: typeName(f.type, f.nullable) }))
}

/** The inverse of `packFields`. */
export function unpackFields(fields: readonly { readonly name: string; readonly type: string }[]): Field[] {
  return fields.map(f => ({ name: f.name, ...parseType(f.type, f.name) }))
}
