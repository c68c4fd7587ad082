import { describe, expect, it } from 'vitest'
import { PlanError } from '../../src/base/errors.ts'
import { bool, float64, int32, int64, timestampMs, utf8 } from '../../src/batch/data-type.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { aggregateType, createAccumulator, inputTypesText, parseInputTypes, partialFieldsOf } from '../../src/compute/accumulator.ts'
import { createAccumulators } from '../../src/compute/accumulators.ts'
import { noPlaces } from '../../src/compute/aggregate-contract.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf, valuesOf } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })

describe('createAccumulator', () => {
  it('types results: count int64, sum int64 or float64, mean float64, min and max as the input', () => {
    const name = (fn: 'count' | 'sum' | 'mean' | 'min' | 'max', inputType = int32) => typeName(aggregateType({ fn, inputType }))
    expect([name('count', utf8), name('sum'), name('sum', int64), name('sum', float64), name('mean'), name('min', timestampMs), name('max', bool)]).toEqual([
      'int64', 'int64', 'int64', 'float64', 'float64', 'timestamp[ms]', 'bool',
    ])
  })

  it('refuses functions that do not apply', () => {
    expect(() => createAccumulator(device, { fn: 'mean', inputType: utf8, where: 'agg' })).toThrow(/^agg: mean does not apply to utf8/)
    expect(() => createAccumulator(device, { fn: 'sum' })).toThrow(PlanError)
  })

  it('names unknown functions, options and counts of columns', () => {
    expect(() => aggregateType({ fn: 'summ', where: 'agg' })).toThrow(/^agg: no aggregate "summ"; there are count, sum, .*; did you mean "sum"\?/)
    expect(() => aggregateType({ fn: 'count', options: { fast: true }, where: 'agg' })).toThrow('agg: count has no option "fast"; it has none')
    expect(() => aggregateType({ fn: 'min', inputType: int32, argTypes: [int32], where: 'agg' })).toThrow('agg: min takes a column; 2 are given; leave out the rest')
  })

  it('writes the types that an aggregate reads as text, and reads them', () => {
    for (const spec of [{}, { inputType: int32 }, { inputType: utf8, argTypes: [float64, timestampMs] }]) expect(parseInputTypes(inputTypesText({ fn: 'x', ...spec }))).toEqual(spec)
    expect(partialFieldsOf({ fn: 'sum', inputType: int64 }, 'x').map(f => f.name)).toEqual(['x.low', 'x.high', 'x.count'])
  })

  it('keeps the memory of winning strings bounded, however many lose', () => {
    const accumulator = createAccumulator(device, { fn: 'max', inputType: utf8 })
    const filler = 'x'.repeat(400)
    let most = 0
    for (let round = 0; round < 400; round++) {
      const arena = device.arena()
      const column = columnOf(device, arena, utf8, Array.from({ length: 20 }, (_, i) => `${String(round).padStart(5, '0')} ${i} ${filler}`))
      const gids = arena.allocate(80)
      device.memory.uint32s(gids, 20).set(Array.from({ length: 20 }, (_, i) => i % 4))
      accumulator.update(gids, [column], 20, 4, noPlaces)
      most = Math.max(most, accumulator.bytes)
      arena.release()
    }
    const arena = device.arena()
    expect(valuesOf(device, accumulator.resultColumns(arena, 4)[0]!)).toEqual([8, 9, 6, 7].map(i => `00399 ${i} ${filler}`))
    arena.release()
    accumulator.close()
    expect(most).toBeLessThan(200_000)
    expect(device.pages.used()).toBe(0)
  })
})

describe('createAccumulators', () => {
  it('splits partial columns over its members, and starts again after reset', () => {
    const specs = [{ fn: 'count' }, { fn: 'sum', inputType: int64 }, { fn: 'mean', inputType: int32 }, { fn: 'min', inputType: utf8 }] as const
    const arena = device.arena()
    const set = createAccumulators(device, specs)
    const gids = arena.allocate(12)
    device.memory.uint32s(gids, 3).set([0, 1, 0])
    const columns = [undefined, columnOf(device, arena, int64, [1n, 2n, 3n]), columnOf(device, arena, int32, [5, null, 6]), columnOf(device, arena, utf8, ['b', null, 'a'])]
    set.update(gids, columns, 3, 2, noPlaces)
    const other = createAccumulators(device, specs)
    other.merge(gids, set.partialColumns(arena, 2), 2, 2)
    expect(set.partialFields(['a', 'b', 'c', 'd']).map(f => f.name)).toEqual(['a.count', 'b.low', 'b.high', 'b.count', 'c.sum', 'c.count', 'd'])
    const results = () => other.resultColumns(arena, 2).map(column => valuesOf(device, column))
    expect(results()).toEqual([[2, 1], [4n, 2n], [5.5, null], ['a', null]])
    other.reset()
    expect(results()).toEqual([[0, 0], [null, null], [null, null], [null, null]])
    set.close()
    other.close()
    arena.release()
    expect(device.pages.used()).toBe(0)
  })
})
