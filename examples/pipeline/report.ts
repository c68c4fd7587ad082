// What the main job prints at its end: a table, the model's accuracy as it learned, and the proof.
import type { Expected, ExpectedRow } from './oracle.ts'

/** The last windows with the most bids. */
export function printResult(rows: readonly ExpectedRow[]): void {
  const shown = [...rows].sort((a, b) => b.window_end - a.window_end || b.bids - a.bids).slice(0, 8)
  const cells = shown.map(r => [new Date(r.window_end).toISOString().slice(11, 19), String(r.auction), String(r.bids), String(r.top), String(r.reserve), r.met ? 'yes' : 'no', r.probability.toFixed(3)])
  const header = ['window end', 'auction', 'bids', 'top', 'reserve', 'met', 'guessed']
  const widths = header.map((h, i) => Math.max(h.length, ...cells.map(c => c[i]!.length)))
  console.log(`\nThe busiest auctions of the last windows\n${[header, ...cells].map(row => `  ${row.map((cell, i) => cell.padStart(widths[i]!)).join('  ')}`).join('\n')}`)
}

/** How often the model guessed right, by tenths of the rows in the order in which it saw them. */
export function printModel(rows: readonly ExpectedRow[]): void {
  const inOrder = [...rows].sort((a, b) => Number(a.model_version - b.model_version))
  const tenth = Math.max(1, Math.ceil(inOrder.length / 10))
  console.log('\nThe model guesses before it learns from a row; right, tenth by tenth')
  for (let start = 0; start < inOrder.length; start += tenth) {
    const part = inOrder.slice(start, start + tenth)
    const share = part.filter(r => r.probability > 0.5 === r.met).length / part.length
    console.log(`  ${String(start).padStart(8)}  ${'█'.repeat(Math.round(share * 40)).padEnd(40, '·')} ${(share * 100).toFixed(1)} %`)
  }
}

/** Compares all that was written with what must be; true when nothing was lost, doubled or changed. */
export function printProof(expected: Expected, files: readonly ExpectedRow[], topic: readonly ExpectedRow[], deadLetters: number, late: number): boolean {
  const lines: [string, boolean][] = [
    [...compare('files', expected.rows, files)],
    [...compare('topic', expected.rows, topic)],
    [`${deadLetters} dead letters, ${expected.deadLetters} broken records`, deadLetters === expected.deadLetters],
    [`${late} late rows set aside, ${expected.late} were late`, late === expected.late],
  ]
  console.log('\nProof against a naive interpreter of the same records')
  for (const [text, holds] of lines) console.log(`  ${holds ? '✓' : '✗'} ${text}`)
  return lines.every(([, holds]) => holds)
}

/** How far `found` is from `expected`, by auction and window. Floats may differ by 1e-9: sums are taken in the order of arrival. */
export function differences(expected: readonly ExpectedRow[], found: readonly ExpectedRow[]): { lost: number; doubled: number; unknown: number; different: number } {
  const key = (r: ExpectedRow) => `${r.auction}/${Number(r.window_end)}`
  const byKey = new Map(expected.map(r => [key(r), r]))
  const seen = new Set<string>()
  let doubled = 0
  let unknown = 0
  let different = 0
  for (const row of found) {
    const want = byKey.get(key(row))
    if (!want) unknown++
    else if (seen.has(key(row))) doubled++
    else if (!same(want, row)) different++
    seen.add(key(row))
  }
  const lost = expected.filter(r => !seen.has(key(r))).length
  return { lost, doubled, unknown, different }
}

function compare(name: string, expected: readonly ExpectedRow[], found: readonly ExpectedRow[]): [string, boolean] {
  const { lost, doubled, unknown, different } = differences(expected, found)
  const holds = lost + doubled + unknown + different === 0 && found.length > 0
  return [`${name}: ${found.length.toLocaleString('en')} rows; ${lost} lost, ${doubled} doubled, ${unknown} unknown, ${different} different`, holds]
}

function same(a: ExpectedRow, b: ExpectedRow): boolean {
  const near = (x: number, y: number) => Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x))
  const exact = a.bids === b.bids && a.top === b.top && a.category === b.category && a.reserve === b.reserve && a.met === b.met && a.model_version === b.model_version
  return exact && near(a.mean_euro, b.mean_euro) && near(a.probability, b.probability)
}
