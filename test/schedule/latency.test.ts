import { expect, it } from 'vitest'
import { Latency } from '../../src/schedule/latency.ts'

function latency() {
  const time = { ms: 0 }
  const clock = { now: () => time.ms, elapsed: () => time.ms } as ConstructorParameters<typeof Latency>[0]
  const kept = new Latency(clock, 1_024, undefined)
  const write = (at: number, ms: number, rows: number) => {
    time.ms = at
    kept.written(rows, at - ms)
  }
  return { kept, write, wait: (at: number) => void (time.ms = at) }
}


it('is that of rows, not of batches', () => {
  const { kept, write } = latency()
  expect(kept.metrics()).toBeUndefined()
  write(1_000, 10, 97)
  write(1_100, 40, 1)
  write(1_200, 80, 1)
  write(1_300, 500, 1)
  const { p50Ms, p99Ms, maxMs } = kept.metrics()!
  for (const [found, ms] of [[p50Ms, 10], [p99Ms, 80], [maxMs, 500]] as const) expect(Math.abs(found / ms - 1)).toBeLessThan(0.046)
})

it('takes no account of rows that came of nothing read', () => {
  const { kept } = latency()
  kept.written(5, undefined)
  expect(kept.metrics()).toBeUndefined()
})

it('forgets what is a minute old', () => {
  const { kept, write, wait } = latency()
  write(0, 900, 10)
  write(29_000, 10, 10)
  wait(31_000)
  expect(kept.metrics()!.maxMs).toBeGreaterThan(800)
  write(62_000, 10, 10)
  expect(kept.metrics()!.maxMs).toBeLessThan(20)
  wait(200_000)
  expect(kept.metrics()).toBeUndefined()
})

it.each([0, 1e-3, 0.0625, 1, 1e6, 1e9])('has a place for %d ms', ms => {
  const { kept, write } = latency()
  write(1e12, ms, 1)
  const { p50Ms, maxMs } = kept.metrics()!
  expect(p50Ms).toBe(maxMs)
  if (ms >= 0.0625 && ms <= 1e6) expect(Math.abs(maxMs / ms - 1)).toBeLessThan(0.046)
})
