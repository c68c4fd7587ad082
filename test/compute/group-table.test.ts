import { afterEach, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Column } from '../../src/batch/batch.ts'
import { binary, type DataType, int32, int64, timestampMs, utf8 } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { GroupTable } from '../../src/compute/group-table.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf, uint32sAt, valuesOf } from '../support/samples.ts'
import { groupRows } from './reference/group.ts'

const device = await createDevice({ relaxed: false })
const tables: GroupTable[] = []

afterEach(() => {
  for (const table of tables.splice(0)) table.close()
  expect(device.pages.used()).toBe(0)
})

function tableOf(...types: DataType[]) {
  const table = new GroupTable(device, types.map((type, i) => ({ name: `k${i}`, type, nullable: true })))
  tables.push(table)
  return {
    table,
    find(...columns: Value[][]): number[] {
      const arena = device.arena()
      const keys: Column[] = columns.map((values, i) => columnOf(device, arena, types[i]!, values))
      const gids = uint32sAt(device, table.find(arena, keys, columns[0]!.length), columns[0]!.length)
      arena.release()
      return gids
    },
    keys(): Value[][] {
      const arena = device.arena()
      const keys = table.keyColumns(arena).map(column => valuesOf(device, column))
      arena.release()
      return keys
    },
  }
}

function check(types: DataType[], batches: readonly Value[][][]) {
  const { table, find, keys } = tableOf(...types)
  const gids = batches.flatMap(batch => find(...batch))
  const rows = batches.flatMap(batch => batch[0]!.map((_, row) => batch.map(values => values[row]!)))
  const expected = groupRows(rows)
  expect(gids).toEqual(expected.gids)
  expect(table.groupCount).toBe(expected.firsts.length)
  const found = keys()
  expect(found).toEqual(types.map((_, i) => expected.firsts.map(row => rows[row]![i]!)))
}

const numbers = (seed: number, count: number, below: number, times = 1, plus = 0) => {
  const chance = random(seed)
  return Array.from({ length: count }, () => chance.int(below) * times + plus)
}

describe('GroupTable', () => {
  it('keeps group numbers while a dense range of numbers grows upward, downward and across nulls', () => {
    check([int32], [[numbers(1, 500, 50)], [[null, ...numbers(2, 500, 300, 1, -150)]], [numbers(3, 5000, 9000, 1, -1000)], [[null, 7, -151]]])
  })

  it('keeps group numbers when numbers turn out not to be dense', () => {
    check([int32], [[numbers(1, 500, 50)], [[null, 2 ** 31 - 1, -(2 ** 31), 3]], [numbers(2, 60_000, 2 ** 30, 2)]])
    check([int64], [[[1n, 2n, null]], [[2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 2n, null]]])
    check([timestampMs], [[numbers(4, 300, 1000, 60_000, 1_700_000_000_000)], [[8.64e15, -8.64e15, 1_700_000_000_000]]])
  })

  it('holds many strings, short and long, and copies the long ones', () => {
    const texts = (seed: number, count: number) => numbers(seed, count, 40_000).map(n => (n % 2 ? `id${n}` : `an identifier that is long: ${n}`))
    check([utf8], [[texts(1, 30_000)], [[null, '', ...texts(2, 30_000)]]])
  })

  it('pairs columns by an array while their product is small, then by hashing', () => {
    const batch = (seed: number, count: number, below: number): Value[][] => [numbers(seed, count, below), numbers(seed + 1, count, below).map(String), numbers(seed + 2, count, 3)]
    check([int32, utf8, int32], [batch(1, 100, 4), batch(5, 1000, 40), batch(9, 40_000, 5000), batch(5, 1000, 40)])
  })

  it('starts again after reset, and gives memory back at close', () => {
    const { table, find } = tableOf(utf8, int32)
    expect(find(['a', 'b', 'a long string, longer than a view'], [1, 1, 1])).toEqual([0, 1, 2])
    table.reset()
    expect(table.groupCount).toBe(0)
    expect(find(['b', 'a', 'b'], [1, 1, 2])).toEqual([0, 1, 2])
    expect(table.bytes).toBeGreaterThan(0)
  })

  it('has one group without keys', () => {
    const { table } = tableOf()
    const arena = device.arena()
    expect(uint32sAt(device, table.find(arena, [], 3), 3)).toEqual([0, 0, 0])
    expect(table.groupCount).toBe(1)
    arena.release()
  })

  it('tells a long text from a short one whose bytes are as the long one is kept', () => {
    const chance = random(5)
    const { memory } = device
    for (let round = 0; round < 1_000; round++) {
      const arena = device.arena()
      const views = arena.allocate(32)
      const text = arena.allocate(28)
      memory.write(text, Uint8Array.from({ length: 28 }, (_, i) => (i < 4 ? 97 : chance.int(256))))
      // Twelve bytes: those the long one begins with, and what its view has behind them. Their slots are the same in one of 64 rounds.
      memory.uint32s(views, 8).set([12, 0x61616161, 0, text, 28, 0x61616161, 0, text])
      const table = new GroupTable(device, [{ name: 'k', type: binary, nullable: false }])
      expect(uint32sAt(device, table.find(arena, [{ type: binary, length: 2, values: views, validity: 0 }], 2), 2), `round ${round}`).toEqual([0, 1])
      table.close()
      arena.release()
    }
  })
})
