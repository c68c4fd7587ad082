// Columns of nothing but nulls: what a null constant, a missing column or the unmatched side of a join becomes.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'

/** `rows` nulls of a type, in `arena`. What stands behind them is zeros, at any depth. */
export function nullColumn(arena: Arena, type: DataType, rows: number): Column {
  return { ...zeroColumn(arena, type, rows), validity: arena.allocateZeroed(bitmapBytes(rows)) }
}

// Zeros without nulls: what a member that is never null holds where its struct is null.
function zeroColumn(arena: Arena, type: DataType, length: number): Column {
  const layout = layoutOf(type)
  const inRow = layout === 'children'
  const values = inRow || layout === 'none' ? 0 : arena.allocateZeroed(valueBytes(type, length))
  if (!inRow && layout !== 'list') return { type, length, values, validity: layout === 'none' ? arena.allocateZeroed(bitmapBytes(length)) : 0 }
  const childRows = layout === 'list' ? 0 : type.kind === 'fixedList' ? type.size * length : length
  const children = childrenOf(type).map(child => (child.nullable ? nullColumn(arena, child.type, childRows) : zeroColumn(arena, child.type, childRows)))
  return { type, length, values, validity: 0, children }
}
