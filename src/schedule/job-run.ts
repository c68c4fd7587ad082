// A running job: opens sinks, tasks and sources in that order, from a checkpoint where there is one; watches over epochs; and takes
// everything down again, whether the input ended, someone stopped it, or something failed.
import { every, pause } from '../base/clock.ts'
import { asError, CancelledError, ConnectorError, decodeError } from '../base/errors.ts'
import { redactError } from '../base/secret.ts'
import { settleable } from '../base/settleable.ts'
import type { StorageDirectory } from '../base/storage.ts'
import { type Arena, releaseArena } from '../device/arena.ts'
import { scanType, sinkType, stateKind } from '../plan/catalogue.ts'
import { factsOf, optionsOf, type ResolvedPlan } from '../plan/resolve.ts'
import type { StagePlan, StageSpec } from '../plan/stages.ts'
import type { StateRun } from '../state/state-run.ts'
import { BatchesInFlight } from './batches-in-flight.ts'
import { closeTasks } from './close-tasks.ts'
import { checkCompatible } from './compatible.ts'
import { endedSteps } from './ended-steps.ts'
import { EpochRun } from './epoch-run.ts'
import type { Target } from './flow.ts'
import type { JobEnvironment } from './job-environment.ts'
import { Latency } from './latency.ts'
import { type JobMetrics, MetricsCounter } from './metrics.ts'
import { ReadLimits } from './read-limits.ts'
import { type Savepoint, SavepointRun } from './savepoint.ts'
import { SinkRun } from './sink-run.ts'
import { type FeedRun, openFeed, runScan, type SourceRun, splitsOfScan } from './source-run.ts'
import { withSplitCounts } from './split-counts.ts'
import { stateShares } from './state-shares.ts'
import type { Instance, StageListener } from './stage-listener.ts'
import { StageRun } from './stage-run.ts'

const tickMs = 100
/** Whoever waits for an epoch to begin looks so often. */
const busyMs = 5

/** A job at work. `done` settles when it has ended and everything is closed. */
export class JobRun {
  readonly done: Promise<void>
  readonly metricsCounter: MetricsCounter
  readonly #plan: StagePlan
  readonly #resolved: ResolvedPlan
  readonly #environment: JobEnvironment
  readonly #abort = new AbortController()
  readonly #stages: StageRun[] = []
  readonly #sinks: SinkRun[] = []
  readonly #sources: SourceRun[] = []
  readonly #batches: BatchesInFlight
  readonly #epochs: EpochRun
  readonly #latency: Latency
  readonly #limits: ReadLimits
  #stopTicks: () => void = () => {}
  #failure: Error | undefined
  /** Settles when the job has failed. */
  readonly #failed = settleable()
  #opening: Promise<void> | undefined
  /** Tasks are being closed: no answer is waited for of threads that have died. */
  #lookForDead: () => void = () => {}
  #draining = false
  #finalTriggered = false
  #finalSavepoint: SavepointRun | undefined
  #running = false
  #ended = false
  /** What readers of scans share. */
  #shared: Arena | undefined
  #lastEpochAt: number
  readonly #settle = settleable()

  constructor(plan: StagePlan, resolved: ResolvedPlan, environment: JobEnvironment) {
    this.#plan = plan
    this.#resolved = resolved
    this.#environment = environment
    this.#batches = new BatchesInFlight(environment.device, environment.batchBytes)
    this.#latency = new Latency(environment.clock, environment.batchRows, resolved.bounded ? undefined : environment.latencyMs)
    this.metricsCounter = new MetricsCounter(environment.clock, environment.workers.length + 1, { pages: environment.device.pages, batches: this.#batches }, this.#latency)
    const parts = { stages: this.#stages, sinks: this.#sinks, sources: this.#sources, batches: this.#batches, watermarkOf: (task: number) => this.metricsCounter.watermarkOf(task) }
    this.#limits = new ReadLimits(environment, parts, plan.stages, resolved)
    this.#lastEpochAt = environment.clock.elapsed()
    this.done = this.#settle.promise
    this.done.catch(() => {})
    const operators = Object.fromEntries(plan.stages.flatMap(s => s.steps.map(step => [step.id, stateKind(step.kind)])))
    this.#epochs = new EpochRun(
      {
        ...environment,
        operators,
        stageCount: plan.stages.length,
        elapsed: () => environment.clock.elapsed(),
        failed: error => this.fail(error),
        completed: async (barrier, { ms, bytes, handles }) => {
          this.metricsCounter.checkpointDone(barrier.epoch, ms, bytes)
          if (environment.store) this.#log({ epoch: barrier.epoch, ms: Math.round(ms), bytes }, 'checkpoint completed')
          this.#lastEpochAt = environment.clock.elapsed()
          await environment.audit?.record('sink-commit', { epoch: barrier.epoch, sinks: Object.keys(handles) })
          if (barrier.final) void this.#finish()
          else this.#moved()
        },
      },
      environment.firstEpoch,
      () => this.#sources,
      () => this.#sinks,
    )
  }

  /** Opens everything and begins. Rejects (with everything closed again) when a part can't be opened; of a job that has begun, `done` tells that a thread refused it. */
  async start(): Promise<void> {
    const { signal } = this.#environment
    signal?.addEventListener('abort', () => this.fail(new CancelledError(this.#environment.job, { cause: signal.reason })), { once: true })
    if (signal?.aborted) this.fail(new CancelledError(this.#environment.job))
    const opening = this.#open()
    // What fails meanwhile waits for it: nothing is opened behind what has been closed.
    this.#opening = opening.catch(() => {})
    try {
      await opening
    } catch (error) {
      this.fail(asError(error))
      await this.done
    }
  }

  async #open(): Promise<void> {
    const { checkpoint, audit } = this.#environment
    this.#goesOn()
    if (checkpoint) checkCompatible(this.#environment.job, this.#plan, checkpoint)
    await audit?.record('start', { fingerprint: this.#environment.fingerprint })
    if (checkpoint) {
      const from = { epoch: checkpoint.manifest.epoch, path: checkpoint.path }
      await audit?.record('restore', from)
      this.#log(from, 'job goes on from a checkpoint')
    }
    await this.#environment.rewind?.()
    await this.#openSinks()
    if (checkpoint?.manifest.finished) return this.#finish()
    const feeds = await this.#openFeeds()
    const opened = Promise.all(await this.#openStages(feeds))
    opened.catch(error => this.fail(asError(error)))
    // Threads take messages in order, so that scans may be told to begin before all have said that they're open; what comes of feeds would be lost with a task that isn't.
    if (feeds.length > 0) await Promise.race([opened, this.#failed.promise])
    this.#goesOn()
    this.#begin(feeds)
  }

  #goesOn(): void {
    if (this.#failure) throw this.#failure
  }

  #begin(feeds: readonly FeedRun[]): void {
    this.#running = true
    this.#startSources(feeds)
    this.#stopTicks = every(this.#environment.clock, tickMs, () => this.#tick())
    this.#moved()
  }

  /** A picture of the job as of now. */
  metrics(): JobMetrics {
    const state = this.#failure ? 'failed' : this.#ended ? 'ended' : this.#draining ? 'draining' : 'running'
    return this.metricsCounter.picture(this.#sources, { state, stages: this.#stages.map(stage => stage.metrics()), sinks: this.#sinks })
  }

  /** Stops taking input. `drain`: everything taken is processed and committed, and a later start resumes behind it; `savepoint` gets the last checkpoint. */
  async stop(options: { drain: boolean; savepoint?: StorageDirectory }): Promise<Savepoint | undefined> {
    const wanted = options.savepoint && (await this.#openSavepoint(options.savepoint))
    // Before all is open nobody can tell what is to be drained.
    if (!this.#running) await this.#opening
    if (wanted) await this.#free()
    if (!options.drain || this.#gated()) {
      this.fail(new CancelledError(this.#environment.job))
      await this.done.catch(() => {})
      return undefined
    }
    this.#finalSavepoint ??= wanted
    this.#draining = true
    this.#log({}, 'job takes no further input')
    for (const source of this.#sources) source.stop(false)
    this.#moved()
    await this.done
    return wanted?.result()
  }

  /** Makes a checkpoint now; resolves with its epoch when it is committed. Throws ConnectorError JOB_ENDED. */
  async checkpoint(): Promise<number> {
    await this.#free()
    return this.#epochs.trigger({ final: false, finished: false })
  }

  /** Makes a savepoint in `target` while the job goes on. Throws as `SavepointRun.open` and `copyTo` do, and ConnectorError JOB_ENDED. */
  async savepoint(target: StorageDirectory): Promise<Savepoint> {
    const wanted = await this.#openSavepoint(target)
    await this.#free()
    await this.#epochs.trigger({ final: false, finished: false, keep: wanted.keep })
    return wanted.result()
  }

  #openSavepoint(target: StorageDirectory): Promise<SavepointRun> {
    const { job, store, audit } = this.#environment
    return SavepointRun.open(job, store, target, audit)
  }

  // Waits until an epoch can begin.
  async #free(): Promise<void> {
    const ended = this.done.then(() => true, () => true)
    while (this.#running && (this.#epochs.busy || this.#gated())) if (await Promise.race([ended, pause(this.#environment.clock, busyMs)])) break
    if (this.#running && !this.#failure && !this.#finalTriggered && !this.#draining) return
    throw new ConnectorError('JOB_ENDED', `${this.#environment.job}: the job has ended or is ending, so it makes no further checkpoint; its last one is in its checkpoint directory`)
  }

  #log(details: object, message: string): void {
    this.#environment.logger?.info({ job: this.#environment.job, ...details }, message)
  }

  /** Ends the job with an error: uncommitted output is undone, memory given back, `done` rejects. */
  fail(error: Error): void {
    this.#lookForDead()
    if (this.#failure || this.#ended) return
    this.#failure = redactError(error)
    this.#failed.resolve()
    void this.#takeDown(error)
  }

  async #openSinks(): Promise<void> {
    const { device, clock, job, bindings, checkpoint, store, topics, files, firstEpoch: epoch } = this.#environment
    for (const node of this.#plan.sinks) {
      this.#goesOn()
      const { fields } = factsOf(this.#resolved.edges, node.input)
      const handle = checkpoint?.manifest.sinks[node.id]
      const resumed = checkpoint && handle !== undefined ? { epoch: checkpoint.manifest.epoch, handle, ...(this.#environment.rewind && { rewind: true as const }) } : undefined
      const writer = await sinkType(node.kind).open(
        { device, clock, fields, where: node.id, job, sink: node.id, signal: this.#abort.signal, topics, ...(files && { files }), epoch, ...(resumed && { resumed }), ...(!store && { keepsNothing: true }), count: (m, by) => this.metricsCounter.count(m, by) },
        optionsOf(node, bindings),
      )
      const sink = new SinkRun(node.id, device, fields, writer, epoch, {
        batches: this.#batches,
        clock,
        failed: error => this.fail(error),
        prepared: (id, barrier, prepared) => this.#epochs.prepared(id, barrier, prepared),
        rowsWritten: (rows, sinceMs) => this.metricsCounter.wrote(rows, sinceMs),
        moved: () => this.#moved(),
      })
      this.#sinks.push(sink)
      if (resumed) await sink.commit(resumed.epoch, resumed.handle)
    }
  }

  // What it promises to say is whether each task could be opened.
  async #openStages(feeds: readonly FeedRun[]): Promise<Promise<void>[]> {
    const splitCounts = new Map(feeds.map(f => [f.id, f.splitCount]))
    const opened: Promise<void>[] = []
    const shares = stateShares(this.#plan.stages, this.#environment.stateBytes)
    for (const [i, spec] of this.#plan.stages.entries()) opened.push(...(await this.#openStage(withSplitCounts(spec, this.#resolved, splitCounts), shares[i]!)))
    for (const [i, spec] of this.#plan.stages.entries()) this.#stages[i]!.targets = spec.outputs.map(o => this.#target(o.to))
    return opened
  }

  async #openStage(spec: StageSpec, stateBytes: readonly number[]): Promise<Promise<void>[]> {
    const { workers, main, nextTask, listen, batchRows, checkpoint, device, spillFolder } = this.#environment
    const restore: Record<string, readonly StateRun[]> = {}
    for (const step of spec.steps) if (checkpoint?.manifest.operators[step.id]) restore[step.id] = await checkpoint.readRuns(step.id)
    const hosts = spec.placement === 'main' || workers.length === 0 ? [main] : workers
    const hostOf = (instance: number) => hosts[(spec.parallelism === 1 ? spec.index : instance) % hosts.length]!
    const instances = Array.from({ length: spec.parallelism }, (_, i): Instance => ({ host: hostOf(i), task: nextTask(), inFlight: 0, sentMs: 0 }))
    for (const { host, task } of instances) this.metricsCounter.placed(task, host === main ? workers.length : workers.indexOf(host))
    const listener: StageListener = {
      batches: this.#batches,
      failed: error => this.fail(error),
      counted: (_, reply) => this.metricsCounter.replied(reply),
      snapshotTaken: (barrier, runs, ended) => this.#epochs.snapshotTaken(barrier, runs, ended),
      release: batch => releaseArena(device, batch[1]!),
      moved: () => this.#moved(),
      mayRead: () => this.#limits.mayRead(spec.scan?.id),
      batchRows: () => this.#latency.batchRows,
      elapsed: () => this.#environment.clock.elapsed(),
    }
    const sharedBytes = spec.scan ? (scanType(spec.scan.kind).sharedBytes?.(spec.scan.options) ?? 0) : 0
    const shared = sharedBytes === 0 ? 0 : this.#sharedWords(sharedBytes)
    const stage = new StageRun(spec, instances, listener)
    this.#stages.push(stage)
    return instances.map(
      ({ host, task }, instance) =>
        new Promise<void>((resolve, reject) => {
          listen(task, reply => {
            listen(task, later => stage.replied(instance, later))
            if (reply.error) reject(decodeError(reply.error))
            else resolve()
          })
          host.send({ type: 'open', task, seq: 0, spec, instance, batchRows, restore, ended: endedSteps(spec, this.#plan.stages, checkpoint?.manifest.ended), stateBytes, spillFolder, shared })
        }),
    )
  }

  #sharedWords(bytes: number): number {
    return (this.#shared ??= this.#environment.device.arena()).allocateZeroed(bytes)
  }

  #target(to: StageSpec['outputs'][number]['to']): Target {
    return 'stage' in to ? { consumer: this.#stages[to.stage]!, port: to.port } : { consumer: this.#sinks.find(s => s.id === to.sink)!, port: 0 }
  }

  async #openFeeds(): Promise<FeedRun[]> {
    const { device, clock, bindings, checkpoint, topics } = this.#environment
    const feeds: FeedRun[] = []
    for (const feed of this.#plan.feeds) {
      this.#goesOn()
      const opened = await openFeed(feed, optionsOf(feed.node, bindings), checkpoint?.manifest.sources[feed.node.id], {
        device,
        clock,
        signal: this.#abort.signal,
        topics,
        batchRows: () => this.#latency.batchRows,
        mayRead: () => this.#limits.mayRead(feed.node.id),
        count: (m, by) => this.metricsCounter.count(m, by),
        rowsRead: rows => this.metricsCounter.read(rows),
        failed: error => this.fail(error),
        moved: () => this.#moved(),
      })
      this.#sources.push(opened)
      feeds.push(opened)
    }
    return feeds
  }

  #startSources(feeds: readonly FeedRun[]): void {
    const positions = this.#environment.checkpoint?.manifest.sources
    this.#plan.stages.forEach((spec, i) => {
      if (!spec.scan) return
      const { splits, skipped, together } = splitsOfScan(spec, this.#plan.stages)
      if (skipped > 0) this.metricsCounter.count('splitsSkipped', skipped)
      this.#sources.push(runScan(spec.scan.id, splits, positions?.[spec.scan.id], this.#stages[i]!, together, count => this.#sharedWords(4 * count)))
    })
    feeds.forEach((feed, i) => feed.start(this.#plan.feeds[i]!.outputs.map(o => this.#target(o.to))))
  }

  // Called whenever anything has moved; must be cheap and may be called from within itself.
  #moving = false
  #moved(): void {
    if (this.#moving || this.#failure || !this.#running) return
    this.#moving = true
    queueMicrotask(() => {
      this.#moving = false
      if (this.#failure) return
      for (const stage of this.#stages) stage.pump()
      for (const source of this.#sources) source.moved()
      const allEnded = this.#sources.length > 0 && this.#sources.every(s => s.ended())
      if ((allEnded || this.#draining) && !this.#finalTriggered && !this.#epochs.busy) {
        this.#finalTriggered = true
        this.#trigger({ final: true, finished: allEnded && !this.#draining, keep: this.#finalSavepoint?.keep })
      }
    })
  }

  // A join's table is being made: what has been read of its other side can't be put behind a barrier yet.
  readonly #gated = () => this.#stages.some(stage => stage.gated)

  #trigger(options: Parameters<EpochRun['trigger']>[0]): void {
    this.#epochs.trigger(options).catch(error => this.fail(asError(error)))
  }

  #tick(): void {
    const now = this.#environment.clock.now()
    this.metricsCounter.sample(this.#stages.map(stage => stage.metrics()))
    for (const stage of this.#stages) if (stage.spec.steps.some(s => s.bounded === false)) stage.tick(now)
    const periodic = this.#environment.store !== undefined || !this.#resolved.bounded
    const due = this.#environment.clock.elapsed() - this.#lastEpochAt >= this.#environment.epochMs
    if (periodic && due && !this.#epochs.busy && !this.#finalTriggered && !this.#gated()) this.#trigger({ final: false, finished: false })
  }

  async #finish(): Promise<void> {
    try {
      await this.#closeAll(false)
      this.#ended = true
      await this.#environment.audit?.record('stop', { reason: this.#draining ? 'drained' : 'finished' })
      this.#settle.resolve()
    } catch (error) {
      this.#settle.reject(redactError(asError(error)))
    }
  }

  async #takeDown(error: Error): Promise<void> {
    if (this.#opening && !this.#running) this.#abort.abort()
    await this.#opening
    for (const source of this.#sources) source.stop(false)
    for (const stage of this.#stages) stage.abandon()
    for (const sink of this.#sinks) sink.abandon()
    await this.#epochs.abandon(error).catch(() => {})
    await this.#closeAll(true).catch(() => {})
    await this.#environment.audit?.record('fail', { error: error.message }).catch(() => {})
    this.#settle.reject(error)
  }

  async #closeAll(failed: boolean): Promise<void> {
    this.#running = false
    this.#stopTicks()
    this.#abort.abort()
    for (const source of this.#sources) await source.close()
    await closeTasks(this.#stages, this.#environment, reply => this.metricsCounter.replied(reply), look => (this.#lookForDead = look))
    this.#shared?.release()
    this.#shared = undefined
    let first: unknown
    for (const sink of this.#sinks) await sink.close(failed).catch(error => (first ??= error))
    if (first) throw asError(first)
  }
}
