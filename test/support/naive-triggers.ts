// Windows that fire when triggers say so, plainly: rows one at a time, every window a list of rows, the next moment looked for among all. What triggered-aggregate.ts must agree with.
import { isTimed, type WindowSpec } from '../../src/window/window-spec.ts'
import type { NaiveRow } from './naive-windows.ts'

/** A result: its number among those of its window, and the rows that it counts. */
export interface NaiveFiring {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly number: number
  readonly rows: readonly NaiveRow[]
}

/** All that leaves. */
export interface NaiveFirings {
  readonly results: NaiveFiring[]
  readonly late: NaiveRow[]
  readonly timeless: NaiveRow[]
  readonly lone: number
}

interface Window {
  key: string
  start: number
  end: number
  rows: NaiveRow[]
  results: number
  /** Rows since the last result by their number; the next moment of `every`; whether one has been; whether the end has been. */
  since: number
  next: number | undefined
  hadNext: boolean
  ended: boolean
}

const endless = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }

function boundsOf(row: NaiveRow, spec: WindowSpec): { start: number; end: number }[] {
  if (spec.kind === 'count' || spec.kind === 'global') return [endless]
  const time = row.time!
  if (spec.kind === 'session') return [{ start: time, end: time + (spec.gapMs ?? row.gap!) }]
  if (!('sizeMs' in spec)) throw new Error('windows of event time only')
  const { sizeMs, offsetMs = 0 } = spec
  const slide = spec.kind === 'hop' ? spec.slideMs : sizeMs
  const step = spec.kind === 'cumulate' ? spec.slideMs : sizeMs
  const found: { start: number; end: number }[] = []
  for (let start = offsetMs + Math.floor((time - offsetMs) / slide) * slide; start + sizeMs > time; start -= slide)
    for (let end = start + step; end <= start + sizeMs; end += step) if (end > time) found.push({ start, end })
  return found
}

/** Every result that windows of event time, of all rows and of numbers of rows give. */
export function naiveFirings(rows: readonly NaiveRow[], watermarks: readonly number[], spec: WindowSpec): NaiveFirings {
  const { everyRows, everyMs, purges = false, evict } = ('firing' in spec && spec.firing) || {}
  const latenessMs = 'latenessMs' in spec ? (spec.latenessMs ?? 0) : 0
  let windows: Window[] = []
  const output = { results: [] as NaiveFiring[], late: [] as NaiveRow[], timeless: [] as NaiveRow[], lone: 0 }

  const staying = (all: NaiveRow[]): NaiveRow[] => {
    if (!evict || all.length === 0) return all
    if ('rows' in evict) return all.slice(Math.max(0, all.length - evict.rows))
    if ('lastMs' in evict) return all.filter(row => row.time! > Math.max(...all.map(other => other.time!)) - evict.lastMs)
    const last = all.at(-1)!.value
    return all.filter(row => row.value === null || last === null || Math.abs(row.value - last) < evict.delta)
  }
  const fire = (window: Window) => {
    if (!evict?.after) window.rows = staying(window.rows)
    if (window.rows.length > 0) output.results.push({ key: window.key, start: window.start, end: window.end, number: ++window.results, rows: window.rows })
    if (evict?.after) window.rows = staying(window.rows)
    if (purges) window.rows = []
  }
  const advance = (watermark: number) => {
    for (;;) {
      const moments = windows.flatMap(window => [
        { window, at: window.ended ? Number.POSITIVE_INFINITY : window.end - 1, end: true },
        { window, at: window.next ?? Number.POSITIVE_INFINITY, end: false },
        { window, at: window.end - 1 + latenessMs, end: undefined },
      ])
      // Of the same moment the result comes before the end of the window.
      const due = moments.filter(({ at }) => at <= watermark && at < Number.POSITIVE_INFINITY).sort((a, b) => a.at - b.at || Number(a.end === undefined) - Number(b.end === undefined))[0]
      if (!due) return
      const { window, at } = due
      if (due.end === undefined) windows = windows.filter(other => other !== window)
      else {
        if (window.next === at) {
          window.next = undefined
          window.hadNext = true
        }
        if (window.end - 1 === at) window.ended = true
        fire(window)
      }
    }
  }
  const enter = (row: NaiveRow, bounds: { start: number; end: number }, watermark: number): Window | undefined => {
    const isLate = bounds.end - 1 + latenessMs <= watermark
    if (spec.kind !== 'session') {
      if (isLate && isTimed(spec)) return undefined
      const known = windows.find(({ key, start, end }) => key === row.key && start === bounds.start && end === bounds.end)
      if (known) return known
    }
    const touched = spec.kind === 'session' ? windows.filter(({ key, start, end }) => key === row.key && bounds.end >= start && bounds.start <= end) : []
    if (touched.length === 0 && isLate && isTimed(spec)) return undefined
    const least = (read: (window: Window) => number | undefined) => touched.map(read).filter(value => value !== undefined).sort((a, b) => a - b)[0]
    const start = Math.min(bounds.start, ...touched.map(window => window.start))
    const end = Math.max(bounds.end, ...touched.map(window => window.end))
    if (touched.length === 1 && touched[0]!.start === start && touched[0]!.end === end) return touched[0]
    windows = windows.filter(window => !touched.includes(window))
    const order = new Map(rows.map((one, i) => [one, i]))
    const window: Window = {
      key: row.key, start, end,
      rows: touched.flatMap(other => other.rows).sort((a, b) => order.get(a)! - order.get(b)!),
      results: 0, since: touched.reduce((sum, other) => sum + other.since, 0), next: least(other => other.next), hadNext: touched.some(other => other.hadNext), ended: end - 1 <= watermark,
    }
    windows.push(window)
    return window
  }
  const onRow = (window: Window, row: NaiveRow, watermark: number) => {
    window.rows = [...window.rows, row]
    window.since++
    if (spec.kind === 'count') {
      const slide = spec.slideRows ?? spec.rows
      if (window.rows.length > spec.rows) window.rows = window.rows.slice(-spec.rows)
      if (window.since < slide) return
      window.since = 0
      fire(window)
      if (slide >= spec.rows) window.rows = []
      return
    }
    const isFull = everyRows !== undefined && window.since >= everyRows
    if (everyRows !== undefined && isFull) window.since = 0
    if (isTimed(spec) && window.end - 1 <= watermark) return fire(window)
    if (everyMs !== undefined && window.next === undefined) window.next = (Math.floor((window.hadNext ? watermark : row.time!) / everyMs) + 1) * everyMs
    if (isFull) fire(window)
  }
  rows.forEach((row, i) => {
    const watermark = watermarks[i]!
    advance(watermark)
    if (row.time === null && isTimed(spec)) return output.timeless.push(row)
    const bounds = boundsOf(row, spec)
    const taken = bounds.map(one => enter(row, one, watermark)).filter(window => window !== undefined)
    for (const window of taken) onRow(window, row, watermark)
    if (taken.length > 0) return
    if (bounds.length > 0 || row.time! + latenessMs <= watermark) output.late.push(row)
    else output.lone++
  })
  // At the end event time is over: what is due then comes once.
  if (spec.kind === 'global') {
    for (const window of windows) if (window.next !== undefined) fire(window)
  } else advance(Number.MAX_VALUE)
  return output
}
