// A stage at work: takes items from its input ports, hands them to its instances with at most a few in flight each, puts the results
// back into the order of the inputs, and passes them on. Barriers of several inputs are aligned here.
import { decodeError } from '../base/errors.ts'
import { operatorType } from '../plan/catalogue.ts'
import type { StageSpec } from '../plan/stages.ts'
import type { ScanSplit } from '../source/source.ts'
import { type Consumer, type Item, queueItemsMax, type Target } from './flow.ts'
import type { SharedSplits, TaskMessage, TaskReply } from './messages.ts'
import type { StageMetrics } from './metrics.ts'
import type { Instance, StageListener } from './stage-listener.ts'
import { StageWatermarks } from './stage-watermarks.ts'
import type { Pending, Work } from './stage-work.ts'

const inFlightMax = 2
/** Batches of a message that wait for the results of those before it, until it pauses. */
const heldBatchesMax = 8

/** A running stage. Single-threaded: everything here happens on the engine's thread. */
export class StageRun implements Consumer {
  readonly spec: StageSpec
  readonly instances: readonly Instance[]
  targets: readonly Target[] = []
  readonly #listener: StageListener
  readonly #queue: Work[] = []
  readonly #queued: number[]
  readonly #held: Exclude<Work, { kind: 'tick' }>[] = []
  readonly #barrierPorts = new Set<number>()
  readonly #watermarks: StageWatermarks
  readonly #openPorts: Set<number>
  readonly #buffers: boolean
  readonly #inTurn: boolean
  /** Steps have rows under way elsewhere, which belong before a barrier. */
  readonly #waits: boolean
  readonly #pending = new Map<number, Pending>()
  #nextSeq = 1
  #nextEmit = 1
  /** Instances that wait to be told to go on with a message. */
  readonly #paused: { readonly seq: number; readonly instance: Instance }[] = []
  #exclusive = false
  /** Those that have more to emit at their end. */
  #draining: Instance[] = []
  #done = false
  #failed = false

  constructor(spec: StageSpec, instances: readonly Instance[], listener: StageListener) {
    this.spec = spec
    this.instances = instances
    this.#listener = listener
    const ports = Math.max(1, spec.inputs.length)
    this.#queued = Array.from({ length: ports }, () => 0)
    const untimed = spec.steps[0] && operatorType(spec.steps[0].kind).broadcastPort
    this.#watermarks = new StageWatermarks(ports, instances.length, untimed)
    this.#buffers = (spec.tables ?? []).some(table => table.buffers)
    this.#inTurn = ports === 2 && (spec.steps[0]?.params as { mode?: string } | null)?.mode === 'append'
    this.#waits = spec.steps.some(step => operatorType(step.kind).waits)
    this.#openPorts = new Set(Array.from({ length: ports }, (_, port) => port))
  }

  enqueue(item: Item, port: number): void {
    if (this.#failed) {
      this.#discard(item)
      return
    }
    this.#queued[port]!++
    const work = { ...item, port }
    // What a table is waited for with is no less than state.
    if (work.kind === 'batch' && work.parts && !(this.#buffers && this.#isGated(port))) this.#listener.batches.enter(work, work.parts)
    if (this.#blocked(port)) this.#held.push(work)
    else this.#accept(work)
    this.pump()
  }

  hasRoom(port: number): boolean {
    if (this.#buffers && this.#isGated(port)) return true
    // Splits are begun before they are asked for, two by each instance: a barrier waits for no more of them than it must.
    return this.#queued[port]! < (this.spec.scan ? 1 : queueItemsMax)
  }

  wanted(): boolean {
    return !this.#done && !this.#failed && (this.targets.length === 0 || this.targets.some(t => t.consumer.wanted()))
  }

  /** Queues a piece of a scan. */
  addSplit(split: ScanSplit): void {
    this.#addScanned({ kind: 'split', split })
  }

  /** Queues pieces of a scan that all instances read together. */
  addSharedSplits(shared: SharedSplits): void {
    this.#addScanned({ kind: 'splits', ...shared })
  }

  #addScanned(work: Extract<Work, { kind: 'split' | 'splits' }>): void {
    this.#queued[0]!++
    if (this.#blocked(0)) this.#held.push(work)
    else this.#queue.push(work)
    this.pump()
  }

  /** Tells every instance the time. */
  tick(now: number): void {
    if (!this.#failed && this.#queue.length === 0 && this.#openPorts.size > 0) this.#queue.push({ kind: 'tick', now })
    this.pump()
  }

  /** No further work is begun; queued batches are released. What is in flight still comes back. */
  abandon(): void {
    this.#failed = true
    this.#paused.length = 0
    for (const { replies } of this.#pending.values()) for (const reply of replies.splice(0).flatMap(r => r ?? [])) this.#releaseOutputs(reply)
    for (const work of [...this.#queue.splice(0), ...this.#held.splice(0)]) if (work.kind === 'batch') this.#discard(work)
  }

  /** True when no instance is at work: what is queued waits for others. */
  quiet(): boolean {
    // Messages behind a paused one wait with it.
    return this.instances.every(instance => instance.inFlight === 0 || this.#paused.some(paused => paused.instance === instance))
  }

  #blocked(port: number): boolean {
    return this.#barrierPorts.has(port) || this.#isGated(port)
  }

  /** True while tables are missing, or the first of inputs that are read in turn goes on: nothing of the others begins, and no barrier passes. */
  get gated(): boolean {
    return this.#waitsForTables() || this.#waitsForFirst()
  }

  #isGated(port: number): boolean {
    return (this.#waitsForTables() && !this.#isTable(port)) || (port > 0 && this.#waitsForFirst())
  }

  #waitsForTables(): boolean {
    return (this.spec.tables ?? []).some(table => this.#openPorts.has(table.port))
  }

  #waitsForFirst(): boolean {
    return this.#inTurn && this.#openPorts.has(0)
  }

  #isTable(port: number): boolean {
    return this.spec.tables?.some(table => table.port === port) ?? false
  }

  // A barrier waits until every port has delivered it; what comes behind it on the faster port is held.
  #accept(work: Item & { port: number }): void {
    if (work.kind === 'end') this.#ended(work.port)
    if (work.kind !== 'barrier') {
      this.#queue.push(work)
      if (work.kind === 'end') this.#unhold()
      return
    }
    this.#barrierPorts.add(work.port)
    if (this.#barrierPorts.size < this.#queued.length) {
      this.#queued[work.port]!--
      return
    }
    this.#barrierPorts.clear()
    this.#queue.push(work)
    this.#unhold()
  }

  #ended(port: number): void {
    this.#openPorts.delete(port)
  }

  #unhold(): void {
    const held = this.#held.splice(0)
    for (const item of held) {
      if (this.#blocked('port' in item ? item.port : 0)) this.#held.push(item)
      else if (item.kind === 'split' || item.kind === 'splits') this.#queue.push(item)
      else this.#accept(item)
    }
  }

  /** As of now. */
  metrics(): StageMetrics {
    const { scan, steps } = this.spec
    const isHeld = (this.#queue.length > 0 || this.#paused.length > 0) && !this.targets.every(t => t.consumer.hasRoom(t.port))
    const working = this.instances.filter(instance => instance.inFlight > 0).length
    const ids = [...(scan ? [scan.id] : []), ...steps.map(step => step.id)]
    return { steps: ids, instances: this.instances.length, working, queueFill: Math.min(1, Math.max(...this.#queued) / queueItemsMax), isHeld }
  }

  /** Begins as much work as instances and readers have room for. */
  pump(): void {
    this.#goOn()
    if (this.#draining.length > 0 && !this.#failed && this.targets.every(t => t.consumer.hasRoom(t.port))) {
      this.#dispatch({ end: true }, this.#draining.splice(0).map(instance => [instance, { type: 'drain' }]))
      return
    }
    while (!this.#failed && !this.#exclusive && this.#queue.length > 0) {
      if (!this.targets.every(t => t.consumer.hasRoom(t.port))) return
      const work = this.#queue[0]!
      if ((work.kind === 'split' || work.kind === 'splits') && !this.#listener.mayRead()) return
      if (!this.#begin(work)) return
      this.#queue.shift()
      if (work.kind !== 'tick') this.#queued['port' in work ? work.port : 0]!--
      this.#listener.moved()
    }
  }

  // Messages that were answered in part go on: the one whose results are passed on as they come while its readers have room, others up to a bound.
  #goOn(): void {
    for (let i = 0; i < this.#paused.length && !this.#failed; i++) {
      const { seq, instance } = this.#paused[i]!
      const isNext = seq === this.#nextEmit
      if (isNext ? !this.targets.every(t => t.consumer.hasRoom(t.port)) : this.#pending.get(seq)!.held >= heldBatchesMax) continue
      if (!this.#listener.mayRead()) continue
      this.#paused.splice(i--, 1)
      instance.sentMs = this.#listener.elapsed()
      instance.host.send({ type: 'continue', task: instance.task, seq, leave: !this.wanted(), batchRows: this.#listener.batchRows() })
    }
  }

  #begin(work: Work): boolean {
    switch (work.kind) {
      case 'split': {
        const instance = this.#leastBusy()
        if (!instance) return false
        this.#dispatch({}, [[instance, { type: 'split', split: work.split, batchRows: this.#listener.batchRows() }]])
        return true
      }
      case 'splits':
        if (this.instances.some(instance => instance.inFlight >= inFlightMax)) return false
        this.#toAll({}, { type: 'splits', splits: work.splits, taken: work.taken, batchRows: this.#listener.batchRows() })
        return true
      case 'batch':
        return this.#beginBatch(work)
      case 'tick':
        this.#toAll({}, { type: 'tick', now: work.now })
        return true
      case 'end':
        // A thread does one message after the other, and each has its share of the one input: nothing is to be waited for.
        if (this.#pending.size > 0 && (this.#queued.length > 1 || this.#waits || this.spec.placement === 'shared')) return false
        this.#exclusive = true
        this.#toAll({ end: this.#openPorts.size === 0 && !this.#queue.some(w => w.kind === 'end' && w !== work) }, { type: 'finish', port: work.port })
        return true
      case 'barrier':
        if (this.#pending.size > 0) return false
        this.#exclusive = true
        if (work.barrier.snapshot) this.#toAll({ barrier: work.barrier }, { type: 'snapshot' })
        else if (this.#waits) this.#toAll({ barrier: work.barrier }, { type: 'settle' })
        else this.#dispatch({ barrier: work.barrier }, [])
        return true
    }
  }

  #beginBatch(work: Extract<Item, { kind: 'batch' }> & { port: number }): boolean {
    const watermark = this.#watermarks.merged(work.port, work.watermark, this.#isOver)
    if (this.spec.placement === 'any' && !this.#isTable(work.port)) {
      const part = work.parts?.[0]
      if (!part) {
        this.#dispatch({ watermark, given: work, sinceMs: work.sinceMs }, [])
        return true
      }
      const instance = this.#leastBusy()
      if (!instance) return false
      this.#watermarks.reached(work.port, work.watermark)
      this.#dispatch({ watermark, given: work, sinceMs: work.sinceMs }, [[instance, { type: 'push', port: work.port, batch: part, watermark }]])
      return true
    }
    if (this.instances.some(i => i.inFlight >= inFlightMax * 2)) return false
    this.#watermarks.reached(work.port, work.watermark)
    const messages: [Instance, DistributiveOmit][] = []
    this.instances.forEach((instance, i) => {
      const batch = work.parts?.[i] ?? null
      if (batch || watermark !== undefined) messages.push([instance, { type: 'push', port: work.port, batch, watermark }])
    })
    this.#dispatch({ given: work, sinceMs: work.sinceMs }, messages)
    return true
  }

  // What waits of a port that has ended counts yet.
  readonly #isOver = (port: number) => !this.#openPorts.has(port) && this.#queued[port] === 0

  #leastBusy(): Instance | undefined {
    let best: Instance | undefined
    for (const instance of this.instances) if (instance.inFlight < inFlightMax && (!best || instance.inFlight < best.inFlight)) best = instance
    return best
  }

  #toAll(facts: Partial<Pending>, message: DistributiveOmit): void {
    this.#dispatch(facts, this.instances.map(instance => [instance, message]))
  }

  #dispatch(facts: Partial<Pending>, messages: [Instance, DistributiveOmit][]): void {
    const seq = this.#nextSeq++
    this.#pending.set(seq, { replies: [], missing: messages.length, held: 0, ...facts })
    for (const [instance, message] of messages) {
      instance.inFlight++
      instance.sentMs = this.#listener.elapsed()
      instance.host.send({ ...message, task: instance.task, seq } as TaskMessage)
    }
    if (messages.length === 0) this.#emitReady()
  }

  /** Takes a reply of instance `index`. */
  replied(index: number, reply: TaskReply): void {
    const instance = this.instances[index]!
    if (!reply.paused) instance.inFlight--
    this.#listener.counted(this.spec, reply)
    const pending = this.#pending.get(reply.seq)
    if (!pending) return
    if (!reply.paused) pending.missing--
    const { batches } = this.#listener
    if (pending.missing === 0 && pending.given) batches.leave(pending.given)
    if (reply.error && !this.#failed) {
      this.#failed = true
      this.#listener.failed(decodeError(reply.error))
    }
    if (this.#failed) {
      this.#releaseOutputs(reply)
      return
    }
    if (this.spec.scan && !pending.given) pending.sinceMs = Math.min(pending.sinceMs ?? Number.POSITIVE_INFINITY, instance.sentMs)
    const replies = (pending.replies[index] ??= [])
    replies.push(reply)
    batches.enter(reply, reply.outputs.flatMap(output => output.parts))
    pending.held += reply.outputs.length
    if (reply.paused) this.#paused.push({ seq: reply.seq, instance })
    if (reply.done) this.#done = true
    this.#emitReady()
    this.pump()
  }

  #emitReady(): void {
    let pending = this.#pending.get(this.#nextEmit)
    for (; pending && pending.missing === 0; pending = this.#pending.get(this.#nextEmit)) {
      this.#pending.delete(this.#nextEmit++)
      this.#emit(pending)
    }
    if (pending?.replies.some(replies => replies?.some(reply => reply.paused))) this.#emitPart(pending)
    this.#listener.moved()
  }

  // What there is of the message whose turn it is, where it comes in parts.
  #emitPart(pending: Pending): void {
    const parts = pending.replies.map(replies => (replies?.some(reply => reply.paused) ? replies : undefined))
    parts.forEach((replies, i) => {
      if (replies) pending.replies[i] = []
    })
    pending.held = 0
    this.#emit({ replies: parts, missing: 0, held: 0, sinceMs: pending.sinceMs })
    delete pending.sinceMs
  }

  #emit(pending: Pending): void {
    const replies = pending.replies.flatMap(r => r ?? [])
    for (const reply of replies) {
      this.#listener.batches.leave(reply)
      for (const { output, parts } of reply.outputs) {
        const target = this.targets[output]!
        if (!target.consumer.wanted()) for (const part of parts) part && this.#listener.release(part)
        else target.consumer.enqueue({ kind: 'batch', parts, sinceMs: pending.sinceMs }, target.port)
      }
    }
    const watermark = this.spec.placement === 'any' && !this.spec.scan ? pending.watermark : this.#lowest(pending)
    if (watermark !== undefined) this.#toTargets({ kind: 'batch', parts: null, watermark, sinceMs: pending.sinceMs })
    if (pending.barrier) {
      this.#exclusive = false
      this.#listener.snapshotTaken(pending.barrier, replies.map(r => r.runs ?? {}), this.spec.steps.flatMap(({ id }, step) => (replies.length > 0 && replies.every(r => r.ended?.includes(step)) ? [id] : [])))
      this.#toTargets({ kind: 'barrier', barrier: pending.barrier })
    }
    if (pending.end && this.targets.some(t => t.consumer.wanted())) this.#draining = this.instances.filter((_, i) => pending.replies[i]?.some(reply => reply.more))
    if (pending.end !== undefined && this.#draining.length === 0) {
      this.#exclusive = false
      if (pending.end) this.#toTargets({ kind: 'end' })
    }
  }

  #lowest(pending: Pending): number | undefined {
    pending.replies.forEach((replies, i) => {
      for (const { watermark } of replies ?? []) if (watermark !== undefined) this.#watermarks.told(i, watermark)
    })
    return this.#watermarks.lowest()
  }

  #toTargets(item: Item): void {
    for (const { consumer, port } of this.targets) consumer.enqueue(item, port)
  }

  #releaseOutputs(reply: TaskReply): void {
    for (const { parts } of reply.outputs) for (const part of parts) if (part) this.#listener.release(part)
  }

  #discard(item: Item): void {
    if (item.kind === 'batch') for (const part of item.parts ?? []) if (part) this.#listener.release(part)
  }
}

type Bare<T> = T extends unknown ? Omit<T, 'task' | 'seq'> : never
type DistributiveOmit = Bare<Exclude<TaskMessage, { type: 'open' | 'close' }>>
