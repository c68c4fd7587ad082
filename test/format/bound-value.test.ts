import { describe, expect, it } from 'vitest'
import { parseType } from '../../src/batch/type-name.ts'
import { boundValue } from '../../src/format/parquet/bound-value.ts'

describe('bounds as values', () => {
  it.each([
    ['int32', 7, 7],
    ['int64', 7n, 7n],
    ['uint64', 2n ** 63n, 2n ** 63n],
    ['date', 2, 2 * 86_400_000],
    ['timestamp[s]', 5n, 5_000],
    ['timestamp[ms]', 5n, 5],
    ['timestamp[us]', 5n, 5n],
    ['time[ns]', 5n, 5n],
    ['decimal(10, 2)', -125n, '-1.25'],
    ['float64', 1.5, 1.5],
    ['bool', true, true],
    ['utf8', Buffer.from('Zürich'), 'Zürich'],
    ['binary', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ] as const)('of %s are as rows have them', (type, stored, value) => {
    expect(boundValue(parseType(type, 'test').type, stored)).toEqual(value)
  })

  it('of texts that were cut have whole characters', () => {
    expect(boundValue({ kind: 'utf8' }, Buffer.from('Zürich').subarray(0, 2))).toBe('Z')
  })
})
