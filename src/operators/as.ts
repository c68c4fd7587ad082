// Holds the rows to a schema that the program states: `frame.as(schema)`. Columns the schema doesn't name are left out; types must be the
// same; a column stated without ? may be nullable in the file, as long as no null comes.
import { DataError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { sameType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, type Fields, isHidden, parseSchema, schemaText, type SchemaLike } from '../batch/schema.ts'
import { countBits } from '../compute/bitmap.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `as`. */
export type AsParams = { readonly schema: SchemaLike & Json }

/** Checks types when the plan is made, and nulls as they come. */
export const asOperator: OperatorType<AsParams> = {
  kind: 'as',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'any',
  fields: ([input], params, where) => stated(input!, params, where),
  describe: ({ schema }) => `as ${Object.entries(schema).map(([name, type]) => `${name}: ${type}`).join(', ')}`,
  create(context, params, [input]) {
    const fields = stated(input!, params, context.where)
    const indices = fields.map(f => columnIndex(input!, f.name, context.where))
    return {
      push(batch, out) {
        const columns = fields.map((field, i) => {
          const column = { ...batch.columns[indices[i]!]!, type: field.type }
          if (field.nullable || column.validity === 0) return column
          const nulls = batch.rowCount - countBits(context.device, column.validity, batch.rowCount)
          if (nulls > 0) throw new DataError('NULL_VALUE', `${context.where}: column "${field.name}" has ${nulls} nulls in a batch of ${batch.rowCount} rows, but the schema says ${typeName(field.type)}; write '${typeName(field.type, true)}' to allow them`)
          return { ...column, validity: 0 }
        })
        out.emit({ fields, rowCount: batch.rowCount, columns, arena: batch.arena })
      },
    }
  },
}

function stated(input: Fields, { schema }: AsParams, where: string): Fields {
  const wanted = parseSchema(schema, where)
  for (const field of wanted) {
    const found = input[columnIndex(input, field.name, where)]!
    if (!sameType(found.type, field.type))
      throw new PlanError('SCHEMA_MISMATCH', `${where}: column "${field.name}" is ${typeName(found.type, found.nullable)}, the schema says ${typeName(field.type, field.nullable)}; the input has ${JSON.stringify(schemaText(input))}; correct the schema, or cast the column`)
  }
  return [...wanted, ...input.filter(f => isHidden(f.name))]
}
