// Keeps the rows for which a condition is true; null counts as false.
import type { Json } from '../base/json.ts'
import { compactBatch } from '../compute/compact.ts'
import { bindCondition } from '../expr/bind.ts'
import { describeExpression } from '../expr/describe.ts'
import { evaluateMask } from '../expr/evaluate.ts'
import type { Expression } from '../expr/expression.ts'
import { neverTrue } from '../expr/never-true.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `filter`. */
export type FilterParams = { readonly predicate: Expression & Json }

/** Rows in source order. A batch that passes whole is not copied; one of which nothing passes is not emitted, nor looked at where the bounds of its columns say so. */
export const filterOperator: OperatorType<FilterParams> = {
  kind: 'filter',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'any',
  fields([input], { predicate }, where) {
    bindCondition(predicate, input!, where)
    return input!
  },
  describe: ({ predicate }) => `filter ${describeExpression(predicate)}`,
  create(context, { predicate }, [input]) {
    const condition = bindCondition(predicate, input!, context.where)
    return {
      push(batch, out) {
        if (neverTrue([condition], batch.columns)) return
        const { device, arena } = context
        const kept = compactBatch(device, arena, batch, evaluateMask(device, arena, condition, batch, context.where))
        if (kept.rowCount > 0) out.emit(kept)
      },
    }
  },
}
