// The left side of a join over bounded input: streams past the table of the right side, in as many instances as there are threads. Rows come out in left
// order, the matches of a row in right order; what a right or full join adds comes at the end. Where the right side lies on disk, join-spill.ts joins.
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, releaseBatch, retainBatch } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import { type Fields, visible } from '../batch/schema.ts'
import { markedIds } from '../compute/join-match.ts'
import { chunkRowsMax } from '../compute/join-store.ts'
import { isLastToEnd, type TableData } from '../compute/join-table.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { readTable } from './join-build.ts'
import { describeJoin, joinedFields, type JoinParams, neededOfJoin, sidesOf } from './join-fields.ts'
import { JoinOutput } from './join-output.ts'
import { SpilledJoin } from './join-spill.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'

/** Left rows beside the rows of the right side's table; where the join is turned, right rows beside those of the left side's. A null key meets nothing; NaN equals NaN, −0 equals 0. */
export const joinProbeOperator: OperatorType<JoinParams> = {
  kind: 'joinProbe',
  inputCount: 2,
  tablePort: 1,
  placement: () => 'any',
  fields: ([streaming, stored], params, where) => joinedFields(...sidesOf(params, [streaming!, stored!]), params, where),
  // Nothing is late where all rows are there, but an asOf join has the outputs that it has on streams.
  sidePorts: ([streaming, stored], { asOf }): Record<string, Fields> => (asOf ? { late: visible(streaming!), lateRight: visible(stored!) } : {}),
  needs: (inputs, params, port, readers) => neededOfJoin(inputs, params, port, readers, 'join'),
  describe: params => `${describeJoin(params)}, ${describeSide(params)} stored${params.range ? ', sorted for its bounds' : ''}`,
  create: (context, params, [streaming, stored]) => new JoinProbe(context, params, streaming!, stored!),
}

function describeSide({ turned }: JoinParams): string {
  return turned ? `left side (about ${turned.rows.map(rows => rows.toLocaleString('en-US')).join(' rows beside ')})` : 'right side'
}

class JoinProbe implements Operator {
  readonly #context: OperatorContext
  readonly #output: JoinOutput
  #tableBatch: Batch | undefined
  #table: TableData | undefined
  #spilled: SpilledJoin | undefined
  #restored: StateRun[] = []
  constructor(context: OperatorContext, params: JoinParams, streaming: Fields, stored: Fields) {
    this.#context = context
    this.#output = new JoinOutput(context, params, streaming, stored)
  }

  push(batch: Batch, out: Output, port: number): void {
    if (port === 1) return this.#takeTable(batch)
    const { rows, mask } = this.#output.filtered(this.#output.visibleRows(batch), !this.#spilled)
    if (rows.rowCount === 0) return
    if (this.#spilled) this.#spilled.add(rows)
    else this.#output.join(rows, this.#table!, this.#output.kind, out, 0, mask)
  }

  finish(out: Output, port: number): void {
    const { kind, emitsStored } = this.#output
    const table = this.#table
    if (port === 1 || !table || !emitsStored) return
    const { device, parallelism } = this.#context
    if (!isLastToEnd(device, table, parallelism)) return
    this.#output.completeMarks(table)
    for (let chunk = 0; chunk < table.rows.chunkRows.length; chunk++) {
      const scratch = device.arena()
      try {
        const { ids, count } = markedIds(device, scratch, table, chunk, kind === 'storedSemi')
        if (count > 0) emitApart(this.#context, () => this.#output.emitStored(table, ids, count, out))
      } finally {
        scratch.release()
      }
    }
  }

  drain(out: Output): boolean {
    return this.#spilled?.drain(out) ?? false
  }

  // Which stored rows were met: each instance writes down a part of the chunks. The rows themselves are the build's to keep.
  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    if (this.#spilled) return this.#spilled.snapshot()
    const table = this.#table
    if (!table || table.marks === 0) return []
    const ids: number[] = []
    for (let chunk = instance; chunk < table.rows.chunkRows.length; chunk += parallelism) {
      device.memory.bytes(table.marks + chunkRowsMax * chunk, table.rows.chunkRows[chunk]!).forEach((mark, row) => mark && ids.push(chunk * chunkRowsMax + row))
    }
    const arena = device.arena()
    try {
      const values = arena.allocate(8 * ids.length)
      device.memory.int64s(values, ids.length).set(ids.map(BigInt))
      const batch: Batch = { fields: [{ name: 'met', type: int64, nullable: false }], rowCount: ids.length, columns: [{ type: int64, length: ids.length, values, validity: 0 }], arena: arena.address }
      return [{ table: 'met', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, batch) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    this.#restored = [...runs]
  }

  close(): void {
    this.#spilled?.close()
    if (this.#tableBatch) releaseBatch(this.#context.device, this.#tableBatch)
  }

  // All instances get all runs: marks may be set twice, but spilled left rows must come back once.
  #takeTable(batch: Batch): void {
    const { device, instance, parallelism } = this.#context
    this.#tableBatch = retainBatch(device, batch)
    const found = readTable(device, batch)
    if ('spilled' in found) this.#spilled = new SpilledJoin(this.#context, this.#output, found.spilled)
    else this.#table = found.table
    this.#restored.splice(0).forEach((run, i) => {
      const arena = device.arena()
      try {
        const rows = decodeRun(device, arena, run.bytes)
        if (run.table === 'met') {
          for (const id of device.memory.int64s(rows.columns[0]!.values, rows.rowCount)) device.memory.bytes(this.#table!.marks + Number(id), 1)[0] = 1
        } else if (i % parallelism !== instance) return
        else if (this.#spilled) this.#spilled.add(rows)
      } finally {
        arena.release()
      }
    })
  }
}
