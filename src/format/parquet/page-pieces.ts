// The rows of a row group in pieces, cut wherever a page of one of some columns begins, with what the page index says of each.
import type { ByteReader } from '../../base/bytes.ts'
import type { ValueBounds } from '../../batch/value-bounds.ts'
import type { ColumnChunk } from './metadata.ts'
import type { ParquetColumn } from './read-footer.ts'
import { type PagePlace, readPageBounds, readPagePlaces } from './read-page-index.ts'

/** Rows [start, end), and the bounds of the columns' values in them. */
export interface PagePiece {
  readonly start: number
  readonly end: number
  readonly bounds: Readonly<Record<string, ValueBounds>>
}

interface ColumnPages {
  readonly name: string
  readonly pages: readonly PagePlace[]
  readonly bounds: readonly ValueBounds[]
}

/** The pieces by the flat ones among `columns`; undefined where none has an index of more than one page. Cost: the indexes of these columns, two reads each. */
export function pagePieces(reader: ByteReader, columns: readonly ParquetColumn[], chunks: readonly ColumnChunk[], rowCount: number): PagePiece[] | undefined {
  const known = columns.flatMap(column => pagesOf(reader, column, chunks[column.leaf]!, rowCount) ?? [])
  if (known.length === 0) return undefined
  const starts = [...new Set(known.flatMap(({ pages }) => pages.map(({ firstRow }) => firstRow)))].sort((a, b) => a - b)
  const at = known.map(() => 0)
  return starts.map((start, i) => {
    const bounds = known.map(({ name, pages, bounds: all }, k) => {
      while (at[k]! + 1 < pages.length && pages[at[k]! + 1]!.firstRow <= start) at[k]!++
      return [name, all[at[k]!]!] as const
    })
    return { start, end: starts[i + 1] ?? rowCount, bounds: Object.fromEntries(bounds) }
  })
}

function pagesOf(reader: ByteReader, column: ParquetColumn, chunk: ColumnChunk, rowCount: number): ColumnPages | undefined {
  if (column.nested || !chunk.columnIndex) return undefined
  const pages = readPagePlaces(reader, chunk, rowCount)
  const bounds = pages && pages.length > 1 ? readPageBounds(reader, column, chunk, pages) : undefined
  return bounds && { name: column.field.name, pages: pages!, bounds }
}
