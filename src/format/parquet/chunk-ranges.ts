// Which bytes of a file the readers of a row group's columns read, for those that must be fetched before.
import type { ByteReader } from '../../base/bytes.ts'
import type { ColumnChunk } from './metadata.ts'
import { PagePlan, type RowRange } from './page-plan.ts'
import type { ParquetColumn, ParquetFile } from './read-footer.ts'
import { readPagePlaces } from './read-page-index.ts'
import { leavesOf } from './schema-tree.ts'

// Readers look so far behind a chunk's end: see `read-pages.ts`.
const behindBytes = 100

/** The ranges [start, end) of the columns' chunks; of those with a page index only the pages with rows of `rows`, where it is given. Within the file, whatever it says. */
export function chunkRanges(reader: ByteReader, columns: readonly ParquetColumn[], group: ParquetFile['rowGroups'][number], rows?: readonly RowRange[]): [number, number][] {
  const ranges = columns.flatMap(column => {
    const leaves = column.nested ? leavesOf(column.nested).map(({ leaf }) => leaf.leaf) : [column.leaf]
    return leaves.flatMap(leaf => neededOf(reader, group.chunks[leaf]!, group.rowCount, rows))
  })
  return ranges.map(([start, end]): [number, number] => [Math.max(0, start), Math.min(reader.size, end)]).filter(([start, end]) => start < end)
}

// A dictionary lies before the first page.
function neededOf(reader: ByteReader, chunk: ColumnChunk, rowCount: number, rows: readonly RowRange[] | undefined): [number, number][] {
  const pages = rows && readPagePlaces(reader, chunk, rowCount)
  return pages ? [[wholeChunk(chunk)[0], pages[0]!.offset], ...new PagePlan(pages, rows).runs()] : [wholeChunk(chunk)]
}

function wholeChunk({ dictionaryOffset = 0, dataOffset, compressedBytes }: ColumnChunk): [number, number] {
  const start = dictionaryOffset > 0 && dictionaryOffset < dataOffset ? dictionaryOffset : dataOffset
  return [start, start + compressedBytes + behindBytes]
}
