// stats on columns of every type, through the whole engine: counts beside a plain count of the same rows, bars that fit.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textWidth } from '../../src/base/text-width.ts'
import { closeEngines } from '../../src/engine.ts'
import { write } from '../../src/index.ts'
import { frame } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'

interface Told {
  readonly column: string
  readonly nulls: number
  readonly histogram: { of: string; step: string; bins: { from: string; to: string; count: number }[]; values: { value: string; count: number }[]; others: number; notFinite?: number } | null
}

describe('histograms of stats', () => {
  let folder: string
  let file: string
  const count = 2_000
  const special: Record<number, number> = { 3: Number.NaN, 4: Number.POSITIVE_INFINITY, 5: Number.NEGATIVE_INFINITY, 6: -0 }
  const rows = Array.from({ length: count }, (_, i) => ({
    small: i % 5,
    whole: i * 7,
    huge: 2n ** 64n - 1n - BigInt(i),
    float: special[i] ?? Math.sin(i) * 3,
    single: Math.fround(i / 7),
    price: (i / 100).toFixed(2),
    day: 86_400_000 * i,
    at: BigInt(i) * 3_600_000_000n,
    clock: BigInt(i % 24) * 3_600_000n * 1000n,
    took: BigInt(i),
    flag: i % 3 === 0 ? null : i % 3 === 1,
    city: i % 50 === 0 ? null : ['Oslo', 'Rio, "BR"', 'Bönn\n'][i % 3],
    id: `${'ä'.repeat(i % 40)}${i}`,
    key: new Uint8Array(i % 9),
    items: Array.from({ length: i % 4 }, () => 1),
    pairs: new Map([['a', i]]),
    part: { a: i },
    none: null,
  }))
  const schema = {
    small: 'int8', whole: 'int32', huge: 'uint64', float: 'float64', single: 'float32', price: 'decimal(9, 2)', day: 'date', at: 'timestamp[us]', clock: 'time[us]', took: 'duration[us]',
    flag: 'bool?', city: 'utf8?', id: 'utf8', key: 'binary', items: 'list<int32>', pairs: 'map<utf8, int32>', part: 'struct<a: int32>', none: 'float64?',
  } as const
  const stats = async (...args: string[]) => {
    const { out, code, error } = await runCli(['stats', file, '--json', ...args])
    expect([code, error.includes('error')]).toEqual([0, false])
    return Object.fromEntries(out.trimEnd().split('\n').map(line => JSON.parse(line) as Told).map(told => [told.column, told]))
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    file = `${folder}/all.arrow`
    await frame(rows, schema).to(write.arrow(file)).run()
  })
  afterAll(async () => {
    await closeEngines()
    await rm(folder, { recursive: true, force: true })
  })

  it('count numbers between round edges, each once', async () => {
    const told = await stats()
    const inBins = (values: readonly (number | bigint)[], column: string) => {
      const { bins } = told[column]!.histogram!
      expect(bins.length).toBeGreaterThan(2)
      const parse = (text: string) => (typeof values[0] === 'bigint' ? BigInt(text) : Number(text))
      for (const { from, to, count: found } of bins) expect(found).toBe(values.filter(value => value >= parse(from) && value < parse(to)).length)
      expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(values.length)
    }
    inBins(rows.map(row => row.small), 'small')
    inBins(rows.map(row => row.whole), 'whole')
    inBins(rows.map(row => row.huge), 'huge')
    inBins(rows.map(row => row.float).filter(Number.isFinite), 'float')
    inBins(rows.map(row => row.single), 'single')
    inBins(rows.map(row => Number(row.price)), 'price')
    expect(told['float']!.histogram!.notFinite).toBe(3)
    expect(told['whole']!.histogram).not.toHaveProperty('notFinite')
    expect(told['small']!.histogram!.bins).toEqual(Array.from({ length: 5 }, (_, i) => ({ from: `${i}`, to: `${i + 1}`, count: count / 5 })))
  })

  it('count times by clock and calendar', async () => {
    const told = await stats()
    const texts = (column: string) => told[column]!.histogram!.bins
    expect(told['day']!.histogram!.step).toBe('1 year')
    expect(texts('day').slice(0, 2)).toEqual([{ from: '1970-01-01', to: '1971-01-01', count: 365 }, { from: '1971-01-01', to: '1972-01-01', count: 365 }])
    expect(texts('at')[0]).toEqual({ from: '1969-12-22T00:00:00.000000Z', to: '1970-01-05T00:00:00.000000Z', count: 96 })
    expect(texts('clock').at(-1)).toMatchObject({ from: '21:00:00.000000', to: '24:00:00' })
    expect(texts('took')[1]).toEqual({ from: 'PT0.0002S', to: 'PT0.0004S', count: 200 })
    for (const column of ['day', 'at', 'clock', 'took']) expect(texts(column).reduce((sum, bin) => sum + bin.count, 0)).toBe(count)
  })

  it('count texts of few values by value, others by length, and what has a length by that', async () => {
    const told = await stats()
    expect(told['city']!.histogram).toEqual({ of: 'frequent values', values: [{ value: 'Rio, "BR"', count: 654 }, { value: 'Bönn\n', count: 653 }, { value: 'Oslo', count: 653 }], others: 0 })
    expect(told['city']!.nulls).toBe(40)
    expect(told['flag']!.histogram).toEqual({ of: 'frequent values', values: [{ value: 'false', count: 666 }, { value: 'true', count: 667 }], others: 0 })
    const lengths = told['id']!.histogram!
    expect(lengths.of).toBe('characters')
    for (const { from, to, count: found } of lengths.bins) expect(found).toBe(rows.filter(({ id }) => id.length >= Number(from) && id.length < Number(to)).length)
    expect(told['key']!.histogram).toMatchObject({ of: 'bytes', step: '1', bins: { length: 9 } })
    expect(told['items']!.histogram).toMatchObject({ of: 'items', bins: [{ from: '0', count: 500 }, {}, {}, { from: '3', to: '4', count: 500 }] })
    expect(told['pairs']!.histogram).toMatchObject({ of: 'items', bins: [{ from: '1', to: '2', count }] })
    expect([told['part']!.histogram, told['none']!.histogram]).toEqual([null, null])
  })

  it('keep to the rows, columns and number of bars asked for', async () => {
    const few = await stats('--filter', 'whole < 70', '--select', 'whole,city,id', '--bins', '2')
    expect(few['whole']!.histogram!.bins).toEqual([{ from: '0', to: '50', count: 8 }, { from: '50', to: '100', count: 2 }])
    expect(few['city']!.histogram).toEqual({ of: 'frequent values', values: [{ value: 'Bönn\n', count: 3 }, { value: 'Oslo', count: 3 }], others: 3 })
    expect(Object.values(await stats('--bins', '0')).every(told => !('histogram' in told))).toBe(true)
    expect((await stats('--filter', 'whole < 0'))['whole']!.histogram).toBeNull()
    expect((await stats('--filter', 'whole = 7', '--select', 'float'))['float']!.histogram).toMatchObject({ step: '', bins: [{ from: String(Math.sin(1) * 3), to: String(Math.sin(1) * 3), count: 1 }] })
    expect((await stats('--filter', 'whole between 21 and 35', '--select', 'float'))['float']!.histogram).toEqual({ of: 'value', step: '', bins: [], notFinite: 3 })
    expect(await runCli(['stats', file, '--bins', '101'])).toMatchObject({ code: 2, error: expect.stringContaining('0 to 100') })
  })

  it('are bars that fit any terminal, side by side where there is room', async () => {
    for (const width of [20, 60, 90, 200]) {
      const { out } = await runCli(['stats', file], { width: () => width, isTerminal: true })
      for (const line of out.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width)
    }
    const { out } = await runCli(['stats', file, '--select', 'small,city'], { width: () => 90, isTerminal: true })
    expect(out.split('\n').find(line => line.startsWith('small: '))).toMatch(/^small: steps of 1 +city: most frequent values$/)
    expect(out).toContain('  0 ███')
    expect(out).toMatch(/Bönn\\n +█+/)
    expect(out).toMatch(/null +█?[▏▎▍▌▋▊▉]? +40$/m)
    expect((await runCli(['stats', file, '--select', 'part'])).out).not.toContain('█')
    expect((await runCli(['stats', file, '--bins', '0'])).out).not.toContain('█')
  })
})
