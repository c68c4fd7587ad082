// Runs one operator over rows on a device of its own, batch by batch, as the scheduler would: for tests of operators.
import type { Json } from '../../src/base/json.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Batch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { parseSchema, type SchemaLike } from '../../src/batch/schema.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import type { Operator, OperatorContext, OperatorType } from '../../src/operators/operator.ts'
import type { StateRun } from '../../src/state/state-run.ts'

/** An operator under test. `counts` are its metrics. */
export interface OperatorRun {
  readonly operator: Operator
  readonly counts: Record<string, number>
  /** Pushes rows in batches of `batchRows` and gives what came out of the main output. */
  push(rows: readonly Record<string, unknown>[], batchRows?: number): PlainRow[]
  snapshot(): StateRun[]
  close(): void
}

/** Opens an operator over an input of `schema`; throws what `fields` throws for the parameters. */
export function openOperator<P extends Json>(device: Device, type: OperatorType<P>, schema: SchemaLike, params: P, restore?: readonly StateRun[]): OperatorRun {
  const fields = parseSchema(schema, 'test')
  type.fields([fields], params, type.kind)
  const counts: Record<string, number> = {}
  let arena: Arena | undefined
  const context: OperatorContext = {
    device,
    clock: systemClock,
    instance: 0,
    parallelism: 1,
    takeOrder: () => 0n,
    stateBytesMax: Number.POSITIVE_INFINITY,
    spill: new SpillFiles(),
    where: type.kind,
    bounded: true,
    get arena() {
      return arena!
    },
    count: (metric, by) => void (counts[metric] = (counts[metric] ?? 0) + by),
  }
  const operator = type.create(context, params, [fields])
  if (restore) operator.restore!(restore)
  const inArena = <T>(work: (arena: Arena) => T): T => {
    arena = device.arena()
    try {
      return work(arena)
    } finally {
      arena.release()
      arena = undefined
    }
  }
  return {
    operator,
    counts,
    push(rows, batchRows = rows.length) {
      const out: PlainRow[] = []
      const emit = (batch: Batch, port?: string) => {
        const read = rowReader(device.memory, batch)
        if (port === undefined) for (let row = 0; row < batch.rowCount; row++) out.push(read(row))
      }
      for (let start = 0; start < rows.length; start += batchRows) {
        inArena(own => operator.push(buildBatch(device, own, fields, rows.slice(start, start + batchRows), 'test'), { emit }, 0))
      }
      return out
    },
    snapshot: () => inArena(() => operator.snapshot!()),
    close: () => operator.close?.(),
  }
}
