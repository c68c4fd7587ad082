// Two tables by key: revenue by category, and what was never sold. A left join keeps what has no partner, an anti join finds it.
import { col, count, desc, from, sum } from 'millrace'

const items = from(
  [
    { id: 1, name: 'kettle', category: 'kitchen' },
    { id: 2, name: 'lamp', category: 'light' },
    { id: 3, name: 'candle', category: 'light' },
    { id: 4, name: 'rope', category: 'garden' },
  ],
  { schema: { id: 'int32', name: 'utf8', category: 'utf8' } },
)
const sales = from(
  [
    { item: 1, pieces: 2, price: '24.90' },
    { item: 2, pieces: 1, price: '59.00' },
    { item: 1, pieces: 1, price: '22.50' },
    { item: 3, pieces: 12, price: '1.10' },
    { item: 9, pieces: 1, price: '5.00' },
  ],
  { schema: { item: 'int32', pieces: 'int32', price: 'decimal(8, 2)' } },
)

const revenue = sales
  .join(items, { left: 'item', right: 'id' })
  .with({ amount: col('price').mul(col('pieces')) })
  .groupBy('category')
  .agg({ sales: count(), revenue: sum('amount') })
  .sort(desc('revenue'))
console.log(String(await revenue.collect()))

const unsold = items.join(sales, { left: 'id', right: 'item', how: 'anti' }).select('name')
console.log(String(await unsold.collect()))
