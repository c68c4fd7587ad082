// The composition root: puts a device, worker threads and the scheduler together, takes plans, and runs them. Engines are shared by
// their settings and closed by themselves when the process has nothing else to do.
import { type Clock, systemClock } from './base/clock.ts'
import { asError, DeviceError } from './base/errors.ts'
import type { Json } from './base/json.ts'
import { type MemoryBudget, memoryBudget } from './base/memory-budget.ts'
import { nextTurn } from './base/turn.ts'
import { parseDuration } from './base/units.ts'
import type { Arena } from './device/arena.ts'
import { createDevice, type Device } from './device/device.ts'
import { inPage, memoryBytes, temporaryFolder, threadsMax } from './device/machine.ts'
import { pageBytes } from './device/pages.ts'
import type { GpuOptions } from './device/gpu.ts'
import { type Batch, releaseBatch, withCodes } from './batch/batch.ts'
import { layoutOf } from './batch/data-type.ts'
import { parseDevice } from './compute/choose-device.ts'
import { hasRange, ranged } from './compute/bounds.ts'
import { dictionaryCodes } from './compute/dictionary-codes.ts'
import { narrowed } from './compute/narrow.ts'
import { LazyGpu } from './compute/ready-gpu.ts'
import type { TaskReply } from './schedule/messages.ts'
import { chooseDevices } from './plan/choose-devices.ts'
import { fusePipelines, parseFuse } from './plan/fuse-pipelines.ts'
import { isLarge } from './plan/job-size.ts'
import { neededColumns } from './plan/needed-columns.ts'
import { optimizePlan } from './plan/optimize.ts'
import { type OpenPlan, openPlan } from './plan/open-plan.ts'
import { type Plan, planFingerprint } from './plan/plan.ts'
import { prepareScans } from './plan/prepare-scans.ts'
import { fixNow } from './plan/now.ts'
import { splitByPorts } from './plan/port-scans.ts'
import { type Bindings, factsOf, type ResolvedPlan, resolvePlan } from './plan/resolve.ts'
import { splitsToRead } from './plan/skip-splits.ts'
import { cutStages } from './plan/stages.ts'
import { InlineHost, type TaskHost } from './schedule/host.ts'
import { JobRun } from './schedule/job-run.ts'
import { openAudit, openState } from './schedule/job-state.ts'
import { checkedBatchRows, parseLatency, checkedWorkers, parseMode, type RunOptions, workersMax } from './schedule/run-options.ts'
import { trapCode } from './schedule/trap.ts'
import { WorkerPool } from './schedule/worker-pool.ts'
import { readsFetched } from './source/fetched-files.ts'
import { type KeptOptions, keptOptions } from './source/kept.ts'
import type { AuditLog } from './storage/audit-log.ts'
import { createTopics } from './storage/topics.ts'

/** A job that was started. */
export interface StartedJob {
  readonly run: JobRun
  readonly plan: ResolvedPlan
  /** Settles when the job has ended and its files and locks are released. */
  readonly done: Promise<void>
}

/** A result that is computed once per engine and kept: what `cache()` makes. */
export interface CachedResult {
  readonly plan: Plan
  readonly bindings: Bindings
}

/** The share of the memory from which on sources wait. */
const crowdedShare = 0.65
const batchRowsMax = 65_536
const batchRowsMin = 1_024
const defaultEpochMs = 10_000

/** A device with its threads. Jobs of one engine share its memory. */
export class Engine {
  readonly device: Device
  readonly memory: MemoryBudget
  readonly #pool: WorkerPool
  /** Threads were asked for: also small jobs run on them. */
  readonly #everyJob: boolean
  readonly #main: InlineHost
  readonly #gpu: LazyGpu
  readonly #clock: Clock
  readonly #listeners = new Map<number, (reply: TaskReply) => void>()
  readonly #kept = new Map<string, Promise<{ options: KeptOptions; batches: readonly Batch[] }>>()
  readonly #keptArenas: Arena[] = []
  readonly #jobs = new Set<JobRun>()
  #nextTask = 1
  #dead: Error | undefined

  private constructor(device: Device, memory: MemoryBudget, workers: number, everyJob: boolean, clock: Clock, gpu: LazyGpu) {
    this.#everyJob = everyJob
    this.device = device
    this.memory = memory
    this.#gpu = gpu
    this.#clock = clock
    this.#main = new InlineHost(device, clock)
    const hear = (host: TaskHost) => {
      host.onReply = reply => this.#listeners.get(reply.task)?.(reply)
      host.onDeath = error => this.#died(error)
    }
    hear(this.#main)
    this.#pool = new WorkerPool(device, workers > 1 ? workers : 0, hear)
  }

  /** A new engine. `gpu` says where its GPU comes from, once a job needs it. Throws DeviceError. Cost: 10 ms; threads come later. */
  static async open(options: { workers?: number; memory?: RunOptions['memory']; clock?: Clock; gpu?: GpuOptions } = {}): Promise<Engine> {
    const asked = checkedWorkers(options.workers ?? Math.min(workersMax, threadsMax()))
    const workers = inPage ? 1 : asked
    const memory = memoryBudget(options.memory, memoryBytes(), workers)
    const device = await createDevice({ memoryMax: memory.totalBytes })
    return new Engine(device, memory, workers, options.workers !== undefined, options.clock ?? systemClock, new LazyGpu(options.gpu))
  }

  /** True once a thread has died or a kernel has trapped: the engine takes no more jobs. */
  get dead(): boolean {
    return this.#dead !== undefined
  }

  /** Resolves a plan without running it: looks at the sources, checks every step. Throws PlanError, DataError or ConnectorError. */
  async resolve(plan: Plan, bindings: Bindings): Promise<ResolvedPlan> {
    const opened = await openPlan(await this.#withKept(plan, bindings), bindings)
    try {
      await opened.look(() => prepareScans(opened.plan.nodes))
      return await opened.look(() => resolvePlan(opened.plan, bindings))
    } finally {
      opened.close()
    }
  }

  /** Runs a plan. Rejects when it can't be started; `done` tells how it ended. */
  async start(plan: Plan, bindings: Bindings, options: RunOptions = {}): Promise<StartedJob> {
    if (this.#dead) throw new DeviceError('ENGINE_DEAD', `engine: it was closed after a failure (${this.#dead.message}); open another`)
    const asked = splitByPorts(parseMode(options.mode) === 'stream' ? { ...plan, streams: true as const } : plan)
    const opened = await openPlan(await this.#withKept(fixNow(asked, (options.clock ?? this.#clock).now()), bindings), bindings, options.signal)
    try {
      const started = await this.#startOpened(opened, bindings, options)
      const done = started.done.finally(() => opened.close())
      done.catch(() => {})
      return { ...started, done }
    } catch (error) {
      opened.close()
      throw error
    }
  }

  async #startOpened({ plan: physical, look }: OpenPlan, bindings: Bindings, options: RunOptions): Promise<StartedJob> {
    const job = options.name ?? 'job'
    await look(() => prepareScans(physical.nodes))
    const whole = await look(() => resolvePlan(physical, bindings))
    const optimized = optimizePlan(physical, whole, bindings, { keepsState: options.checkpoint !== undefined, threads: this.#usesThreads(isLarge(whole, bindings), options) ? this.#pool.count : 0 })
    const columns = neededColumns(optimized.resolved)
    const pruned = columns.size === 0 ? optimized.resolved : resolvePlan(optimized.plan, bindings, { resolved: whole, columns })
    await look(() => prepareScans(pruned.nodes, columns))
    const choice = parseDevice(options.device, 'device')
    const gpu = await this.#gpu.for(choice)
    const large = isLarge(pruned, bindings)
    const placed = gpu && choice !== 'wasm' ? chooseDevices(pruned, choice) : pruned
    const resolved = fusePipelines(placed, parseFuse(options.fuse), large)
    const workers = this.#usesThreads(large, options) ? await this.#pool.start() : []
    const stages = cutStages(resolved, workers.length, columns)
    for (const stage of stages.stages) if (stage.scan && readsFetched(stage.scan.options)) await look(() => splitsToRead(stage, stages.stages))
    const state = await openState(options, job, this.#clock)
    let audit: AuditLog | undefined
    const topics = createTopics()
    const closeFiles = async () => {
      await state.checkpoint?.close()
      await state.store?.close()
      await audit?.close()
      await topics.close()
    }
    try {
      audit = options.audit === undefined ? undefined : await openAudit(options.audit, job, this.#clock)
      this.#main.runner.bindings = new Map([...this.#main.runner.bindings, ...bindings])
      this.#main.runner.gpu = gpu ?? this.#main.runner.gpu
      const run = new JobRun(stages, resolved, {
        device: this.device,
        clock: options.clock ?? this.#clock,
        workers,
        main: this.#main,
        bindings,
        job,
        batchRows: checkedBatchRows(options.batchRows ?? batchRowsOf(this.memory, workers.length)),
        latencyMs: parseLatency(options.latency),
        stateBytes: this.#stateBytes(),
        crowdedPages: this.#crowdedPages(),
        batchBytes: this.memory.batchBytes,
        spillFolder: options.spill ?? temporaryFolder(),
        epochMs: parseDuration(options.checkpoint?.every ?? defaultEpochMs, 'checkpoint.every'),
        fingerprint: planFingerprint(physical),
        retain: options.checkpoint?.retain ?? 3,
        ...state,
        ...{ audit, topics, logger: options.logger },
        signal: options.signal,
        nextTask: () => this.#nextTask++,
        listen: (task, listener) => this.#listeners.set(task, listener),
        unlisten: task => this.#listeners.delete(task),
      })
      for (const job of this.#jobs) job.metricsCounter.notePeak()
      this.device.pages.restartHighWater()
      this.#jobs.add(run)
      const done = run.done.finally(async () => {
        run.metricsCounter.ended()
        this.#jobs.delete(run)
        await closeFiles()
      })
      done.catch(error => {
        if ((error as { code?: string }).code === trapCode) this.#died(asError(error))
      })
      await run.start()
      return { run, plan: resolved, done }
    } catch (error) {
      await closeFiles().catch(() => {})
      throw error
    }
  }

  /** Ends the threads, closes the GPU and forgets kept results. Jobs still running fail. */
  async close(): Promise<void> {
    this.#dead ??= new DeviceError('ENGINE_CLOSED', 'engine: it was closed')
    for (const job of this.#jobs) job.fail(this.#dead)
    for (const kept of this.#kept.values()) for (const batch of (await kept.catch(() => ({ batches: [] }))).batches) releaseBatch(this.device, batch)
    this.#kept.clear()
    for (const arena of this.#keptArenas.splice(0)) arena.release()
    await this.#pool.close()
    await this.#gpu.close()
  }

  // Scans of kind 'cached' become scans of what their inner plan gave, which is run once.
  async #withKept(plan: Plan, bindings: Bindings): Promise<Plan> {
    const nodes = []
    for (const node of plan.nodes) {
      if (node.node !== 'scan' || node.kind !== 'cached') {
        nodes.push(node)
        continue
      }
      const { id } = node.options as { id: string }
      let kept = this.#kept.get(id)
      if (!kept) {
        kept = this.#keep(bindings.get(id) as CachedResult)
        this.#kept.set(id, kept)
        kept.catch(() => this.#kept.delete(id))
      }
      nodes.push({ ...node, kind: 'kept', options: (await kept).options as unknown as Json })
    }
    return { ...plan, nodes }
  }

  async #keep(cached: CachedResult): Promise<{ options: KeptOptions; batches: readonly Batch[] }> {
    const batches: Batch[] = []
    const bindings = new Map(cached.bindings)
    const sinkId = cached.plan.nodes.at(-1)!.id
    bindings.set('keep', {
      name: 'cache',
      delivery: 'idempotent',
      write: (view: { retain(): { batch: Batch } }) => {
        batches.push(view.retain().batch)
      },
    })
    const plan: Plan = { version: 1, nodes: [...cached.plan.nodes, { node: 'sink', id: 'cache:kept', kind: 'user', options: null, binding: 'keep', input: { node: sinkId } }] }
    const { done, plan: resolved } = await this.start(plan, bindings, { name: 'cache', batchRows: keptBatchRows })
    await done
    // The optimized plan may end with another step than the one that was written last.
    const sink = resolved.nodes.find(node => node.node === 'sink')!
    const arena = this.device.arena()
    this.#keptArenas.push(arena)
    const coded = await this.#withCodes(arena, batches)
    return { options: keptOptions(this.device, arena, factsOf(resolved.edges, sink.input).fields, coded), batches: coded }
  }

  // Texts that repeat are numbered, so that grouping by them is cheap, decimals get narrow values, and numbers ranges. All live as long as the engine.
  async #withCodes(arena: Arena, batches: readonly Batch[]): Promise<Batch[]> {
    const coded = batches.map(batch => [...batch.columns])
    for (const [i, { type }] of (coded[0] ?? []).entries()) {
      if (type.kind === 'decimal') for (const columns of coded) columns[i] = narrowed(this.device, arena, columns[i]!)
      else if (hasRange(type)) for (const columns of coded) columns[i] = ranged(this.device, columns[i]!)
      if (layoutOf(type) !== 'view') continue
      const making = dictionaryCodes(this.device, arena, coded.map(columns => columns[i]!))
      let step = making.next()
      for (; !step.done; step = making.next()) await nextTurn()
      const { value } = step
      for (const [part, columns] of coded.entries()) {
        const column = columns[i]!
        columns[i] = withCodes(column, value?.[part] ?? (column.codes?.kept ? column.codes : undefined))
      }
    }
    return batches.map((batch, part) => ({ ...batch, columns: coded[part]! }))
  }

  #usesThreads(isLargeJob: boolean, { clock }: RunOptions): boolean {
    return this.#everyJob || (clock === undefined && isLargeJob)
  }

  // What is kept for later jobs is not there for this one.
  #stateBytes(): number {
    const { totalBytes, stateBytes } = this.memory
    return Math.floor(stateBytes * Math.max(0, 1 - (this.device.pages.used() * pageBytes) / totalBytes))
  }

  #crowdedPages(): number {
    const used = this.device.pages.used()
    const pages = this.memory.totalBytes / pageBytes
    return Math.floor(Math.max(crowdedShare * pages, (used + pages) / 2))
  }

  #died(error: Error): void {
    this.#dead ??= error
    for (const job of this.#jobs) job.fail(error)
  }
}

const keptBatchRows = 262_144
const shared = new Map<string, Promise<Engine>>()

/** The engine of these settings, opened on first use and kept. A dead one is replaced. */
export async function sharedEngine(options: RunOptions): Promise<Engine> {
  const key = `${options.workers ?? 'default'}/${JSON.stringify(options.memory ?? 'default')}`
  let engine = shared.get(key)
  if (engine && (await engine).dead) engine = undefined
  if (!engine) {
    engine = Engine.open(options)
    shared.set(key, engine)
    engine.catch(() => shared.delete(key))
  }
  return engine
}

/** Closes all shared engines; the next run opens fresh ones. WASM memory never shrinks, so an idle service may want this. */
export async function closeEngines(): Promise<void> {
  const engines = [...shared.values()]
  shared.clear()
  for (const engine of engines) await (await engine).close()
}

// Where little memory is there batches are smaller: a quarter of it would be 16 batches of 64-byte rows for each thread, and what may lie in batches two of them.
function batchRowsOf({ totalBytes, batchBytes }: MemoryBudget, workers: number): number {
  const rows = Math.min(totalBytes / 4, 8 * batchBytes) / 64 / 16 / (workers + 1)
  return Math.max(batchRowsMin, Math.min(batchRowsMax, 2 ** Math.floor(Math.log2(Math.max(1, rows)))))
}
