// Every aggregate through groupBy().agg(), whole frames and windows, at any parallelism and batch size, against plain ones.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { parseType } from '../../src/batch/type-name.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { aggregateNames } from '../../src/compute/accumulator.ts'
import * as builtIn from '../../src/frame/aggregates.ts'
import { agg, closeEngines, col, DataError, from, lit, type PlanError, session, sum, tumble } from '../../src/index.ts'
import { plainAggregate } from '../support/plain-aggregates.ts'
import { sampleValues } from '../support/samples.ts'

const schema = {
  key: 'utf8?', small: 'int16?', whole: 'int32', long: 'int64?', wide: 'uint64?', single: 'float32?', ratio: 'float64?', price: 'decimal(9, 2)?', at: 'timestamp[ms]?', day: 'date', took: 'duration[us]?',
  name: 'utf8?', code: 'binary', flag: 'bool?', tags: 'list<utf8?>?',
} as const
const fields = parseSchema(schema, 'test')
const rowCount = 400
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(b), Buffer.from(a))

function sampleRows(seed: number): Record<keyof typeof schema, Value>[] {
  const columns = fields.map(({ name, type, nullable }, i) => {
    const chance = random(seed).fork(i)
    const values = sampleValues(chance, type, rowCount, nullable ? 'nulls' : 'few')
    if (name === 'key') return values.map(() => ['a', 'b', 'a longer key than twelve', null][chance.int(4)]!)
    if (type.kind === 'int64' || type.kind === 'uint64') return values.map(value => (value === null ? null : (value as bigint) / 4096n))
    return values
  })
  return Array.from({ length: rowCount }, (_, row) => Object.fromEntries(fields.map((field, i) => [field.name, columns[i]![row]!])) as Record<keyof typeof schema, Value>)
}

type Names = readonly (keyof typeof schema)[]
interface Case {
  readonly fn: string
  readonly inputs: Names
  readonly options?: Record<string, never>
  readonly make: (...inputs: never[]) => { where(condition: unknown): unknown }
}

const each = (fn: keyof typeof agg, names: Names, ...rest: unknown[]): Case[] =>
  names.map(name => ({ fn, inputs: [name], make: ((of: never) => (agg[fn] as (...args: unknown[]) => unknown)(of, ...rest)) as never, ...(rest.length > 0 && { options: optionsOf(rest) as never }) }))
const optionsOf = (rest: unknown[]) => (typeof rest[0] === 'object' ? rest[0] : typeof rest[1] === 'object' ? { k: rest[0], ...rest[1] } : Number(rest[0]) > 1 ? { k: rest[0] } : { q: rest[0] })
const numbers: Names = ['small', 'whole', 'long', 'wide', 'single', 'ratio', 'price']
const comparable: Names = [...numbers, 'at', 'day', 'took', 'flag']
const all = Object.keys(schema).slice(1) as Names

const cases: readonly Case[] = [
  ...each('count', all),
  ...each('countDistinct', [...comparable, 'name', 'code']),
  ...each('approxCountDistinct', ['whole', 'name', 'ratio', 'tags']),
  ...each('sum', [...numbers, 'took']),
  ...each('sum', ['long', 'wide'], { overflow: 'wrap' }),
  ...each('mean', [...numbers, 'at', 'took']),
  ...each('min', [...comparable, 'name', 'code']),
  ...each('max', [...comparable, 'name', 'code']),
  ...each('any', ['flag']),
  ...each('every', ['flag']),
  ...each('variance', numbers),
  ...each('stddev', ['ratio'], { population: true }),
  ...each('median', [...numbers, 'at', 'day', 'took']),
  ...each('quantile', ['ratio', 'whole'], 0.3),
  ...(['ratio', 'price'] as const).map((name): Case => ({ fn: 'quantile', inputs: [name], options: { q: 0.9, approximate: true } as never, make: ((of: never) => agg.quantile(of, 0.9, { approximate: true })) as never })),
  ...each('topK', comparable, 3),
  ...each('topK', ['ratio'], 2, { least: true }),
  ...each('topK', ['name', 'code'], 2),
  { fn: 'topKBy', inputs: ['ratio', 'tags'], options: { k: 3 } as never, make: ((by: never, of: never) => agg.topK(of, 3, { by })) as never },
  { fn: 'topKBy', inputs: ['name', 'whole'], options: { k: 2, least: true } as never, make: ((by: never, of: never) => agg.topK(of, 2, { by, least: true })) as never },
  ...each('list', all),
  ...each('first', all),
  ...each('last', all),
  ...each('anyValue', ['name']),
  ...each('mode', [...comparable.filter(name => name !== 'price'), 'name']),
  ...each('product', ['small', 'ratio']),
  ...each('bitAnd', ['whole', 'wide']),
  ...each('bitOr', ['small', 'long']),
  ...each('bitXor', ['whole']),
  ...(['argMin', 'argMax'] as const).flatMap(fn => (['whole', 'ratio', 'at', 'name', 'price'] as const).map((by): Case => ({ fn, inputs: [by, 'name'], make: ((key: never, of: never) => agg[fn](of, key)) as never }))),
  ...(['corr', 'covariance'] as const).map((fn): Case => ({ fn, inputs: ['ratio', 'whole'], make: ((x: never, y: never) => agg[fn](x, y)) as never })),
]

const nameOf = ({ fn, inputs, options }: Case) => `${fn}_${inputs.join('_')}${options ? Object.values(options).join('') : ''}`
const rounded = new Set(['quantile', 'approxCountDistinct', 'mean', 'variance', 'stddev', 'product', 'corr', 'covariance', 'sum'])

// Rounded results are compared to 10 digits (of squares of numbers that differ by 10^19, fewer would be wrong).
function settle(value: unknown, expected: Value): unknown {
  if (typeof value !== 'number' || typeof expected !== 'number' || !Number.isFinite(expected)) return value
  if (Number.isInteger(value) && Math.abs(value - expected) <= 1 && expected > 100) return expected
  return Math.abs(value - expected) <= 1e-10 * Math.abs(expected) + 1e-12 ? expected : value
}

function expectedOf({ fn, inputs, options }: Case, rows: readonly Record<string, Value>[]): Value {
  const [inputType, ...argTypes] = inputs.map(name => parseType(schema[name], 'test').type)
  return plainAggregate({ fn, inputType: inputType!, argTypes, ...(options && { options }) }, inputs.map(name => rows.map(row => row[name]!)))
}

const condition = col('whole').gt(-2)
const holds = (row: Record<string, Value>) => (row['whole'] as number) > -2
afterAll(() => closeEngines())

describe('aggregates', () => {
  const rows = sampleRows(5)
  const aggregates = Object.fromEntries(
    cases.flatMap(one => [
      [nameOf(one), one.make(...(one.inputs as never[]))],
      [`${nameOf(one)}_if`, one.make(...(one.inputs as never[])).where(condition)],
    ]),
  )
  const check = (result: Record<string, unknown>, group: readonly Record<string, Value>[]) => {
    for (const one of cases) {
      for (const [name, kept] of [[nameOf(one), group], [`${nameOf(one)}_if`, group.filter(holds)]] as const) {
        const expected = expectedOf(one, kept)
        expect(rounded.has(one.fn) ? settle(result[name], expected) : result[name], name).toEqual(expected)
      }
    }
  }

  it('covers them all', () => {
    expect(aggregateNames.filter(name => !cases.some(one => one.fn === name))).toEqual([])
    expect(Object.keys(builtIn).filter(name => /^[a-z]/.test(name)).sort()).toEqual(aggregateNames.filter(name => name !== 'topKBy').sort())
  })

  for (const workers of [0, 1, 2]) {
    for (const batchRows of [1, 7, 1024]) {
      it(`by key, with ${workers} workers and batches of ${batchRows} rows`, async () => {
        const table = await from(rows, { schema }).groupBy('key').agg(aggregates as never).collect({ workers, batchRows })
        const results = table.toArray() as Record<string, unknown>[]
        expect(results.map(row => row['key']).sort()).toEqual([...new Set(rows.map(row => row.key))].sort())
        for (const result of results) check(result, rows.filter(row => row.key === result['key']))
      })
    }
  }

  it('of a whole frame, of no rows too', async () => {
    for (const kept of [rows, []]) {
      const [result, ...rest] = (await from(kept, { schema }).agg(aggregates as never).collect({ workers: 2 })).toArray() as Record<string, unknown>[]
      expect(rest).toEqual([])
      check(result!, kept)
    }
  })

  it('by key and window, where panes and sessions are merged', async () => {
    const timed = rows.map((row, i) => ({ ...row, time: 1_000 * i + 7 * ((i * 37) % 50) }))
    const inOrder = ['first_name', 'last_tags', 'list_whole', 'argMin_ratio_name', 'median_ratio', 'topK_whole3', 'countDistinct_name', 'mode_whole', 'corr_ratio_whole', 'sum_price']
    const some = Object.fromEntries(inOrder.map(name => [name, aggregates[name]]))
    for (const workers of [0, 2]) {
      const stream = from(timed, { schema: { ...schema, time: 'timestamp[ms]' } }).watermark('time', { bound: '2s' })
      const windows = stream.groupBy('flag', tumble('time', '50s')).agg(some as never)
      for (const result of (await windows.collect({ workers, batchRows: 64 })).toArray() as unknown as Record<string, never>[]) {
        const group = timed.filter(row => row.flag === result['flag'] && row.time >= result['window_start']! && row.time < result['window_end']!)
        for (const one of cases.filter(c => inOrder.includes(nameOf(c)))) expect(settle(result[nameOf(one)], expectedOf(one, group)), nameOf(one)).toEqual(expectedOf(one, group))
      }
      const sessions = stream.groupBy(session('time', { gap: '1h' })).agg(some as never)
      const [whole] = (await sessions.collect({ workers })).toArray() as Record<string, unknown>[]
      for (const one of cases.filter(c => inOrder.includes(nameOf(c)))) expect(settle(whole![nameOf(one)], expectedOf(one, timed)), nameOf(one)).toEqual(expectedOf(one, timed))
    }
  })

  it('reports what does not fit, naming it', async () => {
    const frame = from(rows, { schema })
    const failure = async (aggregate: unknown) => {
      try {
        await frame.agg({ x: aggregate } as never).collect()
      } catch (error) {
        return error as PlanError
      }
      throw new Error('nothing was thrown')
    }
    expect(await failure(agg.quantile('ratio', 1.5))).toMatchObject({ code: 'QUANTILE', message: 'groupBy, "x": the quantile 1.5 is outside of 0 to 1; the median is 0.5' })
    expect(await failure(agg.quantile('ratio', Number.NaN))).toMatchObject({ code: 'QUANTILE' })
    expect(await failure(agg.topK('ratio', 0))).toMatchObject({ code: 'AGGREGATE_OPTION', message: 'groupBy, "x": k is 0; give a whole number from 1 to 100000' })
    expect(await failure(agg.sum('long', { overflow: 'saturate' as 'wrap' }))).toMatchObject({ code: 'AGGREGATE_OPTION' })
    expect(await failure(agg.variance('ratio', { sample: true } as object))).toMatchObject({ code: 'AGGREGATE_OPTION', message: 'groupBy, "x": variance has no option "sample"; it has population' })
    expect(await failure(agg.sum('price', { overflow: 'wrap' }))).toMatchObject({ code: 'AGGREGATE_OPTION' })
    expect(await failure(agg.mode('tags' as never))).toMatchObject({ code: 'TYPE_MISMATCH', message: 'groupBy, "x": "tags" is list<utf8?>: mode() does not apply; it takes what has an order: numbers, times, bools, texts and bytes' })
    expect(await failure(agg.corr('ratio', 'name' as never))).toMatchObject({ code: 'TYPE_MISMATCH', message: 'groupBy, "x": "name" is utf8: corr() does not apply; it takes numbers' })
    expect(await failure({ fn: 'corr', input: 'ratio' })).toMatchObject({ code: 'AGGREGATE_TYPE', message: "groupBy, \"x\": corr needs 2 columns; write corr('column')" })
    const large = from([{ v: 2n ** 63n }, { v: 2n ** 63n }], { schema: { v: 'uint64' } })
    await expect(large.agg({ s: sum('v') }).collect()).rejects.toMatchObject({ code: 'SUM_OVERFLOW' })
    await expect(large.agg({ s: sum('v') }).collect()).rejects.toBeInstanceOf(DataError)
    expect((await large.agg({ s: sum('v', { overflow: 'wrap' }) }).collect()).toArray()).toEqual([{ s: 0n }])
    const digits = from([{ v: '9'.repeat(38) }, { v: '1' }], { schema: { v: 'decimal(38, 0)' } })
    await expect(digits.agg({ s: sum('v') }).collect()).rejects.toThrow(/the sum does not fit a decimal\(38, 0\); the values of a group add up to more than 38 digits/)
  })

  it('gives lists of the type that it says, for what comes next', async () => {
    const [row] = (await from(rows, { schema }).agg({ top: agg.topK('name', 2) }).with({ top: col('top').cast('list<utf8>') }).collect()).toArray()
    expect(row!.top).toEqual(rows.flatMap(r => (r.name === null ? [] : [r.name as string])).sort(byBytes).slice(0, 2))
  })

  it('ranks bytes of one length, and finds nothing among nulls', async () => {
    const bytes = ['abc', 'abd', null, 'aaa'].map((text, i) => ({ c: text === null ? null : Buffer.from(text), n: i + 1 }))
    const table = from(bytes, { schema: { c: 'binary(3)?', n: 'int32' } }).with({ z: lit(null) })
    const [row] = (await table.agg({ top: agg.topK('c', 2), low: agg.topK('c', 1, { least: true }), by: agg.topK('n', 2, { by: 'c' }), most: agg.argMax('n', 'c'), none: agg.topK('z', 2) }).collect()).toArray()
    const text = (value: unknown) => (value as Uint8Array[]).map(item => Buffer.from(item).toString())
    expect({ ...row!, top: text(row!.top), low: text(row!.low) }).toEqual({ top: ['abd', 'abc'], low: ['aaa'], by: [2, 1], most: 2, none: null })
  })

  it('by keys that hardly repeat, which go on as rows', async () => {
    const rowCount = 50_000
    const columns = {
      key: Int32Array.from({ length: rowCount }, (_, i) => (i * 7_919) % 40_009),
      ratio: Float64Array.from({ length: rowCount }, (_, i) => (i * 31) % 1_000),
      name: Array.from({ length: rowCount }, (_, i) => `text number ${i % 977}`),
    }
    const groups = new Map<number, number[]>()
    columns.key.forEach((key, i) => groups.set(key, [...(groups.get(key) ?? []), i]))
    for (const workers of [0, 2]) {
      const { first, last, list, median, topK, countDistinct, argMax } = agg
      const frame = from(columns, { schema: { key: 'int32', ratio: 'float64', name: 'utf8' } }).groupBy('key')
      const table = await frame.agg({ first: first('name'), last: last('ratio'), all: list('ratio'), middle: median('ratio'), top: topK('ratio', 2), different: countDistinct('name'), best: argMax('name', 'ratio') }).collect({ workers })
      expect(table.numRows).toBe(groups.size)
      for (const row of table.toArray()) {
        const group = groups.get(row.key)!
        const [ratios, names] = [group.map(i => columns.ratio[i]!), group.map(i => columns.name[i]!)]
        const falling = [...ratios].sort((a, b) => b - a)
        const middle = (falling[(falling.length - 1) >> 1]! + falling[falling.length >> 1]!) / 2
        const expected = { key: row.key, first: names[0], last: ratios.at(-1), all: ratios, middle, top: falling.slice(0, 2), different: new Set(names).size, best: names[ratios.indexOf(falling[0]!)] }
        if (JSON.stringify(row) !== JSON.stringify(expected)) expect(row).toEqual(expected)
      }
    }
  })
})
