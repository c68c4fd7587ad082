// Functions of a float64, plainly: those of JavaScript's Math.
import { expect } from 'vitest'
import { float64 } from '../../../src/batch/data-type.ts'
import { numeric, type NumericFunction, round } from '../../../src/compute/numeric.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const plain: Partial<Record<NumericFunction, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  sqrt: Math.sqrt,
  ln: Math.log,
  log10: Math.log10,
  exp: Math.exp,
}
const names = Object.keys(plain) as NumericFunction[]

/** Halves away from zero; from 2^52 on there is nothing to round. */
export function roundNumber(x: number, digits: number): number {
  const scale = 10 ** Math.abs(digits)
  const scaled = digits >= 0 ? x * scale : x / scale
  if (!(Math.abs(scaled) < 2 ** 52)) return x
  const size = Math.abs(scaled)
  const whole = Math.floor(size) + (size - Math.floor(size) >= 0.5 ? 1 : 0)
  const signed = Object.is(Math.sign(x), -0) || x < 0 ? -whole : whole
  return digits >= 0 ? signed / scale : signed * scale
}

function expectClose(actual: readonly (readonly unknown[])[], expected: readonly (readonly unknown[])[]): void {
  expected.forEach((values, i) =>
    values.forEach((want, row) => {
      const got = actual[i]![row]
      const close = typeof want === 'number' && typeof got === 'number' && i < names.length && Math.abs(got - want) <= Math.abs(want) * 1e-15
      if (!close) expect(got, `function ${i}, row ${row}`).toBe(want)
    }),
  )
}

export const numericAgreement = agreement({
  stem: 'numeric',
  kernels: ['floorF64', 'ceilF64', 'sqrtF64', 'lnF64', 'log10F64', 'expF64', 'roundF64'],
  sample: (random, length, shape) => ({ values: sampleValues(random, float64, length, shape) as (number | null)[], digits: random.int(9) - 4 }),
  reference: ({ values, digits }) => [
    ...names.map(name => values.map(v => (v === null ? null : plain[name]!(v)))),
    values.map(v => (v === null ? null : roundNumber(v, digits))),
  ],
  compute(device, arena, { values, digits }) {
    const column = columnOf(device, arena, float64, values)
    return [...names.map(name => valuesOf(device, numeric(device, arena, name, column))), valuesOf(device, round(device, arena, column, digits))]
  },
  compare: expectClose,
})
