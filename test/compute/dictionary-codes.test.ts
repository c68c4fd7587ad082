import { afterEach, describe, expect, it } from 'vitest'
import { from } from '../../src/index.ts'
import { random } from '../../src/base/random.ts'
import { sliceColumn } from '../../src/batch/batch.ts'
import { binary, utf8 } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { dictionaryCodes } from '../../src/compute/dictionary-codes.ts'
import { gatherColumn } from '../../src/compute/gather.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf, uint32sAt, valuesOf } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })
let arena = device.arena()

afterEach(() => {
  arena.release()
  expect(device.pages.used()).toBe(0)
  arena = device.arena()
})

function codesOf(parts: readonly Value[][], type = utf8) {
  const columns = parts.map(values => columnOf(device, arena, type, values))
  const making = dictionaryCodes(device, arena, columns)
  let step = making.next()
  while (!step.done) step = making.next()
  return { columns, codes: step.value }
}

describe('dictionaryCodes', () => {
  it('numbers the values of all parts by one dictionary of distinct values', () => {
    const parts: Value[][] = [['b', 'a', 'b', null], ['a text of more than twelve bytes', 'a', ''], [], [null, 'a text of more than twelve bytes']]
    const { codes } = codesOf(parts)
    const dictionary = valuesOf(device, codes![0]!.dictionary)
    expect(new Set(dictionary).size).toBe(dictionary.length)
    parts.forEach((values, i) => {
      expect(codes![i]!.dictionary).toBe(codes![0]!.dictionary)
      expect(codes![i]!.kept).toBe(true)
      const found = uint32sAt(device, codes![i]!.values, values.length)
      values.forEach((value, row) => (value === null ? expect(found[row]!).toBeLessThan(dictionary.length) : expect(dictionary[found[row]!]).toBe(value)))
    })
  })

  it('takes binary columns, and leaves alone what repeats too rarely', () => {
    expect(codesOf([[new Uint8Array([1]), new Uint8Array([1])]], binary).codes).toHaveLength(1)
    expect(codesOf([Array.from({ length: 4_000 }, (_, i) => `k${i}`)]).codes).toBeUndefined()
    expect(codesOf([Array.from({ length: 4_000 }, (_, i) => `k${i % 900}`)]).codes).toHaveLength(1)
  })

  it('stay right through slices and gathers', () => {
    const values = Array.from({ length: 200 }, (_, i) => `v${i % 7}`)
    const { columns, codes } = codesOf([values])
    const slice = sliceColumn({ ...columns[0]!, codes: codes![0]! }, 64, 200)
    const indices = arena.allocate(4 * 50)
    device.memory.uint32s(indices, 50).forEach((_, i, view) => (view[i] = i * 2))
    const taken = gatherColumn(device, arena, slice, indices, 50)
    const dictionary = valuesOf(device, taken.codes!.dictionary)
    expect(uint32sAt(device, taken.codes!.values, 50).map(code => dictionary[code])).toEqual(valuesOf(device, taken))
  })
})

describe('grouping a cached frame by texts', () => {
  it('gives what grouping the frame itself gives, nulls and filters included, on any number of workers', async () => {
    const { col, count, sum } = await import('../../src/index.ts')
    const chance = random(5)
    const rows = Array.from({ length: 5_000 }, (_, n) => ({
      a: chance.int(9) === 0 ? null : `a${chance.int(40)}`,
      b: chance.int(9) === 0 ? null : `a text that is too long for a view, ${chance.int(30)}`,
      n,
    }))
    const frame = from(rows, { schema: { a: 'utf8?', b: 'utf8?', n: 'int32' } })
    const query = (f: typeof frame) => f.filter(col('n').mod(3).ne(0)).groupBy('a', 'b').agg({ rows: count(), total: sum('n') }).sort('a', 'b')
    const expected = (await query(frame).collect()).toArray()
    expect(expected.length).toBeGreaterThan(1_000)
    for (const workers of [0, 2]) {
      const cached = frame.cache()
      expect((await query(cached).collect({ workers })).toArray()).toEqual(expected)
      expect((await query(cached).collect({ workers, batchRows: 77 })).toArray()).toEqual(expected)
    }
  })
})
