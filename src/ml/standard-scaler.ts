// Columns taken by their mean and divided by their deviation, as scikit-learn's StandardScaler does (population deviation; 1 where it is 0).
import { DataError, PlanError } from '../base/errors.ts'
import { columnIndex } from '../batch/schema.ts'
import { featureColumn } from '../compute/logistic.ts'
import { joinMoments, moments, noMoments } from '../compute/moments.ts'
import { col, type ColumnExpr } from '../frame/expr.ts'
import type { Frame } from '../frame/frame-type.ts'
import type { JobOptions } from '../frame/run.ts'
import type { Put } from '../frame/types.ts'
import { checkFeatures } from '../operators/online-logistic.ts'
import { frameValue, selected, typed } from './frames.ts'
import { numbersOf, type SavedModel, saveModel, textsOf } from './model-files.ts'

/** Which columns, and what to do with them; both true by default. */
export interface StandardScalerOptions<C extends string = string> {
  readonly columns: readonly C[]
  readonly withMean?: boolean
  readonly withStd?: boolean
}

/** The kind of a saved scaler. */
export const scalerKind = 'standardScaler'
const where = 'StandardScaler'

/** Learns means and deviations. */
export class StandardScaler<const C extends string = string> {
  readonly options: StandardScalerOptions<C>
  constructor(options: StandardScalerOptions<C>) {
    if (!Array.isArray(options?.columns) || options.columns.length === 0) throw new PlanError('OPTION', `${where}: no columns are named; give those to scale, as in columns: ['price']`)
    this.options = options
  }

  /** Runs the frame once. Nulls and NaN don't count. Throws PlanError for columns, DataError EMPTY_COLUMN, INFINITE_COLUMN. */
  async fit<S>(frame: Frame<S>, options: JobOptions = {}): Promise<StandardScalerModel<C>> {
    const { columns, withMean = true, withStd = true } = this.options
    const label = `${where}.fit`
    let found = columns.map(() => noMoments)
    for await (const { device, batch } of selected(frame as Frame, label, columns).batches(options)) {
      checkFeatures(batch.fields, columns, label)
      const arena = device.arena()
      try {
        found = found.map((before, i) => joinMoments(before, moments(device, arena, featureColumn(device, arena, batch.columns[columnIndex(batch.fields, columns[i]!, label)]!))))
      } finally {
        arena.release()
      }
    }
    found.forEach(({ count, squares }, i) => {
      if (count === 0) throw new DataError('EMPTY_COLUMN', `${label}: column "${columns[i]}" has no value that is neither null nor NaN; there is nothing to learn from`)
      if (!Number.isFinite(squares)) throw new DataError('INFINITE_COLUMN', `${label}: column "${columns[i]}" has values that are infinite or too large to square; filter them out before`)
    })
    const deviations = found.map(({ count, squares }) => Math.sqrt(squares / count))
    // What rounding makes of a constant column is no deviation.
    const scales = deviations.map((d, i) => (withStd && d > 10 * 2 ** -52 * Math.abs(found[i]!.mean) ? d : 1))
    return new StandardScalerModel({ columns, means: found.map(m => (withMean ? m.mean : 0)), scales })
  }
}

/** (value - mean) / scale per column. Immutable. */
export class StandardScalerModel<const C extends string = string> {
  readonly columns: readonly C[]
  readonly means: readonly number[]
  readonly scales: readonly number[]
  constructor(data: { readonly columns: readonly C[]; readonly means: readonly number[]; readonly scales: readonly number[] }) {
    this.columns = data.columns
    this.means = data.means
    this.scales = data.scales
  }

  /** The frame with the columns scaled, as float64; nulls and NaN stay. Lazy; expressions, so it runs on any number of threads. */
  transform<S>(frame: Frame<S>): Frame<Put<S, { [K in C]: 'float64?' }>> {
    const scaled = Object.fromEntries(this.columns.map((name, i) => [name, this.#scaled(name, this.means[i]!, this.scales[i]!)]))
    return typed(frameValue(frame as Frame, where).with(scaled))
  }

  /** Writes model.json and weights.safetensors into a directory. Throws ConnectorError. */
  save(dir: string): Promise<void> {
    return saveModel(dir, { kind: scalerKind, json: { columns: [...this.columns] }, tensors: { means: Float64Array.from(this.means), scales: Float64Array.from(this.scales) } })
  }

  #scaled(name: string, mean: number, scale: number): ColumnExpr<'float64?', never> {
    const value = col(name).cast('float64')
    return value.sub(mean).div(scale) as unknown as ColumnExpr<'float64?', never>
  }
}

/** The scaler in files that `save` wrote. Throws DataError MODEL_FILE. */
export function loadedScaler(saved: SavedModel): StandardScalerModel {
  const columns = textsOf(saved, 'columns', saved.json.columns)
  return new StandardScalerModel({ columns, means: Array.from(numbersOf(saved, 'means', columns.length)), scales: Array.from(numbersOf(saved, 'scales', columns.length)) })
}
