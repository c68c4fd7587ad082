// Lines of a log to columns: expressions for texts and regular expressions.
import { col, count, from } from 'millrace'

const log = from(
  ['10.0.0.1 GET /api/items 200', '10.0.0.2 POST /api/items 503', '10.0.0.1 GET /login 200', 'garbage', '10.0.0.3 GET /api/users 404'].map(line => ({ line })),
  { schema: { line: 'utf8' } },
)

const requests = log
  .filter(col('line').regexMatch('^\\d+\\.'))
  .with({ ip: col('line').splitPart(' ', 0), path: col('line').splitPart(' ', 2), status: col('line').regexExtract('(\\d{3})$', { group: 1 }).cast('int32') })
  .with({ area: col('path').regexReplace('^/(api/)?', '').upper() })

console.log(String(await requests.filter(col('status').ge(400).or(col('path').like('/login%'))).select('ip', 'area', 'status').collect()))
console.log(String(await requests.groupBy('ip').agg({ n: count() }).sort('ip').collect()))
