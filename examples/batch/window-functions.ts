// Numbers over neighbouring rows without leaving any out: ranks, running sums, moving means, the change since the row before.
import { asc, col, desc, from, lag, mean, rank, sum } from 'millrace'

const sales = from(
  [
    { shop: 'Bonn', month: 1, amount: 120 },
    { shop: 'Bonn', month: 2, amount: 90 },
    { shop: 'Bonn', month: 3, amount: 150 },
    { shop: 'Rome', month: 1, amount: 80 },
    { shop: 'Rome', month: 2, amount: 200 },
    { shop: 'Rome', month: 3, amount: 190 },
  ],
  { schema: { shop: 'utf8', month: 'int32', amount: 'int64' } },
)

const overTime = { by: ['shop'], orderBy: [asc('month')] } as const
const table = await sales
  .with({
    so_far: sum('amount').over(overTime),
    before: lag('amount').over(overTime),
    moving: mean('amount').over({ ...overTime, frame: { rows: [-1, 0] } }),
    place: rank().over({ by: ['month'], orderBy: [desc('amount')] }),
  })
  .with({ change: col('amount').sub(col('before')) })
  .collect()
console.log(String(table))
