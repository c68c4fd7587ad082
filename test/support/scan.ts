// Runs a scan as a worker would: all splits in order, each emitted batch as rows by port. Fails if memory is left.
import { rowReader } from '../../src/batch/read-values.ts'
import type { Fields } from '../../src/batch/schema.ts'
import type { Arena } from '../../src/device/arena.ts'
import { releaseBatch } from '../../src/batch/batch.ts'
import type { Device } from '../../src/device/device.ts'
import type { ScanContext, ScanSourceType } from '../../src/source/source.ts'

/** What came out of a scan. `rows` are those of the main output; `ports` holds side outputs. */
export interface ScanRun {
  readonly fields: Fields
  readonly rows: Record<string, unknown>[]
  readonly ports: Record<string, Record<string, unknown>[]>
  readonly batchRows: number[]
  readonly metrics: Record<string, number>
  readonly splits: number
}

/** Resolves and reads everything. */
export function runScan(device: Device, type: ScanSourceType<never>, options: unknown, batchRows = 1_000, columns?: readonly string[]): ScanRun {
  const scan = type as unknown as ScanSourceType
  const resolved = scan.resolve(options as never, `read.${scan.kind}`)
  const run: ScanRun = { fields: resolved.fields, rows: [], ports: {}, batchRows: [], metrics: {}, splits: scan.splits(resolved.options).length }
  const before = device.pages.used()
  let current: Arena | undefined
  const sharedBytes = scan.sharedBytes?.(resolved.options) ?? 0
  const shared = sharedBytes > 0 ? device.arena() : undefined
  const sharedAt = shared?.allocateZeroed(sharedBytes) ?? 0
  const context: ScanContext = {
    device,
    where: `read.${scan.kind}`,
    batchRows,
    shared: sharedAt,
    arena() {
      current?.release()
      current = device.arena()
      return current
    },
    emit(batch, port) {
      if (batch.arena === current?.address) current = undefined
      const read = rowReader(device.memory, batch)
      const rows = port === undefined ? run.rows : (run.ports[port] ??= [])
      for (let row = 0; row < batch.rowCount; row++) rows.push(read(row))
      if (port === undefined) run.batchRows.push(batch.rowCount)
      releaseBatch(device, batch)
    },
    count: (metric, by) => {
      run.metrics[metric] = (run.metrics[metric] ?? 0) + by
    },
  }
  // Plain data all the way, as a plan is.
  const planned = JSON.parse(JSON.stringify(resolved.options)) as never
  try {
    for (const split of scan.splits(planned)) {
      try {
        for (const _ of scan.read(context, planned, split, columns));
      } finally {
        current?.release()
        current = undefined
      }
    }
  } finally {
    shared?.release()
  }
  if (device.pages.used() !== before) throw new RangeError(`the scan left ${device.pages.used() - before} pages behind`)
  return run
}
