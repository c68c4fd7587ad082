// Sorts all rows, in two steps: where rows are made each batch is sorted by itself (`sortRuns`), then all are merged (`sort`), by all threads at
// once: each makes every so-many-th piece of the result. Rows beyond the memory for state are written to disk in sorted runs.
import { keyGroupCount } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { type Fields, isHidden, visible } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { sortBatch } from '../compute/sorted-rows.ts'
import { RunSorter } from '../state/run-sorter.ts'
import { decodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkOrder, describeOrder, orderColumns, type OrderParam } from './order-params.ts'

/**
 * Parameters of both steps: the first key decides first. `sorted`: the input's batches are sorted already. `back`: rows go back into source order by a hidden
 * column, which alone ends here; the rows of one instance before it come in that order, so that where there is one there is nothing to do.
 */
export type SortParams = { readonly keys: readonly OrderParam[]; readonly sorted?: boolean; readonly back?: boolean }

/** Sorts each batch by itself. */
export const sortRunsOperator: OperatorType<SortParams> = {
  kind: 'sortRuns',
  inputCount: 1,
  placement: () => 'any',
  fields([input], { keys }, where) {
    checkOrder(input!, keys, where.replace(/:runs$/, ''))
    return carried(input!, keys)
  },
  describe: ({ keys }) => `${describeOrder(keys)}, each batch`,
  create(context, { keys }, [input]) {
    const fields = carried(input!, keys)
    const order = orderColumns(fields, keys, context.where)
    const columns = fields.map(field => input!.indexOf(field))
    return {
      push(batch, out) {
        const { device, arena } = context
        out.emit(sortBatch(device, arena, { ...batch, fields, columns: columns.map(i => batch.columns[i]!) }, order))
      },
    }
  },
}

/** Stable; NaN comes after all numbers, −0 equals 0. Hidden columns end here. */
export const sortOperator: OperatorType<SortParams> = {
  kind: 'sort',
  inputCount: 1,
  placement: () => 'shared',
  fields([input], { keys, back }, where) {
    checkOrder(input!, keys, where)
    return back ? input!.filter(({ name }) => !keys.some(key => key.column === name)) : visible(input!)
  },
  describe: ({ keys, back }) => (back ? 'back into source order' : describeOrder(keys)),
  create: (context, params, [input]) => new SortOperator(context, params, input!),
}

// Hidden columns that are sorted by are computed for it; others end.
function carried(input: Fields, keys: readonly OrderParam[], back = false): Fields {
  if (back) return input
  return input.filter(({ name }) => !isHidden(name) || keys.some(key => key.column === name))
}

class SortOperator implements Operator {
  readonly #context: OperatorContext
  readonly #isSorted: boolean
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #kept: readonly number[]
  readonly #output: Fields
  readonly #passes: boolean
  readonly #sorter: RunSorter
  constructor(context: OperatorContext, { keys, sorted = false, back = false }: SortParams, input: Fields) {
    const { device, spill, stateBytesMax, instance, parallelism, where } = context
    this.#context = context
    this.#isSorted = sorted
    this.#fields = carried(input, keys, back)
    this.#passes = back && parallelism === 1
    this.#columns = this.#fields.map(field => input.indexOf(field))
    const ends = (name: string) => (back ? keys.some(key => key.column === name) : isHidden(name))
    this.#kept = this.#fields.flatMap(({ name }, i) => (ends(name) ? [] : [i]))
    this.#output = this.#kept.map(i => this.#fields[i]!)
    // All instances look at the same rows, so what one may hold is what all may. Half of it is for what comes in while runs are written.
    const bytesMax = (stateBytesMax * parallelism) / 2
    this.#sorter = new RunSorter({ device, fields: this.#fields, order: orderColumns(this.#fields, keys, where), spill, bytesMax, instance, parallelism })
  }

  push(batch: Batch, out: Output): void {
    if (this.#passes) {
      const { device, arena } = this.#context
      const { columns, rowCount } = share(device, arena, batch)
      return out.emit({ fields: this.#output, rowCount, columns: this.#kept.map(i => columns[i]!), arena: arena.address })
    }
    this.#sorter.add({ ...batch, fields: this.#fields, columns: this.#columns.map(i => batch.columns[i]!) }, this.#isSorted)
  }

  drain(out: Output): boolean {
    const piece = this.#sorter.next(this.#context.arena)
    for (const batch of piece ?? []) out.emit({ ...batch, fields: this.#output, columns: this.#kept.map(i => batch.columns[i]!) })
    return piece !== undefined
  }

  snapshot(): StateRun[] {
    return this.#sorter.states().map(bytes => ({ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes }))
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#sorter.add(decodeRun(device, arena, run.bytes), false)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#sorter.close()
  }
}
