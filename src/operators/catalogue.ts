// The catalogue of operators. A new one is its file, a line here, and a test.
import { asOperator } from './as.ts'
import { asOfJoinOperator } from './as-of-join.ts'
import { customAggregateOperator } from './custom-aggregate.ts'
import { decodeJsonOperator } from './decode-json.ts'
import { filterOperator } from './filter.ts'
import { logisticScoreOperator } from './logistic-score.ts'
import { matchOperator } from './match.ts'
import { mapAsyncOperator } from './map-async.ts'
import { mapBatchesOperator } from './map-batches.ts'
import { onlineLogisticOperator } from './online-logistic.ts'
import { processBroadcastOperator, processOperator } from './process.ts'
import { gpuAggregateOperator } from './gpu-aggregate.ts'
import { fusedAggregateOperator } from './fused-aggregate.ts'
import { finalAggregateOperator, partialAggregateOperator } from './group-by.ts'
import { changingJoinOperator } from './changing-join.ts'
import { intervalJoinOperator } from './interval-join.ts'
import { joinOperator } from './join.ts'
import { joinBuildOperator } from './join-build.ts'
import { joinProbeOperator } from './join-probe.ts'
import { limitOperator } from './limit.ts'
import { describeRowsOperator } from './describe-rows.ts'
import { distinctOperator } from './distinct.ts'
import { dropNullOperator } from './drop-null.ts'
import { expandSetsOperator } from './expand-sets.ts'
import { explodeOperator } from './explode.ts'
import { fillForwardOperator } from './fill-forward.ts'
import { tellChangesOperator } from './tell-changes.ts'
import { resampleOperator } from './resample.ts'
import { overOperator } from './over.ts'
import { overByTimeOperator } from './over-by-time.ts'
import { rowIndexOperator } from './row-index.ts'
import { rowPlacesOperator } from './row-places.ts'
import { sortOperator, sortRunsOperator } from './sort.ts'
import { topKOperator } from './top-k.ts'
import { triggeredAggregateOperator } from './triggered-aggregate.ts'
import { updatingOverOperator } from './updating-over.ts'
import { updatingTopOperator } from './updating-top.ts'
import { updatingAggregateOperator } from './updating-aggregate.ts'
import { unionOperator } from './union.ts'
import { unpivotOperator } from './unpivot.ts'
import type { AnyOperatorType } from './operator.ts'
import { netRowsOperator } from './net-rows.ts'
import { orderByTimeOperator } from './order-by-time.ts'
import { dropOperator, renameOperator, selectOperator, withOperator } from './project.ts'
import { filterRowsOperator, flatMapOperator, mapOperator } from './row-functions.ts'
import { sampleOperator } from './sample.ts'
import { sessionAggregateOperator } from './session-aggregate.ts'
import { sessionJoinOperator } from './session-join.ts'
import { watermarkOperator } from './watermark.ts'
import { watermarkGeneratorOperator } from './watermark-generator.ts'
import { windowAggregateOperator } from './window-aggregate.ts'
import { windowRowsOperator } from './window-rows.ts'
import { windowTopOperator } from './window-top.ts'

/** Every operator by kind. */
export const operatorTypes: readonly AnyOperatorType[] = [
  filterOperator,
  decodeJsonOperator,
  asOperator,
  withOperator,
  selectOperator,
  renameOperator,
  dropOperator,
  mapOperator,
  flatMapOperator,
  filterRowsOperator,
  mapBatchesOperator,
  matchOperator,
  mapAsyncOperator,
  processOperator,
  processBroadcastOperator,
  onlineLogisticOperator,
  logisticScoreOperator,
  sampleOperator,
  sessionAggregateOperator,
  triggeredAggregateOperator,
  watermarkOperator,
  watermarkGeneratorOperator,
  windowAggregateOperator,
  windowRowsOperator,
  windowTopOperator,
  orderByTimeOperator,
  partialAggregateOperator,
  gpuAggregateOperator,
  fusedAggregateOperator,
  finalAggregateOperator,
  customAggregateOperator,
  updatingAggregateOperator,
  joinOperator,
  intervalJoinOperator,
  asOfJoinOperator,
  overByTimeOperator,
  sessionJoinOperator,
  changingJoinOperator,
  joinBuildOperator,
  joinProbeOperator,
  limitOperator,
  sortRunsOperator,
  sortOperator,
  topKOperator,
  updatingTopOperator,
  distinctOperator,
  netRowsOperator,
  tellChangesOperator,
  unionOperator,
  unpivotOperator,
  dropNullOperator,
  fillForwardOperator,
  explodeOperator,
  expandSetsOperator,
  resampleOperator,
  overOperator,
  updatingOverOperator,
  rowIndexOperator,
  rowPlacesOperator,
  describeRowsOperator,
]
