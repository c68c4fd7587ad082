import { describe, expect, it } from 'vitest'
import { formatTimestamp, parseTimestamp } from '../../src/batch/timestamp-text.ts'

describe('a time as text', () => {
  it.each([
    ['1970-01-01', 'ms', 0n],
    ['1970-01-01T00:00:01', 's', 1n],
    ['1970-01-01 00:00:01.5', 'ms', 1_500n],
    ['1969-12-31T23:59:59.999999999Z', 'ns', -1n],
    ['2024-02-29T12:00:00+02:00', 'ms', 1_709_200_800_000n],
    ['2024-02-29T12:00:00-0230', 's', 1_709_217_000n],
    ['0001-01-01', 's', -62_135_596_800n],
    ['1970-01-01T00:00', 'us', 0n],
  ] as const)('%s is read in UTC', (text, unit, expected) => {
    expect(parseTimestamp(text, unit)).toBe(expected)
  })

  it.each(['', 'x', '2023-02-29', '2024-13-01', '2024-01-01T24:00:00', '2024-01-01T00:60:00', '2024-1-1', '2024-01-01T00:00:00.0001', '2024-01-01T00:00:00+1'])(
    '%j is none',
    text => {
      expect(parseTimestamp(text, 'ms')).toBeUndefined()
    },
  )

  it('is written with the digits of its unit, and read back', () => {
    const cases = [
      [-1n, 's'],
      [-1n, 'ms'],
      [1_700_000_000_123_456n, 'us'],
      [-1n, 'ns'],
      [0n, 'ms'],
    ] as const
    for (const [value, unit] of cases) expect(parseTimestamp(formatTimestamp(value, unit), unit)).toBe(value)
    expect(formatTimestamp(-1n, 'ns')).toBe('1969-12-31T23:59:59.999999999Z')
    expect(formatTimestamp(0n, 's')).toBe('1970-01-01T00:00:00Z')
    expect(formatTimestamp(2n ** 62n, 's')).toBe('4611686018427387904')
  })
})
