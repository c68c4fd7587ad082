// Taking rows by their numbers: what filters, joins, sorts and exchanges end in.
import { allocateColumn, type Batch, type Codes, type Column } from '../batch/batch.ts'
import { bitmapBytes, layoutOf } from '../batch/data-type.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/**
 * Row i of the result is row indices[i] of `column`; `indices` is the address of `rows` u32, each below the column's length.
 * Views still point at the bytes of their source: see `holdViews`. Codes are taken along. Cost: 0.5–2 ns a row where the column is in cache.
 */
export function gatherColumn(device: Device, arena: Arena, column: Column, indices: number, rows: number): Column {
  const { kernels } = device
  const out = { ...allocateColumn(arena, column.type, rows), ...(column.codes && { codes: gatherCodes(device, arena, column.codes, indices, rows) }) }
  switch (layoutOf(column.type)) {
    case 'bit':
      kernels.gatherBits(column.values, indices, rows, out.values)
      break
    case 'word4':
      kernels.gatherWord4(column.values, indices, rows, out.values)
      break
    case 'word8':
      kernels.gatherWord8(column.values, indices, rows, out.values)
      break
    case 'view':
      kernels.gatherView(column.values, indices, rows, out.values)
      break
  }
  if (column.validity === 0) return out
  const validity = arena.allocate(bitmapBytes(rows))
  kernels.gatherBits(column.validity, indices, rows, validity)
  return { ...out, validity }
}

function gatherCodes(device: Device, arena: Arena, codes: Codes, indices: number, rows: number): Codes {
  const values = arena.allocate(4 * rows)
  device.kernels.gatherWord4(codes.values, indices, rows, values)
  return { ...codes, values }
}

/** The rows `indices` of a batch, as a batch in `arena` that keeps the source's arena alive where its views need it. */
export function gatherBatch(device: Device, arena: Arena, batch: Batch, indices: number, rows: number): Batch {
  const columns = batch.columns.map(column => gatherColumn(device, arena, column, indices, rows))
  holdViews(device, arena, batch)
  return { fields: batch.fields, rowCount: rows, columns, arena: arena.address }
}

/** Keeps `source`'s arena alive for as long as `arena` lives, if `source` has views whose bytes results in `arena` point at. */
export function holdViews(device: Device, arena: Arena, source: Batch): void {
  if (source.arena === 0 || source.arena === arena.address || !source.columns.some(c => layoutOf(c.type) === 'view')) return
  retainArena(device, source.arena)
  arena.hold(source.arena)
}

/** The address of the u32 numbers 0 … rows − 1, plus `start`. */
export function rowNumbers(device: Device, arena: Arena, rows: number, start = 0): number {
  const out = arena.allocate(4 * rows)
  device.kernels.fillIndices(out, rows, start)
  return out
}

/** As `gatherBatch`, with the bytes behind views copied too: for sources whose memory is reused, such as stored rows. */
export function gatherOwned(device: Device, arena: Arena, batch: Batch, indices: number, rows: number): Batch {
  const { kernels } = device
  const columns = batch.columns.map(column => {
    const out = gatherColumn(device, arena, column, indices, rows)
    if (layoutOf(column.type) !== 'view') return out
    const bytes = kernels.countViewBytes(out.values, rows)
    if (bytes > 0) kernels.copyViews(out.values, rows, out.values, arena.allocate(bytes))
    return out
  })
  return { fields: batch.fields, rowCount: rows, columns, arena: arena.address }
}
