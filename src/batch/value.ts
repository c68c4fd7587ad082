// What cells are in JavaScript, by type: see `Value`. How they get into columns is in build-columns.ts, out of columns in read-values.ts.

/** A span of time in parts that don't turn into each other: a month has no fixed number of days, nor a day of nanoseconds. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly nanoseconds: bigint
}

/**
 * What a cell is in JavaScript. bool: boolean. int8 to int32, uint8 to uint32, floats: number. int64, uint64: bigint (a count: number). decimal: text with
 * exactly `scale` digits behind the point. date: epoch milliseconds of its midnight. timestamp, time, duration in s or ms: milliseconds as a number; in us or
 * ns: a bigint in the unit. interval: `Interval`. utf8: string. binary: Uint8Array. list: array. struct: object. map: Map. null: null.
 */
export type Value =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Interval
  | readonly Value[]
  | { readonly [member: string]: Value }
  | ReadonlyMap<Value, Value>
  | null

/** A plain object per row, by column name. */
export type PlainRow = Record<string, Value>
