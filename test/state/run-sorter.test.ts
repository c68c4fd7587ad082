import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { valueReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { sortedBatch } from '../../src/compute/sorted-rows.ts'
import { createDevice } from '../../src/device/device.ts'
import { pageBytes } from '../../src/device/pages.ts'
import { RunSorter } from '../../src/state/run-sorter.ts'
import { planPieces } from '../../src/state/sort-pieces.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'

const fields = parseSchema({ key: 'float64', text: 'utf8' }, 'test')
const order = [{ index: 0, descending: false, nullsFirst: false }]

describe('a sorter of runs', () => {
  it('holds little more than it may, whatever it sorts', async () => {
    const device = await createDevice({ relaxed: false })
    const spill = new SpillFiles()
    const bytesMax = 1 << 20
    const sorter = new RunSorter({ device, fields, order, spill, bytesMax })
    const chance = random(1)
    let most = 0
    const pages = () => (most = Math.max(most, device.pages.used()))
    for (let part = 0; part < 60; part++) {
      const arena = device.arena()
      const rows = Array.from({ length: 8192 }, () => ({ key: chance.float(), text: `a text of more than twelve bytes ${chance.int(1000)}` }))
      const batch = buildBatch(device, arena, fields, rows, 'test')
      const before = device.pages.used()
      sorter.add(batch, false)
      most = Math.max(most, device.pages.used() - before)
      arena.release()
    }
    let last = Number.NEGATIVE_INFINITY
    let count = 0
    for (;;) {
      const arena = device.arena()
      const piece = sorter.next(arena)
      pages()
      for (const batch of piece ?? []) {
        const read = valueReader(device.memory, batch.columns[0]!)
        for (let row = 0; row < batch.rowCount; row++, count++) {
          const key = read(row) as number
          if (key < last) throw new RangeError(`${key} after ${last}`)
          last = key
        }
      }
      arena.release()
      if (!piece) break
    }
    expect(count).toBe(60 * 8192)
    expect(most * pageBytes).toBeLessThan(16 * bytesMax) // of the 30 MB that went through; arenas come in whole pages
    sorter.close()
    spill.close()
    expect(device.pages.used()).toBe(0)
  })

  it('gives what it holds as state, also from disk, and leaves nothing behind when it is closed early', async () => {
    const device = await createDevice({ relaxed: false })
    for (const bytesMax of [1 << 30, 1]) {
      const spill = new SpillFiles()
      const sorter = new RunSorter({ device, fields, order, spill, bytesMax })
      const arena = device.arena()
      for (let part = 0; part < 70; part++) sorter.add(buildBatch(device, arena, fields, [{ key: -part, text: `${part}` }], 'test'), false)
      expect(sorter.states().length).toBeGreaterThan(0)
      expect(sorter.next(arena)![0]!.rowCount).toBeGreaterThan(0)
      arena.release()
      sorter.close()
      spill.close()
      expect(device.pages.used()).toBe(0)
    }
  })
})

describe('pieces of sorted runs', () => {
  it('have about as many rows as wanted, in order over all runs, whatever the keys', async () => {
    const device = await createDevice({ relaxed: false })
    const chance = random(4)
    for (const [keyOf, most] of [[() => chance.float(), 1500], [() => chance.int(3), 3000], [() => 1, 7001]] as const) {
      const arena = device.arena()
      const lists = [5000, 1, 300, 5000, 7000].map(count => Array.from({ length: count }, keyOf).sort((a, b) => a - b))
      const runs = lists.map(keys => sortedBatch(device, arena, buildBatch(device, arena, fields, keys.map(key => ({ key, text: '' })), 'test'), order))
      const cuts = planPieces(device, runs, order, 1000)
      expect(cuts.map(cut => [cut[0], cut.at(-1)])).toEqual(lists.map(keys => [0, keys.length]))
      const pieces = Array.from({ length: cuts[0]!.length - 1 }, (_, piece) => lists.flatMap((keys, run) => keys.slice(cuts[run]![piece], cuts[run]![piece + 1]).map(key => ({ key, run }))))
      expect(pieces).toHaveLength(18)
      const all = pieces.flatMap(piece => piece.toSorted((a, b) => a.key - b.key || a.run - b.run))
      expect(all).toEqual(all.toSorted((a, b) => a.key - b.key || a.run - b.run))
      expect(Math.max(...pieces.map(piece => piece.length))).toBeLessThan(most)
      arena.release()
    }
    expect(device.pages.used()).toBe(0)
  })
})
