import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import type { Item } from '../../src/schedule/flow.ts'
import { packBatch } from '../../src/batch/pack-batch.ts'
import { BatchesInFlight } from '../../src/schedule/batches-in-flight.ts'
import { pageBytes } from '../../src/device/pages.ts'
import { SinkRun } from '../../src/schedule/sink-run.ts'
import type { SinkWriter } from '../../src/sink/sink.ts'

const device = await createDevice()
const fields = parseSchema({ n: 'int32' }, 'test')

function batchOf(...values: number[]): Item {
  return { kind: 'batch', parts: [packBatch(buildBatch(device, device.arena(), fields, values.map(n => ({ n })), 'test'))] }
}
const barrier = (epoch: number): Item => ({ kind: 'barrier', barrier: { epoch, final: false, finished: false, snapshot: true } })

function sink(writer: Partial<SinkWriter> = {}) {
  const happened: string[] = []
  const failures: Error[] = []
  const batches = new BatchesInFlight(device, 10 * pageBytes)
  const run = new SinkRun(
    'to',
    device,
    fields,
    {
      write: async (batch, { epoch }) => void happened.push(`write ${batch.column('n').toArray()} in ${epoch}`),
      prepare: async epoch => {
        happened.push(`prepare ${epoch}`)
        return epoch
      },
      commit: async (epoch, handle) => void happened.push(`commit ${epoch} ${handle}`),
      close: async failed => void happened.push(`close ${failed}`),
      ...writer,
    },
    1,
    { batches, clock: systemClock, failed: error => void failures.push(error), prepared: (_, at, handle) => void happened.push(`prepared ${at.epoch} ${handle}`), rowsWritten: () => {}, moved: () => {} },
  )
  return { run, happened, failures, batches }
}

describe('a sink at work', () => {
  it('writes in order, one call at a time, rows behind a barrier into the next epoch', async () => {
    const { run, happened, batches } = sink()
    run.enqueue(batchOf(1))
    run.enqueue(barrier(1))
    run.enqueue(batchOf(2, 3))
    expect(batches.bytes).toBe(2 * pageBytes)
    await run.commit(1, 1)
    await run.close(false)
    expect(happened).toEqual(['write 1 in 1', 'prepare 1', 'prepared 1 1', 'write 2,3 in 2', 'commit 1 1', 'close false'])
    expect([batches.bytes, device.pages.used()]).toEqual([0, 0])
  })

  it('that fails takes nothing more and gives back what it was given', async () => {
    const { run, happened, failures } = sink({
      write: async () => {
        throw new RangeError('full')
      },
    })
    run.enqueue(batchOf(1))
    run.enqueue(batchOf(2))
    await new Promise(resolve => setImmediate(resolve))
    run.enqueue(batchOf(3))
    await run.close(true)
    expect(failures.map(e => e.message)).toEqual(['full'])
    expect([run.wanted(), happened]).toEqual([false, ['close true']])
    expect(device.pages.used()).toBe(0)
  })

  it('is full when eight things wait', () => {
    const { run } = sink({ write: () => new Promise(() => {}) })
    run.enqueue(batchOf(1))
    for (let epoch = 1; epoch <= 8; epoch++) {
      expect(run.hasRoom()).toBe(true)
      run.enqueue(barrier(epoch))
    }
    expect(run.hasRoom()).toBe(false)
  })
})
