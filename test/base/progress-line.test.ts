import { describe, expect, it } from 'vitest'
import { progressLine, progressReporter, shortCount } from '../../src/base/progress-line.ts'
import { textWidth } from '../../src/base/text-width.ts'

function fakeClock() {
  let time = 0
  return { now: () => time, elapsed: () => time, sleep: async () => {}, pass: (ms: number) => (time += ms) }
}

describe('progressLine', () => {
  it('shows bar, percent, rates and the time left where the total is known', () => {
    expect(progressLine({ rows: 2_500_000, rowsTotal: 10_000_000, bytes: 2 ** 30, elapsedMs: 5_000, label: 'convert' })).toBe(
      'convert · █████░░░░░░░░░░░░░░░  25 % · 2,500,000 rows · 500 K rows/s · 204.8 MiB/s · 15.0 s left',
    )
  })
  it('shows the time gone where it is not', () => {
    expect(progressLine({ rows: 1234, elapsedMs: 2_000 })).toBe('1,234 rows · 617 rows/s · 2.0 s')
    expect(progressLine({ rows: 0, elapsedMs: 0 })).toBe('0 rows · 0 ms')
  })
  it('fits the width it is given', () => {
    for (let width = 12; width < 100; width++)
      expect(textWidth(progressLine({ rows: 99, rowsTotal: 100, bytes: 5, elapsedMs: 7_000, label: 'job' }, width))).toBeLessThanOrEqual(width)
  })
  it('never passes 100 %', () => {
    expect(progressLine({ rows: 30, rowsTotal: 20, elapsedMs: 1 })).toContain('100 %')
    expect(progressLine({ rows: 30, fraction: 0.5, elapsedMs: 1 })).toContain(' 50 %')
  })
  it('shortens counts', () => {
    expect([0, 7.4, 999, 999.6, 12_345, 4_560_000, 1.2e9].map(shortCount)).toEqual(['0', '7', '999', '1.00 K', '12.3 K', '4.56 M', '1.20 G'])
  })
})

describe('progressReporter', () => {
  const run = (isTerminal: boolean) => {
    const clock = fakeClock()
    let text = ''
    const reporter = progressReporter({ isTerminal, write: more => (text += more), width: () => 80 }, clock)
    for (let i = 0; i < 1_000; i++) {
      reporter.update({ rows: i, elapsedMs: clock.elapsed() })
      clock.pass(20)
    }
    reporter.finish({ rows: 1_000, elapsedMs: clock.elapsed() })
    return text
  }
  it('redraws one line of a terminal at most ten times a second', () => {
    const text = run(true)
    expect(text.split('\r')).toHaveLength(1 + 200 + 1)
    expect(text.indexOf('\n')).toBe(text.length - 1)
  })
  it('writes a plain line every five seconds into a pipe', () => {
    const text = run(false)
    expect(text).not.toContain('\r')
    expect(text.trimEnd().split('\n')).toHaveLength(4)
    expect(text).toContain('1,000 rows')
  })
  it('clears the live line for other output and draws it again', () => {
    const clock = fakeClock()
    const written: string[] = []
    const reporter = progressReporter({ isTerminal: true, write: text => written.push(text) }, clock)
    reporter.clear()
    clock.pass(100)
    reporter.update({ rows: 1, elapsedMs: 1 })
    reporter.clear()
    reporter.update({ rows: 2, elapsedMs: 2 })
    expect(written).toHaveLength(3)
    expect(written[1]).toBe('\r\u001b[K')
  })
})
