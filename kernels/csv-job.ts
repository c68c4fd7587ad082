// What one call of the CSV decoder works on.
import { JsonField } from './json-values'

/** A decoding call: what src/compute/csv.ts fills in, then what belongs to the row at hand. */
@unmanaged export class CsvJob {
  /** The first byte of the next row; `end` is followed by a line feed that is not part of the input. */
  at: usize
  end: usize
  isLast: i32
  delimiter: i32
  quote: i32
  /** Pairs of address and byte count of the texts that mean null. */
  nulls: usize
  nullCount: i32
  /** For each cell of a row the column it goes to, or -1. */
  targets: usize
  cellCount: i32
  fields: usize
  fieldCount: i32
  row: i32
  rowMax: i32
  record: i32
  recordOf: usize
  errors: usize
  errorCount: i32
  errorMax: i32
  slow: usize
  slowCount: i32
  slowMax: i32
  text: usize
  textEnd: usize
  decimal: usize
  start: usize
  errorCode: i32
  errorAt: usize
  errorField: i32
  /** The cell that was scanned last: its text, and whether it was quoted. */
  cellAt: usize
  cellBytes: i32
  cellQuoted: i32
  /** 1 where the text buffer or the list of floats is full. */
  paused: i32
  /** A bit for each length, up to 31, of a text that means null. */
  nullLengths: u32
  /** What makes the byte behind it text inside quotes; the quote itself where it is written twice. */
  escape: i32
  /** The first byte of a line that is passed over; 256 where there is none. */
  comment: i32
  /** 1: numbers have a comma before their fraction. */
  comma: i32
  /** 1: cells that a row lacks are null; 2: and those beyond the columns are left out. */
  ragged: i32
  /** Where the cell at hand begins in the input, wherever its text lies. */
  cellStart: usize
}

/** Undoes the null that a refused row may have left at this row. */
// @ts-ignore: decorator
@inline export function markValid(field: JsonField, row: i32): void {
  if (field.validity == 0) return
  const byte = field.validity + (<usize>row >> 3)
  store<u8>(byte, <u32>load<u8>(byte) | (<u32>1 << (row & 7)))
}
