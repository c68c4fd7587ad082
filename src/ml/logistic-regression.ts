// Logistic regression: fitted to a bounded frame, or learning from a stream. The estimator holds settings only; what it learns is a model.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { Frame } from '../frame/frame-type.ts'
import type { Names, Put } from '../frame/types.ts'
import { fitDescent } from './gradient-descent.ts'
import { applied, type LiveScoreColumns, typed } from './frames.ts'
import { LogisticModel } from './logistic-model.ts'
import { fitNewton } from './newton.ts'
import { type TrainingColumns, type TrainingOptions, TrainingRows } from './training-rows.ts'

/** Settings. Names and defaults are scikit-learn's where it has them; those of the solver 'sgd' are Flink ML's. */
export interface LogisticRegressionOptions {
  /** Inverse of the penalty on squared weights, 1; Infinity: none. For 'newton'. */
  readonly c?: number
  readonly fitIntercept?: boolean
  /** 'newton' (default) goes to the minimum; 'sgd' takes `maxIter` steps of gradient descent, as Flink ML does. */
  readonly solver?: 'newton' | 'sgd'
  /** 'newton': share of the loss that a last step may still gain, 1e-10. 'sgd': least change of the loss, 1e-6. */
  readonly tol?: number
  /** 'newton': 100; 'sgd': 20. */
  readonly maxIter?: number
  /** 'sgd': step size 0.1, rows per step 32, penalty 0 and its share that goes to |weights| 0. */
  readonly learningRate?: number
  readonly batchRows?: number
  readonly reg?: number
  readonly elasticNet?: number
  /** The learner of `fitStream`; FTRL-proximal is the one there is. */
  readonly online?: 'ftrl'
  /** 'ftrl': step size 0.1, smoothing of the first steps 1, penalties 0. */
  readonly alpha?: number
  readonly beta?: number
  readonly l1?: number
  readonly l2?: number
  /** 'ftrl': scale features by their running mean and deviation. */
  readonly standardize?: boolean
}

/** A model that learns from a stream while it scores it. */
export interface LiveModel<S> {
  /** The stream with prediction, probability (of true) and model_version: the rows learned before. Each row is scored before it is learned from. */
  readonly frame: Frame<Put<S, LiveScoreColumns>>
  /** The same frame. Throws PlanError OTHER_STREAM for any stream but the one it learns from. */
  score(frame?: Frame<S>): Frame<Put<S, LiveScoreColumns>>
}

type Range = 'any' | 'from 0' | 'above 0' | 'from 0 to 1' | 'a whole number from 1'
const numbers: Record<string, Range> = { c: 'above 0', tol: 'from 0', maxIter: 'a whole number from 1', learningRate: 'above 0', batchRows: 'a whole number from 1', reg: 'from 0', elasticNet: 'from 0 to 1', alpha: 'above 0', beta: 'from 0', l1: 'from 0', l2: 'from 0' }
const choices: Record<string, readonly unknown[]> = { fitIntercept: [true, false], solver: ['newton', 'sgd'], online: ['ftrl'], standardize: [true, false] }
const chunkRows = 8192
const where = 'LogisticRegression'

/** Predicts a bool by a weighted sum of features. Throws PlanError OPTION for settings that make no sense. */
export class LogisticRegression {
  readonly options: LogisticRegressionOptions
  constructor(options: LogisticRegressionOptions = {}) {
    for (const [name, value] of Object.entries(options)) if (value !== undefined) checkOption(name, value)
    this.options = options
  }

  /**
   * Learns from all rows of a bounded frame; `weight` says how much each counts. Runs the frame once, or once a pass where `keepBytes` don't hold its
   * features. The result doesn't depend on batches or workers. Throws DataError EMPTY, ONE_CLASS, FEATURE_VALUE, LABEL_VALUE, WEIGHT_VALUE,
   * SINGULAR; PlanError for columns. Cost: bench/README.md.
   */
  async fit<S>(frame: Frame<S>, columns: TrainingColumns<Names<S>>, options: TrainingOptions = {}): Promise<LogisticModel> {
    const { fitIntercept = true, solver = 'newton', c = 1, reg = 0, elasticNet = 0, learningRate = 0.1, batchRows = 32 } = this.options
    const isNewton = solver === 'newton'
    const rows = new TrainingRows(frame, columns, { ...options, intercept: fitIntercept, chunkRows: isNewton ? chunkRows : batchRows, where: `${where}.fit` })
    const width = columns.features.length
    const free = fitIntercept ? width : -1
    const { maxIter = isNewton ? 100 : 20, tol = isNewton ? 1e-10 : 1e-6 } = this.options
    const limits = { free, tolerance: tol, iterationsMax: maxIter }
    try {
      const fit = isNewton
        ? await fitNewton(rows, { ...limits, penalty: 1 / c, size: width + (fitIntercept ? 1 : 0), where: `${where}.fit` })
        : await fitDescent(rows, { ...limits, learningRate, reg, elasticNet })
      const summary = { rows: rows.rowCount, iterations: fit.iterations, isConverged: fit.isConverged, loss: fit.loss }
      return new LogisticModel({ features: [...columns.features], label: columns.label, weights: Array.from(fit.weights.subarray(0, width)), intercept: fitIntercept ? fit.weights[width]! : 0, summary })
    } finally {
      rows.close()
    }
  }

  /** A model that scores a stream and learns from it, row by row in source order, on one thread. Nothing runs before its frame does. */
  fitStream<S>(frame: Frame<S>, columns: { readonly features: readonly Names<S>[]; readonly label: Names<S> }): LiveModel<S> {
    const { alpha, beta, l1, l2, standardize, fitIntercept } = this.options
    const given = Object.fromEntries(Object.entries({ alpha, beta, l1, l2, standardize, intercept: fitIntercept }).filter(([, value]) => value !== undefined))
    const scored = applied(frame, `${where}.fitStream`, 'onlineLogistic', { features: [...columns.features], label: columns.label, ...given })
    const live = typed<Put<S, LiveScoreColumns>>(scored)
    return {
      frame: live,
      score(other = frame) {
        if (other === frame) return live
        throw new PlanError('OTHER_STREAM', `${where}.score: another frame than the one it learns from; score() gives that stream scored, and fit() a model for any frame`)
      },
    }
  }
}

function checkOption(name: string, value: unknown): void {
  if (choices[name]) {
    if (!choices[name].includes(value)) throw new PlanError('OPTION', `${where}: ${name} is ${String(value)}; it is one of ${choices[name].join(', ')}`)
    return
  }
  const range = numbers[name]
  if (!range) throw new PlanError('OPTION', `${where}: no option "${name}"${didYouMean(name, [...Object.keys(numbers), ...Object.keys(choices)]) || `; there are ${[...Object.keys(numbers), ...Object.keys(choices)].join(', ')}`}`)
  const isNumber = typeof value === 'number' && (Number.isFinite(value) || (name === 'c' && value === Number.POSITIVE_INFINITY))
  const fits = isNumber && (range === 'above 0' ? value > 0 : range === 'a whole number from 1' ? Number.isInteger(value) && value >= 1 : value >= 0 && (range !== 'from 0 to 1' || value <= 1))
  if (!fits) throw new PlanError('OPTION', `${where}: ${name} is ${String(value)}; it must be ${range}`)
}
