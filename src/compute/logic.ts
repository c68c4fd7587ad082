// Kleene logic on bool columns: null is "not known", so false AND null is false and true OR null is true.
import type { Column } from '../batch/batch.ts'
import { bool } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, andNotBits, filledBits, notBits, orBits } from './bitmap.ts'

/** a AND b, or a OR b. Cost: up to five passes over bitmaps, one where nothing is null. */
export function logic(device: Device, arena: Arena, op: 'and' | 'or', a: Column, b: Column): Column {
  const rows = a.length
  if (a.validity === 0 && b.validity === 0) {
    const values = op === 'and' ? andBits(device, arena, a.values, b.values, rows) : orBits(device, arena, a.values, b.values, rows)
    return { type: bool, length: rows, values, validity: 0 }
  }
  const trueA = truth(device, arena, a)
  const trueB = truth(device, arena, b)
  const falseA = falsehood(device, arena, a)
  const falseB = falsehood(device, arena, b)
  const values = op === 'and' ? andBits(device, arena, trueA, trueB, rows) : orBits(device, arena, trueA, trueB, rows)
  const isFalse = op === 'and' ? orBits(device, arena, falseA, falseB, rows) : andBits(device, arena, falseA, falseB, rows)
  return { type: bool, length: rows, values, validity: orBits(device, arena, values, isFalse, rows) }
}

/** NOT a; null stays null. */
export function not(device: Device, arena: Arena, a: Column): Column {
  return { type: bool, length: a.length, values: notBits(device, arena, a.values, a.length), validity: a.validity }
}

/** The bitmap of rows that are true: not false, not null. It is `a`'s own where nothing is null. */
export function truth(device: Device, arena: Arena, a: Column): number {
  return andBits(device, arena, a.values, a.validity, a.length)
}

/** The bitmap of rows that are false: not true, not null. */
export function falsehood(device: Device, arena: Arena, a: Column): number {
  return a.validity === 0 ? notBits(device, arena, a.values, a.length) : andNotBits(device, arena, a.validity, a.values, a.length)
}

/** A bool column that says which rows are null, or which are not. */
export function isNull(device: Device, arena: Arena, a: Column, wanted: boolean): Column {
  const values = a.validity === 0 ? filledBits(device, arena, a.length, !wanted) : wanted ? notBits(device, arena, a.validity, a.length) : a.validity
  return { type: bool, length: a.length, values, validity: 0 }
}
