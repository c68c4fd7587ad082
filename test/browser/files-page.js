// What a page does with files: a File that a user chose, and addresses. Run by a browser, and by Node without what Node has beyond pages.
import { col, count, generate, inferSchema, MillraceError, parquetMetadata, read } from '../../dist/page/index.js'

async function results() {
  const bytes = new Uint8Array(await (await fetch(new URL('trips.parquet', document.baseURI))).arrayBuffer())
  const file = new File([bytes], 'trips.parquet')
  const grouped = async frame => (await frame.groupBy('city').agg({ n: count() }).sort('city').collect({ device: 'auto' })).toArray().map(({ city, n }) => [city, Number(n)])
  const failed = promise => promise.then(() => 'it worked', error => (error instanceof MillraceError ? `${error.name} ${error.code}` : String(error)))
  const text = new File(['id;note\n1;a\n2;"b\n c"\n'], 'a.csv')
  return {
    isolated: globalThis.crossOriginIsolated ?? false,
    file: await grouped(read.parquet(file)),
    address: await grouped(read.parquet('trips.parquet')),
    several: await grouped(read.parquet([file, 'trips.parquet', bytes, bytes.buffer], {})),
    threads: (await read.parquet(file).filter(col('id').lt(10n)).collect({ workers: 2 })).numRows,
    csv: (await read.csv(text).collect()).toArray().map(row => [Number(row.id), row.note]),
    ndjson: (await read.ndjson(new Blob(['{"a":[1,2]}\n{"a":[]}\n'])).collect()).toArray().map(row => row.a.map(Number)),
    schema: await inferSchema(file),
    rows: (await parquetMetadata('trips.parquet')).rows,
    made: (await generate.range(1_000_000).filter(col('id').mod(7n).eq(0n)).agg({ n: count() }).collect()).toArray().map(({ n }) => Number(n)),
    missing: await failed(read.parquet('none.parquet').collect()),
    broken: await failed(read.parquet(new Blob(['x'])).collect()),
    batches: await batchesOf(read.parquet(file)),
  }
}

async function batchesOf(frame) {
  let rows = 0
  for await (const batch of frame.batches()) rows += batch.numRows
  return rows
}

const report = await results().catch(error => ({ error: `${error?.stack ?? error}` }))
if (globalThis.reportHere) globalThis.reportHere(report)
else await fetch('/result', { method: 'POST', body: JSON.stringify(report) })
