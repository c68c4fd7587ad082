import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import type { Table } from '../../src/frame/table.ts'
import { from } from '../../src/index.ts'
import { type How, rowTexts } from '../support/naive-join.ts'

const kinds: readonly How[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']
const small = { total: '256MiB', state: 40_000 } as const

/** Rows whose keys are drawn by `key`; a tenth have none. */
function sides(leftRows: number, rightRows: number, key: (n: number) => number) {
  const chance = random(5)
  const draw = () => (chance.int(10) === 0 ? null : key(chance.int(1_000_000)))
  const left = Array.from({ length: leftRows }, (_, i) => ({ k: draw(), s: `text ${i % 7}`, n: i }))
  const right = Array.from({ length: rightRows }, (_, i) => ({ k: draw(), s: `text ${i % 5}`, m: i, t: i % 3 ? `a right text of some length, number ${i}` : null }))
  return {
    left: from(left, { schema: { k: 'int32?', s: 'utf8', n: 'int32' } }) as Frame,
    right: from(right, { schema: { k: 'int32?', s: 'utf8', m: 'int32', t: 'utf8?' } }) as Frame,
  }
}

const spilled = (table: unknown) => Object.values((table as Table).stats.steps).reduce((sum, step) => sum + step.spilledBytes, 0)

async function same(joined: Frame, workers: number, batchRows = 1024): Promise<void> {
  const whole = await joined.collect({ workers, batchRows })
  const table = await joined.collect({ workers, batchRows, memory: small })
  expect(spilled(whole)).toBe(0)
  expect(spilled(table)).toBeGreaterThan(0)
  expect(rowTexts(table.toArray() as PlainRow[]).toSorted()).toEqual(rowTexts(whole.toArray() as PlainRow[]).toSorted())
}

describe('a join in little memory', () => {
  it.each(kinds)('divides both sides by their keys, and what is still too large again: %s', async how => {
    const { left, right } = sides(3000, 12_000, n => n % 4000)
    await same(left.join(right, { on: 'k', how, suffix: '_r' } as never), 2)
    await same(left.join(right, { on: ['k', 's'], how } as never), 0)
    await same(left.join(right, { on: 'k', how, suffix: '_r', where: (l: any, r: any) => l.n.gt(r.m) } as never), 2)
  })

  it.each(kinds)('joins a key that is too frequent piece by piece: %s', async how => {
    const { left, right } = sides(60, 6000, n => (n % 10 === 0 ? n % 100 : 7))
    for (const workers of [0, 2]) {
      await same(left.join(right, { on: 'k', how, suffix: '_r', where: (l: any, r: any) => r.m.sub(l.n).gt(5900) } as never), workers, 7)
    }
    await same(left.limit(3).join(right, { on: 'k', how, suffix: '_r' } as never), 2)
  })

  it.each(kinds)('joins by a condition alone: %s', async how => {
    const { left, right } = sides(50, 5000, n => n)
    await same(left.join(right, { how, suffix: '_r', where: (l: any, r: any) => r.m.sub(l.n).between(4900, 4950) } as never), 2, 64)
  })

  it('joins keys of different number types, and an empty left side', async () => {
    const { left, right } = sides(2000, 6000, n => n % 3000)
    const halves = left.with((c: any) => ({ k: c.k.cast('float64').mul(0.5) }))
    await same(halves.join(right, { on: 'k', suffix: '_r' } as never), 2)
    await same(left.filter((c: any) => c.n.lt(0)).join(right, { on: 'k', how: 'full', suffix: '_r' } as never), 2)
  })
})
