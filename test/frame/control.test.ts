// Jobs that other shells may steer, through the API, in one process.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askJob } from '../../src/connect/control-client.ts'
import { closeEngines } from '../../src/engine.ts'
import { fromData, source } from '../../src/frame/from.ts'
import { read } from '../../src/frame/read.ts'
import type { JobOptions } from '../../src/frame/run.ts'
import { write } from '../../src/frame/write.ts'
import { listJobs } from '../../src/storage/job-registry.ts'

let dir: string
const runtime = process.env.XDG_RUNTIME_DIR
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-'))
  process.env.XDG_RUNTIME_DIR = dir
})
afterEach(async () => {
  if (runtime === undefined) delete process.env.XDG_RUNTIME_DIR
  else process.env.XDG_RUNTIME_DIR = runtime
  await rm(dir, { recursive: true, force: true })
})
afterAll(closeEngines)

/** 0, 1, 2 … until someone stops it. */
function endless() {
  return fromData(
    source({
      name: 'numbers',
      schema: { n: 'int32' },
      start: 0,
      splits: () => [{ id: '0' }],
      async *read(_, position) {
        for (let n = position; ; n++) {
          await new Promise(resolve => setTimeout(resolve, 1))
          yield { rows: [{ n }], position: n + 1 }
        }
      },
    }),
  )
}

const start = (options: JobOptions = {}) => endless().to(write.ndjson(`${dir}/out/`)).start({ name: 'numbers', checkpoint: { dir: `${dir}/state`, every: '1h' }, control: true, ...options })
const only = async () => (await listJobs([`${dir}/millrace`])).jobs[0]!
const shown = async () => (await read.ndjson(`${dir}/out/`, { schema: { n: 'int32' } }).collect()).toArray().map(row => (row as { n: number }).n)
const counted = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('a job with control', () => {
  it('is listed while it runs, and answers', async () => {
    const run = await start({ control: { name: 'bids' } })
    const job = await only()
    expect(job).toMatchObject({ name: 'bids', job: 'numbers', pid: process.pid, state: `${dir}/state` })
    expect(await askJob(job.socket, { ask: 'status' })).toMatchObject({ metrics: { rowsRead: expect.any(Number), checkpoints: { completed: 0 } } })
    expect(await askJob(job.socket, { ask: 'savepoint', dir: `${dir}/saved` })).toMatchObject({ epoch: 1, path: `${dir}/saved` })
    await run.stop()
    expect(await readdir(`${dir}/millrace`)).toEqual([])
  })

  it('stops behind what it took, with a savepoint if that is wished', async () => {
    const run = await start()
    const answer = await askJob((await only()).socket, { ask: 'stop', savepoint: `${dir}/saved` })
    expect(answer).toMatchObject({ ended: 'stopped', epoch: 1, savepoint: { epoch: 1, path: `${dir}/saved` } })
    await run.done
    const { rowsRead } = run.metrics()
    expect(await shown()).toEqual(counted(rowsRead))
    expect(await readdir(`${dir}/millrace`)).toEqual([])
  })

  it('is cancelled at once', async () => {
    const run = await start()
    expect(await askJob((await only()).socket, { ask: 'cancel' })).toEqual({ ended: 'cancelled' })
    await expect(run.done).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await readdir(`${dir}/out`)).toEqual([])
  })

  it('answers a shell with what goes wrong, and goes on', async () => {
    const run = await start({ checkpoint: undefined })
    const { socket } = await only()
    await expect(askJob(socket, { ask: 'savepoint', dir: `${dir}/saved` })).rejects.toMatchObject({ name: 'PlanError', code: 'SAVEPOINT_STATE' })
    await expect(askJob(socket, { ask: 'stop', savepoint: `${dir}/saved` })).rejects.toMatchObject({ code: 'SAVEPOINT_STATE' })
    expect(await askJob(socket, { ask: 'status' })).toMatchObject({ metrics: {} })
    await run.stop()
  })

  it('runs all the same where nobody can reach it, and says so', async () => {
    process.env.XDG_RUNTIME_DIR = join(dir, 'x'.repeat(120))
    const tmp = process.env.TMPDIR
    process.env.TMPDIR = join(dir, 'none')
    try {
      const failures: Error[] = []
      const run = await start({ control: { failed: error => void failures.push(error) } })
      expect(failures).toMatchObject([{ code: 'CONTROL_FOLDER' }])
      const warned = new Promise<Error>(resolve => process.once('warning', resolve))
      const other = await start({ name: 'other', checkpoint: undefined, control: true })
      expect(await warned).toMatchObject({ code: 'CONTROL_FOLDER' })
      await Promise.all([run.stop(), other.stop()])
    } finally {
      if (tmp === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = tmp
    }
  })
})

it('a job without control is not listed', async () => {
  const run = await start({ control: false })
  expect((await listJobs([`${dir}/millrace`])).jobs).toEqual([])
  await run.stop()
})

it('a job drains when its signal says so, also before it has begun', async () => {
  const drain = new AbortController()
  const run = await start({ drain: drain.signal })
  while (run.metrics().rowsRead < 5) await new Promise(resolve => setTimeout(resolve, 2))
  drain.abort()
  await run.done
  expect(await shown()).toEqual(counted(run.metrics().rowsRead))
  const again = await start({ drain: drain.signal })
  await again.done
  expect(again.metrics().rowsRead).toBeLessThanOrEqual(1)
})
