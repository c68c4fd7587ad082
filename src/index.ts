// What users import: at most 60 names; the rest lives under millrace/ml.
import type { SchemaLike } from './batch/schema.ts'
import type { ColumnTypeOf, Frame, TypedArrays } from './frame/frame-type.ts'
import { fromData } from './frame/from.ts'
import type { Schema } from './frame/types.ts'
import type { UserSource } from './source/user-source.ts'

export { ConnectorError, DataError, DeviceError, MillraceError, PlanError } from './base/errors.ts'
export { secret } from './base/secret.ts'
export { seconds } from './base/units.ts'
export { closeEngines } from './engine.ts'
export * as agg from './frame/agg.ts'
export { count, countDistinct, first, last, list, max, mean, median, min, quantile, stddev, sum, topK } from './frame/aggregates.ts'
export { col, expr, lit, when } from './frame/expr.ts'
export type { Frame, InferRow, SchemaOf } from './frame/frame-type.ts'
export { sink, source } from './frame/from.ts'
export { generate } from './frame/generate.ts'
export { inferSchema } from './frame/infer-schema.ts'
export { job } from './frame/job.ts'
export * as make from './frame/make.ts'
export { asc, desc } from './frame/orders.ts'
export { parquetMetadata } from './frame/parquet-metadata.ts'
export { read } from './frame/read.ts'
export type { JobOptions, Run } from './frame/run.ts'
export { state } from './frame/state.ts'
export { Table } from './frame/table.ts'
export { topic } from './frame/topic.ts'
export type { Row, Schema } from './frame/types.ts'
export { udf } from './frame/user-function.ts'
export { countWindow, cumulate, globalWindow, hop, processingTime, session, tumble } from './frame/windows.ts'
export { lag, lead, rank, rowNumber } from './frame/window-functions.ts'
export { write } from './frame/write.ts'

/** A frame over rows, columns, an apache-arrow table, an iterable, or a source of one's own. A schema makes its columns known to the compiler. */
export function from<S extends Schema>(source: UserSource<S, any, any>): Frame<S>
export function from<const S extends Schema>(data: unknown, options: { schema: S; bounded?: boolean }): Frame<S>
export function from<const C extends { readonly [column: string]: TypedArrays[keyof TypedArrays] }>(columns: C): Frame<{ -readonly [K in keyof C]: ColumnTypeOf<C[K]> }>
export function from(data: unknown): Frame<any>
export function from(data: unknown, options?: { schema?: Schema; bounded?: boolean }): Frame<any> {
  return fromData(data, options as { schema?: SchemaLike; bounded?: boolean }) as unknown as Frame<any>
}
