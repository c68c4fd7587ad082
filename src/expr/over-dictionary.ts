// Expressions of one column whose values repeat: a text column of a cached frame carries a number for each row and one list of the distinct texts, so that
// what is computed of it alone is computed once a distinct text and handed to the rows by their numbers.
import { DataError } from '../base/errors.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { andBits, countBits } from '../compute/bitmap.ts'
import { choose } from '../compute/choose.ts'
import { gatherColumn } from '../compute/gather.ts'
import { broadcast, isColumn, type Operand } from '../compute/operand.ts'
import type { Bound, Evaluation } from './function.ts'

/** A dictionary is worth it where its texts are at most this part of the rows. */
const repeatsMin = 2

/** Computes an expression over a batch for all rows that `at` says. */
export type Compute = (at: Evaluation, bound: Bound, batch: Batch) => Operand

/**
 * The values of a call over the dictionary of the only column that it reads, one for each row; undefined where it reads none or several, where the column has no
 * dictionary or one that is hardly shorter than the rows, or where a text that may stand in other batches makes it fail.
 */
export function overDictionary(at: Evaluation, bound: Bound & { kind: 'call' }, batch: Batch, compute: Compute): Operand | undefined {
  const index = onlyColumn(bound)
  if (index < 0) return undefined
  const column = batch.columns[index]
  const codes = column?.codes
  if (!column || !codes || codes.dictionary.length === 0 || codes.dictionary.length * repeatsMin > at.rowCount) return undefined
  const values = tryOver(at, bound, batch, index, codes.dictionary, compute)
  if (values === undefined || !isColumn(values)) return values
  const { device, arena, rowCount } = at
  const out = gatherColumn(device, arena, { ...values, codes: undefined }, codes.values, rowCount)
  if (column.validity === 0) return out
  const ofNull = tryOver(at, bound, batch, index, broadcast(device, arena, { type: column.type, value: null }, 1), compute)
  if (ofNull === undefined) return undefined
  const one = broadcast(device, arena, ofNull, 1)
  if (one.validity !== 0 && countBits(device, one.validity, 1) === 0) return { ...out, validity: andBits(device, arena, out.validity, column.validity, rowCount) }
  const zeros = arena.allocateZeroed(4 * rowCount)
  return { ...choose(device, arena, column.validity, out, gatherColumn(device, arena, one, zeros, rowCount), rowCount), type: values.type }
}

function tryOver(at: Evaluation, bound: Bound, batch: Batch, index: number, column: Column, compute: Compute): Operand | undefined {
  const columns = [...batch.columns]
  columns[index] = { ...column, codes: undefined }
  try {
    return compute({ ...at, rowCount: column.length, active: 0 }, bound, { ...batch, rowCount: column.length, columns })
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}

const known = new WeakMap<Bound, number>()

// The number of the only column that an expression reads, or -1; lambdas read columns of their own making.
function onlyColumn(bound: Bound & { kind: 'call' }): number {
  const found = known.get(bound)
  if (found !== undefined) return found
  const read = new Set<number>()
  const visit = (part: Bound): boolean => {
    if (part.kind === 'column') read.add(part.index)
    return part.kind !== 'call' || (!part.fn.evaluateLambda && part.args.every(visit))
  }
  const index = visit(bound) && read.size === 1 ? [...read][0]! : -1
  known.set(bound, index)
  return index
}
