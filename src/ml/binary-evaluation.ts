// How well probabilities predict a bool: accuracy, area under the ROC curve, log-loss, confusion matrix. The figures of scikit-learn's metrics.
import { DataError } from '../base/errors.ts'
import { textTable } from '../base/text-table.ts'
import { columnIndex } from '../batch/schema.ts'
import { featureColumn } from '../compute/logistic.ts'
import type { Frame } from '../frame/frame-type.ts'
import type { JobOptions } from '../frame/run.ts'
import { checkLabel } from '../operators/online-logistic.ts'
import { selected } from './frames.ts'

/** Rows by what was predicted and what was true. */
export interface Confusion {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
}

const smallest = 2 ** -52
const where = 'evaluate'

/** The figures; prints itself. */
export class BinaryEvaluation {
  /** Rows that were judged. */
  readonly rows: number
  /** Rows without a label or a probability, left out. */
  readonly skipped: number
  readonly accuracy: number
  /** The chance that a true row is ranked above a false one, ties half; NaN where all labels are alike. Exact. */
  readonly auc: number
  /** Mean of -ln(probability of what was true), probabilities kept 2^-52 from 0 and 1. */
  readonly logLoss: number
  readonly confusion: Confusion

  constructor(positives: Float64Array, negatives: Float64Array, skipped: number) {
    const above = (scores: Float64Array) => scores.reduce((count, p) => count + Number(p > 0.5), 0)
    const [truePositives, falsePositives] = [above(positives), above(negatives)]
    const clipped = (p: number) => Math.min(Math.max(p, smallest), 1 - smallest)
    const loss = positives.reduce((sum, p) => sum - Math.log(clipped(p)), 0) + negatives.reduce((sum, p) => sum - Math.log1p(-clipped(p)), 0)
    this.rows = positives.length + negatives.length
    this.skipped = skipped
    this.confusion = { truePositives, falsePositives, trueNegatives: negatives.length - falsePositives, falseNegatives: positives.length - truePositives }
    this.accuracy = (truePositives + this.confusion.trueNegatives) / this.rows
    this.logLoss = loss / this.rows
    this.auc = areaUnderCurve(positives, negatives)
  }

  /** The figures as a table. */
  toString(): string {
    const { truePositives, falsePositives, trueNegatives, falseNegatives } = this.confusion
    const header = [{ name: '' }, { name: 'is true', numeric: true }, { name: 'is false', numeric: true }]
    const counts = [['predicted true', truePositives, falsePositives], ['predicted false', falseNegatives, trueNegatives]].map(row => row.map(String))
    const figures = `accuracy ${this.accuracy.toFixed(4)} · auc ${this.auc.toFixed(4)} · log-loss ${this.logLoss.toFixed(4)} · ${this.rows} rows${this.skipped ? `, ${this.skipped} left out` : ''}`
    return `${figures}\n${textTable(header, counts, {})}`
  }

  /** Prints the figures. */
  print(): void {
    console.log(this.toString())
  }
}

/**
 * Judges the column `probability` against a bool or 0/1 column. Rows where either is null are counted and left out. Runs the frame once; holds 8
 * bytes a row. Throws PlanError for columns, DataError LABEL_VALUE, EMPTY.
 */
export async function evaluateBinary(frame: Frame, label: string, options: JobOptions = {}): Promise<BinaryEvaluation> {
  const scores = [new Scores(), new Scores()] as const
  let skipped = 0
  let seen = 0
  for await (const { device, batch } of selected(frame, where, [label, 'probability']).batches(options)) {
    checkLabel(batch.fields, label, where)
    const arena = device.arena()
    try {
      const [labels, probabilities] = [label, 'probability'].map(name => featureColumn(device, arena, batch.columns[columnIndex(batch.fields, name, where)]!)) as [ReturnType<typeof featureColumn>, ReturnType<typeof featureColumn>]
      const isKnown = (validity: number) => (validity === 0 ? () => true : (bits => (row: number) => ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1)(device.memory.bytes(validity, Math.ceil(batch.rowCount / 8))))
      const [hasLabel, hasScore] = [isKnown(labels.validity), isKnown(probabilities.validity)]
      const [truth, score] = [device.memory.float64s(labels.values, batch.rowCount), device.memory.float64s(probabilities.values, batch.rowCount)]
      for (let row = 0; row < batch.rowCount; row++) {
        if (!hasLabel(row) || !hasScore(row) || Number.isNaN(truth[row]) || Number.isNaN(score[row])) skipped++
        else if (truth[row] === 0 || truth[row] === 1) scores[truth[row] as 0 | 1].add(score[row]!)
        else throw new DataError('LABEL_VALUE', `${where}: label "${label}" is ${truth[row]} in row ${seen + row}; it must be true, false, 0 or 1`)
      }
      seen += batch.rowCount
    } finally {
      arena.release()
    }
  }
  if (scores[0].count + scores[1].count === 0) throw new DataError('EMPTY', `${where}: the frame has no row with a label and a probability (${skipped} rows in all); there is nothing to judge`)
  return new BinaryEvaluation(scores[1].values(), scores[0].values(), skipped)
}

// Probabilities as they come, in an array that doubles.
class Scores {
  count = 0
  #values = new Float64Array(1024)
  add(value: number): void {
    if (this.count === this.#values.length) {
      const grown = new Float64Array(2 * this.count)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.count++] = value
  }
  values(): Float64Array {
    return this.#values.subarray(0, this.count)
  }
}

function areaUnderCurve(positives: Float64Array, negatives: Float64Array): number {
  const [high, low] = [positives.toSorted(), negatives.toSorted()]
  let wins = 0
  let below = 0
  let notAbove = 0
  for (const score of high) {
    while (below < low.length && low[below]! < score) below++
    while (notAbove < low.length && low[notAbove]! <= score) notAbove++
    wins += (below + notAbove) / 2
  }
  return wins / (high.length * low.length)
}
