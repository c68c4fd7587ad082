// Parquet on one thread: a table of the usual columns written and read back, by column and as a whole, from memory; or the file that is given.
// `npm run build && node bench/kernels/parquet.mjs [rows | file.parquet]` prints a line of JSON per measurement: rows/s and GB/s of Arrow columns
// (the fastest of 5), file bytes, and a hash of the values.
import { readFileSync } from 'node:fs'
import { bytesReader, BytesSink } from '../../dist/base/bytes.js'
import { random } from '../../dist/base/random.js'
import { allocateColumn, releaseBatch } from '../../dist/batch/batch.js'
import { valueBytes } from '../../dist/batch/data-type.js'
import { writeView } from '../../dist/batch/build-columns.js'
import { createDevice } from '../../dist/device/device.js'
import { readFooter } from '../../dist/format/parquet/read-footer.js'
import { ParquetWriter } from '../../dist/format/parquet/parquet-writer.js'
import { readRowGroup } from '../../dist/format/parquet/read-row-group.js'

const device = await createDevice()
const repeats = Number(process.env.REPEATS ?? 5)
const batchRows = 16_384
const [argument = '1e6'] = process.argv.slice(2)

const field = (name, kind, nullable = false) => ({ name, type: kind === 'time' ? { kind: 'timestamp', unit: 'ms' } : { kind }, nullable })
const fields = [
  field('id', 'int64'),
  field('kind', 'int32'),
  field('price', 'float64'),
  field('tip', 'float64', true),
  field('time', 'time'),
  field('channel', 'utf8'),
  field('url', 'utf8'),
  field('flag', 'bool'),
]

// Sequential ids and times, a skewed small number, prices of two decimals (few distinct), a third null, 4 and many distinct texts.
function makeBatch(chance, start, rowCount) {
  const arena = device.arena()
  const columns = fields.map(f => allocateColumn(arena, f.type, rowCount, f.nullable))
  const [id, kind, price, tip, time, channel, url, flag] = columns
  const encoder = new TextEncoder()
  const { memory } = device
  for (let i = 0; i < rowCount; i++) {
    memory.int64s(id.values, rowCount)[i] = BigInt(start + i)
    memory.int32s(kind.values, rowCount)[i] = Math.floor(chance.float() ** 3 * 200)
    memory.float64s(price.values, rowCount)[i] = Math.round(chance.float() * 5000) / 100
    memory.float64s(tip.values, rowCount)[i] = chance.float()
    if (chance.int(3) > 0) memory.bytes(tip.validity, rowCount / 8 + 1)[i >> 3] |= 1 << (i & 7)
    memory.int64s(time.values, rowCount)[i] = 1_700_000_000_000n + BigInt((start + i) * 7)
    writeView(device, arena, channel.values + 16 * i, encoder.encode(['Apple', 'Google', 'Facebook', 'Baidu'][chance.int(4)]))
    writeView(device, arena, url.values + 16 * i, encoder.encode(`https://www.example.com/item-${chance.int(1e9)}.htm`))
    if (chance.int(2)) memory.bytes(flag.values, rowCount / 8 + 1)[i >> 3] |= 1 << (i & 7)
  }
  return { fields, rowCount, columns, arena: arena.address }
}

function write(batches, options) {
  const sink = new BytesSink()
  const writer = new ParquetWriter(device, fields, sink, options)
  const start = performance.now()
  for (const batch of batches) writer.write(batch)
  writer.finish()
  const ms = performance.now() - start
  writer.close()
  return { bytes: sink.bytes(), ms }
}

function read(bytes, columns) {
  const reader = bytesReader(bytes)
  const file = readFooter(reader, 'bench')
  let columnBytes = 0
  let hash = 0
  const start = performance.now()
  for (let rowGroup = 0; rowGroup < file.rowGroups.length; rowGroup++) {
    const reading = readRowGroup({
      device,
      reader,
      file,
      where: 'bench',
      rowGroup,
      columns,
      batchRows,
      arena: () => device.arena(),
      emit(batch) {
        for (const column of batch.columns) {
          columnBytes += valueBytes(column.type, batch.rowCount)
          hash = (hash * 31 + device.memory.bytes(column.values, 4)[0]) % 2 ** 32
        }
        releaseBatch(device, batch)
      },
    })
    for (const _ of reading);
  }
  return { ms: performance.now() - start, rows: file.rowCount, columnBytes, hash }
}

function report(what, bytes, columns) {
  const runs = Array.from({ length: repeats }, () => read(bytes, columns))
  const { ms, rows, columnBytes, hash } = runs.reduce((best, run) => (run.ms < best.ms ? run : best))
  console.log(
    JSON.stringify({
      bench: 'kernels/parquet',
      read: what,
      rows,
      ms: Number(ms.toFixed(1)),
      mrowsPerS: Number((rows / ms / 1e3).toFixed(1)),
      gbPerS: Number((columnBytes / ms / 1e6).toFixed(2)),
      hash,
    }),
  )
}

if (/\.parquet$/.test(argument)) {
  const bytes = new Uint8Array(readFileSync(argument))
  const names = readFooter(bytesReader(bytes), argument)
    .columns.filter(c => c.unreadable === undefined)
    .map(c => c.field.name)
  for (const name of names) report(name, bytes, [name])
  report('all', bytes, names)
} else {
  const rowCount = Number(argument)
  const chance = random(1)
  const batches = []
  for (let start = 0; start < rowCount; start += 50_000) batches.push(makeBatch(chance, start, Math.min(50_000, rowCount - start)))
  for (const compression of ['none', 'snappy']) {
    const runs = Array.from({ length: Math.min(3, repeats) }, () => write(batches, { compression }))
    const { bytes, ms } = runs.reduce((best, run) => (run.ms < best.ms ? run : best))
    console.log(
      JSON.stringify({
        bench: 'kernels/parquet',
        write: compression,
        rows: rowCount,
        ms: Number(ms.toFixed(1)),
        mrowsPerS: Number((rowCount / ms / 1e3).toFixed(2)),
        fileBytes: bytes.length,
      }),
    )
    for (const { name } of fields) report(`${compression} ${name}`, bytes, [name])
    report(`${compression} all`, bytes, undefined)
  }
  for (const batch of batches) releaseBatch(device, batch)
}
