// Histograms as bars of text, side by side as far as the terminal has room.
import { fitWidth, printable, textWidth } from '../../base/text-width.ts'
import { formatCount } from '../../base/units.ts'
import type { ColumnStats } from './column-stats.ts'
import type { Histogram } from './histogram.ts'

const blockWidthMin = 38
const blockWidthMax = 58
const gap = 2
const labelWidthMax = 22
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

interface Line {
  readonly label: string
  readonly count: number
}

/** A block for each column that has a histogram, in lines of at most `width` cells; empty where none has. */
export function histogramText(stats: readonly ColumnStats[], width: number): string {
  const shown = stats.filter(column => column.histogram)
  if (shown.length === 0) return ''
  const across = Math.max(1, Math.min(shown.length, Math.floor((width + gap) / (blockWidthMin + gap))))
  const blockWidth = Math.max(1, Math.min(blockWidthMax, Math.floor((width + gap) / across) - gap))
  const blocks = shown.map(column => blockOf(column, column.histogram!, blockWidth))
  const lines: string[] = []
  for (let first = 0; first < blocks.length; first += across) {
    const row = blocks.slice(first, first + across)
    const height = Math.max(...row.map(block => block.length))
    if (first > 0) lines.push('')
    for (let i = 0; i < height; i++) lines.push(row.map(block => padded(block[i] ?? '', blockWidth)).join(' '.repeat(gap)).trimEnd())
  }
  return `${lines.join('\n')}\n`
}

function blockOf({ column, type, nulls }: ColumnStats, histogram: Histogram, width: number): string[] {
  const lines = linesOf(histogram, nulls)
  const most = Math.max(1, ...lines.map(({ count }) => count))
  const labelWidth = Math.min(labelWidthMax, Math.max(...lines.map(({ label }) => textWidth(label))), Math.max(1, Math.floor(width / 2)))
  const countWidth = Math.max(...lines.map(({ count }) => formatCount(count).length))
  const barWidth = Math.max(0, width - labelWidth - countWidth - 4)
  const isRight = histogram.of !== 'frequent values'
  return [
    fitWidth(`${printable(column)}: ${headOf(histogram, type)}`, width),
    ...lines.map(({ label, count }) => {
      const name = fitWidth(label, labelWidth)
      const blank = ' '.repeat(labelWidth - textWidth(name))
      return fitWidth(`  ${isRight ? blank + name : name + blank} ${padded(bar(count / most, barWidth), barWidth)} ${formatCount(count).padStart(countWidth)}`, width)
    }),
  ]
}

function headOf(histogram: Histogram, type: string): string {
  if (histogram.of === 'frequent values') return type.startsWith('bool') ? 'values' : 'most frequent values'
  const what = histogram.of === 'value' ? '' : histogram.of
  if (histogram.step === '') return what || 'values'
  return `${what && `${what}, `}steps of ${histogram.step}`
}

// A bin is called by its start.
function linesOf(histogram: Histogram, nulls: number): Line[] {
  const nullLine = nulls > 0 ? [{ label: 'null', count: nulls }] : []
  if (histogram.of === 'frequent values') {
    const others = histogram.others > 0 ? [{ label: '(others)', count: histogram.others }] : []
    return [...histogram.values.map(({ value, count }) => ({ label: printable(value), count })), ...others, ...nullLine]
  }
  const starts = shortTimes(histogram.bins.map(({ from }) => from))
  const rest = histogram.notFinite ? [{ label: 'not finite', count: histogram.notFinite }] : []
  return [...histogram.bins.map(({ count }, i) => ({ label: starts[i]!, count })), ...rest, ...nullLine]
}

// Times without what all of them have at their end: seconds that are 0, midnights.
function shortTimes(texts: readonly string[]): readonly string[] {
  if (texts.length === 0 || !texts.every(text => /\d\d:\d\d:\d\d(\.\d+)?Z?$/.test(text))) return texts
  const plain = texts.map(text => text.replace('T', ' ').replace(/Z$/, '').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''))
  for (const ending of [/ 00:00:00$/, /:00$/]) if (plain.every(text => ending.test(text))) return plain.map(text => text.replace(ending, ''))
  return plain
}

function bar(share: number, width: number): string {
  const cells = Math.round(share * width * 8)
  // Some are more than none.
  const drawn = share > 0 ? Math.max(1, cells) : 0
  return '█'.repeat(Math.floor(drawn / 8)) + eighths[drawn % 8]!
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}
