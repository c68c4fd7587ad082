// So many rows by chance, each as often as it is drawn, in source order. How many rows there are is known at the end, so all are kept until then.
import type { Batch } from '../batch/batch.ts'
import { keyGroupCount } from '../base/hash.ts'
import { random } from '../base/random.ts'
import { sliceBatch } from '../batch/batch.ts'
import { type Fields, visible } from '../batch/schema.ts'
import { draws } from '../compute/chance.ts'
import { gatherOwned } from '../compute/gather.ts'
import { RowStore } from '../compute/row-store.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `resample`. */
export type ResampleParams = { readonly rows: number; readonly seed: number }

const emitRows = 65_536

/** Draws with replacement. No rows of none. Hidden columns end here. */
export const resampleOperator: OperatorType<ResampleParams> = {
  kind: 'resample',
  inputCount: 1,
  placement: () => 'single',
  fields: ([input]) => visible(input!),
  describe: ({ rows, seed }) => `${rows} draws of a row, seed ${seed}`,
  create: (context, params, [input]) => new Resample(context, params, input!),
}

class Resample implements Operator {
  readonly #context: OperatorContext
  readonly #params: ResampleParams
  readonly #columns: readonly number[]
  readonly #store: RowStore
  constructor(context: OperatorContext, params: ResampleParams, input: Fields) {
    const fields = visible(input)
    this.#context = context
    this.#params = params
    this.#columns = fields.map(field => input.indexOf(field))
    this.#store = new RowStore(context.device, fields)
  }

  push(batch: Batch): void {
    this.#store.append({ rowCount: batch.rowCount, columns: this.#columns.map(i => batch.columns[i]!) })
  }

  finish(out: Output): void {
    const { device, arena } = this.#context
    const { rows: count, seed } = this.#params
    const rows = this.#store.batch()
    if (rows.rowCount === 0 || count === 0) return
    const drawn = draws(device, arena, random(seed).uint32(), 0, count)
    const indices = arena.allocate(4 * count)
    const chosen = device.memory.uint32s(indices, count)
    device.memory.float64s(drawn.values, count).forEach((draw, i) => (chosen[i] = Math.floor(draw * rows.rowCount)))
    chosen.sort()
    const sample = gatherOwned(device, arena, rows, indices, count)
    this.#store.clear()
    for (let start = 0; start < count; start += emitRows) out.emit(sliceBatch(sample, start, Math.min(count, start + emitRows)))
  }

  snapshot(): StateRun[] {
    if (this.#store.rowCount === 0) return []
    return [{ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(this.#context.device, this.#store.batch()) }]
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#store.append(decodeRun(device, arena, run.bytes))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#store.close()
  }
}
