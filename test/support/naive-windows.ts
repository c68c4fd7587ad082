// Windows, plainly: rows one at a time, each judged by the watermark before it. What the operators must agree with, whatever the batches.
import { isTimed, type WindowSpec } from '../../src/window/window-spec.ts'
import { naiveClock } from './naive-clock.ts'

/** An input row: its key as text, its time (null: none), a value (null: none). */
export interface NaiveRow {
  readonly key: string
  readonly time: number | null
  readonly value: number | null
  readonly split?: number
  /** The row's own gap, in sessions of such. */
  readonly gap?: number
}

/** A window's result. */
export interface NaiveResult {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly count: number
  readonly sum: number | null
  readonly min: number | null
  readonly max: number | null
}

/** Everything that leaves: results in the order of firing, late rows, rows without time, rows in no window. */
export interface NaiveOutput {
  readonly results: NaiveResult[]
  readonly late: NaiveRow[]
  readonly timeless: NaiveRow[]
  readonly lone: number
}

/** The watermark before each row: the least over splits of the greatest time seen − bound − 1. `splits`: waited for from the start. */
export function naiveWatermarks(rows: readonly NaiveRow[], boundMs: number, splits = 0): number[] {
  const greatest = new Map<number, number>(Array.from({ length: splits }, (_, split) => [split, Number.NEGATIVE_INFINITY]))
  let watermark = Number.NEGATIVE_INFINITY
  return rows.map(row => {
    const before = watermark
    if (row.time === null) {
      if (!greatest.has(row.split ?? 0)) greatest.set(row.split ?? 0, Number.NEGATIVE_INFINITY)
      return before
    }
    greatest.set(row.split ?? 0, Math.max(greatest.get(row.split ?? 0) ?? Number.NEGATIVE_INFINITY, row.time))
    watermark = Math.max(watermark, Math.min(...greatest.values()) - boundMs - 1)
    return before
  })
}

function resultOf(key: string, start: number, end: number, rows: readonly NaiveRow[]): NaiveResult {
  const values = rows.map(r => r.value).filter(v => v !== null)
  const some = values.length > 0
  return {
    key,
    start,
    end,
    count: rows.length,
    sum: some ? values.reduce((a, b) => a + b, 0) : null,
    min: some ? Math.min(...values) : null,
    max: some ? Math.max(...values) : null,
  }
}

/** Tumbling, hopping and cumulating windows: the last result of each (key, window), and what no window took. */
export function naiveWindows(rows: readonly NaiveRow[], watermarks: readonly number[], spec: WindowSpec): NaiveOutput {
  if (spec.kind === 'session' || spec.kind === 'global' || !isTimed(spec)) throw new Error('fixed windows of event time only')
  const slide = spec.kind === 'hop' ? spec.slideMs : spec.sizeMs
  const step = spec.kind === 'cumulate' ? spec.slideMs : spec.sizeMs
  const { offsetMs = 0, latenessMs = 0, sizeMs, zone } = spec
  const clock = naiveClock(zone)
  const windows = new Map<string, { key: string; start: number; end: number; rows: NaiveRow[] }>()
  const late: NaiveRow[] = []
  const timeless: NaiveRow[] = []
  let lone = 0
  rows.forEach((row, i) => {
    if (row.time === null) return timeless.push(row)
    const time = clock.shown(row.time)
    const passed = clock.leastFrom(watermarks[i]! - latenessMs + 1) - 1
    let taken = 0
    let covered = 0
    for (let start = offsetMs + Math.floor((time - offsetMs) / slide) * slide; start + sizeMs > time; start -= slide) {
      for (let end = start + step; end <= start + sizeMs; end += step) {
        if (end <= time) continue
        covered++
        if (end - 1 <= passed) continue
        taken++
        const id = `${row.key} ${start} ${end}`
        if (!windows.has(id)) windows.set(id, { key: row.key, start, end, rows: [] })
        windows.get(id)!.rows.push(row)
      }
    }
    if (taken > 0) return
    if (covered > 0 || time <= passed) late.push(row)
    else lone++
  })
  return { results: [...windows.values()].map(w => resultOf(w.key, clock.startOf(w.start), clock.endOf(w.end), w.rows)), late, timeless, lone }
}

/** Sessions: every result that is emitted, updates included. */
export function naiveSessions(rows: readonly NaiveRow[], watermarks: readonly number[], spec: WindowSpec): NaiveOutput {
  if (spec.kind !== 'session') throw new Error('sessions only')
  const { gapMs = 0, latenessMs = 0 } = spec
  type Session = { key: string; start: number; end: number; rows: NaiveRow[]; fired: boolean }
  let sessions: Session[] = []
  const results: NaiveResult[] = []
  const late: NaiveRow[] = []
  const timeless: NaiveRow[] = []
  const fire = (watermark: number) => {
    for (const s of sessions) {
      if (s.fired || s.end - 1 > watermark) continue
      s.fired = true
      results.push(resultOf(s.key, s.start, s.end, s.rows))
    }
    sessions = sessions.filter(s => s.end - 1 + latenessMs > watermark)
  }
  rows.forEach((row, i) => {
    const { key, time } = row
    if (time === null) return timeless.push(row)
    fire(watermarks[i]!)
    const until = time + (row.gap ?? gapMs)
    const touched = sessions.filter(s => s.key === key && until >= s.start && time <= s.end)
    if (touched.length === 0 && until - 1 + latenessMs <= watermarks[i]!) return late.push(row)
    sessions = sessions.filter(s => !touched.includes(s))
    sessions.push({
      key,
      start: Math.min(time, ...touched.map(s => s.start)),
      end: Math.max(until, ...touched.map(s => s.end)),
      rows: [...touched.flatMap(s => s.rows), row],
      fired: false,
    })
    fire(watermarks[i]!)
  })
  fire(Number.POSITIVE_INFINITY)
  return { results, late, timeless, lone: 0 }
}
