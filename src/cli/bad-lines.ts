// --on-error: what becomes of lines that don't fit. And the reader's error in the words of the command line.
import { existsSync, statSync } from 'node:fs'
import { DataError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { OnError } from '../frame/decoded.ts'
import type { FileFormat } from './file-format.ts'
import { library } from './inputs.ts'

/** A word, or the folder that dead letters go to, with a / at its end. */
export type BadLines = 'error' | 'skip' | `${string}/`

/** Reads the value of --on-error. Throws PlanError ON_ERROR: a word that is near one of the two, a file's name, or a format without lines. */
export function badLines(text: string, format: FileFormat): BadLines {
  if (format === 'parquet' || format === 'arrow')
    throw new PlanError('ON_ERROR', `--on-error ${text}: ${format} has no lines that could be bad, only csv, ndjson and json do; leave it out`)
  if (text === 'error' || text === 'skip') return text
  const suggestion = didYouMean(text, ['error', 'skip'])
  if (suggestion !== '' && !text.includes('/')) throw new PlanError('ON_ERROR', `--on-error ${text}: give error, skip, or a folder, with a / at its end${suggestion}`)
  if (existsSync(text) && !statSync(text).isDirectory()) throw new PlanError('ON_ERROR', `--on-error ${text}: that is a file; give error, skip, or a folder for the bad lines`)
  return `${text.replace(/\/$/, '')}/`
}

/** The reader's option: dead letters are NDJSON files, beside those that are there. */
export async function onErrorOf(lines: BadLines | undefined): Promise<OnError | undefined> {
  if (lines === undefined || lines === 'error') return undefined
  if (lines === 'skip') return 'skip'
  const { write } = await library()
  return { deadLetters: write.ndjson(lines) }
}

/** A reader's error about a bad line names the API's option; here it names the flag. */
export function flagError(error: Error): Error {
  const text = error.message.replace(/or the schema, or pass onError 'skip' or \{ deadLetters \}$/, 'or the type (--schema, --cast), or pass --on-error skip or --on-error FOLDER/')
  return error instanceof DataError && text !== error.message ? new DataError(error.code, text, { cause: error }) : error
}
