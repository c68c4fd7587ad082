// What each column of a frame holds: one pass for counts, bounds and quantiles, all in sketches of bounded size, and a second one that counts the bins between the bounds.
import { isNested, isNumeric } from '../../batch/data-type.ts'
import { type Field, parseSchema } from '../../batch/schema.ts'
import { typeName } from '../../batch/type-name.ts'
import type { Value } from '../../batch/value.ts'
import { callExpression } from '../../expr/expression.ts'
import type { AnyAggregate } from '../../frame/aggregates.ts'
import type { FrameValue } from '../../frame/frame.ts'
import type { JobOptions } from '../../frame/run.ts'
import type { Table } from '../../frame/table.ts'
import { schemaOf } from '../frame-plan.ts'
import { library } from '../inputs.ts'
import { exprOf, type Measure, measureOf } from './column-measure.ts'
import { countBins, type Histogram, type MeasuredColumn } from './histogram.ts'

/** What is told of a column, as `--json` has it. */
export interface ColumnStats {
  readonly column: string
  readonly type: string
  readonly nulls: number
  /** Within 0.8 % (one standard error); null for nested columns. */
  readonly distinct: number | null
  readonly min: string | null
  /** Of numbers only, about: a t-digest's. */
  readonly q25: string | null
  readonly median: string | null
  readonly q75: string | null
  readonly max: string | null
  readonly mean: number | null
  readonly stddev: number | null
  /** Null of types that have none (structs, intervals), and where all is null. Absent where none were asked for. */
  readonly histogram?: Histogram | null
}

const orderedKinds = ['bool', 'utf8', 'date', 'time', 'timestamp', 'duration']

/** Sums up the columns of a frame; with histograms of about `bins` bins, 0: without them, in one pass instead of two. Memory: some 40 KiB a column, and up to 1,000 values of texts. */
export async function columnStats(frame: FrameValue, bins: number, run: JobOptions): Promise<ColumnStats[]> {
  const { agg } = await library()
  const schema = await schemaOf(frame, run.signal)
  const fields = parseSchema(schema, 'stats')
  const measures = fields.map(({ name, type }) => (bins > 0 ? measureOf(name, type) : undefined))
  const calls: (readonly [string, AnyAggregate])[] = [['rows', agg.count()]]
  for (const [i, field] of fields.entries()) {
    const own = { ...(await summaryCalls(field)), ...(measures[i] && (await boundCalls(measures[i]))) }
    calls.push(...Object.entries(own).map(([statistic, of]) => [`${i}.${statistic}`, of] as const))
  }
  const table = await frame.agg(Object.fromEntries(calls)).collect(run)
  const [texts = {}] = table.toJSON()
  const told = fields.map((field, i) => summaryOf(field, texts, i))
  if (bins === 0) return told
  const measured = fields.map((field, i) => measuredColumn(field, measures[i], table, i, told[i]!.distinct))
  const counted = measured.filter(column => column !== undefined)
  const histograms = await countBins(frame, counted, bins, run)
  return told.map((stats, i) => {
    const at = measured[i] ? counted.indexOf(measured[i]) : -1
    return { ...stats, histogram: at >= 0 ? histograms[at]! : truths(fields[i]!, texts, i) }
  })
}

async function summaryCalls({ name, type }: Field): Promise<Record<string, AnyAggregate>> {
  const { agg, col } = await library()
  const of = col(name)
  const quantile = (q: number) => agg.quantile(of, q, { approximate: true })
  return {
    count: agg.count(of),
    ...(!isNested(type) && { distinct: agg.approxCountDistinct(of) }),
    ...((isNumeric(type) || orderedKinds.includes(type.kind)) && { min: agg.min(of), max: agg.max(of) }),
    ...(isNumeric(type) && { mean: agg.mean(of), stddev: agg.stddev(of), q25: quantile(0.25), median: quantile(0.5), q75: quantile(0.75) }),
    ...(type.kind === 'bool' && { true: agg.count().where(of) }),
  }
}

async function boundCalls({ value, isFloat }: Measure): Promise<Record<string, AnyAggregate>> {
  const { agg } = await library()
  const of = exprOf(value)
  if (!isFloat) return { least: agg.min(of), greatest: agg.max(of) }
  const finite = exprOf(callExpression('isFinite', [value]))
  return { least: agg.min(of).where(finite), greatest: agg.max(of).where(finite), finite: agg.count().where(finite) }
}

function summaryOf({ name, type, nullable }: Field, told: Readonly<Record<string, unknown>>, i: number): ColumnStats {
  const value = (statistic: string) => told[`${i}.${statistic}`] ?? null
  const number = (statistic: string) => (value(statistic) === null ? null : Number(value(statistic)))
  const text = (statistic: string) => (value(statistic) === null ? null : String(value(statistic)))
  const nulls = Number(told['rows']) - number('count')!
  const texts = { min: text('min'), q25: text('q25'), median: text('median'), q75: text('q75'), max: text('max') }
  return { column: name, type: typeName(type, nullable), nulls, distinct: number('distinct'), ...texts, mean: number('mean'), stddev: number('stddev') }
}

// Undefined where there is nothing to count.
function measuredColumn({ name, type }: Field, measure: Measure | undefined, table: Table, i: number, distinct: number | null): MeasuredColumn | undefined {
  if (!measure) return undefined
  const value = (statistic: string): Value => table.column(`${i}.${statistic}`).get(0)
  const count = Number(value('count'))
  if (count === 0) return undefined
  const bound = (statistic: string) => (value(statistic) ?? undefined) as number | bigint | undefined
  return { name, type, measure, count, distinct, least: bound('least'), greatest: bound('greatest'), finite: measure.isFloat ? Number(value('finite')) : count }
}

// A boolean has two values, which the first pass has counted.
function truths({ type }: Field, told: Readonly<Record<string, unknown>>, i: number): Histogram | null {
  const count = Number(told[`${i}.count`])
  if (type.kind !== 'bool' || count === 0) return null
  const yes = Number(told[`${i}.true`])
  return { of: 'frequent values', values: [{ value: 'false', count: count - yes }, { value: 'true', count: yes }], others: 0 }
}
