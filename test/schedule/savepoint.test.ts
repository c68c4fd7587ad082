import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConnectorError } from '../../src/base/errors.ts'
import { secret } from '../../src/base/secret.ts'
import { closeEngines } from '../../src/engine.ts'
import { count, sum } from '../../src/frame/aggregates.ts'
import { fromData, sink, source } from '../../src/frame/from.ts'
import { job } from '../../src/frame/job.ts'
import { read } from '../../src/frame/read.ts'
import { write } from '../../src/frame/write.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))
afterAll(closeEngines)

/** 0 … 99 in rows of their own; waits at every number that has a gate. */
function numbers(gates: Readonly<Record<number, Promise<void>>> = {}) {
  return fromData(
    source({
      name: 'numbers',
      schema: { n: 'int32' },
      start: 0,
      bounded: true,
      splits: () => [{ id: '0' }],
      async *read(_, position) {
        for (let n = position; n < 100; n++) {
          await gates[n]
          yield { rows: [{ n }], position: n + 1 }
        }
      },
    }),
  )
}

function gate() {
  let open = () => {}
  const closed = new Promise<void>(resolve => (open = resolve))
  return { closed, open }
}

const reached = async (run: { metrics(): { rowsRead: number } }, rows: number) => {
  while (run.metrics().rowsRead < rows) await new Promise(resolve => setTimeout(resolve, 2))
}
const all = Array.from({ length: 100 }, (_, n) => n)
const shown = async (path: string) => (await read.ndjson(path, { schema: { n: 'int32' } }).collect()).toArray().map(row => (row as { n: number }).n)
const options = (extra = {}) => ({ name: 'numbers', batchRows: 4, checkpoint: { dir: `${dir}/state`, every: '1h' as const }, ...extra })

describe.each(['file.ndjson', 'folder/'])('a job to %s', output => {
  test('goes on behind a savepoint as if nothing had come after it', async () => {
    const target = () => write.ndjson(`${dir}/${output}`)
    const gates = [gate(), gate()]
    const run = await numbers({ 20: gates[0]!.closed, 50: gates[1]!.closed }).to(target()).start(options())
    await reached(run, 20)
    const saved = await run.savepoint(`${dir}/saved`)
    expect(saved).toMatchObject({ path: `${dir}/saved`, epoch: 1 })
    expect(await readdir(`${dir}/saved`)).toContain('manifest.json')
    gates[0]!.open()
    await reached(run, 50)
    await run.checkpoint()
    await run.stop()
    const again = await numbers().to(target()).run(options({ restore: `${dir}/saved` }))
    expect(again.metrics().rowsRead).toBe(80)
    expect(await shown(`${dir}/${output}`)).toEqual(all)
    gates[1]!.open()
  })

  test('goes on elsewhere: the savepoint was moved, its state is a new directory', async () => {
    const target = () => write.ndjson(`${dir}/${output}`)
    const held = gate()
    const run = await numbers({ 20: held.closed }).to(target()).start(options())
    await reached(run, 20)
    const saved = await run.stop({ savepoint: `${dir}/saved` })
    expect(saved).toMatchObject({ epoch: 1 })
    await cp(`${dir}/saved`, `${dir}/moved`, { recursive: true })
    for (const gone of ['saved', 'state']) await rm(`${dir}/${gone}`, { recursive: true })
    await numbers().to(target()).run(options({ restore: `${dir}/moved`, checkpoint: { dir: `${dir}/other` } }))
    expect(await shown(`${dir}/${output}`)).toEqual(all)
    held.open()
  })
})

test('state of operators is in a savepoint, also an encrypted one', async () => {
  const encrypt = secret('SAVEPOINT_TEST_KEY')
  process.env.SAVEPOINT_TEST_KEY = 'ef'.repeat(32)
  const rows: unknown[] = []
  const target = sink({ name: 'rows', delivery: 'idempotent', write: batch => void rows.push([...batch.column('n').toArray(), ...batch.column('total').toArray()]) })
  const held = gate()
  const totals = (gates?: Record<number, Promise<void>>) => numbers(gates).groupBy().agg({ n: count(), total: sum('n') }).to(target)
  const run = await totals({ 40: held.closed }).start(options({ checkpoint: { dir: `${dir}/state`, encrypt }, workers: 2 }))
  await reached(run, 40)
  await run.stop({ savepoint: `${dir}/saved` })
  rows.length = 0
  await totals().run(options({ checkpoint: { dir: `${dir}/other`, encrypt }, restore: `${dir}/saved` }))
  expect(rows).toEqual([[100, 4950n]])
  await expect(totals().run(options({ restore: `${dir}/saved`, checkpoint: { dir: `${dir}/third` } }))).rejects.toMatchObject({ code: 'KEY_MISSING' })
  held.open()
})

test('a savepoint that fails leaves the job as it was', async () => {
  const held = gate()
  const run = await numbers({ 20: held.closed }).to(write.ndjson(`${dir}/out.ndjson`)).start(options())
  await reached(run, 20)
  await writeFile(`${dir}/file`, '')
  await expect(run.savepoint(`${dir}/file`)).rejects.toMatchObject({ code: expect.stringMatching(/^DISK_/) })
  await expect(run.stop({ savepoint: `${dir}/file/below` })).rejects.toMatchObject({ code: expect.stringMatching(/^DISK_/) })
  await expect(run.savepoint(dir)).rejects.toMatchObject({ code: 'SAVEPOINT_EXISTS' })
  await expect(run.stop({ drain: false, savepoint: `${dir}/saved` })).rejects.toMatchObject({ code: 'SAVEPOINT_STATE' })
  const [first, second] = await Promise.all([run.savepoint(`${dir}/first`), run.savepoint(`${dir}/second`)])
  expect(Math.abs(first!.epoch - second!.epoch)).toBe(1)
  held.open()
  await run.done
  await expect(run.savepoint(`${dir}/late`)).rejects.toMatchObject({ name: 'ConnectorError', code: 'JOB_ENDED' })
  await expect(run.checkpoint()).rejects.toMatchObject({ code: 'JOB_ENDED' })
  expect(await shown(`${dir}/out.ndjson`)).toEqual(all)
})

test('a job without checkpoints has no savepoints', async () => {
  const held = gate()
  const run = await numbers({ 20: held.closed }).to(write.ndjson(`${dir}/out.ndjson`)).start({})
  await expect(run.savepoint(`${dir}/saved`)).rejects.toMatchObject({ name: 'PlanError', code: 'SAVEPOINT_STATE' })
  await expect(numbers().to(write.ndjson(`${dir}/other.ndjson`)).run({ restore: `${dir}/saved` })).rejects.toMatchObject({ name: 'PlanError', code: 'RESTORE' })
  held.open()
  await run.done
})

test('a savepoint of another job, or of none, is refused, and what is newest stays so', async () => {
  const target = () => write.ndjson(`${dir}/folder/`)
  const held = gate()
  const run = await numbers({ 20: held.closed }).to(target()).start(options())
  await reached(run, 20)
  await run.savepoint(`${dir}/saved`)
  await run.stop()
  held.open()
  const before = await readdir(`${dir}/state/numbers`)
  await expect(numbers().to(target()).run(options({ name: 'others', restore: `${dir}/saved` }))).rejects.toMatchObject({ code: 'CHECKPOINT_JOB' })
  await expect(numbers().to(target()).run(options({ restore: `${dir}/none` }))).rejects.toMatchObject({ code: 'SAVEPOINT_MISSING' })
  const changed = read.csv(`${dir}/some.csv`)
  await writeFile(`${dir}/some.csv`, 'n\n1\n')
  await expect(changed.to(target()).run(options({ restore: `${dir}/saved` }))).rejects.toMatchObject({ code: 'STATE_INCOMPATIBLE' })
  expect(await readdir(`${dir}/state/numbers`)).toEqual(before)
})

test('an audit log tells of a savepoint, and a restart goes on from what was made after it', async () => {
  let failures = 0
  let isFlaky = false
  const flaky = sink({
    name: 'flaky',
    delivery: 'idempotent',
    write(batch) {
      if (isFlaky && (batch.column('n').toArray() as number[]).includes(60) && failures++ === 0) throw new ConnectorError('AWAY', 'elsewhere: away for a moment', { retryable: true })
    },
  })
  const both = (gates?: Record<number, Promise<void>>) => {
    const rows = numbers(gates)
    return job({ shown: rows.to(write.ndjson(`${dir}/folder/`)), flaky: rows.to(flaky) })
  }
  const held = gate()
  const first = await both({ 20: held.closed }).start(options({ audit: `${dir}/audit` }))
  await reached(first, 20)
  await first.stop({ savepoint: `${dir}/saved` })
  held.open()
  isFlaky = true
  await both().run(options({ restore: `${dir}/saved`, restart: { attempts: 1, backoff: 1 }, checkpoint: { dir: `${dir}/state`, every: 1 } }))
  expect(failures).toBe(2)
  expect(await shown(`${dir}/folder/`)).toEqual(all)
  const audit = await readFile(`${dir}/audit/audit.ndjson`, 'utf8')
  expect(audit.split('\n').filter(line => line.includes('"savepoint"'))).toHaveLength(1)
})
