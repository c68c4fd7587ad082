// Rows to groups: which vendor drives fastest? Expressions make columns, groups make numbers, and nothing runs before `collect`.
import { col, count, desc, from, max, mean } from 'millrace'

const trips = from(
  [
    { vendor: 'north', distance: 3.1, minutes: 12 },
    { vendor: 'south', distance: 0, minutes: 1 },
    { vendor: 'north', distance: 8.4, minutes: 21 },
    { vendor: 'south', distance: 5.5, minutes: 30 },
  ],
  { schema: { vendor: 'utf8', distance: 'float64', minutes: 'int32' } },
)

const speeds = trips
  .filter(col('distance').gt(0))
  .with({ speed: col('distance').div(col('minutes')).mul(60).round(1) })
  .groupBy('vendor')
  .agg({ trips: count(), speed: mean('speed'), longest: max('distance') })
  .sort(desc('speed'))

console.log(speeds.explain())
console.log(String(await speeds.collect()))
