// A row per family of expressions over rows in memory. Each case computes one expression for every row and keeps one figure of it (a count, a sum, the
// bytes of all texts), so that what is timed is the expression and not the copying of its results; the figures must be equal.
import { count, sum, when } from '../../dist/index.js'
import { hashOf, writeTable } from '../data.mjs'

export const name = 'expressions'
export const title = 'expressions, rows in memory'
export const rowsDefault = 2e6

export function tables(rows) {
  return { x: `expressions-${rows}.parquet` }
}

const cities = Array.from({ length: 1_000 }, (_, i) => `${['North', 'South', 'New', 'Old', 'Port'][i % 5]} ${['Haven', 'Bridge', 'Field', 'Creek'][(i >> 2) % 4]} ${i}`)
const hosts = ['https://www.example.com', 'http://shop.example.org', 'https://news.example.net', 'https://m.example.com']
const sections = ['catalogue', 'search', 'cart', 'article', 'video', 'profile']
const firstMs = Date.UTC(2023, 0, 1)
const pad = (number, digits = 2) => String(number).padStart(digits, '0')
const atOf = row => firstMs + (hashOf(row, 7) % 63_072_000) * 1_000

function clockText(ms) {
  const at = new Date(ms)
  return `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())} ${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`
}

export async function generate(rows, path) {
  const schema = { i: 'int32', k: 'int32', j: 'int64', f: 'float64', g: 'float64', cents: 'int64', m: 'int32?', moment: 'timestamp[ms]', city: 'utf8', url: 'utf8', number: 'utf8', clock: 'utf8', json: 'utf8' }
  const columns = {
    i: row => (hashOf(row, 0) % 2_000_000) - 1_000_000,
    k: row => 1 + (hashOf(row, 1) % 100),
    j: row => BigInt(hashOf(row, 2)) * 1_000n,
    f: row => ((hashOf(row, 3) % 200_000_000) - 100_000_000) / 1e4,
    g: row => (1 + (hashOf(row, 4) % 1_000_000)) / 64,
    cents: row => BigInt(hashOf(row, 5) % 10_000_000),
    m: row => (hashOf(row, 6) % 10 === 0 ? null : hashOf(row, 6) % 1_000),
    moment: atOf,
    city: row => cities[hashOf(row, 8) % cities.length],
    url: row => `${hosts[hashOf(row, 9) % 4]}/${sections[hashOf(row, 10) % 6]}/${hashOf(row, 11) % 100_000}/item-${pad(hashOf(row, 12) % 1_000_000, 6)}.html?ref=${(hashOf(row, 13) % 46_656).toString(36)}`,
    number: row => String(((hashOf(row, 14) % 20_000_000) - 10_000_000) / 100),
    clock: row => clockText(atOf(row)),
    json: row => `{"user": {"id": ${hashOf(row, 15) % 1_000_000}, "name": "u${hashOf(row, 16) % 10_000}"}, "tags": ["a", "b${row % 7}"], "price": ${(hashOf(row, 17) % 100_000) / 100}}`,
  }
  const money = (frame, col) => frame.with({ d: col('cents').cast('decimal(12, 0)').mul('0.01').cast('decimal(12, 2)') })
  await writeTable(path('x'), schema, rows, columns, money)
}

// What is kept of an expression, on each side: the sum of its numbers, the bytes of its texts, the number of rows for which it is true.
const summed = (millrace, sql, polars, arquero) => ({
  check: ['r'],
  millrace: tables => tables.x.select({ r: millrace(tables.col) }).agg({ r: sum('r') }),
  sql: `select sum(${sql}) as r from x`,
  ...(polars && { polars: `x.select((${polars}).sum().alias('r'))` }),
  ...(arquero && { arquero }),
})
const measured = (millrace, sql, polars) => summed(col => millrace(col).byteLength(), `strlen(${sql})`, polars && `(${polars}).str.len_bytes().cast(pl.Int64)`)
const counted = (millrace, sql, polars, arquero) => ({
  check: ['r'],
  millrace: tables => tables.x.filter(millrace(tables.col)).agg({ r: count() }),
  sql: `select count(*) as r from x where ${sql}`,
  ...(polars && { polars: `x.filter(${polars}).select(pl.len().alias('r'))` }),
  ...(arquero && { arquero }),
})

const numbers = {
  'int: i * 3 + k': summed(col => col('i').cast('int64').mul(3).add(col('k')), 'i::bigint * 3 + k', "c('i').cast(pl.Int64) * 3 + c('k')", ({ x, op }) =>
    x.derive({ r: d => d.i * 3 + d.k }).rollup({ r: op.sum('r') })),
  'int: intDiv, mod': summed(col => col('i').intDiv(col('k')).add(col('i').mod(7)), 'i // k + i % 7'),
  'int64: j * 2 - k': summed(col => col('j').mul(2).sub(col('k')), 'j * 2 - k', "c('j') * 2 - c('k')"),
  'float: f * g + f / g': summed(col => col('f').mul(col('g')).add(col('f').div(col('g'))), 'f * g + f / g', "c('f') * c('g') + c('f') / c('g')", ({ x, op }) =>
    x.derive({ r: d => d.f * d.g + d.f / d.g }).rollup({ r: op.sum('r') })),
  'float: sqrt, ln, exp': summed(col => col('g').sqrt().add(col('g').ln()).add(col('g').div(1e5).exp()), 'sqrt(g) + ln(g) + exp(g / 1e5)', "c('g').sqrt() + c('g').log() + (c('g') / 1e5).exp()", ({ x, op }) =>
    x.derive({ r: (d, $) => op.sqrt(d.g) + op.log(d.g) + op.exp(d.g / 1e5) }).rollup({ r: op.sum('r') })),
  'float: sin, atan': summed(col => col('f').sin().add(col('g').atan()), 'sin(f) + atan(g)', "c('f').sin() + c('g').arctan()"),
  'decimal: d * 1.19 + d': summed(col => col('d').mul('1.19').add(col('d')), 'd * 1.19 + d'),
  'decimal: round(d * 0.19, 2)': summed(col => col('d').mul('0.19').round(2), 'round(d * 0.19, 2)'),
  'round(f, 2)': summed(col => col('f').round(2), 'round(f, 2)'),
  'floor, ceil, abs': summed(col => col('f').floor().add(col('f').ceil()).add(col('f').abs()), 'floor(f) + ceil(f) + abs(f)', "c('f').floor() + c('f').ceil() + c('f').abs()"),
  'bitAnd, shift': summed(col => col('j').bitAnd(255).add(col('j').shiftRight(8)), '(j & 255) + (j >> 8)'),
}

const conditions = {
  'compare, and, or': counted(
    col => col('i').gt(0).and(col('k').lt(50)).or(col('f').ge(9_000)),
    '(i > 0 and k < 50) or f >= 9000',
    "((c('i') > 0) & (c('k') < 50)) | (c('f') >= 9000)",
    ({ x, op }) => x.filter(d => (d.i > 0 && d.k < 50) || d.f >= 9000).rollup({ r: op.count() }),
  ),
  'Kleene, nulls': counted(col => col('m').gt(500).or(col('m').mod(2).eq(0)).and(col('k').gt(20)), '(m > 500 or m % 2 = 0) and k > 20', "((c('m') > 500) | (c('m') % 2 == 0)) & (c('k') > 20)"),
  'filter: 98 % pass': counted(col => col('k').gt(2), 'k > 2', "c('k') > 2", ({ x, op }) => x.filter(d => d.k > 2).rollup({ r: op.count() })),
  'between': counted(col => col('f').between(-100, 5_000), 'f between -100 and 5000', "c('f').is_between(-100, 5000)"),
  'isIn: 6 numbers': counted(col => col('k').isIn([1, 5, 17, 40, 66, 99]), 'k in (1, 5, 17, 40, 66, 99)', "c('k').is_in([1, 5, 17, 40, 66, 99])"),
  'isIn: 5 texts': counted(
    col => col('city').isIn(['North Haven 0', 'New Bridge 7', 'Old Creek 13', 'Port Creek 999', 'nowhere']),
    "city in ('North Haven 0', 'New Bridge 7', 'Old Creek 13', 'Port Creek 999', 'nowhere')",
    "c('city').is_in(['North Haven 0', 'New Bridge 7', 'Old Creek 13', 'Port Creek 999', 'nowhere'])",
  ),
  'when: 3 branches': summed(
    col => when(col('k').lt(25)).then(col('i')).when(col('k').lt(75)).then(col('i').neg()).otherwise(0),
    'case when k < 25 then i when k < 75 then -i else 0 end',
    "pl.when(c('k') < 25).then(c('i')).when(c('k') < 75).then(-c('i')).otherwise(0).cast(pl.Int64)",
    ({ x, op }) => x.derive({ r: d => (d.k < 25 ? d.i : d.k < 75 ? -d.i : 0) }).rollup({ r: op.sum('r') }),
  ),
  'coalesce, greatest': summed(col => col('m').coalesce(0).greatest(col('k')), 'greatest(coalesce(m, 0), k)', "pl.max_horizontal(c('m').fill_null(0), c('k')).cast(pl.Int64)"),
}

const casts = {
  'int32 to utf8': measured(col => col('i').cast('utf8'), 'i::varchar', "c('i').cast(pl.String)"),
  'float64 to utf8': counted(col => col('g').cast('utf8').contains('.5'), "contains(g::varchar, '.5')", "c('g').cast(pl.String).str.contains('.5', literal=True)"),
  'utf8 to float64': summed(col => col('number').cast('float64'), 'number::double', "c('number').cast(pl.Float64)"),
  'utf8 to decimal': summed(col => col('number').cast('decimal(12, 2)'), 'number::decimal(12, 2)'),
  'utf8 to timestamp': counted(col => col('clock').cast('timestamp[ms]').gt('2024-01-01T00:00:00'), "clock::timestamp > timestamp '2024-01-01'"),
  'timestamp to utf8': counted(col => col('moment').cast('utf8').startsWith('2024-02'), "starts_with(moment::varchar, '2024-02')", "c('moment').cast(pl.String).str.starts_with('2024-02')"),
  'float64 to int32': summed(col => col('f').trunc().cast('int32').cast('int64'), 'trunc(f)::int', "c('f').cast(pl.Int32).cast(pl.Int64)"),
}

const times = {
  'truncate to month': counted(col => col('moment').truncate('month').eq('2024-02-01T00:00:00'), "date_trunc('month', moment) = timestamp '2024-02-01'", "c('moment').dt.truncate('1mo') == pl.datetime(2024, 2, 1, time_unit='ms')"),
  'truncate to hour': counted(col => col('moment').truncate('hour').gt('2024-02-01T00:00:00'), "date_trunc('hour', moment) > timestamp '2024-02-01'", "c('moment').dt.truncate('1h') > pl.datetime(2024, 2, 1, time_unit='ms')"),
  'year, month, day': summed(col => col('moment').year().mul(col('moment').month()).add(col('moment').day()), 'year(moment) * month(moment) + day(moment)', "c('moment').dt.year().cast(pl.Int64) * c('moment').dt.month() + c('moment').dt.day()"),
  'hour, minute': summed(col => col('moment').hour().mul(col('moment').minute()), 'hour(moment) * minute(moment)', "c('moment').dt.hour().cast(pl.Int64) * c('moment').dt.minute()"),
  'plus 3 days': counted(col => col('moment').add('3d').gt('2024-02-01T00:00:00'), "moment + interval 3 day > timestamp '2024-02-01'", "c('moment') + pl.duration(days=3) > pl.datetime(2024, 2, 1, time_unit='ms')"),
  'format': counted(col => col('moment').format('%Y-%m').eq('2024-02'), "strftime(moment, '%Y-%m') = '2024-02'", "c('moment').dt.strftime('%Y-%m') == '2024-02'"),
  'parse': counted(col => col('clock').parse('%Y-%m-%d %H:%M:%S').gt('2024-01-01T00:00:00'), "strptime(clock, '%Y-%m-%d %H:%M:%S') > timestamp '2024-01-01'", "c('clock').str.strptime(pl.Datetime('ms'), '%Y-%m-%d %H:%M:%S') > pl.datetime(2024, 1, 1, time_unit='ms')"),
}

const texts = {
  'lower: cities': counted(col => col('city').lower().eq('new bridge 7'), "lower(city) = 'new bridge 7'", "c('city').str.to_lowercase() == 'new bridge 7'", ({ x, op }) =>
    x.filter(d => op.lower(d.city) === 'new bridge 7').rollup({ r: op.count() })),
  'upper: urls': counted(col => col('url').upper().endsWith('REF=ABC'), "ends_with(upper(url), 'REF=ABC')", "c('url').str.to_uppercase().str.ends_with('REF=ABC')"),
  'length': summed(col => col('url').length(), 'length(url)', "c('url').str.len_chars().cast(pl.Int64)"),
  'substring': counted(col => col('url').substring(8, 12).eq('www.'), "substring(url, 9, 4) = 'www.'", "c('url').str.slice(8, 4) == 'www.'"),
  'contains: urls': counted(col => col('url').contains('item-0001'), "contains(url, 'item-0001')", "c('url').str.contains('item-0001', literal=True)", ({ x, op }) =>
    x.filter(d => op.indexof(d.url, 'item-0001') >= 0).rollup({ r: op.count() })),
  'contains: cities': counted(col => col('city').contains('Bridge'), "contains(city, 'Bridge')", "c('city').str.contains('Bridge', literal=True)"),
  'startsWith': counted(col => col('url').startsWith('https://m.'), "starts_with(url, 'https://m.')", "c('url').str.starts_with('https://m.')", ({ x, op }) =>
    x.filter(d => op.startswith(d.url, 'https://m.')).rollup({ r: op.count() })),
  'like: %a%b%': counted(col => col('url').like('%search%ref=a%'), "url like '%search%ref=a%'", "c('url').str.contains('search.*ref=a')"),
  'like: cities': counted(col => col('city').like('N%Bridge_7%'), "city like 'N%Bridge_7%'", "c('city').str.contains('^N.*Bridge.7')"),
  'regexMatch: urls': counted(col => col('url').regexMatch('/item-0+[1-9]+\\.html'), "regexp_matches(url, '/item-0+[1-9]+\\.html')", "c('url').str.contains(r'/item-0+[1-9]+\\.html')"),
  'regexMatch: cities': counted(col => col('city').regexMatch('^(New|Old) .*9$'), "regexp_matches(city, '^(New|Old) .*9$')", "c('city').str.contains('^(New|Old) .*9$')"),
  'regexReplace: urls': measured(col => col('url').regexReplace('[0-9]+', '#'), "regexp_replace(url, '[0-9]+', '#', 'g')", "c('url').str.replace_all('[0-9]+', '#')"),
  'replace: urls': measured(col => col('url').replace('example.', ''), "replace(url, 'example.', '')", "c('url').str.replace_all('example.', '', literal=True)"),
  'split: length': summed(col => col('url').split('/').length(), "len(string_split(url, '/'))", "c('url').str.split('/').list.len().cast(pl.Int64)"),
  'splitPart': measured(col => col('url').splitPart('/', 3), "split_part(url, '/', 4)", "c('url').str.split('/').list.get(3)"),
  'concat': measured(col => col('city').concat(': ', col('number')), "city || ': ' || number", "pl.concat_str(c('city'), pl.lit(': '), c('number'))"),
  'trim': measured(col => col('url').trim('htps:/'), "trim(url, 'htps:/')", "c('url').str.strip_chars('htps:/')"),
  'lpad': measured(col => col('number').lpad(12, '0'), "lpad(number, 12, '0')", "c('number').str.pad_start(12, '0')"),
  'reverse': counted(col => col('number').reverse().startsWith('99'), "starts_with(reverse(number), '99')", "c('number').str.reverse().str.starts_with('99')"),
  'indexOf': summed(col => col('url').indexOf('item'), "strpos(url, 'item') - 1", "c('url').str.find('item', literal=True).cast(pl.Int64)"),
  'compare texts': counted(col => col('url').gt('https://n'), "url > 'https://n'", "c('url') > 'https://n'"),
  'JSON path: number': summed(col => col('json').jsonExtract('$.user.id', 'int64'), "json_extract_string(json, '$.user.id')::bigint", "c('json').str.json_path_match('$.user.id').cast(pl.Int64)"),
  'JSON path: item': counted(col => col('json').jsonExtract('$.tags[1]').eq('b3'), "json_extract_string(json, '$.tags[1]') = 'b3'", "c('json').str.json_path_match('$.tags[1]') == 'b3'"),
}

export const cases = { ...numbers, ...conditions, ...casts, ...times, ...texts }
