// `millrace stats FILE`: what each column holds, by the engine's aggregates in two passes, and histograms. Memory: at most some 40 KiB a column, and 1,000 of a column's texts.
import type { Command } from 'commander'
import { textTable } from '../../base/text-table.ts'
import { formatCount } from '../../base/units.ts'
import { type CliContext, progressTarget } from '../context.ts'
import { openFlagged } from '../input-options.ts'
import { addInputOptions, type InputFlags, nameList, wholeNumber } from '../options.ts'
import { type ColumnStats, columnStats } from '../stats/column-stats.ts'
import { histogramText } from '../stats/histogram-text.ts'

interface StatsOptions extends InputFlags {
  filter?: string
  select?: string[]
  json?: boolean
  bins: number
  workers: number
}

const textStatistics = ['min', 'q25', 'median', 'q75', 'max'] as const
const numberStatistics = ['mean', 'stddev'] as const
/** Where the table goes to a file, histograms are so wide. */
const pipedWidth = 100

const help = `
Two passes in bounded memory; one with --bins 0. Distinct values are told within about 1 %, quartiles
approximately; histograms are exact. They count numbers and times (in UTC) in round steps, texts of few
different values one by one, other texts by their length in characters, bytes and lists by theirs.
A bar is named by where it begins.

Examples:
  $ millrace stats trips.parquet --select distance,fare
  $ millrace stats trips.parquet --bins 20
  $ millrace stats trips.csv --json | jq 'select(.nulls > 0).column'
  $ millrace stats trips.csv --json | jq 'select(.column == "fare").histogram.bins'`

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  addInputOptions(command)
    .argument('<file>', 'a file or a quoted pattern')
    .option('--filter <condition>', 'only rows for which it is true, such as "status >= 500 and path like \'/api/%\'"')
    .option('--select <columns>', 'only these columns, separated by commas', nameList)
    .option('--bins <count>', 'about so many bars a histogram; 0: no histograms', wholeNumber(0, 100), 10)
    .option('--workers <count>', 'threads; 0: the main one alone', wholeNumber(0, 128), 0)
    .option('--json', 'a JSON object a column and line instead of a table, with the bins of its histogram')
    .addHelpText('after', help)
    .action(async (file: string, options: StatsOptions) => {
      const rows = await openFlagged([file], options)
      const frame = options.filter === undefined ? rows : rows.filter(options.filter)
      const run = { signal: context.signal, workers: options.workers, progress: progressTarget(context) }
      const stats = await columnStats(options.select ? frame.select(...options.select) : frame, options.bins, run)
      if (options.json) for (const column of stats) context.write(`${JSON.stringify(column)}\n`)
      else context.write(`${statsTable(stats, context)}\n${histogramText(stats, Math.min(context.width(), context.isTerminal ? Number.POSITIVE_INFINITY : pipedWidth))}`)
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
