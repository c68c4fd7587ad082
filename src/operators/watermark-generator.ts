// A user's function that says what the watermark is: called with each row in the order of the source, and with an object per split that it may keep things in. What it
// returns goes into a hidden column, which `watermark` takes its times from.
import { DataError } from '../base/errors.ts'
import { describeFunction, type FunctionReference, isClosure } from '../base/function-reference.ts'
import { keyGroupCount } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { buildBatch, buildColumn } from '../batch/build-columns.ts'
import { timestampMs } from '../batch/data-type.ts'
import { type PlainRow, rowReader, valueReader } from '../batch/read-values.ts'
import { columnIndex, type Field, parseSchema, visible } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { callable } from './row-functions.ts'

/** The hidden column: up to which time each row says that all rows have come. */
export const saidColumn = '$said'

/** Parameters of `watermarkGenerator`. `splitColumn`: an int32 column; the function keeps an object for each of its values. */
export type WatermarkGeneratorParams = { readonly function: FunctionReference & Json; readonly splitColumn?: string }

const stateFields = parseSchema({ split: 'int32', kept: 'utf8' }, 'watermark')
const saidField: Field = { name: saidColumn, type: timestampMs, nullable: true }
/** What a function keeps of a split, as JSON at most. */
const keptBytesMax = 1 << 20

/** Adds `$said`. Rows become objects, one at a time. */
export const watermarkGeneratorOperator: OperatorType<WatermarkGeneratorParams> = {
  kind: 'watermarkGenerator',
  inputCount: 1,
  takesChanges: true,
  placement: params => (isClosure(params.function) ? 'main' : 'single'),
  stateWeight: 0,
  fields: ([input]) => [...input!.filter(f => f.name !== saidColumn), saidField],
  describe: params => `watermarks by ${describeFunction(params.function)}`,
  create: (context, params) => new WatermarkGenerator(context, params),
}

class WatermarkGenerator implements Operator {
  readonly #context: OperatorContext
  readonly #params: WatermarkGeneratorParams
  readonly #call: ReturnType<typeof callable>
  readonly #kept = new Map<number, Record<string, unknown>>()

  constructor(context: OperatorContext, params: WatermarkGeneratorParams) {
    this.#context = context
    this.#params = params
    this.#call = callable(context, params.function)
  }

  push(batch: Batch, out: Output): void {
    const { device, arena, where } = this.#context
    const { splitColumn } = this.#params
    const shown = visible(batch.fields)
    const read = rowReader(device.memory, { ...batch, fields: shown, columns: shown.map(field => batch.columns[columnIndex(batch.fields, field.name, where)]!) })
    const splitOf = splitColumn === undefined ? () => 0 : (valueReader(device.memory, batch.columns[columnIndex(batch.fields, splitColumn, where)]!) as (row: number) => number)
    const said: (number | null)[] = []
    for (let row = 0; row < batch.rowCount; row++) said.push(timeOf(this.#call(read(row), row, this.#keptOf(splitOf(row))), where, row))
    const kept = batch.fields.map((field, i) => ({ field, column: batch.columns[i]! })).filter(c => c.field.name !== saidColumn)
    const column = buildColumn(device, arena, saidField, said, where)
    out.emit({ ...share(device, arena, batch), fields: [...kept.map(c => c.field), saidField], columns: [...kept.map(c => c.column), column] })
  }

  #keptOf(split: number): Record<string, unknown> {
    let kept = this.#kept.get(split)
    if (!kept) this.#kept.set(split, (kept = {}))
    return kept
  }

  snapshot(): StateRun[] {
    const { device, where } = this.#context
    const arena = device.arena()
    try {
      const rows = [...this.#kept].map(([split, kept]) => ({ split, kept: textOf(kept, where) }))
      return [{ table: 'kept', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, buildBatch(device, arena, stateFields, rows, where)) }]
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
        const read = rowReader(device.memory, batch) as (row: number) => PlainRow
        for (let row = 0; row < batch.rowCount; row++) {
          const { split, kept } = read(row) as { split: number; kept: string }
          this.#kept.set(split, JSON.parse(kept) as Record<string, unknown>)
        }
      }
    } finally {
      arena.release()
    }
  }
}

function timeOf(said: unknown, where: string, row: number): number | null {
  if (said === undefined || said === null) return null
  const time = said instanceof Date ? said.getTime() : typeof said === 'bigint' ? Number(said) : said
  if (typeof time === 'number' && Number.isFinite(time) && Math.abs(time) <= Number.MAX_SAFE_INTEGER) return Math.floor(time)
  throw new DataError('USER_RESULT', `${where}: the function returned ${String(said)} for row ${row} of its batch; return a time (a Date, or milliseconds since 1970), or nothing where the row says nothing`)
}

function textOf(kept: object, where: string): string {
  const text = JSON.stringify(kept, (key, value: unknown) => {
    const isPlain = value === null || ['string', 'boolean'].includes(typeof value) || (typeof value === 'number' && Number.isFinite(value)) || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    if (value === undefined || isPlain) return value
    throw new DataError('USER_STATE', `${where}: what the function keeps as "${key}" is ${typeof value === 'object' ? Object.prototype.toString.call(value) : String(value)}, which a checkpoint can't have; keep texts, finite numbers, booleans, null, arrays and plain objects`)
  })
  if (text.length > keptBytesMax) throw new DataError('USER_STATE', `${where}: what the function keeps of a split is ${text.length} characters of JSON; keep at most ${keptBytesMax}`)
  return text
}
