// Epochs: barriers go in at the sources, state is frozen as they pass, sinks make their part durable; when all have answered, the
// checkpoint is written, and only then do sinks commit. One epoch is open at a time; the flow goes on meanwhile.
import { assert, asError } from '../base/errors.ts'
import { keyHashVersion } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { CheckpointStore } from '../storage/checkpoint-store.ts'
import type { CheckpointWriter } from '../storage/checkpoint-writer.ts'
import type { Barrier } from './flow.ts'
import type { StepRuns } from './messages.ts'
import type { SinkRun } from './sink-run.ts'
import type { SourceRun } from './source-run.ts'

/** What epochs need to know of the job. */
export interface EpochEnvironment {
  readonly store?: CheckpointStore
  readonly retain: number
  readonly fingerprint: string
  /** Kinds of all operators by id. */
  readonly operators: Readonly<Record<string, string>>
  readonly stageCount: number
  elapsed(): number
  failed(error: Error): void
  /** The epoch is durable and visible. `ms` from barrier to commit; `bytes` were written for it. */
  completed(barrier: Barrier, facts: { ms: number; bytes: number; handles: Readonly<Record<string, Json>> }): Promise<void>
}

interface OpenEpoch {
  readonly barrier: Barrier
  readonly keep: ((epoch: number) => Promise<void>) | undefined
  readonly startedMs: number
  readonly writer: CheckpointWriter | undefined
  readonly positions: Map<string, Json>
  readonly handles: Map<string, Json>
  /** Steps that have given all they give. */
  readonly ended: string[]
  stagesMissing: number
  readonly done: (error?: Error) => void
}

/** The epochs of a running job. */
export class EpochRun {
  readonly #environment: EpochEnvironment
  readonly #sources: () => readonly SourceRun[]
  readonly #sinks: () => readonly SinkRun[]
  #next: number
  #open: OpenEpoch | undefined
  #starting = false

  constructor(environment: EpochEnvironment, firstEpoch: number, sources: () => readonly SourceRun[], sinks: () => readonly SinkRun[]) {
    this.#environment = environment
    this.#next = firstEpoch
    this.#sources = sources
    this.#sinks = sinks
  }

  /** True while an epoch is between its barrier and its commit. */
  get busy(): boolean {
    return this.#starting || this.#open !== undefined
  }

  /**
   * Puts the next barrier into the flow; resolves when the epoch is committed. `finished`: the input has ended; an epoch whose barrier comes behind the end of all
   * input is that in any case, or what the job gives at its end would be given again. `keep` is called when it is committed, before
   * older checkpoints are removed; it doesn't throw.
   */
  async trigger(options: { final: boolean; finished: boolean; keep?: (epoch: number) => Promise<void> }): Promise<number> {
    assert(!this.busy, 'an epoch was triggered while another is open')
    this.#starting = true
    const { store } = this.#environment
    const epoch = this.#next++
    const startedMs = this.#environment.elapsed()
    // Over with the call alone: an epoch that settles later must not say of the next one, which may be starting then, that it isn't.
    let writer: CheckpointWriter | undefined
    try {
      writer = await store?.begin(epoch)
    } finally {
      this.#starting = false
    }
    const finished = options.finished || (this.#sources().length > 0 && this.#sources().every(source => source.exhausted()))
    const barrier: Barrier = { epoch, final: options.final, finished, snapshot: store !== undefined }
    return new Promise<number>((resolve, reject) => {
      this.#open = {
        barrier,
        keep: options.keep,
        startedMs,
        writer,
        positions: new Map(),
        handles: new Map(),
        ended: [],
        stagesMissing: this.#environment.stageCount,
        done: error => (error ? reject(error) : resolve(barrier.epoch)),
      }
      for (const source of this.#sources()) {
        source.requestBarrier(barrier, position => {
          this.#open?.positions.set(source.id, position)
          this.#check()
        })
      }
    })
  }

  /** A stage has frozen its state; its steps `ended` have given all they give. */
  snapshotTaken(barrier: Barrier, runs: readonly StepRuns[], ended: readonly string[] = []): void {
    const open = this.#open
    if (!open || open.barrier.epoch !== barrier.epoch) return
    runs.forEach((steps, instance) => {
      for (const [step, stepRuns] of Object.entries(steps)) for (const run of stepRuns) void open.writer?.writeRun(step, instance, run)
    })
    open.ended.push(...ended)
    open.stagesMissing--
    this.#check()
  }

  /** A sink has made its part durable. */
  prepared(sink: string, barrier: Barrier, handle: Json): void {
    if (this.#open?.barrier.epoch !== barrier.epoch) return
    this.#open.handles.set(sink, handle)
    this.#check()
  }

  /** Gives the open epoch up. */
  async abandon(error: Error): Promise<void> {
    const open = this.#open
    this.#open = undefined
    open?.done(error)
    await open?.writer?.abandon()
  }

  #check(): void {
    const open = this.#open
    if (!open || open.stagesMissing > 0 || open.positions.size < this.#sources().length || open.handles.size < this.#sinks().length) return
    this.#complete(open).catch(error => {
      this.#environment.failed(asError(error))
      open.done(asError(error))
    })
  }

  async #complete(open: OpenEpoch): Promise<void> {
    const { store, retain, fingerprint, operators } = this.#environment
    const { barrier, handles, positions } = open
    await open.writer?.complete({
      planFingerprint: fingerprint,
      keyHashVersion,
      sources: Object.fromEntries(positions),
      sinks: Object.fromEntries(handles),
      operators,
      watermarks: {},
      ...(open.ended.length > 0 && { ended: open.ended }),
      ...(barrier.finished && { finished: true }),
    })
    if (this.#open !== open) return
    await Promise.all(this.#sinks().map(sink => sink.commit(barrier.epoch, handles.get(sink.id)!)))
    for (const source of this.#sources()) await source.committed(positions.get(source.id)!)
    await open.keep?.(barrier.epoch)
    await store?.retain(retain)
    this.#open = undefined
    await this.#environment.completed(barrier, { ms: this.#environment.elapsed() - open.startedMs, bytes: open.writer?.bytes ?? 0, handles: Object.fromEntries(handles) })
    open.done()
  }
}
