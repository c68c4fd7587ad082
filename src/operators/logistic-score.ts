// Scores rows by a logistic regression that was fitted before. Each row by itself, so it runs anywhere.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { columnIndex } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import { float64 } from '../batch/data-type.ts'
import { allocateProbabilities, featureColumn, packRows, scoreRows, strideOf } from '../compute/logistic.ts'
import { addFields, checkFeatures, scoreFields } from './online-logistic.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `logisticScore`: a finite weight per feature, and the intercept. */
export interface LogisticScoreParams {
  readonly features: readonly string[]
  readonly weights: readonly number[]
  readonly intercept: number
  readonly [key: string]: Json | undefined
}

const sliceRows = 1024

/** Adds prediction (probability above 0.5) and probability; both are null where a feature is null, NaN, infinite or above 1e100 in size. */
export const logisticScoreOperator: OperatorType<LogisticScoreParams> = {
  kind: 'logisticScore',
  inputCount: 1,
  placement: () => 'any',
  fields([input], { features, weights, intercept }, where) {
    checkFeatures(input!, features, where)
    if (weights.length !== features.length || ![...weights, intercept].every(Number.isFinite))
      throw new PlanError('MODEL', `${where}: the model has ${weights.length} weights for ${features.length} features; give a finite weight per feature and a finite intercept`)
    return addFields(input!, scoreFields, where)
  },
  describe: ({ features }) => `score by logistic regression on ${features.join(', ')}`,
  create: (context, { features, weights, intercept }) => ({
    push(batch, out) {
      const { device, arena, where } = context
      const columns = features.map(name => featureColumn(device, arena, batch.columns[columnIndex(batch.fields, name, where)]!))
      const stride = strideOf(features.length, true)
      const model = arena.allocateZeroed(8 * stride)
      const x = arena.allocate(8 * stride * sliceRows)
      const probability = allocateProbabilities(arena, batch.rowCount)
      device.memory.float64s(model, stride).set([...weights, intercept])
      for (let start = 0; start < batch.rowCount; start += sliceRows) {
        scoreRows(device, packRows(device, columns, start, Math.min(sliceRows, batch.rowCount - start), true, x), model, probability, start)
      }
      const prediction = compare(device, arena, 'gt', probability, { type: float64, value: 0.5 })
      out.emit({ ...share(device, arena, batch), fields: [...batch.fields, ...scoreFields], columns: [...batch.columns, prediction, probability] })
    },
  }),
}
