import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { EpochRun } from '../../src/schedule/epoch-run.ts'
import type { Barrier } from '../../src/schedule/flow.ts'
import type { SinkRun } from '../../src/schedule/sink-run.ts'
import type { SourceRun } from '../../src/schedule/source-run.ts'

/** Epochs of a job of one source, one stage and one sink, which answer when the test says so. */
function epochs(exhausted = false) {
  const happened: string[] = []
  let barrier: Barrier | undefined
  let reached: (position: Json) => void = () => {}
  const source = {
    id: 'from',
    exhausted: () => exhausted,
    requestBarrier: (at: Barrier, callback: (position: Json) => void) => {
      barrier = at
      reached = callback
    },
    committed: async (position: Json) => void happened.push(`source committed ${position}`),
  } as unknown as SourceRun
  const sink = { id: 'to', commit: async (epoch: number, handle: Json) => void happened.push(`sink commit ${epoch} ${handle}`) } as unknown as SinkRun
  const store = {
    begin: async (epoch: number) => {
      happened.push(`begin ${epoch}`)
      return {
        writeRun: async (step: string) => void happened.push(`run of ${step}`),
        complete: async ({ sources, sinks, finished }: { sources: Json; sinks: Json; finished?: true }) => void happened.push(`complete ${JSON.stringify([sources, sinks])}${finished ? ' finished' : ''}`),
        abandon: async () => void happened.push('abandon'),
      }
    },
    retain: async (count: number) => void happened.push(`retain ${count}`),
  }
  const failures: Error[] = []
  const run = new EpochRun(
    {
      store: store as never,
      retain: 3,
      fingerprint: 'f',
      operators: { window: 'windowAggregate' },
      stageCount: 1,
      elapsed: () => 0,
      failed: error => void failures.push(error),
      completed: async at => void happened.push(`completed ${at.epoch}`),
    },
    5,
    () => [source],
    () => [sink],
  )
  const started = () => new Promise(resolve => setImmediate(resolve))
  return { run, happened, failures, started, reach: (position: Json) => reached(position), barrier: () => barrier! }
}

describe('an epoch', () => {
  it('is committed when everybody has answered, and not before', async () => {
    const { run, happened, started, reach, barrier } = epochs()
    const done = run.trigger({ final: false, finished: false })
    await started()
    expect(run.busy).toBe(true)
    reach(42)
    run.prepared('to', barrier(), 'handle')
    await started()
    expect(happened).toEqual(['begin 5'])
    run.snapshotTaken(barrier(), [{ window: [{} as never] }])
    expect(await done).toBe(5)
    expect(happened).toEqual(['begin 5', 'run of window', 'complete [{"from":42},{"to":"handle"}]', 'sink commit 5 handle', 'source committed 42', 'retain 3', 'completed 5'])
    expect(run.busy).toBe(false)
  })

  it('behind the end of all input is the last one, since what the job gives at its end is in it', async () => {
    const { run, happened, started, reach, barrier } = epochs(true)
    const done = run.trigger({ final: false, finished: false })
    await started()
    reach(42)
    run.snapshotTaken(barrier(), [])
    run.prepared('to', barrier(), 'handle')
    await done
    expect(happened).toContain('complete [{"from":42},{"to":"handle"}] finished')
  })

  it('that is given up commits nothing', async () => {
    const { run, happened, started, reach, barrier } = epochs()
    const done = run.trigger({ final: false, finished: false })
    await started()
    reach(1)
    await run.abandon(new Error('gone'))
    await expect(done).rejects.toThrow('gone')
    run.prepared('to', barrier(), 'handle')
    run.snapshotTaken(barrier(), [])
    await started()
    expect(happened).toEqual(['begin 5', 'abandon'])
  })

  it('ignores answers to an earlier one', async () => {
    const { run, happened, started, barrier } = epochs()
    void run.trigger({ final: false, finished: false }).catch(() => {})
    await started()
    run.prepared('to', { ...barrier(), epoch: 4 }, 'old')
    run.snapshotTaken({ ...barrier(), epoch: 4 }, [{ window: [{} as never] }])
    expect(happened).toEqual(['begin 5'])
    await run.abandon(new Error('end'))
  })
})
