// The inner join by equal keys of inputs that may never end: each batch first meets what the other side has stored, then is stored itself, so that
// every pair is emitted once, whichever came later. What memory has no room for lies in segments on disk (state/segmented-rows.ts). Inputs that end are
// joined by join-build.ts and join-probe.ts.
import { PlanError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { type DataType, int64, sameType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { compactBatch } from '../compute/compact.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { Arena } from '../device/arena.ts'
import { bindExpression } from '../expr/bind.ts'
import { evaluate, evaluateMask } from '../expr/evaluate.ts'
import { callExpression, columnExpression } from '../expr/expression.ts'
import type { Bound } from '../expr/function.ts'
import { decodeRun } from '../state/run-codec.ts'
import { SegmentedRows } from '../state/segmented-rows.ts'
import type { StateRun } from '../state/state-run.ts'
import { boundCondition, carriedFields, describeJoin, type JoinedColumn, joinedColumns, joinedFields, type JoinParams, neededOfJoin, pairFields } from './join-fields.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { watermarkColumn, watermarkField } from './watermark.ts'

const pairsMax = 32_768
const tables = ['left', 'right'] as const
const laterWatermark = callExpression('greatest', tables.map(side => columnExpression(`${side}.${watermarkColumn}`)))

/**
 * Left columns, then right columns without the keys. A null key matches nothing; NaN equals NaN, −0 equals 0. Hidden columns end here, but for `$watermark`: where both
 * inputs have it, a pair has the greater one, which is what the watermark was when the pair came to be.
 */
export const joinOperator: OperatorType<JoinParams> = {
  kind: 'join',
  inputCount: 2,
  placement: () => 'keyed',
  keys: (params, port) => (port === 0 ? params.left : params.right),
  fields([left, right], params, where) {
    keyTypes(left!, right!, params, where)
    const fields = joinedFields(left!, right!, params, where)
    return haveWatermarks(left!, right!) ? [...fields, watermarkField] : fields
  },
  needs: (inputs, params, port, readers) => new Set([...neededOfJoin(inputs, params, port, readers, 'join'), ...(haveWatermarks(inputs[0]!, inputs[1]!) ? [watermarkColumn] : [])]),
  describe: params => `${describeJoin(params)}, both sides stored`,
  create: (context, params, [left, right]) => new JoinOperator(context, params, left!, right!),
}

interface Side {
  readonly stored: SegmentedRows
  /** The visible fields, where they are in the input, and the keys among them. */
  readonly fields: Fields
  readonly columns: readonly number[]
  readonly keys: readonly number[]
  readonly names: readonly string[]
}

class JoinOperator implements Operator {
  readonly #context: OperatorContext
  readonly #columns: readonly JoinedColumn[]
  readonly #output: Fields
  readonly #pairs: Fields
  readonly #condition: Bound | undefined
  readonly #sides: readonly [Side, Side]
  /** The greater watermark of a pair; absent where an input has none. */
  readonly #watermark: Bound | undefined
  constructor(context: OperatorContext, params: JoinParams, left: Fields, right: Fields) {
    this.#context = context
    this.#columns = joinedColumns(left, right, params, context.where)
    const hasWatermarks = haveWatermarks(left, right)
    const fieldsOf = (input: Fields, names: readonly string[]) => carriedFields(input, hasWatermarks ? [...names, watermarkColumn] : names)
    this.#output = [...this.#columns.map(column => column.field), ...(hasWatermarks ? [watermarkField] : [])]
    this.#pairs = pairFields(fieldsOf(left, params.left), fieldsOf(right, params.right))
    this.#watermark = hasWatermarks ? bindExpression(laterWatermark, this.#pairs, context.where) : undefined
    this.#condition = params.where && boundCondition(this.#pairs, params.where, context.where)
    const types = keyTypes(left, right, params, context.where)
    const { device, spill, instance, parallelism, stateBytesMax, where } = context
    const side = (input: Fields, names: readonly string[], table: string): Side => {
      const fields = fieldsOf(input, names)
      const keys = names.map(name => columnIndex(fields, name, where))
      const stored = new SegmentedRows({ device, spill, fields, keys, keyTypes: types, table, keyGroups: keyGroupRange(instance, parallelism), bytesMax: stateBytesMax / 2, where })
      return { stored, fields, columns: fields.map(field => input.indexOf(field)), keys, names }
    }
    this.#sides = [side(left, params.left, tables[0]), side(right, params.right, tables[1])]
  }

  push(batch: Batch, out: Output, port: number): void {
    const { device } = this.#context
    const own = this.#sides[port]!
    const rows: Batch = { ...batch, fields: own.fields, columns: own.columns.map(i => batch.columns[i]!) }
    const scratch = device.arena()
    try {
      this.#probe(scratch, rows, port, out)
      own.stored.insert(scratch, rows)
    } finally {
      scratch.release()
    }
  }

  snapshot(): StateRun[] {
    return this.#sides.flatMap(({ stored }) => stored.snapshot())
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    this.#sides.forEach(({ stored }, port) => stored.restore(runs.filter(({ table, lasting }) => lasting && table === tables[port])))
    // Checkpoints of earlier versions have a side as one run.
    for (const run of runs.filter(({ lasting }) => !lasting)) {
      const { stored, names } = this.#sides[run.table === tables[0] ? 0 : 1]
      const arena = device.arena()
      try {
        stored.insert(arena, rowsOfKeyGroups(device, arena, decodeRun(device, arena, run.bytes), names, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    for (const { stored } of this.#sides) stored.close()
  }

  #probe(scratch: Arena, rows: Batch, port: number, out: Output): void {
    const { device, arena, where } = this.#context
    const own = this.#sides[port]!
    const other = this.#sides[1 - port]!
    for (const { left, right, count, rows: stored } of other.stored.probe(scratch, own.keys.map(i => rows.columns[i]!), rows.rowCount, pairsMax)) {
      const arrived = gatherBatch(device, arena, rows, left, count).columns
      const waited = gatherOwned(device, arena, stored, right, count).columns
      const columns = port === 0 ? [...arrived, ...waited] : [...waited, ...arrived]
      const pairs: Batch = { fields: this.#pairs, rowCount: count, columns, arena: arena.address }
      const kept = this.#condition ? compactBatch(device, arena, pairs, evaluateMask(device, scratch, this.#condition, pairs, where)) : pairs
      const rightStart = this.#sides[0].fields.length
      const joined = this.#columns.map(({ left: l, right: r }) => kept.columns[l ?? rightStart + r!]!)
      if (this.#watermark) joined.push(evaluate(device, arena, this.#watermark, kept, where))
      out.emit({ fields: this.#output, rowCount: kept.rowCount, columns: joined, arena: arena.address })
    }
  }
}

function haveWatermarks(...inputs: readonly Fields[]): boolean {
  return inputs.every(fields => fields.some(field => field.name === watermarkColumn))
}

// What keys are compared as: their common type; int32 and int64 meet as int64. Rows go to the instances of their keys, so both must hash alike.
function keyTypes(left: Fields, right: Fields, params: JoinParams, where: string): DataType[] {
  return params.left.map((name, i) => {
    const [a, b] = [fieldOf(left, name, where), fieldOf(right, params.right[i]!, where)]
    if (sameType(a.type, b.type)) return a.type
    const whole = (field: Field) => field.type.kind === 'int32' || field.type.kind === 'int64'
    if (whole(a) && whole(b)) return int64
    throw new PlanError('JOIN_TYPE', `${where}: left key "${a.name}" is ${typeName(a.type)}, right key "${b.name}" is ${typeName(b.type)}, and on streams both must be of one type; cast one of them to the other's`)
  })
}
