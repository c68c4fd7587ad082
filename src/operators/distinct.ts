// The first row of every group by some columns, in source order: where rows are made a batch leaves out what it has twice ("in part"), then one
// instance knows all keys and gives out what is new. Beyond the memory for state the rest is settled by sorting, when the input has ended.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { columnIndex, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { firstRows } from '../compute/row-numbers.ts'
import { gatherBatch } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { isOrdered } from '../compute/sort.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { countState, restoredCount } from './counted.ts'
import { FirstBySorting } from './first-by-sorting.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/**
 * Parameters of `distinct`: the columns that count, all unless said; `part`: batches are only thinned out; `keyed`: of input that never ends, where each instance has keys of its own and
 * nothing waits for an end.
 */
export type DistinctParams = { readonly names?: readonly string[]; readonly part?: boolean; readonly keyed?: boolean }

/** Null is a value like others, NaN equals NaN, −0 equals 0. Hidden columns end here, but where rows are told as they come. */
export const distinctOperator: OperatorType<DistinctParams> = {
  kind: 'distinct',
  inputCount: 1,
  placement: ({ part, keyed }) => (part ? 'any' : keyed ? 'keyed' : 'single'),
  keys: ({ names }) => names!,
  fields([input], { names, keyed }, where) {
    for (const name of names ?? []) fieldOf(input!, name, where.replace(/:part$/, ''))
    return keyed ? input! : visible(input!)
  },
  describe: ({ names, part }) => `the first row ${names ? `for each ${names.join(', ')}` : 'of those that are equal'}${part ? ', in part' : ''}`,
  create: (context, params, [input]) => new Distinct(context, params, input!),
}

const wholeRange = { start: 0, end: keyGroupCount }

class Distinct implements Operator {
  readonly #context: OperatorContext
  readonly #part: boolean
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #keys: readonly number[]
  readonly #canSpill: boolean
  readonly #keyed: boolean
  readonly #table: GroupTable
  #rows = 0
  #onDisk: FirstBySorting | undefined
  constructor(context: OperatorContext, { names, part = false, keyed = false }: DistinctParams, input: Fields) {
    this.#context = context
    this.#part = part
    this.#keyed = keyed
    this.#fields = keyed ? input : visible(input)
    this.#columns = this.#fields.map(field => input.indexOf(field))
    this.#keys = names ? names.map(name => columnIndex(this.#fields, name, context.where)) : [...this.#fields.keys()]
    this.#canSpill = !part && !keyed && this.#keys.every(i => isOrdered(this.#fields[i]!.type))
    this.#table = new GroupTable(context.device, this.#keys.map(i => this.#fields[i]!))
  }

  push(batch: Batch, out: Output): void {
    const { device, arena, stateBytesMax } = this.#context
    const rows: Batch = { ...batch, fields: this.#fields, columns: this.#columns.map(i => batch.columns[i]!) }
    const before = this.#rows
    this.#rows += batch.rowCount
    if (this.#onDisk) return this.#onDisk.add(rows, before)
    if (this.#part) this.#table.reset()
    const known = this.#table.groupCount
    const gids = this.#table.find(arena, this.#keys.map(i => rows.columns[i]!), rows.rowCount)
    const { indices, rows: count } = firstRows(device, arena, gids, rows.rowCount, known)
    if (count > 0) out.emit(gatherBatch(device, arena, rows, indices, count))
    // A table is copied when it grows, and when its keys go to disk.
    if (this.#canSpill && this.#table.bytes > stateBytesMax / 3) this.#goToDisk()
  }

  finish(): void {
    this.#onDisk?.finish()
  }

  drain(out: Output): boolean {
    const piece = this.#onDisk?.next(this.#context.arena)
    for (const batch of piece ?? []) out.emit(batch)
    return piece !== undefined
  }

  snapshot(): StateRun[] {
    if (this.#part) return []
    const runs = this.#keyed ? [] : countState(this.#context, this.#rows)
    if (this.#onDisk) return [...runs, ...this.#onDisk.states().map(bytes => ({ table: 'sorted', keyGroups: wholeRange, bytes }))]
    const { device } = this.#context
    const arena = device.arena()
    try {
      const columns = this.#table.keyColumns(arena)
      const keys = { fields: this.#keys.map(i => this.#fields[i]!), rowCount: this.#table.groupCount, columns, arena: arena.address }
      const { instance, parallelism } = this.#context
      return [...runs, { table: 'keys', keyGroups: this.#keyed ? keyGroupRange(instance, parallelism) : wholeRange, bytes: encodeRun(device, keys) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    this.#rows = restoredCount(this.#context, runs.filter(run => run.table === 'count'))
    for (const run of runs) {
      if (run.table === 'count') continue
      const arena = device.arena()
      try {
        const batch = decodeRun(device, arena, run.bytes)
        if (run.table === 'keys') this.#know(arena, batch)
        else (this.#onDisk ??= this.#sorting()).restore(batch)
      } finally {
        arena.release()
      }
    }
  }

  #know(arena: Arena, keys: Batch): void {
    const { device, instance, parallelism, where } = this.#context
    const own = this.#keyed ? rowsOfKeyGroups(device, arena, keys, keys.fields.map(field => field.name), keyGroupRange(instance, parallelism), where) : keys
    this.#table.find(arena, own.columns, own.rowCount)
  }

  close(): void {
    this.#table.close()
    this.#onDisk?.close()
  }

  // From here on rows wait for the end, together with the keys that were given out already.
  #goToDisk(): void {
    const { device } = this.#context
    const arena = device.arena()
    try {
      this.#onDisk = this.#sorting()
      this.#onDisk.addSeen(arena, this.#table.keyColumns(arena), this.#table.groupCount)
      this.#table.reset()
    } finally {
      arena.release()
    }
    this.#table.close()
  }

  #sorting(): FirstBySorting {
    const { device, spill, stateBytesMax } = this.#context
    return new FirstBySorting({ device, spill, bytesMax: stateBytesMax, fields: this.#fields, keys: this.#keys })
  }
}
