// `inferSchema`: the columns of a file or a text and their types, as readers would take them. Of files the head is looked at, no engine is opened.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { schemaText } from '../batch/schema.ts'
import { openPlan } from '../plan/open-plan.ts'
import { prepareScans } from '../plan/prepare-scans.ts'
import { resolvePlan } from '../plan/resolve.ts'
import { endingOf, type FileFormat, formatByEnding } from '../base/file-endings.ts'
import type { FileInput } from './file-input.ts'
import type { FrameValue } from './frame.ts'
import { buildPlan } from './node.ts'
import type { FileOptions } from './parquet-metadata.ts'
import { type ReadCsvOptions, type ReadNdjsonOptions, type ReadParquetOptions, read } from './read.ts'

/** Options of `inferSchema`: the format, where the file's ending doesn't tell it, and those of its reader. */
export type InferSchemaOptions = Pick<FileOptions, 'signal'> & { readonly format?: FileFormat | 'tsv' } & Omit<ReadCsvOptions<undefined>, 'schema' | 'onError'> &
  Omit<ReadNdjsonOptions<undefined>, 'schema' | 'onError'> &
  Pick<ReadParquetOptions<undefined>, 'int96' | 'decryption'>

const formats = [...new Set([...Object.values(formatByEnding), 'tsv' as const])]

/**
 * The schema that a reader would find: of CSV and JSON by the first MiB, of Parquet and Arrow from the file. `{ text }` is a text itself. Types are as narrow as all values seen
 * allow; null values add '?'. Throws PlanError FORMAT where neither ending nor option tells the format, else as readers do.
 */
export async function inferSchema(file: FileInput | { readonly text: string }, options: InferSchemaOptions = {}): Promise<Record<string, string>> {
  const { format: given, signal, ...others } = options
  const isText = typeof file === 'object' && 'text' in file && typeof file.text === 'string'
  const format = formatOf(isText ? undefined : nameOf(file as FileInput), given)
  const input = isText ? new TextEncoder().encode(file.text) : (file as FileInput)
  const isTabbed = format === 'tsv' || (given === undefined && !isText && endingOf(nameOf(file as FileInput) ?? '')?.toLowerCase() === 'tsv')
  const reading = { ...others, ...(isTabbed && others.delimiter === undefined && { delimiter: '\t' }) }
  const frame = read[format === 'tsv' ? 'csv' : format](input, reading) as unknown as FrameValue
  const { plan, bindings, roots } = buildPlan([frame.edge])
  const opened = await openPlan(plan, bindings, signal)
  try {
    await opened.look(() => prepareScans(opened.plan.nodes))
    const { edges } = await opened.look(() => resolvePlan(opened.plan, bindings))
    return schemaText(edges.get(roots[0]!)!.fields)
  } finally {
    opened.close()
  }
}

function nameOf(file: FileInput): string | undefined {
  if (typeof file === 'string' && !/^https?:\/\//i.test(file)) return file
  if (typeof file === 'string' || file instanceof URL) return URL.canParse(String(file)) ? new URL(file).pathname : String(file)
  return (file as { name?: string }).name
}

function formatOf(name: string | undefined, given: string | undefined): FileFormat | 'tsv' {
  const ending = name === undefined ? undefined : endingOf(name)?.toLowerCase()
  const found = given ?? (ending !== undefined && Object.hasOwn(formatByEnding, ending) ? formatByEnding[ending] : undefined)
  if (found !== undefined && (formats as readonly string[]).includes(found)) return found as FileFormat
  const what = found !== undefined ? `there is no format ${JSON.stringify(found)}` : name === undefined ? 'it has no name that tells its format' : `the ending of ${name} tells no format`
  throw new PlanError('FORMAT', `inferSchema: ${what}; give format: ${formats.map(format => `'${format}'`).join(', ')}${found === undefined ? '' : didYouMean(found, formats)}`)
}
