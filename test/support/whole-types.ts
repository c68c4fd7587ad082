// Integer types with their bounds, as the plain references need them.
import type { DataType } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'

export const integerTypes: readonly DataType[] = (['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const).map(kind => ({ kind }))

export interface Bounds {
  readonly least: bigint
  readonly most: bigint
  readonly bits: number
}

export function boundsOf({ kind }: DataType): Bounds {
  const bits = Number(/\d+/.exec(kind)![0])
  return kind.startsWith('u') ? { least: 0n, most: 2n ** BigInt(bits) - 1n, bits } : { least: -(2n ** BigInt(bits - 1)), most: 2n ** BigInt(bits - 1) - 1n, bits }
}

/** A bigint as a row of the type has it. */
export function shownAs(type: DataType, value: bigint): Value {
  return type.kind.endsWith('64') ? value : Number(value)
}

export function isWithin({ least, most }: Bounds, value: bigint): boolean {
  return value >= least && value <= most
}

/** The lowest bits of a bigint, as the type reads them. */
export function wrapped(type: DataType, value: bigint): bigint {
  const { bits } = boundsOf(type)
  return type.kind.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)
}

/** Rounds a fraction n/d, d above 0, by a mode's name. */
export function roundFraction(n: bigint, d: bigint, rounding: string): bigint {
  const negative = n < 0n
  const size = negative ? -n : n
  const lower = size / d
  const twice = 2n * (size % d)
  const half = twice < d ? -1 : twice > d ? 1 : 0
  const inexact = size % d !== 0n
  const odd = lower % 2n === 1n
  const grows = {
    'half-away': half >= 0,
    'half-even': half > 0 || (half === 0 && odd),
    'half-zero': half > 0,
    'half-up': half > 0 || (half === 0 && !negative),
    'half-down': half > 0 || (half === 0 && negative),
    zero: false,
    away: true,
    up: !negative,
    down: negative,
  }[rounding]
  const result = lower + (inexact && grows ? 1n : 0n)
  return negative ? -result : result
}

/** The outcome of a computation that may throw: its values, or the code and row of its error. */
export function outcomeOf(compute: () => Value[]): Value[] | string {
  try {
    return compute()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === undefined) throw error
    return `${code} row ${/row (\d+)/.exec(message)?.[1]}`
  }
}
