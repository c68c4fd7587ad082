// Histograms of columns whose bounds are known: counts below each edge, summed in one job over all columns; of texts with few different values the most frequent ones.
import type { DataType } from '../../batch/data-type.ts'
import { callExpression, columnExpression, literalExpression } from '../../expr/expression.ts'
import type { AnyAggregate } from '../../frame/aggregates.ts'
import type { FrameValue } from '../../frame/frame.ts'
import type { JobOptions } from '../../frame/run.ts'
import { library } from '../inputs.ts'
import type { BinEdges } from './bin-edges.ts'
import { exprOf, type Measure } from './column-measure.ts'

/** Rows whose measure is in [from, to); of a single number, which has no width, from it to itself. */
export interface Bin {
  readonly from: string
  readonly to: string
  readonly count: number
}

/** How a column's values are spread. */
export type Histogram =
  | {
      /** What is counted: the values, or how long they are, in these units. */
      readonly of: Measure['of']
      /** How wide a bin is, in words; empty where there is but one number. */
      readonly step: string
      readonly bins: readonly Bin[]
      /** Floats that are no finite numbers. */
      readonly notFinite?: number
    }
  | {
      readonly of: 'frequent values'
      /** The most frequent ones; of equally frequent ones the lesser. */
      readonly values: readonly { readonly value: string; readonly count: number }[]
      /** Rows with other values. */
      readonly others: number
    }

/** What the first pass has found of a column. */
export interface MeasuredColumn {
  readonly name: string
  readonly type: DataType
  readonly measure: Measure
  /** Rows that aren't null. */
  readonly count: number
  /** About. */
  readonly distinct: number | null
  /** Of the measures that are finite; undefined where none is. */
  readonly least: number | bigint | undefined
  readonly greatest: number | bigint | undefined
  /** How many are. */
  readonly finite: number
}

/** Texts with at most so many different values are counted one by one. */
const frequentMax = 1_000

/** The histograms of some columns, in their order, of about `bins` bins each. Cost: one pass over the frame. Memory: a number a bin, and the values of texts with few. */
export async function countBins(frame: FrameValue, columns: readonly MeasuredColumn[], bins: number, run: JobOptions): Promise<Histogram[]> {
  const { agg, desc, job, sink } = await library()
  const edges = columns.map(column => (isFrequent(column, bins) ? undefined : edgesOf(column, bins)))
  const told = new Map<string, number>()
  const calls = Object.fromEntries(edges.flatMap((found, i) => (found ? binCalls(columns[i]!, found, i, agg.count) : [])))
  const jobs: Record<string, ReturnType<FrameValue['to']>> = {}
  if (Object.keys(calls).length > 0) {
    const keep = sink({ name: 'bins', delivery: 'append', write: batch => Object.keys(calls).forEach(name => told.set(name, Number(batch.column(name).get(0)))) })
    jobs['bins'] = frame.agg(calls).to(keep)
  }
  const frequent = columns.map((): { value: string; count: number }[] => [])
  columns.forEach((column, i) => {
    if (edges[i]) return
    const keep = sink({
      name: `values ${i}`,
      delivery: 'append',
      write(batch) {
        const [values, counts] = [batch.column('value').toArray(), batch.column('count').toArray()]
        values.forEach((value, row) => frequent[i]!.push({ value: value as string, count: Number(counts[row]) }))
      },
    })
    const groups = frame.select({ value: columnExpression(column.name) } as never).dropNull().groupBy('value').agg({ count: agg.count() })
    jobs[`values ${i}`] = groups.topK(bins, desc('count'), 'value').to(keep)
  })
  if (Object.keys(jobs).length > 0) await job(jobs).run(run)
  return columns.map((column, i) => {
    const found = edges[i]
    if (found) return binned(column, found, edge => told.get(`${i}.${edge}`) ?? 0)
    const values = frequent[i]!
    return { of: 'frequent values', values, others: column.count - values.reduce((sum, { count }) => sum + count, 0) }
  })
}

// Texts that mostly differ say more by their lengths.
function isFrequent({ type, count, distinct }: MeasuredColumn, bins: number): boolean {
  return type.kind === 'utf8' && distinct !== null && (distinct <= bins || (distinct <= frequentMax && 2 * distinct <= count))
}

function edgesOf({ measure, least, greatest }: MeasuredColumn, bins: number): BinEdges<number | bigint> {
  return least === undefined || greatest === undefined ? { edges: [], step: '' } : measure.edges(least, greatest, bins)
}

const call = callExpression

// How many are below each edge inside, by the edge's number; at 0 those that are −∞, which all of these count.
function binCalls({ measure: { value, isFloat } }: MeasuredColumn, { edges }: BinEdges<number | bigint>, column: number, count: () => AnyAggregate): [string, AnyAggregate][] {
  if (edges.length <= 2) return []
  const below = edges.slice(1, -1).map((edge, i) => [`${column}.${i + 1}`, count().where(exprOf(call('lt', [value, literalExpression(edge)])))] as [string, AnyAggregate])
  if (!isFloat) return below
  const least = exprOf(call('and', [call('isInfinite', [value]), call('lt', [value, literalExpression(0)])]))
  return [[`${column}.0`, count().where(least)], ...below]
}

function binned({ measure, count, finite }: MeasuredColumn, { edges, step }: BinEdges<number | bigint>, below: (edge: number) => number): Histogram {
  const binCount = Math.max(0, edges.length - 1)
  const first = below(0)
  const upTo = (edge: number) => (edge === 0 ? first : edge === binCount ? first + finite : below(edge))
  const bins = Array.from({ length: binCount }, (_, i) => ({ from: measure.text(edges[i]!), to: measure.text(edges[i + 1]!), count: upTo(i + 1) - upTo(i) }))
  return { of: measure.of, step, bins, ...(finite < count && { notFinite: count - finite }) }
}
