// What levels cost: the same int64 values as a flat Parquet column, as lists (of about 5, a tenth of them empty), as structs and as lists of structs, read
// back from memory by one thread. `npm run build && node bench/kernels/parquet-nested.mjs [values]` prints a line of JSON per column: leaf values/s, the fastest of
// REPEATS rounds (20) in which all columns take turns, and the share of the flat column's speed.
import { bytesReader, BytesSink } from '../../dist/base/bytes.js'
import { random } from '../../dist/base/random.js'
import { releaseBatch } from '../../dist/batch/batch.js'
import { createDevice } from '../../dist/device/device.js'
import { readFooter } from '../../dist/format/parquet/read-footer.js'
import { ParquetWriter } from '../../dist/format/parquet/parquet-writer.js'
import { readRowGroup } from '../../dist/format/parquet/read-row-group.js'

const device = await createDevice()
const rounds = Number(process.env.REPEATS ?? 20)
const [argument = '2e6'] = process.argv.slice(2)
const count = Number(argument)
const int64 = { kind: 'int64' }
const item = type => ({ type, nullable: true })
const pair = { kind: 'struct', members: [{ name: 'a', ...item(int64) }, { name: 'b', ...item(int64) }] }

// `distinct` values at most, in 64-bit words.
function words(arena, chance, distinct) {
  const values = arena.allocate(8 * count)
  const view = device.memory.int32s(values, 2 * count)
  for (let i = 0; i < count; i++) {
    view[2 * i] = Math.floor(chance.float() * Math.min(distinct, 2 ** 31))
    view[2 * i + 1] = distinct > 2 ** 31 ? Math.floor(chance.float() * 2 ** 28) : 0
  }
  return { type: int64, length: count, values, validity: 0 }
}

function lists(arena, chance, child) {
  const ends = []
  for (let end = 0; end < count; ) ends.push((end = Math.min(count, end + (chance.int(10) === 0 ? 0 : 1 + chance.int(10)))))
  const values = arena.allocate(4 * (ends.length + 1))
  device.memory.int32s(values, ends.length + 1).set([0, ...ends])
  const validity = arena.allocate(Math.ceil(ends.length / 8))
  device.memory.bytes(validity, Math.ceil(ends.length / 8)).fill(0xff)
  return { type: { kind: 'list', item: item(child.type) }, length: ends.length, values, validity, children: [child] }
}

function fileOf(arena, column) {
  const fields = [{ name: 'x', type: column.type, nullable: true }]
  const sink = new BytesSink()
  const writer = new ParquetWriter(device, fields, sink, { compression: 'none', rowGroupRows: count })
  writer.write({ fields, rowCount: column.length, columns: [column], arena: arena.address })
  writer.finish()
  writer.close()
  return sink.bytes()
}

const arena = device.arena()
const chance = random(1)
const columns = {}
for (const [kind, distinct] of [['plain', 2 ** 60], ['dictionary', 1000]]) {
  const [a, b] = [words(arena, chance, distinct), words(arena, chance, distinct)]
  const struct = { type: pair, length: count, values: 0, validity: 0, children: [a, b] }
  columns[kind] = { flat: [a, 1], list: [lists(arena, chance, a), 1], struct: [struct, 2], 'list of structs': [lists(arena, chance, struct), 2] }
}
for (const [kind, shapes] of Object.entries(columns)) {
  const runs = Object.entries(shapes).map(([shape, [column, leaves]]) => {
    const reader = bytesReader(fileOf(arena, column))
    return { shape, leaves, reader, file: readFooter(reader, shape), ms: Infinity, items: 0 }
  })
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      run.items = 0
      const start = performance.now()
      const emit = batch => {
        run.items += batch.columns[0].children?.[0].length ?? batch.rowCount
        releaseBatch(device, batch)
      }
      for (let rowGroup = 0; rowGroup < run.file.rowGroups.length; rowGroup++)
        for (const _ of readRowGroup({ device, reader: run.reader, file: run.file, where: run.shape, rowGroup, columns: ['x'], batchRows: 16_384, arena: () => device.arena(), emit }));
      run.ms = Math.min(run.ms, performance.now() - start)
    }
  }
  const rate = ({ ms, leaves }) => (count * leaves) / ms / 1e3
  for (const run of runs) {
    if (run.items !== count) throw new Error(`${run.shape}: ${run.items} items, ${count} were written`)
    console.log(JSON.stringify({ bench: 'kernels/parquet-nested', kind, shape: run.shape, values: count * run.leaves, ms: Number(run.ms.toFixed(1)), mvaluesPerS: Number(rate(run).toFixed(0)), ofFlat: Number((rate(run) / rate(runs[0])).toFixed(2)) }))
  }
}
arena.release()
