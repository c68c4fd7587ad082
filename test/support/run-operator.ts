// Runs one operator over batches of rows, as the scheduler would: an arena a batch, released after it.
import { buildBatch } from '../../src/batch/build-columns.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { type Fields, parseSchema } from '../../src/batch/schema.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { Device } from '../../src/device/device.ts'
import type { OperatorContext, OperatorType } from '../../src/operators/operator.ts'

type Rows = readonly Record<string, unknown>[]

/** What came out: the fields that were promised, and each emitted batch as rows. Hidden columns are kept, but not in the rows. */
export interface OperatorRun {
  readonly fields: Fields
  readonly batches: Record<string, unknown>[][]
  readonly emittedFields: Fields[]
}

/** Pushes each of `batches` through a fresh instance. Fails if memory is left. */
export function runOperator<P>(
  device: Device,
  type: OperatorType<never>,
  params: P,
  schema: Record<string, string> | Fields,
  batches: readonly Rows[],
): OperatorRun {
  const operator = type as unknown as OperatorType
  const fields = Array.isArray(schema) ? (schema as Fields) : parseSchema(schema as Record<string, string>, 'table')
  const outputFields = operator.fields([fields], params as never, operator.kind)
  const context: OperatorContext = {
    device,
    arena: undefined as never,
    clock: systemClock,
    instance: 0,
    parallelism: 1,
    takeOrder: () => 0n,
    stateBytesMax: Number.POSITIVE_INFINITY,
    spill: new SpillFiles(),
    where: operator.kind,
    bounded: true,
    count: () => {},
  }
  const instance = operator.create(context, params as never, [fields])
  const run: OperatorRun = { fields: outputFields, batches: [], emittedFields: [] }
  for (const rows of batches) {
    const arena = device.arena()
    try {
      context.arena = arena
      const batch = buildBatch(device, arena, fields, rows, 'table')
      instance.push(
        batch,
        {
          emit(out) {
            if (out.arena !== arena.address) throw new RangeError('a batch was emitted that lives in another arena')
            const read = rowReader(device.memory, out)
            run.batches.push(Array.from({ length: out.rowCount }, (_, row) => read(row)))
            run.emittedFields.push(out.fields)
          },
        },
        0,
      )
    } finally {
      arena.release()
    }
  }
  instance.close?.()
  return run
}
