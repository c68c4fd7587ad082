import { afterAll, describe, expect, it } from 'vitest'
import { schemaText } from '../../src/batch/schema.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { closeEngines, col, count, desc, from, lit, max, rank, tumble, when } from '../../src/index.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'
import { someWays } from '../support/every-way.ts'

afterAll(closeEngines)

const schema = {
  id: 'int32',
  price: 'float64?',
  price_net: 'decimal(8, 2)?',
  name: 'utf8?',
  day: 'date',
  at: 'timestamp[ms, Europe/Berlin]',
  took: 'duration[ms]',
  tags: 'list<int64>',
  pair: 'list<float32, 2>',
  place: 'struct<a: int8>',
  flag: 'bool',
  big: 'int64',
} as const
const rows = Array.from({ length: 90 }, (_, id) => ({
  id,
  price: id % 4 === 0 ? null : id / 8,
  price_net: id % 3 === 0 ? null : `${id}.50`,
  name: id % 5 === 0 ? null : `name ${id % 7}`,
  day: id * 86_400_000,
  at: id,
  took: id,
  tags: [BigInt(id)],
  pair: [id, 1],
  place: { a: 1 },
  flag: id % 2 === 0,
  big: BigInt(id),
}))
const frame = from(rows, { schema })
const names = (made: unknown) => {
  const { edge } = made as { edge: { node: Parameters<typeof buildPlan>[0][number] } }
  const { plan, bindings, roots } = buildPlan([edge.node])
  return Object.keys(schemaText(resolvePlan(JSON.parse(JSON.stringify(plan)), bindings).edges.get(roots[0]!)!.fields))
}

describe('selectors', () => {
  it.each([
    ['all', col.all(), Object.keys(schema)],
    ['numbers', col.numeric(), ['id', 'price', 'price_net', 'big']],
    ['text', col.text(), ['name']],
    ['times', col.temporal(), ['day', 'at', 'took']],
    ['one type', col.ofType('int64'), ['big']],
    ['several types, in the input’s order', col.ofType('bool', 'int32', 'decimal(8, 2)'), ['id', 'price_net', 'flag']],
    ['families', col.ofType('decimal', 'timestamp', 'struct'), ['price_net', 'at', 'place']],
    ['lists of any length', col.ofType('list'), ['tags', 'pair']],
    ['a list by its whole type', col.ofType('list<float32, 2>'), ['pair']],
    ['nested types', col.ofType('nested'), ['tags', 'pair', 'place']],
    ['integers and floats', col.ofType('integer', 'float'), ['id', 'price', 'big']],
    ['a pattern', col.matching(/^PRICE|g$/i), ['price', 'price_net', 'flag', 'big']],
    ['a pattern that remembers', col.matching(/p/gy), ['price', 'price_net', 'pair', 'place']],
    ['all but a name and times', col.except('id', col.temporal(), col.ofType('nested')), ['price', 'price_net', 'name', 'flag', 'big']],
    ['these but those', col.numeric().except('id', col.matching(/net/)), ['price', 'big']],
    ['what two have in common', col.numeric().and(col.matching(/^p/)), ['price', 'price_net']],
    ['what either has', col.text().or(col.ofType('bool')).or(col.ofType('int32')), ['id', 'name', 'flag']],
  ])('choose %s', (_, selector, expected) => {
    expect(names(frame.select(selector as ReturnType<typeof col.all>))).toEqual(expected)
    expect(names(frame.drop(selector as ReturnType<typeof col.all>).with({ last: lit(1) }))).toEqual([...Object.keys(schema).filter(name => !expected.includes(name)), 'last'])
  })

  it('keep the order in which they are given, and a column once', async () => {
    expect(names(frame.select('flag', col.ofType('float64'), 'id', col.numeric()))).toEqual(['flag', 'price', 'id', 'price_net', 'big'])
    const table = await frame.select('name', col.ofType('int32')).limit(2).collect()
    expect(table.toArray()).toEqual([{ name: null, id: 0 }, { name: 'name 1', id: 1 }])
  })

  it('find what earlier steps made, and not what the engine hides', () => {
    const made = frame.select('id', 'name').with({ share: col('id').div(2) }).rename({ name: 'title' })
    expect(names(made.select(col.text(), col.ofType('float')))).toEqual(['title', 'share'])
    expect(names(frame.groupBy('name').agg({ n: count(), most: max('price') }).select(col.ofType('int64')))).toEqual(['n'])
    expect(names(made.with({ n: when(col('id').gt(1)).then('a').otherwise('b') }).drop(col.text()))).toEqual(['id', 'share'])
  })

  it('say what was asked for where they find nothing, and list what is there', () => {
    const few = frame.select('id', 'name')
    const message = (made: () => { explain(): string }) => {
      try {
        return made().explain()
      } catch (error) {
        return `${(error as { code: string }).code} ${(error as Error).message}`
      }
    }
    const has = 'the input has id: int32, name: utf8?; name columns, or ask for what is there'
    expect(message(() => few.select(col.ofType('float64', 'decimal')))).toBe(`SELECTOR select-2: there are no columns of type float64 or decimal; ${has}`)
    expect(message(() => few.drop(col.matching(/^price/i)))).toBe(`SELECTOR drop: there are no columns named like /^price/i; ${has}`)
    expect(message(() => few.dropNull(col.all().except('id', col.text())))).toBe(`SELECTOR dropNull: there are no columns other than "id" and columns of type text; ${has}`)
    expect(message(() => few.distinct(col.text().and(col.numeric()).or(col.temporal())))).toBe(`SELECTOR distinct: there are no ((columns of type text that are also columns of type numeric) or columns of type temporal); ${has}`)
    expect(message(() => few.mapColumns(col.temporal(), c => c.isNull()))).toContain('SELECTOR mapColumns: there are no columns of type temporal')
    expect(message(() => few.select(col.except('nmae') as never))).toContain('NO_COLUMN select-2: no column "nmae"; the input has id, name; did you mean "name"?')
    expect(message(() => few.select(col.text(), 'idd' as never))).toContain('NO_COLUMN select-2: no column "idd"')
  })

  it('refuse what is none', () => {
    const refuses = (make: () => unknown, code: string, message: string) => expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
    refuses(() => col.ofType('flaot64' as 'float64'), 'TYPE', 'did you mean "float64"?')
    refuses(() => col.ofType('utf8?' as 'utf8'), 'SELECTOR', "ofType: 'utf8?' asks for nulls")
    refuses(() => col.ofType(), 'SELECTOR', 'ofType: no type given')
    refuses(() => col.matching('price' as never), 'SELECTOR', 'matching: string given where a regular expression is wanted; write it as in matching(/^price/)')
    refuses(() => col.numeric().and('id' as never), 'SELECTOR', 'and: string given where a selector of columns is wanted')
    refuses(() => col.except(3 as never), 'SELECTOR', "except: number given where a column's name is wanted")
    refuses(() => frame.drop(null as never), 'SELECTOR', "drop: null given where a column's name is wanted")
    refuses(() => frame.mapColumns(col.all(), 'x' as never), 'SELECTOR', 'mapColumns: string given where a function of a column is wanted')
    expect(String(col.numeric())).toBe('columns of type numeric')
  })
})

describe('mapColumns', () => {
  it('replaces each column in its place, at any size of batches', async () => {
    const few = frame.select('id', 'price', 'name', 'big').mapColumns(col.numeric().except('id'), c => c.mul(2)).filter(col('price').gt(3))
    const expected = rows.filter(r => r.price !== null && r.price * 2 > 3).map(({ id, price, name, big }) => ({ id, price: price! * 2, name, big: big * 2n }))
    for (const options of someWays) expect((await few.collect(options)).toArray()).toEqual(expected)
  })

  it('adds columns with a suffix, and knows the column’s name and the others', async () => {
    const table = await frame
      .select('id', 'price')
      .mapColumns('price', (c, name) => when(c.gt(col('id'))).then(name).otherwise(name.concat('!')), { suffix: '_is' })
      .limit(2)
      .collect()
    expect(table.toArray()).toEqual([{ id: 0, price: null, price_is: 'price!' }, { id: 1, price: 0.125, price_is: 'price!' }])
    expect(names(frame.select('id', 'big', 'flag').mapColumns(['big', col.ofType('int32')], c => c.neg(), { suffix: '_neg' }))).toEqual(['id', 'big', 'flag', 'big_neg', 'id_neg'])
  })

  it('fails with the column’s own name, or where a name is taken', () => {
    expect(() => frame.mapColumns(col.all() as unknown as ReturnType<typeof col.matching>, c => c.lower()).explain()).toThrow('mapColumns: "id" is int32: lower() does not apply')
    expect(() => frame.mapColumns('price', c => c.mul(2), { suffix: '_net' }).explain()).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_COLUMN', message: 'mapColumns: "price" with the suffix "_net" would be named as the column "price_net" that is there; give another suffix' }),
    )
  })
})

describe('groupBy, sort, topK and unpivot', () => {
  const few = from(
    Array.from({ length: 60 }, (_, id) => ({ id, city: `c${id % 3}`, kind: id % 4 === 0 ? null : `k${id % 2}`, a: (id * 7) % 5, b: id % 6 === 0 ? null : (id * 11) % 13 })),
    { schema: { id: 'int32', city: 'utf8', kind: 'utf8?', a: 'int32', b: 'int32?' } },
  )

  it('take selectors for several keys', async () => {
    const plain = few.groupBy('city', 'kind').agg({ n: count(), most: max('id') }).sort('city', 'kind')
    const chosen = few.groupBy(col.text()).agg({ n: count(), most: max('id') }).sort(col.text())
    expect(names(chosen)).toEqual(['city', 'kind', 'n', 'most'])
    for (const options of someWays) expect((await chosen.collect(options)).toArray()).toEqual((await plain.collect(options)).toArray())
    expect(names(few.groupBy('id', col.matching(/^k/), col.text()).agg({ n: count() }))).toEqual(['id', 'kind', 'city', 'n'])
    const timed = frame.groupBy(col.ofType('bool'), tumble('at', '2d')).agg({ n: count() })
    expect(names(timed)).toEqual(['flag', 'window_start', 'window_end', 'n'])
  })

  it('take selectors for several orders, in a direction, each column once', async () => {
    const plain = await few.sort('city', desc('a', { nulls: 'first' }), desc('b', { nulls: 'first' }), 'id').collect()
    const chosen = few.sort('city', desc(col.ofType('int32').except('id'), { nulls: 'first' }), col.all())
    for (const options of someWays) expect((await chosen.select('id', 'city', 'kind', 'a', 'b').collect(options)).toArray()).toEqual(plain.toArray())
    expect((await few.topK(2, desc(col.matching(/^[ab]$/)), 'id', { by: [col.matching(/^city/)] }).collect()).column('id').toArray()).toEqual(
      (await few.topK(2, desc('a'), desc('b'), 'id', { by: 'city' }).collect()).column('id').toArray(),
    )
  })

  it('take selectors for the columns that become rows, and for those that stay', async () => {
    const plain = await few.select('id', 'city', 'a', 'b').unpivot({ on: ['a', 'b'], index: ['id', 'city'] }).collect()
    const chosen = few.select('id', 'city', 'a', 'b').unpivot({ on: col.numeric().except('id') })
    expect((await chosen.collect()).toArray()).toEqual(plain.toArray())
    expect(names(few.unpivot({ on: [col.text()], index: ['a', col.ofType('int32')], value: 'text' }))).toEqual(['a', 'id', 'b', 'variable', 'text'])
  })

  it('say where a selector finds nothing, or can’t stand', () => {
    expect(() => few.groupBy(col.temporal()).agg({ n: count() }).explain()).toThrow(/groupBy: there are no columns of type temporal; the input has id: int32/)
    expect(() => few.sort(col.temporal()).explain()).toThrow(/sort: there are no columns of type temporal/)
    expect(() => few.groupBy(col.except('kindd') as never).agg({ n: count() }).explain()).toThrow(/groupBy: no column "kindd".*did you mean "kind"/)
    expect(() => few.with({ r: rank().over({ orderBy: col.text() as never }) })).toThrow(/over: a selector given where a column or an expression is wanted/)
    expect(() => few.unpivot({ on: 3 as never })).toThrow(/unpivot: number given where a column's name is wanted/)
  })
})

describe('steps by names', () => {
  it('take selectors: dropNull, distinct, fillNull', async () => {
    const few = frame.select('id', 'price', 'price_net', 'name')
    expect((await few.dropNull(col.numeric(), 'name').collect()).toArray().map(r => r.id)).toEqual(rows.filter(r => r.price !== null && r.price_net !== null && r.name !== null).map(r => r.id))
    expect((await few.distinct(col.text()).collect()).numRows).toBe(8)
    const filled = (await few.fillNull('forward', col.matching(/^price/)).collect()).toArray()
    expect(filled.slice(3, 6)).toEqual([
      { id: 3, price: 0.375, price_net: '2.50', name: 'name 3' },
      { id: 4, price: 0.375, price_net: '4.50', name: 'name 4' },
      { id: 5, price: 0.625, price_net: '5.50', name: null },
    ])
  })
})
