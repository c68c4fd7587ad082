import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import { col, from } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'
import { type How, naiveJoin, rowTexts } from '../support/naive-join.ts'

afterAll(closeEngines)

const kinds: readonly How[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']
const leftSchema = { k: 'int32?', s: 'utf8', n: 'int32' } as const
const rightSchema = { q: 'int32?', m: 'int32' } as const
const chance = random(3)
const key = (most: number) => (chance.int(9) === 0 ? null : chance.int(most))
const left = Array.from({ length: 4000 }, (_, n): PlainRow => ({ k: key(900), s: `s${n % 3}`, n }))
const right = Array.from({ length: 500 }, (_, m): PlainRow => ({ q: key(1100), m }))
const large = Array.from({ length: 14_000 }, (_, m): PlainRow => ({ q: key(9000), m }))
const of = (rows: PlainRow[], schema: object) => from(rows, { schema } as never) as unknown as Frame
const on = (how: How) => ({ left: 'k', right: 'q', how, suffix: '_r' }) as never

// Many rows pass, few, none, all.
const bounds = [3000, 400, 0, 4000]

describe.each(kinds)('a filter before a join, %s', how => {
  it.each(bounds)('gives what it gives apart: rows below %i', async most => {
    const joined = of(left, leftSchema).filter(col('n').lt(most) as never).join(of(right, rightSchema), on(how)) as Frame
    const goesIn = ['inner', 'right', 'semi'].includes(how)
    expect(joined.explain().includes(`of left rows with n < ${most}`)).toBe(goesIn)
    const wanted = rowTexts(naiveJoin({ left: left.filter(row => (row.n as number) < most), right, leftNames: Object.keys(leftSchema), rightNames: Object.keys(rightSchema), keys: [['k', 'q']], how }))
    for (const options of [{ workers: 0 }, { workers: 2, batchRows: 300 }, { workers: 2, batchRows: 300, memory: { total: '256MiB', state: 20_000 } }]) {
      const found = rowTexts((await joined.collect(options as never)).toArray() as PlainRow[])
      if ('memory' in options || how === 'right' || how === 'full') expect(found.toSorted()).toEqual(wanted.toSorted())
      else expect(found).toEqual(wanted)
    }
  })

  it('of the larger right side, where the left one is stored', async () => {
    const few = left.slice(0, 60)
    const joined = of(few, leftSchema).join(of(large, rightSchema).filter(col('m').mod(3).ne(0) as never), on(how)) as Frame
    expect(joined.explain().includes('of right rows with mod(m, 3) != 0') || joined.explain().includes('of right rows with m % 3 != 0')).toBe(['inner', 'left', 'semi', 'anti'].includes(how))
    const wanted = rowTexts(naiveJoin({ left: few, right: large.filter(row => (row.m as number) % 3 !== 0), leftNames: Object.keys(leftSchema), rightNames: Object.keys(rightSchema), keys: [['k', 'q']], how }))
    const found = rowTexts((await joined.collect({ workers: 2, batchRows: 1000 })).toArray() as PlainRow[])
    expect(found).toEqual(wanted)
  })
})

it('stays where others read it, where the join has a condition, and where keys are computed', () => {
  const filtered = of(left, leftSchema).filter(col('n').lt(9) as never) as unknown as ReturnType<typeof from>
  const other = of(right, rightSchema) as unknown as ReturnType<typeof from>
  const explained = (more: object) => (filtered.join(other as never, { left: 'k', right: 'q', ...more } as never) as unknown as Frame).explain()
  expect(explained({})).toContain('of left rows with n < 9')
  expect(explained({ where: (l: any, r: any) => l.n.lt(r.m) })).not.toContain('of left rows')
  expect(explained({ left: col('k').add(1) })).not.toContain('of left rows')
})
