// Running what frames describe: one-off results, streams of batches, and jobs that go on until they end or are stopped.
import { type ProgressTarget, progressReporter } from '../base/progress-line.ts'
import { systemClock } from '../base/clock.ts'
import { asError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { BatchView } from '../batch/batch-view.ts'
import type { Fields } from '../batch/schema.ts'
import { inPage } from '../device/machine.ts'
import { parseDevice } from '../compute/choose-device.ts'
import { type CachedResult, sharedEngine, type StartedJob } from '../engine.ts'
import { chooseDevices, deviceOf } from '../plan/choose-devices.ts'
import { explainPlan } from '../plan/explain.ts'
import { fusePipelines } from '../plan/fuse-pipelines.ts'
import { isLarge } from '../plan/job-size.ts'
import type { JobMetrics } from '../schedule/metrics.ts'
import { openMetricsText, openMetricsType } from '../schedule/open-metrics.ts'
import { parseMode, type RunOptions } from '../schedule/run-options.ts'
import type { Savepoint } from '../schedule/savepoint.ts'
import { openPlan } from '../plan/open-plan.ts'
import { optimizePlan } from '../plan/optimize.ts'
import type { Plan } from '../plan/plan.ts'
import { splitByPorts } from '../plan/port-scans.ts'
import { type Bindings, type ResolvedPlan, resolvePlan } from '../plan/resolve.ts'
import { unkeptOptions } from '../source/kept.ts'
import { localDirectory } from '../storage/directory.ts'
import { buildPlan, type FrameNode, type NodeEdge, sinkNode } from './node.ts'
import { type OwnedChunk, OwnedDictionaries, ownBatch } from './owned-columns.ts'
import { Table } from './table.ts'

/** How `start` treats failures that may pass: attempts of the whole job from its newest checkpoint. */
export interface RestartOptions {
  readonly attempts: number
  readonly backoff?: import('../base/units.ts').Duration
}

/** Options of `collect`, `run`, `start` and their kin. */
export interface JobOptions extends RunOptions {
  /** A live line on standard error (plain lines in a pipe), or a place of one's own to write it. */
  readonly progress?: boolean | ProgressTarget
  /** Instead of the progress line, a live view of the job on standard error: rates, lag, event time, checkpoints, and its steps; plain lines in a pipe. */
  readonly watch?: boolean | ProgressTarget
  /** Serves the job's metrics over HTTP as OpenMetrics text, at /metrics of this port (0: a free one) of 127.0.0.1, or of `host`. See `Run.metricsUrl`. */
  readonly metrics?: { readonly port: number; readonly host?: string }
  readonly restart?: RestartOptions
  /**
   * Lets other shells of the same user see and steer the job (`millrace jobs`, `savepoint`, `stop`, `cancel`), under `name` or its own. It is written into a folder
   * that only the user may enter, and listens on a socket there; where that can't be had, `failed` is called (else a warning is emitted) and the job runs all the same.
   */
  readonly control?: boolean | { readonly name?: string; failed?(error: Error): void }
  /** Once aborted, the job takes no more input, finishes what it has and commits it, as `stop()` does. */
  readonly drain?: AbortSignal
}

/** A job at work. */
export interface Run {
  readonly done: Promise<void>
  metrics(): JobMetrics
  /** Where the metrics are served that the options ask for; with restarts, of the attempt at work. */
  readonly metricsUrl?: string | undefined
  /** Makes a checkpoint now and resolves when it is committed, with its epoch. */
  checkpoint(): Promise<number>
  /**
   * Makes a savepoint in `dir`, which must be empty or absent, while the job goes on: the checkpoint of an epoch as a folder of its own, verified, which may be
   * moved, is never removed, and is what `restore` takes. The job must keep checkpoints. A savepoint that fails leaves the job as it was. Throws PlanError
   * SAVEPOINT_STATE, ConnectorError SAVEPOINT_EXISTS, JOB_ENDED, DISK_….
   */
  savepoint(dir: string): Promise<Savepoint>
  /**
   * `drain` (the default): what was taken is finished and committed; a later start resumes behind it. Else what is uncommitted is undone. `savepoint`: the folder
   * for one of the last epoch, behind which nothing was committed; only when drained.
   */
  stop(options?: { drain?: boolean; savepoint?: string }): Promise<Savepoint | undefined>
}

/** Starts a job of several sinks over shared steps. Rejects when it can't be started. */
export async function startJob(roots: readonly FrameNode[], options: JobOptions): Promise<Run & { readonly started: StartedJob; readonly bindings: Bindings }> {
  const built = buildPlan(roots)
  const engine = await sharedEngine(options)
  const started = await engine.start(built.plan, built.bindings, options)
  const { logger } = options
  const name = options.name ?? 'job'
  logger?.info({ job: name, ...(options.workers !== undefined && { workers: options.workers }) }, 'job started')
  const stopProgress = options.watch ? await showWatch(started, name, { ...options, watch: options.watch }) : showProgress(started, options.progress)
  const unlisten = drainWhenAborted(started, options.drain)
  const control = options.control ? await announce(started, name, options) : undefined
  const served = options.metrics && (await serve(started, name, options.metrics))
  const done = started.done.finally(unlisten).finally(() => control?.close()).finally(() => served?.close()).then(
    () => {
      stopProgress()
      logger?.info({ job: name, ...started.run.metrics() }, 'job finished')
    },
    error => {
      stopProgress()
      logger?.error({ job: name, code: (error as { code?: string }).code }, asError(error).message)
      throw error
    },
  )
  done.catch(() => {})
  return {
    started,
    bindings: built.bindings,
    done,
    metrics: () => started.run.metrics(),
    ...(served && { metricsUrl: served.url }),
    checkpoint: () => started.run.checkpoint(),
    savepoint: dir => started.run.savepoint(localDirectory(dir)),
    stop: ({ drain = true, savepoint } = {}) => stopJob(started, done, drain, savepoint),
  }
}

// A job whose figures can't be had as asked doesn't run.
async function serve({ run, done }: StartedJob, job: string, address: NonNullable<JobOptions['metrics']>): Promise<{ url: string; close(): Promise<void> }> {
  try {
    const { serveMetrics } = await import('../connect/metrics-server.ts')
    return await serveMetrics({ ...address, contentType: openMetricsType, text: () => openMetricsText(job, run.metrics()) })
  } catch (error) {
    run.fail(asError(error))
    await done.catch(() => {})
    throw error
  }
}

// A job that nobody can reach is still a job.
async function announce(started: StartedJob, job: string, { control, checkpoint }: JobOptions): Promise<{ close(): Promise<void> } | undefined> {
  const { name = job, failed }: { name?: string; failed?(error: Error): void } = typeof control === 'object' ? control : {}
  try {
    const { openControl } = await import('./control.ts')
    return await openControl(started, { name, job, ...(checkpoint && { state: checkpoint.dir }) })
  } catch (error) {
    if (failed) failed(asError(error))
    else if (inPage) console.warn(asError(error))
    else process.emitWarning(asError(error))
    return undefined
  }
}

function drainWhenAborted(started: StartedJob, signal: AbortSignal | undefined): () => void {
  // How it ended is told by `done`.
  const drain = () => void started.run.stop({ drain: true }).catch(() => {})
  if (signal?.aborted) drain()
  else signal?.addEventListener('abort', drain, { once: true })
  return () => signal?.removeEventListener('abort', drain)
}

async function stopJob(started: StartedJob, done: Promise<void>, drain: boolean, savepoint: string | undefined): Promise<Savepoint | undefined> {
  if (savepoint !== undefined && !drain)
    throw new PlanError('SAVEPOINT_STATE', `stop: savepoint: '${savepoint}' with drain: false; a job that is cancelled has no last epoch; drain it, or call savepoint() first`)
  const made = await started.run.stop({ drain, ...(savepoint !== undefined && { savepoint: localDirectory(savepoint) }) })
  // Files and locks are released, too.
  await done.catch(() => {})
  return made
}

function targetOf(choice: true | ProgressTarget): ProgressTarget {
  if (typeof choice === 'object') return choice
  if (inPage) return { write: text => console.log(text.trimEnd()), isTerminal: false, width: () => 100, height: () => 24 }
  const { stderr } = process
  return { write: text => void stderr.write(text), isTerminal: stderr.isTTY === true, width: () => stderr.columns ?? 100, height: () => stderr.rows ?? 24 }
}

async function showWatch(started: StartedJob, job: string, { watch, control }: JobOptions & { watch: true | ProgressTarget }): Promise<() => void> {
  const { watchJob } = await import('./watch.ts')
  const name = typeof control === 'object' ? (control.name ?? job) : job
  return watchJob(targetOf(watch), systemClock, name, () => started.run.metrics()).stop
}

function showProgress(started: StartedJob, choice: JobOptions['progress']): () => void {
  if (!choice) return () => {}
  const reporter = progressReporter(targetOf(choice), systemClock)
  const state = () => {
    const { rowsRead, progress, elapsedMs } = started.run.metrics()
    return { rows: rowsRead, elapsedMs, ...(progress !== undefined && progress > 0 && { rowsTotal: rowsRead / progress }) }
  }
  const timer = setInterval(() => reporter.update(state()), 100)
  return () => {
    clearInterval(timer)
    reporter.finish(state())
  }
}

/** Runs everything that `input` needs and copies its rows out. */
export async function collectTable(input: NodeEdge, options: JobOptions): Promise<Table> {
  const chunks: OwnedChunk[] = []
  let dictionaries: OwnedDictionaries | undefined
  const sink = sinkNode(input, {
    sink: 'user',
    options: null,
    bound: { name: 'collect', delivery: 'idempotent', changes: 'net', write: (batch: BatchView) => void chunks.push(ownBatch(batch.device, batch.batch, (dictionaries ??= new OwnedDictionaries(batch.device)))) },
  })
  const run = await startJob([{ ...sink, label: 'collect' }], options)
  await run.done.finally(() => dictionaries?.close())
  const { started } = run
  const node = started.plan.nodes.find(n => n.node === 'sink' && n.id === 'collect')!
  const fields: Fields = node.node === 'sink' ? started.plan.edges.get(node.input.port === undefined ? node.input.node : `${node.input.node}:${node.input.port}`)!.fields : []
  const devices = new Map(started.plan.nodes.map(n => [n.id, deviceOf(n)]))
  const steps = Object.fromEntries([...started.run.metricsCounter.totals()].map(([id, totals]) => [id, { ...totals, device: devices.get(id)! }]))
  return new Table(fields, chunks, { ...run.metrics(), steps })
}

/** Options of `batches`. */
export interface BatchesOptions extends JobOptions {
  /** Takes rows that change earlier ones: `batch.changes` says what each is. Unless said such rows are refused when the plan is made. */
  readonly changes?: boolean
}

/** Batches as they come, one at a time: the next is asked for only when the loop comes back. Leaving the loop cancels the run. */
export async function* iterateBatches(input: NodeEdge, { changes = false, ...options }: BatchesOptions): AsyncGenerator<BatchView> {
  const waiting: { view: BatchView; taken: () => void }[] = []
  let wake: () => void = () => {}
  const bound = {
    name: 'batches',
    delivery: 'idempotent',
    changes,
    write: (view: BatchView) =>
      new Promise<void>(taken => {
        waiting.push({ view, taken })
        wake()
      }),
    close: () => {
      for (const { taken } of waiting.splice(0)) taken()
    },
  }
  const abort = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal
  const run = await startJob([{ ...sinkNode(input, { sink: 'user', options: null, bound }), label: 'batches' }], { ...options, signal })
  let ended = false
  let failure: unknown
  run.done.then(
    () => {
      ended = true
      wake()
    },
    error => {
      ended = true
      failure = error
      wake()
    },
  )
  try {
    for (;;) {
      const next = waiting.shift()
      if (next) {
        try {
          yield new BatchView(next.view.device, next.view.batch)
        } finally {
          next.taken()
        }
      } else if (ended) {
        if (failure) throw failure
        return
      } else await new Promise<void>(resolve => (wake = resolve))
    }
  } finally {
    if (!ended) {
      abort.abort()
      for (const { taken } of waiting.splice(0)) taken()
      await run.done.catch(() => {})
    }
  }
}

/** The plan as text, as a run with `device` and `mode` would have it. Looks at the sources' heads; runs nothing and opens no GPU. */
export function explainFrame(input: NodeEdge, { device, mode }: Pick<JobOptions, 'device' | 'mode'> = {}): string {
  const { plan, bindings } = buildPlan([input])
  return explainBuilt(parseMode(mode) === 'stream' ? { ...plan, streams: true } : plan, bindings, device)
}

/** As `explainFrame`, of files that are fetched, too: what is needed of them is. Throws as their sources do. */
export async function explainFetched(input: FrameNode, signal?: AbortSignal): Promise<string> {
  const { plan, bindings } = buildPlan([input])
  const opened = await openPlan(plan, bindings, signal)
  try {
    return await opened.look(() => explainBuilt(opened.plan, bindings))
  } finally {
    opened.close()
  }
}

function explainBuilt(built: Plan, bindings: Bindings, device?: JobOptions['device']): string {
  const plan = splitByPorts(withoutRows(built, bindings))
  const { resolved } = optimizePlan(plan, resolvePlan(plan, bindings), bindings)
  const placed = parseDevice(device, 'explain') === 'webgpu' ? chooseDevices(resolved, 'webgpu') : resolved
  return explainPlan(fusePipelines(placed, 'auto', isLarge(placed, bindings) || keepsRows(placed)), bindings)
}

// What `cache()` keeps is taken to be large: how much it is shows only once it is there.
function keepsRows({ nodes }: ResolvedPlan): boolean {
  return nodes.some(node => node.node === 'scan' && node.kind === 'kept')
}

// Cached frames as if they had been kept: their fields are those of the plan behind them.
function withoutRows(plan: Plan, bindings: Bindings): Plan {
  const nodes = plan.nodes.map(node => {
    if (node.node !== 'scan' || node.kind !== 'cached') return node
    const inner = bindings.get((node.options as { id: string }).id) as CachedResult
    const { edges } = resolvePlan(withoutRows(inner.plan, inner.bindings), inner.bindings)
    return { ...node, kind: 'kept', options: unkeptOptions(edges.get(inner.plan.nodes.at(-1)!.id)!.fields) as unknown as Json }
  })
  return { ...plan, nodes }
}

/** Runs the frame into nothing and gives the plan with rows and time per step. */
export async function analyzeFrame(input: NodeEdge, options: JobOptions): Promise<string> {
  const bound = { name: 'nothing', delivery: 'idempotent', changes: true, write: () => {} }
  const run = await startJob([{ ...sinkNode(input, { sink: 'user', options: null, bound }), label: 'explain' }], options)
  await run.done
  const { plan, run: job } = run.started
  const totals = job.metricsCounter.totals()
  const text = explainPlan({ ...plan, nodes: plan.nodes.filter(n => n.id !== 'explain') }, run.bindings, totals)
  const passes = plan.nodes.filter(n => n.node === 'operator' && n.kind === 'fusedAggregate')
  if (passes.length === 0) return text
  const rows = passes.reduce((sum, { id }) => sum + (totals.get(id)?.rows ?? 0), 0)
  return `${text}\ncompiled: ${job.metrics().counts['rowsFused'] ?? 0} of the ${rows} rows of compiled passes; the rest step by step`
}
