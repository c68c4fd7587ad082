// Jobs that must compile, with the types that each step has. Compiled by types.test.ts and by npm run typecheck; never run.
import * as agg from '../../../src/frame/aggregates.ts'
import { count, max, mean, min, sum } from '../../../src/frame/aggregates.ts'
import { col, lit, when } from '../../../src/frame/expr.ts'
import type { Frame, SchemaOf } from '../../../src/frame/frame-type.ts'
import { asc, desc } from '../../../src/frame/orders.ts'
import { from } from '../../../src/index.ts'
import { read } from '../../../src/frame/read.ts'
import { lag, lead, nthValue, percentRank, rank, rowNumber } from '../../../src/frame/window-functions.ts'
import { countWindow, cumulate, globalWindow, hop, processingTime, session, tumble } from '../../../src/frame/windows.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Flat<T> = { [K in keyof T]: T[K] } & {}
const schemaIs =
  <S>() =>
  <F>(_: F, __: Equal<Flat<SchemaOf<F>>, Flat<S>>) => {}
const is =
  <T>() =>
  <V>(_: V, __: Equal<V, T>) => {}

type Bids = { auction: 'int64'; bidder: 'int64'; price: 'int64'; channel: 'utf8'; dateTime: 'timestamp[ms]' }
declare const bids: Frame<Bids>
declare const auctions: Frame
declare const people: Frame<{ id: 'int64'; name: 'utf8'; price: 'float64' }>
declare const sparse: Frame<{ id: 'int32'; name: 'utf8?'; score: 'float64?'; ok: 'bool?' }>
declare const sink: { readonly sink: string; readonly options: null }
declare const rate: number

const report = bids
  .filter(col('price').gt(100).and(col('channel').ne('Apple')))
  .join(auctions, { left: 'auction', right: 'id' })
  .with({ euro: col('price').mul(0.908), day: col('dateTime').truncate('day') })
  .groupBy('category', 'day')
  .agg({ bids: count(), revenue: sum('euro'), best: max('price').where(col('channel').eq('Google')) })
  .sort(desc('revenue'))
schemaIs<{ category: any; day: 'timestamp[ms]'; bids: 'int64#'; revenue: 'float64'; best: 'int64?' }>()(report, true)
for (const row of await report.collect()) {
  is<number>()(row.revenue, true)
  is<number>()(row.bids, true)
  is<bigint | null>()(row.best, true)
}

// Literals beside columns.
bids.filter(col('price').gt(100))
bids.filter(col('price').gt(100n))
bids.filter(col('dateTime').gt(new Date()))
bids.filter(col('dateTime').ge('2024-01-01'))
bids.filter(col('price').gt(col('auction').mul(2)))
bids.filter(col('channel').isIn(['Apple', 'Google']).or(col('price').between(1, 10)).not())
schemaIs<Bids & { a: 'int64'; b: 'float64'; c: 'int64'; d: 'int64' | 'float64'; e: 'float64'; f: 'bool'; g: 'int32'; h: 'utf8'; i: 'int64' }>()(
  bids.with({
    a: col('price').mul(2),
    b: col('price').mul(0.5),
    c: col('price').mul(2n),
    d: col('price').mul(rate),
    e: col('price').div(2),
    f: col('price').gt(1),
    g: col('channel').length(),
    h: col('channel').upper().substring(0, 3),
    i: lit(1),
  }),
  true,
)

// Numbers of every type.
declare const items: Frame<{ n: 'uint8'; m: 'int16?'; big: 'uint64'; f: 'float32'; cost: 'decimal(12, 2)'; rate: 'decimal(4, 3)?' }>
schemaIs<{
  a: 'int16?'
  b: 'uint8'
  c: 'int64'
  d: 'float64'
  e: 'float32'
  f: 'float32'
  g: 'int32?'
  h: `decimal(${string})?`
  i: `decimal(${string})`
  j: 'float64'
  k: 'float32'
  l: 'uint64'
  m: 'bool?'
  n: 'uint8'
  o: 'bool'
}>()(
  items.select({
    a: col('n').mul(col('m')),
    b: col('n').mul(2, { overflow: 'saturate' }),
    c: col('n').mul(2n),
    d: col('n').div(2),
    e: col('f').mul(0.5),
    f: col('f').mul(col('n')),
    g: col('m').coalesce(col('m')).cast('int32'),
    h: col('cost').mul(col('rate')),
    i: col('cost').mul(0.05).round(2, { rounding: 'half-even' }),
    j: col('cost').sqrt({ domainError: 'null' }),
    k: col('f').sin(),
    l: col('big').bitAnd(7),
    m: col('cost').gt(col('rate')),
    n: col('n').shiftLeft(1).neg(),
    o: col('cost').eqNullSafe('1.50'),
  }),
  true,
)
items.filter("cost * n > 10 and f is not null").filter(col('cost').between('1.00', 2.5))

// Nulls.
schemaIs<{ up: 'utf8?'; filled: 'utf8'; more: 'float64?'; size: 'utf8'; tried: 'int64?'; both: 'bool?'; known: 'bool'; int: 'int32'; maybe: 'utf8?' }>()(
  sparse.select({
    up: col('name').lower(),
    filled: col('name').fillNull('?'),
    more: col('score').add(col('id')),
    size: when(col('score').gt(10)).then('big').when(col('score').gt(1)).then('middle').otherwise('small'),
    tried: col('name').tryCast('int64'),
    both: col('ok').and(col('score').gt(1)),
    known: col('score').isNotNull(),
    int: col('id').add(1),
    maybe: when(col('id').gt(1)).then('a'),
  }),
  true,
)

// The callback form knows every type at once.
schemaIs<Bids>()(
  bids.filter(c => c.price.gt(100).and(c.channel.ne('Apple'))),
  true,
)
schemaIs<Bids & { euro: 'float64' }>()(
  bids.with(c => ({ euro: c.price.mul(0.908) })),
  true,
)
auctions.filter(c => c.anything.gt(1))

// Joins, windows, names.
schemaIs<Bids & { name: 'utf8'; price_person: 'float64' }>()(bids.join(people, { left: 'bidder', right: 'id', suffix: '_person' }), true)
schemaIs<Bids & { name: 'utf8'; pay: 'float64' }>()(bids.join(people.rename({ price: 'pay' }), { left: 'bidder', right: 'id' }), true)
schemaIs<Bids & { name: 'utf8?'; score: 'float64?'; ok: 'bool?' }>()(bids.join(sparse, { left: 'bidder', right: 'id', how: 'left' }), true)
schemaIs<{ id: 'int64'; name: 'utf8?'; price: 'float64?'; name_s: 'utf8?'; score: 'float64?'; ok: 'bool?' }>()(people.join(sparse, { on: 'id', how: 'full', suffix: '_s' }), true)
schemaIs<{ id: 'int64'; name: 'utf8?'; price: 'float64?'; name_s: 'utf8?'; score: 'float64?'; ok: 'bool?' }>()(people.join(sparse, { on: ['id'], how: 'right', suffix: '_s' }), true)
schemaIs<Bids>()(bids.join(people, { left: 'bidder', right: 'id', how: 'semi' }), true)
schemaIs<Bids>()(bids.lookup(people, { left: 'bidder', right: 'id', how: 'anti' }), true)
schemaIs<Bids & { rate: 'float64' }>()(bids.lookup(async keys => keys.map(() => ({ rate: 1.5 })), { left: 'channel', schema: { rate: 'float64' } }), true)
schemaIs<Bids & { rate: 'float64?' }>()(bids.lookup(keys => keys.map(() => null), { left: ['channel', 'bidder'], schema: { rate: 'float64' }, how: 'left' }), true)
schemaIs<Bids & { price_p: 'float64' }>()(bids.join(people, { left: ['bidder', 'channel'], right: ['id', 'name'], suffix: '_p' }), true)
schemaIs<Bids>()(bids.join(bids, { on: ['bidder', 'channel'], how: 'semi' }), true)
schemaIs<{ id: 'float64'; name: 'utf8'; price: 'int64' }>()(people.rename({ id: 'price', price: 'id' }), true)
schemaIs<{ id: 'int64'; name: 'utf8'; price: 'float64'; id_half: 'float64'; price_half: 'float64' }>()(people.mapColumns(col.numeric(), c => c.div(2), { suffix: '_half' }), true)
schemaIs<Bids>()(bids.join(people, { left: ['bidder'], right: ['id'], how: 'anti', where: (bid, person) => bid.price.gt(person.price) }), true)
schemaIs<Bids & { id: 'int64'; name: 'utf8'; price_p: 'float64' }>()(bids.join(people, { suffix: '_p', where: (l, r) => l.price.ge(r.price).and(r.name.ne('x')) }), true)
schemaIs<{ id: 'int64'; name: 'utf8'; price: 'float64'; id_2: 'int32'; name_2: 'utf8?'; score: 'float64?'; ok: 'bool?' }>()(people.crossJoin(sparse, { suffix: '_2' }), true)
schemaIs<{ auction: 'int64'; id: 'int64'; name: 'utf8'; price: 'float64' }>()(bids.select('auction').crossJoin(people), true)
declare const quotes: Frame<{ symbol: 'utf8'; at: 'timestamp[ms]'; quote: 'float64' }>
schemaIs<Bids & { symbol: 'utf8?'; quote: 'float64?' }>()(bids.asOf(quotes, { left: 'dateTime', right: 'at', direction: 'nearest', tolerance: '2s' }), true)
schemaIs<Bids & { quote: 'float64?' }>()(bids.asOf(quotes, { left: 'dateTime', right: 'at', by: { left: 'channel', right: 'symbol' } }), true)
schemaIs<{ channel: 'utf8'; dateTime: 'timestamp[ms]'; quote: 'float64?' }>()(bids.select('channel', 'dateTime').asOf(quotes.rename({ symbol: 'channel' }), { left: 'dateTime', right: 'at', by: 'channel' }), true)
const windowed = bids
  .watermark('dateTime', { bound: '4s', idle: '30s' })
  .groupBy('auction', tumble('dateTime', '10s', { lateness: '1m' }))
  .agg({ bids: count(), top: max('price'), low: min('channel'), middle: mean(col('price').mul(2)) })
  .late(sink)
  .named('bids-per-auction')
schemaIs<{ auction: 'int64'; window_start: 'timestamp[ms]'; window_end: 'timestamp[ms]'; bids: 'int64#'; top: 'int64'; low: 'utf8'; middle: 'float64' }>()(
  windowed,
  true,
)
bids.groupBy(hop('dateTime', '10s', { slide: '2s' })).agg({ n: count() })
bids.groupBy('bidder', cumulate('dateTime', '1d', { step: '1h' })).agg({ n: count() })
bids.groupBy('bidder', session('dateTime', { gap: '10s' })).agg({ n: count('price') })
bids.groupBy('bidder', processingTime.tumble('10s')).agg({ n: count() })
schemaIs<{ bidder: 'int64'; window_number: 'int64#'; n: 'int64#' }>()(bids.groupBy('bidder', countWindow(100, { slide: 10 })).agg({ n: count() }), true)
schemaIs<{ window_number: 'int64#'; n: 'int64#' }>()(bids.groupBy(globalWindow({ time: 'dateTime', every: '1m' })).agg({ n: count() }), true)
schemaIs<{ bidder: 'int64'; window_start: 'timestamp[ms]'; window_end: 'timestamp[ms]'; n: 'int64#' }>()(bids.groupBy('bidder', tumble('dateTime', '1m', { early: '1s', every: 100, evict: { rows: 5, after: true } })).agg({ n: count() }, { changes: true }), true)
schemaIs<{ price: 'int64'; auction: 'int64' }>()(bids.select('price', 'auction'), true)
schemaIs<{ price: 'int64'; channel: 'utf8'; dateTime: 'timestamp[ms]' }>()(bids.drop('auction', 'bidder').sort('price', asc('channel')).limit(3), true)
schemaIs<{ id: 'int64'; category: 'utf8' }>()(
  auctions
    .filter(col('anything').gt(1))
    .with({ x: col('y').mul(0.5) })
    .as({ id: 'int64', category: 'utf8' }),
  true,
)

// Orders, places and shapes.
schemaIs<Bids>()(bids.sort('price', desc(col('channel').length(), { nulls: 'first' }), col('price').neg()), true)
schemaIs<Bids>()(bids.topK(3, desc('price'), { by: 'channel' }).tail().offset(2).reverse().sample({ rows: 3, seed: 1 }), true)
schemaIs<Bids & { n: 'int64#' }>()(bids.rowIndex('n', { start: 1 }), true)
schemaIs<{ id: 'int32'; name: 'utf8'; score: 'float64?'; ok: 'bool?' }>()(sparse.fillNull('?'), true)
schemaIs<{ id: 'int32'; name: 'utf8?'; score: 'float64'; ok: 'bool?' }>()(sparse.fillNull(0), true)
schemaIs<{ id: 'int32'; name: 'utf8?'; score: 'float64'; ok: 'bool' }>()(sparse.fillNull({ score: 1, ok: false }).fillNull('forward', 'name'), true)
schemaIs<{ id: 'int32'; name: 'utf8'; score: 'float64?'; ok: 'bool?' }>()(sparse.dropNull('name'), true)
schemaIs<{ id: 'int32'; name: 'utf8'; score: 'float64'; ok: 'bool' }>()(sparse.dropNull(), true)
schemaIs<{ id: 'int64'; name: 'utf8?' }>()(sparse.select('id', 'name').union(people.select('id', 'name'), sparse.select('name', 'id')).distinct('id'), true)
schemaIs<{ channel: 'utf8'; '1': 'int64?'; '2': 'int64?' }>()(bids.pivot({ index: 'channel', columns: 'auction', aggregate: sum('price'), names: [1, 2] }), true)
schemaIs<{ channel: 'utf8'; a: 'int64#' }>()(bids.pivot({ index: 'channel', columns: 'channel', aggregate: count(), names: ['a'] }), true)
schemaIs<{ id: 'int32'; variable: 'utf8'; much: 'float64?' }>()(sparse.unpivot({ on: ['score', 'id'], index: ['id'], value: 'much' }), true)
schemaIs<{ channel: 'utf8'; dateTime: 'timestamp[ms]'; variable: 'utf8'; value: 'int64' }>()(bids.unpivot({ on: ['price', 'auction', 'bidder'] }), true)
declare const lists: Frame<{ id: 'int32'; tags: 'list<utf8?>?'; pair: 'list<float32, 2>' }>
schemaIs<{ id: 'int32'; tags: 'utf8?'; pair: 'list<float32, 2>'; at: 'int64#' }>()(lists.explode('tags', { index: 'at' }), true)
schemaIs<{ id: 'int32'; tags: 'list<utf8?>?'; pair: 'float32?'; at: 'int64#?' }>()(lists.explode('pair', { empty: 'keep', index: 'at' }), true)
schemaIs<{ channel: 'utf8?'; auction: 'int64?'; grouping_id: 'int32'; n: 'int64#' }>()(bids.rollup('channel', 'auction').agg({ n: count() }), true)
schemaIs<{ channel: 'utf8?'; set: 'int32'; most: 'int64' }>()(bids.cube('channel').agg({ most: max('price') }, { id: 'set' }), true)

// Window functions.
const around = { by: 'auction', orderBy: desc('price') } as const
schemaIs<Bids & { r: 'int64#'; d: 'float64'; before: 'int64?'; behind: 'int64'; all: 'int64'; near: 'int64?'; n: 'int64#'; third: 'utf8?'; mid: 'float64' }>()(
  bids.with({
    r: rank().over(around),
    d: percentRank().over({ orderBy: [asc('price'), col('bidder').neg()] }),
    before: lag('price').over(around),
    behind: lead('price', 1, 0).over(around),
    all: sum('price').over(around),
    near: sum('price').over({ ...around, frame: { rows: [-1, 1] } }),
    n: count().over({ by: col('price').mod(2), frame: { rows: ['unbounded', 0] } }),
    third: nthValue('channel', 3).over(around),
    mid: mean(col('price').mul(2)).over(),
  }),
  true,
)
schemaIs<{ price: 'int64'; place: 'int64#'; high: 'float64?' }>()(
  sparse.select({ price: col('id').cast('int64'), place: rowNumber().over({ by: ['name', 'ok'] }), high: max('score').over({ by: 'name' }) }),
  true,
)

// A count is a number in rows, compares with int64, and what is computed of it is an int64.
const counted = bids.groupBy('auction').agg({ n: count(), k: count('channel').where(col('price').gt(1)) })
schemaIs<{ auction: 'int64'; n: 'int64#'; k: 'int64#' }>()(counted.filter(col('n').ge(col('auction')).and(col('k').gt(10))), true)
schemaIs<{ a: 'int64#'; b: 'int64'; c: 'int64'; d: 'float64'; e: 'int64'; f: 'int64'; g: 'int64?' }>()(
  counted.select({
    a: col('n'),
    b: col('n').add(1),
    c: col('n').add(col('k')),
    d: col('n').div(2),
    e: col('n').neg(),
    f: when(col('n').gt(1)).then(col('n')).otherwise(0),
    g: when(col('n').gt(1)).then(col('n')),
  }),
  true,
)
schemaIs<{ most: 'int64#'; all: 'int64'; some: 'int64?' }>()(
  counted.groupBy().agg({ most: max('n'), all: sum('n'), some: min('n').where(col('k').gt(0)) }),
  true,
)
schemaIs<{ b: 'int64' }>()(
  counted.select(c => ({ b: c.n.abs().add(c.auction) })),
  true,
)
counted.join(people, { left: 'n', right: 'id' })

// User functions.
schemaIs<Bids & { host: 'utf8' }>()(
  bids.map(row => ({ host: row.channel.slice(1) }), { adds: { host: 'utf8' } }),
  true,
)
schemaIs<{ word: 'utf8' }>()(
  bids.flatMap(row => row.channel.split(' ').map(word => ({ word })), { schema: { word: 'utf8' } }),
  true,
)
bids.filterRows(row => row.price > 10n)
bids.mapBatches(batch => batch.withColumn('z', new Float64Array(batch.numRows)), { adds: { z: 'float64' } }).filter(col('z').gt(1))
for await (const batch of bids.batches()) is<bigint>()(batch.column('price').get(0), true)
await bids.forEach(row => is<string>()(row.channel, true))

// Records of Kafka and of topics: the value's columns, and those that are asked for.
const records = { brokers: ['b'], topic: 't', value: { format: 'json', schema: { n: 'int32' } } } as const
schemaIs<{ n: 'int32' }>()(read.kafka(records), true)
schemaIs<{ n: 'int32'; key: 'binary?'; offset: 'int64'; headers: 'utf8' }>()(read.kafka({ ...records, key: 'binary', metadata: ['offset', 'headers'] }), true)
schemaIs<{ n: 'int32'; 'key.id': 'int64'; timestamp: 'timestamp[ms]' }>()(
  read.kafka({ ...records, key: { format: 'json', schema: { id: 'int64' } }, metadata: ['timestamp'] }),
  true,
)
schemaIs<{ n: 'int32'; key: 'utf8?'; partition: 'int32' }>()(read.kafka({ ...records, metadata: ['key', 'partition'] }), true)
schemaIs<{ n: 'int32'; offset: 'int64' }>()(read.topic({ name: 't' }, { format: 'json', schema: { n: 'int32' }, metadata: ['offset'] }), true)

export { report, windowed }

// Typed arrays by column.
for (const row of await from({ a: new Int8Array(1), b: new BigUint64Array(1), c: new Float32Array(1) }).filter(col('b').gt(1)).collect()) {
  is<number>()(row.a, true)
  is<bigint>()(row.b, true)
  is<number>()(row.c, true)
}

// Every type as rows have it.
declare const wide: Frame<{
  i: 'int8?'
  u: 'uint64'
  h: 'float16'
  p: 'decimal(12, 2)'
  d: 'date'
  z: 'timestamp[us, Europe/Berlin]?'
  x: 'interval'
  id: 'binary(16)'
  list: 'list<list<int64?>?>'
  pair: 'list<float32, 2>'
  s: 'struct<a: decimal(12, 2), "b c": list<struct<x: int8, y: utf8?>>?>?'
  m: 'map<utf8, list<int64>?>'
}>
for (const row of await wide.collect()) {
  is<number | null>()(row.i, true)
  is<bigint>()(row.u, true)
  is<number>()(row.h, true)
  is<string>()(row.p, true)
  is<number>()(row.d, true)
  is<bigint | null>()(row.z, true)
  is<{ months: number; days: number; nanoseconds: bigint }>()({ ...row.x }, true)
  is<Uint8Array>()(row.id, true)
  is<((bigint | null)[] | null)[]>()(row.list, true)
  is<number[]>()(row.pair, true)
  is<{ a: string; 'b c': { x: number; y: string | null }[] | null } | null>()(row.s, true)
  is<Map<string, bigint[] | null>>()(row.m, true)
}
for await (const batch of bids.batches()) {
  const more = batch.withColumn('n', new Uint16Array(1)).withColumn('w', new BigUint64Array(1)).withColumn('any', ['x'])
  is<number>()(more.column('n').get(0), true)
  is<bigint>()(more.column('w').get(0), true)
}

schemaIs<{
  channel: 'utf8'
  middle: 'float64'
  when: 'timestamp[ms]'
  spread: 'float64?'
  related: 'float64?'
  different: 'int64#'
  prices: 'list<int64>'
  best: 'utf8'
  latest: 'int64?'
  top: 'list<utf8?>'
}>()(
  bids.groupBy('channel').agg({
    middle: agg.median('price'),
    when: agg.quantile('dateTime', 0.5),
    spread: agg.stddev('price'),
    related: agg.corr('price', col('auction').mul(2)),
    different: agg.countDistinct('bidder'),
    prices: agg.list('price'),
    best: agg.argMax('channel', 'price'),
    latest: agg.last('price').where(col('price').gt(1)),
    top: agg.topK('channel', 3, { by: 'price' }),
  }),
  true,
)
schemaIs<{ n: 'int64#'; total: 'int64?'; scores: 'list<float64>?'; all: 'bool?' }>()(
  sparse.agg({ n: count(), total: sum('id'), scores: agg.list('score'), all: agg.every('ok') }),
  true,
)

declare const sheet: Frame<{ id: 'int64'; a: 'float64?'; b: 'decimal(12,2)'; name: 'utf8?'; at: 'timestamp[ms, Europe/Berlin]'; day: 'date?'; l: 'list<int64>'; n: 'int64#' }>
schemaIs<{ name: 'utf8?'; a: 'float64?' }>()(sheet.select('name', col.ofType('float64')), true)
schemaIs<{ id: 'int64'; a: 'float64?'; b: 'decimal(12,2)'; n: 'int64#' }>()(sheet.select(col.numeric()), true)
schemaIs<{ id: 'int64'; n: 'int64#'; b: 'decimal(12,2)' }>()(sheet.select(col.ofType('int64', 'decimal(12, 2)')), true)
schemaIs<{ at: 'timestamp[ms, Europe/Berlin]'; day: 'date?'; name: 'utf8?' }>()(sheet.select(col.temporal().or(col.text())), true)
schemaIs<{ id: 'int64'; n: 'int64#' }>()(sheet.select(col.numeric().except('a', col.ofType('decimal'))), true)
schemaIs<{ day: 'date?' }>()(sheet.select(col.temporal().and(col.except('at'))), true)
schemaIs<{ name: 'utf8?'; l: 'list<int64>' }>()(sheet.drop(col.numeric(), col.temporal()), true)
schemaIs<{ id: 'int64'; a: 'float64?' }>()(sheet.select('id', 'a'), true)
schemaIs<{ day: 'date'; a: 'float64' }>()(sheet.select('day', 'a').dropNull(col.all()), true)
schemaIs<{ id: 'int64'; a: 'float64?'; name: 'utf8' }>()(sheet.select('id', 'a', 'name').dropNull(col.text()), true)
schemaIs<{ id: 'int64'; name: 'utf8?' }>()(sheet.select('id', 'name').distinct(col.text(), 'id').fillNull('forward', col.text()), true)
schemaIs<{ id: 'float64'; a: 'float64?'; name: 'utf8?' }>()(sheet.select('id', 'a', 'name').mapColumns(col.numeric(), c => c.div(2)), true)
schemaIs<{ id: 'int64'; name: 'utf8?'; id_is: 'bool'; name_is: 'bool' }>()(sheet.select('id', 'name').mapColumns(['id', col.text()], c => c.isNull(), { suffix: '_is' }), true)
schemaIs<{ id: 'utf8' }>()(sheet.select('id').mapColumns('id', (_, name) => name.concat('!')), true)
schemaIs<{ name: 'utf8?'; at: 'timestamp[ms, Europe/Berlin]'; day: 'date?'; n: 'int64#' }>()(sheet.groupBy('name', col.temporal()).agg({ n: count() }), true)
schemaIs<{ name: 'utf8?'; window_start: 'timestamp[ms]'; window_end: 'timestamp[ms]'; n: 'int64#' }>()(sheet.groupBy(col.text(), tumble('at', '1h')).agg({ n: count() }), true)
schemaIs<{ id: 'int64'; a: 'float64?' }>()(sheet.select('id', 'a').sort(col.numeric(), desc(col.all(), { nulls: 'first' })).topK(3, desc(col.numeric()), { by: [col.ofType('int64')] }), true)
schemaIs<{ name: 'utf8?'; variable: 'utf8'; value: 'float64?' }>()(sheet.select('id', 'name', 'a').unpivot({ on: col.numeric() }), true)
schemaIs<{ id: 'int64'; k: 'utf8'; v: 'float64?' }>()(sheet.select('id', 'name', 'a').unpivot({ on: ['id', col.ofType('float64')], index: ['id'], variable: 'k', value: 'v' }), true)
// What a pattern chooses is known at run time only.
for (const row of await sheet.drop(col.matching(/^a/)).mapColumns(col.matching(/x/), c => c.mul(2)).collect()) row.anything
// Without a word about columns they are those that the function returns.
const scored = bids.mapBatches(batch => batch.withColumn('z', batch.column('price').toFloat64Array()).withColumn('when', batch.column('dateTime').toArray(), 'date?'))
for (const row of await scored.filter(col('z').gt(1)).collect()) is<{ auction: bigint; bidder: bigint; price: bigint; channel: string; dateTime: number; z: number; when: number | null }>()(row, true)
schemaIs<{ rate: 'float64' }>()(
  bids.mapAsync(async row => ({ rate: row.channel.length / 2 }), { capacity: 100, ordered: false, timeout: '2s', retries: 3, schema: { rate: 'float64' } }),
  true,
)
schemaIs<{ auction: 'int64'; bidder: 'int64'; price: 'int64'; channel: 'utf8'; dateTime: 'timestamp[ms]'; ok: 'bool' }>()(
  bids.mapAsync(async ({ channel }, { signal, attempt }) => ({ ok: (await fetch(channel, { signal })).ok || attempt > 1 }), { adds: { ok: 'bool' } }),
  true,
)
