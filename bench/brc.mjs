// The shape of the One Billion Row Challenge: lines of `station;temperature` in one text file, grouped by 413 stations: least, mean and greatest. The file
// is made by Millrace. Beside DuckDB's read_csv; results must be equal. The rate is also scaled to 1e9 rows, for the 23 s that were published of the
// fastest solutions in Node, on other hardware (8 cores).
import { existsSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { col, from, generate, max, mean, min, read, write } from '../dist/index.js'
import { duckdb, machine, measure, sameNumbers } from './measure.mjs'

const syllables = ['ba', 'ko', 'lin', 'ra', 'mo', 'stad', 'ville', 'ne', 'to', 'sha', 'ur', 'dam', 'port', 'san', 'ge', 'or', 'qu', 'ti', 'wen', 'ab']

// Two to five syllables, some in two words, every twenty-fifth with a letter beyond ASCII.
function stationNames() {
  const names = new Set()
  for (let i = 0; names.size < 413; i++) {
    const parts = [syllables[i % 20], syllables[(i * 7 + 3) % 20], i % 3 ? syllables[Math.floor(i / 20) % 20] : '', i % 11 ? '' : ` ${syllables[(i * 3) % 20]}${syllables[i % 17]}`]
    const name = parts.join('')
    names.add((i % 25 ? name[0] : 'É') + name.slice(1))
  }
  return [...names]
}

// Normal temperatures with a spread of 10 around each station's own.
async function fileOf(rows, workers) {
  const path = fileURLToPath(new URL(`data/brc-${rows}.csv`, import.meta.url))
  if (existsSync(path)) return path
  const names = stationNames()
  const stations = from(names.map((station, i) => ({ station, around: ((i * 37) % 60) - 20 })), { schema: { station: 'utf8', around: 'float64' } })
  const made = generate.columns({ station: generate.choice(names), noise: generate.normal(0, 10) }, { rows, seed: 1 })
  const lines = made.join(stations, { on: 'station' }).select({ station: col('station'), temperature: col('noise').add(col('around')).round(1).cast('decimal(4, 1)') })
  await lines.to(write.csv(`${path}.part`, { header: false, delimiter: ';', overwrite: true })).run({ workers })
  renameSync(`${path}.part`, path)
  return path
}

const numbersOf = rows => rows.sort((a, b) => (a[0] < b[0] ? -1 : 1)).flatMap(row => row.slice(1).map(Number))

/** Runs the job with temperatures as float64 and as decimals, and DuckDB's with doubles. */
export async function run({ rows = 1e8, workers, peers, runs }) {
  const path = await fileOf(rows, workers)
  const bytes = statSync(path).size
  const job = type => {
    const lines = read.csv(path, { header: false, delimiter: ';', schema: { station: 'utf8', temperature: type } })
    return lines.groupBy('station').agg({ low: min('temperature'), middle: mean('temperature'), high: max('temperature') })
  }
  const db = peers.includes('duckdb') ? await duckdb(workers) : undefined
  const theirs = db && (await measure(async () => {
    const text = `from read_csv('${path}', header = false, delim = ';', columns = {'station': 'VARCHAR', 'temperature': 'DOUBLE'}) select station, min(temperature), avg(temperature), max(temperature) group by station`
    return (await db.runAndReadAll(text)).getRows()
  }, runs))
  const figures = []
  for (const type of ['float64', 'decimal(4, 1)']) {
    const ours = await measure(() => job(type).collect({ workers }), runs)
    const results = ours.result.toArray().map(({ station, low, middle, high }) => [station, low, middle, high])
    figures.push({
      temperatures: type,
      rows,
      stations: results.length,
      millrace_s: ours.seconds,
      millrace_cpu_s: ours.cpuSeconds,
      M_rows_per_s: rows / ours.seconds / 1e6,
      MB_per_s: Math.round(bytes / ours.seconds / 1e6),
      s_for_1e9: (ours.seconds / rows) * 1e9,
      ...(theirs && { duckdb_s: theirs.seconds, duckdb_cpu_s: theirs.cpuSeconds, ratio: ours.seconds / theirs.seconds, cpu_ratio: ours.cpuSeconds / theirs.cpuSeconds, equal: sameNumbers(numbersOf(results), numbersOf(theirs.result)) }),
    })
  }
  return { title: `1BRC: ${rows} lines of station;temperature, ${(bytes / 1e6).toFixed(0)} MB, ${workers} threads each`, machine: machine(), rows: figures }
}
