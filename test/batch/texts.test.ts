import { describe, expect, it } from 'vitest'
import { formatDecimal, parseDecimal } from '../../src/batch/decimal-text.ts'
import { formatInterval, formatSpan, parseInterval, parseSpan } from '../../src/batch/duration-text.ts'
import { float16Bits, float16Number } from '../../src/batch/float16.ts'
import { formatDay, formatTime, parseDay, parseTime } from '../../src/batch/time-text.ts'

describe('values as text', () => {
  it('times of day', () => {
    expect(formatTime(86_399_999n, 'ms')).toBe('23:59:59.999')
    expect(formatTime(0n, 's')).toBe('00:00:00')
    expect(formatTime(1n, 'ns')).toBe('00:00:00.000000001')
    expect(formatTime(-1n, 'ms')).toBe('-1')
    for (const unit of ['s', 'ms', 'us', 'ns'] as const) for (const value of [0n, 1n, 3_599n, 86_399n]) expect(parseTime(formatTime(value, unit), unit)).toBe(value)
  })

  it('days', () => {
    expect(formatDay(-1)).toBe('1969-12-31')
    expect(formatDay(2 ** 31 - 1)).toBe(String(2 ** 31 - 1))
    expect(parseDay(formatDay(19_782))).toBe(19_782)
    expect(parseDay('2024-01-01T00:00:01Z')).toBeUndefined()
  })

  it('decimals', () => {
    expect(formatDecimal(-5n, 3)).toBe('-0.005')
    expect(formatDecimal(-5n, 0)).toBe('-5')
    expect(parseDecimal('-0.005', 3)).toBe(-5n)
    for (const bad of ['', '.', '-', '1.2.3', '0x1', ' ', '1 2', 'e5']) expect(parseDecimal(bad, 2)).toBeUndefined()
    expect(parseDecimal('0e9999', 2)).toBe(0n)
  })

  it('spans and intervals', () => {
    for (const text of ['PT0S', 'P14M', 'P-1M3DT-0.000000001S', 'P3DT5S']) expect(formatInterval(parseInterval(text)!)).toBe(text)
    for (const bad of ['', 'P', 'PT', 'P1', '1M', 'P1H', 'PT1M2H', 'P9999999999M', 'PT99999999999999H', 'PTS', 'PT-S']) expect(parseInterval(bad)).toBeUndefined()
    expect(formatSpan(-1_500n, 'ms')).toBe('PT-1.5S')
    expect(parseSpan('PT-1.5S', 'ms')).toBe(-1_500n)
    expect(parseSpan('2h', 's')).toBe(7_200n)
    expect(parseSpan('1ms', 's')).toBeUndefined()
  })

  it('half floats: every one of the 65,536 comes back, and numbers between two go to the even one', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const number = float16Number(bits)
      expect(Number.isNaN(number) ? Number.isNaN(float16Number(float16Bits(number))) : float16Bits(number) === bits).toBe(true)
    }
    expect(float16Number(float16Bits(2_049))).toBe(2_048)
    expect(float16Number(float16Bits(2_051))).toBe(2_052)
    expect(float16Number(float16Bits(2_049.0001))).toBe(2_050)
    expect(float16Bits(65_520)).toBe(0x7c00)
  })
})
