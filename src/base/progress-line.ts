// The progress of a run: one line from its state, and a reporter that decides when a line is due. Where lines go is the caller's:
// `write` is handed in, so that the library, the command line and tests share this.
import type { Clock } from './clock.ts'
import { textWidth } from './text-width.ts'
import { formatBytes, formatCount, formatDuration } from './units.ts'

/** What a run knows of itself. Totals are left out where they are not known: a stream has none. */
export interface ProgressState {
  readonly rows: number
  /** The part that is done, 0 to 1, where it is known by itself. */
  readonly fraction?: number
  readonly rowsTotal?: number
  readonly bytes?: number
  readonly bytesTotal?: number
  /** Milliseconds since the start. */
  readonly elapsedMs: number
  /** What is being done, such as a job's name. */
  readonly label?: string
}

const barCells = 20
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** One line of at most `width` cells: bar and percent where a total is known, rows, rates, time left. Parts are dropped from the end until it fits. */
export function progressLine(state: ProgressState, width = 100): string {
  const { rows, bytes, elapsedMs, label } = state
  const fraction = fractionDone(state)
  const seconds = elapsedMs / 1_000
  const parts: string[] = []
  if (label) parts.push(label)
  if (fraction !== undefined) parts.push(`${bar(fraction)} ${String(Math.floor(fraction * 100)).padStart(3)} %`)
  parts.push(`${formatCount(rows)} rows`)
  if (seconds > 0) parts.push(`${shortCount(rows / seconds)} rows/s`)
  if (seconds > 0 && bytes !== undefined && bytes > 0) parts.push(`${formatBytes(bytes / seconds)}/s`)
  parts.push(timeText(fraction, elapsedMs))
  while (parts.length > 1 && textWidth(parts.join(' · ')) > width) parts.pop()
  return parts.join(' · ')
}

function fractionDone({ rows, rowsTotal, bytes, bytesTotal, ...state }: ProgressState): number | undefined {
  const fraction = state.fraction !== undefined ? state.fraction : bytesTotal ? (bytes ?? 0) / bytesTotal : rowsTotal ? rows / rowsTotal : undefined
  return fraction === undefined ? undefined : Math.min(1, Math.max(0, fraction))
}

function timeText(fraction: number | undefined, elapsedMs: number): string {
  const isGuessable = fraction !== undefined && fraction >= 0.02 && fraction < 1 && elapsedMs >= 1_000
  return isGuessable ? `${formatDuration((elapsedMs / fraction) * (1 - fraction))} left` : formatDuration(elapsedMs)
}

function bar(fraction: number): string {
  const steps = Math.floor(fraction * barCells * 8)
  const drawn = '█'.repeat(steps >> 3) + eighths[steps & 7]
  return drawn.padEnd(barCells, '░')
}

/** A rate for people: 950, 12.3 K, 4.56 M, 1.20 G. */
export function shortCount(count: number): string {
  const units = ['', ' K', ' M', ' G', ' T']
  let unit = 0
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1_000
    unit++
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toPrecision(3)}${units[unit]}`
}

/** Where progress goes. */
export interface ProgressTarget {
  write(text: string): void
  /** A terminal gets one live line; anything else a plain line now and then. */
  readonly isTerminal: boolean
  /** Cells of the terminal, asked for at every line. */
  width?(): number
  /** Its lines. */
  height?(): number
}

/** Takes states as often as they come; writes at most 10 lines a second to a terminal, one in 5 seconds elsewhere. */
export interface ProgressReporter {
  update(state: ProgressState): void
  /** Writes the last state and ends the line. In a terminal the cursor is left at the start of an empty line. */
  finish(state?: ProgressState): void
  /** Removes the live line, so that something else can be printed; the next update draws it again. */
  clear(): void
}

const liveIntervalMs = 100
const plainIntervalMs = 5_000
const eraseLine = '\r\u001b[K'

/** A reporter that asks `clock` what time it is. */
export function progressReporter(target: ProgressTarget, clock: Clock): ProgressReporter {
  const intervalMs = target.isTerminal ? liveIntervalMs : plainIntervalMs
  let dueAt = clock.elapsed() + (target.isTerminal ? 0 : intervalMs)
  let last: ProgressState | undefined
  let isDrawn = false
  const draw = (state: ProgressState, ending: string) => {
    const width = Math.max(10, (target.width?.() ?? 100) - 1)
    target.write(target.isTerminal ? `${eraseLine}${progressLine(state, width)}${ending}` : `${progressLine(state, 1_000)}\n`)
    isDrawn = target.isTerminal && ending === ''
  }
  return {
    update(state) {
      last = state
      const now = clock.elapsed()
      if (now < dueAt) return
      dueAt = now + intervalMs
      draw(state, '')
    },
    finish(state = last) {
      if (state) draw(state, '\n')
      last = undefined
    },
    clear() {
      if (isDrawn) target.write(eraseLine)
      isDrawn = false
      dueAt = target.isTerminal ? 0 : dueAt
    },
  }
}
