// What a running job tells of itself: OpenMetrics text over HTTP, times of stages, log records.
import { connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openMetricsText } from '../../src/schedule/open-metrics.ts'
import { StageTimes } from '../../src/schedule/stage-times.ts'
import { closeEngines, count, from, sink, source, tumble } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'metrics-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

/** Rows until the gate opens: a job that goes on as long as it is looked at. */
function held() {
  let open = () => {}
  const gate = new Promise<void>(resolve => (open = resolve))
  const rows = source({
    name: 'seconds',
    schema: { at: 'timestamp[ms]', key: 'int32' },
    start: 0,
    splits: () => [{ id: '0' }],
    async *read(_, position: number) {
      for (let at = position; at < 40; at++) {
        if (at === 30) await gate
        yield { rows: [{ at: at * 1000, key: at % 3 }], position: at + 1 }
      }
    },
  })
  const nothing = sink({ name: 'nothing', delivery: 'idempotent', write: () => {} })
  return { open, job: from(rows).watermark('at', { bound: '1s' }).groupBy('key', tumble('at', '5s')).agg({ n: count() }).to(nothing) }
}

/** The samples of a text, and what the grammar of OpenMetrics asks of it. */
function parsed(text: string): Map<string, number> {
  const lines = text.split('\n')
  expect(lines.slice(-2)).toEqual(['# EOF', ''])
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  let family = ''
  for (const line of lines.slice(0, -2)) {
    const meta = /^# (TYPE|UNIT|HELP) (\w+) (.+)$/.exec(line)
    if (meta) {
      if (meta[1] === 'TYPE') {
        family = meta[2]!
        expect(types.has(family), `${family} comes once`).toBe(false)
        types.set(family, meta[3]!)
      }
      if (meta[1] === 'UNIT') expect(family.endsWith(`_${meta[3]}`), `${family} in ${meta[3]}`).toBe(true)
      continue
    }
    const sample = /^(\w+)\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)$/.exec(line)
    expect(sample, line).not.toBeNull()
    const suffix = { counter: '_total', gauge: '', info: '_info' }[types.get(family)!]
    expect(sample![1]).toBe(family + suffix)
    samples.set(`${sample![1]}{${sample![2]}}`, Number(sample![3]))
  }
  return samples
}

describe('metrics', () => {
  it('are served as OpenMetrics text while the job runs', async () => {
    const { open, job } = held()
    const run = await job.start({ name: 'with "quotes"', workers: 0, metrics: { port: 0 }, checkpoint: { dir: join(folder, 'served'), every: '1h' } })
    while (run.metrics().rowsRead < 30) await new Promise(resolve => setTimeout(resolve, 5))
    await run.checkpoint()
    const response = await fetch(run.metricsUrl!)
    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    const samples = parsed(await response.text())
    const name = 'job="with \\"quotes\\""'
    expect(samples.get(`millrace_rows_read_total{${name}}`)).toBe(30)
    expect(samples.get(`millrace_checkpoints_total{${name}}`)).toBe(1)
    expect(samples.get(`millrace_checkpoint_bytes{${name}}`)).toBeGreaterThan(100)
    expect(samples.get(`millrace_job_info{${name},state="running"}`)).toBe(1)
    expect([...samples.keys()].some(key => key.startsWith(`millrace_stage_seconds_total{${name},stage="`))).toBe(true)
    expect((await fetch(run.metricsUrl!.replace('/metrics', '/'))).status).toBe(404)
    expect((await fetch(run.metricsUrl!, { method: 'POST', body: 'x'.repeat(1_000_000) })).status).toBe(405)
    open()
    await run.done
    await expect(fetch(run.metricsUrl!)).rejects.toThrow()
  })

  it('are no way to hold a job up', async () => {
    const { open, job } = held()
    const run = await job.start({ workers: 0, metrics: { port: 0 } })
    const { port, hostname } = new URL(run.metricsUrl!)
    const sockets = Array.from({ length: 40 }, () => connect(Number(port), hostname).on('error', () => {}))
    sockets[0]!.write(`GET /metrics HTTP/1.1\r\nx: ${'x'.repeat(100_000)}`)
    sockets[1]!.write('\0\r\n\r\n')
    open()
    await run.done
    for (const socket of sockets) socket.destroy()
  })

  it('fail the start where the port is taken', async () => {
    const first = held()
    const run = await first.job.start({ workers: 0, metrics: { port: 0 } })
    const second = held()
    await expect(second.job.start({ workers: 0, metrics: { port: Number(new URL(run.metricsUrl!).port) } })).rejects.toThrow(/metrics: 127\.0\.0\.1:\d+ can't be listened on .*give another port/)
    first.open()
    second.open()
    await run.done
  })

  it('show what stages do with their time', () => {
    const times = new StageTimes(0)
    times.sample(100, [{ instances: 2, working: 1, isHeld: false }])
    times.sample(300, [{ instances: 2, working: 0, isHeld: true }])
    times.sample(400, [{ instances: 2, working: 2, isHeld: true }])
    expect(times.of(0)).toEqual({ busyMs: 150, heldMs: 200, idleMs: 50 })
    expect(times.of(1)).toEqual({ busyMs: 0, heldMs: 0, idleMs: 0 })
  })

  it('are text for any name and any number', async () => {
    const { open, job } = held()
    open()
    const run = await job.run({ workers: 0 })
    const samples = parsed(openMetricsText('a "b"\\\nc', { ...run.metrics(), lag: Number.POSITIVE_INFINITY }))
    expect(samples.size).toBeGreaterThan(20)
  })
})

it('a logger hears of checkpoints, of where a job goes on from, and of its end', async () => {
  const records: string[] = []
  const logger = { info: (details: object, message: string) => void records.push(`${message} ${JSON.stringify(details)}`), error: () => {} }
  const options = { name: 'logged', workers: 0, logger, checkpoint: { dir: join(folder, 'logged'), every: '1h' } } as const
  const first = held()
  const run = await first.job.start(options)
  while (run.metrics().rowsRead < 30) await new Promise(resolve => setTimeout(resolve, 5))
  await run.checkpoint()
  await run.stop({ drain: false })
  const second = held()
  second.open()
  await second.job.run(options)
  const words = (text: string) => records.filter(record => record.startsWith(text))
  expect(words('job started')).toHaveLength(2)
  expect(words('checkpoint completed')[0]).toMatch(/"job":"logged","epoch":1,"ms":\d+,"bytes":\d+/)
  expect(words('job goes on from a checkpoint')).toEqual([expect.stringContaining('"epoch":1,"path":"')])
  expect(words('job finished')).toHaveLength(1)
})
