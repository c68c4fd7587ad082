import { describe, expect, it } from 'vitest'
import { int64 } from '../../src/batch/data-type.ts'
import { RowOrder } from '../../src/compute/row-order.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })

describe('RowOrder', () => {
  it('goes on behind the places of restored states, of any column that holds places', () => {
    const order = new RowOrder()
    expect(order.from(7n)).toEqual({ first: 7n, rows: 0 })
    const arena = device.arena()
    const restore = (name: string, values: (bigint | null)[]) =>
      order.restored(device, { fields: [{ name, type: int64, nullable: true }], columns: [columnOf(device, arena, int64, values)], rowCount: values.length, arena: arena.address })
    restore('first.order', [5n, null, 2n ** 40n])
    restore('other', [2n ** 50n])
    restore('last.order', [3n, null])
    restore('list.order', [])
    restore('list.order', [null])
    expect(order.from(7n, 64)).toEqual({ first: 2n ** 40n + 8n, rows: 64 })
    arena.release()
    expect(device.pages.used()).toBe(0)
  })
})
