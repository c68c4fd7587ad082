// The catalogue of operators. A new one is its file, a line here, and a test.
import { mapBatchesOperator } from './map-batches.ts'
import type { AnyOperatorType } from './operator.ts'
import { filterRowsOperator, flatMapOperator, mapOperator } from './row-functions.ts'

/** Every operator by kind. */
export const operatorTypes: readonly AnyOperatorType[] = [
  mapOperator,
  flatMapOperator,
  filterRowsOperator,
  mapBatchesOperator,
]
