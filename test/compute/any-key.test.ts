// Keys of every type: grouped, looked up, hashed, compared, and their least and greatest.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { type DataType, isNested } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { storedBy } from '../../src/batch/stored-value.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { createAccumulator } from '../../src/compute/accumulator.ts'
import { noPlaces } from '../../src/compute/aggregate-contract.ts'
import { compare } from '../../src/compute/compare.ts'
import { isMember } from '../../src/compute/member.ts'
import { GroupTable } from '../../src/compute/group-table.ts'
import { hashColumns } from '../../src/compute/hash.ts'
import { isOrdered } from '../../src/compute/sort.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf, keyText, randomType, sampleTypes, sampleValues, shapes, uint32sAt, valuesOf } from '../support/samples.ts'
import { formOf } from './reference/key-form.ts'

const device = await createDevice()
afterAll(() => expect(device.pages.used()).toBe(0))

const draw = random(5)
const types = [...sampleTypes, ...Array.from({ length: 10 }, () => randomType(draw, 3))]

describe.each(types.map((type, i) => [typeName(type), type, i] as const))('%s as a key', (_, type, seed) => {
  const values = shapes.flatMap(shape => sampleValues(random(seed), type, 60, shape))
  const texts = values.map(keyText)

  it('has a number per value, and gives the values back', () => {
    const arena = device.arena()
    const table = new GroupTable(device, [{ name: 'k', type, nullable: true }])
    const firsts = [...new Set(texts)]
    for (const [start, end] of [[0, 100], [100, 101], [101, values.length]] as const) {
      const gids = uint32sAt(device, table.find(arena, [columnOf(device, arena, type, values.slice(start, end))], end - start), end - start)
      expect(gids).toEqual(texts.slice(start, end).map(text => firsts.indexOf(text)))
    }
    expect(valuesOf(device, table.keyColumns(arena)[0]!).map(keyText)).toEqual(firsts)
    const found = uint32sAt(device, table.lookup(arena, [columnOf(device, arena, type, values)], values.length), values.length)
    expect(found).toEqual(texts.map((text, i) => (values[i] === null ? 0xffffffff : firsts.indexOf(text))))
    table.reset()
    expect(uint32sAt(device, table.find(arena, [columnOf(device, arena, type, values.slice(7, 9))], 2), 2)).toEqual(texts[7] === texts[8] ? [0, 0] : [0, 1])
    table.close()
    arena.release()
  })

  it('hashes by its value', () => {
    const arena = device.arena()
    const hashes = uint32sAt(device, hashColumns(device, arena, [columnOf(device, arena, type, values)], values.length), values.length)
    const byText = new Map<string, number>()
    values.forEach((_, i) => {
      if (!byText.has(texts[i]!)) byText.set(texts[i]!, hashes[i]!)
      expect(hashes[i]).toBe(byText.get(texts[i]!))
    })
    expect(new Set(byText.values()).size).toBe(byText.size)
    arena.release()
  })

  it('is equal to itself, beside columns and constants', () => {
    const arena = device.arena()
    const others = values.toReversed()
    const [a, b] = [columnOf(device, arena, type, values), columnOf(device, arena, type, others)]
    // Numbers by themselves compare as IEEE 754 says, within lists as keys.
    const equal = (x: Value, y: Value) => (x === null || y === null ? null : keyText(x) === keyText(y) && !Number.isNaN(x))
    expect(valuesOf(device, compare(device, arena, 'eq', a, b))).toEqual(values.map((x, i) => equal(x, others[i]!)))
    const one = values.find(v => v !== null && !Number.isNaN(v)) ?? null
    if (one !== null) {
      const constant = isNested(type) ? one : storedBy(type)(one)!
      expect(valuesOf(device, compare(device, arena, 'ne', a, { type, value: constant }))).toEqual(values.map(x => (x === null ? null : !equal(x, one))))
      if (type.kind !== 'bool') expect(valuesOf(device, isMember(device, arena, a, [constant]))).toEqual(values.map(x => (x === null ? null : equal(x, one))))
    }
    arena.release()
  })

  it.skipIf(!isOrdered(type) || type.kind === 'null')('has an order, a least and a greatest value', () => {
    const arena = device.arena()
    const others = values.toReversed()
    const column = columnOf(device, arena, type, values)
    const less = (x: Value, y: Value) => (x === null || y === null ? null : before(type, x, y))
    expect(valuesOf(device, compare(device, arena, 'lt', column, columnOf(device, arena, type, others)))).toEqual(values.map((x, i) => less(x, others[i]!)))
    const gids = arena.allocate(4 * values.length)
    device.memory.uint32s(gids, values.length).set(values.map((_, i) => i % 7))
    for (const fn of ['min', 'max'] as const) {
      const accumulator = createAccumulator(device, { fn, inputType: type })
      accumulator.update(gids, [column], values.length, 8, noPlaces)
      const merged = createAccumulator(device, { fn, inputType: type })
      merged.merge(columnOf(device, arena, { kind: 'uint32' }, [0, 1, 2, 3, 4, 5, 6, 7]).values, accumulator.partialColumns(arena, 8), 8, 8)
      const best = Array.from({ length: 8 }, (_, gid) => bestOf(type, values.filter((v, i) => i % 7 === gid && v !== null), fn))
      for (const of of [accumulator, merged]) expect(valuesOf(device, of.resultColumns(arena, 8)[0]!)).toEqual(best)
      accumulator.close()
      merged.close()
    }
    arena.release()
  })
})

const asBytes = (value: Value) => (typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array))

function before(type: DataType, x: Value, y: Value): boolean {
  const [a, b] = [formOf(type, x, true), formOf(type, y, true)]
  if (a instanceof Uint8Array || typeof a === 'string') return Buffer.compare(asBytes(a), asBytes(b)) < 0
  return (a as number) < (b as number)
}

// NaN is greater than every number, −0 less than 0.
function bestOf(type: DataType, values: readonly Value[], fn: 'min' | 'max'): Value {
  const rank = (v: Value) => (Number.isNaN(v) ? 1 : 0)
  const isLess = (x: Value, y: Value) => (rank(x) !== rank(y) ? rank(x) < rank(y) : Object.is(x, -0) && y === 0 ? !Object.is(y, -0) : before(type, x, y))
  return values.reduce<Value>((best, v) => (best === null || (fn === 'min' ? isLess(v, best) : isLess(best, v)) ? v : best), null)
}
