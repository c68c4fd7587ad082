// Texts by codes alone: a column whose 16-byte views are made only when somebody asks for them. Steps that look at codes (grouping, compiled passes,
// exchanges, collecting) never ask.
import type { Codes, Column, NarrowValues } from '../batch/batch.ts'
import { valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { narrowColumn } from './narrow.ts'

/**
 * A column of codes alone, whose views are made in `arena` when they are asked for; behind a null they are empty. All codes must lie within the dictionary, which
 * is kept or lives in `codes.arena`, and `arena` must hold that. Cost: nothing, later 0.7 ns a row.
 */
export function codedColumn(device: Device, arena: Arena, { type, length, validity, codes }: Omit<Column, 'values' | 'codes'> & { readonly codes: Codes }): Column {
  let views = 0
  return {
    type,
    length,
    get values() {
      if (views === 0) {
        views = arena.allocate(valueBytes(type, length))
        device.kernels.gatherView(codes.dictionary.values, codes.values, length, views)
        if (validity !== 0) device.kernels.zeroNullViews(views, length, validity)
      }
      return views
    },
    validity,
    codes: { ...codes, alone: true },
  }
}

/** What makes columns whose values are yet to be made (`YetToMake`): in `arena`. */
export function madeIn(device: Device, arena: Arena): (column: Omit<Column, 'values'>) => Column {
  return column => (column.narrow ? narrowColumn(device, arena, column as Omit<Column, 'values' | 'narrow'> & { readonly narrow: NarrowValues }) : codedColumn(device, arena, column as Omit<Column, 'values' | 'codes'> & { readonly codes: Codes }))
}
