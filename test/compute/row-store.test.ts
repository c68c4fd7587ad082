import { expect, it } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { OwnedMemory } from '../../src/compute/owned-memory.ts'
import { RowStore } from '../../src/compute/row-store.ts'
import { createDevice } from '../../src/device/device.ts'
import { rowsOf } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })
const fields = parseSchema({ n: 'int32', s: 'utf8?', b: 'bool?', t: 'timestamp[ms]' }, 'test')

it('a row store keeps copies of rows over growth, nulls that begin late, and the end of their batches', () => {
  const store = new RowStore(device, fields)
  const rows = Array.from({ length: 3000 }, (_, n) => ({ n, s: n < 500 || n % 3 ? `row number ${n} has a long text` : null, b: n < 900 || n % 5 ? n % 2 === 0 : null, t: n * 1000 }))
  for (let at = 0; at < rows.length; at += 77) {
    const arena = device.arena()
    store.append(buildBatch(device, arena, fields, rows.slice(at, at + 77), 'test'))
    device.memory.bytes(arena.address + 4096, 30_000).fill(0x5a)
    arena.release()
  }
  expect(rowsOf(device, store.batch())).toEqual(rows.map(row => Object.values(row)))
  store.clear()
  expect([store.rowCount, store.bytes]).toEqual([0, 0])
  store.close()
  expect(device.pages.used()).toBe(0)
})

it('owned memory gives pieces back singly, hands small ones out again, and counts them', () => {
  const memory = new OwnedMemory(device)
  const [small, large] = [memory.allocate(100), memory.allocate(200_000)]
  expect(memory.bytes).toBe(128 + 4 * 65_536)
  memory.free(small, 100)
  expect(memory.allocate(120)).toBe(small)
  const used = device.pages.used()
  memory.free(large, 200_000)
  expect(device.pages.used()).toBe(used - 4)
  device.memory.bytes(small, 3).set([1, 2, 3])
  const grown = memory.grow(small, 120, 3, 300_000)
  expect([...device.memory.bytes(grown, 3)]).toEqual([1, 2, 3])
  memory.close()
  expect([memory.bytes, device.pages.used()]).toEqual([0, 0])
})
