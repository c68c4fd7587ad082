// Evaluates typed expressions over batches, one kernel a node. Constants stay scalar until a kernel needs them.
import { assert } from '../base/errors.ts'
import { alteredColumn, type Batch, type Column } from '../batch/batch.ts'
import { bool, type DataType } from '../batch/data-type.ts'
import { storedReader } from '../batch/read-values.ts'
import { countBits } from '../compute/bitmap.ts'
import { gatherColumn } from '../compute/gather.ts'
import { truth } from '../compute/logic.ts'
import { broadcast, type Constant, isColumn, type Operand } from '../compute/operand.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Bound, Evaluation, LambdaRows } from './function.ts'
import { overDictionary } from './over-dictionary.ts'
import type { SharedExpressions } from './share.ts'

/**
 * The column of a typed expression's values over `batch`, in `arena` or the batch's own column. Views may point at the batch's bytes.
 * Throws DataError as its functions do (INT_OVERFLOW, DIVIDE_BY_ZERO, CAST), beginning with `where`; branches not taken never do.
 */
export function evaluate(device: Device, arena: Arena, bound: Bound, batch: Batch, where: string): Column {
  const at: Evaluation = { device, arena, rowCount: batch.rowCount, active: 0, where }
  return broadcast(device, arena, evaluateNode(at, bound, batch), batch.rowCount)
}

/** As `evaluate` for each of several expressions; a part that they share is computed once, where all rows need it. */
export function evaluateAll(device: Device, arena: Arena, { bounds, shared }: SharedExpressions, batch: Batch, where: string): Column[] {
  const at: Evaluation = { device, arena, rowCount: batch.rowCount, active: 0, where }
  const memo = { shared, values: new Map<Bound, Operand>() }
  return bounds.map(bound => broadcast(device, arena, evaluateNode(at, bound, batch, memo), batch.rowCount))
}

/** The bitmap of the rows for which a condition is true; null counts as false. */
export function evaluateMask(device: Device, arena: Arena, condition: Bound, batch: Batch, where: string): number {
  return truth(device, arena, evaluate(device, arena, condition, batch, where))
}

// Values of shared parts. What is computed for some rows only is not kept, but may come from what was computed for all.
interface Memo {
  readonly shared: ReadonlySet<Bound>
  readonly values: Map<Bound, Operand>
}

function evaluateNode(at: Evaluation, bound: Bound, batch: Batch, memo?: Memo): Operand {
  if (!memo?.shared.has(bound)) return compute(at, bound, batch, memo)
  const known = memo.values.get(bound)
  if (known) return known
  const value = compute(at, bound, batch, memo)
  if (at.active === 0) memo.values.set(bound, value)
  return value
}

function compute(at: Evaluation, bound: Bound, batch: Batch, memo?: Memo): Operand {
  switch (bound.kind) {
    case 'column':
      return batch.columns[bound.index]!
    case 'constant':
      return bound.constant
    case 'call': {
      const { fn, options, type } = bound
      const repeated = overDictionary(at, bound, batch, compute)
      if (repeated !== undefined) return repeated
      if (fn.evaluateLazily) return typed(fn.evaluateLazily(at, bound.args, (arg, active) => evaluateNode({ ...at, active }, arg, batch, memo), type), type)
      if (fn.evaluateLambda) return typed(computeLambda(at, bound, batch, memo), type)
      assert(fn.evaluate, `the function ${fn.name} has no evaluate`)
      const args = bound.args.map(arg => evaluateNode(at, arg, batch, memo))
      if (args.some(arg => !isColumn(arg) && arg.value === null)) return { type, value: null }
      if (args.some(isColumn)) return typed(fn.evaluate(at, args, options, type), type)
      if (at.active !== 0 && countBits(at.device, at.active, at.rowCount) === 0) return { type, value: null }
      const one: Evaluation = { ...at, rowCount: 1, active: 0 }
      const first = args.map((arg, i) => (i === 0 ? broadcast(at.device, at.arena, arg, 1) : arg))
      return firstValue(at.device, typed(fn.evaluate(one, first, options, type), type))
    }
  }
}

function computeLambda(at: Evaluation, bound: Bound & { kind: 'call' }, batch: Batch, memo: Memo | undefined): Operand {
  const { fn, args, type, variablesAt = batch.columns.length } = bound
  const values = args.slice(0, -1).map(arg => evaluateNode(at, arg, batch, memo))
  if (values.some(value => !isColumn(value) && value.value === null)) return { type, value: null }
  const body = args[args.length - 1]!
  return fn.evaluateLambda!(at, values, rows => evaluateOver(at, body, variablesAt, batch, rows), type)
}

// A lambda is evaluated over a batch of its own: the columns that it reads, taken for its rows, and its variables behind them.
function evaluateOver(at: Evaluation, body: Bound, variablesAt: number, batch: Batch, { owners, count, variables }: LambdaRows): Column {
  const { device, arena } = at
  const used = new Set<number>()
  const visit = (bound: Bound): void => {
    if (bound.kind === 'column') used.add(bound.index)
    else if (bound.kind === 'call') bound.args.forEach(visit)
  }
  visit(body)
  const columns = [...batch.columns]
  for (const index of used) if (index < variablesAt) columns[index] = gatherColumn(device, arena, columns[index]!, owners, count)
  variables.forEach((variable, i) => {
    columns[variablesAt + i] = variable
  })
  const active = at.active === 0 ? 0 : gatherColumn(device, arena, { type: bool, length: at.rowCount, values: at.active, validity: 0 }, owners, count).values
  const inner: Batch = { fields: batch.fields, rowCount: count, columns, arena: batch.arena }
  return broadcast(device, arena, evaluateNode({ ...at, rowCount: count, active }, body, inner), count)
}

// What is computed of a count is an int64 like any other, whatever column the kernel took the type from.
function typed(operand: Operand, type: DataType): Operand {
  return isColumn(operand) && operand.type !== type ? alteredColumn(operand, { type }) : operand
}

// Constants are folded by computing one row.
function firstValue(device: Device, operand: Operand): Constant {
  if (!isColumn(operand)) return operand
  return { type: operand.type, value: storedReader(device.memory, operand)(0) }
}
