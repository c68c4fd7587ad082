// Which format a path means, by its ending or by a word.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'

/** Formats that the command line reads and writes. */
export type FileFormat = 'parquet' | 'csv' | 'ndjson' | 'arrow'

const byEnding: Record<string, FileFormat> = {
  parquet: 'parquet',
  pq: 'parquet',
  csv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  arrow: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
  feather: 'arrow',
}

/**
 * The format of `path`: `named` where given, else by the ending, also before .gz and .zst and in patterns such as 'logs/*.ndjson.gz'.
 * Throws PlanError FORMAT naming `option`, the flag that would say it.
 */
export function fileFormat(path: string, named: string | undefined, option: string): FileFormat {
  const names = Object.keys(byEnding)
  if (named !== undefined) {
    const format = byEnding[named.toLowerCase()]
    if (format) return format
    throw new PlanError('FORMAT', `${option} ${named}: no such format; the formats are parquet, csv, ndjson, arrow${didYouMean(named, names)}`)
  }
  const ending = /\.([A-Za-z0-9]+)(?:\.(?:gz|zst))?$/.exec(path)?.[1]
  const format = ending === undefined ? undefined : byEnding[ending.toLowerCase()]
  if (format) return format
  const found = ending === undefined ? 'it has no ending' : `its ending is .${ending}`
  throw new PlanError(
    'FORMAT',
    `${path}: the format can't be told; ${found}; say ${option} parquet, csv, ndjson or arrow${ending === undefined ? '' : didYouMean(ending, names)}`,
  )
}
