// Forms of keys, plainly: what each value is compared as.
import { type DataType, isNested } from '../../../src/batch/data-type.ts'
import { parseDecimal } from '../../../src/batch/decimal-text.ts'
import type { Interval, Value } from '../../../src/batch/read-values.ts'
import { storedBy } from '../../../src/batch/stored-value.ts'
import { equalForm, fromForm, orderForm } from '../../../src/compute/key-form.ts'
import { isOrdered } from '../../../src/compute/sort.ts'
import { columnOf, sampleTypes, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const types = sampleTypes.filter(type => !isNested(type))

function wordBytes(words: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(words, w => BigInt.asIntN(64, w)).buffer)
}

/** What a value of a flat type is compared as: by equality, or with `ordered` by order. */
export function formOf(type: DataType, value: Value, ordered: boolean): Value {
  if (value === null || typeof value === 'boolean') return value
  switch (type.kind) {
    case 'uint32':
      return BigInt(value as number)
    case 'uint64':
      return BigInt.asIntN(64, (value as bigint) + (ordered ? 2n ** 63n : 0n))
    case 'date':
      return (value as number) / 86_400_000
    case 'time':
    case 'timestamp':
    case 'duration':
      return storedBy(type)(value) as bigint
    case 'decimal': {
      const number = parseDecimal(value as string, type.scale)!
      if (type.precision <= 18) return number
      const bytes = wordBytes([number, number >> 64n])
      return ordered ? bytes.reverse().map((byte, i) => (i === 0 ? byte ^ 128 : byte)) : bytes
    }
    case 'interval': {
      const { months, days, nanoseconds } = value as Interval
      return wordBytes([(BigInt(days) << 32n) | BigInt.asUintN(32, BigInt(months)), nanoseconds])
    }
    default:
      return value
  }
}

export const keyFormAgreement = agreement({
  stem: 'key-form',
  kernels: ['widenF16', 'narrowF16', 'narrowF32', 'narrowI32', 'flipI64', 'narrowI128', 'widenI64', 'orderI128', 'viewsToFixed'],
  sample: (random, length, shape) => types.map(type => sampleValues(random, type, length, shape)),
  reference: table =>
    table.map((values, i) => ({
      equal: values.map(value => formOf(types[i]!, value, false)),
      back: values,
      ordered: isOrdered(types[i]!) ? values.map(value => formOf(types[i]!, value, true)) : [],
      backOrdered: isOrdered(types[i]!) ? values : [],
    })),
  compute: (device, arena, table) =>
    table.map((values, i) => {
      const type = types[i]!
      const column = columnOf(device, arena, type, values)
      // Timestamps keep their type: they are int64 to kernels.
      const read = (form: typeof column) => valuesOf(device, form)
      const equal = equalForm(device, arena, column)
      const ordered = isOrdered(type) ? orderForm(device, arena, column, 'test') : undefined
      return {
        equal: read(equal),
        back: read(fromForm(device, arena, equal, type)),
        ordered: ordered ? read(ordered) : [],
        backOrdered: ordered ? read(fromForm(device, arena, ordered, type, true)) : [],
      }
    }),
})
