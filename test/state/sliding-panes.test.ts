// Panes of sliding windows merged incrementally, against merging all of each window's.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { int32, int64 } from '../../src/batch/data-type.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import type { Fields } from '../../src/batch/schema.ts'
import { noPlaces } from '../../src/compute/aggregate-contract.ts'
import { createDevice } from '../../src/device/device.ts'
import { type GroupShape, GroupState } from '../../src/state/group-state.ts'
import { RowLog } from '../../src/state/row-log.ts'
import { SlidingPanes } from '../../src/state/sliding-panes.ts'

const device = await createDevice()
const input: Fields = [{ name: 'key', type: int32, nullable: false }, { name: 'value', type: int64, nullable: false }]
const shape: GroupShape = { keys: input.slice(0, 1), names: ['total', 'most'], specs: [{ fn: 'sum', inputType: int64 }, { fn: 'max', inputType: int64 }] }

interface Pane {
  readonly firstEnd: number
  readonly lastEnd: number
  readonly rows: readonly { key: number; value: bigint }[]
}

function resultsOf(state: GroupState): string[] {
  const arena = device.arena()
  const columns = [...state.keyColumns(arena), ...state.resultColumns(arena)]
  const read = rowReader(device.memory, { fields: [...shape.keys, { name: 'total', type: int64, nullable: true }, { name: 'most', type: int64, nullable: true }], rowCount: state.groupCount, columns, arena: arena.address })
  const found = Array.from({ length: state.groupCount }, (_, row) => Object.values(read(row)).join(' '))
  arena.release()
  return found.sort()
}

function expected(panes: readonly Pane[], end: number): string[] {
  const groups = new Map<number, { total: bigint; most: bigint }>()
  for (const { firstEnd, lastEnd, rows } of panes) {
    if (firstEnd > end || end > lastEnd) continue
    for (const { key, value } of rows) {
      const group = groups.get(key)
      groups.set(key, group ? { total: group.total + value, most: group.most > value ? group.most : value } : { total: value, most: value })
    }
  }
  return [...groups].map(([key, { total, most }]) => `${key} ${total} ${most}`).sort()
}

describe('sliding panes', () => {
  for (const [seed, bytesMax] of [[1, Number.POSITIVE_INFINITY], [2, 2_000], [3, 1], [4, 20_000]] as const) {
    it(`make of each window what its panes make, with ${bytesMax} bytes for what is kept of them, seed ${seed}`, () => {
      const before = device.pages.used()
      const chance = random(seed)
      const sliding = new SlidingPanes(device, shape, bytesMax)
      const size = 20 + chance.int(60)
      const panes: Pane[] = []
      for (let end = 1; end < 400; end++) {
        const arena = device.arena()
        // Now and then none comes, and now and then one that goes early, as rows make it that are late for some of their windows.
        const made = Array.from({ length: chance.int(4) }, (_, i): Pane => ({ firstEnd: end, lastEnd: i === 0 ? end + size - 1 : end + chance.int(size), rows: Array.from({ length: 1 + chance.int(20) }, () => ({ key: chance.int(30), value: BigInt(chance.int(1000)) })) }))
        for (const pane of made) {
          const state = new GroupState(device, shape)
          const batch = buildBatch(device, arena, input, pane.rows.map(row => ({ ...row })), 'test')
          state.add(arena, batch.columns.slice(0, 1), [batch.columns[1]!, batch.columns[1]!], batch.rowCount, noPlaces)
          sliding.add(arena, pane.firstEnd, pane.lastEnd, state.rowsOf(arena))
          state.close()
          panes.push(pane)
        }
        let own: GroupState | undefined
        const found = sliding.window(arena, end, () => (own = new GroupState(device, shape)))
        expect(resultsOf(found), `the window that ends at ${end}`).toEqual(expected(panes, end))
        own?.close()
        expect(sliding.lastEnd).toBe(Math.max(...panes.filter(pane => pane.lastEnd >= end).map(pane => pane.lastEnd)))
        if (end % 50 === 0) expect([...sliding.panes(arena)].reduce((sum, { rows }) => sum + rows.rowCount, 0)).toBeGreaterThan(0)
        arena.release()
      }
      sliding.dropBefore(Number.POSITIVE_INFINITY)
      expect(sliding.bytes).toBe(0)
      sliding.close()
      expect(device.pages.used()).toBe(before)
    })
  }
})

it('a log of rows gives memory back by chunks, the oldest first', () => {
  const log = new RowLog(device, input)
  const arena = device.arena()
  const batch = buildBatch(device, arena, input, Array.from({ length: 5_000 }, (_, key) => ({ key, value: 7n })), 'test')
  const kept = Array.from({ length: 40 }, () => log.append(batch))
  const full = log.bytes
  expect(log.rows(arena, kept[39]!).rowCount).toBe(5_000)
  for (const rows of kept.slice(0, 20)) log.release(rows)
  expect(log.bytes).toBeLessThan(0.7 * full)
  expect(rowReader(device.memory, log.rows(arena, kept[25]!))(4_999)).toEqual({ key: 4_999, value: 7n })
  log.close()
  arena.release()
})
