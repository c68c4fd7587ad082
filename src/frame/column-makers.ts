// What `generate.columns` takes: makers of columns, as plain data that knows its type. Each is checked when the frame runs or is explained.
import type { Json } from '../base/json.ts'
import { jsonOf } from '../source/made-values.ts'
import type { Schema } from './types.ts'

/** The mark by which the compiler knows a maker's type. No such property exists at run time. */
declare const made: unique symbol

/** A maker of a column of type T: plain data. */
export interface ColumnMaker<out T extends string> {
  readonly [made]?: T
  readonly maker: string
  readonly type: string
}

/** What every maker takes: a type other than its own, and a share of nulls, which makes the column nullable. */
export interface MakerOptions {
  readonly type?: string
  readonly nulls?: number
}
type TypeOf<O, D extends string> = O extends { readonly type: infer T extends string } ? T : D
type Made<O, D extends string> = ColumnMaker<O extends { readonly nulls: number } ? `${TypeOf<O, D>}?` : TypeOf<O, D>>
type Point = number | bigint | string | Date
/** The type of a range: that of numbers float64, of bigints int64, of texts and Dates a timestamp. */
type RangeOf<V> = V extends number ? 'float64' : V extends bigint ? 'int64' : 'timestamp[ms]'
/** The type of values: as a frame over them would have it. */
type ValueOf<V> = V extends number ? 'float64' : V extends bigint ? 'int64' : V extends boolean ? 'bool' : V extends string ? 'utf8' : 'timestamp[ms]'
type None = Record<never, never>

/** The schema of a record of makers. */
export type MadeSchema<M> = { [K in keyof M]: M[K] extends ColumnMaker<infer T> ? (T extends Schema[string] ? T : never) : never }

function maker(kind: string, fallback: string, { type, nulls, ...rest }: MakerOptions, params: Readonly<Record<string, unknown>>): ColumnMaker<any> {
  const spec: Record<string, unknown> = { maker: kind, type: type ?? fallback, ...rest, ...params, ...(nulls !== undefined && { nulls }) }
  return spec as unknown as ColumnMaker<any>
}

function rangeType(point: Point): string {
  return typeof point === 'number' ? 'float64' : typeof point === 'bigint' ? 'int64' : 'timestamp[ms]'
}

function valueType(value: unknown): string {
  if (typeof value === 'string') return 'utf8'
  return typeof value === 'boolean' ? 'bool' : rangeType(value as Point)
}

/** The makers, as `generate` has them. */
export const columnMakers = {
  /** start, start + step, …: int64 from 0 by 1 unless said otherwise. From a Date or a text: timestamp[ms], with a step such as '10ms'. */
  sequence<V extends Point = bigint, const O extends MakerOptions = None>(start?: V, step?: Point, options?: O): Made<O, V extends number ? 'int64' : RangeOf<V>> {
    const type = start === undefined || typeof start === 'number' ? 'int64' : rangeType(start)
    return maker('sequence', type, options ?? {}, { start: jsonOf(start ?? 0), step: jsonOf(step ?? 1) })
  },
  /** The same value in every row. */
  constant<const V extends Point | boolean, const O extends MakerOptions = None>(value: V, options?: O): Made<O, ValueOf<V>> {
    return maker('constant', valueType(value), options ?? {}, { value: jsonOf(value) })
  },
  /** Evenly distributed in [min, max), `max` excluded: float64, int64 for bigints, timestamp[ms] for Dates and texts, or the `type` given. */
  uniform<V extends Point, const O extends MakerOptions = None>(min: V, max: Point, options?: O): Made<O, RangeOf<V>> {
    return maker('uniform', rangeType(min), options ?? {}, { min: jsonOf(min), max: jsonOf(max) })
  },
  /** Normal float64 (or float32) around `mean`. */
  normal<const O extends MakerOptions = None>(mean = 0, deviation = 1, options?: O): Made<O, 'float64'> {
    return maker('normal', 'float64', options ?? {}, { mean: jsonOf(mean), deviation: jsonOf(deviation) })
  },
  /** Ranks 1 to `ranks`, int64 unless said otherwise: rank k as often as k^-exponent says. */
  zipf<const O extends MakerOptions = None>(ranks: number, exponent = 1, options?: O): Made<O, 'int64'> {
    return maker('zipf', 'int64', options ?? {}, { ranks, exponent: jsonOf(exponent) })
  },
  /** One of `values`, all as likely or by `weights`. */
  choice<const V extends Point | boolean, const O extends MakerOptions & { readonly weights?: readonly number[] } = None>(values: readonly V[], options?: O): Made<O, ValueOf<V>> {
    return maker('choice', valueType(values[0]), options ?? {}, { values: values.map(value => jsonOf(value) ?? null) })
  },
  /** A text around a number: 'id%010d' (zeros to ten digits), '%4d' (blanks), '%d', %% for a percent sign. `of` makes the numbers: a sequence unless said. */
  text<const O extends Omit<MakerOptions, 'type'> = None>(pattern: string, of?: ColumnMaker<string>, options?: O): Made<O, 'utf8'> {
    return maker('text', 'utf8', options ?? {}, { pattern, of: (of ?? maker('sequence', 'int64', {}, { start: 0, step: 1 })) as unknown as Json })
  },
  /** True with a probability. */
  chance<const O extends Omit<MakerOptions, 'type'> = None>(probability = 0.5, options?: O): Made<O, 'bool'> {
    return maker('chance', 'bool', options ?? {}, { probability: jsonOf(probability) })
  },
}
