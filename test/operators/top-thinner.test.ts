import { afterAll, describe, expect, it } from 'vitest'
import { desc, from, closeEngines } from '../../src/index.ts'
import type { Batch } from '../../src/batch/batch.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { TopThinner } from '../../src/operators/top-thinner.ts'
import { columnOf, valuesOf } from '../support/samples.ts'

const device = await createDevice()
const fields = parseSchema({ group: 'utf8', score: 'int32', name: 'utf8' }, 'test')
const order = { index: 1, descending: true, nullsFirst: false }

afterAll(async () => {
  expect(device.pages.used()).toBe(0)
  await closeEngines()
})

function thinned(thinner: TopThinner, columns: readonly (readonly unknown[])[]): unknown[] {
  const arena = device.arena()
  try {
    const batch: Batch = { fields, rowCount: columns[0]!.length, columns: fields.map((field, i) => columnOf(device, arena, field.type, columns[i] as never)), arena: arena.address }
    return valuesOf(device, thinner.thin(arena, batch).columns[1]!)
  } finally {
    arena.release()
  }
}

describe('thinning out', () => {
  it('leaves out what is beaten in its group, by rows of this batch and of those before', () => {
    const thinner = new TopThinner(device, 1, fields, [0], order)
    expect(thinned(thinner, [['a', 'b', 'a', 'a'], [5, 1, 4, 5], ['x', 'x', 'x', 'x']])).toEqual([5, 1, 5])
    expect(thinned(thinner, [['b', 'c', 'a'], [0, 0, 6], ['x', 'x', 'x']])).toEqual([0, 6])
    thinner.close()
  })

  it('passes all on where groups have hardly more rows than one, many are wanted, or the first key has no order in 64 bits', () => {
    const unique = new TopThinner(device, 1, fields, [0], order)
    const names = Array.from({ length: 1 << 17 }, (_, i) => `name ${i}`)
    const scores = names.map((_, i) => 7 - i)
    expect(thinned(unique, [names, scores, names])).toEqual(scores)
    expect(thinned(unique, [['name 0', 'name 0'], [-5, -6], ['x', 'x']])).toEqual([-5, -6])
    unique.close()
    for (const thinner of [new TopThinner(device, 65, fields, [0], order), new TopThinner(device, 1, fields, [0], { ...order, index: 2 })]) {
      expect(thinned(thinner, [['a', 'a', 'a'], [3, 2, 1], ['z', 'y', 'x']])).toEqual([3, 2, 1])
      thinner.close()
    }
  })

  it('is a step of topK by groups', () => {
    expect(from({ g: [1, 1], v: [1, 2] }).topK(1, desc('v'), { by: 'g' }).explain()).toContain('in part')
  })
})
