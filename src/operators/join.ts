// The inner join by equal keys. Mode 'build': the right input has ended before the left begins; it is stored, the left streams past it.
// Mode 'symmetric': both inputs run; each batch first meets what the other side has stored, then is stored itself, so that every pair
// is emitted once, whichever came later.
import { PlanError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { type DataType, int64, sameType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, type Field, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { JoinIndex } from '../compute/join-index.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `join`: key columns pairwise, a suffix for right columns whose name the left has too, and the mode. */
export type JoinParams = { readonly left: readonly string[]; readonly right: readonly string[]; readonly suffix?: string; readonly mode: 'build' | 'symmetric' }

const pairsMax = 32_768
const tables = ['left', 'right'] as const

/** Left columns, then right columns without the keys. A null key matches nothing; NaN equals NaN, −0 equals 0. Hidden columns end here. */
export const joinOperator: OperatorType<JoinParams> = {
  kind: 'join',
  inputCount: 2,
  placement: () => 'keyed',
  keys: (params, port) => (port === 0 ? params.left : params.right),
  fields: ([left, right], params, where) => joinFields(left!, right!, params, where),
  describe: ({ left, right, mode }) => `${left.map((name, i) => `${name} = ${right[i]}`).join(' and ')}, ${mode === 'build' ? 'right side stored' : 'both sides stored'}`,
  create: (context, params, [left, right]) => new JoinOperator(context, params, left!, right!),
}

interface Side {
  readonly index: JoinIndex
  /** The visible fields, where they are in the input, and the keys among them. */
  readonly fields: Fields
  readonly columns: readonly number[]
  readonly keys: readonly number[]
  readonly names: readonly string[]
  /** Which of the visible columns the output has. */
  readonly kept: readonly number[]
}

class JoinOperator implements Operator {
  readonly #context: OperatorContext
  readonly #symmetric: boolean
  readonly #output: Fields
  readonly #sides: readonly [Side, Side]
  constructor(context: OperatorContext, params: JoinParams, left: Fields, right: Fields) {
    this.#context = context
    this.#symmetric = params.mode === 'symmetric'
    this.#output = joinFields(left, right, params, context.where)
    const types = keyTypes(left, right, params, context.where)
    const side = (input: Fields, names: readonly string[], dropped: readonly string[]): Side => {
      const fields = visible(input)
      const keys = names.map(name => columnIndex(fields, name, context.where))
      const kept = fields.flatMap((field, i) => (dropped.includes(field.name) ? [] : [i]))
      return { index: new JoinIndex(context.device, fields, keys, types), fields, columns: fields.map(field => input.indexOf(field)), keys, names, kept }
    }
    this.#sides = [side(left, params.left, []), side(right, params.right, params.right)]
  }

  push(batch: Batch, out: Output, port: number): void {
    const { device } = this.#context
    const own = this.#sides[port]!
    const rows: Batch = { ...batch, fields: own.fields, columns: own.columns.map(i => batch.columns[i]!) }
    const scratch = device.arena()
    try {
      if (port === 0 || this.#symmetric) this.#probe(scratch, rows, port, out)
      if (port === 1 || this.#symmetric) own.index.insert(scratch, rows)
    } finally {
      scratch.release()
    }
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    return this.#sides.flatMap(({ index }, port) =>
      index.rowCount === 0 ? [] : [{ table: tables[port]!, keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, index.rows()) }],
    )
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const { index, names } = this.#sides[run.table === tables[0] ? 0 : 1]
      const arena = device.arena()
      try {
        index.insert(arena, rowsOfKeyGroups(device, arena, decodeRun(device, arena, run.bytes), names, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    for (const { index } of this.#sides) index.close()
  }

  #probe(scratch: Arena, rows: Batch, port: number, out: Output): void {
    const { device, arena } = this.#context
    const own = this.#sides[port]!
    const other = this.#sides[1 - port]!
    const stored = other.index.rows()
    const only = (batch: Batch, { kept }: Side): Batch => ({ ...batch, fields: kept.map(i => batch.fields[i]!), columns: kept.map(i => batch.columns[i]!) })
    const [arriving, waiting] = [only(rows, own), only(stored, other)]
    for (const { left, right, count } of other.index.probe(scratch, own.keys.map(i => rows.columns[i]!), rows.rowCount, pairsMax)) {
      const arrived = gatherBatch(device, arena, arriving, left, count).columns
      const waited = gatherOwned(device, arena, waiting, right, count).columns
      out.emit({ fields: this.#output, rowCount: count, columns: port === 0 ? [...arrived, ...waited] : [...waited, ...arrived], arena: arena.address })
    }
  }
}

// What keys are compared as: their common type; int32 and int64 meet as int64.
function keyTypes(left: Fields, right: Fields, params: JoinParams, where: string): DataType[] {
  return params.left.map((name, i) => {
    const [a, b] = [fieldOf(left, name, where), fieldOf(right, params.right[i]!, where)]
    if (sameType(a.type, b.type)) return a.type
    const whole = (field: Field) => field.type.kind === 'int32' || field.type.kind === 'int64'
    if (whole(a) && whole(b)) return int64
    throw new PlanError('JOIN_TYPE', `${where}: left key "${a.name}" is ${typeName(a.type)}, right key "${b.name}" is ${typeName(b.type)}; cast one of them to the other's type`)
  })
}

function joinFields(left: Fields, right: Fields, params: JoinParams, where: string): Fields {
  keyTypes(left, right, params, where)
  const fields: Field[] = visible(left)
  for (const field of visible(right)) {
    if (params.right.includes(field.name)) continue
    const clash = (name: string) => fields.some(f => f.name === name)
    if (!clash(field.name)) {
      fields.push(field)
      continue
    }
    if (params.suffix === undefined) throw new PlanError('JOIN_CLASH', `${where}: both sides have a column "${field.name}"; rename one, or give a suffix for the right one, such as suffix: '_right'`)
    const name = field.name + params.suffix
    if (clash(name)) throw new PlanError('JOIN_CLASH', `${where}: the right column "${field.name}" with its suffix becomes "${name}", which is there already; give another suffix`)
    fields.push({ ...field, name })
  }
  return fields
}
