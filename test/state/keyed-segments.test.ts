// Rows by key in segments, of which the newest that knows a key counts, against a plain map: over checkpoints, at other parallelisms, merged and compacted.
import { afterAll, describe, expect, it } from 'vitest'
import { keyGroupRange } from '../../src/base/hash.ts'
import { random } from '../../src/base/random.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { gatherBatch } from '../../src/compute/gather.ts'
import { rowsOfKeyGroups } from '../../src/compute/partition.ts'
import { createDevice } from '../../src/device/device.ts'
import { KeyedSegments } from '../../src/state/keyed-segments.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { storedRuns } from '../support/stored-runs.ts'

const device = await createDevice()
const fields = parseSchema({ id: 'int64', name: 'utf8', n: 'int32', note: 'utf8?', tags: 'list<utf8>' }, 'test')
const names = ['id', 'name']
interface Row {
  readonly id: bigint
  readonly name: string
  readonly n: number
  readonly note: string | null
  readonly tags: string[]
}
const spills: SpillFiles[] = []
afterAll(() => {
  for (const spill of spills) spill.close()
  expect(device.pages.used()).toBe(0)
})

function opened(instance: number, parallelism: number, runs: readonly StateRun[] = []): KeyedSegments {
  const spill = new SpillFiles()
  spills.push(spill)
  const kept = new KeyedSegments({ device, spill, fields, keys: [0, 1], table: 'kept', keyGroups: keyGroupRange(instance, parallelism), cacheBytes: 1 << 16, where: 'test' })
  kept.restore(runs)
  return kept
}

const keyOf = ({ id, name }: Pick<Row, 'id' | 'name'>) => `${id}/${name}`
const shown = (row: object) => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

/** Puts those of the rows that are of the instance's key groups. */
function put(kept: KeyedSegments, rows: readonly Row[], instance: number, parallelism: number): void {
  const arena = device.arena()
  kept.put(rowsOfKeyGroups(device, arena, buildBatch(device, arena, fields, rows as never, 'test'), names, keyGroupRange(instance, parallelism)))
  arena.release()
}

/** What is there of keys of the instance's groups. */
function taken(kept: KeyedSegments, keys: readonly Pick<Row, 'id' | 'name'>[], instance: number, parallelism: number): Map<string, string[]> {
  const arena = device.arena()
  try {
    const all = buildBatch(device, arena, fields.slice(0, 2), keys as never, 'test')
    const own = rowsOfKeyGroups(device, arena, all, names, keyGroupRange(instance, parallelism))
    const keyAt = rowReader(device.memory, own)
    const { numbers, rows } = kept.take(arena, own.columns, own.rowCount)
    const read = rowReader(device.memory, rows)
    const found = new Map<string, string[]>()
    let last = -1
    for (const [row, number] of [...device.memory.uint32s(numbers, rows.rowCount)].entries()) {
      expect(number).toBeGreaterThanOrEqual(last)
      last = number
      const key = keyOf(keyAt(number) as never)
      found.set(key, [...(found.get(key) ?? []), shown(read(row))])
    }
    return found
  } finally {
    arena.release()
  }
}

describe('rows by key in segments', () => {
  it.each([1, 2, 3])('are those that were put last, seed %i', seed => {
    const chance = random(seed)
    const expected = new Map<string, string[]>()
    let n = 0
    let parallelism = 1 + chance.int(3)
    let parts = Array.from({ length: parallelism }, (_, instance) => opened(instance, parallelism))
    const ids = 1 + chance.int(2_000)
    for (let step = 0; step < 40; step++) {
      const versions = new Map<string, Row[]>()
      for (let i = chance.int(step % 20 === 0 ? 3_000 : 120); i >= 0; i--) {
        const key = { id: BigInt(chance.int(ids)), name: 'key'.repeat(1 + chance.int(3)) }
        versions.set(keyOf(key), Array.from({ length: 1 + chance.int(4) }, () => ({ ...key, n: n++, note: chance.int(3) === 0 ? null : 'note '.repeat(chance.int(9)), tags: Array.from({ length: chance.int(3) }, (_, i) => `tag ${i}`) })))
      }
      for (const [key, rows] of versions) expected.set(key, rows.map(shown))
      parts.forEach((kept, instance) => put(kept, [...versions.values()].flat(), instance, parallelism))
      if (chance.int(12) === 0) for (const kept of parts) kept.compact()
      if (chance.int(6) === 0) {
        const runs = parts.flatMap(kept => storedRuns(kept.runs()))
        for (const kept of parts) kept.close()
        parallelism = 1 + chance.int(4)
        parts = Array.from({ length: parallelism }, (_, instance) => opened(instance, parallelism, runs))
      }
      const asked = new Map(Array.from({ length: 1 + chance.int(200) }, () => ({ id: BigInt(chance.int(ids + 50)), name: 'key'.repeat(1 + chance.int(3)) })).map(key => [keyOf(key), key]))
      const found = new Map(parts.flatMap((kept, instance) => [...taken(kept, [...asked.values()], instance, parallelism)]))
      expect(found, `step ${step}`).toEqual(new Map([...asked.keys()].flatMap(key => (expected.has(key) ? [[key, expected.get(key)!] as const] : []))))
    }
    for (const kept of parts) kept.compact()
    const all = [...expected.values()].reduce((sum, rows) => sum + rows.length, 0)
    // Old rows are gone, but for those of others' key groups.
    expect(parts.reduce((sum, kept) => sum + kept.rowCount, 0)).toBe(all)
    for (const kept of parts) kept.close()
  })

  it('are one segment where many small ones were put, and each is stored once', () => {
    const kept = opened(0, 1)
    for (let i = 0; i < 64; i++) put(kept, Array.from({ length: 100 }, (_, row) => ({ id: BigInt(row), name: 'k', n: i, note: null, tags: [] })), 0, 1)
    const first = kept.runs()
    expect(first.length).toBeLessThan(16)
    expect(first.every(({ bytes, lasting }) => bytes.length > 0 || lasting!.file)).toBe(true)
    expect(kept.rowCount).toBeLessThan(1_600)
    expect(kept.runs().every(({ bytes, lasting }) => bytes.length === 0 && !lasting!.file)).toBe(true)
    kept.close()
  })

  it('of another number than runs have are refused', () => {
    const kept = opened(0, 1)
    put(kept, [{ id: 1n, name: 'k', n: 1, note: null, tags: [] }], 0, 1)
    const runs = storedRuns(kept.runs())
    kept.close()
    expect(() => opened(0, 1, runs.map(run => ({ ...run, lasting: { id: 'a-b' } })))).toThrow(/a segment of its state can't be read: its name a-b has no number/)
  })
})

it('a gathered batch is not needed after it was put', () => {
  const kept = opened(0, 1)
  const arena = device.arena()
  const rows = buildBatch(device, arena, fields, [{ id: 1n, name: 'a', n: 1, note: 'x'.repeat(40), tags: ['t'] }], 'test')
  const indices = arena.allocate(4)
  device.memory.uint32s(indices, 1).set([0])
  kept.put(gatherBatch(device, arena, rows, indices, 1))
  device.memory.bytes(rows.columns[0]!.values, 8).fill(255)
  arena.release()
  expect([...taken(kept, [{ id: 1n, name: 'a' }], 0, 1).keys()]).toEqual(['1/a'])
  kept.close()
})
