// --cast: columns of other types. Where a text file could have held the type itself, its cells are read as that type, so that 007 as utf8 stays 007 and
// a bad cell is told by its line; everything else is cast behind the reader, and the row of a bad value is looked for once the job has failed.
import { DataError } from '../base/errors.ts'
import { fieldOf, parseSchema } from '../batch/schema.ts'
import { parseType } from '../batch/type-name.ts'
import type { FrameValue } from '../frame/frame.ts'
import type { FileFormat } from './file-format.ts'
import { filesOf, schemaOf } from './frame-plan.ts'
import { library } from './inputs.ts'
import type { CastPair, RowSpan } from './options.ts'
import type { FileSchema } from './schema-file.ts'

/** --cast, divided: the schema to read with, where the reader does some of it, and the casts behind the reader. */
export interface DividedCasts {
  readonly schema?: FileSchema
  readonly casts: readonly CastPair[]
}

/** Divides casts of columns of `found`. Throws PlanError NO_COLUMN, TYPE. */
export function divideCasts(pairs: readonly CastPair[], found: FileSchema, format: FileFormat): DividedCasts {
  const fields = parseSchema(found, '--cast')
  const read = new Map<string, string>()
  const casts: CastPair[] = []
  for (const { column, type: text } of pairs) {
    const field = fieldOf(fields, column, '--cast')
    const { type, nullable } = parseType(text, `--cast, column "${column}"`)
    const plain = text.replace(/\?$/, '')
    if (isReadAs(field.type.kind, type.kind, format)) read.set(column, field.nullable || nullable ? `${plain}?` : plain)
    else casts.push({ column, type: plain })
  }
  if (read.size === 0) return { casts }
  return { schema: Object.fromEntries(Object.entries(found).map(([name, type]) => [name, read.get(name) ?? type])), casts }
}

const times = ['date', 'time', 'timestamp']

function isNumber(kind: string): boolean {
  return kind === 'decimal' || /^(u?int|float)/.test(kind)
}

// Whether the reader makes of the text what a cast would, or better. JSON tells numbers from texts, so that one is not read as the other.
function isReadAs(from: string, to: string, format: FileFormat): boolean {
  switch (format) {
    case 'csv':
      return to === 'utf8' || (isNumber(to) && (isNumber(from) || from === 'utf8')) || (times.includes(to) && from === 'utf8')
    case 'ndjson':
    case 'json':
      return (isNumber(to) && isNumber(from)) || (times.includes(to) && from === 'utf8')
    default:
      return false
  }
}

/** A frame with its columns cast. */
export async function withCasts(frame: FrameValue, casts: readonly CastPair[]): Promise<FrameValue> {
  if (casts.length === 0) return frame
  const { col } = await library()
  return frame.with(Object.fromEntries(casts.map(({ column, type }) => [column, col(column).cast(type as 'int64')])))
}

/**
 * The error of a cast that failed, with the file, row, column and value of the first one that does: the files are read again up to there. `open` gives the
 * rows of one file before the casts; of `span` only those, where there is one file. Gives `error` itself where no value is found, such as one in the name of a folder.
 */
export async function placedCastError(error: Error, frame: FrameValue, open: (path: string) => Promise<FrameValue>, casts: readonly CastPair[], signal: AbortSignal, span?: RowSpan): Promise<Error> {
  const { col } = await library()
  const files = await filesOf(frame, signal)
  if (span && files.length > 1) return error
  for (const { path } of files) {
    const rows = await open(path)
    const names = Object.keys(await schemaOf(rows, signal))
    const own = casts.filter(({ column }) => names.includes(column))
    if (own.length === 0) continue
    const isBad = ({ column, type }: CastPair) => col(column).isNotNull().and(col(column).tryCast(type as 'int64').isNull())
    let index = 'row'
    while (names.includes(index)) index += '_'
    const checked = Object.fromEntries(own.map((pair, i) => [`${index}_bad${i}`, isBad(pair)]))
    const anyBad = own.map(isBad).reduce((left, right) => left.or(right))
    const [row] = (await rows.rowIndex(index, { start: 1 + (span?.[0] ?? 0) }).filter(anyBad).limit(1).with(checked).collect({ signal })).toJSON() as Record<string, unknown>[]
    const bad = own.find((_, i) => row?.[`${index}_bad${i}`] === true)
    if (!row || !bad) continue
    return new DataError('CAST', `${path}, row ${row[index]}, column "${bad.column}": ${JSON.stringify(row[bad.column])} is no ${bad.type}; correct it, or --cast "${bad.column}" to a type that has it`, { cause: error })
  }
  return error
}
