import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, from, job, mean, sum } from '../../src/index.ts'
import { everyWay, someWays } from '../support/every-way.ts'
import { pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const schema = { id: 'int32', town: 'utf8?', kind: 'utf8', size: 'int64?', rate: 'float64?' } as const
const chance = random(5)
const rows = Array.from({ length: 700 }, (_, id) => ({
  id,
  town: chance.int(6) === 0 ? null : `a town with a long name ${chance.int(40)}`,
  kind: ['a', 'b', 'c'][chance.int(3)]!,
  size: chance.int(4) === 0 ? null : BigInt(chance.int(9)),
  rate: [null, 0, -0, Number.NaN, 1.5][chance.int(5)]!,
}))
const frame = from(rows, { schema })
const few = someWays
const keyOf = (...values: unknown[]) => values.map(value => (typeof value === 'number' && value === 0 ? '0' : String(value))).join('|')

function firstBy<T>(list: readonly T[], key: (row: T) => string): T[] {
  const seen = new Set<string>()
  return list.filter(row => !seen.has(key(row)) && seen.add(key(row)))
}

describe('distinct', () => {
  it('keeps the first row of those that are equal, in source order, on disk too', async () => {
    expect(await everyWay(options => frame.distinct('town', 'size').collect(options) as never, firstBy(rows, row => keyOf(row.town, row.size)))).toBeGreaterThan(0)
    await everyWay(options => frame.distinct('rate').collect(options) as never, firstBy(rows, row => keyOf(row.rate)), few)
    await everyWay(options => frame.select('kind', 'town').distinct().collect(options) as never, firstBy(rows, row => keyOf(row.kind, row.town)).map(({ kind, town }) => ({ kind, town })), few)
    for (const workers of [0, 2]) expect(await pagesInUse(workers)).toBe(0)
    expect(() => frame.distinct('twon' as never).explain()).toThrow('distinct: no column "twon"')
  })
})

describe('union', () => {
  it('gives the rows of each input in turn, with columns by name and types that hold all', async () => {
    const whole = from([{ size: 1.5, id: 7 }, { size: null, id: 8 }], { schema: { size: 'float64?', id: 'int64' } })
    const both = frame.select('id', 'size').union(whole, frame.select('size', 'id').limit(2))
    const expected = [...rows.map(({ id, size }) => ({ id: BigInt(id), size: size === null ? null : Number(size) })), { id: 7n, size: 1.5 }, { id: 8n, size: null }]
    expected.push(...expected.slice(0, 2))
    await everyWay(options => both.collect(options) as never, expected)
  })

  it('waits with the second input where both come from one source, on disk where memory is short', async () => {
    const odd = frame.filter(col('id').mod(2).eq(1))
    const table = frame.union(odd, frame)
    expect(await everyWay(options => table.collect(options) as never, [...rows, ...rows.filter(row => row.id % 2 === 1), ...rows])).toBeGreaterThan(0)
    await everyWay(options => frame.union(frame).collect(options) as never, [...rows, ...rows])
    const got: Record<string, number[]> = { one: [], two: [] }
    const into = (name: string) => ({ sink: 'user', options: null, bound: { name, delivery: 'idempotent', write: (batch: { column(name: string): { toArray(): number[] } }) => void got[name]!.push(...batch.column('id').toArray()) } })
    const [a, b] = [from(rows, { schema }), from(rows.toReversed(), { schema })]
    await job({ one: a.union(b).to(into('one')), two: b.union(a).to(into('two')) }).run({ workers: 2, batchRows: 50 })
    const ids = rows.map(row => row.id)
    expect(got).toEqual({ one: [...ids, ...ids.toReversed()], two: [...ids.toReversed(), ...ids] })
    expect(await pagesInUse(2)).toBe(0)
  })

  it('refuses other columns and types', () => {
    expect(() => (frame.union as (other: unknown) => typeof frame)(frame.drop('size').with({ extra: col('id') })).explain()).toThrow('union: input 2 has other columns than the first: it has no size, and the first has no extra')
    expect(() => (frame.union as (other: unknown) => typeof frame)(frame.with({ size: col('kind') })).explain()).toThrow('union: "size" is int64 in the first input but utf8 in input 2; cast one of them')
    expect(() => (frame.union as () => typeof frame)().explain()).toThrow('union: nothing to unite with')
  })
})

describe('pivot and unpivot', () => {
  it('make columns of values', async () => {
    const pivoted = frame.pivot({ index: 'town', columns: 'kind', aggregate: sum('size'), names: ['a', 'c', 'x'] }).sort('town')
    const towns = [...new Set(rows.map(row => row.town))].sort((a, b) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1))
    const total = (town: string | null, kind: string) => {
      const sizes = rows.filter(row => row.town === town && row.kind === kind && row.size !== null).map(row => row.size!)
      return sizes.length > 0 ? sizes.reduce((a, b) => a + b, 0n) : null
    }
    const expected = towns.map(town => ({ town, a: total(town, 'a'), c: total(town, 'c'), x: null }))
    await everyWay(options => pivoted.collect(options) as never, expected, few)
    const found = (await frame.pivot({ index: 'town', columns: 'kind', aggregate: sum('size') })).select('town', 'a', 'c').sort('town')
    expect((await found.collect()).toArray()).toEqual(expected.map(({ x: _, ...row }) => row))
    const bySize = frame.pivot({ index: [], columns: 'size', aggregate: count(), names: [3, null] })
    expect((await bySize.collect()).toArray()).toEqual([{ '3': rows.filter(row => row.size === 3n).length, null: rows.filter(row => row.size === null).length }])
  })

  it('make rows of columns', async () => {
    const long = frame.unpivot({ on: ['size', 'rate'], index: ['id'], variable: 'what', value: 'how_much' })
    const expected = rows.flatMap(({ id, size, rate }) => [{ id, what: 'size', how_much: size === null ? null : Number(size) }, { id, what: 'rate', how_much: rate }])
    await everyWay(options => long.collect(options) as never, expected, few)
    expect((await frame.unpivot({ on: ['kind', 'town'] }).limit(2).collect()).columnNames).toEqual(['id', 'size', 'rate', 'variable', 'value'])
  })

  it('say what is wrong', () => {
    expect(() => frame.pivot({ index: 'town', columns: 'kind', aggregate: count(), names: [] }).explain()).toThrow('pivot: no names to make columns of')
    expect(() => frame.pivot({ index: 'town', columns: 'kind', aggregate: count(), names: ['town'] }).explain()).toThrow('pivot: two columns would be named "town"')
    expect(() => frame.pivot({ index: 'town', columns: 'kind', aggregate: count(), names: [1] }).explain()).toThrow('"kind" is utf8')
    expect(() => frame.unpivot({ on: ['kind', 'size'] }).explain()).toThrow('unpivot: "kind" is utf8 but "size" is int64, and one column can\'t hold both')
    expect(() => frame.unpivot({ on: [] }).explain()).toThrow('unpivot: no columns to make rows of')
    expect(() => frame.unpivot({ on: ['kind'], variable: 'id' }).explain()).toThrow('unpivot: two columns would be named "id"')
  })
})

describe('explode', () => {
  const lists = Array.from({ length: 300 }, (_, id) => ({ id, text: `a text that is long enough ${id}`, items: id % 7 === 0 ? null : Array.from({ length: id % 5 }, (_, i) => (i % 3 === 2 ? null : `item ${id} ${i} of a list`)) }))
  const nested = from(lists, { schema: { id: 'int32', text: 'utf8', items: 'list<utf8?>?' } })
  const exploded = (keep: boolean, index: boolean) =>
    lists.flatMap(({ id, text, items }): object[] => {
      if ((items ?? []).length === 0) return keep ? [{ id, text, items: null, ...(index && { at: null }) }] : []
      return items!.map((item, at) => ({ id, text, items: item, ...(index && { at }) }))
    })

  it('gives a row for each item, and one for empty lists where they are kept', async () => {
    await everyWay(options => nested.explode('items').collect(options) as never, exploded(false, false), few)
    await everyWay(options => nested.explode('items', { empty: 'keep', index: 'at' }).collect(options) as never, exploded(true, true))
    const pairs = from([{ p: [1, 2] }, { p: [3, 4] }], { schema: { p: 'list<int32, 2>' } })
    expect((await pairs.explode('p', { index: 'n' }).collect()).toArray()).toEqual([{ p: 1, n: 0 }, { p: 2, n: 1 }, { p: 3, n: 0 }, { p: 4, n: 1 }])
  })

  it('says what is wrong', () => {
    expect(() => nested.explode('text' as never).explain()).toThrow('explode: "text" is utf8, no list')
    expect(() => nested.explode('items', { index: 'id' as never }).explain()).toThrow('explode: there is a column "id" already')
    expect(() => nested.explode('items', { empty: 'leave' as never })).toThrow('explode: empty is "leave"; give \'drop\' or \'keep\'')
  })
})

describe('nulls', () => {
  it('are filled by constants that fit, and by what comes before or behind', async () => {
    await everyWay(options => frame.fillNull(0).collect(options) as never, rows.map(row => ({ ...row, size: row.size ?? 0n, rate: row.rate ?? 0 })), few)
    await everyWay(options => frame.fillNull({ town: '?', size: 7 }).collect(options) as never, rows.map(row => ({ ...row, town: row.town ?? '?', size: row.size ?? 7n })), few)
    const forward = <T extends object>(list: readonly T[], names: readonly (keyof T)[]) => {
      const last: Partial<T> = {}
      return list.map(row => {
        const filled = { ...row }
        for (const name of names) filled[name] = (last[name] = (row[name] ?? last[name] ?? null) as T[keyof T]) as never
        return filled
      })
    }
    await everyWay(options => frame.fillNull('forward').collect(options) as never, forward(rows, ['town', 'size', 'rate']))
    await everyWay(options => frame.fillNull('backward', 'town').collect(options) as never, forward(rows.toReversed(), ['town']).toReversed())
    for (const workers of [0, 2]) expect(await pagesInUse(workers)).toBe(0)
  })

  it('are dropped with their rows', async () => {
    const table = await frame.dropNull('town', 'size').collect()
    expect(table.schema).toEqual({ ...schema, town: 'utf8', size: 'int64' })
    await everyWay(options => frame.dropNull('town', 'size').collect(options) as never, rows.filter(row => row.town !== null && row.size !== null), few)
    await everyWay(options => frame.dropNull().select('id').collect(options) as never, rows.filter(row => row.town !== null && row.size !== null && row.rate !== null).map(({ id }) => ({ id })), few)
  })

  it('say what is wrong', () => {
    expect(() => frame.select('id', 'kind').fillNull(true).explain()).toThrow('fillNull: the value fits none of the columns id: int32, kind: utf8')
    expect(() => frame.fillNull({ rate: 'x' } as never).explain()).toThrow('"rate" is float64')
    expect(() => frame.fillNull(null as never)).toThrow('fillNull: null given')
    expect(() => frame.dropNull('x' as never).explain()).toThrow('dropNull: no column "x"')
  })
})

describe('rows without columns', () => {
  const none = frame.drop('id', 'town', 'kind', 'size', 'rate')
  it.each(few)('are counted, numbered, united and added to with %o', async options => {
    expect((await none.collect(options)).toArray()).toEqual(rows.map(() => ({})))
    expect((await none.union(none, frame.select() as never).agg({ n: count() }).collect(options)).toArray()).toEqual([{ n: 2100 }])
    expect((await none.reverse().limit(3, { offset: 1 }).rowIndex('i').collect(options)).toArray()).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }])
    expect((await none.with({ x: col('id' as never).isNull() } as never).collect(options).catch((error: Error) => error.message))).toBe('with: no column "id"; the input has no columns')
    expect((await none.crossJoin(frame.select('id').limit(2)).agg({ n: count() }).collect(options)).toArray()).toEqual([{ n: 1400 }])
  })

  it('are all equal', async () => {
    expect((await none.distinct().collect()).toArray()).toEqual([{}])
    expect((await none.limit(0).distinct().collect()).toArray()).toEqual([])
  })
})

describe('rollup, cube and groupingSets', () => {
  const grouped = (sets: readonly (readonly ('town' | 'kind')[])[]) =>
    sets.flatMap(set => {
      const groups = new Map<string, { town: string | null; kind: string | null; grouping_id: number; n: number; total: number }>()
      for (const row of rows) {
        const key = keyOf(...set.map(name => row[name]))
        const group = groups.get(key) ?? { town: set.includes('town') ? row.town : null, kind: set.includes('kind') ? row.kind : null, grouping_id: (set.includes('town') ? 0 : 2) + (set.includes('kind') ? 0 : 1), n: 0, total: 0 }
        groups.set(key, { ...group, n: group.n + 1, total: group.total + Number(row.size ?? 0n) })
      }
      return [...groups.values()].map(({ total, n, ...group }) => ({ ...group, n, total: BigInt(total) }))
    })
  const inOrder = <T extends object>(list: readonly T[]) => list.map(row => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))).sort()

  it.each([
    ['rollup', frame.rollup('town', 'kind'), [['town', 'kind'], ['town'], []]],
    ['cube', frame.cube('town', 'kind'), [['town', 'kind'], ['town'], ['kind'], []]],
    ['groupingSets', frame.groupingSets(['town'], ['kind', 'town'], []), [['town'], ['town', 'kind'], []]],
  ] as const)('%s groups by several sets of keys, told apart by an id', async (_, sets, expected) => {
    for (const options of few) expect(inOrder((await sets.agg({ n: count(), total: sum(col('size').fillNull(0)) }).select('town', 'kind', 'grouping_id', 'n', 'total').collect(options)).toArray())).toEqual(inOrder(grouped(expected)))
  })

  it('say what is wrong', () => {
    expect(() => frame.rollup()).toThrow('rollup: no keys given')
    expect(() => frame.cube('kind', 'kind')).toThrow('cube: "kind" is given twice')
    expect(() => frame.cube(...Array.from({ length: 13 }, (_, i) => `k${i}` as never))).toThrow('cube: 13 keys have 8192 sets')
    expect(() => frame.rollup('kind').agg({ n: count() }, { id: 'kind' }).explain()).toThrow('there is a column "kind" already')
    expect(() => frame.rollup('knid' as never).agg({ n: mean('size') }).explain()).toThrow('no column "knid"')
  })
})
