// Which pages of a chunk are needed for some ranges of its row group's rows.
import type { PagePlace } from './read-page-index.ts'

/** Rows [start, end) of a row group. */
export type RowRange = readonly [start: number, end: number]

/** A chunk's pages, and which of them have rows of the ranges. */
export class PagePlan {
  readonly pages: readonly PagePlace[]
  readonly #needed: readonly boolean[]

  /** `ranges` ascend, and don't overlap. Cost: the number of both. */
  constructor(pages: readonly PagePlace[], ranges: readonly RowRange[]) {
    this.pages = pages
    let next = 0
    this.#needed = pages.map(({ firstRow, rows }) => {
      while (next < ranges.length && ranges[next]![1] <= firstRow) next++
      return next < ranges.length && ranges[next]![0] < firstRow + rows
    })
  }

  /** Pages without such rows. */
  get skipped(): number {
    return this.#needed.reduce((sum, needed) => sum + (needed ? 0 : 1), 0)
  }

  /** The byte where the needed pages end that follow page `index`, which is one, without a gap. */
  endOfRun(index: number): number {
    let last = index
    while (this.#needed[last + 1]) last++
    const { offset, bytes } = this.pages[last]!
    return offset + bytes
  }

  /** The bytes [start, end) of the needed pages, those that follow each other as one. */
  runs(): [start: number, end: number][] {
    return this.pages.flatMap(({ offset }, i) => (this.#needed[i] && !this.#needed[i - 1] ? [[offset, this.endOfRun(i)] as [number, number]] : []))
  }
}
