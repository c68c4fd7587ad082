import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { col } from '../../src/frame/expr.ts'
import { fromData, sink, source } from '../../src/frame/from.ts'
import { pagesInUse } from '../support/frames.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))
afterAll(closeEngines)

/** Numbers 0 … 99 in two splits, ten at a time; pauses where `gate` says so. */
function numbers(gate: (next: number) => Promise<void> | void) {
  return source({
    name: 'numbers',
    schema: { n: 'int32' },
    start: 0,
    bounded: true,
    splits: () => [{ id: 'even' }, { id: 'odd' }],
    async *read(split, position) {
      for (let i = position; i < 50; i += 5) {
        await gate(i)
        yield { rows: Array.from({ length: 5 }, (_, k) => ({ n: 2 * (i + k) + (split.id === 'odd' ? 1 : 0) })), position: i + 5 }
      }
    },
  })
}

/** A sink that shows rows only when their epoch is committed, as a database would. */
function ledger() {
  const staged = new Map<number, number[]>()
  const visible: number[] = []
  const committed = new Set<number>()
  let onWrite: (total: number) => void = () => {}
  let total = 0
  const definition = sink({
    name: 'ledger',
    delivery: 'transactional',
    write(batch, { epoch }) {
      const rows = batch.column('n').toArray() as number[]
      staged.set(epoch, [...(staged.get(epoch) ?? []), ...rows])
      total += rows.length
      onWrite(total)
    },
    prepare: epoch => staged.get(epoch) ?? [],
    commit(epoch, handle) {
      if (committed.has(epoch)) return
      committed.add(epoch)
      visible.push(...(handle as number[]))
    },
  })
  return { definition, visible, written: (count: number) => new Promise<void>(resolve => (onWrite = t => t >= count && resolve())) }
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)
const all = Array.from({ length: 100 }, (_, i) => i)

describe.each([0, 2])('checkpoints on %i workers', workers => {
  test('a job that fails resumes behind its last checkpoint, and shows every row once', async () => {
    const { definition, visible, written } = ledger()
    let release: () => void = () => {}
    const held = new Promise<void>(resolve => (release = resolve))
    const first = fromData(numbers(i => (i >= 25 ? held : undefined))).filter(col('n').ge(0))
    const enough = written(50)
    const run = await first.to(definition).start({ workers, name: 'numbers', checkpoint: { dir, every: '1h' } })
    await enough
    const epoch = await run.checkpoint()
    expect(sorted(visible)).toEqual(all.slice(0, 50))
    release()
    await run.stop({ drain: false })
    await expect(run.done).rejects.toMatchObject({ code: 'CANCELLED' })

    const second = fromData(numbers(() => {})).filter(col('n').ge(0))
    const again = await second.to(definition).run({ workers, name: 'numbers', checkpoint: { dir, every: '1h' } })
    expect(sorted(visible)).toEqual(all)
    expect(again.metrics().checkpoints.lastEpoch).toBeGreaterThan(epoch)
    expect(again.metrics().rowsRead).toBe(50)
    expect(await pagesInUse(workers)).toBe(0)
  })

  test('a job that had finished commits again and reads nothing', async () => {
    const { definition, visible } = ledger()
    const frame = () => fromData(numbers(() => {})).to(definition)
    await frame().run({ workers, name: 'done', checkpoint: { dir } })
    const again = await frame().run({ workers, name: 'done', checkpoint: { dir } })
    expect(again.metrics().rowsRead).toBe(0)
    expect(sorted(visible)).toEqual(all)
  })

  test('drained, it stops behind what it took and goes on from there', async () => {
    const { definition, visible, written } = ledger()
    const held = new Promise<void>(() => {})
    const enough = written(30)
    const run = await fromData(numbers(i => (i >= 15 ? held : undefined))).to(definition).start({ workers, name: 'drain', checkpoint: { dir } })
    await enough
    await run.stop({ drain: true })
    expect(sorted(visible)).toEqual(all.slice(0, 30))
    await fromData(numbers(() => {})).to(definition).run({ workers, name: 'drain', checkpoint: { dir } })
    expect(sorted(visible)).toEqual(all)
  })
})

test('a checkpoint of another job shape is refused by the name of what is missing', async () => {
  const { definition } = ledger()
  await fromData(numbers(() => {})).to(definition).run({ name: 'shape', checkpoint: { dir } })
  const other = fromData([{ n: 1 }], { schema: { n: 'int32' } })
  const { frameOf } = await import('../../src/frame/frame.ts')
  const renamed = frameOf({ ...other.edge.node, name: 'elsewhere' })
  await expect(renamed.to(definition).run({ name: 'shape', checkpoint: { dir } })).rejects.toMatchObject({ code: 'STATE_INCOMPATIBLE', message: expect.stringContaining('"from"') })
})

test('two processes may not use one job directory at once', async () => {
  const { definition, written } = ledger()
  const held = new Promise<void>(() => {})
  const enough = written(10)
  const run = await fromData(numbers(i => (i >= 5 ? held : undefined))).to(definition).start({ name: 'lock', checkpoint: { dir } })
  await enough
  await expect(fromData(numbers(() => {})).to(definition).start({ name: 'lock', checkpoint: { dir } })).rejects.toMatchObject({ code: 'CHECKPOINT_LOCKED' })
  await run.stop()
})
