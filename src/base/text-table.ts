// A table of texts for terminals: aligned columns between light lines, cut to a width. Rendering only; printing is the caller's.
import { fitWidth, printable, textWidth } from './text-width.ts'

/** A column's heading. */
export interface TextColumn {
  readonly name: string
  /** Shown dim under the name, such as 'float64?'. */
  readonly type?: string
  /** Numbers and times line up at the right. */
  readonly numeric?: boolean
}

/** How a table is drawn. */
export interface TextTableOptions {
  /** Cells of the terminal; 100 by default. Columns shrink, then the last ones are left out; what was cut is counted below. Infinity: nothing is cut. */
  readonly width?: number
  /** With dim nulls and types. */
  readonly color?: boolean
  /** Rows that the table has beyond those given, for the last line. */
  readonly moreRows?: number
}

const widthDefault = 100
const columnWidthMin = 5
const columnWidthMax = 60
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`

/** The table as lines without a final newline. A cell is a text, or null for a null. Control characters in cells are shown as escapes. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly (string | null)[])[], options: TextTableOptions = {}): string {
  const { width = widthDefault, color = false, moreRows = 0 } = options
  const paint = color ? { dim, bold } : { dim: (text: string) => text, bold: (text: string) => text }
  const cells = rows.map(row => columns.map((_, i) => (row[i] === null || row[i] === undefined ? undefined : printable(row[i]))))
  const widths = fitColumns(
    columns.map((column, i) =>
      naturalWidth(
        column,
        cells.map(row => row[i]),
        width === Number.POSITIVE_INFINITY ? width : columnWidthMax,
      ),
    ),
    width,
  )
  const shown = columns.slice(0, widths.length)
  const line = (left: string, middle: string, right: string) => left + widths.map(w => '─'.repeat(w + 2)).join(middle) + right
  const draw = (texts: readonly (string | undefined)[], style: (text: string) => string) =>
    `│${shown.map((column, i) => ` ${place(texts[i], widths[i]!, column.numeric ?? false, texts[i] === undefined ? paint.dim : style)} `).join('│')}│`
  const plain = (text: string) => text
  const head = [
    draw(
      shown.map(column => printable(column.name)),
      paint.bold,
    ),
  ]
  if (columns.some(column => column.type))
    head.push(
      draw(
        shown.map(column => column.type ?? ''),
        paint.dim,
      ),
    )
  const lines = [line('┌', '┬', '┐'), ...head, line('├', '┼', '┤'), ...cells.map(row => draw(row, plain)), line('└', '┴', '┘')]
  const notes = [moreRows > 0 ? `… ${moreRows.toLocaleString('en-US')} more rows` : '', cutCells(cells, widths), hiddenColumns(columns, widths.length)].filter(Boolean)
  return [...lines, ...notes.map(note => paint.dim(fitWidth(note, Math.max(1, width))))].join('\n')
}

function cutCells(cells: readonly (readonly (string | undefined)[])[], widths: readonly number[]): string {
  const count = cells.reduce((sum, row) => sum + widths.filter((width, i) => textWidth(row[i] ?? 'null') > width).length, 0)
  return count > 0 ? `… ${count.toLocaleString('en-US')} ${count === 1 ? 'value' : 'values'} cut to fit` : ''
}

function hiddenColumns(columns: readonly TextColumn[], shownCount: number): string {
  const hidden = columns.slice(shownCount)
  return hidden.length > 0 ? `… ${hidden.length} more ${hidden.length === 1 ? 'column' : 'columns'}: ${hidden.map(column => printable(column.name)).join(', ')}` : ''
}

function naturalWidth(column: TextColumn, cells: readonly (string | undefined)[], widthMax: number): number {
  let widest = Math.max(1, textWidth(printable(column.name)), textWidth(column.type ?? ''))
  for (const cell of cells) widest = Math.max(widest, textWidth(cell ?? 'null'))
  return Math.min(widest, widthMax)
}

// The widest columns give way first, down to a minimum; then columns are left out from the right, but never the first one.
function fitColumns(natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  const total = () => widths.reduce((sum, w) => sum + w + 3, 1)
  while (widths.length > 1 && widths.reduce((sum, w) => sum + Math.min(w, columnWidthMin) + 3, 1) > width) widths.pop()
  while (total() > width) {
    const widest = Math.max(...widths)
    if (widest <= 1 || (widest <= columnWidthMin && widths.length > 1)) break
    const second = Math.max(columnWidthMin, ...widths.filter(w => w < widest))
    const share = Math.ceil((total() - width) / widths.filter(w => w === widest).length)
    const next = Math.max(widths.length === 1 ? 1 : second < widest ? second : columnWidthMin, widest - share)
    widths.forEach((w, i) => {
      if (w === widest && total() > width) widths[i] = Math.min(next, widest - 1)
    })
  }
  return widths
}

function place(text: string | undefined, width: number, numeric: boolean, style: (text: string) => string): string {
  const fitted = fitWidth(text ?? 'null', width)
  const blank = ' '.repeat(Math.max(0, width - textWidth(fitted)))
  return numeric ? blank + style(fitted) : style(fitted) + blank
}
