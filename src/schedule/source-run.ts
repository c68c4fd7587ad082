// Sources at work. A scan hands splits to its stage; a feed is asked for batches on the engine's thread. Both pause while readers are
// full, put barriers into the flow between two pieces, and know the position behind everything they have handed out.
import type { Clock } from '../base/clock.ts'
import { asError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Topics } from '../base/topic.ts'
import { type Batch, columnBytes, releaseBatch } from '../batch/batch.ts'
import { packBatch } from '../batch/pack-batch.ts'
import { distributeBatch } from '../compute/partition.ts'
import { retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { feedType, operatorType, scanType } from '../plan/catalogue.ts'
import { splitsToRead } from '../plan/skip-splits.ts'
import type { FeedSpec, StageSpec } from '../plan/stages.ts'
import type { FeedReader, ScanSplit } from '../source/source.ts'
import type { Barrier, Target } from './flow.ts'
import type { StepTotals } from './messages.ts'
import type { StageRun } from './stage-run.ts'

/** What the job asks of any source. */
export interface SourceRun {
  readonly id: string
  /** Puts a barrier into the flow at the next opportunity; then calls `reached` with the position before it. */
  requestBarrier(barrier: Barrier, reached: (position: Json) => void): void
  /** Hands out nothing more; the end follows as if the data had ended there (`end`), or not at all. */
  stop(end: boolean): void
  /** Everything was handed out and the end is on its way. */
  ended(): boolean
  /** The end of the data is in the flow: a barrier from now on is behind everything that the job gives. */
  exhausted(): boolean
  /** Called when readers may have room again. */
  moved(): void
  committed(position: Json): Promise<void>
  close(): Promise<void>
  /** Share of the data handed out, 0 to 1, if known. */
  progress(): number | undefined
  /** Rows known to be waiting, if known. */
  lag(): number | undefined
  /** When, by the clock's elapsed time, it has last handed rows out, or was opened; absent where it is never silent. */
  handedOutMs?(): number
  /** What it has given, unless a stage counts it. */
  readonly totals?: StepTotals
}

/** What a scan reads: its splits but those that can't hold a wanted row, and how many of them all instances read at once. */
export function splitsOfScan(stage: StageSpec, stages: readonly StageSpec[]): { splits: readonly ScanSplit[]; skipped: number; together: number | undefined } {
  const { scan, steps } = stage
  const type = scanType(scan!.kind)
  const splits = splitsToRead(stage, stages)
  return { splits, skipped: type.splits(scan!.options).length - splits.length, together: steps[0] && operatorType(steps[0].kind).anyOrder ? type.splitsTogether : 1 }
}

/**
 * Begins a scan: `splits` from `position` (the index of the next split) on. So many as `together` says are read by all instances at once; `words` gives the
 * address of zeroed words, in which they count.
 */
export function runScan(id: string, splits: readonly ScanSplit[], position: Json | undefined, stage: StageRun, together = 1, words: (count: number) => number = () => 0): SourceRun {
  let next = typeof position === 'number' ? position : 0
  let ended = false
  let exhausted = false
  const end = () => {
    ended = exhausted = true
    stage.enqueue({ kind: 'end' }, 0)
  }
  const shares = splits.length - next > 1 && together > 1
  let taken = shares ? words(Math.ceil((splits.length - next) / together)) : 0
  const handOut = () => {
    if (!shares) return stage.addSplit(splits[next++]!)
    const some = splits.slice(next, next + together)
    next += some.length
    stage.addSharedSplits({ splits: some, taken })
    taken += 4
  }
  const pump = () => {
    if (!ended && !stage.wanted()) next = Math.max(next, splits.length)
    while (!ended && next < splits.length && stage.hasRoom(0)) handOut()
    if (!ended && next >= splits.length) end()
  }
  return {
    id,
    requestBarrier(barrier, reached) {
      reached(next)
      stage.enqueue({ kind: 'barrier', barrier }, 0)
    },
    stop(asIfEnded) {
      if (asIfEnded && !ended) end()
      ended = true
    },
    ended: () => ended,
    exhausted: () => exhausted,
    moved: pump,
    committed: async () => {},
    close: async () => {},
    // Of one split alone it isn't known how much of it is read.
    progress: () => (splits.length === 0 ? 1 : splits.length === 1 ? undefined : Math.min(1, next / splits.length)),
    lag: () => undefined,
  }
}

/** What a feed needs of the job. */
export interface FeedEnvironment {
  readonly device: Device
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly topics: Topics
  readonly batchRows: () => number
  /** False while batches take so much memory that nothing further should be read. */
  readonly mayRead: () => boolean
  readonly count: (metric: string, by: number) => void
  readonly rowsRead: (rows: number) => void
  readonly failed: (error: Error) => void
  readonly moved: () => void
}

/** Opens a feed at `position`. Rejects when it can't be opened. */
export async function openFeed(spec: FeedSpec, options: unknown, position: Json | undefined, environment: FeedEnvironment): Promise<FeedRun> {
  const { node } = spec
  const reader = await feedType(node.kind).open({ ...environment, where: node.id }, options, position)
  return new FeedRun(spec, reader, environment)
}

/** An open feed. It reads nothing before `start`. */
export class FeedRun implements SourceRun {
  readonly id: string
  readonly #spec: FeedSpec
  readonly #reader: FeedReader
  #targets: readonly Target[] = []
  readonly #environment: FeedEnvironment
  readonly #barriers: { barrier: Barrier; reached: (position: Json) => void }[] = []
  #wake: () => void = () => {}
  #handedOutMs: number
  #stopping = false
  #ended = false
  #closed = false
  readonly totals: StepTotals = { rows: 0, rowsOut: 0, bytesOut: 0, ms: 0, spilledBytes: 0 }
  #loop: Promise<void> | undefined

  /** Use `openFeed`. */
  constructor(spec: FeedSpec, reader: FeedReader, environment: FeedEnvironment) {
    this.id = spec.node.id
    this.#spec = spec
    this.#reader = reader
    this.#environment = environment
    this.#handedOutMs = environment.clock.elapsed()
  }

  handedOutMs(): number {
    return this.#handedOutMs
  }

  /** Splits that watermarks wait for, if the source knows. */
  get splitCount(): number | undefined {
    return this.#reader.splitCount?.()
  }

  /** Begins to pass batches to `targets`, one per output of the spec. */
  start(targets: readonly Target[]): void {
    this.#targets = targets
    this.#loop = this.#run().catch(error => this.#environment.failed(asError(error)))
  }

  requestBarrier(barrier: Barrier, reached: (position: Json) => void): void {
    this.#barriers.push({ barrier, reached })
    this.#wake()
  }

  stop(end: boolean): void {
    this.#stopping = true
    if (end) this.#end()
    this.#wake()
  }

  ended(): boolean {
    return this.#ended
  }

  exhausted(): boolean {
    return this.#ended
  }

  moved(): void {
    this.#wake()
  }

  committed(position: Json): Promise<void> {
    return this.#reader.committed?.(position) ?? Promise.resolve()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    await this.#loop
    await this.#reader.close()
  }

  progress(): number | undefined {
    const remaining = this.#reader.remaining?.()
    if (remaining === undefined) return this.#ended ? 1 : undefined
    const rows = this.totals.rowsOut
    return rows + remaining === 0 ? 1 : rows / (rows + remaining)
  }

  lag(): number | undefined {
    return this.#reader.remaining?.()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const { consumer, port } of this.#targets) consumer.enqueue({ kind: 'end' }, port)
    this.#environment.moved()
  }

  async #run(): Promise<void> {
    while (!this.#closed && !this.#environment.signal.aborted) {
      for (const { barrier, reached } of this.#barriers.splice(0)) {
        reached(this.#reader.position())
        for (const { consumer, port } of this.#targets) consumer.enqueue({ kind: 'barrier', barrier }, port)
      }
      const canRead = !this.#stopping && !this.#ended && this.#targets.every(t => t.consumer.hasRoom(t.port)) && this.#environment.mayRead()
      if (!canRead) {
        await new Promise<void>(resolve => (this.#wake = resolve))
        continue
      }
      if (!this.#targets.some(t => t.consumer.wanted())) {
        this.#end()
        continue
      }
      const sinceMs = this.#environment.clock.elapsed()
      const got = await this.#reader.next()
      if (got === undefined) this.#end()
      else if (got !== 'idle') 'port' in got ? this.#pass(got.batch, sinceMs, got.port) : this.#pass(got, sinceMs)
    }
  }

  #pass(batch: Batch, sinceMs: number, from?: string): void {
    const { device } = this.#environment
    if (from === undefined) this.#count(batch)
    this.#targets.forEach(({ consumer, port }, i) => {
      const { partition, port: output } = this.#spec.outputs[i]!
      if (output !== from) return
      if (partition && partition.parallelism > 1) {
        const arena = device.arena()
        retainArena(device, batch.arena)
        arena.hold(batch.arena)
        const parts = distributeBatch(device, arena, { ...batch, arena: arena.address }, partition.keys, partition.parallelism)
        for (const part of parts) if (part) retainArena(device, part.arena)
        arena.release()
        consumer.enqueue({ kind: 'batch', parts: parts.map(p => (p ? packBatch(p) : null)), sinceMs }, port)
      } else {
        retainArena(device, batch.arena)
        consumer.enqueue({ kind: 'batch', parts: [packBatch(batch)], sinceMs }, port)
      }
    })
    releaseBatch(device, batch)
  }

  #count(batch: Batch): void {
    this.#handedOutMs = this.#environment.clock.elapsed()
    this.totals.rowsOut += batch.rowCount
    for (const column of batch.columns) this.totals.bytesOut += columnBytes(column)
    this.#environment.rowsRead(batch.rowCount)
  }
}
