// What nesting costs a Parquet writer: the same values written as flat columns, and inside lists, structs and maps; one thread, from memory.
// `npm run build && node bench/kernels/parquet-shred.mjs [values]` prints a line of JSON per shape: CPU ms and ns a value (the fastest of 7), file bytes.
import { BytesSink } from '../../dist/base/bytes.js'
import { random } from '../../dist/base/random.js'
import { allocateColumn } from '../../dist/batch/batch.js'
import { entriesOf } from '../../dist/batch/data-type.js'
import { createDevice } from '../../dist/device/device.js'
import { ParquetWriter } from '../../dist/format/parquet/parquet-writer.js'

const device = await createDevice()
const repeats = Number(process.env.REPEATS ?? 7)
const valueCount = Number(process.argv[2] ?? 1e6)
const batchValues = 50_000
const chance = random(1)
const [int64, int32, float64] = ['int64', 'int32', 'float64'].map(kind => ({ kind }))
const arena = device.arena()

function flat(type, count, fill, nulls = false) {
  const column = allocateColumn(arena, type, count, nulls)
  const view = { int64: 'int64s', int32: 'int32s', float64: 'float64s' }[type.kind]
  const values = device.memory[view](column.values, count)
  for (let i = 0; i < count; i++) values[i] = fill(i)
  if (nulls) fillBits(column.validity, count)
  return column
}

// Five of six are there.
function fillBits(address, count) {
  const bits = device.memory.bytes(address, Math.ceil(count / 8))
  for (let i = 0; i < count; i++) if (chance.int(6) > 0) bits[i >> 3] |= 1 << (i & 7)
  return address
}

const member = (type, nullable = false) => ({ type, nullable })

function struct(columns, names, nulls = false) {
  const type = { kind: 'struct', members: columns.map((c, i) => ({ name: names[i], ...member(c.type, c.validity !== 0) })) }
  const { length } = columns[0]
  return { type, length, values: 0, validity: nulls ? fillBits(arena.allocateZeroed(length / 8 + 1), length) : 0, children: columns }
}

// Lists of 0 to 8 items, or of `size`.
function list(item, size, nulls = false) {
  const offsets = [0]
  while (offsets.at(-1) < item.length) offsets.push(Math.min(item.length, offsets.at(-1) + (size ?? chance.int(9))))
  const length = offsets.length - 1
  const values = arena.allocate(4 * offsets.length)
  device.memory.int32s(values, offsets.length).set(offsets)
  const validity = nulls ? fillBits(arena.allocateZeroed(length / 8 + 1), length) : 0
  return { type: { kind: 'list', item: member(item.type, item.validity !== 0) }, length, values, validity, children: [item] }
}

function map(key, value) {
  const lists = list(struct([key, value], ['key', 'value']))
  const type = { kind: 'map', key: key.type, value: member(value.type, value.validity !== 0) }
  return { ...lists, type, children: [{ ...lists.children[0], type: entriesOf(type) }] }
}

const random40 = () => BigInt(Math.floor(chance.float() * 2 ** 40))
const shapes = {
  'int64, flat': n => [flat(int64, n, random40)],
  'list<int64>': n => [list(flat(int64, n, random40))],
  'list<int64> of 100': n => [list(flat(int64, n, random40), 100)],
  'int64?, flat': n => [flat(int64, n, random40, true)],
  'list<int64?>?': n => [list(flat(int64, n, random40, true), undefined, true)],
  'list<list<int64>>': n => [list(list(flat(int64, n, random40)))],
  'three, flat': n => three(n / 3),
  'struct of three': n => [struct(three(n / 3), ['a', 'b', 'c'])],
  'struct? of three': n => [struct(three(n / 3), ['a', 'b', 'c'], true)],
  'list<struct of three>': n => [list(struct(three(n / 3), ['a', 'b', 'c']))],
  'map<int64, float64>': n => [map(flat(int64, n / 2, random40), flat(float64, n / 2, () => chance.int(5000) / 100))],
}

function three(n) {
  return [flat(int64, n, random40), flat(int32, n, () => chance.int(200)), flat(float64, n, () => chance.int(5000) / 100)]
}

function write(fields, batches, compression) {
  const sink = new BytesSink()
  const writer = new ParquetWriter(device, fields, sink, { compression })
  const start = process.cpuUsage()
  for (const batch of batches) writer.write(batch)
  writer.finish()
  const { user, system } = process.cpuUsage(start)
  writer.close()
  return { ms: (user + system) / 1e3, fileBytes: sink.bytes().length }
}

for (const compression of ['none', 'snappy']) {
  for (const [shape, make] of Object.entries(shapes)) {
    const perBatch = Math.min(batchValues, valueCount) - (Math.min(batchValues, valueCount) % 6)
    const batches = Array.from({ length: Math.ceil(valueCount / perBatch) }, () => make(perBatch))
    const fields = batches[0].map(({ type, validity }, i) => ({ name: `c${i}`, type, nullable: validity !== 0 }))
    const made = batches.map(columns => ({ fields, rowCount: columns[0].length, columns, arena: 0 }))
    const runs = Array.from({ length: repeats }, () => write(fields, made, compression))
    const { ms, fileBytes } = runs.reduce((best, run) => (run.ms < best.ms ? run : best))
    console.log(JSON.stringify({ bench: 'kernels/parquet-shred', compression, shape, ms: Number(ms.toFixed(1)), nsPerValue: Number(((1e6 * ms) / (perBatch * batches.length)).toFixed(2)), fileBytes }))
  }
}
arena.release()
