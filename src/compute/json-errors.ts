// What the JSON and CSV decoders say about a record they refuse: stable codes and words, by the kernels' numbers (kernels/json-text.ts, csv-decode.ts).
import type { Fields } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'

/** A record that was left out. `record` counts from the call's first record, `byte` from the record's first byte. */
export interface RecordError {
  readonly record: number
  readonly byte: number
  readonly code: string
  readonly message: string
}

const words: readonly (readonly [code: string, text: string])[] = [
  ['', ''],
  ['JSON_CUT_OFF', 'the record ends before its JSON does'],
  ['JSON_VALUE', 'a value is expected here: an object, an array, a string, a number, true, false or null'],
  ['JSON_KEY', 'a key in double quotes is expected here'],
  ['JSON_COLON', 'a colon is expected after the key'],
  ['JSON_COMMA', 'a comma or the end of the object or array is expected here'],
  ['JSON_CONTROL', 'a control character stands in a string; it must be escaped'],
  ['JSON_ESCAPE', 'no such escape in a JSON string'],
  ['JSON_UTF8', 'the string is not UTF-8'],
  ['JSON_NUMBER', 'not a number as JSON has them'],
  ['JSON_DEPTH', 'objects and arrays are nested deeper than 512'],
  ['JSON_TRAILING', "more bytes follow the end of the record's JSON"],
  ['JSON_ROOT', 'the record is JSON, but no object'],
  ['JSON_TYPE', 'the value is of another type'],
  ['JSON_RANGE', 'the number does not fit the type exactly'],
  ['JSON_NULL', 'null, but the column allows no nulls'],
  ['JSON_MISSING', 'the key is missing, and the column allows no nulls'],
  ['JSON_TIME', "not an ISO 8601 date and time within the type's range"],
  ['JSON_NO_RECORD', 'the record itself is null (a tombstone)'],
  ['JSON_BASE64', 'not base64, which a binary column is read from'],
  ['JSON_UNKNOWN', 'no column is read from this key'],
]

/** The numbers of JSON_TYPE and JSON_RANGE. */
export const typeNumber = 13
export const rangeNumber = 14

/** The error behind a kernel's number; `field` is -1 where no column is concerned. */
export function jsonError(record: number, byte: number, number: number, field: number, fields: Fields): RecordError {
  const [code, text] = words[number]!
  const column = fields[field]
  const place = column ? `column "${column.name}" (${typeName(column.type, column.nullable)}): ` : ''
  return { record, byte, code, message: `${place}${text}, at byte ${byte} of the record` }
}
