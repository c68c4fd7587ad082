// The rows of a frame as solvers see them: chunks of packed features with labels and weights, gone through as often as needed. Chunks have a fixed
// number of rows however the frame is batched, so that sums come out the same. What fits in memory is kept; more is read again each time.
import { DataError, PlanError } from '../base/errors.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { columnIndex } from '../batch/schema.ts'
import { featureColumn, findBadLabel, findUnusable, type LabelledRows, packColumn, packRows, strideOf } from '../compute/logistic.ts'
import type { Device } from '../device/device.ts'
import { OwnedMemory } from '../compute/owned-memory.ts'
import type { FrameValue } from '../frame/frame.ts'
import type { Frame } from '../frame/frame-type.ts'
import type { JobOptions } from '../frame/run.ts'
import { checkFeatures, checkLabel } from '../operators/online-logistic.ts'
import { selected } from './frames.ts'

/** Which columns to learn from; `N` are the names there are. */
export interface TrainingColumns<N extends string = string> {
  readonly features: readonly N[]
  /** A bool, or a number that is 0 or 1. */
  readonly label: N
  /** How much a row counts: a number from 0. */
  readonly weight?: N
}

/** Options of reading: those of every run, and how many bytes of rows to keep between passes. */
export interface TrainingOptions extends JobOptions {
  /** 256 MiB by default; 0 reads the frame again in each pass. */
  readonly keepBytes?: number
}

/** A chunk in the engine's memory; valid until the next one. */
export interface TrainingChunk extends LabelledRows {
  readonly device: Device
}

/** What a solver found: weights (`stride` of them), the loss there, and how it ended. */
export interface Fit {
  readonly weights: Float64Array
  readonly loss: number
  readonly iterations: number
  /** False where the most iterations were used up. */
  readonly isConverged: boolean
}

const defaultKeepBytes = 2 ** 28

/** Passes over labelled rows. The first pass checks every row. `close` gives the memory back. */
export class TrainingRows {
  readonly stride: number
  readonly #source: FrameValue
  readonly #columns: TrainingColumns
  readonly #intercept: boolean
  readonly #where: string
  readonly #chunkRows: number
  readonly #options: TrainingOptions
  #memory: OwnedMemory | undefined
  #kept: TrainingChunk[] | undefined = []
  #keptBytes = 0
  #rowCount = 0
  #seen = 0
  #positives = 0
  #isChecked = false

  constructor(frame: Frame, columns: TrainingColumns, options: TrainingOptions & { intercept: boolean; chunkRows: number; where: string }) {
    const { features, label, weight } = columns
    this.#where = options.where
    if (!Array.isArray(features) || features.length === 0) throw new PlanError('FEATURES', `${this.#where}: no features are named; give the columns to learn from, as in features: ['price']`)
    if (typeof label !== 'string') throw new PlanError('NO_LABEL', `${this.#where}: no label column is named; give label: 'clicked'`)
    this.#source = selected(frame, this.#where, [...features, label, ...(weight === undefined ? [] : [weight])])
    this.#columns = columns
    this.#intercept = options.intercept
    this.#chunkRows = options.chunkRows
    this.#options = options
    this.stride = strideOf(features.length, this.#intercept)
  }

  /** Rows of the frame; known after the first pass. */
  get rowCount(): number {
    return this.#rowCount
  }

  /** Whether a whole pass has looked at every row. */
  get isChecked(): boolean {
    return this.#isChecked
  }

  /**
   * One pass, chunk by chunk, in order. Throws DataError EMPTY, ONE_CLASS, FEATURE_VALUE, LABEL_VALUE or WEIGHT_VALUE for rows that can't be learned
   * from, PlanError for columns, and whatever running the frame throws.
   */
  async *pass(): AsyncGenerator<TrainingChunk> {
    if (this.#isChecked && this.#kept) {
      yield* this.#kept
      return
    }
    this.#seen = 0
    this.#positives = 0
    let chunk: TrainingChunk | undefined
    let filled = 0
    for await (const view of this.#source.batches(this.#options)) {
      const { device, batch } = view
      this.#memory ??= this.#opened(device, batch)
      const arena = device.arena()
      try {
        const columnOf = (name: string) => featureColumn(device, arena, batch.columns[columnIndex(batch.fields, name, this.#where)]!)
        const features = this.#columns.features.map(columnOf)
        const label = columnOf(this.#columns.label)
        const weight = this.#columns.weight === undefined ? undefined : columnOf(this.#columns.weight)
        for (let start = 0; start < batch.rowCount; ) {
          chunk ??= this.#chunk(device)
          const rows = Math.min(batch.rowCount - start, this.#chunkRows - filled)
          this.#fill(chunk, filled, features, label, weight, start, rows)
          start += rows
          filled += rows
          if (filled < this.#chunkRows) continue
          yield this.#finished(chunk, filled)
          chunk = this.#kept ? undefined : chunk
          filled = 0
        }
      } finally {
        arena.release()
      }
    }
    if (chunk && filled > 0) yield this.#finished(chunk, filled)
    this.#checkWhole()
    this.#isChecked = true
  }

  close(): void {
    this.#memory?.close()
    this.#memory = undefined
    this.#kept = undefined
  }

  #opened(device: Device, batch: Batch): OwnedMemory {
    checkFeatures(batch.fields, this.#columns.features, this.#where)
    checkLabel(batch.fields, this.#columns.label, this.#where)
    if (this.#columns.weight !== undefined) checkFeatures(batch.fields, [this.#columns.weight], this.#where)
    return new OwnedMemory(device)
  }

  #chunk(device: Device): TrainingChunk {
    const rows = this.#chunkRows
    const bytes = 8 * rows * (this.stride + 2)
    if (this.#kept && this.#keptBytes + bytes > (this.#options.keepBytes ?? defaultKeepBytes)) {
      // Too much to keep: what was kept goes back, and one chunk is used again and again.
      this.#memory!.close()
      this.#kept = undefined
    }
    this.#keptBytes += bytes
    const [x, labels, weights] = [8 * rows * this.stride, 8 * rows, 8 * rows].map(size => this.#memory!.allocate(size)) as [number, number, number]
    return { device, x, labels, weights: this.#columns.weight === undefined ? 0 : weights, rows, stride: this.stride }
  }

  #finished(chunk: TrainingChunk, rows: number): TrainingChunk {
    const whole = { ...chunk, rows }
    this.#kept?.push(whole)
    return whole
  }

  #fill(chunk: TrainingChunk, at: number, features: readonly Column[], label: Column, weight: Column | undefined, start: number, rows: number): void {
    const { device, stride } = chunk
    const x = chunk.x + 8 * stride * at
    packRows(device, features, start, rows, this.#intercept, x)
    packColumn(device, label, start, rows, 1, chunk.labels + 8 * at)
    if (weight) packColumn(device, weight, start, rows, 1, chunk.weights + 8 * at)
    const labels = device.memory.float64s(chunk.labels + 8 * at, rows)
    const unusable = findUnusable(device, x, rows * stride)
    if (unusable >= 0) this.#refuse('FEATURE_VALUE', 'feature', this.#columns.features[unusable % stride]!, device.memory.float64s(x, rows * stride)[unusable]!, Math.floor(unusable / stride), 'a finite number up to 1e100')
    const bad = findBadLabel(device, chunk.labels + 8 * at, rows)
    const unknown = findUnusable(device, chunk.labels + 8 * at, rows)
    if (bad >= 0 || unknown >= 0) {
      const row = bad < 0 ? unknown : unknown < 0 ? bad : Math.min(bad, unknown)
      this.#refuse('LABEL_VALUE', 'label', this.#columns.label, labels[row]!, row, 'true, false, 0 or 1')
    }
    const weights = weight && device.memory.float64s(chunk.weights + 8 * at, rows)
    for (let row = 0; row < rows; row++) {
      this.#positives += labels[row]!
      if (weights && !(weights[row]! >= 0 && weights[row]! <= 1e100)) this.#refuse('WEIGHT_VALUE', 'weight', this.#columns.weight!, weights[row]!, row, 'a finite number from 0')
    }
    this.#seen += rows
  }

  #refuse(code: string, what: string, name: string, value: number, row: number, wanted: string): never {
    const found = Number.isNaN(value) ? 'null or NaN' : String(value)
    throw new DataError(code, `${this.#where}: ${what} "${name}" is ${found} in row ${this.#seen + row}; it must be ${wanted}; fill it or filter such rows out before`)
  }

  #checkWhole(): void {
    this.#rowCount = this.#seen
    const { label } = this.#columns
    if (this.#rowCount === 0) throw new DataError('EMPTY', `${this.#where}: the frame has no rows; there is nothing to learn from`)
    if (this.#positives > 0 && this.#positives < this.#rowCount) return
    throw new DataError('ONE_CLASS', `${this.#where}: label "${label}" is ${this.#positives > 0 ? 'true (1)' : 'false (0)'} in all ${this.#rowCount} rows; a classifier needs rows of both kinds`)
  }
}
