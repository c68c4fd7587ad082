import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { count, generate, mean, min, sum } from '../../src/index.ts'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { type GeneratedOptions, generatedScan } from '../../src/source/generated.ts'
import { exhaust } from '../support/exhaust.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterAll(() => expect(device.pages.used()).toBe(0))

function rowsOf(options: GeneratedOptions, batchRows = 1000, columns?: string[], batches: Batch[] = []): PlainRow[] {
  const rows: PlainRow[] = []
  const emit = (batch: Batch) => {
    const read = rowReader(device.memory, batch)
    expect(batch.rowCount).toBeLessThanOrEqual(batchRows)
    for (let row = 0; row < batch.rowCount; row++) rows.push(read(row))
    batches.push(batch)
    releaseBatch(device, batch)
  }
  const resolved = generatedScan.resolve(options, 'test').options
  for (const split of generatedScan.splits(resolved)) exhaust(generatedScan.read({ device, where: 'test', batchRows, shared: 0, arena: () => device.arena(), emit, count: () => {} }, resolved, split, columns))
  return rows
}

const everything = {
  id: generate.sequence(),
  at: generate.sequence('2024-01-01', '10ms', { nulls: 0.25 }),
  day: generate.sequence('2024-02-28', '1d', { type: 'date' }),
  price: generate.sequence('0.50', '0.25', { type: 'decimal(18, 2)' }),
  ratio: generate.sequence(1, 0.5, { type: 'float32' }),
  key: generate.uniform(0, 100, { type: 'int32' }),
  big: generate.uniform(-(2n ** 63n), 2n ** 63n),
  wide: generate.uniform(0n, 2n ** 64n, { type: 'uint64' }),
  share: generate.uniform(0, 1),
  small: generate.uniform(0.1, 0.3, { type: 'float32' }),
  when: generate.uniform('2024-01-01', '2024-01-02'),
  bill: generate.uniform(0, 100, { type: 'decimal(5, 2)', nulls: 0.1 }),
  height: generate.normal(180, 10),
  word: generate.zipf(100_000, 1.2),
  city: generate.choice(['Berlin', 'Rome', 'a city with a long name'], { weights: [6, 3, 1], nulls: 0.5 }),
  level: generate.choice([1, 2, 3], { type: 'int8' }),
  label: generate.text('id%010d'),
  tag: generate.text('tag %d of a hundred', generate.uniform(0n, 100n), { nulls: 0.1 }),
  name: generate.text('user-%06d', generate.zipf(50, 1)),
  paid: generate.chance(0.3),
  unit: generate.constant('a constant that is long', { nulls: 0.1 }),
  one: generate.constant(1n),
}
const specs = (rows: number, seed = 7): GeneratedOptions => ({ rows, seed, columns: Object.entries(everything).map(([name, maker]) => ({ ...maker, name }) as unknown as GeneratedOptions['columns'][number]) })

describe('made-up columns', () => {
  test('are the same rows whatever the batches, the splits and the columns that are read, and others for another seed', () => {
    const rows = rowsOf(specs(5000))
    expect(rowsOf(specs(5000), 7)).toEqual(rows)
    expect(rowsOf(specs(5000), 65_536)).toEqual(rows)
    expect(rowsOf(specs(70_000), 4096).slice(0, 5000)).toEqual(rows)
    expect(rowsOf(specs(5000, 8))).not.toEqual(rows)
    for (const name of Object.keys(everything)) expect(rowsOf(specs(5000), 1000, [name]), name).toEqual(rows.map(row => ({ [name]: row[name] })))
    expect(rowsOf(specs(10), 1000, [])).toEqual(Array.from({ length: 10 }, () => ({})))
  })

  test('have codes where few texts repeat, and the same texts as without', () => {
    const batches: Batch[] = []
    rowsOf(specs(5000), 5000, ['tag', 'name', 'city', 'label'], batches)
    expect(batches[0]!.columns.map(column => column.codes !== undefined)).toEqual([true, false, true, true])
    const text = generate.text('k%05d', generate.uniform(-3n, 50_000n))
    const options = (rows: number): GeneratedOptions => ({ rows, seed: 1, columns: [{ ...text, name: 'k' } as unknown as GeneratedOptions['columns'][number]] })
    const first = (rows: number) => {
      const { options: resolved } = generatedScan.resolve(options(rows), 'test')
      let found: { rows: PlainRow[]; hasCodes: boolean } | undefined
      const emit = (batch: Batch) => {
        const read = rowReader(device.memory, batch)
        found = { rows: Array.from({ length: 100 }, (_, i) => read(i)), hasCodes: batch.columns[0]!.codes !== undefined }
        releaseBatch(device, batch)
      }
      const steps = generatedScan.read({ device, where: 'test', batchRows: 100, shared: 0, arena: () => device.arena(), emit, count: () => {} }, resolved, generatedScan.splits(resolved)[0]!, undefined)[Symbol.iterator]()
      steps.next()
      steps.return?.()
      return found!
    }
    expect([first(1000).hasCodes, first(1e9).hasCodes]).toEqual([false, true])
    expect(first(1e9).rows).toEqual(first(1000).rows)
  })

  test('hold what their makers say', () => {
    const rows = rowsOf(specs(20_000))
    const numbers = (name: string) => rows.map(row => row[name]).filter(value => value !== null).map(Number)
    const share = (name: string, test: (value: unknown) => boolean) => rows.filter(row => test(row[name])).length / rows.length
    const average = (name: string) => numbers(name).reduce((total, n) => total + n, 0) / numbers(name).length
    expect(rows.slice(0, 3).map(({ id, day, price, ratio, label, one }) => ({ id, day, price, ratio, label, one }))).toEqual([
      { id: 0n, day: Date.UTC(2024, 1, 28), price: '0.50', ratio: 1, label: 'id0000000000', one: 1n },
      { id: 1n, day: Date.UTC(2024, 1, 29), price: '0.75', ratio: 1.5, label: 'id0000000001', one: 1n },
      { id: 2n, day: Date.UTC(2024, 2, 1), price: '1.00', ratio: 2, label: 'id0000000002', one: 1n },
    ])
    expect(rows.every((row, i) => row.at === null || row.at === Date.UTC(2024, 0, 1) + 10 * i)).toBe(true)
    expect([Math.min(...numbers('key')), Math.max(...numbers('key'))]).toEqual([0, 99])
    expect(rows.every(row => (row.share as number) >= 0 && (row.share as number) < 1 && (row.small as number) >= 0.1 && (row.small as number) < 0.3)).toBe(true)
    expect(rows.every(row => (row.when as number) >= Date.UTC(2024, 0, 1) && (row.when as number) < Date.UTC(2024, 0, 2))).toBe(true)
    expect(Math.max(...numbers('bill'))).toBeLessThan(100)
    expect(average('share')).toBeCloseTo(0.5, 1)
    expect(average('key')).toBeCloseTo(49.5, -0.3)
    expect(average('height')).toBeCloseTo(180, -0.3)
    const near = (found: number, wanted: number) => expect(Math.abs(found - wanted)).toBeLessThan(0.02)
    near(share('height', value => Math.abs((value as number) - 180) < 10), 0.6827)
    near(share('big', value => (value as bigint) < 0n), 0.5)
    near(share('wide', value => (value as bigint) < 2n ** 62n), 0.25)
    near(share('paid', value => value === true), 0.3)
    near(share('at', value => value === null), 0.25)
    near(share('city', value => value === 'Berlin'), 0.3)
    near(share('city', value => value === null), 0.5)
    near(share('level', value => value === 2), 1 / 3)
    near(share('unit', value => value === 'a constant that is long'), 0.9)
    // The sum of k^-1.2 over 100,000 ranks is 5.0918; over those beyond 4,096, 0.4470.
    near(share('word', value => value === 1n), 1 / 5.0918)
    near(share('word', value => (value as bigint) > 4096n), 0.447 / 5.0918)
    expect(Math.max(...numbers('word'))).toBeLessThanOrEqual(100_000)
    expect(new Set(rows.map(row => row.name)).size).toBe(50)
    near(share('name', value => value === 'user-000001'), 1 / 4.4992)
    expect(rows.find(row => row.tag !== null)!.tag).toMatch(/^tag \d+ of a hundred$/)
  })

  test('of a choice keep weights of values that are named twice, and take values of any flat type', () => {
    const columns = {
      twice: generate.choice(['a', 'b', 'a'], {}),
      never: generate.choice([1n, 2n], { weights: [0, 1] }),
      flag: generate.choice([true]),
      date: generate.choice([new Date('2024-05-01'), '2024-06-01'], { type: 'date' }),
      float: generate.choice([Number.NaN, Number.POSITIVE_INFINITY]),
      price: generate.constant('1.5', { type: 'decimal(5, 2)' }),
      text: generate.constant('12n'),
    }
    const rows = rowsOf({ rows: 1000, seed: 1, columns: Object.entries(columns).map(([name, maker]) => ({ ...maker, name }) as unknown as GeneratedOptions['columns'][number]) })
    expect(rows.filter(row => row.twice === 'a').length / 1000).toBeCloseTo(2 / 3, 1)
    expect(rows.every(row => row.never === 2n && row.flag === true && row.price === '1.50' && row.text === '12n')).toBe(true)
    expect(new Set(rows.map(row => row.date))).toEqual(new Set([Date.UTC(2024, 4, 1), Date.UTC(2024, 5, 1)]))
    expect(new Set(rows.map(row => String(row.float)))).toEqual(new Set(['NaN', 'Infinity']))
  })
})

describe('generate', () => {
  test('range counts from 0, or from where it is told by any step', async () => {
    const ids = async (frame: ReturnType<typeof generate.range>) => (await frame.collect()).toArray().map(row => row.id)
    expect(await ids(generate.range(3))).toEqual([0n, 1n, 2n])
    expect(await ids(generate.range(5, 12, 3))).toEqual([5n, 8n, 11n])
    expect(await ids(generate.range(3, 0, -2))).toEqual([3n, 1n])
    expect(await ids(generate.range(5, 5))).toEqual([])
    expect(await ids(generate.range(0))).toEqual([])
  })

  test('columns groups 200,000 rows alike with 1 and 3 workers, and makes only what is read', async () => {
    const frame = generate.columns({ k: generate.text('k%02d', generate.uniform(0n, 10n)), v: generate.uniform(0n, 1000n), unread: generate.normal() }, { rows: 200_000, seed: 3 })
    const job = frame.groupBy('k').agg({ n: count(), v: sum('v'), low: min('v'), mid: mean('v') }).sort('k')
    const [one, three] = await Promise.all([1, 3].map(async workers => (await job.collect({ workers })).toArray()))
    expect(three).toEqual(one)
    expect(one!.map(row => row.k)).toEqual(Array.from({ length: 10 }, (_, i) => `k0${i}`))
    expect(one!.reduce((total, row) => total + row.n, 0)).toBe(200_000)
    expect(job.explain()).toContain('generate.columns  200,000 rows, seed 3: k text "k%02d" of uniform int64 in [0n, 10n), v uniform int64 in [0n, 1000n), unread normal float64 around 0 by 1')
    const figures = (await job.explain({ analyze: true })) as string
    expect(figures).toMatch(/generate\.columns.*200000 rows/)
    expect(figures).toMatch(/\n *k: utf8, v: int64\n?/)
  })

  const columns = (makers: Record<string, unknown>, options: { rows: number; seed?: number } = { rows: 10 }) => generate.columns(makers as Parameters<typeof generate.columns>[0], options)
  const { sequence, uniform, normal, zipf, choice, text, chance, constant } = generate
  test.each<[title: string, frame: () => unknown, message: string]>([
    ['a negative count', () => columns({}, { rows: -1 }), 'generate.columns: rows is -1; give a whole number of rows, 0 or more'],
    ['half a row', () => columns({}, { rows: 0.5 }), 'generate.columns: rows is 0.5; give'],
    ['a seed with a fraction', () => columns({}, { rows: 1, seed: 0.5 }), 'generate.columns: seed is 0.5; give a whole number'],
    ['what is no maker', () => columns({ a: 5 }), 'generate.columns, column "a": no maker of columns given; there are sequence, constant,'],
    ['an unknown maker', () => columns({ a: { maker: 'unifrom', type: 'int32' } }), 'no maker "unifrom"; there are sequence, constant, uniform, normal, zipf, choice, chance, text; did you mean "uniform"?'],
    ['an unknown type', () => columns({ a: sequence(0, 1, { type: 'int33' }) }), 'generate.columns, column "a"'],
    ['a type with a question mark', () => columns({ a: sequence(0, 1, { type: 'int32?' }) }), "type is int32?; give 'int32' and the share of nulls, such as nulls: 0.1"],
    ['a type that the maker does not make', () => columns({ a: uniform(0, 1, { type: 'utf8' }) }), 'uniform makes no utf8; it makes integers, float32, float64, decimals of up to 18 digits'],
    ['a share of nulls above 1', () => columns({ a: normal(0, 1, { nulls: 1.5 }) }), 'nulls is 1.5; give the share of nulls, from 0 to 1'],
    ['a hidden name', () => columns({ $a: normal() }), 'names that begin with $'],
    ['min above max', () => columns({ a: uniform(3, 1) }), 'min is 3 and max 1; give a max above min, which it never reaches'],
    ['an empty range', () => columns({ a: uniform(1n, 1n) }), 'min is 1n and max 1n; give a max above min'],
    ['a bound beyond the type', () => columns({ a: uniform(0, 300, { type: 'uint8' }) }), 'max is 300; give a uint8'],
    ['a bound that is no number', () => columns({ a: uniform(Number.NaN, 1) }), 'min is NaN; give a float64'],
    ['an endless range', () => columns({ a: uniform(-1e308, 1e308) }), 'the range is -1e+308 to 1e+308; give finite bounds'],
    ['a range without a float32', () => columns({ a: uniform(1 + 1e-12, 1 + 2e-12, { type: 'float32' }) }), 'give bounds with a float32 between them'],
    ['a sequence that leaves its type', () => columns({ a: sequence(250, 1, { type: 'uint8' }) }), 'the last of 10 values is beyond uint8; give fewer rows, a smaller step or a wider type'],
    ['a start of another type', () => columns({ a: sequence('yesterday') }), 'start is yesterday; give a timestamp[ms]'],
    ['a step of another type', () => columns({ a: sequence(0, 0.5) }), 'step is 0.5; give what can be added to a int64'],
    ['a step of half a day', () => columns({ a: sequence('2024-01-01', '12h', { type: 'date' }) }), 'step is 12h'],
    ['a negative deviation', () => columns({ a: normal(0, -1) }), 'deviation is -1; give a finite number, 0 or more'],
    ['an endless mean', () => columns({ a: normal(Number.POSITIVE_INFINITY) }), 'mean is Infinity; give a finite number'],
    ['no ranks', () => columns({ a: zipf(0) }), 'ranks is 0; give a whole number of ranks, 1 or more'],
    ['ranks beyond the type', () => columns({ a: zipf(1000, 1, { type: 'int8' }) }), 'ranks is 1000; give ranks that are int8'],
    ['an exponent of 0', () => columns({ a: zipf(10, 0) }), 'exponent is 0; give a number above 0'],
    ['nothing to choose from', () => columns({ a: choice([]) }), 'values is []; give at least one value'],
    ['a value of another type', () => columns({ a: choice(['x', 1 as unknown as string]) }), 'values[1] is 1; give a utf8'],
    ['a null among values', () => columns({ a: choice(['x', null as unknown as string]) }), 'values[1] is null; give a utf8'],
    ['too few weights', () => columns({ a: choice(['x', 'y'], { weights: [1] }) }), '2 values and 1 weights; give a weight for each value'],
    ['weights of 0', () => columns({ a: choice(['x'], { weights: [0] }) }), 'weights is [0]; give finite numbers, 0 or more, one of them above 0'],
    ['a constant of another type', () => columns({ a: constant('x', { type: 'int32' }) }), 'value is x; give a int32'],
    ['a pattern without a number', () => columns({ a: text('id') }), 'pattern is "id"; give a text with one %d'],
    ['a pattern with two', () => columns({ a: text('%d-%d') }), 'give a text with one %d'],
    ['a pattern that is too wide', () => columns({ a: text('%0300d') }), 'at most 256 wide'],
    ['a text of floats', () => columns({ a: text('%d', normal()) }), 'the numbers of a text come from normal of float64; give a maker of integers'],
    ['a text of nullable numbers', () => columns({ a: text('%d', zipf(5, 1, { nulls: 0.1 })) }), 'give nulls to the text instead'],
    ['a text of a wrong range', () => columns({ a: text('%d', uniform(5n, 1n)) }), 'min is 5n and max 1n'],
    ['a probability above 1', () => columns({ a: chance(2) }), 'probability is 2; give a number from 0 to 1'],
  ])('names what is wrong of %s', (_, frame, message) => {
    expect(() => (frame() as { explain(): string }).explain()).toThrowError(expect.objectContaining({ code: message.includes('begin with $') ? 'HIDDEN_NAME' : message === 'generate.columns, column "a"' ? 'TYPE' : 'GENERATE', message: expect.stringContaining(message) as string }))
  })

  test.each<[frame: () => unknown, message: string]>([
    [() => generate.range(-5), 'generate.range: -5 rows; give a whole number of rows, 0 or more'],
    [() => generate.range(0.5), 'generate.range: 0.5 is no whole number; give whole numbers'],
    [() => generate.range(0, 5, 0), "generate.range: 0 is no step; give whole numbers, and a step that isn't 0"],
  ])('range says what is wrong of its numbers', (frame, message) => {
    expect(frame).toThrowError(expect.objectContaining({ code: 'GENERATE', message: expect.stringContaining(message) as string }))
  })

  test('tells the compiler the types of its columns', async () => {
    const frame = generate.columns(everything, { rows: 1 })
    const [row] = (await frame.collect()).toArray()
    const typed: { id: bigint; at: number | null; key: number; big: bigint; share: number; when: number; bill: string | null; city: string | null; level: number; tag: string | null; paid: boolean; unit: string | null; one: bigint } = row!
    expect(typed.id).toBe(0n)
    // @ts-expect-error: there is no such column
    expect(() => frame.select('nothing').explain()).toThrowError('no column "nothing"')
  })
})
