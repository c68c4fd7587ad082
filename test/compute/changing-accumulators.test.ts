// Every aggregate of every type that it takes, over rows that come and are taken back: after each batch it is that of the rows that are left.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { isNumeric } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { aggregateNames, type AggregateSpec, aggregateType } from '../../src/compute/accumulator.ts'
import { aggregateOf } from '../../src/compute/accumulator.ts'
import { createDevice } from '../../src/device/device.ts'
import { plainAggregate } from '../support/plain-aggregates.ts'
import { keyText, sampleTypes, shapes } from '../support/samples.ts'
import { changedResults, changedRows, plainHeld } from './reference/changes.ts'

const device = await createDevice({ relaxed: false })
const options: Readonly<Record<string, object>> = { quantile: { q: 0.3 }, topK: { k: 2 }, topKBy: { k: 2 } }

function specsOf(fn: string): AggregateSpec[] {
  const wanted = aggregateOf(fn, 'test').inputs.length
  return sampleTypes.flatMap((type, i) => {
    const spec: AggregateSpec = { fn, inputType: type, ...(wanted > 1 && { argTypes: [sampleTypes[(i * 7 + 3) % sampleTypes.length]!] }), ...(options[fn] && { options: options[fn] as never }) }
    const numbers = fn === 'corr' || fn === 'covariance' ? { ...spec, argTypes: [type] } : spec
    try {
      aggregateType(numbers)
      return [numbers]
    } catch {
      return []
    }
  })
}

// Sums of floats, and what is made of them, are rounded.
function settled(actual: Value, expected: Value): Value {
  if (typeof actual !== 'number' || typeof expected !== 'number' || Object.is(actual, expected)) return actual
  return Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)) ? expected : actual
}

describe('aggregates of rows that are taken back', () => {
  it.each(aggregateNames.map(fn => [fn]))('%s is that of the rows that are left', fn => {
    const specs = specsOf(fn)
    expect(specs.length).toBeGreaterThan(0)
    specs.forEach((spec, i) => {
      const types = [spec.inputType!, ...(spec.argTypes ?? [])]
      // Variances of extreme values are all rounding.
      const shape = shapes.filter(name => name !== 'extreme' || !isNumeric(types[0]!))[i % 4]!
      const rows = changedRows(random(i + 1), types, 70, shape)
      const expected = plainHeld(rows).map(groups => groups.map(group => plainAggregate(spec, types.map((_, column) => group.map(values => values[column]!)))))
      if (expected.flat().some(value => value === 'overflow')) return
      const actual = changedResults(device, spec, rows)
      expect(
        actual.map((results, at) => results.map((value, group) => keyText(settled(value, expected[at]![group]!)))),
        `${fn} of ${types.map(type => typeName(type)).join(', ')}`,
      ).toEqual(expected.map(results => results.map(keyText)))
    })
    expect(device.pages.used()).toBe(0)
  })
})
