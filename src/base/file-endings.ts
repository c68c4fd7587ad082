// Which format a file's ending tells.

/** Formats that files are read and written in. */
export type FileFormat = 'parquet' | 'csv' | 'ndjson' | 'json' | 'arrow'

/** Formats by the endings of files' names, without the dot and without .gz or .zst behind it. */
export const formatByEnding: Readonly<Record<string, FileFormat>> = {
  parquet: 'parquet',
  pq: 'parquet',
  csv: 'csv',
  tsv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  arrow: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
  feather: 'arrow',
}

/** The ending of a name, packed or not: 'csv' of 'a.csv.gz'; undefined where it has none. */
export function endingOf(name: string): string | undefined {
  return /\.([A-Za-z0-9]+)(?:\.(?:gz|zst))?$/.exec(name)?.[1]
}
