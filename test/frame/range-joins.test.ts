// Joins by bounds give what nested loops give: every shape of condition, kind of join, type of value, with keys beside it and without, in memory and on disk.
import { afterAll, describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { PlainRow, Value } from '../../src/batch/read-values.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import { from } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'
import { type How, naiveJoin, rowTexts } from '../support/naive-join.ts'

afterAll(closeEngines)

const seed = Number(process.env.SEED ?? 1)
const kinds: readonly How[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']

interface Shape {
  readonly frame: (l: any, r: any) => unknown
  readonly plain: (l: PlainRow, r: PlainRow) => boolean
  readonly sorted?: false
}

const all = (...values: readonly (Value | undefined)[]) => values.every(value => value !== null && value !== undefined)
const numberOf = (value: Value | undefined) => (typeof value === 'string' ? Number(value) : value) as number
const shapes: Record<string, Shape> = {
  'a point within stored bounds': {
    frame: (l, r) => l.x.between(r.lo, r.hi),
    plain: (l, r) => all(l.x, r.lo, r.hi) && numberOf(l.x) >= numberOf(r.lo) && numberOf(l.x) <= numberOf(r.hi),
  },
  'a stored point within bounds': {
    frame: (l, r) => r.lo.ge(l.x).and(r.lo.lt(l.y)),
    plain: (l, r) => all(l.x, l.y, r.lo) && numberOf(r.lo) >= numberOf(l.x) && numberOf(r.lo) < numberOf(l.y),
  },
  'spans that overlap': {
    frame: (l, r) => l.x.lt(r.hi).and(l.y.gt(r.lo)),
    plain: (l, r) => all(l.x, l.y, r.lo, r.hi) && numberOf(l.x) < numberOf(r.hi) && numberOf(l.y) > numberOf(r.lo),
  },
  'one bound and a further condition': {
    frame: (l, r) => l.x.gt(r.hi).and(l.n.mod(3).eq(r.m.mod(3))),
    plain: (l, r) => all(l.x, r.hi) && numberOf(l.x) > numberOf(r.hi) && (l.n as number) % 3 === (r.m as number) % 3,
  },
  'four bounds': {
    frame: (l, r) => l.x.ge(r.lo).and(l.x.le(r.hi)).and(l.y.ge(r.lo)).and(l.y.le(r.hi)),
    plain: (l, r) => all(l.x, l.y, r.lo, r.hi) && [l.x, l.y].every(v => numberOf(v!) >= numberOf(r.lo) && numberOf(v!) <= numberOf(r.hi)),
  },
}

// How whole numbers become values of a type.
const types: Record<string, (n: number) => Value> = {
  int32: n => n,
  int64: n => BigInt(n),
  float64: n => n / 4,
  'decimal(12,2)': n => (n / 4).toFixed(2),
  'timestamp[ms]': n => n,
  date: n => n * 86_400_000,
}

function draw(chance: Random, type: string, leftRows: number, rightRows: number) {
  const of = types[type]!
  const value = (spread: number) => (chance.int(10) === 0 ? null : of(chance.int(spread)))
  const floats = type === 'float64'
  const left = Array.from({ length: leftRows }, (_, n): PlainRow => {
    const x = chance.int(200)
    return { k: chance.int(9) === 0 ? null : chance.int(3), n, x: floats && chance.int(20) === 0 ? Number.NaN : chance.int(10) === 0 ? null : of(x), y: value(220) }
  })
  const right = Array.from({ length: rightRows }, (_, m): PlainRow => {
    const lo = chance.int(200)
    // Spans of all widths, some turned round.
    return { q: chance.int(9) === 0 ? null : chance.int(4), m, lo: floats && chance.int(20) === 0 ? Number.NaN : chance.int(10) === 0 ? null : of(lo), hi: chance.int(10) === 0 ? null : of(lo + chance.int(chance.int(8) === 0 ? 150 : 9)) }
  })
  return { left, right }
}

function frames(type: string, { left, right }: { left: PlainRow[]; right: PlainRow[] }) {
  const leftSchema = { k: 'int32?', n: 'int32', x: `${type}?`, y: `${type}?` }
  const rightSchema = { q: 'int32?', m: 'int32', lo: `${type}?`, hi: `${type}?` }
  return { a: from(left, { schema: leftSchema } as never) as unknown as Frame, b: from(right, { schema: rightSchema } as never) as unknown as Frame, leftNames: Object.keys(leftSchema), rightNames: Object.keys(rightSchema) }
}

describe.each(Object.keys(types))('bounds of %s', type => {
  it.each(Object.keys(shapes))('give what nested loops give: %s', async name => {
    const shape = shapes[name]!
    const chance = random(seed).fork(Object.keys(shapes).indexOf(name))
    for (const [i, how] of kinds.entries()) {
      const sides = draw(chance, type, 80, [130, 700][i % 2]!)
      const { a, b, leftNames, rightNames } = frames(type, sides)
      for (const keys of [[], [['k', 'q']]] as [string, string][][]) {
        const joined = a.join(b, { left: keys.map(k => k[0]), right: keys.map(k => k[1]), how, where: shape.frame } as never) as Frame
        expect(joined.explain()).toContain('sorted for its bounds')
        const wanted = rowTexts(naiveJoin({ ...sides, leftNames, rightNames, keys, how, where: shape.plain }))
        const found = rowTexts((await joined.collect({ workers: [0, 2][i % 2]!, batchRows: [7, 1024][chance.int(2)]! })).toArray() as PlainRow[])
        if (how === 'right' || how === 'full') expect(found.toSorted(), how).toEqual(wanted.toSorted())
        else expect(found, how).toEqual(wanted)
      }
    }
  })
})

it('bounds that are expressions, and over no rows at all', async () => {
  const a = from([1, 5, 9].map(x => ({ x })), { schema: { x: 'int64' } })
  const b = from([0, 4, 8].map(lo => ({ lo })), { schema: { lo: 'int64' } })
  const near = a.join(b, { where: (l, r) => l.x.mul(2).gt(r.lo.add(1)).and(l.x.lt(r.lo.add(4))) })
  expect(near.explain()).toContain('sorted for its bounds')
  expect((await near.collect()).toArray()).toEqual([{ x: 1n, lo: 0n }, { x: 5n, lo: 4n }, { x: 5n, lo: 8n }, { x: 9n, lo: 8n }])
  expect((await a.join(b.filter(c => c.lo.gt(99)), { how: 'left', where: (l, r) => l.x.lt(r.lo) }).collect()).toArray().map(row => row.lo)).toEqual([null, null, null])
  expect((await a.filter(c => c.x.gt(99)).join(b, { where: (l, r) => l.x.lt(r.lo) }).collect()).numRows).toBe(0)
  // Values that no words order exactly are compared pair by pair.
  const halves = from([{ h: 0.5 }, { h: 8.5 }], { schema: { h: 'float64' } })
  const mixed = halves.join(b, { where: (l, r) => l.h.gt(r.lo) })
  expect(mixed.explain()).not.toContain('sorted')
  expect((await mixed.collect()).numRows).toBe(4)
})

it('bounds on disk', async () => {
  const sides = draw(random(seed), 'int64', 700, 3000)
  const { a, b, leftNames, rightNames } = frames('int64', sides)
  for (const how of kinds) {
    const shape = shapes['a point within stored bounds']!
    const joined = a.join(b, { how, where: shape.frame } as never) as Frame
    const table = await joined.collect({ workers: 2, batchRows: 256, memory: { total: '256MiB', state: 60_000 } as never })
    expect(Object.values(table.stats.steps).some(step => step.spilledBytes > 0)).toBe(true)
    const wanted = rowTexts(naiveJoin({ ...sides, leftNames, rightNames, keys: [], how, where: shape.plain }))
    expect(rowTexts(table.toArray() as PlainRow[]).toSorted()).toEqual(wanted.toSorted())
  }
})

it('joins a hundred thousand points with ten thousand spans by looking at few pairs', async () => {
  const [points, spans] = [100_000, 10_000]
  const a = from({ x: Int32Array.from({ length: points }, (_, i) => (i * 7919) % 1_000_003) }, { schema: { x: 'int32' } })
  const starts = Int32Array.from({ length: spans }, (_, i) => i * 100)
  const b = from({ lo: starts, hi: starts.map(start => start + 100) }, { schema: { lo: 'int32', hi: 'int32' } })
  const table = await a.join(b, { where: (l, r) => l.x.ge(r.lo).and(l.x.lt(r.hi)) }).collect({ workers: 2 })
  let wrong = 0
  for (const { x, lo } of table) if (lo !== 100 * Math.floor(x / 100)) wrong++
  expect(wrong).toBe(0)
  expect(table.numRows).toBe(Array.from({ length: points }, (_, i) => (i * 7919) % 1_000_003).filter(x => x < 1_000_000).length)
})
