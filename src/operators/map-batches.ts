// mapBatches: a user function over whole batches, which reads columns and adds columns. Faster than row functions, since no row
// becomes an object unless the function makes it one.
import { DataError, PlanError } from '../base/errors.ts'
import { describeFunction, type FunctionReference } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { BatchView } from '../batch/batch-view.ts'
import { sameType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { type Fields, isHidden, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { countNulls } from '../compute/bitmap.ts'
import type { OperatorType } from './operator.ts'
import { callable, placementOf } from './row-functions.ts'

/** `schema`: the output's visible columns; `adds`: columns added to the input's. A plan with neither gets a `schema` when it is resolved, and `asked` (plan/lower-batches.ts). */
export type MapBatchesParams = { readonly function: FunctionReference & Json; readonly schema?: SchemaLike & Json; readonly adds?: SchemaLike & Json; readonly asked?: boolean }

/** One batch in, one batch out. */
export const mapBatchesOperator: OperatorType<MapBatchesParams> = {
  kind: 'mapBatches',
  inputCount: 1,
  placement: placementOf,
  fields([input], params, where) {
    const hidden = input!.filter(f => isHidden(f.name))
    if (params.schema) return [...parseSchema(params.schema, where), ...hidden]
    const added = parseSchema(params.adds ?? {}, where)
    const names = new Set(added.map(f => f.name))
    return [...input!.filter(f => !isHidden(f.name) && !names.has(f.name)), ...added, ...hidden]
  },
  describe: params => `map batches with ${describeFunction(params.function)}`,
  create(context, params, [input]) {
    const call = callable(context, params.function)
    const fields = mapBatchesOperator.fields([input!], params, context.where)
    return {
      push(batch, out) {
        const result = call(new BatchView(context.device, batch, context.arena), 0)
        if (!(result instanceof BatchView)) throw new DataError('USER_RESULT', `${context.where}: the function returned ${String(result)}; return the batch, or batch.withColumn(…)`)
        const got = result.batch
        const lost = params.schema && !params.asked ? undefined : got.fields.find(f => !isHidden(f.name) && !fields.some(other => other.name === f.name))
        if (lost) throw new PlanError('BATCH_COLUMNS', `${context.where}: the returned batch has a column "${lost.name}" that the plan doesn't know; it knows ${names(fields)}; declare it: { adds: { ${lost.name}: '${typeName(lost.type)}' } }`)
        const hidden = fields.filter(f => isHidden(f.name))
        if (hidden.length > 0 && got.rowCount !== batch.rowCount)
          throw new DataError('USER_RESULT', `${context.where}: the function returned ${got.rowCount} rows for ${batch.rowCount}; after a watermark a batch must keep its rows`)
        const columns = fields.map(field => {
          const at = got.fields.findIndex(f => f.name === field.name)
          if (at < 0) throw new PlanError('BATCH_COLUMNS', `${context.where}: the returned batch has no column "${field.name}"; it has ${names(got.fields)}; add it, or give the output's columns as schema`)
          if (!sameType(got.fields[at]!.type, field.type))
            throw new PlanError('BATCH_COLUMNS', `${context.where}: column "${field.name}" of the returned batch is ${typeName(got.fields[at]!.type)}, the schema says ${typeName(field.type)}; convert it`)
          const made = got.columns[at]!
          if (!field.nullable && made.validity !== 0 && countNulls(context.device, made) > 0)
            throw new DataError('NULL_VALUE', `${context.where}: column "${field.name}" of the returned batch has a null, and is ${typeName(field.type)}; declare it as ${typeName(field.type, true)}`)
          return made
        })
        out.emit({ fields, rowCount: got.rowCount, columns, arena: context.arena.address })
      },
    }
  },
}

function names(fields: Fields): string {
  return fields.filter(f => !isHidden(f.name)).map(f => f.name).join(', ')
}
