// What each encoding and codec of Parquet takes and saves, on one thread, from memory: `npm run build && node bench/kernels/parquet-encodings.mjs [rows]` prints a line of JSON for each
// column and codec: CPU ns a value and bytes a value by encoding, the fastest of 7 rounds in which all take turns.
import { BytesSink } from '../../dist/base/bytes.js'
import { random } from '../../dist/base/random.js'
import { allocateColumn, releaseBatch } from '../../dist/batch/batch.js'
import { writeView } from '../../dist/batch/build-columns.js'
import { createDevice } from '../../dist/device/device.js'
import { ParquetWriter } from '../../dist/format/parquet/parquet-writer.js'

const device = await createDevice()
const rows = Number(process.argv[2] ?? 1e6)
const batchRows = 50_000
const chance = random(1)
let time = 1_700_000_000_000n
const columns = {
  'ids, 0 1 2 …': ['int64', i => BigInt(i)],
  'times, up to 5 s apart': ['int64', () => (time += BigInt(chance.int(5_000)))],
  'prices around 100 that wander': ['int32', i => Math.round(1e4 + 500 * Math.sin(i / 5e3) + chance.int(20))],
  'random int64': ['int64', () => (BigInt(chance.uint32()) << 31n) | BigInt(chance.uint32())],
  'random below 1,000': ['int32', () => chance.int(1_000)],
  'float64 that wander': ['float64', i => 100 + Math.sin(i / 1e4) + chance.float() / 1e3],
  'paths, many shared prefixes': ['utf8', i => `/var/log/app-${Math.floor(i / 1e4)}/part-${i}.log`],
}

function batchesOf([kind, value]) {
  const encoder = new TextEncoder()
  return Array.from({ length: rows / batchRows }, (_, b) => {
    const arena = device.arena()
    const column = allocateColumn(arena, { kind }, batchRows, false)
    for (let i = 0; i < batchRows; i++) {
      const v = value(b * batchRows + i)
      if (kind === 'int64') device.memory.int64s(column.values, batchRows)[i] = v
      else if (kind === 'int32') device.memory.int32s(column.values, batchRows)[i] = v
      else if (kind === 'float64') device.memory.float64s(column.values, batchRows)[i] = v
      else writeView(device, arena, column.values + 16 * i, encoder.encode(v))
    }
    return { fields: [{ name: 'v', type: { kind }, nullable: false }], rowCount: batchRows, columns: [column], arena: arena.address }
  })
}

function write(batches, options) {
  const sink = new BytesSink()
  const writer = new ParquetWriter(device, batches[0].fields, sink, options)
  const start = process.cpuUsage()
  for (const batch of batches) writer.write(batch)
  writer.finish()
  const { user, system } = process.cpuUsage(start)
  writer.close()
  return { ns: (1e3 * (user + system)) / rows, bytes: sink.bytes().byteLength / rows }
}

const round = value => Number(value.toPrecision(3))
for (const [name, column] of Object.entries(columns)) {
  const batches = batchesOf(column)
  const encodings = ['auto', 'plain', ...(column[0] === 'float64' ? ['byte-stream-split'] : ['delta'])]
  const runs = ['none', 'snappy', 'lz4', 'zstd'].flatMap(compression => encodings.map(encoding => ({ compression, encoding, ns: Infinity, bytes: 0 })))
  for (let turn = 0; turn < 7; turn++)
    for (const run of runs) {
      const { ns, bytes } = write(batches, run)
      Object.assign(run, { ns: Math.min(run.ns, ns), bytes })
    }
  for (const compression of ['none', 'snappy', 'lz4', 'zstd'])
    console.log(JSON.stringify({ name, compression, ...Object.fromEntries(runs.filter(run => run.compression === compression).map(({ encoding, ns, bytes }) => [encoding, `${round(ns)} ns ${round(bytes)} B`])) }))
  for (const batch of batches) releaseBatch(device, batch)
}
