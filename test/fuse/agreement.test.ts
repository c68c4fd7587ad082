// Compiled passes against the steps they replace: the same rows, sums and errors, whatever lies in the columns.
import { afterAll, describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import { agg, col, count, lit, max, mean, min, sum, when } from '../../src/index.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { closeEngines, frame } from '../support/frames.ts'

afterAll(closeEngines)

const pick = <T>(chance: Random, list: readonly T[]): T => list[chance.int(list.length)]!
const texts = ['', 'a', 'Bonn', 'thirteen bytes', 'a text of more than twelve bytes', 'äöü€😀']
const wholes = { i8: 100, i16: 30_000, i32: 2 ** 30, u8: 255, u16: 65_535, u32: 2 ** 32 - 1 } as const
const schema = {
  i8: 'int8', i16: 'int16?', i32: 'int32', u8: 'uint8', u16: 'uint16?', u32: 'uint32', i64: 'int64?', small: 'int32?', f32: 'float32', f64: 'float64?',
  day: 'date', at: 'timestamp[ms]?', money: 'decimal(12, 2)', rate: 'decimal(4, 3)?', level: 'decimal(4, 2)?', step: 'decimal(30, 1)', flag: 'bool?', text: 'utf8?', city: 'utf8',
} as const

function rowsOf(chance: Random, count: number): Record<string, unknown>[] {
  const nulls = pick(chance, [0, 0.3, 1])
  const maybe = (value: unknown) => (chance.float() < nulls ? null : value)
  return Array.from({ length: count }, () => ({
    ...Object.fromEntries(Object.entries(wholes).map(([name, most]) => [name, name.startsWith('u') ? chance.int(most) : chance.int(2 * most) - most])),
    i16: maybe(chance.int(60_000) - 30_000),
    u16: maybe(chance.int(65_535)),
    i64: maybe(pick(chance, [0n, 1n, -1n, 2n ** 40n, -(2n ** 62n), 2n ** 62n])),
    small: maybe(chance.int(5) - 2),
    f32: (chance.int(81) - 40) / 4,
    f64: maybe(pick(chance, [chance.float() * 100, -0, chance.int(10) / 8, 1e10])),
    day: (chance.int(20_000) - 5_000) * 86_400_000,
    at: maybe(1_700_000_000_000 + chance.int(1_000_000_000)),
    money: ((chance.int(2_000_000_000) - 1_000_000_000) / 100).toFixed(2),
    rate: maybe(((chance.int(2_000) - 1_000) / 1000).toFixed(3)),
    level: maybe(((chance.int(19) - 9) / 100).toFixed(2)),
    step: (chance.int(900) / 10).toFixed(1),
    flag: maybe(chance.int(2) === 1),
    text: maybe(pick(chance, texts)),
    city: pick(chance, texts),
  }))
}

type Expr = any

// Numbers of the kinds that compiled passes have, and what is made of them.
function number(chance: Random, depth: number): Expr {
  const leaf = () => col(pick(chance, ['i8', 'i16', 'i32', 'u8', 'u16', 'u32', 'i64', 'small', 'f32', 'f64', 'money', 'rate']))
  if (depth === 0) return leaf()
  const a = number(chance, depth - 1)
  switch (chance.int(9)) {
    case 0:
      return a.add(pick(chance, [number(chance, depth - 1), lit(3)]))
    case 1:
      return a.sub(number(chance, depth - 1))
    case 2:
      return a.mul(pick(chance, [leaf(), lit(2)]))
    case 3:
      return a.cast('float64').div(pick(chance, [leaf().cast('float64'), lit(8)]))
    case 4:
      return a.neg()
    case 5:
      return a.cast('float64').abs()
    case 6:
      return when(condition(chance, depth - 1)).then(a.cast('float64')).otherwise(pick(chance, [lit(null), lit(1.5)]))
    case 7:
      return a.cast('float64').coalesce(0.25)
    default:
      return a.cast('float64')
  }
}

function condition(chance: Random, depth: number): Expr {
  const op = pick(chance, ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const)
  const leaf = (): Expr =>
    pick(chance, [
      () => col('small')[op](chance.int(5) - 2),
      () => col('i32')[op](chance.int(2 ** 30)),
      () => col('f64')[op](chance.int(100)),
      () => col('f32')[op](0.25 * chance.int(40)),
      () => col('day')[op]('2001-05-06'),
      () => col('at')[op](new Date(1_700_000_400_000)),
      () => col('i16').between(-5000, 20_000),
      () => col('rate').between('0.05', '0.5'),
      () => col('money')[op]('12.345'),
      () => col('city').eq(pick(chance, [...texts, 'nowhere'])),
      () => col('text').ne(pick(chance, texts)),
      () => col('text').isIn(texts.slice(0, 3)),
      () => col('u8').isIn([1, 2, 3, 77]),
      () => col('flag'),
      () => col('text').isNull(),
      () => col('i16').isNotNull(),
      () => number(chance, 1).gt(number(chance, 0)),
    ])()
  if (depth === 0) return leaf()
  const [a, b] = [condition(chance, depth - 1), condition(chance, depth - 1)]
  return pick(chance, [() => a.and(b), () => a.or(b), () => a.not(), () => a.isTrue(), () => a.isNotFalse(), leaf])()
}

function query(chance: Random, input: FrameValue): FrameValue {
  let made: any = input
  if (chance.int(4) > 0) made = made.filter(condition(chance, chance.int(3)))
  made = made.with({ x: number(chance, chance.int(3)), y: number(chance, 1) })
  if (chance.int(3) === 0) made = made.filter(condition(chance, 1))
  const keys = pick(chance, [[], [], ['city'], ['text', 'flag'], ['city', 'u8'], ['i8'], ['level'], ['step'], ['level', 'flag'], ['small', 'city']])
  const aggregates: Record<string, unknown> = {
    n: count(),
    x: sum('x'),
    y: pick(chance, [mean('y'), sum('y')]),
    known: count(pick(chance, ['x', 'text', 'f64'])),
    some: sum('f64').where(condition(chance, 0)),
    mean: mean(pick(chance, ['i32', 'f32', 'u16', 'i64', 'money'])),
  }
  if (chance.int(2) === 0) Object.assign(aggregates, { least: min(pick(chance, ['i32', 'i64', 'day', 'at', 'f64', 'x'])), most: max(pick(chance, ['i8', 'small', 'at', 'f32', 'f64'])) })
  return made.groupBy(...keys).agg(aggregates)
}

const digits = (value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(11)) : typeof value === 'bigint' ? `${value}n` : value)
const texted = (rows: readonly object[]) => rows.map(row => JSON.stringify(Object.entries(row).map(([name, value]) => [name, Object.is(value, -0) ? 0 : Number.isNaN(value) ? 'NaN' : digits(value)]))).sort()

async function outcome(made: FrameValue, options: object): Promise<{ rows?: string[]; error?: string; compiled: number }> {
  try {
    const table = await made.collect(options)
    return { rows: texted(table.toArray()), compiled: table.stats.counts['rowsFused'] ?? 0 }
  } catch (error) {
    return { error: (error as Error).message, compiled: 0 }
  }
}

describe('a compiled pass gives what the steps give', () => {
  for (const [index, rowCount] of [0, 1, 7, 8, 9, 64, 127, 1000, 70_000].entries()) {
    it(`over ${rowCount} rows`, { timeout: 120_000 }, async () => {
      const chance = random(100 + index)
      const cached = frame(rowsOf(chance, rowCount), schema).cache()
      let compiled = 0
      for (let i = 0; i < (rowCount > 1000 ? 20 : 50); i++) {
        const seed = chance.uint32()
        const made = query(random(seed), cached)
        const batchRows = pick(chance, [64, 1024, 65_536])
        const [steps, pass] = [await outcome(made, { workers: 1, batchRows, fuse: 'never' }), await outcome(made, { workers: 1, batchRows, fuse: 'always' })]
        expect({ ...pass, compiled: 0 }, `seed ${seed}, ${steps.error ?? made.explain()}`).toEqual(steps)
        compiled += pass.compiled > 0 ? 1 : 0
      }
      if (rowCount > 0) expect(compiled).toBeGreaterThan(2)
    })
  }
})

describe('a compiled pass', () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({ a: i % 2 === 0 ? i : 2 ** 31 - 1, b: i, city: texts[i % 6]! }))
  const cached = frame(rows, { a: 'int32', b: 'int32', city: 'utf8' }).cache()

  it('leaves an error to the steps, which name it; and rows that a filter drops are none', async () => {
    const added = (made: FrameValue) => made.with({ c: (col('a') as Expr).add(col('b')) }).groupBy().agg({ c: sum('c') })
    await expect(added(cached).collect({ workers: 1, fuse: 'always' })).rejects.toMatchObject({ code: 'INT_OVERFLOW', message: expect.stringContaining('with') })
    const even = cached.filter((col('a') as Expr).lt(5000))
    expect((await added(even).collect({ workers: 1, fuse: 'always' })).toArray()).toEqual((await added(even).collect({ workers: 1, fuse: 'never' })).toArray())
  })

  it('sums whole numbers exactly and says where they do not fit', async () => {
    const large = frame(Array.from({ length: 100 }, () => ({ x: 2n ** 62n })), { x: 'int64' }).cache()
    const summed = large.groupBy().agg({ s: sum('x') })
    await expect(summed.collect({ workers: 1, fuse: 'always' })).rejects.toMatchObject({ code: 'SUM_OVERFLOW' })
    const balanced = frame(Array.from({ length: 100 }, (_, i) => ({ x: i % 2 === 0 ? 2n ** 62n : -(2n ** 62n) + 1n })), { x: 'int64' }).cache()
    expect((await balanced.groupBy().agg({ s: sum('x') }).collect({ workers: 1, fuse: 'always' })).toArray()).toEqual([{ s: 50n }])
  })

  it('goes on from a checkpoint of steps, and is merged with other threads', async () => {
    const made = cached.filter((col('b') as Expr).lt(2000)).groupBy('city').agg({ n: count(), s: sum('b') }).sort('city')
    const [one, three] = [await made.collect({ workers: 1, fuse: 'never' }), await made.collect({ workers: 3, batchRows: 64, fuse: 'always' })]
    expect(three.toArray()).toEqual(one.toArray())
    expect(three.stats.counts['rowsFused']).toBe(3000)
  })

  it('is not made for aggregates that it does not have', async () => {
    const made = cached.filter((col('b') as Expr).lt(2000)).groupBy().agg({ m: agg.median('b') })
    expect((await made.collect({ workers: 1, fuse: 'always' })).stats.counts['rowsFused']).toBeUndefined()
  })
})
