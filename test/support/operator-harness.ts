// Drives one operator directly, as a task does: an arena per call, inputs that die after their call, emitted batches that live on. `close` checks
// that emitted batches don't point into the operator's memory, and that no page stays in use.
import { expect } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import type { UserFunction } from '../../src/base/function-reference.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import type { Json } from '../../src/base/json.ts'
import { type Batch, releaseBatch, retainBatch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { type Fields, parseSchema, type SchemaLike } from '../../src/batch/schema.ts'
import type { ReadyGpu } from '../../src/compute/ready-gpu.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import type { AnyOperatorType, Operator, OperatorContext, OperatorType, Output } from '../../src/operators/operator.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { storedRuns } from './stored-runs.ts'

/** How to run: which instance of how many, the place's name, whether the input ends. */
export interface HarnessOptions {
  device?: Device
  instance?: number
  parallelism?: number
  where?: string
  bounded?: boolean
  clock?: Clock
  gpu?: ReadyGpu
  /** The user function behind every reference. */
  userFunction?: UserFunction
  /** What it may hold before it spills; no bound unless given. */
  stateBytesMax?: number
  /** Hidden columns of the inputs (names that begin with $), by port. */
  hidden?: readonly Fields[]
}

/** A running operator, fed with rows as plain objects. */
export interface OperatorHarness {
  readonly device: Device
  readonly operator: Operator
  readonly fields: Fields
  /** Metrics by name, as counted so far. */
  readonly counts: Record<string, number>
  push(rows: readonly Record<string, unknown>[], port?: number): void
  pushBatch(batch: Batch, port?: number): void
  advance(watermark: number): void
  tick(now: number): void
  finish(port?: number): void
  snapshot(): StateRun[]
  restore(runs: readonly StateRun[]): void
  /** Visible rows emitted so far; of the side output `port` where one is named. */
  rows(port?: string): PlainRow[]
  /** Sizes of the batches emitted so far. */
  batchSizes(port?: string): number[]
  /** Bytes written to spill files so far. */
  spilledBytes(): number
  /** Batches emitted so far, and those of them that are blocks, which `rows` leaves out. */
  batches(): Batch[]
  blocks(): Batch[]
  /** Closes the operator and checks it; returns all rows that it emitted. */
  close(): PlainRow[]
}

/** Makes an instance of `type` over inputs of the given schemas. */
export async function operatorHarness<P extends Json>(type: OperatorType<P>, params: P, schemas: readonly SchemaLike[], options: HarnessOptions = {}): Promise<OperatorHarness> {
  const device = options.device ?? (await createDevice({ relaxed: false }))
  const pagesBefore = device.pages.used()
  const inputs = schemas.map((schema, port) => [...parseSchema(schema, `input ${port}`), ...(options.hidden?.[port] ?? [])])
  const where = options.where ?? type.kind
  const fields = type.fields(inputs, params, where)
  const counts: Record<string, number> = {}
  const first = device.arena()
  let rowsTaken = 0n
  let spilledBytes = 0
  const spill = new SpillFiles(undefined, bytes => (spilledBytes += bytes))
  const context: OperatorContext = {
    device,
    arena: first,
    clock: options.clock ?? ({ now: () => 0 } as unknown as Clock),
    instance: options.instance ?? 0,
    parallelism: options.parallelism ?? 1,
    stateBytesMax: options.stateBytesMax ?? Number.POSITIVE_INFINITY,
    spill,
    where,
    bounded: options.bounded ?? true,
    gpu: options.gpu,
    ...(options.userFunction && { userFunction: () => options.userFunction! }),
    takeOrder: rows => (rowsTaken += BigInt(rows)) - BigInt(rows),
    count: (metric, by) => (counts[metric] = (counts[metric] ?? 0) + by),
  }
  const operator = type.create(context, params, inputs)
  first.release()
  const emitted: { batch: Batch; port: string | undefined }[] = []
  const out: Output = {
    emit(batch, port) {
      expect(batch.arena, `${where}: an emitted batch lies in the arena of the call`).toBe(context.arena.address)
      if (batch.block === undefined) expect(batch.columns.length, `${where}: columns`).toBe(batch.fields.length)
      batch.columns.forEach((column, i) => expect(column.length, `${where}: rows of column ${batch.fields[i]!.name}`).toBe(batch.rowCount))
      emitted.push({ batch: retainBatch(device, batch), port })
    },
  }
  const call = <T>(body: () => T): T => {
    const arena = device.arena()
    context.arena = arena
    try {
      return body()
    } finally {
      arena.release()
    }
  }
  let open = schemas.length
  const read = (port?: string) =>
    emitted.filter(e => e.port === port && e.batch.block === undefined).flatMap(({ batch }) => Array.from({ length: batch.rowCount }, (_, row) => rowReader(device.memory, batch)(row)))
  return {
    device,
    operator,
    fields,
    counts,
    push(rows, port = 0) {
      const own = device.arena()
      const batch = buildBatch(device, own, inputs[port]!, rows, 'harness')
      try {
        call(() => operator.push(batch, out, port))
      } finally {
        own.release()
      }
    },
    pushBatch: (batch, port = 0) => call(() => operator.push(batch, out, port)),
    advance: watermark => call(() => operator.advance?.(watermark, out)),
    tick: now => call(() => operator.tick?.(now, out)),
    finish(port = 0) {
      call(() => operator.finish?.(out, port))
      open--
      while (open === 0 && call(() => operator.drain?.(out)));
    },
    snapshot: () => storedRuns(call(() => operator.snapshot?.() ?? [])),
    restore: runs => call(() => operator.restore?.(runs)),
    rows: port => read(port),
    spilledBytes: () => spilledBytes,
    batches: () => emitted.map(e => e.batch),
    blocks: () => emitted.map(e => e.batch).filter(batch => batch.block !== undefined),
    batchSizes: port => emitted.filter(e => e.port === port).map(e => e.batch.rowCount),
    close() {
      const before = read()
      operator.close?.()
      spill.close()
      const pages = device.pages.allocate(64) // whatever the operator gave back is overwritten here
      device.memory.bytes(pages, 64 * 65_536).fill(0x5a)
      device.pages.free(pages, 64)
      const rows = read()
      expect(rows, `${where}: emitted rows outlive the operator`).toEqual(before)
      for (const { batch } of emitted.splice(0)) releaseBatch(device, batch)
      expect(device.pages.used(), `${where}: pages in use after close`).toBe(pagesBefore)
      return rows
    },
  }
}

/** As `operatorHarness`, of an operator whose parameters' type is forgotten. */
export function anyOperatorHarness(type: AnyOperatorType, params: Json, schemas: readonly SchemaLike[], options: HarnessOptions = {}): Promise<OperatorHarness> {
  return operatorHarness(type as unknown as OperatorType<Json>, params, schemas, options)
}
