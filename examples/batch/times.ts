// Events by the calendar of a place: the hour of the day in Berlin, the week, the time since the event before.
import { asc, col, count, from, lag, min } from 'millrace'

const visits = from(
  [
    { who: 'ann', at: '2024-03-30T23:30:00Z' },
    { who: 'bob', at: '2024-03-31T00:59:59Z' },
    { who: 'ann', at: '2024-03-31T01:00:00Z' },
    { who: 'ann', at: '2024-04-01T08:15:00Z' },
  ],
  { schema: { who: 'utf8', at: 'timestamp[ms, Europe/Berlin]' } },
)

const byDay = visits
  .with({ before: lag('at').over({ by: ['who'], orderBy: [asc('at')] }) })
  .with({ day: col('at').truncate('day'), hour: col('at').hour(), since: col('at').sub(col('before')) })
  .groupBy('day')
  .agg({ visits: count(), first_hour: min('hour'), shortest_wait: min('since') })
  .sort('day')
console.log(String(await byDay.collect()))
