import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const imports = `import { argMax, corr, count, max, quantile, sum, topK } from '${root}src/frame/aggregates.ts'
import { col, when } from '${root}src/frame/expr.ts'
import type { Frame } from '${root}src/frame/frame-type.ts'
import { source } from '${root}src/frame/from.ts'
import { desc } from '${root}src/frame/orders.ts'
import { state } from '${root}src/frame/state.ts'
import { lag, rank } from '${root}src/frame/window-functions.ts'
import { countWindow, globalWindow, tumble } from '${root}src/frame/windows.ts'
declare const bids: Frame<{ auction: 'int64'; price: 'int64'; channel: 'utf8'; dateTime: 'timestamp[ms]' }>
const dice = { name: 'dice', splits: () => [{ id: '0' }] } as const
declare const log: Frame<{ day: 'date'; clock: 'time[s]'; text: 'utf8'; l: 'list<int64>'; t: 'struct<id: int64>' }>
declare const people: Frame<{ id: 'int64'; name: 'utf8'; price: 'float64' }>
`

/** A line that must not compile, and what the compiler must say about it. */
const wrong: readonly [title: string, line: string, message: string][] = [
  ['a column that is not there', "bids.filter(col('prise').gt(100))", "filter: no column 'prise'; did you mean 'price'?"],
  ['a number beside a string', "bids.filter(col('channel').gt(100))", "filter: 'channel' is utf8: gt(number) does not apply"],
  ['a string beside a number', "bids.filter(col('price').eq('x'))", "filter: 'price' is int64: eq(string) does not apply"],
  ['columns of two kinds', "bids.filter(col('price').eq(col('channel')))", "filter: 'price' is int64 but 'channel' is utf8: eq() does not apply"],
  ['a condition that is no bool', "bids.filter(col('price').add(1))", 'a condition must be bool'],
  ['and over a number', "bids.filter(col('price').gt(1).and(col('auction')))", "filter: 'auction' is int64: and() does not apply"],
  ['arithmetic on text', "bids.with({ x: col('channel').mul(2) })", "with: 'channel' is utf8: mul() does not apply"],
  ['a string function of a number, in with', "bids.with({ x: col('price').lower() })", "with: 'price' is int64: lower() does not apply"],
  ['a string function of a number, in a callback', "bids.filter(c => c.price.lower().eq('x'))", "'price' is int64: lower() does not apply"],
  ['a string function of a number, in a callback of with', 'bids.with(c => ({ x: c.price.lower() }))', "'price' is int64: lower() does not apply"],
  ['a grouping by all but a column that is not there', "bids.groupBy(col.except('prise')).agg({ n: count() })", "groupBy: no column 'prise'; did you mean 'price'?"],
  ['a regular expression over a number', "bids.filter(col('price').regexMatch('1'))", "filter: 'price' is int64: regexMatch() does not apply"],
  ['a part of a string by a string', "bids.with({ x: col('channel').left(col('channel')) })", "with: 'channel' is utf8: left() does not apply"],
  ['items of a date', "log.with({ x: col('day').transform(x => x) })", "with: 'day' is date: transform() does not apply"],
  ['a field that is not there', "log.with({ x: col('t').field('ide') })", "with: 't' is struct<id: int64>: it has no field 'ide'"],
  ['a part of a list', "log.with({ x: col('l').lower() })", "with: 'l' is list<int64>: lower() does not apply"],
  ['a sum of text', "bids.with({ x: col('channel').add(1) })", "with: 'channel' is utf8: add() does not apply"],
  ['a sum of two dates', "log.with({ x: col('day').add(col('day')) })", "with: 'day' is date but 'day' is date: add() does not apply"],
  ['an hour of a day', "log.with({ x: col('day').hour() })", "with: 'day' is date: hour() does not apply"],
  ['a year of a clock', "log.with({ x: col('clock').year() })", "with: 'clock' is time[s]: year() does not apply"],
  ['a zone of a day', "log.with({ x: col('day').toZone('UTC') })", "with: 'day' is date: toZone() does not apply"],
  ['a callback that names a column that is not there', 'bids.filter(c => c.prise.gt(1))', "Property 'prise' does not exist"],
  ['digits beside a number', "bids.filter(col('price').eq('1.5'))", "filter: 'price' is int64: eq(string) does not apply"],
  ['a word that an option has not', "bids.with({ x: col('price').add(1, { overflow: 'wrp' }) })", '"wrp"'],
  ['truncate of a number', "bids.select({ d: col('price').truncate('day') })", "select: 'price' is int64: truncate() does not apply"],
  ['when over a number', "bids.select({ d: when(col('price')).then(1).otherwise(0) })", "select: 'price' is int64: when() does not apply"],
  ['select of a name that is not there', "bids.select('price', 'action')", '"action"'],
  ['select of a name that is not there beside a selector', "bids.select('action', col.numeric())", '"action"'],
  ['a name to leave out that is not there', "bids.select(col.except('prise'))", '"prise"'],
  ['a name to keep that is not there', "bids.drop(col.numeric().except('auction', 'chanel'))", "drop: no column 'chanel'; did you mean 'channel'?"],
  ['what a selector leaves out', "bids.select(col.numeric()).filter(col('channel').eq('x'))", "filter: no column 'channel'"],
  ['a type to choose by that is not there', "bids.select(col.ofType('int46'))", '"int46"'],
  ['a function that does not fit all columns chosen', "bids.mapColumns(col.except('dateTime'), c => c.round(2))", "mapColumns: 'channel' is utf8: round() does not apply"],
  ['drop of a name that is not there', "bids.drop('prise')", '"prise"'],
  ['a group key that is not there', "bids.groupBy('prise')", '"prise"'],
  ['a correlation with text', "bids.groupBy('auction').agg({ x: corr('price', 'channel') })", "agg: 'channel' is utf8: corr() does not apply"],
  ['a quantile of text', "bids.agg({ x: quantile('channel', 0.5) })", "agg: 'channel' is utf8: quantile() does not apply"],
  ['an aggregate by a column that is not there', "bids.agg({ x: argMax('channel', 'prise') })", `Did you mean '"price"'?`],
  ['a top by a column that is not there', "bids.agg({ x: topK('channel', 3, { by: 'prise' }) })", `Did you mean '"price"'?`],
  ['a sum over text', "bids.groupBy('auction').agg({ x: sum('channel') })", "agg: 'channel' is utf8: sum() does not apply"],
  [
    'an aggregate of a column that is not there',
    "bids.groupBy('auction').agg({ x: max(col('prise').mul(2)) })",
    "agg: no column 'prise'; did you mean 'price'?",
  ],
  [
    'a condition of an aggregate',
    "bids.groupBy('auction').agg({ x: count().where(col('chanel').eq('a')) })",
    "agg: no column 'chanel'; did you mean 'channel'?",
  ],
  ['a window over a column that holds no time', "bids.groupBy('auction', tumble('price', '10s'))", '"price"'],
  ['a global window by a column that holds no time', "bids.groupBy('auction', globalWindow({ time: 'price', every: '10s' }))", '"price"'],
  ['the bounds of a window that has none', "bids.groupBy('auction', countWindow(10)).agg({ n: count() }).filter(col('window_end').isNotNull())", "filter: no column 'window_end'"],
  ['an order by an expression of a column that is not there', "bids.sort(desc(col('prise').neg()))", "sort: no column 'prise'; did you mean 'price'?"],
  ['a partition by a name that is not there', "bids.with({ r: rank().over({ by: 'auctoin', orderBy: 'price' }) })", "with: no column 'auctoin'; did you mean 'auction'?"],
  ['a window order by a name that is not there', "bids.with({ r: rank().over({ orderBy: desc('prise') }) })", "with: no column 'prise'; did you mean 'price'?"],
  ['a running sum over text', "bids.with({ r: sum('channel').over({ orderBy: 'price' }) })", "with: 'channel' is utf8: sum() does not apply"],
  ['the row before of a column that is not there', "bids.with({ r: lag('prise').over({ orderBy: 'price' }) })", "with: no column 'prise'; did you mean 'price'?"],
  ['a top by a name that is not there', "bids.topK(3, desc('price'), { by: 'chanel' })", '"chanel"'],
  ['a union with other columns', 'bids.union(people)', "union: the other has no 'auction'"],
  ['explode of what is no list', "bids.explode('price')", '"price"'],
  ['a pivot by a column that is not there', "bids.pivot({ index: 'chanel', columns: 'channel', aggregate: sum('price'), names: ['a'] })", '"chanel"'],
  ['fillNull of a column that is not there', 'bids.fillNull({ prise: 1 })', 'prise'],
  ['an order by a name that is not there', "bids.sort(desc('prise'))", '"prise"'],
  [
    'names on both sides of a join',
    "bids.join(people, { left: 'auction', right: 'id' })",
    "join: both sides have 'price'; give suffix: '_right', or rename it",
  ],
  ['join keys of two kinds', "bids.join(people, { left: 'auction', right: 'name', suffix: '_p' })", "join: 'auction' is int64 but 'name' is utf8"],
  ['a join by a name of two types', "bids.join(people.rename({ name: 'auction' }), { on: 'auction', suffix: '_p' })", "join: 'auction' is int64 but 'auction' is utf8"],
  ['names on both sides of a cross join', 'bids.crossJoin(people, {})', "give suffix: '_right', or rename it"],
  ['a kind of join that is not there', "bids.join(people, { left: 'auction', right: 'id', how: 'outer', suffix: '_p' })", '"outer"'],
  ['a key that only one side has', "bids.join(people, { on: 'auction', suffix: '_p' })", '"auction"'],
  ['a condition over sides of two kinds', "bids.join(people, { left: 'auction', right: 'id', suffix: '_p', where: (l, r) => l.price.gt(r.name) })", "'left.price' is int64 but 'right.name' is utf8: gt() does not apply"],
  ['an asOf of two kinds', "bids.asOf(people, { left: 'dateTime', right: 'name', suffix: '_p' })", "asOf: 'dateTime' is timestamp[ms] but 'name' is utf8"],
  ['a row of another type', "bids.map(() => ({ host: 1 }), { adds: { host: 'utf8' } })", "Type 'number' is not assignable to type 'string'"],
  ['text beside a count', "bids.groupBy('auction').agg({ n: count() }).filter(col('n').eq('x'))", "filter: 'n' is int64: eq(string) does not apply"],
  ['rows of a source that don’t fit its schema', "source({ ...dice, schema: { face: 'int32' }, start: 0, async *read() { yield { rows: [{ face: 'six' }], position: 1 } } })", "'string' is not assignable to type 'number'"],
  ['a position of another type than the start', "source({ ...dice, schema: { face: 'int32' }, start: 0, async *read(_, position) { position.trim(); yield { rows: [], position } } })", "Property 'trim' does not exist on type 'number'"],
  ['a key of process that is not there', "bids.keyBy('prise').process({ onRow() {} })", '"prise"'],
  ['a row emitted with another type', "bids.keyBy('auction').process({ emits: { n: 'utf8' }, onRow: (row, { emit }) => emit({ n: 5 }) })", "'number' is not assignable to type 'string'"],
  ['a side output that is not there', "bids.keyBy('auction').process({ sides: { odd: { n: 'utf8' } }, onRow: (row, { emit }) => emit.to('od', { n: '' }) })", '"od"'],
  ['a value of state of another type', "bids.keyBy('auction').process({ state: { n: state.value('int64') }, onRow: (row, { state }) => state.n.set(5) })", "'number' is not assignable to parameter of type 'bigint'"],
  ['a state that is not there', "bids.keyBy('auction').process({ state: { n: state.value('int64') }, onRow: (row, { state }) => state.m.get() })", "Property 'm' does not exist"],
  ['a key of several columns', "bids.keyBy('auction', 'channel').process({ onRow: (row, { key }) => key.bidder })", "Property 'bidder' does not exist"],
  ['a cast to a type that is not there', "bids.with({ x: col('price').cast('int46') })", '"int46"'],
]

function compile(files: readonly string[]): { status: number | null; output: string } {
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--noUncheckedIndexedAccess',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable,dom',
    '--module',
    'nodenext',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
    '--types',
    'node',
  ]
  const run = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, ...options, '--pretty', 'false', ...files], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status: run.status, output: run.stdout + run.stderr }
}

describe('the compiler', () => {
  it('accepts jobs that are right and knows the type of every step', () => {
    expect(compile([join(root, 'test/frame/programs/right.ts')])).toEqual({ status: 0, output: '' })
  })

  describe('names the column and the reason for', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'))
    let output = ''
    try {
      wrong.forEach(([, line], i) => writeFileSync(join(folder, `wrong${i}.mts`), `${imports}${line}\nexport {}\n`))
      output = compile(wrong.map((_, i) => join(folder, `wrong${i}.mts`))).output
    } finally {
      rmSync(folder, { recursive: true })
    }
    it.each(wrong.map(([title, , message], i) => [title, i, message] as const))('%s', (_, i, message) => {
      const lines = output.split('\n')
      const start = lines.findIndex(line => line.includes(`wrong${i}.mts(`))
      expect(start, `no error for: ${wrong[i]![1]}`).toBeGreaterThanOrEqual(0)
      let end = start + 1
      while (end < lines.length && (lines[end]!.startsWith(' ') || lines[end]!.includes(`wrong${i}.mts(`))) end++
      expect(lines.slice(start, end).join('\n')).toContain(message)
    })
  })

  it('follows a chain of 60 steps', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'))
    const file = join(folder, 'chain.mts')
    const steps = Array.from({ length: 60 }, (_, i) => `  .with({ c${i}: col('price').add(${i}) })`).join('\n')
    writeFileSync(file, `${imports}const last: 'int64' = bids\n${steps}\n  .schema!.c59\nexport { last }\n`)
    try {
      expect(compile([file])).toEqual({ status: 0, output: '' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
