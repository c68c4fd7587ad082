// Numbers as text, plainly: JavaScript's own, and for float32 the fewest digits that read back.
import type { DataType } from '../../../src/batch/data-type.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { cast } from '../../../src/compute/cast.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { shortestFloat32 } from './decimal.ts'

const types = ['int8', 'int64', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'decimal(9, 2)', 'decimal(38, 10)', 'decimal(38, 38)', 'decimal(38, 0)'].map(name => parseType(name, 'test').type)

function textOf(type: DataType, value: NonNullable<Value>): string {
  if (Object.is(value, -0)) return '-0'
  return type.kind === 'float32' && Number.isFinite(value as number) ? shortestFloat32(value as number) : String(value)
}

export const numberTextAgreement = agreement<Value[][], Value[][]>({
  stem: 'number-views',
  kernels: ['viewWords', 'viewF64', 'viewF32', 'viewDecimals'],
  sample: (random, length, shape) => types.map(type => sampleValues(random, type, length, shape)),
  reference: columns => columns.flatMap((values, i) => [values.map(v => (v === null ? null : textOf(types[i]!, v))), values]),
  compute: (device, arena, columns) =>
    columns.flatMap((values, i) => {
      const check = { active: 0, where: 'test' }
      const text = cast(device, arena, columnOf(device, arena, types[i]!, values), { kind: 'utf8' }, false, check)
      return [valuesOf(device, text), valuesOf(device, cast(device, arena, text, types[i]!, false, check))]
    }),
})
