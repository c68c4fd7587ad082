// Two operands for binary kernels: columns, or a column and a constant on either side.
import { type DataType, isNested } from '../../src/batch/data-type.ts'
import { storedBy } from '../../src/batch/stored-value.ts'
import type { Value } from '../../src/batch/read-values.ts'
import type { Random } from '../../src/base/random.ts'
import type { Constant, Operand } from '../../src/compute/operand.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import { columnOf, sampleValue, sampleValues, type Shape } from './samples.ts'

/** Values of both sides, a row each; `constant` says which side is one value throughout. */
export interface Pair {
  readonly type: DataType
  readonly a: Value[]
  readonly b: Value[]
  readonly constant: 'none' | 'a' | 'b'
}

export function samplePair(random: Random, type: DataType, length: number, shape: Shape): Pair {
  const constant = (['none', 'a', 'b'] as const)[random.int(3)]!
  const side = (name: 'a' | 'b') =>
    constant === name ? new Array<Value>(length).fill(sampleValue(random, type, shape)) : sampleValues(random, type, length, shape)
  return { type, a: side('a'), b: side('b'), constant }
}

export function operandsOf(device: Device, arena: Arena, { type, a, b, constant }: Pair): [Operand, Operand] {
  // Without rows there is nothing to say which value the constant had.
  const side = (values: Value[], isConstant: boolean): Operand =>
    isConstant && values.length > 0 ? constantOf(type, values[0]!) : columnOf(device, arena, type, values)
  return [side(a, constant === 'a'), side(b, constant === 'b')]
}

export function constantOf(type: DataType, value: Value): Constant {
  return { type, value: isNested(type) || value === null ? value : storedBy(type)(value)! }
}

/** f where both are values, else null. */
export function mapPair<T extends Value>({ a, b }: Pair, f: (x: NonNullable<Value>, y: NonNullable<Value>) => T): (T | null)[] {
  return a.map((x, i) => (x === null || b[i] === null ? null : f(x, b[i]!)))
}
