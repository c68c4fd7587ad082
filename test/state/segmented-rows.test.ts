// Stored rows in memory, in segments and in checkpoints, against a plain map of lists.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keyGroupRange } from '../../src/base/hash.ts'
import { random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { gatherBatch } from '../../src/compute/gather.ts'
import { rowsOfKeyGroups } from '../../src/compute/partition.ts'
import { createDevice } from '../../src/device/device.ts'
import { SegmentedRows } from '../../src/state/segmented-rows.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { bytesOfShared } from '../support/stored-runs.ts'

const device = await createDevice()
const fields = parseSchema({ id: 'int64?', name: 'utf8', n: 'int32', note: 'utf8?', tags: 'list<utf8>' }, 'test')
const keys = [0, 1]
const names = ['id', 'name']
interface Row {
  id: bigint | null
  name: string
  n: number
  note: string | null
  tags: string[]
}
const folder = mkdtempSync(join(tmpdir(), 'segments-'))
const descriptors: number[] = []
afterAll(() => {
  for (const descriptor of descriptors) closeSync(descriptor)
  rmSync(folder, { recursive: true })
})

/** A checkpoint as storage keeps it: each lasting run stored once, by its id, as a file. */
class Stored {
  readonly #files = new Map<string, string>()
  written = 0

  take(runs: readonly StateRun[]): StateRun[] {
    return runs.map(run => {
      const { id, file } = run.lasting!
      if (file || run.bytes.length > 0) {
        const path = join(folder, id)
        writeFileSync(path, file ? bytesOfShared(file) : run.bytes)
        this.#files.set(id, path)
        this.written++
      }
      const path = this.#files.get(id)
      expect(path, `${id} was stored`).toBeDefined()
      const descriptor = openSync(path!, 'r')
      descriptors.push(descriptor)
      return { ...run, lasting: { id, stored: { descriptor, bytes: readFileSync(path!).length, path: path! } } }
    })
  }
}

function stored(spill: SpillFiles, bytesMax: number, instance: number, parallelism: number): SegmentedRows {
  return new SegmentedRows({ device, spill, fields, keys, keyTypes: keys.map(key => fields[key]!.type), table: 'left', keyGroups: keyGroupRange(instance, parallelism), bytesMax, where: 'test' })
}

const keyOf = (row: Row) => `${row.id}/${row.name}`
const shown = (row: object) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))

describe('stored rows', () => {
  const made = (chance: ReturnType<typeof random>, n: number, keysMax: number): Row => ({
    id: chance.int(20) === 0 ? null : BigInt(chance.int(keysMax)),
    name: 'key'.repeat(1 + chance.int(8)),
    n,
    note: chance.int(3) === 0 ? null : 'note '.repeat(chance.int(12)) + n,
    tags: Array.from({ length: chance.int(3) }, (_, i) => `tag ${i} of ${n}`),
  })

  for (const { bytesMax, seed } of [{ bytesMax: Number.POSITIVE_INFINITY, seed: 1 }, { bytesMax: 1 << 20, seed: 2 }, { bytesMax: 6 << 20, seed: 3 }]) {
    it(`are found by key with ${bytesMax} bytes of memory, over checkpoints at other parallelisms`, () => {
      const before = device.pages.used()
      const spill = new SpillFiles()
      const chance = random(seed)
      const expected = new Map<string, Row[]>()
      const checkpoint = new Stored()
      let parallelism = 1
      let sides = [stored(spill, bytesMax, 0, 1)]
      let n = 0
      for (let round = 0; round < 60; round++) {
        const arena = device.arena()
        const rows = Array.from({ length: 1 + chance.int(1500) }, () => made(chance, n++, 400))
        const asked = buildBatch(device, arena, fields, Array.from({ length: 50 }, () => ({ ...made(chance, 0, 600) })), 'test')
        const askedRows = rowReader(device.memory, asked)
        // What is asked for comes first, as in a join.
        const found: string[] = []
        sides.forEach((side, i) => {
          const own = rowsOfKeyGroups(device, arena, asked, names, keyGroupRange(i, parallelism))
          const ownRows = rowReader(device.memory, own)
          for (const { left, right, count, rows: from } of side.probe(arena, keys.map(key => own.columns[key]!), own.rowCount, 100)) {
            const matched = rowReader(device.memory, gatherBatch(device, arena, { ...from, arena: 0 }, right, count))
            for (const [at, row] of device.memory.uint32s(left, count).entries()) found.push(`${shown(ownRows(row))} ${shown(matched(at))}`)
          }
        })
        const wanted = Array.from({ length: asked.rowCount }, (_, row) => askedRows(row) as unknown as Row).flatMap(row => (row.id === null ? [] : (expected.get(keyOf(row)) ?? []).map(match => `${shown(row)} ${shown(match)}`)))
        expect(found.sort()).toEqual(wanted.sort())
        const batch = buildBatch(device, arena, fields, rows as unknown as Record<string, unknown>[], 'test')
        sides.forEach((side, i) => {
          const scratch = device.arena()
          side.insert(scratch, rowsOfKeyGroups(device, arena, batch, names, keyGroupRange(i, parallelism)))
          scratch.release()
        })
        for (const row of rows) if (row.id !== null) expected.set(keyOf(row), [...(expected.get(keyOf(row)) ?? []), row])
        arena.release()
        if (chance.int(3) > 0) continue
        const runs = checkpoint.take(sides.flatMap(side => side.snapshot()))
        if (chance.int(2) > 0) continue
        for (const side of sides) side.close()
        parallelism = 1 + chance.int(3)
        sides = Array.from({ length: parallelism }, (_, i) => stored(spill, bytesMax, i, parallelism))
        for (const side of sides) side.restore(runs)
      }
      expect(n).toBeGreaterThan(20_000)
      for (const side of sides) side.close()
      spill.close()
      expect(device.pages.used()).toBe(before)
    }, 60_000)
  }

  it('are stored once: a further checkpoint has what came since', () => {
    const spill = new SpillFiles()
    const side = stored(spill, Number.POSITIVE_INFINITY, 0, 1)
    const chance = random(9)
    const checkpoint = new Stored()
    const insert = (count: number) => {
      const arena = device.arena()
      side.insert(arena, buildBatch(device, arena, fields, Array.from({ length: count }, (_, n) => ({ ...made(chance, n, 1e6) })), 'test'))
      arena.release()
    }
    insert(10_000)
    expect(checkpoint.take(side.snapshot())).toHaveLength(1)
    expect(checkpoint.take(side.snapshot())).toHaveLength(1)
    expect(checkpoint.written).toBe(1)
    for (let i = 0; i < 30; i++) {
      insert(100)
      checkpoint.take(side.snapshot())
    }
    // Small ones become one now and then.
    expect(side.snapshot().length).toBeLessThan(15)
    side.close()
    spill.close()
  })
})
