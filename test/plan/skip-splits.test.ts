// Row groups and files of which a filter can want nothing are not read: the rows are the same, and the count of what was left out is known.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { col, count, read, write } from '../../src/index.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { splitsToRead } from '../../src/plan/skip-splits.ts'
import type { StageSpec } from '../../src/plan/stages.ts'
import { scanType } from '../../src/plan/catalogue.ts'
import { closeEngines, frame } from '../support/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-skip-'))
const path = join(folder, 'sorted.parquet')
const [groups, groupRows] = [10, 100]
const schema = {
  id: 'int64', small: 'int8', u32: 'uint32', f: 'float64?', money: 'decimal(12, 2)', wide: 'decimal(30, 1)', name: 'utf8', key: 'binary', day: 'date', at: 'timestamp[us]', flag: 'bool', half: 'int32?', none: 'int32?',
} as const

// Values rise with the row; group 3 has NaN, group 4 only nulls in `half`.
function rowAt(i: number) {
  const group = Math.floor(i / groupRows)
  const text = `k${String(i).padStart(5, '0')}${'x'.repeat(i % 50)}`
  return {
    id: BigInt(i) * 10n ** 13n, small: group - 5, u32: 2 ** 31 - 500 + i, f: group === 3 && i % 7 === 0 ? Number.NaN : i % 11 === 0 ? null : i / 4, money: (i / 100).toFixed(2), wide: `${BigInt(i) * 10n ** 20n}.5`,
    name: text, key: new TextEncoder().encode(text), day: i * 86_400_000, at: BigInt(i) * 1_000_003n, flag: i >= 500, half: group === 4 ? null : i, none: null,
  }
}

beforeAll(async () => {
  const rows = Array.from({ length: groups * groupRows }, (_, i) => rowAt(i))
  await frame(rows, schema).to(write.parquet(path, { rowGroupRows: groupRows })).run({ workers: 1 })
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

type Expr = any
const c = (name: string): Expr => col(name)

async function read1(made: FrameValue, workers = 1) {
  const table = await made.collect({ workers })
  return { rows: table.toArray(), skipped: table.stats.counts['splitsSkipped'] ?? 0 }
}

describe('row groups of a file in order', () => {
  const cases: [string, Expr, number, number][] = [
    ['int64 beyond 2^53', c('id').eq(555n * 10n ** 13n), 1, 9],
    ['int64 between', c('id').between(150n * 10n ** 13n, 250n * 10n ** 13n), 101, 8],
    ['int8', c('small').lt(-3), 200, 8],
    ['decimal', c('money').gt('9.49'), 50, 9],
    ['decimal of another scale', c('money').le('0.005'), 1, 9],
    ['text', c('name').ge('k00950'), 50, 9],
    ['text in a list', c('name').isIn(['k00000', 'k99999']), 1, 9],
    ['date', c('day').lt('1970-02-01'), 31, 9],
    ['timestamp', c('at').gt(new Date(998_000)), 2, 9],
    ['two of several columns', c('id').lt(300n * 10n ** 13n).and(c('money').ge('2.50')), 50, 9],
    ['one or the other', c('money').lt('0.10').or(c('money').gt('9.89')), 20, 8],
    ['nulls only', c('half').isNotNull().and(c('none').isNull()), 900, 1],
    ['no nulls', c('money').isNull(), 0, 10],
    ['a comparison of nulls only', c('none').gt(0), 0, 10],
    ['floats, NaN or not', c('f').gt(240), 36, 8],
    ['what could fail first', c('half').intDiv(c('half').sub(c('half'))).isNull().and(c('id').gt(990n * 10n ** 13n)), -1, 0],
  ]
  it.each(cases)('%s', async (_, condition, rows, skipped) => {
    const whole = await read.parquet(path).cache()
    const [some, all] = await Promise.all([read.parquet(path).filter(condition), whole.filter(condition)].map(made => read1(made as unknown as FrameValue).catch((error: { code?: string }) => ({ rows: [error.code], skipped: 0 }))))
    expect(some!.rows).toEqual(all!.rows)
    if (rows >= 0) expect({ rows: some!.rows.length, skipped: some!.skipped }).toEqual({ rows, skipped })
    else expect(some!.rows).toEqual(['DIVIDE_BY_ZERO'])
  })

  it('any conditions, alone and before a compiled pass: the rows of a frame in memory', async () => {
    const chance = random(4)
    const whole = await read.parquet(path).cache()
    let skipped = 0
    for (let i = 0; i < 60; i++) {
      const condition = Array.from({ length: 1 + chance.int(3) }, () => randomCondition(chance)).reduce((a, b) => (chance.int(3) === 0 ? a.or(b) : a.and(b)))
      const [file, memory] = [read.parquet(path) as unknown as FrameValue, whole as unknown as FrameValue].map(made => (made as any).filter(condition))
      const [some, all] = [await read1(file, 1 + chance.int(2)), await read1(memory)]
      expect(some.rows, file.explain()).toEqual(all.rows)
      skipped += some.skipped
      const counted = await file.groupBy().agg({ n: count() }).collect({ workers: 1, fuse: 'always' })
      expect(counted.toArray()).toEqual([{ n: all.rows.length }])
    }
    expect(skipped).toBeGreaterThan(100)
  })

  it('all are read where no filter stands first', () => {
    const { options, fields } = scanType('parquet').resolve({ paths: [path] }, 'test')
    const step = (kind: string, params: object) => ({ id: kind, kind, params: params as never, inputs: [fields], bounded: true })
    const filter = step('filter', { predicate: c('money').lt('0.50').expression })
    const stage = (steps: StageSpec['steps'], output: number): StageSpec =>
      ({ index: 0, placement: 'any', parallelism: 1, inputs: [], scan: { id: 'scan', kind: 'parquet', options }, steps, outputs: [{ step: output, fields, to: { sink: 's' } }] })
    const counts = [stage([], -1), stage([filter], -1), stage([filter], 0), stage([step('limit', { count: 3 }), filter], 1)].map(spec => splitsToRead(spec, [spec]).length)
    expect(counts).toEqual([10, 10, 1, 10])
  })

  it('another reader of the same scan gets all rows', async () => {
    const scan = read.parquet(path)
    const both = await scan.filter(c('money').lt('1.00')).select('money').union(scan.select('money')).collect({ workers: 1 })
    expect(both.numRows).toBe(1100)
  })
})

function randomCondition(chance: ReturnType<typeof random>): Expr {
  const i = chance.int(1100) - 50
  const op = (['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const)[chance.int(6)]!
  const makers = [
    () => c('id')[op](BigInt(i) * 10n ** 13n), () => c('small')[op](chance.int(14) - 7), () => c('u32')[op](2 ** 31 - 500 + i), () => c('f')[op](i / 4), () => c('money')[op](i / 100), () => c('wide')[op](`${BigInt(Math.max(0, i)) * 10n ** 20n}.5`),
    () => c('name')[op](`k${String(Math.max(0, i)).padStart(5, '0')}`), () => c('day')[op](new Date(i * 86_400_000)), () => c('at')[op](new Date(i)), () => c('flag'), () => c('half').isNull(), () => c('half').between(i, i + chance.int(300)), () => c('u32').isIn([2 ** 31 + i, 2 ** 31 - 400]),
  ]
  return makers[chance.int(makers.length)]!()
}

describe('files in folders that are named for values', () => {
  it('are opened only where the folder can be wanted', async () => {
    const out = `${join(folder, 'by-kind')}/`
    const rows = Array.from({ length: 60 }, (_, i) => ({ kind: i % 5 === 0 ? null : `kind ${i % 5}`, year: 2000 + (i % 3), n: i }))
    await frame(rows, { kind: 'utf8?', year: 'int32', n: 'int32' }).to(write.parquet(out, { partitionBy: ['kind', 'year'] })).run({ workers: 1 })
    const all = read.parquet(out) as unknown as FrameValue & { filter(e: Expr): FrameValue }
    expect((await read1(all)).rows.length).toBe(60)
    const some = async (condition: Expr) => {
      const { rows: got, skipped } = await read1(all.filter(condition))
      return [got.length, skipped]
    }
    expect(await some(c('kind').eq('kind 2'))).toEqual([12, 12])
    expect(await some(c('year').gt(2001))).toEqual([20, 10])
    expect(await some(c('kind').isNull())).toEqual([12, 12])
    expect(await some(c('kind').eq('kind 2').and(c('year').eq(2000)).and(c('n').ge(0)))).toEqual([4, 14])
  })
})
