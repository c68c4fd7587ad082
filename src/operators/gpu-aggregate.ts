// The partial step of groupBy(…).agg(…) on the GPU: group numbers are found here, their rows are reduced there. Rows that it can't take (too many
// groups, or too much queued) go through the accumulators of the same step, and all states leave as those of `partialAggregate`.
import { assert } from '../base/errors.ts'
import type { Batch } from '../batch/batch.ts'
import { chooseDevice } from '../compute/choose-device.ts'
import { GpuAccumulators } from '../compute/gpu-accumulators.ts'
import type { StateRun } from '../state/state-run.ts'
import { AggregateOperator, type AggregateParams, partialAggregateOperator, partialShape } from './group-by.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters: those of `partialAggregate`, every aggregate one that `gpuFit`, and what the user asked for: 'auto' decides by the size of each batch. */
export type GpuAggregateParams = AggregateParams & { readonly device: 'auto' | 'webgpu' }

/** Aggregates before the exchange, on the GPU. Counts rows that it left to the processor as `rowsNotOnGpu`. */
export const gpuAggregateOperator: OperatorType<GpuAggregateParams> = {
  kind: 'gpuAggregate',
  stateKind: 'partialAggregate',
  device: 'webgpu',
  inputCount: 1,
  placement: () => 'main',
  fields: (inputs, params, where) => partialAggregateOperator.fields(inputs, params, where),
  describe: params => partialAggregateOperator.describe(params),
  create: (context, params, [input]) => new GpuAggregateOperator(context, partialShape(input!, params, context.where), params.device),
}

class GpuAggregateOperator implements Operator {
  readonly #context: OperatorContext
  readonly #shape: ReturnType<typeof partialShape>
  readonly #choice: GpuAggregateParams['device']
  readonly #groups: AggregateOperator
  readonly #gpu: GpuAccumulators
  // What comes after the GPU's tables are full.
  #rest: AggregateOperator | undefined

  constructor(context: OperatorContext, shape: ReturnType<typeof partialShape>, choice: GpuAggregateParams['device']) {
    assert(context.gpu, `${context.where} runs without a GPU`)
    this.#context = context
    this.#shape = shape
    this.#choice = choice
    this.#groups = new AggregateOperator(context, shape)
    this.#gpu = new GpuAccumulators(context.gpu, context.device.memory, shape.specs, shape.inputs)
  }

  push(batch: Batch, out: Output): void {
    const { device } = this.#context
    if (this.#rest) {
      this.#context.count('rowsNotOnGpu', batch.rowCount)
      return this.#rest.push(batch, out)
    }
    const arena = device.arena()
    try {
      const found = this.#shape.keys.length === 0 ? 0 : this.#groups.find(arena, batch)
      if (this.#queued(found, batch)) return
      this.#context.count('rowsNotOnGpu', batch.rowCount)
      this.#groups.update(found === 0 ? this.#groups.find(arena, batch) : found, batch)
    } finally {
      arena.release()
      this.#checkFull()
    }
  }

  settle(all: boolean): Promise<void> | undefined {
    if (!all) return this.#gpu.busy ? this.#gpu.idle() : undefined
    return this.#gpu.pending ? this.#drain() : undefined
  }

  finish(out: Output): void {
    this.#groups.finish(out)
    this.#rest?.finish(out)
  }

  snapshot(): StateRun[] {
    return [...this.#groups.snapshot(), ...(this.#rest?.snapshot() ?? [])]
  }

  restore(runs: readonly StateRun[]): void {
    this.#groups.restore(runs)
    this.#checkFull()
  }

  close(): void {
    this.#gpu.close()
    this.#groups.close()
    this.#rest?.close()
  }

  #queued(gids: number, { columns, rowCount }: Batch): boolean {
    const { gpu } = this.#context.gpu!
    if (chooseDevice(this.#choice, gpu, { family: 'aggregate', work: rowCount }) === 'wasm') return false
    return this.#gpu.update(
      gids,
      this.#shape.inputs.map(i => columns[i]),
      rowCount,
      this.#groups.groupCount,
    )
  }

  #checkFull(): void {
    if (this.#groups.groupCount > this.#gpu.groupsMax) this.#rest ??= new AggregateOperator(this.#context, this.#shape)
  }

  async #drain(): Promise<void> {
    const { device } = this.#context
    await this.#gpu.drain((partial, capacity) => {
      const arena = device.arena()
      try {
        const groups = Math.min(capacity, this.#groups.groupCount)
        this.#groups.mergeStates(arena, partial(arena, groups), groups)
      } finally {
        arena.release()
      }
    })
  }
}
