// What patterns match, case by case. Cases that name a file hold facts of Apache Flink's tests, said over rows of letters: a row is of variable A where its letters hold an a, and so on.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { parsePattern } from '../../src/operators/match-pattern.ts'
import { closeEngines, col, count, from, tumble } from '../../src/index.ts'
import { matchOperator } from '../../src/operators/match.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { EventRun } from '../support/event-run.ts'
import { type Naive, naiveMatches, rowsOf } from '../support/naive-match.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterAll(closeEngines)
afterEach(() => expect(device.pages.used()).toBe(0))

const schema = { id: 'int32', name: 'utf8', value: 'int64?', time: 'timestamp[ms]' } as const
type Skip = 'past-last-row' | 'to-next-row' | { toFirst: string } | { toLast: string }

// `a b ab`: a row a word, one a second. Words may carry a value: a=5.
function rowsOfText(text: string) {
  return text.split(' ').map((word, i) => ({ id: i + 1, name: word.split('=')[0]!, value: word.includes('=') ? BigInt(word.split('=')[1]!) : null, time: 1_000 * (i + 1) }))
}

// Letters that are variables of the pattern match the rows that hold them; X matches any.
async function spans(text: string, pattern: string, options: { skip?: Skip; within?: string } = {}): Promise<string> {
  const variables = [...new Set(pattern.match(/[A-Z]/g))].filter(v => v !== 'X')
  const define = Object.fromEntries(variables.map(v => [v, (m: any) => m.name.contains(v.toLowerCase())]))
  const table = await from(rowsOfText(text), { schema }).match({ orderBy: 'time', pattern, define, measures: (m: any) => ({ end: m.id, rows: m.count() }), ...options } as never).collect()
  return table.toArray().map(({ end, rows }: any) => Array.from({ length: rows }, (_, i) => end - rows + 1 + i).join('')).join(' ')
}

const greedy = 'flink-cep GreedyITCase'
const skips = 'flink-cep AfterMatchSkipITCase'
const nfa = 'flink-cep NFAITCase'
const times = 'flink-cep TimesRangeITCase'
const until = 'flink-cep UntilConditionITCase'
const sql = 'flink-table MatchRecognizeITCase'

const cases: [source: string, text: string, pattern: string, expected: string, options?: { skip?: Skip; within?: string }][] = [
  [`${greedy} testGreedyZeroOrMore`, 'c a a a d', 'C A* D', '12345'],
  [`${greedy} testGreedyZeroOrMoreConsecutiveEndWithOptional`, 'c a a a d', 'C A* D?', '12345'],
  [`${greedy} testGreedyZeroOrMoreInBetween, rows between named`, 'c x a x a x a d', 'C (X*? A)* X*? D', '12345678'],
  [`${greedy} testGreedyZeroOrMoreWithDummyEventsAfterQuantifier`, 'c a a x d', 'C A* X D', '12345'],
  [`${greedy} testGreedyZeroOrMoreWithDummyEventsBeforeQuantifier`, 'c x d', 'C X A* D', '123'],
  [`${greedy} testGreedyZeroOrMoreBeforeOptional`, 'c a a x e', 'C A* D? X E', '12345'],
  [`${greedy} testGreedyZeroOrMoreBeforeOptional2`, 'c a a d e', 'C A* D? E', '12345'],
  [`${skips} testNoSkip`, 'a a a a a a', 'A{3}', '123 234 345 456', { skip: 'to-next-row' }],
  [`${skips} testSkipToNextWithFollowedByAny`, 'a b a b', 'A X*? B', '12 34', { skip: 'to-next-row' }],
  [`${skips} testSkipToNextWithQuantifierAtTheEnd`, 'a b b b', 'A B+?', '12', { skip: 'to-next-row' }],
  [`${skips} testNoSkipWithQuantifierAtTheEnd, the greedy one`, 'a b b b', 'A B+', '1234', { skip: 'to-next-row' }],
  [`${skips} testSkipPastLast`, 'a a a a a a', 'A{3}', '123 456'],
  [`${skips} testSkipToFirst`, 'ab ab ab ab ab ab', 'A{2} B{2}', '1234 3456', { skip: { toFirst: 'B' } }],
  [`${skips} testSkipToLast`, 'ab ab ab ab ab ab ab', 'A{2} B{2}', '1234 4567', { skip: { toLast: 'B' } }],
  [`${skips} testSkipPastLast2, as a sequence with rows between`, 'a a b b c c d d', 'A X*? B X*? C X*? D', '1234567'],
  [`${skips} testSkipPastLast3`, 'a c a b', 'A B', '34'],
  [`${nfa} testSimplePatternNFA, with rows between`, 'x s m x e', 'S M X*? E', '2345'],
  [`${nfa} testStrictContinuityWithResults`, 'a b', 'A B', '12'],
  [`${nfa} testStrictContinuityNoResults`, 'a c b', 'A B', ''],
  [`${nfa} testSimplePatternWithTimeWindowNFA`, 's s m e', 'S X*? M X*? E', '234', { within: '2500ms' }],
  [`${nfa} testStartWithOptionalPattern`, 's e e', 'S? E', '12 3'],
  [`${nfa} testEndWithZeroOrOne`, 'c a a', 'C A?', '12'],
  [`${nfa} testEndWithOneOrMore, strictly`, 'c a a x a', 'C A+', '123'],
  [`${nfa} testTimesNonStrictWithNext, strictly`, 'c a a x e', 'C A{2} X E', '12345'],
  [`${nfa} testMultipleOptional`, 'c e', 'C A? B? E', '12'],
  [`${times} testTimesRange, strictly`, 'c a a a e', 'C A{2,3} E', '12345'],
  [`${times} testTimesRangeFromZero`, 'c e', 'C A{0,2} E', '12'],
  [`${times} more than the most`, 'c a a a a e', 'C A{2,3} E', ''],
  [`${until} testUntilConditionFollowedByOneOrMore, the end as a row`, 'c a a x a', 'C A+? X', '123'],
  [`${until} the longest before the end`, 'c a a x a', 'C A+ X', '1234'],
  [`${sql} simple sequence`, 'a b c x a b c', 'A B C', '123 567'],
  ['a quantifier ?', 'a b a a b', 'A B?', '12 3 45'],
  ['a reluctant ?', 'a b a', 'A B??', '1 3'],
  ['a reluctant ? that is needed', 'a b c', 'A B?? C', '123'],
  ['a quantifier *', 'a c a b b c', 'A B* C', '12 3456'],
  ['a quantifier +', 'a c a b b c', 'A B+ C', '3456'],
  ['a reluctant +', 'a b b b', 'A B+?', '12'],
  ['{n}', 'a a a a a', 'A{2}', '12 34'],
  ['{n,}', 'a a x a a a', 'A{3,}', '456'],
  ['{n,m} takes as many as it can', 'a a a a a', 'A{2,3}', '123 45'],
  ['a reluctant {n,m}', 'a a a a a', 'A{2,3}?', '12 34'],
  ['{,m}', 'a b b b', 'A B{,2}', '123'],
  ['a reluctant {n,}', 'a a a a', 'A{2,}?', '12 34'],
  ['a choice takes the first that matches', 'a b c', 'A (B | C)', '12'],
  ['a choice takes the second where the first fails later', 'a b c', 'A (B B | B C)', '123'],
  ['a choice prefers the first though shorter', 'a a a', 'A | A A', '1 2 3'],
  ['a choice prefers the first though longer', 'a a a', 'A A | A', '12 3'],
  ['a repeated group', 'a b a b c', '(A B)+ C', '12345'],
  ['a repeated choice', 'a b b a c', '(A | B)* C', '12345'],
  ['groups in groups', 'a b c b c d', 'A (B (C)?)+ D', '123456'],
  ['a repeated group that may be empty', 'a a b', '(A?)* B', '123'],
  ['a variable twice', 'a b a', 'A B A', '123'],
  ['a start within a failed match', 'a a b', 'A B', '23'],
  ['a greedy last variable ends with the input', 'x a a a', 'A+', '234'],
  ['one variable that matches all', 'x x x', 'X', '1 2 3'],
  ['no match', 'a a a', 'B', ''],
  ['within leaves out what is as long', 'a b', 'A B', '', { within: '1s' }],
  ['within keeps what is shorter', 'a b', 'A B', '12', { within: '1001ms' }],
  ['within ends a greedy variable', 'a a a a a', 'A+', '12 34 5', { within: '2s' }],
  ['skip to the first of a later variable', 'a b b c b c', 'A? B+ C', '1234 56', { skip: { toFirst: 'C' } }],
]

describe('what patterns match', () => {
  it.each(cases)('%s: "%s" by %s', async (_, text, pattern, expected, options) => {
    expect(await spans(text, pattern, options)).toBe(expected)
  })
})

const values = (text: string) => from(rowsOfText(text), { schema })

describe('references', () => {
  it('give rows before, first and last rows of variables, and values over them', async () => {
    const table = await values('a=5 a=7 a b=3 b=9')
      .match({
        orderBy: 'time', pattern: 'A+ B+',
        define: { A: m => m.name.eq('a'), B: m => m.name.eq('b') },
        measures: m => ({
          id: m.id, before: m.previous('id'), twoBefore: m.previous('value', 2), sixBefore: m.previous('id', 6), last: m.last('A', 'id'), lastButOne: m.last('A', 'id', 1), none: m.last('A', 'id', 3), first: m.first('B', 'id'),
          second: m.first('A', 'id', 1), sum: m.sum('A', 'value'), mean: m.mean('B', 'value'), min: m.min('B', 'value'), max: m.max('A', 'value'), rows: m.count(), as: m.count('A'), counted: m.count('A', 'value'), both: m.sum('A', 'value').add(m.last('B', 'value')),
        }),
      })
      .collect()
    expect(table.toArray()).toEqual([
      { id: 5, before: 4, twoBefore: null, sixBefore: null, last: 3, lastButOne: 2, none: null, first: 4, second: 2, sum: 12n, mean: 6, min: 3n, max: 7n, rows: 5, as: 3, counted: 2, both: 21n },
    ])
  })

  it('count the row at hand to its variable, and compute what numbers do not hold exactly', async () => {
    const big = 2n ** 53n
    const rows = [big, big + 1n, big + 2n, 1n].map((value, i) => ({ id: i, name: 'x', value, time: i }))
    const ids = async (define: object, pattern: string) => (await from(rows, { schema }).match({ orderBy: 'time', pattern, define, measures: (m: any) => ({ rows: m.count(), total: m.sum('A', 'value') }) } as never).collect()).toArray()
    expect(await ids({ A: (m: any) => m.last('A', 'value', 1).isNull().or(m.value.gt(m.last('A', 'value', 1))) }, 'A+')).toEqual([{ rows: 3, total: 3n * big + 3n }, { rows: 1, total: 1n }])
    expect(await ids({ A: (m: any) => m.sum('A', 'value').le(2n * big + 1n) }, 'A+')).toEqual([{ rows: 2, total: 2n * big + 1n }, { rows: 2, total: big + 3n }])
    expect(await ids({ A: (m: any) => m.count('A').mod(3).ne(0) }, 'A+')).toEqual([{ rows: 2, total: 2n * big + 1n }, { rows: 2, total: big + 3n }])
  })

  it('compare texts, and take a null condition as false', async () => {
    const repeats = values('a b b c c c').match({ orderBy: 'time', pattern: 'A B+', define: { B: m => m.name.eq(m.last('A', 'name')) }, measures: m => ({ name: m.first('A', 'name'), rows: m.count() }) })
    expect((await repeats.collect()).toArray()).toEqual([{ name: 'b', rows: 2 }, { name: 'c', rows: 3 }])
    const nulls = values('a b=1 b b=2').match({ orderBy: 'time', pattern: 'A', define: { A: m => m.value.gt(m.previous('value')).or(m.value.isNull().not().and(m.previous('value').isNull())) }, measures: m => ({ id: m.id }) })
    expect((await nulls.collect()).toArray()).toEqual([{ id: 2 }, { id: 4 }])
  })
})

describe('what is wrong', () => {
  it.each([
    ['A B)', 'position 4: ")" is not expected'],
    ['A (B', 'position 5: ")" is expected'],
    ['', 'position 1: a variable or a group is expected'],
    ['A | ', 'position 5: a variable or a group is expected'],
    ['A**', 'position 3: a second quantifier'],
    ['A{3,2}', 'position 2: {3,2} repeats at most 2 times; give at least 3'],
    ['A{}', 'position 2: {n}, {n,}, {n,m} or {,m} is expected'],
    ['A{0}', 'position 2: {0} repeats at most 0 times'],
    ['A{1000000}', 'repeats more than 10000 times'],
    ['A 1', 'position 3: a variable is expected, not "1"'],
    ['(A{9999}){9999}', 'more than 10000 states'],
    ['A* B?', 'matches no rows at all'],
  ])('in the pattern "%s"', (pattern, message) => {
    expect(() => parsePattern(pattern, 'match')).toThrow(message)
  })

  const wrong = (options: object) => () => (values('a') as any).match({ orderBy: 'time', pattern: 'A B', measures: (m: any) => ({ n: m.count() }), ...options }).explain()
  it.each<[string, object, string]>([
    ['a variable in define', { define: { C: (m: any) => m.id.gt(1) } }, 'define has "C", which the pattern "A B" doesn\'t'],
    ['a variable in a reference', { define: { A: (m: any) => m.id.gt(m.last('C', 'id')) } }, 'the pattern has no variable "C"; it has A, B'],
    ['a column', { define: { A: (m: any) => m.valeu.gt(1) } }, 'no column "valeu"; the input has id, name, value, time; did you mean "value"?'],
    ['a column in a reference', { measures: (m: any) => ({ n: m.last('A', 'nam') }) }, 'no column "nam"'],
    ['a condition', { define: { A: (m: any) => m.id } }, 'a condition must be bool'],
    ['a sum', { measures: (m: any) => ({ n: m.sum('A', 'name') }) }, '"name" is utf8; sum() over a variable takes integers and floats'],
    ['an order', { orderBy: 'id' }, 'the time column "id" is int32; it must be a timestamp'],
    ['no order', { orderBy: undefined }, 'match: no orderBy'],
    ['no measures', { measures: () => ({}) }, 'no measures'],
    ['an option', { partitionBy: 'id' }, 'no option "partitionBy"'],
    ['a skip', { skip: 'nowhere' }, 'skip is "nowhere"'],
    ['a skip to the start', { skip: { toFirst: 'A' } }, 'matching would go on at the same row for ever'],
    ['a skip to the only row', { skip: { toLast: 'A' } }, 'matching would go on at the same row for ever'],
    ['a name twice', { by: 'id', measures: (m: any) => ({ id: m.count() }) }, 'two columns "id"'],
    ['within', { within: '0s' }, 'within is 0 ms'],
    ['an offset', { measures: (m: any) => ({ n: m.previous('id', 0) }) }, 'the offset of previous() is 0'],
  ])('%s', (_, options, message) => expect(wrong(options)).toThrow(message))

  it('at run time: a skip to a row that is the first, or not there; a stream without a watermark', async () => {
    const any = values('b b') as any
    await expect(any.match({ orderBy: 'time', pattern: 'A? B', define: { A: (m: any) => m.name.eq('a') }, measures: (m: any) => ({ n: m.count() }), skip: { toFirst: 'B' } }).collect()).rejects.toThrow('is the first row of the match')
    await expect(any.match({ orderBy: 'time', pattern: 'A? B', define: { A: (m: any) => m.name.eq('a') }, measures: (m: any) => ({ n: m.count() }), skip: { toLast: 'A' } }).collect()).rejects.toThrow('no row of "A" to skip to')
    async function* source() {
      yield* rowsOfText('a')
    }
    const stream = from(source(), { schema, bounded: false })
    expect(() => stream.match({ orderBy: 'time', pattern: 'A', measures: m => ({ n: m.count() }) }).explain()).toThrow('needs a watermark')
  })
})

it('rows that are late leave by the side output; windows behind matches take the rest', async () => {
  async function* source() {
    for (const [i, time] of [1_000, 5_000, 2_000, 6_000, 20_000].entries()) yield { id: i, name: 'x', value: 1n, time }
  }
  const stream = () => from(source(), { schema, bounded: false }).watermark('time', { bound: '1s' })
  const late: number[] = []
  const sink = { sink: 'user', options: null, bound: { name: 'late', delivery: 'idempotent', write: (batch: any) => void late.push(...batch.column('id').toArray()) } }
  const found: number[] = []
  const pairs = () => stream().match({ orderBy: 'time', pattern: 'A B', measures: m => ({ first: m.first('A', 'id'), at: m.last('B', 'time') }) })
  await pairs().late(sink).forEach(row => void found.push(row.first ?? -1))
  expect([found, late]).toEqual([[0, 3], [2]])
  const windows: unknown[] = []
  await pairs().groupBy(tumble('at', '10s')).agg({ n: count() }).forEach(row => void windows.push([Number(row.window_start), row.n]))
  expect(windows).toEqual([[0, 1], [20_000, 1]])
})

describe('random rows and restarts', () => {
  const fields = parseSchema({ key: 'utf8', value: 'int64', time: 'timestamp[ms]' }, 'test')
  type R = { key: string; value: number; time: number }
  const ref = (fn: string, variable: string | undefined, offset = 0) => ({ kind: 'call', fn: `match.${fn}`, args: [{ kind: 'column', name: 'value' }], options: { ...(variable && { variable }), offset } })
  const call = (fn: string, ...args: object[]) => ({ kind: 'call', fn, args })
  const value = { kind: 'column', name: 'value' }
  const number = (n: number) => ({ kind: 'literal', value: n })
  const many = (of: Naive, least: number, reluctant = false): Naive => ({ of, least, most: Number.POSITIVE_INFINITY, reluctant })
  const define = {
    A: [call('lt', value, number(6)), (r: R) => r.value < 6],
    B: [call('gt', value, ref('last', 'A')), (r: R, t: any) => rowsOf<R>(t, 'A').length > 0 && r.value > rowsOf<R>(t, 'A').at(-1)!.value],
    C: [call('lt', value, ref('previous', undefined, 1)), (r: R, _: unknown, rows: readonly R[]) => rows.length > 0 && r.value < rows.at(-1)!.value],
    D: [call('lt', ref('sum', 'D'), number(20)), (r: R, t: any) => rowsOf<R>(t, 'D').reduce((s, x) => s + x.value, r.value) < 20],
  } as const
  const patterns: [string, Naive][] = [
    ['A B+ C', { seq: ['A', many('B', 1), 'C'] }],
    ['A+? (B | C)* D', { seq: [many('A', 1, true), many({ or: ['B', 'C'] }, 0), 'D'] }],
    ['C D+', { seq: ['C', many('D', 1)] }],
    ['(A C | A B){1,2} D?', { seq: [{ of: { or: [{ seq: ['A', 'C'] }, { seq: ['A', 'B'] }] }, least: 1, most: 2 }, { of: 'D', least: 0, most: 1 }] }],
  ]
  it.each(patterns)('%s is what backtracking finds', (text, pattern) => {
    const chance = random(text.length)
    const rows: R[] = Array.from({ length: 300 }, (_, i) => ({ key: `a key that is long ${chance.int(4)}`, value: chance.int(12), time: 10 * i + chance.int(60) }))
    for (const [within, skip] of [[undefined, 'past-last-row'], [150, 'to-next-row'], [400, 'past-last-row']] as const) {
      const names = [...new Set(text.match(/[A-D]/g))] as (keyof typeof define)[]
      const params = { by: ['key'], time: 'time', pattern: text, define: Object.fromEntries(names.map(n => [n, define[n][0]])), measures: { sum: ref('sum', undefined), last: value, as: ref('count', names[0]) }, skip, ...(within && { withinMs: within }) }
      const expected = [...new Set(rows.map(r => r.key))].flatMap(key =>
        naiveMatches(rows.filter(r => r.key === key).toSorted((a, b) => a.time - b.time), { pattern, define: Object.fromEntries(names.map(n => [n, define[n][1]])) as never, within, skip }).map(t => JSON.stringify([key, t.reduce((s, x) => s + x.row.value, 0), t.at(-1)!.row.value, rowsOf(t, names[0]!).length])),
      ).sort()
      expect(expected.length).toBeGreaterThan(5)
      for (const [size, parallelism] of [[1, 1], [7, 2], [100, 3]] as const) {
        const run = new EventRun(device, fields, [{ type: watermarkOperator, params: { time: 'time', boundMs: 60 } }, { type: matchOperator, params }], parallelism)
        for (let start = 0; start < rows.length; start += size) {
          run.push(rows.slice(start, start + size))
          if (chance.int(20) === 0 || size > 50) run.restart(1 + chance.int(3))
        }
        run.finish()
        run.close()
        expect(run.rows.map(r => JSON.stringify([r.key, Number(r.sum), Number(r.last), Number(r.as)])).sort(), `${size} ${parallelism} ${within} ${skip}`).toEqual(expected)
      }
    }
  })

  it('many rows that no match needs are left behind, and long runs go on', () => {
    const params = { by: ['key'], time: 'time', pattern: 'A B+ C', define: { A: call('eq', value, number(1)), B: call('eq', value, number(2)), C: call('gt', value, ref('max', 'B')) }, measures: { rows: { kind: 'call', fn: 'match.count', args: [], options: { offset: 0 } } }, skip: 'past-last-row' }
    const run = new EventRun(device, fields, [{ type: watermarkOperator, params: { time: 'time', boundMs: 0 } }, { type: matchOperator, params }])
    const row = (key: string, value: number, time: number) => ({ key, value, time })
    run.push([row('long', 1, 0), row('long', 2, 1), row('long', 2, 2)])
    for (let i = 0; i < 5; i++) run.push(Array.from({ length: 30_000 }, (_, j) => row(j % 3_000 === 0 ? 'long' : `other ${j % 7}`, j % 3_000 === 0 ? 2 : 5, 10 + 30_000 * i + j)))
    run.push([row('long', 3, 1_000_000)])
    run.finish()
    run.close()
    expect(run.rows.map(r => Number(r.rows))).toEqual([54])
  })
})

it('is typed', () => {
  const frame = values('a')
  const matched = () => frame.match({ by: 'name', orderBy: 'time', pattern: 'A', measures: m => ({ n: m.count(), last: m.last('A', 'value'), id: m.id }) })
  const row: { name: string; n: number; last: bigint | null; id: number } = {} as ReturnType<typeof matched> extends { collect(): Promise<{ toArray(): (infer R)[] }> } ? R : never
  expect(row).toEqual({})
  // @ts-expect-error a column that isn't there
  expect(() => frame.match({ orderBy: 'time', pattern: 'A', measures: m => ({ n: m.last('A', 'valeu') }) }).explain()).toThrow('did you mean "value"?')
  expect(frame.match({ orderBy: 'time', pattern: 'A', define: { A: m => m.value.gt(m.previous('value')).and(col('id').gt(0)) }, measures: m => ({ n: m.count() }) }).explain()).toContain('A: value > previous(value) and id > 0')
})
