// What the scans of text do with records that don't fit: fail naming file and byte, count them, or send them to the side output 'deadLetters'.
import { DataError } from '../base/errors.ts'
import type { Batch } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { utf8 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { RecordError } from '../compute/json-errors.ts'
import { type Arena, releaseArena, retainArena } from '../device/arena.ts'
import { type BadRecords, deadLetterBatch, deadLetterFields, excerpt, viewsOf } from '../format/dead-letters.ts'
import type { TextEncoding } from '../format/transcode.ts'
import type { ScanContext } from './source.ts'
import { lineAt } from './text-file.ts'

const fileField: Field = { name: 'file', type: utf8, nullable: false }

/** The side output of a text scan: the record's bytes, what is wrong, the byte of the file, the file. */
export const textDeadLetters: Fields = [...deadLetterFields, fileField]

/** Where a refused record lies: in memory, and in its file. */
export interface RecordPlace {
  readonly address: number
  readonly bytes: number
  readonly position: number
}

/** The file that records come from, and what to do with those that don't fit. */
export interface TextOrigin {
  readonly path: string
  readonly encoding?: TextEncoding
  /** The set that the file is of, where it is fetched. */
  readonly fetched?: number | undefined
  readonly onError: BadRecords | undefined
}

/** The side outputs that a policy makes. */
export function sidePortsOf(onError: BadRecords | undefined): { sidePorts?: Record<string, Fields> } {
  return onError === 'deadLetters' ? { sidePorts: { deadLetters: textDeadLetters } } : {}
}

/** Emits `rows`, then deals with the refused records, both in `arena`, the context's last. Counts `badRecords`. Throws DataError of the first record's code. */
export function emitText(
  context: ScanContext,
  arena: Arena,
  rows: Batch,
  errors: readonly RecordError[],
  places: (error: RecordError) => RecordPlace,
  { path, encoding, fetched, onError }: TextOrigin,
): void {
  const { device } = context
  if (errors.length > 0 && (onError ?? 'fail') === 'fail') {
    const { address, bytes, position } = places(errors[0]!)
    const { code, byte, message } = errors[0]!
    const found = excerpt(device, address, bytes)
    throw new DataError(
      code,
      `${context.where}: ${path}, ${fetched === undefined ? `line ${lineAt(device, path, context.where, position + byte, encoding)}, ` : ''}byte ${position + byte}: ${message}; found ${found}; fix the file or the schema, or pass onError 'skip' or { deadLetters }`,
    )
  }
  if (errors.length > 0) context.count('badRecords', errors.length)
  let letters: Batch | undefined
  if (errors.length > 0 && onError === 'deadLetters') {
    const found = errors.map(places)
    const values = viewsOf(
      device,
      arena,
      found.map(place => [place.address, place.bytes]),
    )
    const file = {
      field: fileField,
      column: buildColumn(
        device,
        arena,
        fileField,
        errors.map(() => path),
        'deadLetters',
      ),
    }
    letters = deadLetterBatch(device, arena, errors, values, error => places(error).position + error.byte, [file])
    if (rows.rowCount > 0) retainArena(device, arena.address)
  }
  try {
    if (rows.rowCount > 0) context.emit(rows)
  } catch (thrown) {
    // Nobody takes the letters any more.
    if (letters) releaseArena(device, arena.address)
    throw thrown
  }
  if (letters) context.emit(letters, 'deadLetters')
}

/** The fields that must be decoded so that `columns` come out, and rows are refused alike whatever columns are asked for. */
export function decodedFields(fields: Fields, columns: readonly string[] | undefined): Field[] {
  return fields.filter(f => !columns || columns.includes(f.name) || f.type.kind !== 'utf8' || !f.nullable)
}

/** Only the wanted columns of a batch. */
export function wantedColumns(batch: Batch, columns: readonly string[] | undefined): Batch {
  if (!columns) return batch
  const kept = batch.fields.flatMap((f, i) => (columns.includes(f.name) ? [i] : []))
  return { ...batch, fields: kept.map(i => batch.fields[i]!), columns: kept.map(i => batch.columns[i]!) }
}
