// A running job as people watch it: figures and a table of its steps, drawn again in place on a terminal; a line now and then elsewhere. Rates are those of the last
// moments, at the end those of the whole run. Loaded with the first job that is watched.
import type { Clock } from '../base/clock.ts'
import { type ProgressTarget, shortCount } from '../base/progress-line.ts'
import { textTable } from '../base/text-table.ts'
import { fitWidth, printable, textWidth } from '../base/text-width.ts'
import { formatBytes, formatCount, formatDuration } from '../base/units.ts'
import type { JobMetrics } from '../schedule/metrics.ts'

/** What a stage did between two drawings, from samples: shares of its time, 0 to 1. */
export interface StageShares {
  /** Of its instances' time with work at hand. */
  readonly busy: number
  readonly queue: number
  /** Of its time with work, waiting for room at its readers. */
  readonly held: number
}

/** All that a drawing shows. */
export interface WatchPicture {
  readonly name: string
  readonly metrics: JobMetrics
  /** An earlier picture, for rates; undefined for those since the start. */
  readonly before: JobMetrics | undefined
  /** By stage, as `metrics.stages`. */
  readonly shares: readonly StageShares[]
  /** Epoch milliseconds. */
  readonly now: number
}

const sampleMs = 100
const liveMs = 500
const plainMs = 5_000
const plainWidth = 100
/** Drawings that a rate on a terminal goes back: steps in workers are counted every half second. */
const rateDrawings = 4
const dayMs = 86_400_000
const widthMin = 20
const heightDefault = 24
const dateMsMax = 8.64e15
const stateWords: Record<JobMetrics['state'], string> = { running: 'running', draining: 'finishing what was taken', ended: 'ended', failed: 'ended without finishing' }

/** The picture as lines of at most `width` cells, at most `height` of them. */
export function watchLines(picture: WatchPicture, width: number, height: number): string[] {
  const { name, metrics } = picture
  const { checkpoints, memory } = metrics
  const head = [`${printable(name)} · ${stateWords[metrics.state]} · ${formatDuration(metrics.elapsedMs)}`]
  head.push([`in ${formatCount(metrics.rowsRead)} rows`, ...rateOf(picture, 'rowsRead'), ...lagOf(metrics)].join(' · '))
  head.push([`out ${formatCount(metrics.rowsWritten)} rows`, ...rateOf(picture, 'rowsWritten'), ...latencyOf(metrics), ...countsOf(metrics)].join(' · '))
  if (metrics.watermark !== undefined) head.push(`event time ${eventTime(metrics.watermark, picture.now)}`)
  head.push([`checkpoints ${formatCount(checkpoints.completed)}`, ...epochOf(metrics), `memory ${formatBytes(memory.peakBytes)} at most`].join(' · '))
  const table = stepTable(picture, width).split('\n')
  const lines = [...head, ...table].map(line => fitWidth(line, width))
  if (lines.length <= height) return lines
  const shown = lines.slice(0, Math.max(1, height - 1))
  return [...shown, fitWidth(`… ${lines.length - shown.length} more lines than the terminal has`, width)].slice(0, Math.max(1, height))
}

/** The picture as one line. */
export function watchLine(picture: WatchPicture): string {
  const { name, metrics } = picture
  const event = metrics.watermark === undefined ? [] : [`event time ${eventTime(metrics.watermark, picture.now)}`]
  const ins = [`${formatCount(metrics.rowsRead)} rows in`, ...rateOf(picture, 'rowsRead')].join(', ')
  const outs = [`${formatCount(metrics.rowsWritten)} rows out`, ...rateOf(picture, 'rowsWritten')].join(', ')
  return [printable(name), stateWords[metrics.state], formatDuration(metrics.elapsedMs), ins, outs, ...lagOf(metrics), ...event, ...latencyOf(metrics), ...countsOf(metrics), ...epochOf(metrics)].join(' · ')
}

function latencyOf({ latency }: JobMetrics): string[] {
  return latency ? [`latency ${formatDuration(Math.round(latency.p50Ms))}, p99 ${formatDuration(Math.round(latency.p99Ms))}`] : []
}

function stepTable({ metrics, before, shares }: WatchPicture, width: number): string {
  const ms = before ? metrics.elapsedMs - before.elapsedMs : metrics.elapsedMs
  const feeds = Object.keys(metrics.steps).filter(id => !metrics.stages.some(stage => stage.steps.includes(id)))
  const rate = (id: string, what: 'rows' | 'rowsOut' | 'bytesOut' | 'ms') => (ms > 0 ? Math.max(0, (metrics.steps[id]?.[what] ?? 0) - (before?.steps[id]?.[what] ?? 0)) / (ms / 1_000) : 0)
  const row = (id: string, instances: number, more: readonly string[]) => {
    const [rows, rowsOut, bytesOut] = [rate(id, 'rows'), rate(id, 'rowsOut'), rate(id, 'bytesOut')]
    const own = percent(rate(id, 'ms') / 1_000 / instances)
    return [id, rows > 0 ? shortCount(rows) : '', rowsOut > 0 ? shortCount(rowsOut) : '', bytesOut > 0 ? formatBytes(Math.round(bytesOut)) : '', own, ...more]
  }
  const rows = feeds.map(id => row(id, 1, ['', '', '']))
  metrics.stages.forEach(({ steps, instances }, stage) => {
    const { busy = 0, queue = 0, held = 0 } = shares[stage] ?? {}
    // What is a stage's is said beside its first step.
    steps.forEach((id, i) => rows.push(row(id, instances, i === 0 ? [percent(busy), percent(queue), percent(held)] : ['', '', ''])))
  })
  const names = ['step', 'rows in/s', 'rows out/s', 'bytes out/s', 'time', 'busy', 'queue', 'held back']
  return textTable(names.map((name, i) => ({ name, numeric: i > 0 })), rows, { width })
}

function rateOf({ metrics, before }: WatchPicture, what: 'rowsRead' | 'rowsWritten'): string[] {
  const ms = before ? metrics.elapsedMs - before.elapsedMs : metrics.elapsedMs
  return ms > 0 ? [`${shortCount(Math.max(0, metrics[what] - (before?.[what] ?? 0)) / (ms / 1_000))}/s`] : []
}

function lagOf({ lag, progress }: JobMetrics): string[] {
  return [...(lag === undefined ? [] : [`${formatCount(lag)} waiting`]), ...(progress === undefined ? [] : [`${Math.floor(progress * 100)} %`])]
}

// lateRows becomes "late rows".
function countsOf({ counts }: JobMetrics): string[] {
  return Object.entries(counts).map(([name, count]) => `${name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)} ${formatCount(count)}`)
}

function epochOf({ checkpoints: { lastEpoch, lastMs, lastBytes } }: JobMetrics): string[] {
  return lastEpoch === undefined ? [] : [`epoch ${lastEpoch}${lastMs === undefined ? '' : ` in ${formatDuration(lastMs)}`}${lastBytes ? `, ${formatBytes(lastBytes)}` : ''}`]
}

function eventTime(watermark: number, now: number): string {
  if (!(Math.abs(watermark) <= dateMsMax)) return String(watermark)
  const behind = now - watermark
  return `${new Date(watermark).toISOString().replace('T', ' ').replace('Z', '')}${behind >= 0 ? ` (${behind >= dayMs ? `${formatCount(Math.floor(behind / dayMs))} d` : formatDuration(behind)} behind)` : ''}`
}

function percent(share: number): string {
  return `${Math.round(Math.min(1, share) * 100)} %`
}

/** Watches a job until `stop`, which draws it once more. Keeps no process alive. */
export function watchJob(target: ProgressTarget, clock: Clock, name: string, metricsOf: () => JobMetrics): { sample(): void; stop(): void } {
  const intervalMs = target.isTerminal ? liveMs : plainMs
  const samples = new ShareSamples()
  const history: JobMetrics[] = []
  let drawnMs = clock.elapsed()
  let drawn: readonly string[] = []
  const draw = () => {
    const metrics = metricsOf()
    const isOver = metrics.state === 'ended' || metrics.state === 'failed'
    const picture = { name, metrics, before: isOver ? undefined : history[0], shares: samples.take(metrics), now: clock.now() }
    history.push(metrics)
    if (history.length > (target.isTerminal ? rateDrawings : 1)) history.shift()
    drawnMs = clock.elapsed()
    if (!target.isTerminal) return target.write(`${watchLine(picture)}\n`)
    const width = Math.max(widthMin, (target.width?.() ?? plainWidth) - 1)
    const lines = watchLines(picture, width, Math.max(2, (target.height?.() ?? heightDefault) - 1))
    target.write(redrawn(drawn, lines, width))
    drawn = lines
  }
  const sample = () => {
    samples.add(metricsOf())
    if (clock.elapsed() - drawnMs >= intervalMs) draw()
  }
  const timer = setInterval(sample, sampleMs)
  timer.unref()
  return {
    sample,
    stop() {
      clearInterval(timer)
      draw()
    },
  }
}

// Over the lines drawn last, which take more than a line each where the terminal has become narrower.
function redrawn(before: readonly string[], lines: readonly string[], width: number): string {
  const up = before.reduce((sum, line) => sum + Math.max(1, Math.ceil(textWidth(line) / (width + 1))), 0)
  return `${up > 0 ? `\u001b[${up}A` : ''}\r${lines.map(line => `${line}\u001b[K\n`).join('')}\u001b[J`
}

// Shares of time from looks at the job ten times a second.
class ShareSamples {
  #sums: { busy: number; queue: number; held: number }[] = []
  #count = 0

  add({ stages }: JobMetrics): void {
    this.#count++
    stages.forEach(({ instances, working, queueFill, isHeld }, i) => {
      const sum = (this.#sums[i] ??= { busy: 0, queue: 0, held: 0 })
      sum.busy += working / instances
      sum.queue += queueFill
      sum.held += isHeld ? 1 : 0
    })
  }

  /** The shares since the last call. */
  take(metrics: JobMetrics): StageShares[] {
    if (this.#count === 0) this.add(metrics)
    const count = this.#count
    const shares = this.#sums.map(({ busy, queue, held }) => ({ busy: busy / count, queue: queue / count, held: held / count }))
    this.#sums = []
    this.#count = 0
    return shares
  }
}
