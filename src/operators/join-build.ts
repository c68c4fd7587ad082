// The right side of a join over bounded input: takes all its rows and makes the table that probing instances share. It runs alone; what it emits is one
// row that says where the table lies, and whose arena keeps it.
import { keyGroupCount } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { int64 } from '../batch/data-type.ts'
import type { KeyForm } from '../compute/join-keys.ts'
import { ChunkStore } from '../compute/join-store.ts'
import { buildTable, type TableData } from '../compute/join-table.ts'
import type { Device } from '../device/device.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `joinBuild`: the key columns and how they meet the other side's; whether met rows are to be known. */
export type JoinBuildParams = { readonly keys: readonly string[]; readonly forms: readonly KeyForm[]; readonly marks: boolean }

/** The hidden column that holds a table's address; the others of the edge have no values, they tell the fields. */
export const tableField = '$table'

/** Stores the side that is looked up. */
export const joinBuildOperator: OperatorType<JoinBuildParams> = {
  kind: 'joinBuild',
  inputCount: 1,
  placement: () => 'single',
  fields: ([input]) => [{ name: tableField, type: int64, nullable: false }, ...visible(input!)],
  needs: (_, { keys }, __, readers) => (readers === 'all' ? 'all' : new Set([...readers, ...keys])),
  describe: ({ keys }) => `all rows${keys.length > 0 ? `, by ${keys.join(', ')}` : ''}`,
  create: (context, params, [input]) => new JoinBuild(context, params, input!),
}

class JoinBuild implements Operator {
  readonly #context: OperatorContext
  readonly #params: JoinBuildParams
  readonly #columns: readonly number[]
  readonly #keys: readonly number[]
  readonly #store: ChunkStore
  constructor(context: OperatorContext, params: JoinBuildParams, input: Fields) {
    const fields = visible(input)
    this.#context = context
    this.#params = params
    this.#columns = fields.map(field => input.indexOf(field))
    this.#keys = params.keys.map(key => columnIndex(fields, key, context.where))
    this.#store = new ChunkStore(context.device, fields)
  }

  push(batch: Batch): void {
    this.#store.add({ ...batch, columns: this.#columns.map(i => batch.columns[i]!) })
  }

  finish(out: Output): void {
    const { device, arena } = this.#context
    const table = buildTable(device, this.#store, this.#keys, this.#params.forms, { marks: this.#params.marks })
    arena.hold(table.arena)
    const empty = this.#store.fields.map(({ type }) => ({ type, length: 1, values: 0, validity: 0 }))
    const fields = joinBuildOperator.fields([this.#store.fields], this.#params, '')
    const values = arena.allocate(8)
    device.memory.int64s(values, 1)[0] = BigInt(writeTable(device, arena, table))
    out.emit({ fields, rowCount: 1, columns: [{ type: int64, length: 1, values, validity: 0 }, ...empty], arena: arena.address })
  }

  snapshot(): StateRun[] {
    const { device } = this.#context
    return this.#store.chunks().map(chunk => ({ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, chunk) }))
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#store.add(decodeRun(device, arena, run.bytes))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#store.close()
  }
}

// [bytes u32][JSON], in the arena of the message that hands the table over.
function writeTable(device: Device, arena: OperatorContext['arena'], table: TableData): number {
  const bytes = new TextEncoder().encode(JSON.stringify(table))
  const address = arena.allocate(4 + bytes.length)
  device.memory.uint32s(address, 1)[0] = bytes.length
  device.memory.write(address + 4, bytes)
  return address
}

/** The table that a batch of `joinBuild` tells of. It lives as long as the batch's arena. */
export function readTable(device: Device, batch: Batch): TableData {
  const address = Number(device.memory.int64s(batch.columns[0]!.values, 1)[0]!)
  return JSON.parse(device.memory.text(address + 4, device.memory.uint32s(address, 1)[0]!)) as TableData
}
