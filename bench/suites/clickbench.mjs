// Shapes of ClickBench's questions over a generated table like its `hits`: one row a page view, skewed keys, long URLs, search phrases that are mostly
// empty. Ties of counts may fall either way at the end of a top ten, so counts are compared and not keys.
import { count, countDistinct, desc, expr, max, mean, min, sum } from '../../dist/index.js'
import { hashOf, writeTable } from '../data.mjs'

export const name = 'clickbench'
export const title = 'ClickBench shapes, rows in memory'
export const rowsDefault = 5e6

export function tables(rows) {
  return { hits: `clickbench-${rows}.parquet` }
}

const firstMs = Date.UTC(2013, 6, 1)
// A number below `size`, small ones more often: the cube of a uniform one.
const skewed = (row, salt, size) => Math.floor(size * (hashOf(row, salt) / 2 ** 32) ** 3)
const words = ['cars', 'weather', 'moscow', 'cheap', 'flights', 'film', 'online', 'recipe', 'photo', 'google', 'maps', 'news', 'house', 'sale', 'music', 'free']
const hosts = ['http://auto.example.ru', 'http://news.example.com', 'https://www.google.example', 'http://images.example.net', 'http://market.example.ru', 'http://irr.example.ru']
const models = ['iPhone 2', 'iPad', 'Lumia 800', 'Galaxy S', 'Xperia', 'HTC Desire', 'N9']

const phrase = number => `${words[number % 16]} ${words[(number >> 4) % 16]} ${number.toString(36)}`
const url = (row, salt) => `${hosts[skewed(row, salt, hosts.length)]}/${words[hashOf(row, salt + 1) % 16]}/${skewed(row, salt + 2, 50_000)}/?page=${hashOf(row, salt + 3) % 30}&from=${words[hashOf(row, salt + 4) % 16]}`

export async function generate(rows, path) {
  const users = Math.ceil(rows / 6)
  const at = row => firstMs + (hashOf(row, 50) % 2_678_400) * 1_000
  const schema = {
    EventTime: 'timestamp[ms]', EventDate: 'date', CounterID: 'int32', ClientIP: 'int32', RegionID: 'int32', UserID: 'int64', URL: 'utf8', Referer: 'utf8',
    Title: 'utf8', SearchPhrase: 'utf8', MobilePhoneModel: 'utf8', SearchEngineID: 'int32', AdvEngineID: 'int32', ResolutionWidth: 'int32', IsRefresh: 'int32',
  }
  await writeTable(path('hits'), schema, rows, {
    EventTime: at,
    EventDate: row => at(row) - (at(row) % 86_400_000),
    CounterID: row => 1 + skewed(row, 51, 6_000),
    ClientIP: row => (skewed(row, 52, users) * 2_654_435 + 16_777_216) | 0,
    RegionID: row => 1 + skewed(row, 53, 5_000),
    UserID: row => BigInt(skewed(row, 52, users)) * 7_046_029_254_386_353n + 435_090_932_899_640_449n,
    URL: row => url(row, 54),
    Referer: row => (hashOf(row, 59) % 5 === 0 ? '' : url(row, 60)),
    Title: row => `${words[hashOf(row, 65) % 16]} and ${words[hashOf(row, 66) % 16]}, page ${hashOf(row, 67) % 30}`,
    SearchPhrase: row => (hashOf(row, 68) % 8 > 0 ? '' : phrase(skewed(row, 69, 200_000))),
    MobilePhoneModel: row => (hashOf(row, 70) % 20 > 0 ? '' : models[hashOf(row, 71) % models.length]),
    SearchEngineID: row => (hashOf(row, 68) % 8 > 0 ? 0 : 1 + skewed(row, 72, 80)),
    AdvEngineID: row => (hashOf(row, 73) % 150 > 0 ? 0 : 1 + skewed(row, 74, 30)),
    ResolutionWidth: row => [0, 1024, 1280, 1366, 1440, 1600, 1920, 2560][hashOf(row, 75) % 8],
    IsRefresh: row => Number(hashOf(row, 76) % 7 === 0),
  })
}

const top = (millrace, sql, polars, { check = ['c'] } = {}) => ({ check, millrace, sql, polars })
const offsets = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const offsetsOf = each => offsets.map(each).join(', ')
const ten = frame => frame.topK(10, desc('c'))

/** Questions are named by their numbers in ClickBench. */
export const cases = {
  'q1 filter, count': top(({ hits, col }) => hits.filter(col('AdvEngineID').ne(0)).agg({ c: count() }), 'select count(*) as c from hits where AdvEngineID <> 0', "hits.filter(c('AdvEngineID') != 0).select(pl.len().alias('c'))"),
  'q2 sum, count, mean': top(
    ({ hits }) => hits.agg({ s: sum('AdvEngineID'), c: count(), m: mean('ResolutionWidth') }),
    'select sum(AdvEngineID) as s, count(*) as c, avg(ResolutionWidth) as m from hits',
    "hits.select(c('AdvEngineID').sum().alias('s'), pl.len().alias('c'), c('ResolutionWidth').mean().alias('m'))",
    { check: ['s', 'c', 'm'] },
  ),
  'q4 distinct users': top(({ hits }) => hits.agg({ c: countDistinct('UserID') }), 'select count(distinct UserID) as c from hits', "hits.select(c('UserID').n_unique().alias('c'))"),
  'q5 distinct phrases': top(({ hits }) => hits.agg({ c: countDistinct('SearchPhrase') }), 'select count(distinct SearchPhrase) as c from hits', "hits.select(c('SearchPhrase').n_unique().alias('c'))"),
  'q6 min, max of dates': top(
    ({ hits, col }) => hits.agg({ a: min('EventDate'), z: max('EventDate') }).select({ c: col('z').epoch().sub(col('a').epoch()) }),
    'select epoch(max(EventDate)) - epoch(min(EventDate)) as c from hits',
    "hits.select(((c('EventDate').max() - c('EventDate').min()).dt.total_seconds()).alias('c'))",
  ),
  'q8 region, distinct users': top(
    ({ hits }) => ten(hits.groupBy('RegionID').agg({ c: countDistinct('UserID') })),
    'select RegionID, count(distinct UserID) as c from hits group by RegionID order by c desc limit 10',
    "hits.group_by('RegionID').agg(c('UserID').n_unique().alias('c')).top_k(10, by='c')",
  ),
  'q9 region, four aggregates': top(
    ({ hits }) => ten(hits.groupBy('RegionID').agg({ s: sum('AdvEngineID'), c: count(), m: mean('ResolutionWidth'), u: countDistinct('UserID') })),
    'select RegionID, sum(AdvEngineID) as s, count(*) as c, avg(ResolutionWidth) as m, count(distinct UserID) as u from hits group by RegionID order by c desc limit 10',
    "hits.group_by('RegionID').agg(c('AdvEngineID').sum().alias('s'), pl.len().alias('c'), c('ResolutionWidth').mean().alias('m'), c('UserID').n_unique().alias('u')).top_k(10, by='c')",
    { check: ['s', 'c', 'm', 'u'] },
  ),
  'q10 models, distinct users': top(
    ({ hits, col }) => ten(hits.filter(col('MobilePhoneModel').ne('')).groupBy('MobilePhoneModel').agg({ c: countDistinct('UserID') })),
    "select MobilePhoneModel, count(distinct UserID) as c from hits where MobilePhoneModel <> '' group by MobilePhoneModel order by c desc limit 10",
    "hits.filter(c('MobilePhoneModel') != '').group_by('MobilePhoneModel').agg(c('UserID').n_unique().alias('c')).top_k(10, by='c')",
  ),
  'q12 phrases': top(
    ({ hits, col }) => ten(hits.filter(col('SearchPhrase').ne('')).groupBy('SearchPhrase').agg({ c: count() })),
    "select SearchPhrase, count(*) as c from hits where SearchPhrase <> '' group by SearchPhrase order by c desc limit 10",
    "hits.filter(c('SearchPhrase') != '').group_by('SearchPhrase').agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q14 engine, phrase': top(
    ({ hits, col }) => ten(hits.filter(col('SearchPhrase').ne('')).groupBy('SearchEngineID', 'SearchPhrase').agg({ c: count() })),
    "select SearchEngineID, SearchPhrase, count(*) as c from hits where SearchPhrase <> '' group by SearchEngineID, SearchPhrase order by c desc limit 10",
    "hits.filter(c('SearchPhrase') != '').group_by('SearchEngineID', 'SearchPhrase').agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q15 users': top(({ hits }) => ten(hits.groupBy('UserID').agg({ c: count() })), 'select UserID, count(*) as c from hits group by UserID order by c desc limit 10', "hits.group_by('UserID').agg(pl.len().alias('c')).top_k(10, by='c')"),
  'q16 user, phrase': top(
    ({ hits }) => ten(hits.groupBy('UserID', 'SearchPhrase').agg({ c: count() })),
    'select UserID, SearchPhrase, count(*) as c from hits group by UserID, SearchPhrase order by c desc limit 10',
    "hits.group_by('UserID', 'SearchPhrase').agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q18 user, minute, phrase': top(
    ({ hits, col }) => ten(hits.with({ minute: col('EventTime').minute() }).groupBy('UserID', 'minute', 'SearchPhrase').agg({ c: count() })),
    'select UserID, minute(EventTime) as m, SearchPhrase, count(*) as c from hits group by UserID, m, SearchPhrase order by c desc limit 10',
    "hits.with_columns(c('EventTime').dt.minute().alias('m')).group_by('UserID', 'm', 'SearchPhrase').agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q20 URL like, count': top(({ hits, col }) => hits.filter(col('URL').like('%google%')).agg({ c: count() }), "select count(*) as c from hits where URL like '%google%'", "hits.filter(c('URL').str.contains('google', literal=True)).select(pl.len().alias('c'))"),
  'q21 phrases of URLs': top(
    ({ hits, col }) => ten(hits.filter(col('URL').like('%google%').and(col('SearchPhrase').ne(''))).groupBy('SearchPhrase').agg({ u: min('URL'), c: count() })),
    "select SearchPhrase, min(URL) as u, count(*) as c from hits where URL like '%google%' and SearchPhrase <> '' group by SearchPhrase order by c desc limit 10",
    "hits.filter(c('URL').str.contains('google', literal=True) & (c('SearchPhrase') != '')).group_by('SearchPhrase').agg(c('URL').min().alias('u'), pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q27 length of URLs': top(
    ({ hits, col }) => hits.with({ l: col('URL').byteLength() }).groupBy('CounterID').agg({ l: mean('l'), c: count() }).filter(col('c').gt(1_000)).topK(25, desc('l')),
    'select CounterID, avg(strlen(URL)) as l, count(*) as c from hits group by CounterID having count(*) > 1000 order by l desc limit 25',
    "hits.group_by('CounterID').agg(c('URL').str.len_bytes().mean().alias('l'), pl.len().alias('c')).filter(c('c') > 1000).top_k(25, by='l')",
    { check: ['l', 'c'] },
  ),
  'q29 nine sums': top(
    ({ hits, col }) => hits.select(Object.fromEntries(offsets.map(n => [`s${n}`, col('ResolutionWidth').add(n)]))).agg(Object.fromEntries(offsets.map(n => [`s${n}`, sum(`s${n}`)]))),
    `select ${offsetsOf(n => `sum(ResolutionWidth + ${n}) as s${n}`)} from hits`,
    `hits.select(${offsetsOf(n => `(c('ResolutionWidth') + ${n}).sum().alias('s${n}')`)})`,
    { check: ['s1', 's9'] },
  ),
  'q33 URLs': top(({ hits }) => ten(hits.groupBy('URL').agg({ c: count() })), 'select URL, count(*) as c from hits group by URL order by c desc limit 10', "hits.group_by('URL').agg(pl.len().alias('c')).top_k(10, by='c')"),
  'q35 four keys of one': top(
    ({ hits }) => ten(hits.select({ a: expr('ClientIP'), b: expr('ClientIP - 1'), d: expr('ClientIP - 2'), e: expr('ClientIP - 3') }).groupBy('a', 'b', 'd', 'e').agg({ c: count() })),
    'select ClientIP, ClientIP - 1, ClientIP - 2, ClientIP - 3, count(*) as c from hits group by all order by c desc limit 10',
    "hits.group_by('ClientIP', (c('ClientIP') - 1).alias('b'), (c('ClientIP') - 2).alias('d'), (c('ClientIP') - 3).alias('e')).agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q36 URLs of a counter': top(
    ({ hits, col }) => ten(hits.filter(col('CounterID').eq(2).and(col('EventDate').between('2013-07-01', '2013-07-20')).and(col('IsRefresh').eq(0)).and(col('URL').ne(''))).groupBy('URL').agg({ c: count() })),
    "select URL, count(*) as c from hits where CounterID = 2 and EventDate between '2013-07-01' and '2013-07-20' and IsRefresh = 0 and URL <> '' group by URL order by c desc limit 10",
    "hits.filter((c('CounterID') == 2) & c('EventDate').is_between(pl.date(2013, 7, 1), pl.date(2013, 7, 20)) & (c('IsRefresh') == 0) & (c('URL') != '')).group_by('URL').agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
  'q42 minutes': top(
    ({ hits, col }) => ten(hits.filter(col('CounterID').le(3).and(col('IsRefresh').eq(0))).with({ minute: col('EventTime').truncate('minute') }).groupBy('minute').agg({ c: count() })),
    "select date_trunc('minute', EventTime) as m, count(*) as c from hits where CounterID <= 3 and IsRefresh = 0 group by m order by c desc limit 10",
    "hits.filter((c('CounterID') <= 3) & (c('IsRefresh') == 0)).group_by(c('EventTime').dt.truncate('1m')).agg(pl.len().alias('c')).top_k(10, by='c')",
  ),
}
