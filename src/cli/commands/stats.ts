// `millrace stats FILE`: what each column holds, by the engine's own describe() and distinct counts. The file is read twice.
import type { Command } from 'commander'
import { textTable } from '../../base/text-table.ts'
import { formatCount } from '../../base/units.ts'
import type { FrameValue } from '../../frame/frame.ts'
import { type CliContext, progressTarget } from '../context.ts'
import { library, openInputs } from '../inputs.ts'
import { nameList, wholeNumber } from '../options.ts'

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
    .option('--from <format>', 'the format, where the ending does not tell')
    .option('--workers <count>', 'threads', wholeNumber(0, 128), 0)
    .option('--json', 'a JSON object a column and line instead of a table')
    .addHelpText(
      'after',
      '\nDistinct values are counted within about 1 %.\n\nExamples:\n  $ millrace stats trips.parquet --select distance,fare\n  $ millrace stats trips.csv --json | jq \'select(.nulls > 0).column\'',
    )
    .action(async (file: string, options: StatsOptions) => {
      const rows = await openInputs([file], options.from)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const stats = await columnStats(options.select ? frame.select(...options.select) : frame, options.workers, context)
      if (options.json) for (const column of stats) context.write(`${JSON.stringify(column)}\n`)
      else context.write(`${statsTable(stats, context)}\n`)
    })
}

async function columnStats(frame: FrameValue, workers: number, context: CliContext): Promise<ColumnStats[]> {
  const run = { signal: context.signal, workers, progress: progressTarget(context) }
  const described = (await frame.describe().collect(run)).toJSON() as unknown as Omit<ColumnStats, 'distinct'>[]
  const { agg, col } = await library()
  const flat = described.flatMap(({ column, type }, i) => (/^(list|struct|map)/.test(type) ? [] : [[`${i}`, agg.approxCountDistinct(col(column))] as const]))
  const distinct = flat.length === 0 ? undefined : (await frame.agg(Object.fromEntries(flat)).collect(run)).toJSON()[0]
  return described.map((row, i) => ({
    column: row.column,
    type: row.type,
    nulls: Number(row.nulls),
    distinct: distinct?.[i] === undefined ? null : Number(distinct[i]),
    min: row.min,
    q25: row.q25,
    median: row.median,
    q75: row.q75,
    max: row.max,
    mean: row.mean,
    stddev: row.stddev,
  }))
}

function statsTable(stats: readonly ColumnStats[], context: CliContext): string {
  const numbers = ['nulls', 'distinct', 'mean', 'min', 'q25', 'median', 'q75', 'max', 'stddev'].map(name => ({ name, numeric: true }))
  const rows = stats.map(s => {
    const [mean, stddev] = numberStatistics.map(name => (s[name] === null ? null : String(Number(s[name].toPrecision(6)))))
    const distinct = s.distinct === null ? null : formatCount(s.distinct)
    return [s.column, s.type, formatCount(s.nulls), distinct, mean!, ...textStatistics.map(name => s[name]), stddev!]
  })
  return textTable([{ name: 'column' }, { name: 'type' }, ...numbers], rows, { width: context.width(), color: context.color })
}
