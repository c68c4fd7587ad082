// What becomes of rows for which a function has no value: division by zero, logarithms of zero and below, roots of negative numbers.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { andBits, andNotBits, filledBits, notBits } from '../../compute/bitmap.ts'
import { choose } from '../../compute/choose.ts'
import { compare } from '../../compute/compare.ts'
import { firstMisfit } from '../../compute/decimal.ts'
import { isColumn, type Operand } from '../../compute/operand.ts'
import { valueIn } from '../../compute/row-check.ts'
import type { CallOptions, Evaluation } from '../function.ts'
import type { Choices } from '../options.ts'

/** The option of divisions: integers and decimals fail by default, floats give ±Infinity or NaN ('ieee'). */
export const divisionChoices: Choices = { divisionByZero: ['error', 'null', 'ieee'] }
/** The option of functions that are not there for all numbers; NaN by default. */
export const domainChoices: Choices = { domainError: ['nan', 'null', 'error'] }
/** The options of logarithms; that of 0 is -Infinity by default. */
export const logarithmChoices: Choices = { ...domainChoices, logZero: ['infinity', 'nan', 'null', 'error'] }

/** Computes a division with divisors of zero as the option says. `divide` gets the evaluation with those rows left out of its errors. */
export function guardDivision(at: Evaluation, [a, b]: readonly Operand[], { divisionByZero }: CallOptions, zero: number | bigint, divide: (at: Evaluation) => Column): Operand {
  if (divisionByZero === undefined || divisionByZero === 'ieee') return divide(at)
  const { device, arena, rowCount } = at
  if (!isColumn(b!)) {
    if (Number(b!.value) !== 0) return divide(at)
    if (divisionByZero === 'null') return { type: divide({ ...at, active: noRows(at) }).type, value: null }
    return divide(checkRows(at, b!, noRows(at), a!, b!))
  }
  const isDivisor = compare(device, arena, 'ne', b, { type: b.type, value: zero })
  if (divisionByZero === 'error') return divide(checkRows(at, b, isDivisor.values, a!, b))
  const out = divide({ ...at, active: andBits(device, arena, at.active, isDivisor.values, rowCount) })
  return { ...out, validity: andBits(device, arena, out.validity, isDivisor.values, rowCount) }
}

function noRows({ device, arena, rowCount }: Evaluation): number {
  return filledBits(device, arena, rowCount, false)
}

function checkRows(at: Evaluation, b: Operand, isDivisor: number, a: Operand, divisor: Operand): Evaluation {
  const { device, arena, rowCount, where } = at
  const valid = andBits(device, arena, isColumn(a) ? a.validity : 0, isColumn(b) ? b.validity : 0, rowCount)
  const row = firstMisfit(device, arena, isDivisor, andBits(device, arena, valid, at.active, rowCount), rowCount)
  if (row < 0) return at
  throw new DataError('DIVIDE_BY_ZERO', `${where}: ${valueIn(device, a, row)} / ${valueIn(device, divisor, row)} divides by zero in row ${row} of a batch; guard it with when(...), or give divisionByZero: 'null'`)
}

/** Treats rows whose result is NaN though no argument is as the option `domainError` says; `call` is how the function is called. */
export function settleDomain(at: Evaluation, out: Column, inputs: readonly Operand[], { domainError }: CallOptions, call: string): Column {
  if (domainError === undefined || domainError === 'nan') return out
  const { device, arena } = at
  let outside = compare(device, arena, 'ne', out, out).values
  for (const input of inputs) {
    if (!isColumn(input)) {
      if (Number.isNaN(input.value)) return out
    } else outside = andNotBits(device, arena, outside, compare(device, arena, 'ne', input, input).values, out.length)
  }
  return settle(at, out, notBits(device, arena, outside, out.length), inputs, domainError === 'null', call)
}

/** Treats rows in which `input` is 0 as the option `logZero` says. */
export function settleLogZero(at: Evaluation, out: Column, input: Operand, { logZero }: CallOptions, call: string): Column {
  if (logZero === undefined || logZero === 'infinity') return out
  const { device, arena } = at
  if (!isColumn(input) && input.value !== 0) return out
  const others = isColumn(input) ? compare(device, arena, 'ne', input, { type: input.type, value: 0 }).values : filledBits(device, arena, out.length, false)
  if (logZero === 'nan') return { ...choose(device, arena, others, out, { type: out.type, value: Number.NaN }, out.length), validity: out.validity }
  return settle(at, out, others, [input], logZero === 'null', call)
}

function settle(at: Evaluation, out: Column, kept: number, inputs: readonly Operand[], asNull: boolean, call: string): Column {
  const { device, arena, where } = at
  if (asNull) return { ...out, validity: andBits(device, arena, out.validity, kept, out.length) }
  const row = firstMisfit(device, arena, kept, andBits(device, arena, out.validity, at.active, out.length), out.length)
  if (row < 0) return out
  const values = inputs.map(input => valueIn(device, input, row)).join(', ')
  throw new DataError('DOMAIN', `${where}: ${call}(${values}) has no value in row ${row} of a batch; guard it with when(...), or give another option than 'error'`)
}
