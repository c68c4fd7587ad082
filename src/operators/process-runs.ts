// What checkpoints hold of a process step: a run of rows per state (the key, then an entry), and per kind of timers. Rows of other instances' keys are left alone,
// so that another number of instances may go on; what all instances share the first one writes for all. A state of another kind or type than the job's is refused by its name.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { sameType } from '../batch/data-type.ts'
import { type Value, valueReader } from '../batch/read-values.ts'
import type { Field, Fields } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { gatherOwned } from '../compute/gather.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { describeShape, type StateEntries, type StateShape, type StateStore } from '../state/keyed-state.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { TimerQueue } from '../state/timer-queue.ts'
import type { OperatorContext } from './operator.ts'
import type { ProcessKeys } from './process-keys.ts'
import { clockRun, readClock } from './window-output.ts'

/** A state of a step, with its shape. */
export interface NamedState {
  readonly name: string
  readonly shape: StateShape
  readonly store: StateStore
}

/** What is written and read. */
export interface ProcessContents {
  readonly keys: ProcessKeys
  readonly keyFields: Fields
  readonly states: readonly NamedState[]
  /** States that every instance has, alike. */
  readonly shared: readonly NamedState[]
  readonly event: TimerQueue
  readonly processing: TimerQueue
}

const timeFields: Fields = [{ name: '$time', type: { kind: 'float64' }, nullable: false }]
const runRows = 1 << 20
const sharedPrefix = 'shared:'

/** Writes and reads the runs of a step. Cost: a JavaScript value an entry. */
export class ProcessRuns {
  readonly #context: OperatorContext
  readonly #contents: ProcessContents
  constructor(context: OperatorContext, contents: ProcessContents) {
    this.#context = context
    this.#contents = contents
  }

  /** All that the step holds, and how far event time has come. */
  write(watermark: number): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const { states, shared, event, processing } = this.#contents
    const timers = (queue: TimerQueue): StateEntries => {
      const { gids, times } = queue.sorted()
      return { gids, columns: [times] }
    }
    return [
      ...states.flatMap(({ name, shape, store }) => this.#runsOf(`${shape.kind}:${name}`, store.fields, store.entries())),
      ...(instance === 0 ? shared.flatMap(({ name, shape, store }) => this.#runsOf(`${sharedPrefix}${shape.kind}:${name}`, store.fields, store.entries(), true)) : []),
      ...this.#runsOf('timers:event', timeFields, timers(event)),
      ...this.#runsOf('timers:processing', timeFields, timers(processing)),
      ...(Number.isFinite(watermark) ? [clockRun(device, watermark, keyGroupRange(instance, parallelism))] : []),
    ]
  }

  #runsOf(table: string, fields: readonly Field[], { gids, columns }: StateEntries, isShared = false): StateRun[] {
    const { device, instance, parallelism, where } = this.#context
    const { keys, keyFields } = this.#contents
    const keyGroups = isShared ? { start: 0, end: keyGroupCount } : keyGroupRange(instance, parallelism)
    const runs: StateRun[] = []
    for (let start = 0; start < gids.length; start += runRows) {
      const rows = Math.min(runRows, gids.length - start)
      const arena = device.arena()
      try {
        const indices = arena.allocate(4 * rows)
        device.memory.int32s(indices, rows).set(gids.subarray(start, start + rows))
        const own = isShared ? [] : gatherOwned(device, arena, keys.batch(), indices, rows).columns
        const values = fields.map((field, i) => buildColumn(device, arena, field, part(columns[i]!, start, start + rows), `${where}, ${table}`))
        const batch: Batch = { fields: [...(isShared ? [] : keyFields), ...fields], rowCount: rows, columns: [...own, ...values], arena: arena.address }
        runs.push({ table, keyGroups, bytes: encodeRun(device, batch) })
      } finally {
        arena.release()
      }
    }
    return runs
  }

  /** Takes over what instances wrote, as far as its keys are this instance's. Gives how far event time had come. Throws PlanError STATE_INCOMPATIBLE. */
  read(runs: readonly StateRun[]): number {
    const { device } = this.#context
    let watermark = Number.NEGATIVE_INFINITY
    for (const run of runs) {
      if (run.table === 'clock') {
        watermark = Math.max(watermark, readClock(device, run))
        continue
      }
      const arena = device.arena()
      try {
        this.#readRun(arena, run.table, decodeRun(device, arena, run.bytes))
      } finally {
        arena.release()
      }
    }
    return watermark
  }

  #readRun(arena: Arena, table: string, all: Batch): void {
    const { device, instance, parallelism, where } = this.#context
    const { keys, keyFields, shared, states, event, processing } = this.#contents
    if (table.startsWith(sharedPrefix)) {
      const store = this.#storeOf(table.slice(sharedPrefix.length), all.fields, shared)!
      return store.restore(new Int32Array(all.rowCount), readersOf(device, store, all.fields, all.columns))
    }
    const own = all.fields.slice(keyFields.length)
    this.#checkKeys(all.fields.slice(0, keyFields.length))
    const store = this.#storeOf(table, own, states)
    const rows = rowsOfKeyGroups(device, arena, all, keyFields.map(field => field.name), keyGroupRange(instance, parallelism), where)
    if (rows.rowCount === 0) return
    const gids = keys.find(arena, rows.columns.slice(0, keyFields.length), rows.rowCount)
    const columns = rows.columns.slice(keyFields.length)
    if (store) return store.restore(gids, readersOf(device, store, own, columns))
    const time = valueReader(device.memory, columns[0]!)
    const queue = table === 'timers:event' ? event : processing
    gids.forEach((gid, row) => queue.add(gid, time(row) as number))
  }

  #checkKeys(written: Fields): void {
    const { keyFields } = this.#contents
    const fits = keyFields.every((field, i) => written[i]?.name === field.name && sameType(written[i].type, field.type))
    if (!fits) throw this.#refused(`its keys are ${describeFields(written)}, and the job's are ${describeFields(keyFields)}`)
  }

  // The store of a table; undefined for timers.
  #storeOf(table: string, written: Fields, states: readonly NamedState[]): StateStore | undefined {
    if (table === 'timers:event' || table === 'timers:processing') {
      if (written.length === 1 && written[0]!.type.kind === 'float64' && !written[0]!.nullable) return undefined
      throw this.#refused(`its timers are ${describeFields(written)}, which are no times`)
    }
    const at = table.indexOf(':')
    const [kind, name] = [table.slice(0, at), table.slice(at + 1)]
    const state = states.find(one => one.name === name)
    const was = `${kind} of ${written.filter(field => field.name === '$key' || field.name === '$value').map(field => typeName(field.type, field.nullable)).join(' to ')}`
    if (!state) throw this.#refused(`it holds the state "${name}", ${was}, and the job has no such state`)
    const { shape, store } = state
    // Stamps may come and go with a time to live.
    const entry = store.fields.filter(field => field.name === '$key' || field.name === '$value')
    const fits = kind === shape.kind && entry.every(field => written.some(f => f.name === field.name && sameType(f.type, field.type) && (field.nullable || !f.nullable)))
    if (!fits) throw this.#refused(`its state "${name}" is ${was}, and the job's is ${describeShape({ kind: shape.kind, type: shape.type, ...(shape.key !== undefined && { key: shape.key }) })}`)
    return store
  }

  #refused(what: string): PlanError {
    const { where } = this.#context
    return new PlanError('STATE_INCOMPATIBLE', `${where}: the checkpoint doesn't fit this step: ${what}; restore the job as it was, or start afresh with restore: 'none'`)
  }
}

// Typed arrays are taken as they are, and copied whole where the column is of their type.
function part(values: ArrayLike<unknown>, start: number, end: number): ArrayLike<unknown> {
  if (start === 0 && end === values.length) return values
  return Array.isArray(values) ? values.slice(start, end) : (values as Float64Array).subarray(start, end)
}

// Readers of what a store needs; of stamps there may be none.
function readersOf(device: Device, store: StateStore, written: Fields, columns: readonly Column[]): (((row: number) => Value) | undefined)[] {
  return store.fields.map(field => {
    const column = columns[written.findIndex(f => f.name === field.name)]
    return column && valueReader(device.memory, column)
  })
}

function describeFields(fields: Fields): string {
  return fields.map(({ name, type, nullable }) => `${name}: ${typeName(type, nullable)}`).join(', ')
}
