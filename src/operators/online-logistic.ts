// Learning on a stream: each row is scored by the model as it was before the row (prequential), then learned from, in source order. So results
// depend on the rows alone: not on how they are batched, on workers, on restarts, or on the machine. The learner is compute/ftrl.ts.
import { keyGroupCount } from '../base/hash.ts'
import { DataError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Column } from '../batch/batch.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { bool, float64, int64 } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { rowReader, valueReader } from '../batch/read-values.ts'
import { columnIndex, type Field, fieldOf, type Fields, parseSchema } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import { FtrlLearner, type FtrlModel } from '../compute/ftrl.ts'
import { featureColumn, findBadLabel, isFeatureType } from '../compute/logistic.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `onlineLogistic`. All but the columns have defaults, see `optionsOf`. */
export interface OnlineLogisticParams {
  readonly features: readonly string[]
  /** A bool or a number that is 0 or 1; null and NaN: not known. Only needed to learn. */
  readonly label?: string
  /** Step size, 0.1. */
  readonly alpha?: number
  /** Smooths the first steps, 1. */
  readonly beta?: number
  readonly l1?: number
  readonly l2?: number
  /** Scale features by running mean and deviation, over the rows learned so far. */
  readonly standardize?: boolean
  /** True by default; false leaves the model as it is. */
  readonly learn?: boolean
  /** True by default; false passes the rows on without the three columns. */
  readonly score?: boolean
  readonly intercept?: boolean
  /** Weights to start from, in the order of the features. */
  readonly model?: { readonly weights: readonly number[]; readonly intercept: number; readonly version?: number }
  readonly [key: string]: Json | undefined
}

/** The columns that scoring adds. A row whose features are not all finite numbers has neither prediction nor probability. */
export const scoreFields: readonly Field[] = [
  { name: 'prediction', type: bool, nullable: true },
  { name: 'probability', type: float64, nullable: true },
]
const versionField: Field = { name: 'model_version', type: int64, nullable: false }
const stateFields = parseSchema({ feature: 'utf8?', weight: 'float64', z: 'float64', n: 'float64', mean: 'float64', squares: 'float64', version: 'float64' }, 'online logistic')

/**
 * Adds prediction (probability above 0.5), probability (of label true) and model_version (rows learned before this one). Rows without a label or with a
 * feature that is null, NaN, infinite or above 1e100 in size teach nothing and are counted as 'unlearnedRows'.
 */
export const onlineLogisticOperator: OperatorType<OnlineLogisticParams> = {
  kind: 'onlineLogistic',
  inputCount: 1,
  placement: () => 'single',
  stateWeight: 0,
  fields([input], params, where) {
    checkFeatures(input!, params.features, where)
    const options = optionsOf(params)
    if (params.label !== undefined) checkLabel(input!, params.label, where)
    else if (options.learn) throw new PlanError('NO_LABEL', `${where}: no label column is named; name it to learn, or give learn: false`)
    for (const name of ['alpha', 'beta', 'l1', 'l2'] as const) {
      const value = options[name]
      if (!Number.isFinite(value) || value < 0 || (name === 'alpha' && value === 0)) throw new PlanError('LEARNER', `${where}: ${name} is ${value}; give a number ${name === 'alpha' ? 'above' : 'from'} 0`)
    }
    checkModel(params, where)
    return options.score ? addFields(input!, [...scoreFields, versionField], where) : input!
  },
  describe: ({ features, label, standardize }) => `logistic regression of ${label ?? 'nothing'} by ${features.join(', ')}, row by row${standardize ? ', standardized' : ''}`,
  create: (context, params) => new OnlineLogistic(context, params),
}

/** The parameters with defaults in place. */
export function optionsOf(params: OnlineLogisticParams) {
  const { alpha = 0.1, beta = 1, l1 = 0, l2 = 0, standardize = false, learn = true, score = true, intercept = true } = params
  return { alpha, beta, l1, l2, standardize, learn, score, intercept }
}

/** Throws PlanError FEATURES or FEATURE_TYPE unless all are columns of numbers or bools, each named once. */
export function checkFeatures(input: Fields, features: readonly string[], where: string): void {
  if (!Array.isArray(features) || features.length === 0) throw new PlanError('FEATURES', `${where}: no features are named; give the columns to learn from, as in features: ['price']`)
  features.forEach((name, i) => {
    const { type, nullable } = fieldOf(input, name, where)
    if (!isFeatureType(type)) throw new PlanError('FEATURE_TYPE', `${where}: feature "${name}" is ${typeName(type, nullable)}; features are numbers or bools; encode or cast it first`)
    if (features.indexOf(name) !== i) throw new PlanError('FEATURES', `${where}: feature "${name}" is named twice; name it once`)
  })
}

/** Throws PlanError LABEL_TYPE unless the column can be a label. */
export function checkLabel(input: Fields, label: string, where: string): void {
  const { type, nullable } = fieldOf(input, label, where)
  if (!isFeatureType(type)) throw new PlanError('LABEL_TYPE', `${where}: label "${label}" is ${typeName(type, nullable)}; a label is a bool, or a number that is 0 or 1`)
}

/** The input's fields and `added`. Throws PlanError DUPLICATE_COLUMN where a name is taken. */
export function addFields(input: Fields, added: readonly Field[], where: string): Fields {
  const taken = added.find(field => input.some(f => f.name === field.name))
  if (taken) throw new PlanError('DUPLICATE_COLUMN', `${where}: the input has a column "${taken.name}" already; rename or drop it before scoring`)
  return [...input, ...added]
}

function checkModel({ model, features, standardize }: OnlineLogisticParams, where: string): void {
  if (model === undefined) return
  if (standardize) throw new PlanError('MODEL', `${where}: a model to start from and standardize: true; the weights are for features as they are; leave one out`)
  if (model.weights.length !== features.length || ![...model.weights, model.intercept].every(Number.isFinite))
    throw new PlanError('MODEL', `${where}: the model has ${model.weights.length} weights for ${features.length} features; give a finite weight per feature and a finite intercept`)
}

class OnlineLogistic implements Operator {
  readonly #context: OperatorContext
  readonly #params: OnlineLogisticParams
  readonly #learner: FtrlLearner
  readonly #options: ReturnType<typeof optionsOf>
  constructor(context: OperatorContext, params: OnlineLogisticParams) {
    this.#context = context
    this.#params = params
    this.#options = optionsOf(params)
    this.#learner = new FtrlLearner(context.device, params.features.length, this.#options)
    const { model } = params
    if (model) this.#learner.start(Float64Array.of(...model.weights, ...(this.#options.intercept ? [model.intercept] : [])), model.version ?? 0)
  }

  push(batch: Parameters<Operator['push']>[0], out: Output): void {
    const { device, arena, where } = this.#context
    const { features, label } = this.#params
    const columnOf = (name: string) => featureColumn(device, arena, batch.columns[columnIndex(batch.fields, name, where)]!)
    const labels = this.#options.learn ? columnOf(label!) : undefined
    if (labels) this.#checkLabels(labels)
    const { probability, version, unlearned } = this.#learner.run(arena, features.map(columnOf), labels, batch.rowCount)
    if (this.#options.learn && unlearned > 0) this.#context.count('unlearnedRows', unlearned)
    const shared = share(device, arena, batch)
    if (!this.#options.score) return out.emit(shared)
    const prediction = compare(device, arena, 'gt', probability, { type: float64, value: 0.5 })
    out.emit({ ...shared, fields: [...batch.fields, ...scoreFields, versionField], columns: [...batch.columns, prediction, probability, version] })
  }

  snapshot(): StateRun[] {
    const { device } = this.#context
    const { version, weights, z, n, means, squares } = this.#learner.model()
    const rows = Array.from(weights, (weight, i) => ({ feature: this.#params.features[i] ?? null, weight, z: z[i], n: n[i], mean: means[i], squares: squares[i], version }))
    const arena = device.arena()
    try {
      return [{ table: 'model', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, buildBatch(device, arena, stateFields, rows, 'online logistic')) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, where } = this.#context
    const arena = device.arena()
    try {
      const batch = decodeRun(device, arena, runs[0]!.bytes)
      const read = rowReader(device.memory, batch)
      const rows = Array.from({ length: batch.rowCount }, (_, row) => read(row) as Record<'weight' | 'z' | 'n' | 'mean' | 'squares' | 'version', number> & { feature: string | null })
      const expected = [...this.#params.features, ...(this.#options.intercept ? [null] : [])]
      if (rows.length !== expected.length || rows.some((row, i) => row.feature !== expected[i]))
        throw new DataError('STATE_MODEL', `${where}: the saved model has the features ${rows.map(r => r.feature ?? 'intercept').join(', ')}; the job has ${expected.map(f => f ?? 'intercept').join(', ')}; restore: 'none' starts afresh`)
      const part = (name: 'weight' | 'z' | 'n' | 'mean' | 'squares') => Float64Array.from(rows, row => row[name])
      const model: FtrlModel = { version: rows[0]!.version, weights: part('weight'), z: part('z'), n: part('n'), means: part('mean'), squares: part('squares') }
      this.#learner.load(model)
    } finally {
      arena.release()
    }
  }

  close(): void {
    this.#learner.close()
  }

  #checkLabels(labels: Column): void {
    const { device, where } = this.#context
    const read = valueReader(device.memory, labels)
    for (let from = 0; from < labels.length; from++) {
      const found = findBadLabel(device, labels.values + 8 * from, labels.length - from)
      if (found < 0) return
      from += found
      const value = read(from)
      // Behind a null lies any value.
      if (value !== null) throw new DataError('LABEL_VALUE', `${where}: label "${this.#params.label}" is ${value} in row ${from} of a batch; a label is a bool, 0 or 1, or null where it is not known`)
    }
  }
}
