// A fitted logistic regression: scores frames in the engine and single rows in plain TypeScript, to the same bits; judged, saved and loaded.
import { PlanError } from '../base/errors.ts'
import { noColumn } from '../batch/schema.ts'
import { scoreRow, strideOf } from '../compute/logistic.ts'
import type { Frame } from '../frame/frame-type.ts'
import type { JobOptions } from '../frame/run.ts'
import type { Put } from '../frame/types.ts'
import { type BinaryEvaluation, evaluateBinary } from './binary-evaluation.ts'
import { applied, type ScoreColumns, typed } from './frames.ts'
import { numbersOf, type SavedModel, saveModel, textsOf } from './model-files.ts'

/** How fitting went. */
export interface FitSummary {
  readonly rows: number
  readonly iterations: number
  /** False where the most iterations were used up: more of them would still lower the loss. */
  readonly isConverged: boolean
  readonly loss: number
}

/** A model as plain data. `weights` are in the order of `features`. */
export interface LogisticModelData {
  readonly features: readonly string[]
  readonly label: string
  readonly weights: readonly number[]
  readonly intercept: number
  readonly summary: FitSummary
}

/** The kind of a saved logistic regression. */
export const logisticKind = 'logisticRegression'

/** A prediction for one row; null where a feature is null, NaN, infinite or above 1e100 in size. */
export interface Prediction {
  readonly prediction: boolean | null
  /** Of the label being true. */
  readonly probability: number | null
}

/** Immutable; knows nothing of where it was fitted. */
export class LogisticModel {
  readonly features: readonly string[]
  readonly label: string
  readonly weights: readonly number[]
  readonly intercept: number
  readonly summary: FitSummary
  readonly #packed: Float64Array

  constructor(data: LogisticModelData) {
    this.features = data.features
    this.label = data.label
    this.weights = data.weights
    this.intercept = data.intercept
    this.summary = data.summary
    this.#packed = new Float64Array(strideOf(data.features.length, true))
    this.#packed.set([...data.weights, data.intercept])
  }

  /** The frame with prediction (probability above 0.5) and probability. Lazy; runs on any number of threads. */
  transform<S>(frame: Frame<S>): Frame<Put<S, ScoreColumns>> {
    return typed(applied(frame, 'LogisticModel.transform', 'logisticScore', { features: this.features, weights: this.weights, intercept: this.intercept }))
  }

  /** Scores one row, to the same bits as `transform`. Throws PlanError NO_COLUMN or FEATURE_TYPE. Cost: below a microsecond for tens of features. */
  predict(row: Readonly<Record<string, unknown>>): Prediction {
    const x = new Float64Array(this.#packed.length)
    this.features.forEach((name, i) => (x[i] = featureOf(row, name)))
    x[this.features.length] = 1
    const probability = scoreRow(x, this.#packed)
    return { prediction: probability === null ? null : probability > 0.5, probability }
  }

  /** How well it predicts `label` (by default the one it was fitted to). Runs the frame once. Throws as `evaluateBinary`. */
  evaluate(frame: Frame, options: JobOptions & { label?: string } = {}): Promise<BinaryEvaluation> {
    return evaluateBinary(this.transform(frame) as Frame, options.label ?? this.label, options)
  }

  /** Writes model.json and weights.safetensors into a directory, replacing what is there. Throws ConnectorError. */
  save(dir: string): Promise<void> {
    const { features, label, summary } = this
    return saveModel(dir, { kind: logisticKind, json: { features, label, summary: { ...summary } }, tensors: { weights: Float64Array.from(this.weights), intercept: Float64Array.of(this.intercept) } })
  }
}

/** The model in files that `save` wrote. Throws DataError MODEL_FILE. */
export function loadedLogistic(saved: SavedModel): LogisticModel {
  const { features, label, summary } = saved.json as { features: unknown; label: unknown; summary: unknown }
  const names = textsOf(saved, 'features', features)
  const [intercept] = numbersOf(saved, 'intercept', 1)
  return new LogisticModel({ features: names, label: textsOf(saved, 'label', [label])[0]!, weights: Array.from(numbersOf(saved, 'weights', names.length)), intercept: intercept!, summary: summary as FitSummary })
}

function featureOf(row: Readonly<Record<string, unknown>>, name: string): number {
  const value = row[name]
  if (value === null) return Number.NaN
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return Number(value)
  if (value === undefined) throw noColumn(name, Object.keys(row).map(key => ({ name: key, type: { kind: 'float64' }, nullable: true })), 'LogisticModel.predict')
  throw new PlanError('FEATURE_TYPE', `LogisticModel.predict: feature "${name}" is ${typeof value}; features are numbers or bools; encode or convert it first`)
}
