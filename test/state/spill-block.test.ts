import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { sliceBatch } from '../../src/batch/batch.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { PartitionedSpill } from '../../src/state/partitioned-spill.ts'
import { readSpillBlock, writeSpillBlock } from '../../src/state/spill-block.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'

const device = await createDevice()
const fields = parseSchema(
  {
    flag: 'bool?', byte: 'int8', small: 'int16?', int: 'int32', big: 'int64?', float: 'float64', text: 'utf8?', raw: 'binary', money: 'decimal(20, 2)?',
    list: 'list<utf8?>?', point: 'struct<x: float64, name: utf8?>?', tags: 'map<utf8, int32?>',
  },
  'test',
)
const text = (chance: ReturnType<typeof random>) => 'x'.repeat(chance.int(40)) + chance.int(1000)
function rowsOf(count: number, seed: number): Record<string, unknown>[] {
  const chance = random(seed)
  const maybe = <T>(value: T) => (chance.int(4) === 0 ? null : value)
  return Array.from({ length: count }, (_, i) => ({
    flag: maybe(chance.int(2) === 1),
    byte: chance.int(100),
    small: maybe(chance.int(1000)),
    int: i,
    big: maybe(BigInt(chance.int(1e9)) * 1_000_000_007n),
    float: chance.float(),
    text: maybe(text(chance)),
    raw: new Uint8Array(chance.int(30)).fill(i),
    money: maybe('12.50'),
    list: maybe(Array.from({ length: chance.int(4) }, () => maybe(text(chance)))),
    point: maybe({ x: chance.float(), name: maybe(text(chance)) }),
    tags: new Map([[text(chance), maybe(chance.int(9))]]),
  }))
}
const read = (batch: Parameters<typeof rowReader>[1]) => Array.from({ length: batch.rowCount }, (_, row) => rowReader(device.memory, batch)(row))

describe('batches in spill files', () => {
  it('come back as they were, of every type, whole and in slices', () => {
    const store = new SpillFiles()
    const before = device.pages.used()
    for (const count of [0, 1, 63, 64, 65, 1000]) {
      const arena = device.arena()
      const batch = buildBatch(device, arena, fields, rowsOf(count, count + 1), 'test')
      const parts = count > 64 ? [sliceBatch(batch, 0, 64), sliceBatch(batch, 64, count)] : [batch]
      const expected = parts.map(read)
      const file = store.create()
      const blocks = parts.map(part => writeSpillBlock(device, file, part))
      arena.release()
      const other = device.arena()
      expect(blocks.reverse().map(block => read(readSpillBlock(device, other, file, block, fields)))).toEqual(expected.reverse())
      other.release()
      file.delete()
    }
    store.close()
    expect(device.pages.used()).toBe(before)
  })
})

describe('rows in parts', () => {
  it('are all there once, those of a key in one part, at every level', () => {
    const chance = random(7)
    const keyed = parseSchema({ key: 'utf8?', id: 'int32' }, 'test')
    const rows = Array.from({ length: 5000 }, (_, id) => ({ key: chance.int(50) ? `key ${chance.int(600)} of a length beyond views` : null, id }))
    for (const [level, instance, parallelism] of [[0, 0, 1], [0, 1, 3], [1, 0, 1], [2, 0, 1], [5, 0, 1], [0, 77, 128]] as const) {
      const store = new SpillFiles()
      const arena = device.arena()
      const spill = new PartitionedSpill({ device, spill: store, fields: keyed, keys: ['key'], instance, parallelism, level, where: 'test' })
      for (let at = 0; at < rows.length; at += 700) spill.add(buildBatch(device, arena, keyed, rows.slice(at, at + 700), 'test'))
      arena.release()
      const parts = Array.from({ length: spill.partCount }, (_, part) => [...spill.read(part)].length)
      expect(parts.length).toBe(parallelism === 128 ? 1 : 32)
      const found = parts.map((_, part) => {
        const list: Record<string, unknown>[] = []
        for (const batch of spill.read(part)) list.push(...read(batch))
        return list
      })
      expect(found.flat().sort((a, b) => (a.id as number) - (b.id as number))).toEqual(rows)
      const places = new Map<unknown, number>()
      found.forEach((list, part) => {
        for (const { key } of list) {
          expect(places.get(key) ?? part).toBe(part)
          places.set(key, part)
        }
      })
      if (parallelism === 1 && level < 4) expect(found.filter(list => list.length > 0).length).toBeGreaterThan(20)
      spill.close()
      store.close()
    }
  })
})
