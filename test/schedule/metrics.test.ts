import { afterAll, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { col } from '../../src/frame/expr.ts'
import { fromData, sink, source } from '../../src/frame/from.ts'
import type { JobMetrics } from '../../src/schedule/metrics.ts'

afterAll(closeEngines)

const until = async (fits: () => boolean) => {
  while (!fits()) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Batches of ten numbers for ever; the sink takes none of them before `open`. */
function held(workers: number) {
  let open = () => {}
  const gate = new Promise<void>(resolve => (open = resolve))
  const numbers = source({
    name: 'numbers',
    schema: { n: 'int32' },
    start: 0,
    splits: () => [{ id: '0' }],
    async *read(_, position) {
      for (let n = position; ; n += 10) yield { rows: Array.from({ length: 10 }, (_, i) => ({ n: n + i })), position: n + 10 }
    },
  })
  const slow = sink({ name: 'slow', delivery: 'idempotent', write: () => gate })
  return { open, job: fromData(numbers).filter(col('n').mod(2).eq(0)).map(row => row, { schema: { n: 'int32' } }).to(slow).start({ workers, batchRows: 10 }) }
}

it.each([0, 2])('metrics tell where a job is stuck, step by step, on %i workers', async workers => {
  const { open, job } = held(workers)
  const run = await job
  const [first] = [run.metrics()]
  expect(first!.state).toBe('running')
  // Nothing moves any more: the queues are full, and what has no room behind it waits.
  let last = -1
  await until(() => {
    const { rowsRead } = run.metrics()
    const isStill = rowsRead > 0 && rowsRead === last
    last = rowsRead
    return isStill && run.metrics().stages.at(-1)!.queueFill === 1
  })
  const stuck: JobMetrics = run.metrics()
  expect(stuck.stages.at(-1)).toEqual({ steps: ['write.user'], instances: 1, working: 1, queueFill: 1, isHeld: false })
  expect(stuck.stages.slice(0, -1).some(stage => stage.isHeld)).toBe(true)
  expect(stuck.stages.flatMap(stage => stage.steps)).toEqual(expect.arrayContaining(['filter', 'map', 'write.user']))
  expect(stuck.steps['from']).toMatchObject({ rowsOut: stuck.rowsRead, bytesOut: 8 * stuck.rowsRead })
  expect(stuck.steps['write.user']!.rows).toBe(0)
  open()
  await until(() => run.metrics().rowsWritten > stuck.rowsRead)
  const stopping = run.stop()
  expect(run.metrics().state).toBe('draining')
  await stopping
  const ended = run.metrics()
  expect(ended.state).toBe('ended')
  expect(ended.steps['write.user']!.rows).toBe(ended.rowsWritten)
  expect(ended.steps['filter']).toMatchObject({ rows: ended.rowsRead, rowsOut: ended.rowsRead / 2 })
})

it('pictures of a job stay as they are', async () => {
  const { open, job } = held(0)
  open()
  const run = await job
  await until(() => run.metrics().rowsWritten > 100)
  const picture = run.metrics()
  const copy = structuredClone(picture)
  await until(() => run.metrics().rowsWritten > picture.rowsWritten + 100)
  expect(picture).toEqual(copy)
  await run.stop({ drain: false })
  expect(run.metrics().state).toBe('failed')
})

it('steps in workers are counted while they run, not only at checkpoints', async () => {
  const { open, job } = held(2)
  open()
  const run = await job
  await until(() => (run.metrics().steps['filter']?.rows ?? 0) > 0)
  expect(run.metrics().checkpoints.completed).toBe(0)
  expect(Math.max(...run.metrics().busyMs)).toBeGreaterThan(0)
  await run.stop()
})
