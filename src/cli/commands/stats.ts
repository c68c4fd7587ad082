// `millrace stats FILE`: what each column holds, by the engine's aggregates in one pass. Memory: at most some 40 KiB a column.
import type { Command } from 'commander'
import { textTable } from '../../base/text-table.ts'
import { formatCount } from '../../base/units.ts'
import type { FrameValue } from '../../frame/frame.ts'
import { type CliContext, progressTarget } from '../context.ts'
import { library, openInputs } from '../inputs.ts'
import { formatOption, nameList, wholeNumber } from '../options.ts'

interface StatsOptions {
  filter?: string
  select?: string[]
  from?: string
  json?: boolean
  workers: number
}

interface ColumnStats {
  column: string
  type: string
  nulls: number
  /** Within 0.8 % (one standard error); null for nested columns. */
  distinct: number | null
  min: string | null
  /** Of numbers only, about: a t-digest's. */
  q25: string | null
  median: string | null
  q75: string | null
  max: string | null
  mean: number | null
  stddev: number | null
}

const textStatistics = ['min', 'q25', 'median', 'q75', 'max'] as const
const numberStatistics = ['mean', 'stddev'] as const

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'a file or a quoted pattern')
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
    .addOption(formatOption('--from <format>', 'the format, where the ending does not tell'))
    .option('--workers <count>', 'threads; 0: the main one alone', wholeNumber(0, 128), 0)
    .option('--json', 'a JSON object a column and line instead of a table')
    .addHelpText(
      'after',
      '\nOne pass, in bounded memory: distinct values within about 1 %, quartiles approximate.\n\nExamples:\n  $ millrace stats trips.parquet --select distance,fare\n  $ millrace stats trips.csv --json | jq \'select(.nulls > 0).column\'',
    )
    .action(async (file: string, options: StatsOptions) => {
      const rows = await openInputs([file], options.from)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const stats = await columnStats(options.select ? frame.select(...options.select) : frame, options.workers, context)
      if (options.json) for (const column of stats) context.write(`${JSON.stringify(column)}\n`)
      else context.write(`${statsTable(stats, context)}\n`)
    })
}

const isNumeric = (type: string) => /^(u?int|float|decimal)/.test(type)
const isOrdered = (type: string) => isNumeric(type) || /^(bool|utf8|date|time|duration)/.test(type)
const isNested = (type: string) => /^(list|struct|map)/.test(type)

async function columnStats(frame: FrameValue, workers: number, context: CliContext): Promise<ColumnStats[]> {
  const { agg, col } = await library()
  const { schema } = await frame.limit(0).collect({ signal: context.signal })
  const columns = Object.entries(schema)
  // Of bounded size whatever the rows: sketches, not lists of values.
  const calls = columns.flatMap(([name, type], i) => {
    const of = col(name)
    const quantile = (q: number) => agg.quantile(of, q, { approximate: true })
    return Object.entries({
      count: agg.count(of),
      ...(!isNested(type) && { distinct: agg.approxCountDistinct(of) }),
      ...(isOrdered(type) && { min: agg.min(of), max: agg.max(of) }),
      ...(isNumeric(type) && { mean: agg.mean(of), stddev: agg.stddev(of), q25: quantile(0.25), median: quantile(0.5), q75: quantile(0.75) }),
    }).map(([statistic, call]) => [`${i}.${statistic}`, call] as const)
  })
  const run = { signal: context.signal, workers, progress: progressTarget(context) }
  const [told = {}] = (await frame.agg(Object.fromEntries([['rows', agg.count()], ...calls])).collect(run)).toJSON()
  return columns.map(([column, type], i) => {
    const value = (statistic: string) => told[`${i}.${statistic}`] ?? null
    const number = (statistic: string) => (value(statistic) === null ? null : Number(value(statistic)))
    const text = (statistic: string) => (value(statistic) === null ? null : String(value(statistic)))
    const nulls = Number(told['rows']) - number('count')!
    const texts = { min: text('min'), q25: text('q25'), median: text('median'), q75: text('q75'), max: text('max') }
    return { column, type, nulls, distinct: number('distinct'), ...texts, mean: number('mean'), stddev: number('stddev') }
  })
}

function statsTable(stats: readonly ColumnStats[], context: CliContext): string {
  const numbers = ['nulls', 'distinct', 'mean', 'min', 'q25', 'median', 'q75', 'max', 'stddev'].map(name => ({ name, numeric: true }))
  const rows = stats.map(s => {
    const short = (value: number) => String(Number(value.toPrecision(6)))
    const [mean, stddev] = numberStatistics.map(name => (s[name] === null ? null : short(s[name])))
    // Quartiles lie between values, and are approximate: more digits say nothing.
    const text = (name: (typeof textStatistics)[number]) => {
      const value = s[name]
      if (value === null || name === 'min' || name === 'max' || !/^(u?int|float)/.test(s.type)) return value
      return s.type.startsWith('float') ? short(Number(value)) : value.replace(/(\.\d\d)\d+$/, '$1')
    }
    const distinct = s.distinct === null ? null : formatCount(s.distinct)
    return [s.column, s.type, formatCount(s.nulls), distinct, mean!, ...textStatistics.map(text), stddev!]
  })
  return textTable([{ name: 'column' }, { name: 'type' }, ...numbers], rows, { width: context.width(), color: context.color })
}
