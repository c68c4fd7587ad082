// Made-up rows by the clock: so many a second, without an end or up to a number of rows. Row i is what `generate.columns` makes without a rate; a position is the number of the next one.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { nextTurn } from '../base/turn.ts'
import { formatCount } from '../base/units.ts'
import type { Batch } from '../batch/batch.ts'
import { type GeneratedOptions, generatedScan } from './generated.ts'
import { PieceReader } from './piece-reader.ts'
import type { FeedContext, FeedReader, FeedSourceType, SideBatch } from './source.ts'

/** What is made, and how many rows a second. */
export interface GeneratedAtRateOptions extends GeneratedOptions {
  readonly rate: number
  readonly endless?: boolean
}

/** Rows of a stream without an end: more than a century has at a million a second. */
export const endlessRows = 2 ** 52

const idleMs = 50
const turnMs = 10
/** What readers were too slow for is made up for, up to so long. */
const backlogMs = 1_000

/** The feed behind `generate.columns(…, { rate })`. Average rate over any second that its readers keep up with; after a restart the clock begins anew. */
export const generatedAtRateFeed: FeedSourceType<GeneratedAtRateOptions> = {
  kind: 'generatedAtRate',
  resolve(options, where) {
    const { rate } = options
    if (!(rate > 0) || !Number.isFinite(rate)) throw new PlanError('GENERATE', `${where}: rate is ${rate}; give rows per second, more than 0`)
    return { fields: generatedScan.resolve(options, where).fields, bounded: options.endless !== true }
  },
  open: async (context, options, position) => new RateReader(context, options, typeof position === 'number' ? position : 0),
  describe: ({ rate, endless, ...options }) => `${formatCount(rate)} rows/s, ${endless ? generatedScan.describe(options as GeneratedOptions).replace(/^[\d,]+ rows/, 'without an end') : generatedScan.describe(options as GeneratedOptions)}`,
}

class RateReader implements FeedReader {
  readonly #context: FeedContext
  readonly #options: GeneratedAtRateOptions
  readonly #pieces: PieceReader
  /** The next row to be given, and the one behind those being made. */
  #next: number
  #end: number
  /** Row `#base` was due at this time of the clock. */
  #baseMs: number
  #base: number

  constructor(context: FeedContext, options: GeneratedAtRateOptions, start: number) {
    this.#context = context
    this.#options = options
    this.#pieces = new PieceReader(context)
    this.#next = this.#end = this.#base = start
    this.#baseMs = context.clock.elapsed()
  }

  async next(): Promise<Batch | SideBatch | 'idle' | undefined> {
    const { clock, signal } = this.#context
    const { rate, rows } = this.#options
    const got = this.#pieces.next()
    if (got) {
      this.#next += 'port' in got ? 0 : got.rowCount
      return got
    }
    if (this.#next >= rows) return undefined
    const due = this.#due()
    if (due === 0) {
      const untilMs = this.#baseMs + ((this.#next + 1 - this.#base) * 1_000) / rate - clock.elapsed()
      await clock.sleep(Math.min(idleMs, Math.max(untilMs, turnMs)), signal)
      return 'idle'
    }
    await nextTurn()
    this.#end = Math.min(this.#next + due, rows)
    this.#pieces.begin(context => generatedScan.read(context, this.#options, { start: this.#next, end: this.#end }, undefined))
    return this.next()
  }

  position(): Json {
    return this.#next
  }

  async close(): Promise<void> {
    this.#pieces.close()
  }

  // Rows that are due and not given, a batch at most.
  #due(): number {
    const { clock, batchRows } = this.#context
    const { rate } = this.#options
    const nowMs = clock.elapsed()
    const due = Math.floor(this.#base + ((nowMs - this.#baseMs) * rate) / 1_000) - this.#next
    if (due > (rate * backlogMs) / 1_000 + 1) {
      this.#base = this.#next
      this.#baseMs = nowMs - backlogMs
    }
    return Math.min(Math.max(0, due), batchRows())
  }
}
