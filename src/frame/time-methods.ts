// What an expression of dates, times of day, timestamps and spans offers. A timestamp with a zone is taken apart by that zone's clock, one without in UTC.
import type { ColumnExpr } from './expr-type.ts'
import type { AnyExpr, Maybe, Needs, NeedsOf, StrictOf, SymbolOf, Zoned } from './resolve-types.ts'
import type { WholeLike } from './text-methods.ts'

type OfTime<K, T, N, F extends string> = ColumnExpr<StrictOf<K, T>, N | Needs<T, 'calendar', F>>
type OfClock<K, T, N, F extends string> = ColumnExpr<StrictOf<K, T>, N | Needs<T, 'clock', F>>

/** What times are cut to; weeks begin on Monday. */
export type TruncateTo = 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' | 'decade' | 'century'
/** What differences are counted in. */
export type DifferenceIn = 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'
/** A type that text can be read as by a pattern. */
export type ReadableTime = 'date' | `time[${'s' | 'ms' | 'us' | 'ns'}]` | `timestamp[${'s' | 'ms' | 'us' | 'ns'}]` | `timestamp[${'s' | 'ms' | 'us' | 'ns'}, ${string}]`

/** Methods of times. */
export interface TimeMethods<in out T, out N> {
  /** The start of the unit. */
  truncate(unit: TruncateTo): ColumnExpr<T, N | Needs<T, 'calendar', 'truncate'>>
  /** The year, as int32. */
  year(): OfTime<'int32', T, N, 'year'>
  /** The quarter, 1 to 4. */
  quarter(): OfTime<'int32', T, N, 'quarter'>
  /** The month, 1 to 12. */
  month(): OfTime<'int32', T, N, 'month'>
  /** The day of the month, 1 to 31. */
  day(): OfTime<'int32', T, N, 'day'>
  /** The day of the week, 1 (Monday) to 7. */
  dayOfWeek(): OfTime<'int32', T, N, 'dayOfWeek'>
  /** The day of the year, 1 to 366. */
  dayOfYear(): OfTime<'int32', T, N, 'dayOfYear'>
  /** The week of ISO 8601, 1 to 53. */
  week(): OfTime<'int32', T, N, 'week'>
  /** The year that the ISO week belongs to. */
  isoYear(): OfTime<'int32', T, N, 'isoYear'>
  /** The hour, 0 to 23. */
  hour(): OfClock<'int32', T, N, 'hour'>
  /** The minute, 0 to 59. */
  minute(): OfClock<'int32', T, N, 'minute'>
  /** The second, 0 to 59. */
  second(): OfClock<'int32', T, N, 'second'>
  /** Milliseconds since the full minute. */
  millisecond(): OfClock<'int32', T, N, 'millisecond'>
  /** Microseconds since the full minute. */
  microsecond(): OfClock<'int32', T, N, 'microsecond'>
  /** Nanoseconds since the full minute, as int64. */
  nanosecond(): OfClock<'int64', T, N, 'nanosecond'>
  /** Whole seconds since 1970-01-01 in UTC, as int64. */
  epoch(): OfTime<'int64', T, N, 'epoch'>
  /** Whole units from `other` to this, towards zero; below zero where this is before. To count the borders between them, truncate both first. */
  dateDiff<const V extends Date | string | AnyExpr>(
    other: V,
    unit: DifferenceIn,
  ): ColumnExpr<StrictOf<'int64', T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, 'calendar', 'dateDiff'>>
  /** The date of this year with a month and a day; null where there is no such day. */
  makeDate<const V extends WholeLike, const W extends WholeLike>(
    month: V,
    day: W,
  ): ColumnExpr<Maybe<'date'>, N | NeedsOf<V> | NeedsOf<W> | Needs<T, 'number', 'makeDate'>>
  /** The timestamp[us] of this year with a month, day, hour, minute and second; null where there is no such time. */
  makeTimestamp(
    month: WholeLike,
    day: WholeLike,
    hour: WholeLike,
    minute: WholeLike,
    second: WholeLike,
  ): ColumnExpr<Maybe<'timestamp[us]'>, N | Needs<T, 'number', 'makeTimestamp'>>
  /** The same times, shown and taken apart by the clock of `zone`: an IANA name or an offset such as +01:00. */
  toZone<const Z extends string>(zone: Z): ColumnExpr<Zoned<T, Z>, N | Needs<T, 'timestamp', 'toZone'>>
  /** What the clock of the timestamp's zone shows, as a timestamp without a zone. */
  toLocal(): ColumnExpr<Zoned<T, ''>, N | Needs<T, 'timestamp', 'toLocal'>>
  /** The times at which the clock of `zone` shows this. What it shows twice is the first time, what it skips is as by the clock before the change. */
  fromLocal<const Z extends string>(zone: Z): ColumnExpr<Zoned<T, Z>, N | Needs<T, 'timestamp', 'fromLocal'>>
  /** As text by a pattern: %Y-%m-%d %H:%M:%S, with %3f digits of a fraction, %z an offset, %b %a names, %j %V %q days, weeks, quarters of the year. */
  format(pattern: string): ColumnExpr<StrictOf<'utf8', T>, N | Needs<T, 'shown', 'format'>>
  /** Text read by such a pattern. A DataError PARSE where it doesn't fit. */
  parse<const C extends ReadableTime = 'timestamp[ms]'>(pattern: string, type?: C): ColumnExpr<StrictOf<C, T>, N | Needs<T, 'string', 'parse'>>
  /** As `parse`, with null where a text doesn't fit. */
  tryParse<const C extends ReadableTime = 'timestamp[ms]'>(pattern: string, type?: C): ColumnExpr<Maybe<C>, N | Needs<T, 'string', 'tryParse'>>
}
