// h2o's ten questions from the Parquet file to their answers: nothing is kept in memory before.
import * as groupby from './groupby.mjs'

export const name = 'groupby-parquet'
export const title = 'h2o group-by, from a Parquet file'
/** Tables are read from their files by each case. */
export const fromFiles = true
export const { cases, generate, rowsDefault, tables } = groupby
