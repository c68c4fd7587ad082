import { describe, expect, it } from 'vitest'
import { RowSequence } from '../../src/schedule/row-sequence.ts'

describe('the places of rows', () => {
  it('rise within a message and from message to message', () => {
    const order = new RowSequence()
    expect([order.take(3, 10), order.take(3, 5), order.take(4, 1), order.take(6, 2), order.take(6, 1)]).toEqual([3n << 32n, (3n << 32n) + 10n, 4n << 32n, 6n << 32n, (6n << 32n) + 2n])
  })
})
