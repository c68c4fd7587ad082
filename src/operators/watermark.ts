// Makes event time: a hidden column `$watermark` says for each row what the watermark was just before it, so that what is late never
// depends on how rows were batched; and the watermark that goes on to the operators behind. Source order is needed, so it runs alone.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { formatDuration } from '../base/units.ts'
import type { Batch } from '../batch/batch.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { int64 } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { rowReader } from '../batch/read-values.ts'
import { columnIndex, type Field, fieldOf, type Fields, parseSchema } from '../batch/schema.ts'
import { keyGroupCount } from '../base/hash.ts'
import { share } from '../compute/compact.ts'
import { OwnedMemory } from '../compute/owned-memory.ts'
import { floorTimes, SplitWatermarks } from '../compute/window.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** The name of the hidden column of watermarks. */
export const watermarkColumn = '$watermark'

/** Parameters of `watermark`. `boundMs`: the disorder to wait for. `saidColumn`: rows say in it up to which time all have come, instead of by their own times. A split without rows for `idleMs` of clock time is not waited for. */
export interface WatermarkParams {
  readonly time: string
  readonly boundMs: number
  readonly idleMs?: number
  readonly saidColumn?: string
  /** Sources of the group's steps are read no further while they are so far ahead of the least of them. */
  readonly align?: { readonly group: string; readonly driftMs: number }
  /** An int32 column whose values are the splits (partitions) of the source; each has its own greatest time, and the least counts. */
  readonly splitColumn?: string
  /** Splits 0 … splitCount − 1 are waited for before their first row. */
  readonly splitCount?: number
  readonly [key: string]: Json | undefined
}

const stateFields = parseSchema({ split: 'int32', greatest: 'timestamp[ms]?', watermark: 'timestamp[ms]?' }, 'watermark')

/** Adds `$watermark` and advances event time. Rows without a time have no part in it. */
export const watermarkOperator: OperatorType<WatermarkParams> = {
  kind: 'watermark',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'single',
  stateWeight: 0,
  fields([input], params, where) {
    checkTime(input!, params.time, where)
    if (params.saidColumn !== undefined) checkTime(input!, params.saidColumn, where)
    if (params.splitColumn !== undefined) {
      const split = fieldOf(input!, params.splitColumn, where)
      if (split.type.kind !== 'int32' || split.nullable)
        throw new PlanError('SPLIT_TYPE', `${where}: the split column "${split.name}" is ${typeName(split.type, split.nullable)}; it must be int32`)
    }
    for (const [name, ms] of [
      ['bound', params.boundMs],
      ['idle', params.idleMs ?? 1],
      ['drift', params.align?.driftMs ?? 0],
    ] as const) {
      if (!Number.isInteger(ms) || ms < 0) throw new PlanError('WATERMARK', `${where}: the ${name} is ${ms} ms; give 0 or more whole milliseconds`)
    }
    return [...input!.filter(f => f.name !== watermarkColumn && f.name !== params.saidColumn), watermarkField]
  },
  describe: params => `${params.time}${params.saidColumn === undefined ? '' : ', as rows say'}${params.boundMs > 0 ? ` − ${formatDuration(params.boundMs)}` : ''}${params.idleMs ? `, idle after ${formatDuration(params.idleMs)}` : ''}${params.align ? `, at most ${formatDuration(params.align.driftMs)} ahead of others of ${params.align.group}` : ''}`,
  create: (context, params) => new WatermarkOperator(context, params),
}

/** Its field. */
export const watermarkField: Field = { name: watermarkColumn, type: int64, nullable: false }

/** Throws PlanError TIME_TYPE unless the column can carry event time. */
export function checkTime(fields: Fields, time: string, where: string): void {
  const field = fieldOf(fields, time, where)
  if (field.type.kind !== 'timestamp') {
    throw new PlanError(
      'TIME_TYPE',
      `${where}: the time column "${time}" is ${typeName(field.type, field.nullable)}; it must be a timestamp, such as 'timestamp[ms]'`,
    )
  }
}

/**
 * For each row what the watermark was just before it, as addresses of int64: by `$watermark`, at `position`; where that is −1, behind steps that have no column
 * of it, `last`, the one that reached the operator last. 0 while there was none.
 */
export function watermarksOf({ device, arena }: OperatorContext, batch: Batch, position: number, last: number): number {
  if (position >= 0) return batch.columns[position]!.values
  if (last === Number.NEGATIVE_INFINITY) return 0
  const watermarks = arena.allocate(8 * batch.rowCount)
  device.memory.int64s(watermarks, batch.rowCount).fill(Number.isFinite(last) ? BigInt(Math.floor(last)) : 2n ** 63n - 1n)
  return watermarks
}

class WatermarkOperator implements Operator {
  readonly #context: OperatorContext
  readonly #params: WatermarkParams
  readonly #memory: OwnedMemory
  readonly #splits: SplitWatermarks
  readonly #seenAt = new Map<number, number>()
  #since: number
  constructor(context: OperatorContext, params: WatermarkParams) {
    this.#context = context
    this.#params = params
    this.#memory = new OwnedMemory(context.device)
    // By its own time alone a row says that all before that millisecond have come.
    this.#splits = new SplitWatermarks(context.device, this.#memory, params.saidColumn === undefined ? params.boundMs : params.boundMs - 1)
    this.#since = context.clock.elapsed()
    const declared = Array.from({ length: params.splitCount ?? 0 }, (_, split) => ({ split, greatest: Number.NEGATIVE_INFINITY, idle: false }))
    this.#splits.declare(declared, Number.NEGATIVE_INFINITY)
  }

  push(batch: Batch, out: Output): void {
    const { device, arena, where } = this.#context
    const times = floorTimes(device, arena, batch.columns[columnIndex(batch.fields, this.#params.saidColumn ?? this.#params.time, where)]!)
    const splits = this.#params.splitColumn === undefined ? undefined : batch.columns[columnIndex(batch.fields, this.#params.splitColumn, where)]!
    const column = this.#splits.run(arena, times, splits, batch.rowCount)
    const kept = batch.fields.map((field, i) => ({ field, column: batch.columns[i]! })).filter(c => c.field.name !== watermarkColumn && c.field.name !== this.#params.saidColumn)
    const fields = [...kept.map(c => c.field), watermarkField]
    out.emit({ ...share(device, arena, batch), fields, columns: [...kept.map(c => c.column), column] })
  }

  watermark(): number {
    return this.#splits.watermark
  }

  tick(_now: number): void {
    const { idleMs } = this.#params
    if (idleMs === undefined) return
    const elapsed = this.#context.clock.elapsed()
    this.#splits.settle((split, hadRows) => {
      if (hadRows) this.#seenAt.set(split, elapsed)
      return elapsed - (this.#seenAt.get(split) ?? this.#since) >= idleMs
    })
  }

  snapshot(): StateRun[] {
    const { device } = this.#context
    const watermark = finite(this.#splits.watermark)
    const rows = this.#splits.splits().map(({ split, greatest }) => ({ split, greatest: finite(greatest), watermark }))
    const arena = device.arena()
    try {
      return [
        { table: 'splits', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, buildBatch(device, arena, stateFields, rows, 'watermark')) },
      ]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    const arena = device.arena()
    try {
      for (const run of runs) {
        const batch = decodeRun(device, arena, run.bytes)
        const read = rowReader(device.memory, batch)
        const rows = Array.from({ length: batch.rowCount }, (_, row) => read(row) as { split: number; greatest: number | null; watermark: number | null })
        const splits = rows.map(r => ({ split: r.split, greatest: r.greatest ?? Number.NEGATIVE_INFINITY, idle: false }))
        this.#splits.declare(splits, rows[0]?.watermark ?? Number.NEGATIVE_INFINITY)
      }
    } finally {
      arena.release()
    }
    this.#since = this.#context.clock.elapsed()
  }

  close(): void {
    this.#memory.close()
  }
}

function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null
}
