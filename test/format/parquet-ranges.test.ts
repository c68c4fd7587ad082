// What is read of a Parquet file: its end, and the chunks of the columns and row groups that are wanted; counted in bytes.
import { expect, it } from 'vitest'
import { type ByteReader, bytesReader } from '../../src/base/bytes.ts'
import { releaseBatch } from '../../src/batch/batch.ts'
import { createDevice } from '../../src/device/device.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { readRowGroup } from '../../src/format/parquet/read-row-group.ts'
import { random } from '../../src/base/random.ts'
import { writeParquet } from '../support/format-files.ts'
import type { PlainElement } from '../support/plain-dremel.ts'
import { plainParquet } from '../support/plain-parquet.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] as const
const [groups, groupRows, tailBytes] = [10, 5_000, 64 * 1024]

it('two of nine columns of one of ten row groups: their chunks and the footer, and no other byte', async () => {
  const device = await createDevice()
  const schema = Object.fromEntries(names.map(name => [name, 'float64' as const]))
  const rows = Array.from({ length: groups * groupRows }, (_, i) => Object.fromEntries(names.map((name, c) => [name, Math.sin(i * (c + 1))])))
  const bytes = writeParquet(device, schema, rows, { compression: 'snappy', rowGroupRows: groupRows })
  const ranges: [number, number][] = []
  const whole = bytesReader(bytes)
  const reader: ByteReader = { ...whole, size: whole.size, read: (start, end) => (ranges.push([start, end]), whole.read(start, end)) }
  const file = readFooter(reader, 'test.parquet')
  expect(ranges).toEqual([[bytes.length - tailBytes, bytes.length]])
  ranges.length = 0
  let read = 0
  const reading = readRowGroup({ device, reader, file, where: 'test.parquet', rowGroup: 4, columns: ['c', 'g'], batchRows: 1024, arena: () => device.arena(), emit: batch => (read += batch.rowCount, releaseBatch(device, batch)) })
  for (const _ of reading);
  const chunks = file.columns.filter(column => ['c', 'g'].includes(column.field.name)).map(column => file.rowGroups[4]!.chunks[column.leaf]!)
  const wanted = chunks.map(({ dataOffset, dictionaryOffset, compressedBytes }) => [Math.min(dataOffset, dictionaryOffset ?? dataOffset), compressedBytes] as const)
  expect(read).toBe(groupRows)
  const [fetched, needed] = [ranges.reduce((sum, [start, end]) => sum + end - start, 0), wanted.reduce((sum, [, count]) => sum + count, 0)]
  // Some writers count 100 bytes too few.
  expect(fetched).toBe(needed + 2 * 100)
  for (const [start, end] of ranges) expect(wanted.some(([from, count]) => start >= from && end <= from + count + 100)).toBe(true)
})

it('a nested column: the chunks of its leaves, and no other byte', async () => {
  const device = await createDevice()
  const leaf = (name: string): PlainElement => ({ name, repetition: 'optional', physical: 'INT64' })
  const list = (name: string, children: PlainElement[]): PlainElement => ({ name, repetition: 'optional', converted: 3, children: [{ name: 'list', repetition: 'repeated', children }] })
  const schema = [leaf('a'), list('b', [{ name: 'element', repetition: 'optional', children: [leaf('x'), leaf('y')] }]), list('c', [leaf('element')])]
  const rows = Array.from({ length: 300 }, (_, i) => {
    const long = BigInt(i) * 1_000_003n
    return { a: long, b: { list: [{ element: { x: long, y: -long } }] }, c: { list: [{ element: long + 1n }, { element: null }] } }
  })
  const whole = bytesReader(plainParquet(schema, rows, { random: random(4), codec: 'UNCOMPRESSED', dictionary: false, rowGroupRows: 100 }))
  const ranges: [number, number][] = []
  const reader: ByteReader = { ...whole, size: whole.size, read: (start, end) => (ranges.push([start, end]), whole.read(start, end)) }
  const file = readFooter(reader, 'test.parquet')
  ranges.length = 0
  const reading = readRowGroup({ device, reader, file, where: 'test.parquet', rowGroup: 1, columns: ['b'], batchRows: 1024, arena: () => device.arena(), emit: batch => releaseBatch(device, batch) })
  for (const _ of reading);
  const chunks = file.rowGroups[1]!.chunks.filter(chunk => chunk.path[0] === 'b')
  expect(chunks.map(chunk => chunk.path.join('.'))).toEqual(['b.list.element.x', 'b.list.element.y'])
  expect(ranges.map(([start]) => start)).toEqual(chunks.map(chunk => chunk.dataOffset))
  for (const [i, [start, end]] of ranges.entries()) expect(end - start).toBeLessThanOrEqual(chunks[i]!.compressedBytes + 100)
})
