// Draws of rows by chance, each a function of a seed and the row's number.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { float64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { ChosenRows } from './row-numbers.ts'

/** A draw in [0, 1) for each of `rows` rows from number `first` on. `seed` is a whole number below 2^32. */
export function draws(device: Device, arena: Arena, seed: number, first: number, rows: number): Column {
  const out = allocateColumn(arena, float64, rows)
  device.kernels.drawsF64(seed, first, rows, out.values)
  return out
}

/** The rows, each as often as its draw says, `mean` times on average by a Poisson distribution. At most 255 times. */
export function repeatByChance(device: Device, arena: Arena, drawn: Column, mean: number): ChosenRows {
  const counts = arena.allocate(4 * drawn.length)
  const rows = device.kernels.poissonCounts(drawn.values, drawn.length, mean, Math.exp(-mean), counts)
  const indices = arena.allocate(4 * rows)
  device.kernels.repeatRows(counts, drawn.length, indices)
  return { indices, rows }
}
