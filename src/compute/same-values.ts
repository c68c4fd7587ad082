// Whether rows are what they were: columns compared value by value, where null is like null.
import type { Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, andNotBits, filledBits, orBits } from './bitmap.ts'
import { compare } from './compare.ts'

/** The bitmap in `arena` of rows that are equal in all columns: nulls to nulls, −0 to 0, NaN to nothing. Columns of the same types in both. */
export function sameValues(device: Device, arena: Arena, before: readonly Column[], after: readonly Column[], rows: number): number {
  let all = filledBits(device, arena, rows, true)
  before.forEach((a, i) => (all = andBits(device, arena, all, sameColumn(device, arena, a, after[i]!, rows), rows)))
  return all
}

function sameColumn(device: Device, arena: Arena, a: Column, b: Column, rows: number): number {
  const whole = () => filledBits(device, arena, rows, true)
  if (a.type.kind === 'null') return whole()
  const equal = compare(device, arena, 'eq', a, b)
  if (equal.validity === 0) return equal.values
  const known = andBits(device, arena, equal.values, equal.validity, rows)
  if (a.validity === 0 || b.validity === 0) return known
  return orBits(device, arena, known, andNotBits(device, arena, whole(), orBits(device, arena, a.validity, b.validity, rows), rows), rows)
}
