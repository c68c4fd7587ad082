import { afterAll, describe, expect, it } from 'vitest'
import { col, count, from, lit } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'

afterAll(closeEngines)

const people = from(
  [
    { name: 'Ada', born: Date.UTC(1815, 11, 10) },
    { name: 'grace', born: Date.UTC(1906, 11, 9) },
    { name: null, born: Date.UTC(1900, 0, 1) },
  ],
  { schema: { name: 'utf8?', born: 'timestamp[ms]' } },
)
const badges = from([{ owner: 'ADA', year: 1815 }, { owner: 'GRACE', year: 1907 }, { owner: 'Alan', year: 1900 }], { schema: { owner: 'utf8', year: 'int64' } })
type Rows = { toArray(): unknown[] }
const names = (table: Rows) => (table.toArray() as { name: string | null; owner: string | null }[]).map(({ name, owner }) => [name, owner])

describe('joins by expressions', () => {
  it('meet by what is computed, and keep all columns', async () => {
    const joined = people.join(badges, { left: col('name').lower(), right: col('owner').lower() })
    expect(joined.explain()).toContain('lower(name) = lower(owner), right side stored')
    const table = await joined.collect()
    expect(table.columnNames).toEqual(['name', 'born', 'owner', 'year'])
    expect(names(table)).toEqual([['Ada', 'ADA'], ['grace', 'GRACE']])
  })

  it.each([
    ['left', [['Ada', 'ADA'], ['grace', null], [null, null]]],
    ['right', [['Ada', 'ADA'], [null, 'GRACE'], [null, 'Alan']]],
    ['full', [['Ada', 'ADA'], ['grace', null], [null, null], [null, 'GRACE'], [null, 'Alan']]],
  ] as const)('of several keys, expressions and columns, %s', async (how, wanted) => {
    const joined = people.join(badges, { left: [col('name').upper(), col('born').year()], right: ['owner', col('year')], how })
    expect(names(await joined.collect({ workers: 2 }))).toEqual(wanted)
  })

  it('keep rows of the left side alone, semi and anti', async () => {
    const keys = { left: col('name').lower(), right: col('owner').lower() }
    expect((await people.join(badges, { ...keys, how: 'semi' }).collect()).toArray().map(row => row.name)).toEqual(['Ada', 'grace'])
    expect((await people.join(badges, { ...keys, how: 'anti' }).collect()).toArray().map(row => row.name)).toEqual([null])
  })

  it('take one expression for both sides; a column as an expression is a column', async () => {
    const a = from([{ id: 1, v: 10 }, { id: 2, v: 21 }], { schema: { id: 'int32', v: 'int32' } })
    const b = from([{ id: 2, w: 20 }, { id: 4, w: 41 }], { schema: { id: 'int32', w: 'int32' } })
    const halves = await a.join(b, { on: col('id').intDiv(2), suffix: '_b' }).collect()
    expect(halves.toArray()).toEqual([{ id: 2, v: 21, id_b: 2, w: 20 }])
    expect((await a.join(b, { on: col('id') }).collect()).toArray()).toEqual([{ id: 2, v: 21, w: 20 }])
    expect((await a.join(b, { left: col('id').add(lit(2)), right: 'id', suffix: '_b' }).select('v', 'w').collect()).toArray()).toEqual([{ v: 21, w: 41 }])
  })

  it('are known to the compiler', async () => {
    const joined = people.join(badges, { left: col('name').lower(), right: 'owner', how: 'left' })
    const owner: string | null | undefined = (await joined.collect()).toArray()[0]?.owner
    expect(owner).toBeNull()
    // @ts-expect-error: no column "nam"
    expect(() => people.join(badges, { left: col('nam').lower(), right: 'owner' }).explain()).toThrow('nam')
  })

  it('go to disk, and meet on streams', async () => {
    const many = from(Array.from({ length: 3000 }, (_, n) => ({ t: `Text ${n % 500} that takes some memory`, n })), { schema: { t: 'utf8', n: 'int32' } })
    const joined = many.join(many.rename({ t: 'u', n: 'm' }).limit(900), { left: col('t').lower(), right: col('u').lower() })
    const capped = await joined.groupBy().agg({ rows: count() }).collect({ workers: 2, memory: { total: '256MiB', state: 60_000 } as never })
    expect(Object.values(capped.stats.steps).some(step => step.spilledBytes > 0)).toBe(true)
    expect(capped.toArray()).toEqual([{ rows: 900 * 6 }])
    async function* endless() {
      for (const n of [1, 2, 3]) yield { n, s: `K${n}` }
    }
    const stream = from(endless(), { schema: { n: 'int32', s: 'utf8' } }).join(from([{ k: 'k2' }, { k: 'k3' }], { schema: { k: 'utf8' } }), { left: col('s').lower(), right: 'k' })
    expect((await stream.collect()).toArray().map(row => [row.n, row.k]).toSorted()).toEqual([[2, 'k2'], [3, 'k3']])
  })

  it.each([
    ['a type that never meets', () => people.join(badges, { left: col('born').year(), right: col('owner').lower() } as never).explain(), 'JOIN_TYPE', 'left key "year(born)" is int32, right key "lower(owner)" is utf8'],
    ['a value', () => people.join(badges, { left: 5, right: 'owner' } as never), 'JOIN_KEYS', 'a key is number'],
    ['a literal', () => people.join(badges, { left: lit(5), right: 'owner' } as never), 'JOIN_KEYS', 'a key is a constant'],
    ['several columns at once', () => people.join(badges, { left: col.text(), right: 'owner' } as never), 'JOIN_KEYS', 'several columns at once'],
  ])('say what is wrong with %s', (_, run, code, text) => {
    let error: { code?: string; message?: string } = {}
    try {
      run()
    } catch (thrown) {
      error = thrown as typeof error
    }
    expect(error.code).toBe(code)
    expect(error.message).toContain(text)
  })
})
