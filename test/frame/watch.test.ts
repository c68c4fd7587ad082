import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { textWidth } from '../../src/base/text-width.ts'
import { watchJob, watchLine, watchLines } from '../../src/frame/watch.ts'
import type { JobMetrics } from '../../src/schedule/metrics.ts'

const totals = (rows: number, rowsOut: number, bytesOut = 0, ms = 0) => ({ rows, rowsOut, bytesOut, ms, spilledBytes: 0 })

/** A job after `seconds`, at 1,000 rows a second. */
function metricsAt(seconds: number, more: Partial<JobMetrics> = {}): JobMetrics {
  const rows = 1_000 * seconds
  return {
    state: 'running',
    rowsRead: rows,
    rowsWritten: rows / 10,
    elapsedMs: 1_000 * seconds,
    latency: { p50Ms: 12.34, p99Ms: 98.7, maxMs: 456 },
    watermark: Date.UTC(2026, 0, 1, 0, 0, seconds),
    counts: { lateRows: 3 },
    checkpoints: { completed: seconds, lastEpoch: seconds, lastMs: 12, lastBytes: 4_096, bytes: 4_096 * seconds },
    memory: { peakBytes: 5 * 2 ** 20, peakBatchBytes: 0 },
    progress: undefined,
    lag: 12_345,
    busyMs: [0],
    steps: { topic: totals(0, rows, 64 * rows), filter: totals(rows, rows / 2, 32 * rows, 100 * seconds), window: totals(rows / 2, rows / 10, 0, 400 * seconds), out: totals(rows / 10, 0) },
    stages: [
      { steps: ['filter'], instances: 2, working: 1, queueFill: 0.5, isHeld: false },
      { steps: ['window'], instances: 1, working: 1, queueFill: 1, isHeld: true },
      { steps: ['out'], instances: 1, working: 0, queueFill: 0, isHeld: false },
    ],
    ...more,
  }
}

const shares = [{ busy: 0.5, queue: 0.25, held: 0 }, { busy: 1, queue: 1, held: 0.75 }, { busy: 0, queue: 0, held: 0 }]
const picture = (more: Partial<JobMetrics> = {}) => ({ name: 'bids', metrics: metricsAt(12, more), before: metricsAt(10), shares, now: Date.UTC(2026, 0, 1, 0, 0, 16) })

describe('watchLines', () => {
  it('shows rows, rates, lag, event time, checkpoints, and each step with what its stage does', () => {
    expect(watchLines(picture(), 100, 40).join('\n')).toMatchInlineSnapshot(`
      "bids · running · 12.0 s
      in 12,000 rows · 1.00 K/s · 12,345 waiting
      out 1,200 rows · 100/s · latency 12 ms, p99 99 ms · late rows 3
      event time 2026-01-01 00:00:12.000 (4.0 s behind)
      checkpoints 12 · epoch 12 in 12 ms, 4.0 KiB · memory 5.0 MiB at most
      ┌────────┬───────────┬────────────┬─────────────┬──────┬───────┬───────┬───────────┐
      │ step   │ rows in/s │ rows out/s │ bytes out/s │ time │  busy │ queue │ held back │
      ├────────┼───────────┼────────────┼─────────────┼──────┼───────┼───────┼───────────┤
      │ topic  │           │     1.00 K │    62.5 KiB │  0 % │       │       │           │
      │ filter │    1.00 K │        500 │    31.3 KiB │  5 % │  50 % │  25 % │       0 % │
      │ window │       500 │        100 │             │ 40 % │ 100 % │ 100 % │      75 % │
      │ out    │       100 │            │             │  0 % │   0 % │   0 % │       0 % │
      └────────┴───────────┴────────────┴─────────────┴──────┴───────┴───────┴───────────┘"
    `)
  })

  it('fits any terminal', () => {
    for (let width = 20; width < 120; width += 3)
      for (let height = 1; height < 20; height++) {
        const lines = watchLines(picture(), width, height)
        expect(lines.length).toBeLessThanOrEqual(height)
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width)
      }
  })

  it('says in what state a job is, and leaves out what is not known', () => {
    const unknown = { latency: undefined, watermark: undefined, lag: undefined, counts: {}, checkpoints: { completed: 0, lastEpoch: undefined, lastMs: undefined, lastBytes: undefined, bytes: 0 } }
    const lines = watchLines({ ...picture({ ...unknown, state: 'draining', progress: 0.256 }), before: undefined }, 100, 5)
    expect(lines.slice(0, 4)).toEqual(['bids · finishing what was taken · 12.0 s', 'in 12,000 rows · 1.00 K/s · 25 %', 'out 1,200 rows · 100/s', 'checkpoints 0 · memory 5.0 MiB at most'])
    expect(watchLines(picture({ elapsedMs: 10_000 }), 100, 3)[1]).toBe('in 12,000 rows · 12,345 waiting')
  })

  it('shows event times of all ages, and names that can not move the cursor', () => {
    const at = (watermark: number) => watchLines(picture({ watermark }), 100, 40)[3]
    expect(at(0)).toBe('event time 1970-01-01 00:00:00.000 (20,454 d behind)')
    expect(at(Date.UTC(2026, 0, 2))).toBe('event time 2026-01-02 00:00:00.000')
    expect(at(1e18)).toBe('event time 1000000000000000000')
    expect(watchLines({ ...picture(), name: 'a\u001b[2Jb' }, 100, 40)[0]).toBe('a\\u001b[2Jb · running · 12.0 s')
  })
})

it('watchLine says it all in one line', () => {
  expect(watchLine(picture({ state: 'ended' }))).toBe(
    'bids · ended · 12.0 s · 12,000 rows in, 1.00 K/s · 1,200 rows out, 100/s · 12,345 waiting · event time 2026-01-01 00:00:12.000 (4.0 s behind) · latency 12 ms, p99 99 ms · late rows 3 · epoch 12 in 12 ms, 4.0 KiB',
  )
})

/** What stands on a terminal of `width` cells after the text: as much of its escapes as the view uses. */
function screen(text: string, width: () => number): string[] {
  const lines: string[] = ['']
  let row = 0
  let column = 0
  for (const [token] of text.matchAll(/\u001b\[\d*[A-Z]|\r|\n|./gu)) {
    const escape = /^\u001b\[(\d*)([A-Z])$/.exec(token)
    if (escape?.[2] === 'A') row = Math.max(0, row - Number(escape[1]))
    else if (escape?.[2] === 'K') lines[row] = lines[row]!.slice(0, column)
    else if (escape?.[2] === 'J') {
      lines.length = row + 1
      lines[row] = lines[row]!.slice(0, column)
    } else if (token === '\r') column = 0
    else if (token === '\n') {
      lines[++row] ??= ''
      column = 0
    } else {
      if (column >= width()) throw new Error('a line wraps')
      lines[row] = lines[row]!.padEnd(column).slice(0, column) + token + lines[row]!.slice(column + 1)
      column++
    }
  }
  return lines
}

describe('watchJob', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function watch(isTerminal: boolean, size = { width: 100, height: 30 }) {
    let ms = 0
    let written = ''
    let draws = 0
    let state: JobMetrics['state'] = 'running'
    const clock = { now: () => Date.UTC(2026, 0, 1), elapsed: () => ms, sleep: async () => {} }
    const target = { isTerminal, width: () => size.width, height: () => size.height, write: (text: string) => {
      written += text
      draws++
    } }
    const watching = watchJob(target, clock, 'bids', () => metricsAt(ms / 1_000, { state }))
    const pass = (seconds: number) => {
      for (const end = ms + 1_000 * seconds; ms < end; ) {
        ms += 100
        watching.sample()
      }
    }
    const stop = (at: JobMetrics['state']) => {
      state = at
      watching.stop()
    }
    return { pass, stop, text: () => written, draws: () => draws }
  }

  it('is drawn twice a second in its place, which shows the last picture and nothing else', () => {
    const { pass, stop, text, draws } = watch(true)
    pass(10)
    expect(draws()).toBe(20)
    const lines = screen(text(), () => 100)
    expect(lines.filter(line => line.includes('bids · running'))).toEqual(['bids · running · 10.0 s'])
    expect(lines[1]).toBe('in 10,000 rows · 1.00 K/s · 12,345 waiting')
    expect(lines).toHaveLength(14)
    expect(lines.find(line => line.startsWith('│ window'))).toContain('│ 100 % │ 100 % │     100 % │')
    stop('ended')
    expect(screen(text(), () => 100)[0]).toBe('bids · ended · 10.0 s')
    expect(screen(text(), () => 100).at(-1)).toBe('')
  })

  it('follows a terminal that is made smaller', () => {
    const size = { width: 100, height: 30 }
    const { pass, stop, text } = watch(true, size)
    pass(1)
    size.width = 30
    size.height = 8
    const before = text().length
    pass(1)
    stop('failed')
    const last = text().slice(before)
    // The lines drawn before have wrapped: the cursor goes up over all of them.
    expect(last).toMatch(/^\u001b\[(3\d|4\d)A\r/)
    const lines = screen(last, () => 30)
    expect(lines.length).toBeLessThanOrEqual(8)
    expect(lines[0]).toBe('bids · ended without finishi…')
  })

  it('is a line in five seconds in a pipe, and one at the end', () => {
    const { pass, stop, text } = watch(false)
    pass(12)
    stop('ended')
    const lines = text().trimEnd().split('\n')
    expect(lines.map(line => line.slice(0, 24))).toEqual(['bids · running · 5.0 s ·', 'bids · running · 10.0 s ', 'bids · ended · 12.0 s · '])
    expect(text()).not.toContain('\u001b')
  })
})
