import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { random } from '../../src/base/random.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import { count, first, from, sum } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'
import { type How, naiveJoin, rowTexts } from '../support/naive-join.ts'

afterAll(closeEngines)

const kinds: readonly How[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']
const leftSchema = { k: 'int32?', s: 'utf8', n: 'int32', v: 'utf8?' } as const
const rightSchema = { q: 'int32?', t: 'utf8', m: 'int32', v: 'float64' } as const

function sides(leftRows: number, rightRows: number) {
  const chance = random(7)
  const text = (n: number) => (n % 2 === 0 ? `t${n}` : `a text that is long, number ${n}`)
  // Keys of either side that the other doesn't have, keys that come twice, nulls.
  const left = Array.from({ length: leftRows }, (_, n): PlainRow => ({ k: chance.int(12) === 0 ? null : 15 * chance.int(40), s: text(chance.int(5)), n, v: chance.int(4) === 0 ? null : `v${n}` }))
  const right = Array.from({ length: rightRows }, (_, m): PlainRow => ({ q: chance.int(12) === 0 ? null : 500 + chance.int(20_000) - 500 * chance.int(2), t: text(chance.int(6)), m, v: m / 2 }))
  return { left, right }
}
const { left, right } = sides(90, 12_000)
const leftFrame = from(left, { schema: leftSchema }) as unknown as Frame
const rightFrame = from(right, { schema: rightSchema }) as unknown as Frame
const conditions = { none: undefined, where: { plain: (l: PlainRow, r: PlainRow) => (l.n as number) % 7 < (r.m as number) % 11, frame: (l: any, r: any) => l.n.mod(7).lt(r.m.mod(11)) } }

describe('a join whose right side is the larger one', () => {
  it.each(kinds.flatMap(how => [1, 2].flatMap(keys => (Object.keys(conditions) as (keyof typeof conditions)[]).map(condition => [how, keys, condition] as const))))(
    'is turned, and gives the same rows in the same order: %s, %i keys, condition %s',
    async (how, keyCount, name) => {
      const condition = conditions[name]
      const keys = ([['k', 'q'], ['s', 't']] as const).slice(0, keyCount)
      const frame = leftFrame.join(rightFrame, { left: keys.map(k => k[0]), right: keys.map(k => k[1]), how, suffix: '_r', ...(condition && { where: condition.frame }) } as never) as Frame
      expect(frame.explain()).toContain('left side (about 90 rows beside 12,000) stored')
      const wanted = rowTexts(naiveJoin({ left, right, leftNames: Object.keys(leftSchema), rightNames: Object.keys(rightSchema), keys, how, ...(condition && { where: condition.plain }) }))
      for (const options of [{ workers: 0, batchRows: 1024 }, { workers: 2, batchRows: 700 }]) {
        const found = rowTexts((await frame.collect(options)).toArray() as PlainRow[])
        expect(found).toEqual(wanted)
      }
    },
  )

  it('is turned on disk too', async () => {
    const many = sides(40_000, 90_000)
    const [a, b] = [from(many.left, { schema: leftSchema }), from(many.right, { schema: rightSchema })] as unknown as [Frame, Frame]
    for (const how of kinds) {
      const joined = a.join(b, { left: 'k', right: 'q', how, suffix: '_r' } as never) as Frame
      // The order of what is counted is nobody's.
      const counted = joined.groupBy().agg({ rows: count(), n: sum('n' as never) } as never) as Frame
      expect(counted.explain()).toContain('left side (about 40,000 rows beside 90,000) stored')
      const free = (await counted.collect({ workers: 2, batchRows: 4096 })).toArray()
      const capped = await counted.collect({ workers: 2, batchRows: 4096, memory: { total: '256MiB', state: 400_000 } as never })
      expect(capped.toArray()).toEqual(free)
      expect(Object.values(capped.stats.steps).some(step => step.spilledBytes > 0)).toBe(true)
    }
  }, 60_000)
})

describe('a join', () => {
  const on = { left: 'k', right: 'q', suffix: '_r' } as const
  const small = from(left, { schema: leftSchema })
  const large = from(right, { schema: rightSchema })
  const middle = from(sides(3_000, 1).left, { schema: leftSchema })
  it('is turned without sorting where nobody sees the order of its rows', () => {
    const text = middle.join(large, on).with(c => ({ w: c.m.add(1) })).groupBy('s').agg({ rows: count(), w: sum('w') }).explain()
    expect(text).toContain('left side (about 3,000 rows beside 12,000) stored')
    expect(text).not.toContain('$order')
    expect(small.join(large, on).explain()).toContain('$order')
  })
  it('stays where its order is seen and sorting costs more, and where the first of each group is asked for', () => {
    expect(middle.join(large, on).explain()).toContain('right side stored')
    expect(middle.join(large, on).groupBy('s').agg({ one: first('m') }).explain()).toContain('right side stored')
    expect(middle.join(large, on).sort('s').explain()).toContain('right side stored')
  })
  it('stays without keys, where the right side is small, and where it is not known how many rows there are', () => {
    expect(small.crossJoin(large, { suffix: '_r' }).explain()).toContain('right side stored')
    expect(large.join(small, { left: 'q', right: 'k', suffix: '_r' }).explain()).toContain('right side stored')
    const unknown = from((async function* () {})(), { schema: rightSchema, bounded: true } as never) as unknown as typeof large
    expect(small.join(unknown, on).explain()).toContain('right side stored')
  })
  it('stays in jobs that write checkpoints, whose state must not depend on sizes', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'build-side-'))
    try {
      const table = await small.join(large, on).collect({ checkpoint: { dir } } as never)
      expect(Object.keys(table.stats.steps)).toContain('join:right')
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
