// When stored rows came, by the clock: those that are older than their time to live are as good as gone, and go when it is worth it.
import { type Column, allocateColumn } from '../batch/batch.ts'
import { float64 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Pairs } from './join-index.ts'

/** The hidden column of stored rows: epoch milliseconds. */
export const cameField: Field = { name: '$came', type: float64, nullable: false }

/** The column of rows that come now. */
export function cameNow(device: Device, arena: Arena, rows: number, now: number): Column {
  const column = allocateColumn(arena, float64, rows)
  device.memory.float64s(column.values, rows).fill(now)
  return column
}

/** Keeps the pairs whose stored row came after `since`, in place, in order; returns how many. */
export function keepFresh({ kernels }: Device, { left, right, count }: Pairs, came: Column, since: number): number {
  return kernels.keepFresh(left, right, count, came.values, since)
}

/** Clears the byte, at `alive`, of each row that came at `since` or before; returns how many it cleared. */
export function clearOld({ kernels }: Device, came: Column, since: number, alive: number): number {
  return kernels.clearOld(came.values, came.length, since, alive)
}

/** How many rows at the beginning came at `since` or before. */
export function countOld({ kernels }: Device, came: Column, since: number): number {
  return kernels.countOld(came.values, came.length, since)
}
