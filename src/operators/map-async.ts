// mapAsync: a row for each row by a function that answers later. Rows wait in the batches they came in, which are held until all of their results have
// left; `settle` makes the flow wait where too much is under way, and barriers wait for all of it, so that rows in flight belong to their epoch.
import { DataError } from '../base/errors.ts'
import { describeFunction, type FunctionReference, isClosure } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { type Batch, releaseBatch, retainBatch } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { type PlainRow, rowReader } from '../batch/read-values.ts'
import { type Fields, isHidden, parseSchema } from '../batch/schema.ts'
import { AsyncCalls, type CallLimits } from './async-calls.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { merged, outputFields, type RowFunctionParams } from './row-functions.ts'

/** `adds` puts columns to the input's, `schema` replaces them all. `ordered`: results leave in the order of their rows. */
export type MapAsyncParams = RowFunctionParams & CallLimits & { readonly ordered: boolean }

/** Rows of batches that have not left as a whole, beyond those under way, from which on no further batch is taken. */
const heldRowsMax = 131_072
/** Results are put together until there are so many, or the first has waited so long. */
const emitRows = 1_024
const emitMs = 10

/** A row for each row, later. */
export const mapAsyncOperator: OperatorType<MapAsyncParams & Json> = {
  kind: 'mapAsync',
  inputCount: 1,
  waits: true,
  placement: params => (isClosure(params.function) ? 'main' : 'single'),
  fields: ([input], params, where) => outputFields(input!, params, where),
  describe: ({ function: reference, capacity, ordered }) => `map later with ${describeFunction(reference as FunctionReference)}, ${capacity} at a time${ordered ? '' : ', as they come'}`,
  create: (context, params, [input]) => new MapAsync(context, params, input!),
}

/** A batch whose results have not all left. */
interface HeldBatch {
  readonly batch: Batch
  readonly read: (row: number) => PlainRow
  /** The number of its first row among all. */
  readonly first: number
  readonly results: (PlainRow | undefined)[]
  started: number
  left: number
  /** Rows whose results wait, in the order in which they came. */
  ready: number[]
}

class MapAsync implements Operator {
  readonly #context: OperatorContext
  readonly #ordered: boolean
  readonly #fields: Fields
  readonly #made: Fields
  readonly #calls: AsyncCalls
  readonly #capacity: number
  readonly #held: HeldBatch[] = []
  #heldRows = 0
  #rows = 0
  #ready = 0
  #emittedAt: number
  /** Watermarks that wait for the rows before them. */
  readonly #marks: { readonly rows: number; readonly watermark: number }[] = []
  #watermark = Number.NEGATIVE_INFINITY

  constructor(context: OperatorContext, params: MapAsyncParams, input: Fields) {
    this.#context = context
    this.#ordered = params.ordered
    this.#capacity = params.capacity
    this.#fields = outputFields(input, params, context.where)
    this.#made = params.adds && !params.schema ? parseSchema(params.adds, context.where) : this.#fields.filter(f => !isHidden(f.name))
    this.#calls = new AsyncCalls(context.userFunction!(params.function) as never, params, context.clock, context.where)
    this.#emittedAt = context.clock.elapsed()
  }

  push(batch: Batch, out: Output): void {
    const { device } = this.#context
    retainBatch(device, batch)
    this.#held.push({ batch, read: rowReader(device.memory, batch), first: this.#rows, results: new Array(batch.rowCount), started: 0, left: 0, ready: [] })
    this.#rows += batch.rowCount
    this.#heldRows += batch.rowCount
    this.#start()
    this.emitReady(out)
  }

  // Undefined where another batch may come: all rows are under way, and no old batch is held for a few of its rows.
  settle(all: boolean): Promise<void> | undefined {
    this.#calls.check()
    const mustWait = all ? this.#held.length > 0 : this.#held.some(held => held.started < held.batch.rowCount) || this.#heldRows > this.#capacity + heldRowsMax
    if (!mustWait) return undefined
    return this.#calls.count === 0 ? Promise.resolve() : this.#calls.next()
  }

  /** Emits what is there, once it is worth a batch. */
  emitReady(out: Output): void {
    this.#calls.check()
    const idle = this.#calls.count === 0
    if (idle || this.#ready >= emitRows || this.#context.clock.elapsed() - this.#emittedAt >= emitMs) this.#emit(out)
  }

  tick(_now: number, out: Output): void {
    this.#calls.check()
    this.#emit(out)
  }

  advance(watermark: number): void {
    if (watermark === Number.POSITIVE_INFINITY) return
    if (this.#held.length === 0) this.#watermark = watermark
    else this.#marks.push({ rows: this.#rows, watermark })
  }

  watermark(): number {
    return this.#watermark
  }

  finish(out: Output): void {
    this.#emit(out)
  }

  close(): void {
    this.#calls.close()
    for (const { batch } of this.#held.splice(0)) releaseBatch(this.#context.device, batch)
  }

  #start(): void {
    for (const held of this.#held) {
      while (held.started < held.batch.rowCount) {
        if (!this.#calls.hasRoom) return
        const row = held.started++
        this.#calls.start(held.read(row), held.first + row, result => this.#answered(held, row, result))
      }
    }
  }

  #answered(held: HeldBatch, row: number, result: unknown): void {
    held.results[row] = this.#checked(result, held.first + row)
    held.ready.push(row)
    this.#ready++
    this.#start()
  }

  // A wrong result is found when it comes, and reported with the next batch that is made.
  #checked(result: unknown, number: number): PlainRow {
    if (typeof result === 'object' && result !== null) return result as PlainRow
    return { [wrong]: new DataError('USER_RESULT', `${this.#context.where}: the function gave ${String(result)} for row ${number}; give an object with a property per column`) } as unknown as PlainRow
  }

  #emit(out: Output): void {
    this.#emittedAt = this.#context.clock.elapsed()
    for (const held of this.#held) {
      const rows = this.#ordered ? inOrder(held) : held.ready.splice(0)
      if (rows.length > 0) this.#emitRows(held, rows, out)
      if (this.#ordered && held.left < held.batch.rowCount) break
    }
    for (let i = this.#held.length - 1; i >= 0; i--) {
      const { batch, left } = this.#held[i]!
      if (left < batch.rowCount) continue
      this.#held.splice(i, 1)
      this.#heldRows -= batch.rowCount
      releaseBatch(this.#context.device, batch)
    }
    const whole = this.#held[0]?.first ?? this.#rows
    while (this.#marks.length > 0 && this.#marks[0]!.rows <= whole) this.#watermark = this.#marks.shift()!.watermark
  }

  #emitRows(held: HeldBatch, rows: readonly number[], out: Output): void {
    const { device, arena, where } = this.#context
    const results = rows.map(row => held.results[row]!)
    const bad = results.find(result => wrong in result) as { [wrong]?: Error } | undefined
    if (bad) throw bad[wrong]
    const columns = this.#made.map(field => buildColumn(device, arena, field, results.map(result => result[field.name]), i => `${where}, row ${held.first + rows[i]!}`))
    for (const row of rows) held.results[row] = undefined
    held.left += rows.length
    this.#ready -= rows.length
    out.emit(merged(this.#context, held.batch, rows, this.#fields, { fields: this.#made, rowCount: rows.length, columns, arena: arena.address }))
  }
}

const wrong = Symbol('wrong')

// The rows from the first that has not left on, up to one whose result is missing.
function inOrder(held: HeldBatch): number[] {
  const rows: number[] = []
  for (let row = held.left; held.results[row] !== undefined; row++) rows.push(row)
  held.ready = []
  return rows
}
