// Long to wide and back, and totals of totals: pivot, unpivot, rollup, explode.
import { count, from, sum } from 'millrace'

const sales = from(
  [
    { region: 'north', quarter: 'q1', amount: 10, tags: ['new', 'web'] },
    { region: 'north', quarter: 'q2', amount: 15, tags: ['web'] },
    { region: 'south', quarter: 'q1', amount: 7, tags: [] },
    { region: 'south', quarter: 'q2', amount: 9, tags: ['shop', 'web'] },
  ],
  { schema: { region: 'utf8', quarter: 'utf8', amount: 'int64', tags: 'list<utf8>' } },
)

const wide = sales.pivot({ index: 'region', columns: 'quarter', aggregate: sum('amount'), names: ['q1', 'q2'] }).sort('region')
console.log(String(await wide.collect()))

const long = wide.unpivot({ on: ['q1', 'q2'], variable: 'quarter', value: 'amount' }).sort('region', 'quarter')
console.log(String(await long.collect()))

const totals = sales.rollup('region', 'quarter').agg({ amount: sum('amount') }).sort('region', 'quarter')
console.log(String(await totals.collect()))

const tags = sales.explode('tags').groupBy('tags').agg({ n: count() }).sort('tags')
console.log(String(await tags.collect()))
