// Which format a path means, by its ending or by a word.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { endingOf, type FileFormat, formatByEnding as byEnding } from '../base/file-endings.ts'

export type { FileFormat } from '../base/file-endings.ts'

/** What --from and --to are told by, beside the other endings. */
export const formatNames = ['parquet', 'csv', 'tsv', 'ndjson', 'json', 'arrow'] as const
const formats = `${formatNames.slice(0, -1).join(', ')} or ${formatNames.at(-1)}`

/** All endings of files, packed ones too. */
export const fileEndings: readonly string[] = Object.entries(byEnding).flatMap(([ending, format]) => (format === 'parquet' || format === 'arrow' ? [''] : ['', '.gz', '.zst']).map(packed => `.${ending}${packed}`))

/**
 * The format of `path`: `named` where given, else by the ending, also before .gz and .zst and in patterns such as 'logs/*.ndjson.gz'.
 * Throws PlanError FORMAT naming `option`, the flag that would say it.
 */
export function fileFormat(path: string, named: string | undefined, option: string): FileFormat {
  const names = Object.keys(byEnding)
  if (named !== undefined) {
    const format = formatOf(named)
    if (format) return format
    throw new PlanError('FORMAT', `${option} ${named}: no such format; the formats are ${formats}${didYouMean(named, names)}`)
  }
  if (path === '-') throw new PlanError('FORMAT', `-: ${option === '--to' ? 'standard output' : 'standard input'} has no ending that tells the format; say ${option} ${formats}`)
  const ending = endingOf(nameIn(path))
  const format = ending === undefined ? undefined : formatOf(ending)
  if (format) return format
  const found = ending === undefined ? 'it has no ending' : `its ending is .${ending}`
  throw new PlanError('FORMAT', `${path}: the format can't be told; ${found}; say ${option} ${formats}${ending === undefined ? '' : didYouMean(ending, names)}`)
}

/** Whether the CSV of `path` has tabs between its cells: as .tsv, or as `named`. */
export function isTabbed(path: string, named: string | undefined): boolean {
  return (named ?? endingOf(nameIn(path)))?.toLowerCase() === 'tsv'
}

/** Whether a path is an http(s) address, as readers take them. */
export function isWebAddress(path: string): boolean {
  return /^https?:\/\//i.test(path)
}

// Behind an address there may be a query.
function nameIn(path: string): string {
  return isWebAddress(path) && URL.canParse(path) ? new URL(path).pathname : path
}

function formatOf(word: string): FileFormat | undefined {
  return Object.hasOwn(byEnding, word.toLowerCase()) ? byEnding[word.toLowerCase()] : undefined
}
