// The shapes of TPC-H's Q1, Q3 and Q6 over generated tables, money as decimal(12, 2) on all sides: a scan with eight aggregates, two joins with a top ten, and a
// selective scan. `rows` are those of lineitem; a million and a half of orders go with six million of them.
import { asc, count, desc, lit, mean, sum } from '../../dist/index.js'
import { hashOf, writeTable } from '../data.mjs'

export const name = 'tpch'
export const title = 'TPC-H Q1, Q3, Q6 shapes, rows in memory'
export const rowsDefault = 6e6

export function tables(rows) {
  return { lineitem: `tpch-${rows}-lineitem.parquet`, orders: `tpch-${rows}-orders.parquet`, customer: `tpch-${rows}-customer.parquet` }
}

const firstDay = Date.UTC(1992, 0, 2)
const day = number => firstDay + number * 86_400_000
const money = (col, name) => col(name).cast('decimal(12, 0)').mul(lit('0.01').cast('decimal(3, 2)')).cast('decimal(12, 2)')
const pick = (row, salt, list) => list[hashOf(row, salt) % list.length]
const segments = ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY']

export async function generate(rows, path) {
  const [orders, customers] = [Math.ceil(rows / 4), Math.ceil(rows / 40)]
  const orderDay = order => hashOf(order, 30) % 2_406
  const integers = { l_orderkey: 'int32', l_quantity: 'int64', l_extendedprice: 'int64', l_discount: 'int64', l_tax: 'int64', l_returnflag: 'utf8', l_linestatus: 'utf8', l_shipdate: 'date' }
  const order = row => Math.floor(row / 4)
  const shipDay = row => orderDay(order(row)) + 1 + (hashOf(row, 31) % 121)
  const columns = {
    l_orderkey: row => 1 + order(row),
    l_quantity: row => BigInt(100 * (1 + (hashOf(row, 32) % 50))),
    l_extendedprice: row => BigInt((1 + (hashOf(row, 32) % 50)) * (90_000 + (hashOf(row, 33) % 120_000))),
    l_discount: row => BigInt(hashOf(row, 34) % 11),
    l_tax: row => BigInt(hashOf(row, 35) % 9),
    l_returnflag: row => (shipDay(row) > 1_263 ? 'N' : pick(row, 36, ['A', 'R'])),
    l_linestatus: row => (shipDay(row) > 1_263 ? 'O' : 'F'),
    l_shipdate: row => day(shipDay(row)),
  }
  const inMoney = (frame, col) => frame.with(Object.fromEntries(['l_quantity', 'l_extendedprice', 'l_discount', 'l_tax'].map(column => [column, money(col, column)])))
  await writeTable(path('lineitem'), integers, rows, columns, inMoney)
  await writeTable(path('orders'), { o_orderkey: 'int32', o_custkey: 'int32', o_orderdate: 'date', o_shippriority: 'int32' }, orders, {
    o_orderkey: row => 1 + row,
    o_custkey: row => 1 + (hashOf(row, 37) % customers),
    o_orderdate: row => day(orderDay(row)),
    o_shippriority: () => 0,
  })
  await writeTable(path('customer'), { c_custkey: 'int32', c_mktsegment: 'utf8' }, customers, { c_custkey: row => 1 + row, c_mktsegment: row => pick(row, 38, segments) })
}

const revenue = col => col('l_extendedprice').mul(lit(1).sub(col('l_discount')))

export const cases = {
  Q1: {
    check: ['sum_qty', 'sum_base', 'sum_disc', 'sum_charge', 'avg_qty', 'avg_price', 'avg_disc', 'n'],
    millrace: ({ lineitem, col }) =>
      lineitem
        .filter(col('l_shipdate').le('1998-09-02'))
        .with({ disc_price: revenue(col) })
        .with({ charge: col('disc_price').mul(lit(1).add(col('l_tax'))) })
        .groupBy('l_returnflag', 'l_linestatus')
        .agg({
          sum_qty: sum('l_quantity'),
          sum_base: sum('l_extendedprice'),
          sum_disc: sum('disc_price'),
          sum_charge: sum('charge'),
          avg_qty: mean('l_quantity'),
          avg_price: mean('l_extendedprice'),
          avg_disc: mean('l_discount'),
          n: count(),
        })
        .sort('l_returnflag', 'l_linestatus'),
    sql: `select l_returnflag, l_linestatus, sum(l_quantity) as sum_qty, sum(l_extendedprice) as sum_base, sum(l_extendedprice * (1 - l_discount)) as sum_disc,
      sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge, avg(l_quantity) as avg_qty, avg(l_extendedprice) as avg_price, avg(l_discount) as avg_disc, count(*) as n
      from lineitem where l_shipdate <= date '1998-09-02' group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus`,
    polars: `lineitem.filter(c('l_shipdate') <= pl.date(1998, 9, 2)).with_columns((c('l_extendedprice') * (1 - c('l_discount'))).alias('disc_price')).with_columns((c('disc_price') * (1 + c('l_tax'))).alias('charge')).group_by('l_returnflag', 'l_linestatus').agg(c('l_quantity').sum().alias('sum_qty'), c('l_extendedprice').sum().alias('sum_base'), c('disc_price').sum().alias('sum_disc'), c('charge').sum().alias('sum_charge'), c('l_quantity').mean().alias('avg_qty'), c('l_extendedprice').mean().alias('avg_price'), c('l_discount').mean().alias('avg_disc'), pl.len().alias('n')).sort('l_returnflag', 'l_linestatus')`,
  },
  Q3: {
    check: ['revenue'],
    millrace: ({ lineitem, orders, customer, col }) =>
      lineitem
        .filter(col('l_shipdate').gt('1995-03-15'))
        .join(orders.filter(col('o_orderdate').lt('1995-03-15')).join(customer.filter(col('c_mktsegment').eq('BUILDING')), { left: 'o_custkey', right: 'c_custkey', how: 'semi' }), {
          left: 'l_orderkey',
          right: 'o_orderkey',
        })
        .with({ part: revenue(col) })
        .groupBy('l_orderkey', 'o_orderdate', 'o_shippriority')
        .agg({ revenue: sum('part') })
        .topK(10, desc('revenue'), asc('o_orderdate')),
    sql: `select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate, o_shippriority from customer, orders, lineitem
      where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate < date '1995-03-15' and l_shipdate > date '1995-03-15'
      group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate limit 10`,
  },
  Q6: {
    check: ['revenue'],
    millrace: ({ lineitem, col }) =>
      lineitem
        .filter(col('l_shipdate').ge('1994-01-01').and(col('l_shipdate').lt('1995-01-01')).and(col('l_discount').between('0.05', '0.07')).and(col('l_quantity').lt(24)))
        .with({ part: col('l_extendedprice').mul(col('l_discount')) })
        .groupBy()
        .agg({ revenue: sum('part') }),
    sql: `select sum(l_extendedprice * l_discount) as revenue from lineitem
      where l_shipdate >= date '1994-01-01' and l_shipdate < date '1995-01-01' and l_discount between 0.05 and 0.07 and l_quantity < 24`,
    polars: `lineitem.filter((c('l_shipdate') >= pl.date(1994, 1, 1)) & (c('l_shipdate') < pl.date(1995, 1, 1)) & c('l_discount').is_between(0.05, 0.07) & (c('l_quantity') < 24)).select((c('l_extendedprice') * c('l_discount')).sum().alias('revenue'))`,
  },
}
