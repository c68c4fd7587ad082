import { describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { PlainRow, Value } from '../../src/batch/read-values.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import type { Schema } from '../../src/frame/types.ts'
import { count, from, max } from '../../src/index.ts'
import { pagesInUse } from '../support/frames.ts'
import { type How, naiveJoin, rowTexts } from '../support/naive-join.ts'

const seed = Number(process.env.SEED ?? 1)
const kinds: readonly How[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']
const orderedKinds: readonly How[] = ['inner', 'left', 'semi', 'anti']

const few = <T extends Value>(...values: readonly T[]) => (chance: Random) => (chance.int(6) === 0 ? null : values[chance.int(values.length)]!)
const below = (count: number, of: (n: number) => Value = n => n) => (chance: Random) => (chance.int(9) === 0 ? null : of(chance.int(count)))
const big = 2n ** 53n
const texts = ['', 'a', 'twelve bytes', 'thirteen byte', 'thirteen bytf', 'a long string of which there are two', 'a long string of which there are too']

/** Key columns of both sides: types, and how their values are drawn. */
const cases: Record<string, readonly (readonly [leftType: string, rightType: string, left: (c: Random) => Value, right: (c: Random) => Value])[]> = {
  'int32 in a dense range': [['int32?', 'int32?', below(40, n => n - 20), below(50, n => n - 20)]],
  'int32 far apart': [['int32?', 'int32?', below(40, n => n * 50_000_017 - 2 ** 31), below(40, n => n * 50_000_017 - 2 ** 31)]],
  'int64 beyond 2^53': [['int64?', 'int64?', below(40, n => big * 100n + BigInt(n)), below(40, n => big * 100n + BigInt(n * 2))]],
  'int64 over its whole range': [['int64?', 'int64?', few(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n), few(-(2n ** 63n), 2n ** 63n - 1n, 0n, 5n)]],
  'float64 with NaN and both zeros': [['float64?', 'float64?', few(Number.NaN, 0, -0, 1.5, Infinity, 1e300), few(Number.NaN, 0, -0, 1.5, -Infinity)]],
  utf8: [['utf8?', 'utf8?', few(...texts), few(...texts, 'thirteen bytg')]],
  binary: [['binary?', 'binary?', few(new Uint8Array(0), new Uint8Array([0]), new Uint8Array(13)), few(new Uint8Array([0]), new Uint8Array(13), new Uint8Array(14))]],
  bool: [['bool?', 'bool?', few(true, false), few(true)]],
  'int32 with int64': [['int32?', 'int64?', few(-1, 0, 2 ** 31 - 1), few(-1n, 0n, 2n ** 31n - 1n, 2n ** 32n - 1n)]],
  'int64 with float64, by value': [['int64?', 'float64?', few(big + 1n, big, 3n, 0n, -(2n ** 63n)), few(Number(big), 3, 3.5, Number.NaN, -0, -(2 ** 63), 2 ** 63, Infinity)]],
  'float64 with int32': [['float64?', 'int32?', few(1, 1.5, Number.NaN, 2 ** 40, -0), few(1, 2, 0)]],
  'times of two units': [['timestamp[ms]?', 'timestamp[us]?', few(0, 1, 8_640_000_000_000_000, -5), few(0n, 1000n, 1001n, -5000n)]],
  'two int32': [
    ['int32?', 'int32?', below(5), below(5, n => n - 1)],
    ['int32?', 'int32?', few(-1, 0, 7), few(-1, 0, 7)],
  ],
  'utf8, int64 and float64': [
    ['utf8?', 'utf8?', few('', 'ab', texts[5]!), few('', 'ab', texts[5]!)],
    ['int64?', 'int64?', below(3, BigInt), below(3, BigInt)],
    ['float64?', 'float64?', few(0, -0, Number.NaN), few(0, Number.NaN)],
  ],
}

interface Sides {
  readonly left: PlainRow[]
  readonly right: PlainRow[]
  readonly leftSchema: Record<string, string>
  readonly rightSchema: Record<string, string>
  readonly keys: [string, string][]
  readonly same?: (left: Value, right: Value) => boolean
}

function draw(name: string, chance: Random, leftRows: number, rightRows: number): Sides {
  const columns = cases[name]!
  const side = (rows: number, at: 2 | 3, key: string, rest: (i: number) => PlainRow) =>
    Array.from({ length: rows }, (_, i): PlainRow => ({ ...Object.fromEntries(columns.map((column, k) => [`${key}${k}`, column[at](chance)])), ...rest(i) }))
  const schema = (at: 0 | 1, key: string) => Object.fromEntries(columns.map((column, k) => [`${key}${k}`, column[at]]))
  return {
    left: side(leftRows, 2, 'k', i => ({ n: i, v: chance.int(5) === 0 ? null : `left value ${i} of some length` })),
    right: side(rightRows, 3, 'q', i => ({ m: BigInt(i), v: chance.int(5) === 0 ? null : `right ${i}`, flag: chance.int(2) === 1 })),
    leftSchema: { ...schema(0, 'k'), n: 'int32', v: 'utf8?' },
    rightSchema: { ...schema(1, 'q'), m: 'int64', v: 'utf8?', flag: 'bool' },
    keys: columns.map((_, k) => [`k${k}`, `q${k}`]),
    ...(name === 'times of two units' && { same: (ms, us) => ms !== null && us !== null && BigInt(ms as number) * 1000n === us }),
  }
}

const conditions = {
  none: undefined,
  'numbers of both sides': { plain: (l: PlainRow, r: PlainRow) => (l.n as number) > Number(r.m), frame: (l: any, r: any) => l.n.gt(r.m) },
  'a nullable text and a bool': { plain: (l: PlainRow, r: PlainRow) => r.flag === true && l.v !== null && String(l.v) > 'left value 3', frame: (l: any, r: any) => r.flag.and(l.v.gt('left value 3')) },
}

async function check(sides: Sides, how: How, condition: keyof typeof conditions, options: { batchRows: number; workers: number }, keys = sides.keys): Promise<void> {
  const where = conditions[condition]
  const frame = (rows: PlainRow[], schema: Record<string, string>) => from(rows, { schema: schema as Schema }) as Frame
  const joined = frame(sides.left, sides.leftSchema).join(frame(sides.right, sides.rightSchema), {
    left: keys.map(k => k[0]),
    right: keys.map(k => k[1]),
    how,
    suffix: '_r',
    ...(where && { where: where.frame }),
  } as never)
  const [leftNames, rightNames] = [Object.keys(sides.leftSchema), Object.keys(sides.rightSchema)]
  const wanted = rowTexts(naiveJoin({ ...sides, leftNames, rightNames, keys, how, ...(where && { where: where.plain }) }))
  const found = rowTexts((await joined.collect(options)).toArray() as PlainRow[])
  if (orderedKinds.includes(how)) expect(found).toEqual(wanted)
  else expect(found.toSorted()).toEqual(wanted.toSorted())
}

const batchSizes = [1, 7, 1024, 65_536]
const workerCounts = [0, 1, 2]

describe('join', () => {
  describe.each(Object.keys(cases))('by %s', name => {
    it.each(kinds)('gives what nested loops give, %s', async how => {
      // Right and full joins hold keys of both sides in one column: their types must be one.
      const mixed = cases[name]!.some(([a, b]) => a !== b)
      if (mixed && (how === 'right' || how === 'full') && name !== 'int32 with int64') return
      const chance = random(seed).fork(kinds.indexOf(how))
      const sizes = [[60, 40], [90, 200], [0, 20], [20, 0], [1, 1]] as const
      for (const [i, [leftRows, rightRows]] of sizes.entries()) {
        const sides = draw(name, chance, leftRows, rightRows)
        const condition = (Object.keys(conditions) as (keyof typeof conditions)[])[i % 3]!
        if (name === 'int32 with int64' && (how === 'right' || how === 'full')) for (const row of sides.left) row.k0 = row.k0 === null ? null : BigInt(row.k0 as number)
        const widened = name === 'int32 with int64' && (how === 'right' || how === 'full') ? { ...sides, leftSchema: { ...sides.leftSchema, k0: 'int64?' } } : sides
        await check(widened, how, condition, { batchRows: batchSizes[chance.int(4)]!, workers: workerCounts[chance.int(3)]! })
      }
    })
  })

  it('gives the same at any batch size and number of workers, with and without a condition', async () => {
    const chance = random(seed)
    for (const how of kinds) {
      const sides = draw('int32 in a dense range', chance, 300, 220)
      for (const condition of Object.keys(conditions) as (keyof typeof conditions)[])
        for (const batchRows of batchSizes) for (const workers of workerCounts) await check(sides, how, condition, { batchRows, workers })
    }
  }, 120_000)

  it('joins by a condition alone', async () => {
    for (const how of kinds) {
      for (const condition of ['numbers of both sides', 'a nullable text and a bool'] as const) await check(draw('bool', random(seed), 50, 30), how, condition, { batchRows: 7, workers: 2 }, [])
      await check(draw('bool', random(seed), 20, 0), how, 'numbers of both sides', { batchRows: 7, workers: 0 }, [])
    }
  })

  it('keeps a heavy key in bounded batches and order', async () => {
    const left = Array.from({ length: 400 }, (_, n) => ({ k: n % 2, n }))
    const right = Array.from({ length: 500 }, (_, m) => ({ k: 1, m, t: `text number ${m} that is long` }))
    const joined = from(left, { schema: { k: 'int32', n: 'int32' } }).join(from(right, { schema: { k: 'int32', m: 'int32', t: 'utf8' } }), { on: 'k' })
    const table = await joined.collect({ workers: 2 })
    expect(table.numRows).toBe(100_000)
    expect(table.toArray().every((row, i) => row.n === 2 * Math.floor(i / 500) + 1 && row.m === i % 500 && row.t === `text number ${i % 500} that is long`)).toBe(true)
    let largest = 0
    for await (const batch of joined.batches()) largest = Math.max(largest, batch.numRows)
    expect(largest).toBeLessThanOrEqual(65_536)
  })

  it('hashes many keys, growing on the way', async () => {
    const count = 200_000
    const left = from({ k: Float64Array.from({ length: count }, (_, i) => i * 0.5), n: Int32Array.from({ length: count }, (_, i) => i) }, { schema: { k: 'float64', n: 'int32' } })
    const right = from({ k: Float64Array.from({ length: count }, (_, i) => (count - i) * 0.25), m: Int32Array.from({ length: count }, (_, i) => i) }, { schema: { k: 'float64', m: 'int32' } })
    const table = await left.join(right, { on: 'k' }).collect({ workers: 2 })
    expect(table.numRows).toBe(count / 2)
    expect(table.toArray().every(row => row.m === count - 2 * row.n)).toBe(true)
  })

  it('crosses every row with every row', async () => {
    const a = from([{ x: 1, s: 'a' }, { x: 2, s: 'b' }], { schema: { x: 'int32', s: 'utf8' } })
    const b = from([{ x: 10 }, { x: 20 }, { x: 30 }], { schema: { x: 'int32' } })
    expect((await a.crossJoin(b, { suffix: '_b' }).collect({ workers: 2 })).toArray()).toEqual([1, 2].flatMap(x => [10, 20, 30].map(x_b => ({ x, s: x === 1 ? 'a' : 'b', x_b }))))
    expect((await a.crossJoin(b.filter(c => c.x.gt(99)), { suffix: '_b' }).collect()).numRows).toBe(0)
  })

  it('joins a frame with itself, and frames with each other crosswise, without waiting for ever', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => ({ id: i, boss: i >> 1 }))
    const staff = from(rows, { schema: { id: 'int32', boss: 'int32' } })
    const kept = staff.cache()
    for (const frame of [staff, kept]) {
      const table = await frame.join(frame.rename({ boss: 'grand' }), { left: 'boss', right: 'id' }).collect({ workers: 2, batchRows: 128 })
      expect(table.toArray()).toEqual(rows.map(({ id, boss }) => ({ id, boss, grand: boss >> 1 })))
    }
    const other = kept.filter(c => c.id.lt(100))
    const twice = other.join(kept, { on: 'id', how: 'semi' }).join(kept.join(other, { on: 'id', how: 'semi' }), { on: 'id', suffix: '_2' })
    expect((await twice.collect({ workers: 2, batchRows: 64 })).numRows).toBe(100)
  })

  it('chains joins in one stage, with steps between', async () => {
    const facts = from(Array.from({ length: 1000 }, (_, i) => ({ a: i % 10, b: i % 7, v: i })), { schema: { a: 'int32', b: 'int32', v: 'int32' } }).cache()
    const as = from(Array.from({ length: 10 }, (_, i) => ({ a: i, nameA: `a${i}` })), { schema: { a: 'int32', nameA: 'utf8' } })
    const bs = from(Array.from({ length: 6 }, (_, i) => ({ b: i, nameB: `b${i}` })), { schema: { b: 'int32', nameB: 'utf8' } })
    const table = await facts
      .filter(c => c.v.lt(900))
      .join(as, { on: 'a' })
      .with(c => ({ w: c.v.add(1) }))
      .join(bs, { on: 'b', how: 'left' })
      .select('w', 'nameA', 'nameB')
      .collect({ workers: 2, batchRows: 64 })
    expect(table.toArray()).toEqual(Array.from({ length: 900 }, (_, v) => ({ w: v + 1, nameA: `a${v % 10}`, nameB: v % 7 === 6 ? null : `b${v % 7}` })))
  })

  it('keeps names right where columns are pruned', async () => {
    const a = from({ k: Int32Array.of(1, 2), v: Int32Array.of(10, 20), w: Int32Array.of(5, 6) }, { schema: { k: 'int32', v: 'int32', w: 'int32' } }).cache()
    const b = from({ q: Int32Array.of(2, 1), v: Int32Array.of(7, 8), z: Int32Array.of(3, 4) }, { schema: { q: 'int32', v: 'int32', z: 'int32' } }).cache()
    const joined = a.join(b, { left: 'k', right: 'q', suffix: '_b', where: (l, r) => l.w.gt(r.z) })
    expect((await joined.select('v_b').collect()).toArray()).toEqual([{ v_b: 8 }, { v_b: 7 }])
    expect((await joined.select('v').collect()).toArray()).toEqual([{ v: 10 }, { v: 20 }])
  })
})

describe('join, misused', () => {
  const a = from([{ id: 1, s: 'x', f: 0.5 }], { schema: { id: 'int64', s: 'utf8', f: 'float64' } })
  const b = from([{ id: 1, s: 'x' }], { schema: { id: 'int32', s: 'utf8' } })
  const loose = (frame: unknown) => frame as any
  it.each([
    ['an unknown kind', () => loose(a).join(b, { on: 'id', how: 'ful' }), 'JOIN_HOW', 'did you mean "full"'],
    ['no keys', () => loose(a).join(b, {}), 'JOIN_KEYS', 'crossJoin()'],
    ['on beside left', () => loose(a).join(b, { on: 'id', left: 'id' }), 'JOIN_KEYS', 'both'],
    ['more keys on one side', () => loose(a).join(b, { left: ['id', 's'], right: 'id' }), 'JOIN_KEYS', '2 left keys and 1 right'],
    ['an unknown option', () => loose(a).join(b, { on: 'id', sufix: '_' }), 'OPTION', 'did you mean "suffix"'],
    ['a condition that is no function', () => loose(a).join(b, { on: 'id', where: true }), 'JOIN_WHERE', 'function of both sides'],
    ['names on both sides', () => loose(a).join(b, { on: 'id' }).collect(), 'JOIN_CLASH', 'both sides have a column "s"'],
    ['a suffix that clashes', () => loose(a).with({ s_r: 1 }).join(b, { on: 'id', suffix: '_r' }).collect(), 'JOIN_CLASH', '"s_r", which is there already'],
    ['keys that never meet', () => loose(a).join(b, { left: 's', right: 'id', suffix: '_r' }).collect(), 'JOIN_TYPE', 'left key "s" is utf8, right key "id" is int32'],
    ['a key that is not there', () => loose(a).join(b, { left: 'idd', right: 'id', suffix: '_r' }).collect(), 'NO_COLUMN', 'did you mean "id"'],
    ['a column of the condition that is not there', () => loose(a).join(b, { on: 'id', suffix: '_r', where: (l: any, r: any) => l.f.gt(r.ff) }).collect(), 'NO_COLUMN', 'right.ff'],
    ['a condition that is no bool', () => loose(a).join(b, { on: 'id', suffix: '_r', where: (l: any) => l.f }).collect(), 'CONDITION', 'must be bool'],
    ['keys that one column can’t hold', () => loose(a).join(b, { left: 'f', right: 'id', how: 'full', suffix: '_r' }).drop('f').join(a, { left: 'id', right: 'f', how: 'full', suffix: '_2' }).collect(), 'JOIN_TYPE', 'cast'],
    ['a stream without keys', () => loose(a).join(from((async function* () {})(), { schema: { id: 'int64' } } as never), { where: (l: never, r: never) => (l as { id: { lt(other: unknown): never } }).id.lt((r as { id: unknown }).id), suffix: '_' } as never).collect(), 'UNBOUNDED_JOIN', 'a join without keys needs inputs that end'],
  ])('says what is wrong with %s', async (_, run, code, text) => {
    const error = await Promise.resolve()
      .then(run)
      .then(
        () => undefined,
        (e: { code: string; message: string }) => e,
      )
    expect(error).toMatchObject({ code })
    expect(error!.message).toContain(text)
  })
})

describe('a join with millions of rows on the right', () => {
  it('goes by buckets, and finds the same', async () => {
    const count = 1_100_000
    const right = from(
      { k: Int32Array.from({ length: count }, (_, i) => (i * 7919) % count), a: Int32Array.from({ length: count }, (_, i) => i), b: Float64Array.from({ length: count }, (_, i) => i / 2) },
      { schema: { k: 'int32', a: 'int32', b: 'float64' } },
    ).with(c => ({ s: c.a.cast('utf8') }))
    const left = from({ k: Int32Array.from({ length: 30_000 }, (_, i) => (i * 104_729) % (2 * count)), n: Int32Array.from({ length: 30_000 }, (_, i) => i) }, { schema: { k: 'int32', n: 'int32' } })
    const inverse = new Map(Array.from({ length: count }, (_, i) => [(i * 7919) % count, i]))
    const table = await left.join(right, { on: 'k', how: 'left' }).collect({ workers: 2 })
    expect(table.numRows).toBe(30_000)
    let wrong = 0
    for (const row of table) {
      const a = inverse.get(row.k) ?? null
      if (row.a !== a || row.b !== (a === null ? null : a / 2) || row.s !== (a === null ? null : String(a))) wrong++
    }
    expect(wrong).toBe(0)
    const twice = await left.join(right.with(c => ({ k: c.k.intDiv(2).cast('int32') })), { on: 'k' }).collect({ workers: 2 })
    expect(twice.numRows).toBe(2 * table.toArray().filter(row => row.k < count / 2).length)
  }, 60_000)
})

describe('a join by, and of, values of every type', () => {
  const third = (months: number) => ({ months, days: 0, nanoseconds: 5n })
  const keys: Record<string, readonly unknown[]> = {
    int8: [1, -1, 5], uint8: [1, 255, 5], int16: [1, -1, 5], uint16: [1, 65_535, 5], uint32: [1, 2 ** 32 - 1, 5], uint64: [1n, 2n ** 64n - 1n, 5n],
    float16: [1, 0, Number.NaN], float32: [1, -0, Number.NaN], 'decimal(10,2)': ['1.00', '2.50', '5.00'], date: [0, 86_400_000, 172_800_000],
    'time[ms]': [0, 1, 5], 'duration[s]': [0, 1000, 5000], 'timestamp[ns]': [0n, 1n, 2n], interval: [third(0), third(1), third(2)],
  }
  const nested: Record<string, readonly unknown[]> = {
    'list<int32>': [[1], [], [2, 3]], 'struct<a: int32>': [{ a: 1 }, { a: 2 }, { a: 3 }], 'list<utf8?>': [['a', null], ['a'], [null, 'a']],
    'struct<a: utf8, b: list<float64?>>': [{ a: 'x', b: [0.5, null] }, { a: 'x', b: [0.5] }, { a: '', b: [] }], 'map<utf8, int32>': [new Map([['a', 1]]), new Map([['a', 2]]), new Map()],
  }
  const loose = (rows: readonly unknown[], schema: Record<string, string>) => from(rows as never, { schema } as never) as any

  it.each(Object.entries({ ...keys, ...nested }))('%s', async (type, values) => {
    const left = loose(values.map((k, n) => ({ k, n })), { k: type, n: 'int32' })
    const right = loose([2, 0].map((i, m) => ({ k: values[i], m, v: values[i] })), { k: type, m: 'int32', v: type })
    const full = await left.join(right, { on: 'k', how: 'full' }).collect({ workers: 2 })
    expect(full.toArray().map((row: any) => [row.n, row.m, row.v])).toEqual([[0, 1, values[0]], [1, null, null], [2, 0, values[2]]])
    const many = loose(Array.from({ length: 300 }, (_, n) => ({ k: values[n % 3], n, t: `some longer text to fill memory with ${n}` })), { k: type, n: 'int32', t: 'utf8' })
    const capped = await many.join(many.rename({ n: 'm', t: 'u' }), { on: 'k', where: (l: any, r: any) => l.n.mod(100).eq(r.m.mod(100)) }).collect({ memory: { total: '256MiB', state: 20_000 } })
    expect(capped.numRows).toBe(100 * 3)
    const taken = await left.drop('k').join(right.drop('k'), { left: 'n', right: 'm', how: 'left' }).collect()
    expect(taken.toArray().map((row: any) => row.v)).toEqual([values[2], values[0], null])
  })

  it('meets decimals and other numbers by value', async () => {
    const decimals = loose([{ k: '1.00' }, { k: '2.50' }, { k: '3.10' }], { k: 'decimal(10,2)' })
    const met = async (values: readonly unknown[], type: string) => (await decimals.join(loose(values.map(q => ({ q })), { q: type }), { left: 'k', right: 'q' }).collect()).toArray().map((row: any) => row.k)
    expect(await met(['1.0000', '2.5001'], 'decimal(12,4)')).toEqual(['1.00'])
    expect(await met([1n, 2n], 'int64')).toEqual(['1.00'])
    expect(await met([1, 2.5, 3.1], 'float64')).toEqual(['1.00', '2.50'])
    expect(await met([1n, 3n], 'uint64')).toEqual(['1.00'])
  })

  it('with what came out at the end of the step before give all memory back', async () => {
    const rows = from(Array.from({ length: 500 }, (_, id) => ({ id, k: id % 7, name: `a name that is long enough ${id}` })), { schema: { id: 'int32', k: 'int32', name: 'utf8' } })
    const joined = rows.join(rows.groupBy('k').agg({ n: count(), longest: max('name') }), { on: 'k' })
    for (const workers of [0, 1, 2]) {
      const before = await pagesInUse(workers)
      expect((await joined.collect({ workers, batchRows: 64 })).numRows).toBe(500)
      expect(await pagesInUse(workers)).toBe(before)
    }
  })
})
