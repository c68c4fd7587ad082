// Conditions that look at the match so far, as functions of a row and a path over plain numbers. What numbers don't hold exactly, and functions that aren't here, are
// left to the kernels, which compute one row then.
import type { Column } from '../batch/batch.ts'
import { type DataType, isInteger } from '../batch/data-type.ts'
import { numberView } from '../batch/number-views.ts'
import { valueReader } from '../batch/read-values.ts'
import type { Memory } from '../device/memory.ts'
import type { Bound } from '../expr/function.ts'
import type { ExactReader } from './match-paths.ts'

/** A value; undefined where the kernels have to say. */
export type ScalarValue = number | boolean | null | undefined
/** A condition or value for a row and the entry of a path. */
export type Scalar = (row: number, entry: number) => ScalarValue

/** What scalars read: stored columns, and references. */
export interface ScalarSource {
  readonly storedCount: number
  column(index: number): (row: number) => ScalarValue
  reference(index: number): Scalar
}

const words = ['int64', 'uint64', 'timestamp', 'time', 'duration']
const small = ['int8', 'int16', 'int32', 'uint8', 'uint16', 'uint32', 'float32', 'float64', 'date']

/** True for types whose values are numbers here: integers, floats and times in their own unit. */
export function isScalar(type: DataType): boolean {
  return words.includes(type.kind) || small.includes(type.kind)
}

/** Reads a column of such a type; other numbers as `valueReader` does. Valid until memory grows or the column changes. */
export function exactReader(memory: Memory, column: Column): ExactReader {
  const { type, values, length, validity } = column
  const bits = validity === 0 ? undefined : memory.bytes(validity, Math.ceil(length / 8))
  const isNull = (row: number) => bits !== undefined && ((bits[row >>> 3]! >>> (row & 7)) & 1) === 0
  if (small.includes(type.kind)) {
    const numbers = numberView(memory, type, values, length)!
    return bits === undefined ? row => numbers[row]! : row => (isNull(row) ? null : numbers[row]!)
  }
  if (!words.includes(type.kind)) return valueReader(memory, column) as ExactReader
  const halves = memory.int32s(values, 2 * length)
  const isUnsigned = type.kind === 'uint64'
  return row => {
    if (isNull(row)) return null
    const [low, high] = [halves[2 * row]! >>> 0, isUnsigned ? halves[2 * row + 1]! >>> 0 : halves[2 * row + 1]!]
    const value = high * 2 ** 32 + low
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) + BigInt(low)
  }
}

/** The function of a bound condition; undefined where the kernels have to compute it always. */
export function scalarOf(bound: Bound, source: ScalarSource): Scalar | undefined {
  if (bound.kind === 'constant') {
    const value = constantValue(bound.constant.value, bound.type)
    return value === undefined ? undefined : () => value
  }
  if (!isScalar(bound.type) && bound.type.kind !== 'bool') return undefined
  if (bound.kind === 'column') {
    if (!isScalar(bound.type)) return undefined
    if (bound.index >= source.storedCount) return source.reference(bound.index - source.storedCount)
    const read = source.column(bound.index)
    return row => read(row)
  }
  const args = bound.args.map(arg => scalarOf(arg, source))
  if (args.some(arg => arg === undefined)) return undefined
  return callOf(bound, args as Scalar[])
}

function constantValue(value: unknown, type: DataType): ScalarValue {
  if (value === null || typeof value === 'boolean') return value
  if (!isScalar(type)) return undefined
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : undefined
  return typeof value === 'number' ? value : undefined
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
}
const sums: Record<string, (a: number, b: number) => number> = { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b }

function callOf(bound: Bound & { kind: 'call' }, args: readonly Scalar[]): Scalar | undefined {
  const [left, right] = args as [Scalar, Scalar]
  const { name } = bound.fn
  if (comparisons[name] && bound.args.every(arg => isScalar(arg.type))) return strict(left, right, comparisons[name])
  if (sums[name] && (bound.type.kind === 'int64' || bound.type.kind === 'float64')) {
    const isWhole = bound.type.kind === 'int64'
    const compute = sums[name]
    return (row, entry) => {
      const [a, b] = [left(row, entry), right(row, entry)]
      if (a === null || b === null) return a === undefined || b === undefined ? undefined : null
      if (typeof a !== 'number' || typeof b !== 'number') return undefined
      const value = compute(a, b)
      return isWhole && !Number.isSafeInteger(value) ? undefined : value
    }
  }
  if (name === 'and' || name === 'or') return connected(left, right, name === 'or')
  if (name === 'not') return (row, entry) => negated(left(row, entry))
  if (name === 'isNull' || name === 'isNotNull') {
    return (row, entry) => {
      const value = left(row, entry)
      return value === undefined ? undefined : (value === null) === (name === 'isNull')
    }
  }
  // Widening changes no number.
  const from = bound.args[0]!.type
  if (name === 'cast' && (isInteger(from) || from.kind === 'float32') && (bound.type.kind === 'float64' || (bound.type.kind === 'int64' && isInteger(from)))) return left
  return undefined
}

function negated(value: ScalarValue): ScalarValue {
  return typeof value === 'boolean' ? !value : value === null ? null : undefined
}

function strict(left: Scalar, right: Scalar, compare: (a: number, b: number) => boolean): Scalar {
  return (row, entry) => {
    const [a, b] = [left(row, entry), right(row, entry)]
    if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a) || Number.isNaN(b) ? undefined : compare(a, b)
    return a === undefined || b === undefined ? undefined : null
  }
}

// True or null is true, false and null is false.
function connected(left: Scalar, right: Scalar, settles: boolean): Scalar {
  return (row, entry) => {
    const a = left(row, entry)
    if (a === settles || a === undefined) return a
    const b = right(row, entry)
    if (b === settles || b === undefined) return b
    return a === null || b === null ? null : !settles
  }
}
